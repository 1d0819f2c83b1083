"""Hops: nothing that was taken in may be unaccounted for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.plumbing.hops import Hops


@given(st.lists(st.tuples(st.sampled_from(["give", "hold", "far", "old"]), st.integers(0, 9))))
def test_what_is_accounted_for_is_not_missing(steps: list[tuple[str, int]]) -> None:
    hop = Hops().hop("gate", "adverts")
    for step, count in steps:
        hop.take(count)
        if step == "give":
            hop.give(count)
        elif step == "hold":
            hop.held += count
        else:
            hop.refuse(step, count)
    assert hop.missing() == 0
    hop.take()
    assert hop.missing() == 1


def test_a_hop_is_made_once_and_keeps_its_unit() -> None:
    hops = Hops()
    assert hops.hop("a", "rows") is hops.hop("a", "rows")
    hops.hop("b", "rows")
    assert [hop.name for hop in hops.all()] == ["a", "b"]
    with pytest.raises(ValueError, match="counts rows, asked for batches"):
        hops.hop("a", "batches")


def test_refusing_none_leaves_no_code_behind() -> None:
    hop = Hops().hop("a", "rows")
    hop.refuse("far", 0)
    assert not hop.refused
