"""Fences on the earth: the cell index answers as shapely does, circles as the ellipsoid has them, and what cannot be right is left out."""

import dataclasses
import math
from collections.abc import Iterator

import numpy as np
import pytest
import shapely
from geographiclib.geodesic import Geodesic
from shapely import affinity
from shapely.geometry import MultiPolygon
from shapely.geometry import Polygon as Shape

from floorplans.model import Anchor, Approach, Level, Names, Polygon
from geofence.columns import Columns
from geofence.outdoor.cell_index import CellIndex
from geofence.outdoor.earth import arc_m, centre
from geofence.outdoor.fences import Circle, Fence, Unusable, around, fences_of
from geofence.outdoor.matching import WATCH_M
from groundwork.contracts.ids import LevelId, VenueId
from tests.geofence.outdoor.ground import HALF_M, LAT, LON, at, book, outdoors, square


def star(chance: np.random.Generator, lon: float, lat: float, corners: int, size: float) -> Shape:
    angles = np.sort(chance.uniform(0, 2 * math.pi, corners))
    far = size * chance.uniform(0.4, 1.0, corners)
    return Shape(np.stack([lon + far * np.cos(angles), lat + far * np.sin(angles)], axis=1))


def shapes(chance: np.random.Generator, count: int) -> list[Fence]:
    """Stars of many sizes, every third with a hole, every seventh of two parts."""
    found: list[Fence] = []
    while len(found) < count:
        lon, lat = 46 + chance.uniform(0, 0.3), 24 + chance.uniform(0, 0.3)
        shape = star(chance, lon, lat, int(chance.integers(4, 24)), float(chance.choice([0.001, 0.004, 0.02])))
        if shape.is_valid and len(found) % 3 == 0:
            shape = shape.difference(affinity.scale(shape, 0.3, 0.3, origin=(lon, lat)))
        if shape.is_valid and len(found) % 7 == 0:
            shape = shape.union(affinity.translate(shape, 0.05, 0.0))
        if shape.is_valid and isinstance(shape, Shape | MultiPolygon) and not shape.is_empty:
            found.append(Fence("z", "venue", shape=shape))
    return found


def adversarial(chance: np.random.Generator, fences: list[Fence]) -> Columns:
    """Vertices, points on edges, points level with a vertex, each with its 1-ulp neighbours; corners of cells; and anything."""
    parts = []
    for fence in fences:
        corners = shapely.get_coordinates(fence.shape)
        share = chance.uniform(0, 1, (len(corners) - 1, 1))
        parts += [corners, corners[1:] * share + corners[:-1] * (1 - share)]
        parts.append(np.stack([chance.choice(corners[:, 0], len(corners)), corners[:, 1]], axis=1))
    exact = np.concatenate(parts)
    moved = [np.stack([_ulps(exact[:, 0], dx), _ulps(exact[:, 1], dy)], axis=1) for dx in (-1, 0, 1) for dy in (-1, 0, 1)]
    cells = chance.integers(0, 600, (2_000, 2)) * 0.0005 + np.array([46.0, 24.0])
    anywhere = np.stack([chance.uniform(46, 46.3, 5_000), chance.uniform(24, 24.3, 5_000)], axis=1)
    return np.concatenate([*moved, cells, anywhere])


def _ulps(degrees: Columns, way: int) -> Columns:
    """The next number down or up, or the same."""
    return np.nextafter(degrees, way * 1e3) if way else degrees


def expected(fences: list[Fence], points: Columns) -> set[tuple[int, int]]:
    tree = shapely.STRtree([fence.shape for fence in fences])
    point, fence = tree.query(shapely.points(points), predicate="intersects")
    return set(zip(point.tolist(), fence.tolist(), strict=True))


def found(fences: list[Fence], points: Columns) -> set[tuple[int, int]]:
    pairs = CellIndex(fences).find(np.ascontiguousarray(points[:, 0]), np.ascontiguousarray(points[:, 1]))
    answer = list(zip(pairs.point.tolist(), pairs.fence.tolist(), strict=True))
    assert answer == sorted(set(answer)), "each pair once, by point, then fence"
    return set(answer)


@pytest.mark.parametrize("seed", [1, 2])
def test_the_index_answers_as_shapely_does_on_points_made_to_trip_it(seed: int) -> None:
    chance = np.random.default_rng(seed)
    fences = shapes(chance, 120)
    points = adversarial(chance, fences)
    assert len(points) > 30_000
    assert found(fences, points) == expected(fences, points)


@pytest.mark.long
def test_the_index_answers_as_shapely_does_on_a_million_points() -> None:
    chance = np.random.default_rng(9)
    fences = shapes(chance, 3_000)
    points = adversarial(chance, fences)
    assert found(fences, points) == expected(fences, points)


def test_a_boundary_counts_as_inside_and_a_hole_does_not() -> None:
    shape = Shape([(46.0, 24.0), (46.01, 24.0), (46.01, 24.01), (46.0, 24.01)], [[(46.004, 24.004), (46.006, 24.004), (46.006, 24.006)]])
    points = np.array([(46.0, 24.0), (46.005, 24.0), (46.005, 24.004), (46.0055, 24.0045), (46.002, 24.002), (45.9999, 24.002)])
    assert found([Fence("z", "venue", shape=shape)], points) == {(0, 0), (1, 0), (2, 0), (4, 0)}


def test_without_fences_no_point_is_in_any() -> None:
    assert found([], np.array([(46.0, 24.0)])) == set()


# --- circles ---------------------------------------------------------------------------------------------------------------------


def places(chance: np.random.Generator, most_m: float, count: int) -> Iterator[tuple[float, float, float, float, float]]:
    """Centres everywhere, the poles and the antimeridian among them, a place near each, and the exact distance."""
    for _ in range(count):
        lat = float(chance.choice([chance.uniform(-90, 90), 90 - 1e-4 * chance.random(), 0.0, LAT]))
        lon = float(chance.choice([chance.uniform(-180, 180), 180 - 1e-4 * chance.random()]))
        there = Geodesic.WGS84.Direct(lat, lon, chance.uniform(0, 360), chance.uniform(0, most_m))
        yield lon, lat, there["lon2"], there["lat2"], Geodesic.WGS84.Inverse(lat, lon, there["lat2"], there["lon2"])["s12"]


@pytest.mark.parametrize("most_m", [1_000.0, 50_000.0])
def test_distances_are_within_a_tenth_of_a_millimetre_of_the_exact_ones(most_m: float) -> None:
    for lon, lat, lon2, lat2, exact_m in places(np.random.default_rng(3), most_m, 500):
        assert abs(arc_m(centre(lon, lat), lon2, lat2) - exact_m) < 1e-4


@pytest.mark.parametrize(("lon", "lat"), [(LON, LAT), (180.0, -18.1), (-179.9999, 71.0), (0.0, 0.0), (20.0, 85.0)])
@pytest.mark.parametrize("radius_m", [30.0, 300.0, 20_000.0])
def test_a_circle_holds_what_is_within_its_radius_on_both_sides_of_the_antimeridian(lon: float, lat: float, radius_m: float) -> None:
    index = CellIndex([Fence("z", "approach", circle=Circle(lon, lat, radius_m))])
    for azimuth in range(0, 360, 15):
        for share, inside in ((0.0, True), (0.5, True), (0.999_999, True), (1.000_001, False), (1.5, False)):
            there = Geodesic.WGS84.Direct(lat, lon, azimuth, radius_m * share)
            pairs = index.find(np.array([there["lon2"]]), np.array([there["lat2"]]))
            assert bool(len(pairs.point)) is inside, (azimuth, share)


# --- a venue's fences ------------------------------------------------------------------------------------------------------------


def test_a_ring_that_says_nothing_is_a_circle_300_m_beyond_the_farthest_corner() -> None:
    (outline, ring), problems = fences_of((square(),), (Approach(),))
    assert (outline.zone, outline.kind, ring.zone, ring.kind, problems) == ("venue", "venue", "approach:near", "approach", [])
    assert ring.circle is not None
    assert ring.circle.radius_m == pytest.approx(300 + HALF_M * math.sqrt(2), abs=0.5)


def test_a_circle_may_have_a_centre_of_its_own() -> None:
    (_, ring), _ = fences_of((square(),), (Approach("gate", 80.0, at(200, 0)),))
    assert ring.circle == Circle(*at(200, 0), 80.0)


def test_without_an_outline_of_its_own_the_level_nearest_to_the_ground_stands_in() -> None:
    box = Polygon(((0.0, 0.0), (40.0, 0.0), (40.0, 25.0), (0.0, 25.0)))
    spots = (("F2", 1, LON), ("F1", 0, LON), ("B1", -1, LON + 0.001))
    levels = [Level(LevelId(name), ordinal, Names(name, name), (box,), anchor=Anchor(lon, LAT)) for name, ordinal, lon in spots]
    (outline, _), problems = fences_of((), (Approach(),), levels)
    assert problems == []
    assert outline.shape is not None
    assert outline.shape.bounds == pytest.approx((LON, LAT, *at(40, 25)), abs=1e-8)


def test_a_venue_nowhere_on_the_earth_has_no_fence() -> None:
    assert fences_of((), (Approach(),)) == ([], [])


BAD_OUTLINES = {
    "a longitude is 181.0": Polygon(((181.0, 0.0), (46.0, 24.0), (46.1, 24.0))),
    "a latitude is 89.0": Polygon(((46.0, 89.0), (46.0, 24.0), (46.1, 24.0))),
    "a latitude is nan": Polygon(((46.0, math.nan), (46.0, 24.0), (46.1, 24.0))),
    "1.1 degrees wide": Polygon(((46.0, 24.0), (47.1, 24.0), (46.5, 24.1))),
    "359.8 degrees wide": Polygon(((179.9, 0.0), (-179.9, 0.0), (-179.9, 0.1))),
    "Self-intersection": Polygon(((46.0, 24.0), (46.01, 24.01), (46.01, 24.0), (46.0, 24.01))),
    "a ring has 2 points": Polygon(((46.0, 24.0), (46.1, 24.0))),
}


@pytest.mark.parametrize("problem", BAD_OUTLINES)
def test_an_outline_that_cannot_be_right_leaves_the_venue_without_fences_and_says_why(problem: str) -> None:
    fences, problems = fences_of((BAD_OUTLINES[problem],), (Approach(),))
    assert fences == []
    assert problem in problems[0]


def test_a_ring_that_cannot_be_right_is_left_out_and_the_others_stand() -> None:
    rings = (Approach("far", 60_000.0), Approach("", 100.0), Approach("off", 100.0, (200.0, 0.0)), Approach("good", 100.0))
    fences, problems = fences_of((square(),), rings)
    assert [fence.zone for fence in fences] == ["venue", "approach:good"]
    assert [problem.split(":")[0] for problem in problems] == ["approach far", "approach", "approach off"]


def test_fences_too_far_from_one_another_cannot_be_watched_together() -> None:
    fences, _ = fences_of((square(),), (Approach("other", 100.0, (LON + 2, LAT)),))
    with pytest.raises(Unusable, match="all fences together"):
        around(fences, WATCH_M)


# --- matching --------------------------------------------------------------------------------------------------------------------


def test_points_are_measured_against_all_fences_of_the_venues_they_are_near() -> None:
    places_m = [(HALF_M, 110.0), (HALF_M, 130.0), (-310.0, 60.0), (HALF_M, -5_000.0)]
    spots = np.array([at(*place) for place in places_m])
    near = book().match(np.ascontiguousarray(spots[:, 0]), np.ascontiguousarray(spots[:, 1]))
    assert near.point.tolist() == [0, 0, 1, 1, 2, 2]
    assert near.fence.tolist() == [0, 1] * 3
    assert near.signed_m.tolist() == pytest.approx([10, 310, -10, 290, -310, -10], rel=0.002)


def test_a_point_on_the_border_is_inside_and_its_neighbour_is_not() -> None:
    lon, lat = at(HALF_M, 0.0)
    spots = np.array([(lon, lat), (lon, np.nextafter(lat, 0))])
    near = book().match(np.ascontiguousarray(spots[:, 0]), np.ascontiguousarray(spots[:, 1]))
    outline = near.signed_m[near.fence == 0]
    assert np.signbit(outline).tolist() == [False, True]


def test_venues_are_matched_each_by_itself() -> None:
    other = dataclasses.replace(outdoors(), id=VenueId("next-door"))
    near = book(outdoors(), other).match(*(np.array([value]) for value in at(HALF_M, 60.0)))
    assert near.fence.tolist() == [0, 1, 3, 4]
