"""A shop on the earth with a door to the north, reports of a phone on its way there, and an engine fed by hand."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from floorplans.earth import degree_at
from floorplans.model import Approach, Plan, Polygon, Venue
from geofence.columns import Columns
from geofence.outdoor.engine import Outcome, OutdoorEngine
from geofence.outdoor.fences import fences_of
from geofence.outdoor.matching import FenceBook, VenueFences
from geofence.outdoor.reported import OpenVisit, Reported, ReportedHeader
from geofence.outdoor.settings import Settings
from groundwork.contracts.ids import Pseudonym, TenantId, Track
from groundwork.plumbing.ids import stable_id
from tests.geofence.venues import START_MS, two_rooms

LON, LAT = 46.675, 24.713
DEGREE = degree_at(LAT)
HALF_M = 60.0
TENANT = TenantId("tamim")
LAYLA = Pseudonym("1a" * 8)
PHONE, TABLET = Track(7), Track(8)

Report = tuple[float, float, float]
"""Seconds after the start, metres north of the shop's southern wall (it is 120 m square), accuracy in metres."""


def at(east_m: float, north_m: float) -> tuple[float, float]:
    """A place near the shop's south-western corner."""
    return LON + east_m / DEGREE.east_m, LAT + north_m / DEGREE.north_m


def square(side_m: float = 2 * HALF_M, east_m: float = 0.0, north_m: float = 0.0) -> Polygon:
    corners = ((0.0, 0.0), (side_m, 0.0), (side_m, side_m), (0.0, side_m))
    return Polygon(tuple(at(east_m + x, north_m + y) for x, y in corners))


RING = Approach("near", polygons=(square(2 * HALF_M + 600, -300, -300),))
"""300 m around the shop on every side."""


def outdoors(plan: Plan | None = None, rings: Sequence[Approach] = (RING,)) -> Venue:
    """The shop, on the earth."""
    return dataclasses.replace((plan or two_rooms(tenant=TENANT)).venue, outline=(square(),), approaches=tuple(rings))


def book(*venues: Venue) -> FenceBook:
    found = []
    for venue in venues or (outdoors(),):
        fences, problems = fences_of(venue.outline, venue.approaches)
        assert not problems
        found.append(VenueFences(venue.id, two_rooms().version, tuple(fences)))
    return FenceBook(found)


BOOK = book()


def reported(
    lon: Columns,
    lat: Columns,
    accuracy_m: Columns,
    at_ms: Columns,
    *,
    track: Track = PHONE,
    visits: Sequence[OpenVisit] = (),
    of: FenceBook = BOOK,
) -> Reported:
    """The entry that ingest would write."""
    near = of.match(np.ascontiguousarray(lon, np.float64), np.ascontiguousarray(lat, np.float64))
    used, fence = np.unique(near.fence, return_inverse=True)
    header = ReportedHeader(
        kind="reports",
        tenant=TENANT,
        shopper=LAYLA,
        track=track,
        admitted_ms=int(np.max(at_ms)),
        fences=[of.refs[one] for one in used.tolist()],
        visits=list(visits),
        reports=len(lon),
        rows=len(near.point),
    )
    return Reported(
        header, np.asarray(at_ms, np.int64), np.asarray(accuracy_m, np.float32), near.signed_m, near.point, fence.astype(np.int64)
    )


def walked(reports: Sequence[Report], *, track: Track = PHONE, visits: Sequence[OpenVisit] = (), of: FenceBook = BOOK) -> Reported:
    """Reports on the line through the middle of the shop."""
    places = [at(HALF_M, north) for _, north, _ in reports]
    times = [START_MS + round(1_000 * s) for s, _, _ in reports]
    columns = ([lon for lon, _ in places], [lat for _, lat in places], [m for _, _, m in reports], times)
    return reported(*map(np.array, columns), track=track, visits=visits, of=of)


def line(
    from_m: float, until_m: float, speed_m_s: float, *, start_s: float = 0.0, every_s: float = 1.0, accuracy_m: float = 5.0
) -> list[Report]:
    """A phone that moves north."""
    steps = int(abs(until_m - from_m) / (speed_m_s * every_s)) + 1
    way = 1 if until_m >= from_m else -1
    return [(start_s + n * every_s, from_m + way * n * every_s * speed_m_s, accuracy_m) for n in range(steps)]


def still(at_m: float, seconds: float, *, start_s: float = 0.0, every_s: float = 1.0, accuracy_m: float = 5.0) -> list[Report]:
    return [(start_s + n * every_s, at_m, accuracy_m) for n in range(int(seconds / every_s))]


def new_engine(settings: Settings | None = None) -> OutdoorEngine:
    return OutdoorEngine(settings or Settings(), stable_id)


def fed(reports: Sequence[Report], *, settings: Settings | None = None, batch: int = 50, engine: OutdoorEngine | None = None) -> Outcome:
    """What all of the reports led to, sent in batches."""
    engine = engine or new_engine(settings)
    return together([engine.feed(walked(reports[start : start + batch])) for start in range(0, len(reports), batch)])


def together(outcomes: Sequence[Outcome]) -> Outcome:
    whole = Outcome()
    for one in outcomes:
        whole.events += one.events
        whole.visits += one.visits
        whole.arrivals += one.arrivals
        whole.used += one.used
        whole.refused.update(one.refused)
    return whole


def kinds(outcome: Outcome) -> list[str]:
    """`enter approach:near`, in order."""
    return [f"{event.kind} {event.zone}" for event in outcome.events]
