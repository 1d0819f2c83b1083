"""Ways: as short as another solver's, never through what stands there, over levels by what one can take."""

import math
import random
from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from aislecast.twin.shop import GROUND as SHOP_FLOOR
from aislecast.twin.shop import demo_plan
from floorplans.level_links import WALK_MPS, Spot, passages, seconds_of
from floorplans.model import Fixture, Level, Link, Names, Opening, Plan, Point, Polygon, Shelving
from floorplans.route import WHY, NoRoute, Route
from floorplans.shapes import shape_of
from floorplans.shopping_order import cost_of, in_order
from floorplans.wayfinding import AtOpening, AtProduct, AtShelf, AtZone, Place, Wayfinder
from groundwork.contracts.ids import LevelId, TenantId, VenueId, ZoneId
from tests.floorplans.centre import FIRST, GROUND, box, centre, without, zone
from tests.floorplans.shortest_ways import FLOORS, floor_of, kept_ways

SLACK_M = 2e-6
DEMO = demo_plan(TenantId("default"), VenueId("souq"))
SHOP = Wayfinder(DEMO)
CENTRE = Wayfinder(centre())


def in_shop(point: Point) -> Spot:
    return Spot(SHOP_FLOOR, *point)


ANYWHERE = st.tuples(st.floats(0, 40), st.floats(0, 25))


@pytest.mark.parametrize("name", FLOORS)
def test_ways_are_as_short_as_another_solver_finds_them(name: str) -> None:
    """200 random pairs on the demo shop and on real floors; extremitypathfinder's lengths are kept beside this file."""
    plan, level = floor_of(name)
    ways = Wayfinder(plan)
    worst = 0.0
    for x, y, to_x, to_y, metres in kept_ways(name):
        found = ways.route(Spot(level, x, y), Spot(level, to_x, to_y)).metres
        worst = max(worst, abs(found - metres) / metres)
    assert worst < 0.001


@given(ANYWHERE, ANYWHERE)
@settings(max_examples=60, deadline=None)
def test_a_way_back_is_as_long_as_the_way_there(a: Point, b: Point) -> None:
    there, back = SHOP.route(in_shop(a), in_shop(b)), SHOP.route(in_shop(b), in_shop(a))
    assert there.metres == pytest.approx(back.metres)


@given(ANYWHERE, ANYWHERE, ANYWHERE)
@settings(max_examples=60, deadline=None)
def test_no_way_is_longer_than_one_over_a_third_place(a: Point, b: Point, c: Point) -> None:
    ab, bc, ac = (SHOP.route(in_shop(one), in_shop(other)).metres for one, other in ((a, b), (b, c), (a, c)))
    assert ac <= ab + bc + 1e-6


@given(ANYWHERE, ANYWHERE)
@settings(max_examples=60, deadline=None)
def test_no_way_leads_through_an_obstacle(a: Point, b: Point) -> None:
    route = SHOP.route(in_shop(a), in_shop(b))
    line = walked(route)
    assert line.length >= math.dist(route.start.at, route.goal.at) - 1e-9
    assert shape_of(DEMO.levels[0].obstacles).distance(line) >= 0.35 - SLACK_M
    assert SHOP.area(SHOP_FLOOR).buffer(SLACK_M).covers(line)


@given(st.lists(st.tuples(st.integers(0, 17), st.integers(0, 17), st.integers(1, 6), st.integers(1, 6)), max_size=7), st.randoms())
@settings(max_examples=40, deadline=None)
def test_ways_are_the_shortest_over_all_corners_of_any_floor(boxes: list[tuple[int, int, int, int]], chance: random.Random) -> None:
    """What is left out of the graph (corners one never bends at, lines that lean on nothing) loses no way."""
    obstacles = tuple(box(x, y, x + width, y + height) for x, y, width, height in boxes)
    ways = Wayfinder(
        replace(DEMO, levels=(Level(SHOP_FLOOR, 0, Names("أ", "A"), (box(0, 0, 20, 20),), obstacles),), zones=(), placements=())
    )
    area = ways.area(SHOP_FLOOR)
    for _ in range(3):
        a, b = (ways.stop(in_shop((chance.uniform(0, 20), chance.uniform(0, 20)))) for _ in range(2))
        assert ways.route(a, b).metres == pytest.approx(by_all_corners(area, a.at, b.at), abs=1e-5)


def by_all_corners(area: shapely.Geometry, a: Point, b: Point) -> float:
    """The shortest way over every corner there is, found without any of the shortcuts (Floyd and Warshall)."""
    points = np.unique(np.concatenate([[a, b], shapely.get_coordinates(area)]), axis=0)
    lines = shapely.linestrings(np.stack([np.repeat(points, len(points), axis=0), np.tile(points, (len(points), 1))], axis=1))
    free = area.buffer(1e-6)
    shapely.prepare(free)
    metres = np.where(shapely.covers(free, lines), shapely.length(lines), np.inf).reshape(len(points), len(points))
    for over in range(len(points)):
        metres = np.minimum(metres, metres[:, over, None] + metres[None, over, :])
    start, goal = (int(np.flatnonzero((points == one).all(axis=1))[0]) for one in (a, b))
    return float(metres[start, goal])


def walked(route: Route) -> shapely.LineString:
    points = route.legs[0].points
    return shapely.LineString(points if len(points) > 1 else points * 2)


def test_whoever_stands_off_the_floor_starts_at_its_nearest_point() -> None:
    stop = SHOP.stop(in_shop((0.6, 13.0)))  # in the middle of the first gondola
    assert stop.at == pytest.approx((1.65, 13.0))
    assert stop.off_m == pytest.approx(1.05)
    assert SHOP.stop(in_shop((3.0, 3.0))).off_m == 0


def test_a_zone_is_reached_near_its_middle() -> None:
    stop = SHOP.stop(AtZone(ZoneId("aisle-3")))
    assert stop.at == pytest.approx((10.4, 13.5))
    assert stop.names == Names("قهوة وشاي", "Coffee and tea")


@pytest.mark.parametrize(("product", "at"), [("dates", (11.0, 7.6)), ("more-dates", (19.0, 7.6)), ("coffee", (19.0, 10.4))])
def test_a_product_is_reached_before_its_bay(product: str, at: Point) -> None:
    """Bays count left to right as one faces the shelf, so the first one of its back is at the other end."""
    stop = CENTRE.stop(AtProduct(product))
    assert stop.at == pytest.approx(at)
    assert stop.off_m == pytest.approx(0.0)


def test_a_shop_is_entered_by_its_door() -> None:
    route = CENTRE.route(Spot(GROUND, 25, 9), AtZone(ZoneId("bakery")))
    assert route.goal.off_m == 0
    assert walked(route).intersects(shapely.LineString([(30, 4), (30, 5)]))


def test_a_door_too_narrow_for_a_body_lets_one_through() -> None:
    plan = replace(centre(), openings=(Opening("door", GROUND, "door", ((30, 4), (30, 4.4))),))
    assert Wayfinder(plan).route(Spot(GROUND, 25, 9), AtZone(ZoneId("bakery"))).goal.off_m == 0


def test_a_room_without_a_door_is_reached_as_near_as_one_gets() -> None:
    plan = replace(centre(), zones=(*centre().zones, zone("kiosk", GROUND, "room", box(0, 0, 4, 4), "غرفة", "Room")))
    stop = Wayfinder(plan).stop(AtZone(ZoneId("kiosk")))
    assert stop.off_m == pytest.approx(0.35)


def test_nobody_is_led_through_the_stock_room() -> None:
    assert CENTRE.stop(Spot(GROUND, 38, 18)).off_m > 3


def test_the_quickest_way_up_is_taken_and_the_lift_where_steps_are_none() -> None:
    above = Spot(FIRST, 20, 10)
    assert [change.kind for change in CENTRE.route(Spot(GROUND, 12, 14), above).changes] == ["escalator"]
    assert [change.kind for change in CENTRE.route(Spot(GROUND, 2, 14), above).changes] == ["stairs"]
    rolled = CENTRE.route(Spot(GROUND, 2, 14), above, step_free=True)
    assert [change.kind for change in rolled.changes] == ["elevator"]
    assert rolled.step_free


def test_nobody_walks_down_an_escalator_that_runs_up() -> None:
    plan = without(centre(), "stairs", "elevator")
    ways = Wayfinder(plan)
    assert ways.route(Spot(GROUND, 5, 5), Spot(FIRST, 5, 5)).changes[0].id == "escalator-up"
    with pytest.raises(NoRoute) as refused:
        ways.route(Spot(FIRST, 5, 5), Spot(GROUND, 5, 5))
    assert refused.value.code == "no_way"


def test_a_level_joined_by_stairs_alone_has_no_way_on_wheels() -> None:
    ways = Wayfinder(without(centre(), "elevator"))
    with pytest.raises(NoRoute) as refused:
        ways.route(Spot(GROUND, 5, 5), Spot(FIRST, 5, 5), step_free=True)
    assert refused.value.code == "no_step_free_way"


def test_a_lift_over_many_levels_is_waited_for_once() -> None:
    levels = tuple(Level(LevelId(str(n)), n, Names("أ", "A"), (box(0, 0, 10, 10),), elevation_m=4.0 * n) for n in range(5))
    zones = tuple(zone(f"lift@{n}", LevelId(str(n)), "elevator", box(4, 4, 6, 6), "مصعد", "Lift") for n in range(5))
    route = Wayfinder(replace(centre(), levels=levels, zones=zones, fixtures=(), openings=(), links=(), shelved=())).route(
        Spot(LevelId("0"), 1, 1), Spot(LevelId("4"), 9, 9)
    )
    assert [(change.kind, change.rise_m) for change in route.changes] == [("elevator", 16.0)]
    assert route.seconds == pytest.approx(route.metres / WALK_MPS + seconds_of("elevator", 16.0))


def test_a_link_between_whole_levels_is_taken_where_its_shaft_is_drawn() -> None:
    plan = replace(centre(), links=(Link("main-stairs", "stairs", GROUND, FIRST),))
    link = next(one for one in passages(plan) if one.id == "main-stairs")
    assert link.origin.shape.equals(shape_of([box(0, 16, 3, 20)]))
    assert [one.kind for one in passages(plan)].count("stairs") == 1


def test_a_part_nobody_reaches_is_named_and_left_out() -> None:
    ring = (box(0, 0, 6, 1), box(0, 5, 6, 6), box(0, 0, 1, 6), box(5, 0, 6, 6))
    level = replace(DEMO.levels[0], obstacles=tuple(shifted(one, 5.0, 5.0) for one in ring))
    yard = zone("yard", SHOP_FLOOR, "department", shifted(box(0, 0, 6, 6), 5.0, 5.0), "فناء", "Yard")
    ways = Wayfinder(replace(DEMO, levels=(level,), zones=(yard,)))
    (island,) = ways.islands
    assert island.zone == "yard"
    assert island.area_m2 == pytest.approx(3.3**2, abs=0.1)
    assert ways.stop(in_shop((8, 8))).off_m > 3


@pytest.mark.parametrize(("wall_m", "kept"), [(18.0, (2.0, 6.0)), (5.0, (30.0, 6.0))])
def test_of_two_large_parts_the_one_that_leads_upstairs_is_kept(wall_m: float, kept: Point) -> None:
    """A wall parts the ground floor, with the stairs to its left; for a mere lobby around them the hall is not given up."""
    plan = without(replace(centre(), fixtures=(), openings=(), shelved=()), "escalator", "elevator")
    parted = replace(plan.levels[0], obstacles=(box(wall_m, 0, wall_m + 0.2, 20),))
    plan = replace(plan, levels=(parted, plan.levels[1]), zones=tuple(one for one in plan.zones if one.kind == "stairs"))
    off = {at: Wayfinder(plan).stop(Spot(GROUND, *at)).off_m for at in ((2.0, 6.0), (30.0, 6.0))}
    assert [at for at, off_m in off.items() if not off_m] == [kept]


def shifted(polygon: Polygon, x: float, y: float) -> Polygon:
    return Polygon(tuple((a + x, b + y) for a, b in polygon.outer))


@pytest.mark.parametrize(
    ("place", "code"),
    [
        (AtZone(ZoneId("nowhere")), "unknown_zone"),
        (AtProduct("nothing"), "unplaced_product"),
        (Spot(LevelId("99"), 1, 1), "unknown_level"),
        (Spot(GROUND, math.nan, 1), "not_walkable"),
    ],
)
def test_what_is_nowhere_is_refused_by_name(place: Place, code: str) -> None:
    with pytest.raises(NoRoute) as refused:
        CENTRE.route(Spot(GROUND, 5, 5), place)
    assert refused.value.code == code
    assert code in WHY


def test_a_product_on_a_shelf_that_is_gone_is_unplaced() -> None:
    plan = replace(centre(), shelved=(Shelving("tea", "gone"),))
    with pytest.raises(NoRoute, match="unplaced_product: tea"):
        Wayfinder(plan).stop(AtProduct("tea"))


def test_a_level_without_floor_refuses_and_the_others_serve() -> None:
    blocked: Plan = replace(DEMO, levels=(*DEMO.levels, Level(LevelId("roof"), 1, Names("سطح", "Roof"), ())))
    ways = Wayfinder(blocked)
    assert ways.route(in_shop((3, 3)), in_shop((20, 23))).metres > 20
    with pytest.raises(NoRoute, match="not_walkable"):
        ways.stop(Spot(LevelId("roof"), 1, 1))


def test_a_route_to_where_one_stands_is_a_point() -> None:
    route = SHOP.route(in_shop((3, 3)), in_shop((3, 3)))
    assert (route.metres, route.legs[0].points) == (0.0, ((3.0, 3.0),))


def exact(costs: list[list[float]], start: int, end: int | None) -> float:
    """The cheapest order of all (Held and Karp)."""
    stops = [at for at in range(len(costs)) if at not in (start, end)]
    best = {(1 << n, n): costs[start][stop] for n, stop in enumerate(stops)}
    for mask in range(1, 1 << len(stops)):
        for n in range(len(stops)):
            for m in range(len(stops)) if (mask, n) in best else ():
                if not mask >> m & 1:
                    key, cost = (mask | 1 << m, m), best[mask, n] + costs[stops[n]][stops[m]]
                    best[key] = min(cost, best.get(key, math.inf))
    full = (1 << len(stops)) - 1
    return min(best[full, n] + (0.0 if end is None else costs[stop][end]) for n, stop in enumerate(stops))


@pytest.mark.parametrize(("count", "seed"), [(8, 1), (9, 2), (10, 3), (10, 4), (12, 5)])
def test_a_list_is_fetched_within_three_percent_of_the_best_order(count: int, seed: int) -> None:
    chance = random.Random(seed)
    spots = [SHOP.stop(in_shop((chance.uniform(0, 40), chance.uniform(0, 25)))) for _ in range(count)]
    start, end = in_shop((4.0, 2.5)), in_shop((20.0, 1.0))
    errand = SHOP.errand(start, spots, end)
    assert sorted(errand.order) == list(range(count))
    stops = [SHOP.stop(start), *spots, SHOP.stop(end)]
    costs = [[SHOP.route(a, b).seconds for b in stops] for a in stops]
    assert errand.seconds <= 1.03 * exact(costs, 0, count + 1)


def test_an_order_is_found_where_the_two_ways_differ() -> None:
    for seed in range(12):
        chance = random.Random(seed)
        costs = [[chance.uniform(1, 9) for _ in range(8)] for _ in range(8)]
        for end in (None, 7):
            tour = in_order(costs, 0, end)
            assert sorted(tour) == list(range(8))
            assert tour[0] == 0
            assert end is None or tour[-1] == end
            assert cost_of(costs, tour) <= 1.25 * exact(costs, 0, end)


def test_a_table_that_is_not_square_is_refused() -> None:
    with pytest.raises(ValueError, match="must be square"):
        in_order([[0.0, 1.0], [1.0]])
    with pytest.raises(ValueError, match="start and end are both 0"):
        in_order([[0.0, 1.0], [1.0, 0.0]], 0, 0)


def test_an_empty_list_is_a_walk_to_the_end() -> None:
    errand = SHOP.errand(in_shop((3, 3)), [], in_shop((20, 1)))
    assert (errand.order, len(errand.routes)) == ((), 1)
    assert SHOP.errand(in_shop((3, 3)), []).routes == ()


def parade(*, doors: bool) -> Plan:
    """Two shops side by side with a wall between them, each with a door to the street where it has one."""
    walls = (Fixture("wall", GROUND, "wall", (box(9.9, 0, 10.1, 10),)),)
    fronts = (Opening("left", GROUND, "entrance", ((4, 0), (5, 0))), Opening("right", GROUND, "door", ((14, 0), (15, 0))))
    level = replace(centre().levels[0], outline=(box(0, 0, 20, 10),))
    return replace(centre(), levels=(level,), zones=(), fixtures=walls, openings=fronts if doors else (), links=(), shelved=())


def test_a_parade_of_shops_is_joined_by_the_street() -> None:
    assert Wayfinder(parade(doors=False)).islands
    ways = Wayfinder(parade(doors=True))
    assert ways.islands == ()
    route = ways.route(Spot(GROUND, 4.5, 5), Spot(GROUND, 14.5, 5))
    assert [(change.kind, change.id) for change in route.changes] == [("outside", "left..right")]
    assert route.metres == pytest.approx(10, abs=1.5)
    assert route.seconds > route.metres / WALK_MPS + 1.4 * 9 / WALK_MPS
    assert ways.route(Spot(GROUND, 1, 5), Spot(GROUND, 8, 5)).changes == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("G:1,2", Spot(GROUND, 1, 2)),
        ("1:-1.5,2.25", Spot(FIRST, -1.5, 2.25)),
        ("bakery", AtZone(ZoneId("bakery"))),
        ("zone:cafe", AtZone(ZoneId("cafe"))),
        ("door", AtOpening("door")),
        ("rack", AtShelf("rack")),
        ("shelf:rack#3", AtShelf("rack", 3)),
        ("dates", AtProduct("dates")),
        ("product:tea", AtProduct("tea")),
    ],
)
def test_a_place_is_known_by_a_text(text: str, place: Place) -> None:
    assert CENTRE.named(text) == place


@pytest.mark.parametrize("text", ["", "9:1,2", "G:1", "G:nan,1", "zone:dates", "tea", "G:1,2,3"])
def test_a_text_that_is_no_place_is_said_to_be_none(text: str) -> None:
    with pytest.raises(NoRoute, match="unknown_place"):
        CENTRE.named(text)


def test_a_list_ends_up_a_one_way_escalator() -> None:
    """Nobody needs the way back, so that there is none is no hindrance."""
    ways = Wayfinder(without(centre(), "stairs", "elevator"))
    errand = ways.errand(Spot(GROUND, 2, 2), [AtProduct("dates"), AtProduct("coffee")], Spot(FIRST, 30, 10))
    assert errand.routes[-1].changes[0].kind == "escalator"
    with pytest.raises(NoRoute) as refused:
        ways.errand(Spot(FIRST, 2, 2), [AtProduct("dates")], Spot(FIRST, 30, 10))
    assert refused.value.stop == 1
