"""Cells: where one can walk, who is beside whom, and which zones lie where."""

import numpy as np
import pytest

from floorplans.model import Level, Names, Plan, Policy, Venue
from geofence.positioning.cells import AROUND, FRONT_M, Cells, cells_of, nearest_of
from geofence.zones.match import ZoneMap
from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId
from tests.geofence.venues import FLOOR, plan, rectangle, two_rooms, zone


def walled(*, gap: bool) -> Plan:
    """10 x 10 m with a wall across the middle, which may have a door of 2 m."""
    walls = (rectangle(0, 4.9, 4, 5.1), rectangle(6, 4.9, 10, 5.1)) if gap else (rectangle(0, 4.9, 10, 5.1),)
    level = Level(FLOOR, 0, Names("f", "f"), (rectangle(0, 0, 10, 10),), walls)
    venue = Venue(VenueId("v"), TenantId("t"), Names("v", "v"), "Asia/Riyadh", "SA", Policy())
    return Plan(venue, PlanVersionId("v1"), (level,), ())


def reached(cells: Cells, start: int) -> set[int]:
    """All cells one can walk to."""
    found, front = {start}, [start]
    while front:
        near = {int(c) for at in front for c in cells.around[:, at] if c < len(cells)} - found
        found |= near
        front = list(near)
    return found


def test_a_level_gets_about_two_thousand_cells() -> None:
    shop = two_rooms()
    assert 1_500 <= len(cells_of(shop, shop.zones)) <= 2_500


@pytest.mark.parametrize("gap", [True, False])
def test_a_wall_is_passed_by_its_door_alone(gap: bool) -> None:
    cells = cells_of(walled(gap=gap), ())
    below = int(np.flatnonzero(cells.y_m < 4)[0])
    assert any(cells.y_m[c] > 6 for c in reached(cells, below)) is gap


def test_neighbours_are_mutual() -> None:
    cells = cells_of(walled(gap=True), ())
    for one, back in ((0, 1), (2, 3), (4, 7), (5, 6)):
        assert AROUND[one] == tuple(-step for step in AROUND[back])
        here = np.flatnonzero(cells.around[one] < len(cells))
        assert (cells.around[back, cells.around[one, here]] == here).all()


def test_shares_of_a_zone_sum_to_its_area() -> None:
    shop = plan([zone("a", rectangle(1.1, 2.3, 7.9, 5.2))], {})
    cells = cells_of(shop, shop.zones)
    assert cells.share.sum() * cells.size_m**2 == pytest.approx(6.8 * 2.9, rel=1e-4)


def test_a_zone_nobody_can_walk_in_stands_for_the_cells_before_it() -> None:
    shop = plan([zone("left", rectangle(0, 0, 10, 25)), zone("right", rectangle(30, 0, 40, 25))], {})
    level = shop.levels[0]
    solid = Level(level.id, 0, level.names, level.outline, tuple(polygon for z in shop.zones for polygon in z.polygons))
    mall = Plan(shop.venue, shop.version, (solid,), shop.zones)
    zones = ZoneMap(mall).zones
    cells = cells_of(mall, zones)
    of = np.full(len(cells), -1)
    of[np.repeat(np.arange(len(cells)), np.diff(cells.zone_starts))] = cells.zone
    names = np.array([*(str(z.id) for z in zones), "none"])[of]
    assert set(names[cells.x_m < 10 + FRONT_M - 1]) == {"left"}
    assert set(names[cells.x_m > 30 - FRONT_M + 1]) == {"right"}
    assert "none" in set(names)


def test_a_level_without_area_is_refused_by_name() -> None:
    shop = two_rooms()
    flat = Level(LevelId("flat"), 0, Names("f", "f"), (rectangle(0, 0, 10, 0),))
    with pytest.raises(ValueError, match="'flat' has no area"):
        cells_of(Plan(shop.venue, shop.version, (flat,), ()), ())


def test_the_nearest_place_is_the_same_however_many_are_looked_at_together() -> None:
    chance = np.random.default_rng(20261122)
    x, y = chance.uniform(0, 50, (2, 700)).astype(np.float32)
    place_x, place_y = chance.uniform(0, 50, (2, 300))
    place_x[200:], place_y[200:] = place_x[:100], place_y[:100]  # equally near ones: the first counts
    found = nearest_of(x, y, place_x, place_y, 2.0)
    apart = np.hypot(x[:, None] - place_x, y[:, None] - place_y)
    assert np.array_equal(found, np.where(apart.min(axis=1) <= 2.0, apart.argmin(axis=1), -1))
    assert set(np.unique(found)) >= {-1, 0}
    assert found.max() < 200
    assert np.array_equal(found, nearest_of(x, y, place_x, place_y, 2.0, at_once=1_000))


def test_where_there_is_no_place_none_is_nearest() -> None:
    nowhere = np.empty(0)
    assert nearest_of(np.zeros(3, np.float32), np.zeros(3, np.float32), nowhere, nowhere, 2.0).tolist() == [-1, -1, -1]
