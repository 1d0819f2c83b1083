"""Forgetting: an engine told to forget a shopper has nothing of her, whatever came before it in which batch, and others lose nothing."""

import zlib

import pytest

from geofence.admitted import Admitted, decode, encode, forget, without
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.snapshot import from_bytes
from groundwork.contracts.ids import VenueId
from tests.geofence.venues import START_MS, TENANT, VENUE, entry, shopper_of, two_rooms

LIGHT = Settings(locator="weighted_centroid")


def standing(track: int, until_ms: int, from_ms: int = 500) -> list[tuple[int, str, int, float]]:
    """A device in the middle of the left room."""
    return [
        (track, anchor, end, rssi) for end in range(from_ms, until_ms + 1, 500) for anchor, rssi in (("g-left", -48.0), ("g-right", -75.0))
    ]


def told(shopper: int, at_ms: int) -> Admitted:
    return decode(forget(TENANT, VenueId(VENUE), "an erasure", shopper_of(shopper), START_MS + at_ms))


def entries() -> list[Admitted]:
    first = entry([*standing(1, 6_000), *standing(2, 6_000)], 6_000)
    late = entry([*standing(1, 9_000, 6_500), *standing(2, 9_000, 6_500)], 6_500)  # most of it waits for its moment
    return [first, late, told(1, 9_000), entry(standing(2, 12_000, 9_500), 12_000)]


def names(engine: Engine) -> set[bytes]:
    return {engine.devices["shopper"][slot] for slot in engine.devices.live()}


def test_nothing_is_left_of_her_in_memory_or_in_a_snapshot() -> None:
    engine = Engine(two_rooms(), LIGHT)
    for one in entries():
        engine.feed([one])
    assert names(engine) == {shopper_of(2).encode()}
    again = Engine(two_rooms(), LIGHT)
    again.restore(engine.state())
    assert names(again) == {shopper_of(2).encode()}
    assert engine.due_ms() == again.due_ms()


def test_her_name_is_in_none_of_the_places_where_an_engine_keeps_names() -> None:
    """A stay that is over and one that lasts, rows that wait for their moment and rows that came too late; of another one, the same."""
    engine = Engine(two_rooms(), LIGHT)
    engine.feed([entry([*standing(1, 3_000), *standing(2, 3_000)], 3_000), entry([], 40_000)])
    engine.feed([entry([*standing(1, 42_000, 40_500), *standing(2, 42_000, 40_500)], 42_000)])
    engine.feed([entry([], 42_000, source="slow"), entry([*standing(1, 44_000, 42_500), *standing(2, 44_000, 42_500)], 43_000)])
    engine.feed([entry([*standing(1, 30_000, 25_000), *standing(2, 30_000, 25_000)], 42_000, source="slow")])
    before, hers = from_bytes(engine.state()), shopper_of(1).encode()
    kept = {"columns": before.columns, "spans": before.spans, "pending": before.pending, "late": before.late}
    assert {name for name, columns in kept.items() if hers in columns["shopper"].raw} == set(kept)
    engine.feed([told(1, 44_000)])
    after = zlib.decompress(engine.state()[4:])
    assert (hers in after, shopper_of(2).encode() in after) == (False, True)


def test_she_leaves_no_exit_and_no_end_of_a_visit() -> None:
    engine = Engine(two_rooms(), LIGHT)
    for one in entries()[:3]:
        engine.feed([one])
    outcome = engine.feed([entry([], 400_000)])
    assert shopper_of(1).encode() not in set(outcome.happened.shopper) | set(outcome.visits.shopper)
    assert shopper_of(2).encode() in set(outcome.visits.shopper)


@pytest.mark.parametrize("cut", range(1, 4))
def test_how_the_entries_are_cut_changes_nothing(cut: int) -> None:
    whole, parted = Engine(two_rooms(), LIGHT), Engine(two_rooms(), LIGHT)
    together = whole.feed(entries())
    apart = [parted.feed(entries()[:cut]), parted.feed(entries()[cut:])]
    assert together.happened.at_ms.tolist() == [at for outcome in apart for at in outcome.happened.at_ms.tolist()]
    assert together.refused.get("erased") == sum(outcome.refused.get("erased", 0) for outcome in apart) == 10
    assert whole.state() == parted.state()


def test_an_entry_loses_her_rows_and_her_name_and_keeps_the_others() -> None:
    full = entry([*standing(1, 1_000), *standing(2, 1_000), *standing(3, 1_000)], 1_000)
    kept = decode(encode(without(full, {shopper_of(2)})))
    assert kept.header.shoppers == [shopper_of(1), shopper_of(3)]
    assert kept.header.rows == len(kept.device) == 8
    assert kept.tracks.tolist() == [1, 3]
    assert sorted(set(kept.device.tolist())) == [0, 1]
    assert decode(encode(without(kept, {shopper_of(1), shopper_of(3)}))).header.rows == 0
