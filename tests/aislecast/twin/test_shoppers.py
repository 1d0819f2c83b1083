"""Shoppers walk like people: round shelves, at a walking pace, and the same way for the same seed."""

import numpy as np
import pytest
import shapely

from aislecast.twin.shop import demo_plan, products
from aislecast.twin.shoppers import (
    FASTEST_MPS,
    LONGEST_PAUSE_S,
    LONGEST_TILL_S,
    MEAN_BETWEEN_ARRIVALS_S,
    SHORTEST_AWAY_S,
    SHORTEST_PAUSE_S,
    SLOWEST_MPS,
    Crowd,
    Premises,
    Visit,
)
from aislecast.twin.walkways import Walkways, shape_of
from floorplans.model import Level, Names, Polygon
from groundwork.contracts.ids import LevelId, TenantId, VenueId

PLAN = demo_plan(TenantId("t"), VenueId("shop"))
PREMISES = Premises(PLAN, products())
SEEDS = range(4)


def visits() -> list[Visit]:
    return [person.visit for seed in SEEDS for person in Crowd(PREMISES, 10, seed).people]


def box(left: float, bottom: float, right: float, top: float) -> Polygon:
    return Polygon(((left, bottom), (right, bottom), (right, top), (left, top)))


def test_nobody_walks_through_a_shelf_or_out_of_the_shop() -> None:
    level = PLAN.levels[0]
    floor = shapely.difference(shape_of(level.outline), shape_of(level.obstacles))
    for visit in visits():
        assert floor.contains(shapely.LineString(np.column_stack([visit.x_m, visit.y_m])))


def test_everybody_keeps_one_walking_speed() -> None:
    for visit in visits():
        way_m = np.hypot(np.diff(visit.x_m), np.diff(visit.y_m))
        speeds = way_m[way_m > 0] / np.diff(visit.t_ms)[way_m > 0] * 1000
        assert speeds == pytest.approx(speeds[0])
        assert SLOWEST_MPS <= speeds[0] <= FASTEST_MPS


def test_pauses_last_as_long_as_people_look_at_shelves_and_pay() -> None:
    for visit in visits():
        still = np.hypot(np.diff(visit.x_m), np.diff(visit.y_m)) == 0
        pauses_s = np.diff(visit.t_ms)[still] / 1000
        assert (pauses_s >= SHORTEST_PAUSE_S - 1e-6).all()
        assert (pauses_s[:-1] <= LONGEST_PAUSE_S + 1e-6).all()
        assert pauses_s[-1] <= LONGEST_TILL_S + 1e-6


def test_she_looks_where_she_walks() -> None:
    for visit in visits():
        x, y = np.diff(visit.x_m), np.diff(visit.y_m)
        walking = np.hypot(x, y) > 0
        assert np.cos(np.arctan2(y, x) - visit.facing_rad[:-1])[walking] == pytest.approx(1.0)


def test_before_a_shelf_she_faces_it() -> None:
    for cell, _ in PREMISES.shelves:
        facing, (x, y) = PREMISES.facing(cell), PREMISES.ways.points[cell]
        ahead = shapely.LineString([(x, y), (x + np.cos(facing), y + np.sin(facing))])
        assert ahead.intersects(PREMISES.ways.obstacles)


def test_a_visit_begins_and_ends_at_the_door_and_is_paid_for_before_its_end() -> None:
    door = shape_of([polygon for zone in PLAN.zones if zone.kind == "entrance" for polygon in zone.polygons])
    for visit in visits():
        ends = [(visit.x_m[0], visit.y_m[0]), (visit.x_m[-1], visit.y_m[-1])]
        assert all(door.covers(shapely.Point(end)) for end in ends)
        assert visit.checkout_ms is not None
        assert visit.starts_ms < visit.checkout_ms < visit.ends_ms
        assert visit.basket


def test_the_first_shopper_is_at_the_door_at_once_and_the_others_come_one_by_one() -> None:
    starts = [person.visit.starts_ms for person in Crowd(PREMISES, 200, 1).people]
    assert starts[0] == 0
    assert starts == sorted(starts)
    assert np.diff(starts).mean() == pytest.approx(MEAN_BETWEEN_ARRIVALS_S * 1000, rel=0.2)


def test_who_has_left_comes_back_after_a_while() -> None:
    crowd = Crowd(PREMISES, 3, 1)
    before = [person.visit for person in crowd.people]
    assert crowd.move_on(max(visit.ends_ms for visit in before) + 1) == [0, 1, 2]
    away_ms = [person.visit.starts_ms - visit.ends_ms for person, visit in zip(crowd.people, before, strict=True)]
    assert min(away_ms) >= SHORTEST_AWAY_S * 1000


def test_outside_her_visit_she_is_nowhere() -> None:
    crowd = Crowd(PREMISES, 1, 1)
    visit = crowd.people[0].visit
    x, _, _ = crowd.places(np.zeros(3, dtype=np.int64), np.array([visit.starts_ms - 1, visit.starts_ms, visit.ends_ms + 1]))
    assert np.isnan(x).tolist() == [True, False, True]


def test_one_more_person_changes_nobody_elses_visit() -> None:
    few, many = Crowd(PREMISES, 2, 1), Crowd(PREMISES, 5, 1)
    assert [p.visit.x_m.tolist() for p in few.people] == [p.visit.x_m.tolist() for p in many.people[:2]]


def test_another_seed_brings_other_people() -> None:
    assert Crowd(PREMISES, 1, 1).people[0].visit.x_m.tolist() != Crowd(PREMISES, 1, 2).people[0].visit.x_m.tolist()


def test_a_way_round_a_wall_is_hardly_longer_than_the_shortest() -> None:
    hall = Level(LevelId("l"), 0, Names("صالة", "Hall"), (box(0, 0, 10, 10),), (box(4, 0, 5, 8),))
    ways = Walkways(hall)
    start, goal = (int(np.argmin(np.hypot(*(ways.points - place).T))) for place in ((1.1, 1.1), (8.1, 1.1)))
    way = shapely.LineString(ways.way(start, goal))
    shortest = shapely.LineString([(1.1, 1.1), (3.75, 8.25), (5.25, 8.25), (8.1, 1.1)])
    assert not way.intersects(shape_of(hall.obstacles))
    assert way.length <= shortest.length * 1.05


def test_a_room_without_a_door_is_not_walked_to() -> None:
    hall = Level(LevelId("l"), 0, Names("صالة", "Hall"), (box(0, 0, 10, 4),), (box(6, 0, 6.5, 4),))
    assert len(Walkways(hall).within([box(7, 0, 10, 4)])) == 0


def test_a_level_where_nobody_can_walk_is_refused() -> None:
    with pytest.raises(ValueError, match="nobody can walk"):
        Walkways(Level(LevelId("l"), 0, Names("ممر", "Corridor"), (box(0, 0, 10, 0.4),)))
