"""Outside: GPS positions a second against 10,000 fences, 500 a request, from points to enters and exits.

Goal: at least 10 times the plain loop, which asks shapely's tree once a position and keeps sets, as Tile38's fences do (no debouncing, no
distances). Beside the whole way also the exact matching alone, against shapely's tree asked in bulk, and how long one request takes.
Phones walk about their shop and in and out of its fences; half of them are anywhere in the province. Absolute figures are the machine's.
"""

import math
import time
from typing import Final, NamedTuple

import numpy as np
import shapely

from benchmarks.table import Figure, Table, spread
from floorplans.earth import degree_at
from floorplans.model import Approach, Polygon
from geofence.columns import Columns, Floats
from geofence.intake.admit import ranked
from geofence.outdoor.cell_index import CellIndex
from geofence.outdoor.engine import OutdoorEngine
from geofence.outdoor.fences import Fence, fences_of
from geofence.outdoor.matching import FenceBook, VenueFences
from geofence.outdoor.reported import Reported, ReportedHeader, decode, encode
from geofence.outdoor.settings import Settings
from groundwork.contracts.ids import PlanVersionId, Pseudonym, TenantId, Track, VenueId
from groundwork.plumbing.ids import stable_id

SEED: Final = 38
VENUES: Final = 5_000
"""Each with an outline and a ring: 10,000 fences."""
BATCH: Final = 500
START_MS: Final = 1_793_516_400_000
_LON, _LAT = 46.0, 24.0
_LAND_DEG: Final = 2.0
"""Side of the land they are spread over: a province, one shop on 9 km2."""


class Town(NamedTuple):
    """Venues, their fences as shapely has them, and what phones say, a request each."""

    book: FenceBook
    fences: list[Fence]
    requests: list[tuple[Floats, Floats, Columns]]
    """Longitudes, latitudes, times in ms."""


def measured(quick: bool) -> Table:
    """The table."""
    chance = np.random.default_rng(SEED)
    town = _town(chance, 20 if quick else 60)
    whole, longest = _whole(town)
    plain = _plain(town, 4 if quick else 10)
    index, tree = CellIndex(town.fences), shapely.STRtree([fence.shape for fence in town.fences])
    matched, bulk = [], []
    for lon, lat, _ in town.requests:
        began = time.process_time()
        index.find(lon, lat)
        halfway = time.process_time()
        tree.query(shapely.points(lon, lat), predicate="intersects")
        matched.append(BATCH / max(halfway - began, 1e-9))
        bulk.append(BATCH / max(time.process_time() - halfway, 1e-9))
    figures = [
        Figure("positions, to zone events", spread(whole).p50, "1/s", "plain loop", spread(plain).p50, goal=">= 10 x"),
        Figure("exact matching alone", spread(matched).p50, "1/s", "shapely, in bulk", spread(bulk).p50),
        Figure("one request", spread(longest).p50 * 1e3, "ms", p95=spread(longest).p95 * 1e3),
    ]
    return Table("outdoor", f"{2 * VENUES:,} fences, {BATCH} positions a request of one phone, processor time of one core", figures)


def _town(chance: np.random.Generator, requests: int) -> Town:
    degree = degree_at(_LAT)
    corners = chance.uniform((_LON, _LAT), (_LON + _LAND_DEG, _LAT + _LAND_DEG), (VENUES, 2))
    venues, fences = [], []
    for at, (lon, lat) in enumerate(corners.tolist()):
        rings = (Approach("near", polygons=(_star(chance, lon, lat, 250.0),)),)
        found, problems = fences_of((_star(chance, lon, lat, 60.0),), rings)
        if not problems:
            venues.append(VenueFences(VenueId(f"v{at}"), PlanVersionId("1"), tuple(found)))
            fences += found
    walks = []
    for one in range(requests):
        home = corners[int(chance.integers(VENUES))] if one % 2 else chance.uniform(_LON, _LON + _LAND_DEG, 2) - (0, _LON - _LAT)
        steps = np.cumsum(chance.normal(0, 6.0, (BATCH, 2)), axis=0)
        lon, lat = home[0] + steps[:, 0] / degree.east_m, home[1] + steps[:, 1] / degree.north_m
        walks.append((np.ascontiguousarray(lon), np.ascontiguousarray(lat), START_MS + 5_000 * np.arange(BATCH)))
    return Town(FenceBook(venues), fences, walks)


def _star(chance: np.random.Generator, lon: float, lat: float, radius_m: float) -> Polygon:
    """8 to 24 corners at changing distances."""
    degree, corners = degree_at(lat), int(chance.integers(8, 25))
    angles = np.arange(corners) * 2 * math.pi / corners
    far = radius_m * chance.uniform(0.7, 1.0, corners)
    return Polygon(
        tuple(
            zip((lon + far * np.cos(angles) / degree.east_m).tolist(), (lat + far * np.sin(angles) / degree.north_m).tolist(), strict=True)
        )
    )


def _whole(town: Town) -> tuple[list[float], list[float]]:
    """Positions a second from points to zone events, the log's bytes there and back among it; and seconds a request."""
    engine, taken = OutdoorEngine(Settings(), stable_id), []
    for at, request in enumerate([town.requests[0], *town.requests]):
        began = time.process_time()
        engine.feed(decode(encode(_entry(town.book, at, *request))))
        taken.append(time.process_time() - began)
    return [BATCH / max(one, 1e-9) for one in taken[1:]], taken[1:]


def _entry(book: FenceBook, phone: int, lon: Floats, lat: Floats, at_ms: Columns) -> Reported:
    near = book.match(lon, lat)
    used, fence = ranked(near.fence, len(book.refs))
    header = ReportedHeader(
        kind="reports",
        tenant=TenantId("t"),
        shopper=Pseudonym(f"{phone:016x}"),
        track=Track(phone + 1),
        admitted_ms=int(at_ms[-1]),
        fences=[book.refs[one] for one in used.tolist()],
        reports=len(lon),
        rows=len(near.point),
    )
    return Reported(header, at_ms, np.full(len(lon), 8.0, np.float32), near.signed_m, near.point, fence)


def _plain(town: Town, requests: int) -> list[float]:
    """Positions a second of a loop that asks the tree for each and compares sets."""
    shapes = [fence.shape for fence in town.fences]
    tree, rates = shapely.STRtree(shapes), []
    shapely.prepare(shapes)
    for lon, lat, _ in town.requests[:requests]:
        inside: set[int] = set()
        changes = 0
        began = time.process_time()
        for x, y in zip(lon.tolist(), lat.tolist(), strict=True):
            now = set(tree.query(shapely.Point(x, y), predicate="intersects").tolist())
            changes += len(now ^ inside)
            inside = now
        rates.append(BATCH / max(time.process_time() - began, 1e-9))
    return rates
