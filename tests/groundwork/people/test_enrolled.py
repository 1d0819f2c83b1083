"""Enrolments in bulk: the same answers as a dictionary's, however the numbers lie."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from groundwork.people.enrolled import NOBODY, Enrolled

NUMBER = st.one_of(st.integers(0, (1 << 64) - 1), st.integers(0, 9), st.integers((1 << 64) - 9, (1 << 64) - 1))


@given(st.lists(NUMBER, unique=True), st.lists(NUMBER))
def test_every_number_is_found_where_it_stood_and_no_other(known: list[int], others: list[int]) -> None:
    places = {number: place for place, number in enumerate(known)}
    asked = [*known, *others, *reversed(known)]
    found = Enrolled(known).places(np.array(asked, np.uint64))
    assert found.tolist() == [places.get(number, NOBODY) for number in asked]
