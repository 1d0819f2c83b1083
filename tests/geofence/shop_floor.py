"""A shop with shoppers who come, go through zones and leave: zone events and visits as the pipeline writes them, made by chance."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from floorplans import queries as floorplan_queries
from floorplans.model import Venue
from geofence import queries
from groundwork.contracts.ids import (
    DeviceId,
    LevelId,
    PlanVersionId,
    Pseudonym,
    ShopperId,
    TenantId,
    Track,
    VenueId,
    VisitId,
    ZoneEventId,
    ZoneId,
)
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent, ZoneEventKind
from groundwork.people import queries as people_queries
from groundwork.people.model import POSITIONING
from groundwork.plumbing.ids import stable_id
from tests.geofence.venues import START_MS, TENANT, VENUE, names

RIYADH = "Asia/Riyadh"
ZONES = ("dairy", "bread", "tea")
DAY_MS = 86_400_000


def open_shop(conn: Connection, tenant: str = TENANT, venue: str = VENUE, time_zone: str = RIYADH) -> None:
    """The tenant and the venue, with nobody in it."""
    if TenantId(tenant) not in {known.id for known in people_queries.tenants(conn)}:
        people_queries.add_tenant(conn, tenant=TenantId(tenant), name_ar="متجر", name_en=tenant, salt=bytes(32), now_ms=START_MS)
    floorplan_queries.add_venue(conn, Venue(VenueId(venue), TenantId(tenant), names("shop"), time_zone), START_MS)


def sign_up(conn: Connection, number: int, purposes: Sequence[str] = (POSITIONING,), tenant: str = TENANT) -> Pseudonym:
    """A shopper who consents to these purposes."""
    shopper, device = ShopperId(f"shopper-{number}"), DeviceId(f"device-{number}")
    key = number.to_bytes(32, "big")
    signed = people_queries.sign_up(
        conn, tenant=TenantId(tenant), shopper=shopper, device=device, shopper_key=key, enrolment=number, language="ar", now_ms=START_MS
    )
    for purpose in purposes:
        answer(conn, number, purpose, True, tenant)
    return signed.pseudonym


def answer(conn: Connection, number: int, purpose: str, granted: bool, tenant: str = TENANT) -> None:
    """Her yes or no."""
    people_queries.record_consent(
        conn,
        tenant=TenantId(tenant),
        shopper=ShopperId(f"shopper-{number}"),
        purpose=purpose,
        granted=granted,
        text_version="1",
        source="app",
        at_ms=START_MS,
    )


@dataclass(frozen=True, slots=True)
class Stayed:
    """What one visit led to, in the order of time."""

    events: list[ZoneEvent]
    began: Visit
    ended: Visit


def zone_event(
    shopper: Pseudonym, kind: ZoneEventKind, zone: str, start_ms: int, at_ms: int, visit: Visit, *, late: bool = False
) -> ZoneEvent:
    return ZoneEvent(
        id=ZoneEventId(stable_id(visit.tenant, visit.track, zone, kind, 0, start_ms)),
        tenant=visit.tenant,
        venue=visit.venue,
        level=LevelId("floor"),
        zone=ZoneId(zone),
        zone_kind="aisle",
        kind=kind,
        shopper=shopper,
        track=visit.track,
        visit=visit.id,
        at_ms=at_ms,
        stay_start_ms=start_ms,
        decided_ms=at_ms,
        probability=0.95,
        plan_version=PlanVersionId("v1"),
        late=late,
    )


def visit_of(shopper: Pseudonym, start_ms: int, tenant: str = TENANT, venue: str = VENUE) -> Visit:
    track = Track(int(shopper, 16) or 1)
    return Visit(
        id=VisitId(stable_id(tenant, track, venue, start_ms)),
        tenant=TenantId(tenant),
        venue=VenueId(venue),
        shopper=shopper,
        track=track,
        start_ms=start_ms,
    )


def went(shopper: Pseudonym, start_ms: int, path: Sequence[tuple[str, int]], tenant: str = TENANT, venue: str = VENUE) -> Stayed:
    """A visit through these zones, each for so many seconds, with ten seconds between them."""
    began = visit_of(shopper, start_ms, tenant, venue)
    events, at_ms = [], start_ms
    for zone, seconds in path:
        end_ms = at_ms + seconds * 1000
        events += [zone_event(shopper, "enter", zone, at_ms, at_ms, began), zone_event(shopper, "exit", zone, at_ms, end_ms, began)]
        at_ms = end_ms + 10_000
    return Stayed(events, began, replace_end(began, at_ms))


def replace_end(visit: Visit, end_ms: int) -> Visit:
    return Visit(**{name: getattr(visit, name) for name in visit.__struct_fields__ if name != "end_ms"}, end_ms=end_ms)


def keep(conn: Connection, visits: Sequence[Stayed]) -> None:
    """Writes them as one commit of the pipeline does."""
    queries.add_zone_events(conn, [event for one in visits for event in one.events])
    queries.add_visits(conn, [one.began for one in visits])
    queries.add_visits(conn, [one.ended for one in visits])


def by_chance(seed: int, shoppers: Sequence[Pseudonym], days: int = 2, visits: int = 3) -> Iterator[Stayed]:
    """Some visits of each shopper, at any hour, some over midnight."""
    chance = random.Random(seed)
    for shopper in shoppers:
        for _ in range(visits):
            start_ms = START_MS + chance.randrange(days * DAY_MS // 1000) * 1000
            path = [(chance.choice(ZONES), chance.choice((3, 20, 90, 400, 2_000))) for _ in range(chance.randrange(1, 6))]
            yield went(shopper, start_ms, path)
