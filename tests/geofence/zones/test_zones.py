"""Zone lookup equals shapely where it is hardest; zone shares equal the area of a sampled Gaussian."""

import itertools

import numpy as np
import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon, box
from shapely.geometry.base import BaseGeometry

from geofence.columns import Floats
from geofence.positioning.locator import Fixes
from geofence.zones.match import ZoneMap
from geofence.zones.zone_index import CELL_M, ZoneIndex
from geofence.zones.zone_share import SIGMA_PER_RADIUS, ZoneShare, normal_cdf
from tests.geofence.venues import plan, rectangle, zone

SHAPES: list[BaseGeometry] = [
    box(1, 1, 4.7, 3.3),
    box(4.7, 1, 9.1, 3.3),
    Polygon([(0.05, 5.05), (7.33, 4.91), (9.7, 9.99), (3.1, 7.2), (-2.2, 9.13)]),
    Polygon([(10, 0), (20, 0), (20, 10), (10, 10)], [[(12, 2), (18, 2), (15.5, 8.25)]]),
    MultiPolygon([box(-5, -5, -4, -4), box(-3.95, -5, -3.05, -4)]),
    Polygon([(10 + 4 * np.cos(a), 15 + 4 * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 40)[:-1]]),
    box(1 / 3, 11 + 1 / 7, 2 / 3, 11 + 6 / 7),
    box(30, 30, 30.02, 40),
]


def adversarial(shape: BaseGeometry, seed: int = 1, count: int = 400) -> tuple[Floats, Floats]:
    """Vertices, points on edges, points level with vertices, cell corners, and the neighbours of all these, 1 ulp away."""
    chance = np.random.default_rng(seed)
    corners = shapely.get_coordinates(shape)
    ends = corners[(np.arange(len(corners)) + 1) % len(corners)]
    which = chance.integers(0, len(corners), count)
    on_edges = corners[which] + (ends[which] - corners[which]) * chance.random((count, 1))
    level = np.stack([chance.uniform(corners[:, 0].min() - 1, corners[:, 0].max() + 1, len(corners)), corners[:, 1]], axis=1)
    cells = np.round(on_edges / CELL_M) * CELL_M
    around = chance.uniform(corners.min(axis=0) - 1, corners.max(axis=0) + 1, (count, 2))
    points = np.concatenate([corners, on_edges, level, cells, around])
    steps = [(points[:, 0], points[:, 1])]
    for dx in (-np.inf, np.inf):
        steps += [(np.nextafter(points[:, 0], dx), points[:, 1]), (points[:, 0], np.nextafter(points[:, 1], dx))]
    return np.concatenate([x for x, _ in steps]), np.concatenate([y for _, y in steps])


def test_the_index_equals_shapely_on_adversarial_points() -> None:
    index = ZoneIndex(SHAPES)
    for shape in SHAPES:
        x, y = adversarial(shape)
        expected = np.stack([shapely.intersects_xy(other, x, y) for other in SHAPES], axis=1)
        assert int((index.inside(x, y) != expected).sum()) == 0


def test_a_boundary_counts_as_inside() -> None:
    index = ZoneIndex([box(1, 1, 4, 3)])
    assert index.inside(np.array([1.0, 4.0, 2.5]), np.array([1.0, 3.0, 1.0])).tolist() == [[True], [True], [True]]


def test_no_zone_holds_a_point_that_is_no_place() -> None:
    index = ZoneIndex([box(1, 1, 4, 3)])
    assert not index.inside(np.array([np.nan, np.inf, -np.inf, 1e300]), np.array([2.0, 2.0, 2.0, 2.0])).any()
    assert index.first(np.array([2.0, np.nan]), np.array([2.0, 2.0])).tolist() == [0, -1]


@pytest.mark.parametrize("shape", [Polygon(), Polygon([(0, 0), (2, 2), (2, 0), (0, 2)])])
def test_a_shape_without_an_area_is_refused(shape: BaseGeometry) -> None:
    with pytest.raises(ValueError, match="zone 0"):
        ZoneIndex([shape])


def test_the_normal_distribution_is_met_to_seven_digits() -> None:
    from math import erf, sqrt

    z = np.linspace(-8, 8, 4_001)
    assert np.abs(normal_cdf(z) - [0.5 * (1 + erf(v / sqrt(2))) for v in z]).max() < 1e-7


def test_shares_are_the_part_of_the_belief_that_falls_into_each_zone() -> None:
    chance = np.random.default_rng(3)
    shares = ZoneShare(SHAPES)
    for x, y, radius in ((2.0, 2.0, 1.5), (4.7, 2.0, 2.5), (5.0, 6.5, 3.0), (15.0, 5.0, 4.0), (10.0, 15.0, 2.0)):
        samples = np.array([x, y]) + chance.normal(0, radius * SIGMA_PER_RADIUS, (200_000, 2))
        expected = [float(shapely.intersects_xy(shape, samples[:, 0], samples[:, 1]).mean()) for shape in SHAPES]
        found = shares.of(np.array([x]), np.array([y]), np.array([radius]))[0]
        assert found.tolist() == pytest.approx(expected, abs=0.006)


def test_shares_of_disjoint_zones_never_exceed_one() -> None:
    chance = np.random.default_rng(4)
    tiles: list[BaseGeometry] = [box(x, y, x + 1.3, y + 0.9) for x in np.arange(0, 13, 1.3) for y in np.arange(0, 9, 0.9)]
    shares = ZoneShare(tiles).of(chance.uniform(-2, 15, 500), chance.uniform(-2, 11, 500), chance.uniform(0.3, 9, 500))
    assert shares.sum(axis=1).max() <= 1 + 1e-6
    assert shares.min() >= 0


def test_two_thirds_of_the_belief_lie_within_the_radius() -> None:
    disc = shapely.Point(5, 5).buffer(2.0, quad_segs=64)
    assert ZoneShare([disc]).of(np.array([5.0]), np.array([5.0]), np.array([2.0]))[0, 0] == pytest.approx(0.68, abs=0.01)


def fixes(x: float, y: float, radius: float = 1.0, level: int = 0) -> Fixes:
    one = np.zeros(1, np.int64)
    return Fixes(one, one, np.array([level]), np.array([x]), np.array([y]), np.array([radius]))


def shop() -> ZoneMap:
    aisles = [zone(f"a{i}", rectangle(4 * i, 0, 4 * i + 4.1, 10)) for i in range(3)]  # drawn by hand: they overlap a little
    return ZoneMap(plan([zone("hall", rectangle(0, 0, 13, 10), kind="department"), *aisles, zone("door", rectangle(0, 10, 13, 14))], {}))


def test_zones_that_lie_side_by_side_share_a_layer_and_what_contains_them_has_its_own() -> None:
    zones = shop()
    starts = [*zones.layer_starts.tolist(), len(zones.zones)]
    layers = [{zone.id for zone in zones.zones[a:b]} for a, b in itertools.pairwise(starts)]
    assert layers == [{"a0", "a1", "a2", "door"}, {"hall"}]


@pytest.mark.parametrize(("left", "layers"), [(12.9, 1), (11.9, 2)])
def test_how_much_two_zones_share_is_measured_by_the_smaller_one(left: float, layers: int) -> None:
    """A stand of one metre beside a hall of 13; drawn over the hall's wall by a tenth of itself it still stands beside it."""
    drawn = [zone("hall", rectangle(0, 0, 13, 10)), zone("stand", rectangle(left, 0, left + 1, 1))]
    assert ZoneMap(plan(drawn, {})).layers == layers


def test_pairs_are_the_zones_that_hold_the_point_itself() -> None:
    zones = shop()
    pairs = zones.pairs(fixes(4.05, 5))
    assert {zones.zones[at].id for at in pairs.zone.tolist()} == {"hall", "a0", "a1"}
    assert len(zones.pairs(fixes(50, 50)).zone) == 0


def test_the_most_probable_zone_is_named_and_no_zone_is_minus_one() -> None:
    zones = shop()
    assert zones.zones[int(zones.match(fixes(6, 12)).best[0])].id == "door"
    assert zones.match(fixes(500, 500)).best.tolist() == [-1]
    assert ZoneMap(plan([], {})).match(fixes(1, 1)).best.tolist() == [-1]
