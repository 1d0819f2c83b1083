"""What happened in a venue, in the order of its chronicle: what every follower reads. `chronicle.py` gives the numbers."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, select

from geofence.queries.zone_events import event_of, visit_of
from geofence.tables import VisitRow, ZoneEventRow
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent


class Happening(NamedTuple):
    """One zone event, or the beginning or the end of a visit."""

    number: int
    what: ZoneEvent | Visit
    ended: bool = False
    """Of a visit: whether this is its end."""

    @property
    def zone_event(self) -> ZoneEvent | None:
        return self.what if isinstance(self.what, ZoneEvent) else None

    @property
    def visit(self) -> Visit | None:
        return self.what if isinstance(self.what, Visit) else None


def happened(conn: Connection, tenant: TenantId, venue: VenueId, after: int, limit: int) -> list[Happening]:
    """Up to `limit` of what follows number `after`, in order."""
    found = [*_zone_events(conn, tenant, venue, after, limit), *_visits(conn, tenant, venue, after, limit)]
    return sorted(found, key=_number)[:limit]


def zone_events_after(conn: Connection, tenant: TenantId, venue: VenueId, after: int, limit: int) -> list[Happening]:
    """Up to `limit` zone events that follow number `after`, in order."""
    return list(_zone_events(conn, tenant, venue, after, limit))


def happened_between(
    conn: Connection, tenant: TenantId, venue: VenueId, from_ms: int, to_ms: int, after: int, limit: int
) -> list[Happening]:
    """Up to `limit` of what follows number `after` and was true at `from_ms` or later and before `to_ms`, in order."""
    row, visit = ZoneEventRow, VisitRow
    events = select(row.__table__).where(
        row.tenant == tenant, row.venue == venue, row.number > after, row.at_ms >= from_ms, row.at_ms < to_ms
    )
    found = [Happening(one.number, event_of(one)) for one in conn.execute(events.order_by(row.number).limit(limit))]
    for number, at_ms, ended in ((visit.number, visit.start_ms, False), (visit.end_number, visit.end_ms, True)):
        mine = (visit.tenant == tenant, visit.venue == venue, number > after, at_ms >= from_ms, at_ms < to_ms)
        rows = conn.execute(select(visit.__table__).where(*mine).order_by(number).limit(limit))
        found += [Happening(one.end_number if ended else one.number, visit_of(one), ended) for one in rows]
    return sorted(found, key=_number)[:limit]


def _zone_events(conn: Connection, tenant: TenantId, venue: VenueId, after: int, limit: int) -> Iterable[Happening]:
    row = ZoneEventRow
    wanted = select(row.__table__).where(row.tenant == tenant, row.venue == venue, row.number > after)
    return [Happening(found.number, event_of(found)) for found in conn.execute(wanted.order_by(row.number).limit(limit))]


def _visits(conn: Connection, tenant: TenantId, venue: VenueId, after: int, limit: int) -> Iterable[Happening]:
    row = VisitRow
    mine = select(row.__table__).where(row.tenant == tenant, row.venue == venue)
    began = conn.execute(mine.where(row.number > after).order_by(row.number).limit(limit))
    ended = conn.execute(mine.where(row.end_number > after).order_by(row.end_number).limit(limit))
    found = [Happening(one.number, visit_of(one)) for one in began]
    return [*found, *(Happening(one.end_number, visit_of(one), ended=True) for one in ended)]


def _number(happening: Happening) -> int:
    return happening.number
