"""Findings: each thing to look at is found with its place, and a fix that is offered does away with it."""

import dataclasses
from dataclasses import replace

import pytest

from floorplans.findings import Finding, findings
from floorplans.model import Fixture, Level, Names, Opening, Placement, Plan, Polygon, Zone
from floorplans.sentences import OF_PLANS, phrases
from groundwork.contracts.ids import LevelId, ZoneId
from tests.floorplans.mall import GROUND, box, full_plan
from tests.floorplans.shop import plan as small_plan


def _plan(*zones: Zone, **parts: object) -> Plan:
    empty = replace(full_plan(), zones=zones, placements=(), fixtures=(), openings=(), points=(), links=(), shelved=(), details=())
    return replace(empty, **parts)  # type: ignore[arg-type] # each part is of its field's type


def _zone(name: str, kind: str, *polygons: Polygon, parent: str | None = None) -> Zone:
    return Zone(ZoneId(name), GROUND, kind, Names("اسم", name), polygons, ZoneId(parent) if parent else None)


def _codes(plan: Plan, *gateways: str) -> list[tuple[str, str]]:
    return [(one.code, one.at) for one in findings(plan, gateways)]


def _fixed(plan: Plan, finding: Finding) -> Plan:
    """The plan with the fix put in."""
    if isinstance(finding.fix, Zone):
        return replace(plan, zones=tuple(finding.fix if zone.id == finding.fix.id else zone for zone in plan.zones))
    assert isinstance(finding.fix, Level)
    return replace(plan, levels=tuple(finding.fix if level.id == finding.fix.id else level for level in plan.levels))


def test_a_sound_plan_has_nothing_to_look_at() -> None:
    assert findings(full_plan(), ["gw-1"]) == []


@pytest.mark.parametrize(
    ("zones", "expected"),
    [
        ([_zone("a", "room", box(0, 10, 5, 15)), _zone("b", "shop", box(4, 10, 9, 15))], [("overlap", "zone a")]),
        ([_zone("a", "aisle", box(0, 10, 5, 15)), _zone("b", "aisle", box(4, 10, 9, 15))], [("overlap", "zone a")]),
        ([_zone("a", "room", box(0, 10, 5, 15)), _zone("b", "aisle", box(4, 10, 9, 15))], []),
        ([_zone("a", "room", box(0, 10, 5, 15)), _zone("b", "room", box(4.99, 10, 9, 15))], []),
        ([_zone("hall", "corridor", box(0, 10, 20, 20)), _zone("b", "shop", box(4, 12, 9, 15))], []),
        ([_zone("out", "aisle", box(-2, 10, 8, 15))], [("outside_level", "zone out")]),
        ([_zone("out", "aisle", box(-0.01, 10, 8, 15))], []),
        ([_zone("bow", "aisle", Polygon(((0, 10), (4, 14), (4, 10), (0, 14))))], [("crossing_ring", "zone bow")]),
        ([_zone("a", "room", box(0, 10, 5, 15)), _zone("b", "aisle", box(8, 10, 9, 15), parent="a")], [("orphan", "zone b")]),
    ],
)  # fmt: skip
def test_how_zones_lie_is_looked_at_by_kind(zones: list[Zone], expected: list[tuple[str, str]]) -> None:
    plan = _plan(*zones)
    assert _codes(plan) == expected
    for finding in findings(plan):
        if finding.fix is not None:
            assert findings(_fixed(plan, finding)) == []


def test_a_zone_that_is_inside_itself_is_an_error() -> None:
    ring = _plan(_zone("a", "room", box(0, 10, 5, 15), parent="b"), _zone("b", "department", box(0, 10, 5, 15), parent="a"))
    assert _codes(ring)[:2] == [("parent_circle", "zone a"), ("parent_circle", "zone b")]


def test_a_floor_that_shelves_cut_in_two_is_an_island() -> None:
    shelf = Fixture("s", GROUND, "shelf", (box(0, 15, 40, 16),))
    gap = Fixture("s", GROUND, "shelf", (box(0, 15, 38.5, 16),))
    (finding,) = findings(_plan(fixtures=(shelf,)))
    assert (finding.code, finding.level) == ("island", GROUND)
    assert finding.place is not None
    assert finding.place[1] > 16
    assert findings(_plan(fixtures=(gap,))) == []


def test_a_gateway_that_is_nowhere_is_named() -> None:
    assert _codes(full_plan(), "gw-1", "gw-9") == [("gateway_unplaced", "gateway gw-9")]


def test_one_identity_in_two_places_is_an_error_whatever_its_case() -> None:
    twins = tuple(Placement("beacon", key, GROUND, x, 12.0) for key, x in (("ibeacon:AB:1:7", 3.0), ("ibeacon:ab:1:7", 9.0)))
    assert _codes(_plan(placements=twins)) == [("identity_twice", "beacon ibeacon:ab:1:7")]
    moved = (twins[0], replace(twins[1], from_ms=5))
    assert _codes(_plan(placements=moved)) == []


def test_what_hangs_outside_and_a_door_in_nothing_are_found() -> None:
    lost = Placement("gateway", "gw", GROUND, 60.0, 12.0)
    door = Opening("d", GROUND, "door", ((30.0, 20.0), (31.0, 20.0)))
    plan = _plan(_zone("a", "room", box(0, 10, 5, 15)), placements=(lost,), openings=(door,))
    assert _codes(plan) == [("door_apart", "opening d"), ("placement_outside", "gateway gw")]


def test_a_level_without_an_outline_can_take_that_of_what_is_on_it() -> None:
    bare = replace(full_plan().levels[0], outline=(), obstacles=())
    plan = _plan(_zone("a", "room", box(0, 10, 5, 15)), levels=(bare,))
    (finding,) = findings(plan)
    assert finding.code == "no_outline"
    assert findings(_fixed(plan, finding)) == []


def test_errors_come_first_and_every_code_speaks_both_languages() -> None:
    zones = dataclasses.replace(small_plan().zones[0], names=Names("Bakery", "Bakery")), _zone("x", "ailse", box(0, 0, 1, 1))
    found = findings(dataclasses.replace(small_plan(zones=zones), placements=(Placement("gateway", "g", LevelId("F9"), 0, 0),)))
    assert [one.severity for one in found] == sorted((one.severity for one in found), key=["error", "warning", "hint"].index)
    for one in found:
        assert phrases(one.code, one.values, "ar") != phrases(one.code, one.values, "en")
        assert one.code in OF_PLANS
