"""Directions: left and right are the walker's, distances are paceable, both languages say the same, and names turn nothing round."""

import json
import math
import re
from dataclasses import replace
from itertools import pairwise

import pytest

from aislecast.twin.shop import GROUND as SHOP_FLOOR
from aislecast.twin.shop import demo_plan
from floorplans.directions import Step, directions, rounded_m, turned_deg
from floorplans.earth import Frame
from floorplans.level_links import Spot
from floorplans.model import Anchor, Level, Names, Plan, Point, Zone
from floorplans.route import Change, Leg, Route, Stop
from floorplans.route_path import anchors, geojson
from floorplans.wayfinding import AtProduct, AtZone, Wayfinder
from groundwork.contracts.ids import LevelId, TenantId, VenueId, ZoneId
from tests.floorplans.centre import FIRST, GROUND, RIYADH, box, centre, zone

DEMO = demo_plan(TenantId("default"), VenueId("souq"))
SHOP = Wayfinder(DEMO)
CENTRE = Wayfinder(centre())
HALL = replace(DEMO, levels=(Level(SHOP_FLOOR, 0, Names("أ", "A"), (box(-50, -50, 50, 50),)),), zones=(), placements=())
ISOLATES = re.compile("\u2068[^\u2068\u2069]*\u2069")


def walk(*points: Point, plan: Plan = HALL) -> list[Step]:
    """Directions along a given way."""
    metres = sum(math.dist(a, b) for a, b in pairwise(points))
    route = Route(Stop(SHOP_FLOOR, points[0], 0.0), Stop(SHOP_FLOOR, points[-1], 0.0), (Leg(SHOP_FLOOR, points, metres),), (), True)
    return directions(plan, route)


def kinds(steps: list[Step]) -> list[str]:
    return [step.kind for step in steps]


@pytest.mark.parametrize(
    ("then", "kind"),
    [
        ((10, 10), "left"),
        ((10, -10), "right"),
        ((20, 10), "slight_left"),
        ((20, -10), "slight_right"),
        ((0.5, 1), "around"),
        ((0, 10), "left"),
    ],
)
@pytest.mark.parametrize("turned", [0, 90, 180, 270])
def test_a_turn_is_the_walkers_own_whichever_way_the_plan_lies(then: Point, kind: str, turned: int) -> None:
    c, s = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    way = [(c * x - s * y, s * x + c * y) for x, y in ((0.0, 0.0), (10.0, 0.0), then)]
    assert kinds(walk(*way)) == ["start", kind, "arrive"]


def test_a_small_bend_is_walked_without_a_word() -> None:
    assert kinds(walk((0, 0), (10, 0), (20, 3))) == ["start", "arrive"]


def test_two_bends_around_one_shelf_end_are_one_turn() -> None:
    steps = walk((0, 0), (10, 0), (11, 1), (11, 10))
    assert kinds(steps) == ["start", "left", "arrive"]
    assert sum(step.metres for step in steps) == pytest.approx(10 + math.sqrt(2) + 9)


def test_bends_that_undo_one_another_are_no_turn() -> None:
    assert kinds(walk((0, 0), (10, 0), (11, 1), (20, 1))) == ["start", "arrive"]


@pytest.mark.parametrize(("metres", "said"), [(0.2, 1), (7.4, 7), (19.4, 19), (22.4, 20), (23.0, 25), (97.9, 100), (144.0, 140)])
def test_distances_are_rounded_to_what_one_can_pace(metres: float, said: int) -> None:
    assert rounded_m(metres) == said


@pytest.mark.parametrize(
    ("metres", "ar"),
    [(1, "مترًا واحدًا"), (2, "مترين"), (3, "3 أمتار"), (10, "10 أمتار"), (11, "11 مترًا"), (100, "100 متر"), (110, "110 أمتار")],
)
def test_metres_are_counted_as_arabic_counts(metres: float, ar: str) -> None:
    (start, _) = walk((-50, 0), (-50 + metres, 0))
    assert start.words.ar == f"امشِ {ar}."


def test_a_way_in_the_demo_shop_is_told_in_both_languages() -> None:
    steps = directions(DEMO, SHOP.route(AtZone(ZoneId("aisle-2")), AtZone(ZoneId("bakery"))))
    assert [step.words.en for step in steps] == [
        "Walk 7 m through \u2068Dairy and cheese\u2069.",
        "Turn right and walk 30 m to \u2068Bakery\u2069.",
        "You have arrived at \u2068Bakery\u2069.",
    ]
    assert [step.words.ar for step in steps] == [
        "امشِ 7 أمتار عبر \u2068ألبان وأجبان\u2069.",
        "انعطف يمينًا وامشِ 30 مترًا حتى \u2068المخبز\u2069.",
        "وصلت إلى \u2068المخبز\u2069.",
    ]
    assert [step.zones for step in steps] == [("aisle-2",), ("bakery",), ()]


def test_who_starts_outside_a_zone_is_sent_towards_it() -> None:
    (start, *_) = directions(DEMO, SHOP.route(Spot(SHOP_FLOOR, 3, 3), Spot(SHOP_FLOOR, 3, 12)))
    assert start.words.en == "Start towards \u2068Fruit and vegetables\u2069 and walk 9 m."


def test_a_change_of_level_says_which_way_and_to_where() -> None:
    steps = directions(centre(), CENTRE.route(Spot(GROUND, 2, 12), Spot(FIRST, 30, 10), step_free=True))
    (lift,) = [step for step in steps if step.kind == "elevator"]
    assert lift.words == ("Take the lift up to \u2068First\u2069.", "اصعد بالمصعد إلى \u2068الأول\u2069.")
    down = directions(centre(), CENTRE.route(Spot(FIRST, 2, 12), Spot(GROUND, 5, 12)))
    assert "Take the stairs down to \u2068Ground\u2069." in [step.words.en for step in down]


def test_two_flights_of_one_stair_are_one_change() -> None:
    flights = [Change("stairs", str(n), LevelId(str(n)), (0.0, 0.0), LevelId(str(n + 1)), 4.0, 13.0, False) for n in range(2)]
    legs = (Leg(LevelId("0"), ((9.0, 0.0), (0.0, 0.0)), 9.0), Leg(LevelId("1"), ((0.0, 0.0),), 0.0), Leg(LevelId("2"), ((0.0, 0.0),), 0.0))
    levels = tuple(Level(LevelId(str(n)), n, Names(f"ط{n}", f"L{n}"), (box(0, 0, 9, 9),)) for n in range(3))
    route = Route(Stop(LevelId("0"), (9.0, 0.0), 0.0), Stop(LevelId("2"), (0.0, 0.0), 0.0), legs, tuple(flights), False)
    steps = directions(replace(HALL, levels=levels), route)
    assert [step.words.en for step in steps[1:]] == ["Take the stairs up to \u2068L2\u2069.", "You have arrived."]


def test_a_product_is_on_the_hand_its_shelf_is() -> None:
    towards = directions(centre(), CENTRE.route(Spot(GROUND, 2, 7.6), AtProduct("more-dates")))
    back = directions(centre(), CENTRE.route(Spot(GROUND, 28, 7.6), AtProduct("dates")))
    assert towards[-1].words.en == "You have arrived at \u2068Dates\u2069, on your left."
    assert back[-1].words == ("You have arrived at \u2068Dates\u2069, on your right.", "وصلت إلى \u2068رف التمور\u2069، على يمينك.")


def test_what_cannot_be_walked_to_is_said() -> None:
    last = directions(centre(), CENTRE.route(Spot(GROUND, 25, 16), Spot(GROUND, 34, 16)))[-1]
    assert last.words.en == "You have arrived, on your left. The last 2 m cannot be walked."
    assert last.words.ar.endswith("يتعذر المشي في آخر مترين.")


@pytest.mark.parametrize("name", ["A\u202eB", "A\u2067B", "A\u2069B", "\u2066" * 3 + "AB", "AB\nwalk\u200f"])
def test_a_name_cannot_turn_the_sentence_around_it(name: str) -> None:
    yard: Zone = zone("yard", SHOP_FLOOR, "department", box(-1, -1, 30, 1), name, name)
    for step in walk((-20, 0), (20, 0), plan=replace(HALL, zones=(yard,))):
        for words in step.words:
            rest = ISOLATES.sub("", words)
            assert not re.search("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c\n]", rest)
            assert not re.search("[\u202a-\u202e\u2066\u2067\u200e\u200f\u061c\n]", words)


def test_every_way_in_the_shop_ends_with_arriving_and_loses_no_metre() -> None:
    names = [ZoneId(f"aisle-{n}") for n in range(1, 9)] + [ZoneId("bakery"), ZoneId("checkout"), ZoneId("entrance")]
    for a in names:
        for b in names:
            route = SHOP.route(AtZone(a), AtZone(b))
            steps = directions(DEMO, route)
            assert steps[-1].kind == "arrive"
            assert sum(step.metres for step in steps) == pytest.approx(route.metres)
            assert all("{" not in text for step in steps for text in step.words)


def test_turns_are_the_short_way_round() -> None:
    assert turned_deg(170, -170) == pytest.approx(20)
    assert turned_deg(-170, 170) == pytest.approx(-20)


def test_a_way_is_geojson_in_metres_and_in_degrees() -> None:
    route = CENTRE.route(Spot(GROUND, 2, 12), Spot(FIRST, 30, 10))
    flat, earth = geojson(centre(), route), json.loads(json.dumps(geojson(centre(), route, degrees=True)))
    assert [one["properties"]["level"] for one in flat["features"]] == [GROUND, FIRST]
    assert flat["features"][0]["properties"]["then"] == "escalator"
    assert flat["features"][0]["geometry"]["coordinates"][0] == [2.0, 12.0]
    for one, other in zip(flat["features"], earth["features"], strict=True):
        for (x, y), (lon, lat) in zip(one["geometry"]["coordinates"], other["geometry"]["coordinates"], strict=True):
            assert Frame(RIYADH).to_metres(lon, lat) == pytest.approx((x, y), abs=1e-3)


def test_a_level_that_is_not_tied_to_the_earth_has_no_degrees() -> None:
    route = SHOP.route(Spot(SHOP_FLOOR, 3, 3), Spot(SHOP_FLOOR, 30, 22))
    assert geojson(DEMO, route, degrees=True)["features"] == []
    assert {(one.lon, one.lat, one.bearing_deg) for one in anchors(DEMO, route)} == {(None, None, None)}


def test_anchors_stand_close_and_look_along_the_way() -> None:
    plan = replace(centre(), levels=tuple(replace(level, anchor=replace(RIYADH, rotation_deg=0.0)) for level in centre().levels))
    route = Wayfinder(plan).route(Spot(GROUND, 2, 12), Spot(FIRST, 30, 10))
    found = anchors(plan, route, every_m=1.5)
    assert (found[0].kind, found[-1].kind) == ("start", "goal")
    assert [one.z_m for one in found if one.kind == "escalator"] == [0.0]
    assert found[-1].z_m == 5.0
    for one, after in pairwise(found):
        if one.level == after.level:
            assert math.dist((one.x_m, one.y_m), (after.x_m, after.y_m)) <= 1.5 + 1e-2
            east, north = math.sin(math.radians(one.bearing_deg or 0)), math.cos(math.radians(one.bearing_deg or 0))
            assert (east, north) == pytest.approx(
                (math.cos(math.radians(one.heading_deg)), math.sin(math.radians(one.heading_deg))), abs=0.01
            )


def test_a_bearing_counts_from_true_north() -> None:
    plan = replace(HALL, levels=(replace(HALL.levels[0], anchor=Anchor(46.7, 24.7, 90.0)),))
    route = Wayfinder(plan).route(Spot(SHOP_FLOOR, 0, 0), Spot(SHOP_FLOOR, 10, 0))
    assert anchors(plan, route)[0].bearing_deg == 0.0  # the frame's x lies to the north


def test_anchors_no_distance_apart_are_refused() -> None:
    with pytest.raises(ValueError, match="some metres apart, got 0"):
        anchors(DEMO, SHOP.route(Spot(SHOP_FLOOR, 3, 3), Spot(SHOP_FLOOR, 5, 3)), every_m=0)
