"""Zones in zones: venue around department around aisle, on plans as they are drawn."""

from dataclasses import replace

import pytest

from floorplans.model import Zone
from geofence.pipeline import zone_events
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.zones.match import ZoneMap
from geofence.zones.nesting import nesting_of
from geofence.zones.reference import Reference
from groundwork.contracts.ids import ZoneId
from tests.geofence.venues import START_MS, entry, plan, rectangle, zone

RULES = Settings(locator="weighted_centroid", silence_ms=6_000, dwell_s=(5,), dwell_s_by_kind={"venue": (), "department": (8,)})


def zones(sticks_out_m: float = 0.0) -> list[Zone]:
    return [
        zone("aisle", rectangle(2, 2, 12, 12 + sticks_out_m)),
        zone("food", rectangle(0, 0, 20, 12), kind="department"),
        zone("toys", rectangle(20, 0, 40, 25), kind="department"),
        zone("shop", rectangle(0, 0, 40, 25), kind="venue"),
    ]


def around(of: list[Zone]) -> dict[str, str]:
    found = ZoneMap(plan(of, {"g": (7.0, 7.0)}))
    nesting = nesting_of(found)
    return {zone.id: found.zones[at].id for zone, at in zip(found.zones, nesting.parent.tolist(), strict=False) if at >= 0}


def test_the_outer_zone_is_the_smallest_that_holds_nearly_all_of_it() -> None:
    assert around(zones()) == {"aisle": "food", "food": "shop", "toys": "shop"}
    assert around(zones(sticks_out_m=1.0))["aisle"] == "food"
    assert around(zones(sticks_out_m=5.0))["aisle"] == "shop"


def test_what_the_plan_names_as_parent_comes_first() -> None:
    drawn = zones(sticks_out_m=5.0)
    assert around([replace(drawn[0], parent=ZoneId("food")), *drawn[1:]])["aisle"] == "food"
    assert around([replace(drawn[0], parent=ZoneId("nowhere")), *drawn[1:]])["aisle"] == "shop"


@pytest.mark.parametrize("sticks_out_m", [0.0, 1.0])
def test_outer_zones_are_entered_first_and_left_last_and_dwell_by_their_own_times(sticks_out_m: float) -> None:
    engine = Engine(plan(zones(sticks_out_m), {"g": (7.0, 7.0)}), RULES)
    rows = [(1, "g", end, -45.0) for end in range(500, 10_001, 500)]
    entries = [entry([row for row in rows if at - 1_000 < row[2] <= at], at) for at in range(1_000, 25_001, 1_000)]
    found = [(event.kind, event.zone, event.dwell_s, event.at_ms - START_MS) for event in zone_events(engine.feed(entries))]
    assert found == [
        ("enter", "shop", 0, 2_000),
        ("enter", "food", 0, 2_000),
        ("enter", "aisle", 0, 2_000),
        ("dwell", "aisle", 5, 5_500),
        ("dwell", "food", 8, 8_500),
        ("exit", "aisle", 0, 16_000),
        ("exit", "food", 0, 16_000),
        ("exit", "shop", 0, 16_000),
    ]


def test_the_plain_loop_knows_the_same_rule() -> None:
    """An aisle of which the plan says that it lies in a department, though nothing of it does."""
    drawn = [zone("aisle", rectangle(2, 2, 12, 12)), zone("toys", rectangle(20, 0, 40, 25), kind="department")]
    drawn[0] = replace(drawn[0], parent=ZoneId("toys"))
    drawn.append(zone("food", rectangle(0, 0, 20, 25), kind="department"))
    shop = plan(drawn, {"g": (7.0, 7.0)})
    rules = Settings(locator="weighted_centroid", dwell_s=())
    rows = [(1, "g", end, -45.0) for end in range(500, 10_001, 500)]
    engine, reference = Engine(shop, rules), Reference(shop, rules)
    found = engine.feed([entry(rows, 10_000)]).happened
    said = [change for _, anchor, end_ms, dbm in rows for change in reference.hear(1, START_MS + end_ms, [(anchor, dbm)])]
    told = sorted(zip(found.at_ms.tolist(), [engine.zones.zones[at].id for at in found.zone.tolist()], strict=True))
    assert told == sorted((change.at_ms, change.zone) for change in said)
    assert {name for _, name in told} >= {"aisle"}
