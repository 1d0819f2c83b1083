"""What happened in zones, and visits, in the database: the only SQL of this package.

Everything is written under an id made of what happened, so writing it again changes nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, select, update

from geofence.queries.chronicle import allot
from geofence.queries.webhooks import forget_deliveries
from geofence.tables import ArrivalRow, ForgettingRow, VisitRow, ZoneEventRow
from groundwork.contracts.ids import LevelId, PlanVersionId, Pseudonym, TenantId, Track, VenueId, VisitId, ZoneEventId, ZoneId
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people.holding import Person, Rows
from groundwork.plumbing.db import delete_some, insert_all_once, page_of

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_END_VISIT = (
    update(VisitRow)
    .where(VisitRow.tenant == bindparam("b_tenant"), VisitRow.id == bindparam("b_id"), VisitRow.end_ms.is_(None))
    .values(end_ms=bindparam("b_end_ms"), end_number=bindparam("b_end_number"))
)
_BY_SHOPPER: Final[Mapping[str, type[ZoneEventRow] | type[VisitRow] | type[ArrivalRow]]] = {
    "zone_event": ZoneEventRow,
    "visit": VisitRow,
    "arrival": ArrivalRow,
}
_EVENT_COLUMNS = tuple(column.name for column in ZoneEventRow.__table__.columns if column.name not in ("number", "measured"))


class Forgetting(NamedTuple):
    """One venue's part in forgetting a shopper."""

    venue: VenueId
    rows: int
    done_ms: int | None


def add_zone_events(conn: Connection, events: Sequence[ZoneEvent]) -> None:
    """Keeps the events that are not kept yet, numbered in the chronicle of their venue."""
    numbers = allot(conn, [(event.tenant, event.venue) for event in events])
    rows = [
        {"number": number, "measured": None, **{name: _value(event, name) for name in _EVENT_COLUMNS}}
        for number, event in zip(numbers, events, strict=True)
    ]
    insert_all_once(conn, ZoneEventRow, rows)


def add_visits(conn: Connection, visits: Sequence[Visit]) -> None:
    """Keeps visits that began, and the ends of those that ended; an end, once known, stays. Both are numbered as zone events are."""
    numbers = allot(conn, [(visit.tenant, visit.venue) for visit in visits for _ in range(2)])
    numbered = list(zip(visits, numbers[::2], numbers[1::2], strict=True))
    insert_all_once(conn, VisitRow, [_of_visit(visit, number, None) for visit, number, _ in numbered if visit.end_ms is None])
    for visit, number, end_number in numbered:
        if visit.end_ms is not None:
            end = {"b_tenant": visit.tenant, "b_id": visit.id, "b_end_ms": visit.end_ms, "b_end_number": end_number}
            if conn.execute(_END_VISIT, end).rowcount == 0:
                insert_all_once(conn, VisitRow, [_of_visit(visit, number, end_number)])


def end_visits(conn: Connection, visits: Sequence[Visit]) -> None:
    """Ends those of the visits that have ended and whose beginning is kept; keeps nothing new, and tells no follower."""
    for visit in visits:
        if visit.end_ms is not None:
            end = {"b_tenant": visit.tenant, "b_id": visit.id, "b_end_ms": visit.end_ms, "b_end_number": None}
            conn.execute(_END_VISIT, end)


def zone_events(conn: Connection, tenant: TenantId, venue: VenueId, *, after_ms: int = -1, limit: int = 1_000_000) -> list[ZoneEvent]:
    """The venue's events later than `after_ms`, by time, then device, then id."""
    row = ZoneEventRow
    wanted = select(row.__table__).where(row.tenant == tenant, row.venue == venue, row.at_ms > after_ms)
    return [event_of(found) for found in conn.execute(wanted.order_by(row.at_ms, row.track, row.id).limit(limit))]


def zone_event(conn: Connection, tenant: TenantId, event: ZoneEventId) -> ZoneEvent | None:
    """The event, or None."""
    found = conn.execute(select(ZoneEventRow.__table__).where(ZoneEventRow.tenant == tenant, ZoneEventRow.id == event)).one_or_none()
    return event_of(found) if found else None


def visits(conn: Connection, tenant: TenantId, venue: VenueId) -> list[Visit]:
    """The venue's visits, by start, then device."""
    row = VisitRow
    wanted = select(row.__table__).where(row.tenant == tenant, row.venue == venue)
    return [visit_of(found) for found in conn.execute(wanted.order_by(row.start_ms, row.track))]


def erase(conn: Connection, tenant: TenantId, shopper: Pseudonym) -> int:
    """Removes everything kept of the shopper; returns how many rows that were."""
    tables = (ZoneEventRow, VisitRow, ArrivalRow)
    rows = sum(conn.execute(delete(row).where(row.tenant == tenant, row.shopper == shopper)).rowcount for row in tables)
    return rows + forget_deliveries(conn, tenant, shopper)


def tell_to_forget(conn: Connection, tenant: TenantId, erasure: str, venues: Sequence[VenueId], now_ms: int) -> None:
    """Notes which venues' logs are told to forget the shopper of this erasure; without any, that there was nobody to tell."""
    row = {"tenant": tenant, "erasure_id": erasure, "rows": 0}
    rows = [{**row, "venue": venue, "done_ms": None} for venue in venues] or [{**row, "venue": "", "done_ms": now_ms}]
    insert_all_once(conn, ForgettingRow, rows)


def forgettings(conn: Connection, tenant: TenantId, erasure: str) -> list[Forgetting]:
    """How far each venue has come with forgetting the shopper of this erasure."""
    row = ForgettingRow
    wanted = select(row.venue, row.rows, row.done_ms).where(row.tenant == tenant, row.erasure_id == erasure)
    return [Forgetting(VenueId(found.venue), found.rows, found.done_ms) for found in conn.execute(wanted.order_by(row.venue))]


def forgotten(conn: Connection, tenant: TenantId, erasure: str, venue: VenueId, shopper: Pseudonym, now_ms: int) -> None:
    """The venue's engine has forgotten her; removes what is written of her, and notes both, in the commit that moves its position."""
    this = (ForgettingRow.tenant == tenant, ForgettingRow.erasure_id == erasure, ForgettingRow.venue == venue)
    rows = erase(conn, tenant, shopper)
    conn.execute(update(ForgettingRow).where(*this).values(rows=ForgettingRow.rows + rows, done_ms=now_ms))


def withdrew(conn: Connection, tenant: TenantId, venue: VenueId | None, shopper: Pseudonym, now_ms: int) -> list[Visit]:
    """Ends her visits of the venue, or all that only outside knew of; returns them. Nothing new is kept, and no follower is told."""
    row = VisitRow
    mine = (row.tenant == tenant, row.shopper == shopper, row.end_ms.is_(None))
    heard = select(ArrivalRow.visit).where(ArrivalRow.tenant == tenant, ArrivalRow.shopper == shopper, ArrivalRow.heard_ms.is_(None))
    here = row.id.in_(heard) if venue is None else row.venue == venue
    found = [visit_of(one) for one in conn.execute(select(row.__table__).where(*mine, here).order_by(row.start_ms, row.id))]
    ended = [msgspec.structs.replace(visit, end_ms=max(visit.start_ms, now_ms)) for visit in found]
    end_visits(conn, ended)
    if venue is None:
        left = (ArrivalRow.tenant == tenant, ArrivalRow.shopper == shopper, ArrivalRow.state != "left")
        conn.execute(update(ArrivalRow).where(*left).values(state="left", since_ms=now_ms, arrives_ms=None))
    return ended


def end_forgetting(conn: Connection, tenant: TenantId, erasure: str) -> None:
    """Removes the notes on an erasure that is through here."""
    conn.execute(delete(ForgettingRow).where(ForgettingRow.tenant == tenant, ForgettingRow.erasure_id == erasure))


def held(table: str) -> Rows:
    """Finds a shopper's rows of the table, page by page."""

    def rows(conn: Connection, person: Person, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        row = _BY_SHOPPER[table]
        return page_of(conn, row, (row.tenant == person.tenant, row.shopper == person.pseudonym), offset, limit)

    return rows


def sweep_zone_events(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Removes some of the events before `before_ms`; returns how many."""
    return delete_some(conn, ZoneEventRow, (ZoneEventRow.tenant == tenant, ZoneEventRow.at_ms < before_ms), limit)


def sweep_visits(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Removes some of the visits that began before `before_ms`, ended or not; returns how many."""
    return delete_some(conn, VisitRow, (VisitRow.tenant == tenant, VisitRow.start_ms < before_ms), limit)


def _of_visit(visit: Visit, number: int, end_number: int | None) -> dict[str, object]:
    row = {"tenant": visit.tenant, "id": visit.id, "venue": visit.venue, "shopper": visit.shopper, "track": str(visit.track)}
    return {**row, "start_ms": visit.start_ms, "end_ms": visit.end_ms, "number": number, "end_number": end_number, "measured": None}


def _value(event: ZoneEvent, name: str) -> object:
    return str(event.track) if name == "track" else getattr(event, name)


def event_of(row: AnyRow) -> ZoneEvent:
    """The zone event of its row."""
    return ZoneEvent(
        id=ZoneEventId(row.id),
        tenant=TenantId(row.tenant),
        venue=VenueId(row.venue),
        level=LevelId(row.level),
        zone=ZoneId(row.zone),
        zone_kind=row.zone_kind,
        kind=row.kind,
        dwell_s=row.dwell_s,
        shopper=Pseudonym(row.shopper),
        track=Track(int(row.track)),
        visit=VisitId(row.visit),
        at_ms=row.at_ms,
        stay_start_ms=row.stay_start_ms,
        decided_ms=row.decided_ms,
        probability=row.probability,
        plan_version=PlanVersionId(row.plan_version),
        late=row.late,
        uncertain=row.uncertain,
        arrives_ms=row.arrives_ms,
    )


def visit_of(row: AnyRow) -> Visit:
    """The visit of its row."""
    return Visit(
        id=VisitId(row.id),
        tenant=TenantId(row.tenant),
        venue=VenueId(row.venue),
        shopper=Pseudonym(row.shopper),
        track=Track(int(row.track)),
        start_ms=row.start_ms,
        end_ms=row.end_ms,
    )
