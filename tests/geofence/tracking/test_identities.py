"""Names that two things bear at once: gateway ids and beacon keys."""

import numpy as np
import pytest

from geofence.positioning.anchors import anchors_of
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.identities import DOUBT_MS, EVIDENCE, Beacons, Boots
from tests.geofence.venues import START_MS, Row, entry, plan, rectangle, zone

NOW_MS = START_MS
PLACES = {
    "near-1": (2.0, 2.0),
    "near-2": (6.0, 2.0),
    "near-3": (4.0, 6.0),
    "far-1": (36.0, 20.0),
    "far-2": (38.0, 23.0),
    "far-3": (34.0, 23.0),
}
HALL = plan([zone("hall", rectangle(0, 0, 40, 25))], PLACES)


def told(boots: Boots, *batches: tuple[str, int, int]) -> list[bool]:
    """Boot, seconds of arrival, how many seconds old its windows are."""
    return [boots.shared("t", "g1", boot, NOW_MS + (at_s - old_s) * 1000, NOW_MS + at_s * 1000) for boot, at_s, old_s in batches]


def test_a_gateway_id_of_two_boxes_is_found_and_both_are_doubted_until_one_is_silent() -> None:
    boots = Boots()
    assert told(boots, ("a", 0, 1), ("b", 1, 1), ("a", 2, 1), ("b", 3, 1), ("a", 4, 1)) == [False, False, False, True, True]
    assert told(boots, ("a", 5 + DOUBT_MS // 1000, 1)) == [False]


def test_a_box_that_starts_anew_is_one_box_even_while_its_backlog_comes() -> None:
    batches = [("a", 0, 1), ("b", 60, 1), ("a", 61, 90), ("b", 62, 1), ("a", 63, 80), ("b", 64, 1), ("c", 200, 1), ("d", 300, 1)]
    assert not any(told(Boots(), *batches))


def phone(at_ms: int, loud: tuple[str, ...]) -> list[Row]:
    """What a phone hears in one window: these loud, the others not."""
    return [(1, name, at_ms, -62.0 - at) for at, name in enumerate(loud)]


def walked(engine: Engine, windows: list[tuple[str, ...]], every_ms: int = 20_000, from_ms: int = 0) -> list[tuple[str, str]]:
    """One window a report; returns what is doubted in the end."""
    for at, loud in enumerate(windows):
        at_ms = from_ms + (at + 1) * every_ms
        engine.feed([entry(phone(at_ms, loud), at_ms, kind="ranging", source="1")])
    return sorted(engine.beacons.doubted(START_MS + from_ms + len(windows) * every_ms).items())


NEAR, FAR = ("near-1", "near-2", "near-3"), ("far-1", "far-2", "far-3")
STRANGE = ("near-1", "far-2", "far-3")


def test_a_beacon_heard_only_elsewhere_was_moved_and_is_left_out() -> None:
    engine = Engine(HALL, Settings())
    assert walked(engine, [STRANGE] * 10) == [("near-1", "moved")]
    outcome = engine.feed([entry(phone(300_000, STRANGE), 300_000, kind="ranging", source="1")])
    assert outcome.refused == {"doubted_beacon": 1}


def test_a_beacon_heard_in_both_places_is_double() -> None:
    assert walked(Engine(HALL, Settings()), [STRANGE, NEAR] * EVIDENCE) == [("near-1", "double")]


@pytest.mark.parametrize("windows", [[NEAR] * 20, [FAR] * 20, [STRANGE] * (EVIDENCE - 1), [("near-1", "far-2")] * 20])
def test_a_beacon_in_its_place_or_seldom_odd_is_believed(windows: list[tuple[str, ...]]) -> None:
    assert walked(Engine(HALL, Settings()), windows) == []


def test_doubt_ends_when_nothing_odd_is_heard_any_more() -> None:
    engine = Engine(HALL, Settings())
    walked(engine, [STRANGE] * 10)
    assert walked(engine, [NEAR] * 3, from_ms=200_000 + DOUBT_MS) == []


def test_doubt_survives_a_restart() -> None:
    engine, heir = Engine(HALL, Settings()), Engine(HALL, Settings())
    walked(engine, [STRANGE] * 10)
    heir.restore(engine.state())
    assert heir.beacons.memory == engine.beacons.memory


def test_no_readings_say_nothing() -> None:
    beacons = Beacons()
    empty = Engine(HALL, Settings())._on_plan(entry([], 0))
    beacons.hear(empty, anchors_of(HALL))
    assert beacons.doubted(0) == {}
    assert np.array_equal(beacons.leave_out(empty, anchors_of(HALL), 0), np.empty(0, np.bool_))


def test_ids_of_two_boxes_are_listed_by_tenant_while_it_lasts() -> None:
    boots = Boots()
    told(boots, ("a", 0, 1), ("b", 1, 1), ("a", 2, 1), ("b", 3, 1))
    assert boots.of("t", NOW_MS + 4_000) == ["g1"]
    assert boots.of("another", NOW_MS + 4_000) == []
    assert boots.of("t", NOW_MS + 4_000 + DOUBT_MS) == []
