"""Merging: what has a known id is brought up to date, the rest is added, nothing is taken away."""

from dataclasses import replace

from floorplans.drawing import Drawn, Premises
from floorplans.merge import Change, merged, placements_of, plan_of, venue_of
from floorplans.model import Level, Names, Placement
from groundwork.contracts.ids import LevelId
from tests.floorplans.mall import GROUND, box, full_plan


def test_a_known_id_is_brought_up_to_date_and_a_new_one_added() -> None:
    plan = full_plan()
    moved = replace(plan.zones[0], polygons=(box(0, 0, 2, 2),))
    new = replace(plan.zones[0], id=type(plan.zones[0].id)("new"))
    done = merged(plan, Drawn(zones=(moved, new, plan.zones[1])))
    assert done.changes["zones"] == Change(added=1, changed=1, same=1)
    assert [zone.id for zone in done.plan.zones] == [*(zone.id for zone in plan.zones), "new"]
    assert done.plan.fixtures == plan.fixtures


def test_the_same_file_twice_changes_nothing() -> None:
    drawn = Drawn(zones=full_plan().zones, placements=full_plan().placements)
    once = merged(full_plan(), drawn).plan
    assert merged(once, drawn).plan == once == full_plan()


def test_a_level_that_is_only_named_does_not_wipe_the_drawn_one() -> None:
    named = Level(GROUND, 0, Names("G", "G"), ())
    other = Level(LevelId("9"), 9, Names("9", "9"), ())
    levels = merged(full_plan(), Drawn(levels=(named, other))).plan.levels
    assert levels == (*full_plan().levels, other)


def test_a_venue_is_what_the_file_says_of_it() -> None:
    said = venue_of(Drawn(premises=Premises(id="v", names=Names("ا", "A"), category="retailstore", country="AE", time_zone="Asia/Dubai")))
    assert (said.id, said.names.en, said.country, said.time_zone) == ("v", "A", "AE", "Asia/Dubai")
    assert plan_of(Drawn()).venue.id == "imported"


def test_a_moved_gateway_hangs_where_it_last_was() -> None:
    first, second = (Placement("gateway", "gw", GROUND, x, 1.0, from_ms=at) for x, at in ((1.0, 0), (9.0, 100)))
    plan = replace(full_plan(), placements=(second, first))
    assert [placements_of(plan, at)[0].x_m for at in (50, 100, 150)] == [1.0, 9.0, 9.0]
