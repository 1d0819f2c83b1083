"""Validation: each fault is found, named with its place, and a sound plan has none."""

import dataclasses

import pytest

from floorplans.model import Level, Names, Placement, Plan, Polygon, Zone
from floorplans.validate import problems
from groundwork.contracts.ids import LevelId, ZoneId
from tests.floorplans.shop import GROUND, plan, square

GOOD = Zone(ZoneId("z"), GROUND, "aisle", Names("ممر", "Aisle"), (square(0, 0, 1),))
BOW_TIE = Polygon(((0, 0), (1, 1), (1, 0), (0, 1)))
BAD_HOLE = Polygon(square(0, 0, 9).outer, (BOW_TIE.outer,))
CROSSING_HOLE = Polygon(square(0, 0, 4).outer, (square(3, 3, 3).outer,))
ENDLESS = Polygon(((0, 0), (1, 1), (float("nan"), 0)))


def _with(zone: Zone) -> Plan:
    return plan(zones=(zone,))


def test_a_sound_plan_has_no_problems() -> None:
    assert problems(plan()) == []
    assert problems(_with(GOOD)) == []


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "ailse"}, "zone z: kind 'ailse', expected one of department, aisle, shelf"),
        ({"level": LevelId("F9")}, "zone z: unknown level 'F9', expected a level of this plan (B1, F1)"),
        ({"parent": ZoneId("nowhere")}, "zone z: unknown parent 'nowhere', expected a zone of this plan"),
        ({"polygons": ()}, "zone z: no polygon, expected at least one"),
        ({"names": Names("", "Aisle")}, "zone z: an empty name, expected names in Arabic and in English"),
        ({"polygons": (GOOD.polygons[0], BOW_TIE)}, "zone z, polygon 1: a ring that crosses itself, expected a simple ring"),
        ({"polygons": (Polygon(((0, 0), (1, 1))),)}, "zone z, polygon 0: a ring of 2 points, expected at least 3"),
        ({"polygons": (ENDLESS,)}, "zone z, polygon 0: a point that is not finite, expected metres in the level's frame"),
        ({"polygons": (BAD_HOLE,)}, "zone z, polygon 0: a ring that crosses itself, expected a simple ring"),
        ({"polygons": (CROSSING_HOLE,)}, "zone z, polygon 0: Self-intersection"),
        ({"polygons": (square(0, 0, 4), square(2, 2, 4))}, "zone z, polygons: Self-intersection"),
        ({"polygons": (Polygon(((1, 1), (1, 1), (1, 1))),)}, "zone z, polygon 0: a ring that crosses itself"),
        ({"id": ZoneId("")}, "zone '': an id of 0 characters, expected 1 to 64"),
    ],
)
def test_a_faulty_zone_is_named(change: dict[str, object], words: str) -> None:
    found = problems(_with(dataclasses.replace(GOOD, **change)))  # type: ignore[arg-type] # each value is of its field's type
    assert any(str(problem).startswith(words) for problem in found), found


def test_ids_are_used_once() -> None:
    found = problems(dataclasses.replace(plan(), levels=plan().levels * 2, placements=plan().placements * 2))
    assert [problem.at.split()[0] for problem in found] == ["level", "level", "placement", "placement", "placement"]


def test_a_placement_is_on_a_level_at_a_finite_place() -> None:
    lost = Placement("gateway", "gw", LevelId("F9"), float("inf"), 0)
    found = problems(dataclasses.replace(plan(), placements=(lost,)))
    assert [(problem.at, problem.found) for problem in found] == [
        ("placement of gateway gw", "unknown level 'F9'"),
        ("placement of gateway gw", "(inf, 0, 2.5)"),
    ]


def test_a_levels_outline_and_obstacles_are_looked_at() -> None:
    odd = Level(GROUND, 0, Names("ا", "G"), (BOW_TIE,), (BOW_TIE,))
    found = problems(dataclasses.replace(plan(zones=()), levels=(odd,), placements=()))
    assert [problem.at for problem in found] == ["level F1, outline 0", "level F1, obstacle 0"]


def test_what_the_registry_has_no_room_for_is_a_problem() -> None:
    long, high = Names("ا" * 201, "x"), dataclasses.replace(plan().levels[0], ordinal=1_001)
    wide = dataclasses.replace(plan(), levels=(high, *plan().levels[1:]), zones=(dataclasses.replace(plan().zones[0], names=long),))
    assert {problem.code for problem in problems(wide)} == {"too_long", "out_of_range"}
