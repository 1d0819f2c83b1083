"""Arrivals in the database: each visit as seen from outside, and which visits a shopper is on as her phone reports."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, func, or_, select, update

from geofence.tables import ArrivalRow, VisitRow
from groundwork.contracts.ids import Pseudonym, TenantId, Track, VenueId, VisitId
from groundwork.plumbing.db import delete_some, insert_all_once

_UNENDED_MS: Final = 43_200_000
"""A visit that began twelve hours ago and never ended is not gone on with."""
_STAND = (
    update(ArrivalRow)
    .where(ArrivalRow.tenant == bindparam("b_tenant"), ArrivalRow.visit == bindparam("b_visit"), ArrivalRow.since_ms <= bindparam("b_ms"))
    .values(state=bindparam("b_state"), since_ms=bindparam("b_ms"), arrives_ms=bindparam("b_arrives"))
)


class Standing(NamedTuple):
    """How a visit stands as seen from outside, since `at_ms`."""

    tenant: TenantId
    venue: VenueId
    visit: VisitId
    shopper: Pseudonym
    track: Track
    state: str
    """`approaching`, `arrived` or `left`."""
    at_ms: int
    arrives_ms: int | None = None


class OnVisit(NamedTuple):
    """A visit that goes on, or ended a moment ago."""

    venue: VenueId
    visit: VisitId
    start_ms: int


class Counts(NamedTuple):
    """How many shoppers there are outside a venue, and when those who are on their way are expected."""

    approaching: int
    arrived: int
    arrives_ms: list[int]


def set_standings(conn: Connection, standings: Sequence[Standing]) -> None:
    """Brings each visit up to what is said of it, in order; an older word never undoes a newer one."""
    for one in standings:
        row = {"tenant": one.tenant, "visit": one.visit, "venue": one.venue, "shopper": one.shopper, "track": str(one.track)}
        insert_all_once(conn, ArrivalRow, [{**row, "state": one.state, "since_ms": one.at_ms, "arrives_ms": one.arrives_ms}])
        _stand(conn, one)


def set_left(conn: Connection, standings: Sequence[Standing]) -> None:
    """Brings visits that are known up to what is said of them; makes no row of any other."""
    for one in standings:
        _stand(conn, one)


def _stand(conn: Connection, one: Standing) -> None:
    said = {"b_tenant": one.tenant, "b_visit": one.visit, "b_ms": one.at_ms, "b_state": one.state, "b_arrives": one.arrives_ms}
    conn.execute(_STAND, said)


def visits_on(
    conn: Connection, tenant: TenantId, shopper: Pseudonym, venues: Collection[VenueId], now_ms: int, ago_ms: int
) -> list[OnVisit]:
    """Her visits in these venues that go on, or ended less than `ago_ms` ago; of each venue the newest."""
    row = VisitRow
    lasts = or_(row.end_ms > now_ms - ago_ms, row.end_ms.is_(None))
    wanted = select(row.venue, row.id, row.start_ms).where(row.tenant == tenant, row.shopper == shopper, row.venue.in_(sorted(venues)))
    found = conn.execute(wanted.where(lasts, row.start_ms > now_ms - _UNENDED_MS).order_by(row.start_ms, row.id))
    newest = {VenueId(one.venue): OnVisit(VenueId(one.venue), VisitId(one.id), one.start_ms) for one in found}
    return [newest[venue] for venue in sorted(newest)]


def set_heard(conn: Connection, tenant: TenantId, visit: VisitId, at_ms: int) -> None:
    """Notes that she is heard inside on this visit: it ends inside, too. One that her silent phone had ended goes on."""
    this = (ArrivalRow.tenant == tenant, ArrivalRow.visit == visit, ArrivalRow.heard_ms.is_(None))
    if conn.execute(update(ArrivalRow).where(*this).values(heard_ms=at_ms)).rowcount:
        conn.execute(update(VisitRow).where(VisitRow.tenant == tenant, VisitRow.id == visit).values(end_ms=None, end_number=None))


def unheard(conn: Connection, tenant: TenantId, visits: Collection[VisitId]) -> frozenset[VisitId]:
    """Those of the visits on which nobody has heard her inside: only these end outside."""
    mine = (ArrivalRow.tenant == tenant, ArrivalRow.visit.in_(sorted(visits)), ArrivalRow.heard_ms.is_not(None))
    return frozenset(visits) - set(map(VisitId, conn.scalars(select(ArrivalRow.visit).where(*mine))))


def counts(conn: Connection, tenant: TenantId, venue: VenueId, since_ms: int) -> Counts:
    """How it stands outside a venue; each shopper once. What has not been heard of since `since_ms` is over."""
    row = ArrivalRow
    here = (row.tenant == tenant, row.venue == venue, row.since_ms > since_ms)
    wanted = select(row.state, func.count(row.shopper.distinct()).label("count")).where(*here).group_by(row.state)
    found = {one.state: int(one[1]) for one in conn.execute(wanted)}
    expected = select(func.min(row.arrives_ms)).where(*here, row.state == "approaching", row.arrives_ms.is_not(None)).group_by(row.shopper)
    return Counts(found.get("approaching", 0), found.get("arrived", 0), sorted(conn.scalars(expected)))


def of_shopper(conn: Connection, tenant: TenantId, shopper: Pseudonym, since_ms: int) -> list[Standing]:
    """Her own visits since then, as seen from outside, the newest first."""
    row = ArrivalRow
    wanted = select(row.__table__).where(row.tenant == tenant, row.shopper == shopper, row.since_ms > since_ms)
    return [
        Standing(tenant, VenueId(r.venue), VisitId(r.visit), shopper, Track(int(r.track)), r.state, r.since_ms, r.arrives_ms)
        for r in conn.execute(wanted.order_by(row.since_ms.desc(), row.visit))
    ]


def sweep_arrivals(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Removes some of what stood so before `before_ms`; returns how many."""
    return delete_some(conn, ArrivalRow, (ArrivalRow.tenant == tenant, ArrivalRow.since_ms < before_ms), limit)
