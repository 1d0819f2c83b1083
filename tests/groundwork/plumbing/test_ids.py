"""Ids: sortable random ones, and stable ones that depend on their parts alone."""

import uuid

from hypothesis import given
from hypothesis import strategies as st

from groundwork.plumbing.clock import ManualClock, SystemClock
from groundwork.plumbing.ids import SeededIds, SystemIds, stable_id, uuid7

PARTS = st.lists(st.text() | st.integers(), min_size=1, max_size=4)


def test_a_version_7_uuid_holds_its_time() -> None:
    made = uuid.UUID(uuid7(1_645_557_742_000, lambda bits: {12: 0xCC3, 62: 0x18C4DC0C0C07398F}[bits]))
    assert str(made) == "017f22e2-79b0-7cc3-98c4-dc0c0c07398f"  # RFC 9562, appendix A.6
    assert (made.version, made.variant) == (7, uuid.RFC_4122)


def test_later_ids_sort_later() -> None:
    clock = ManualClock(1_000)
    ids = SeededIds(clock, 1)
    made = []
    for _ in range(50):
        made.append(ids.new())
        clock.advance(0.001)
    assert made == sorted(made)
    assert len(set(made)) == 50


def test_the_same_seed_gives_the_same_ids_and_another_seed_others() -> None:
    clock = ManualClock(1_000)
    one, two, three = SeededIds(clock, 1), SeededIds(clock, 1), SeededIds(clock, 2)
    assert [one.new() for _ in range(5)] == [two.new() for _ in range(5)]
    assert one.new() != three.new()


def test_ids_for_production_do_not_repeat() -> None:
    ids = SystemIds(SystemClock())
    assert len({ids.new() for _ in range(1_000)}) == 1_000


def test_a_stable_id_is_the_same_in_every_process_and_release() -> None:
    assert stable_id("t", "device", 7) == "6ae0c9a1e5ca01240d24e5db06da5a39"


@given(PARTS, PARTS)
def test_parts_of_a_stable_id_cannot_run_together(one: list[str | int], two: list[str | int]) -> None:
    assert (stable_id(*one) == stable_id(*two)) == ([str(p) for p in one] == [str(p) for p in two])
