"""Statistics in the database: cells of figures, how far a venue's chronicle is counted, and what to look at to count a shopper once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, or_, select, tuple_, update

from geofence.tables import CountedRow, StatisticRow, VisitRow, ZoneEventRow
from groundwork.contracts.ids import Pseudonym, TenantId, VenueId, VisitId, ZoneEventId, ZoneId
from groundwork.plumbing.db import delete_some, upsert, upsert_all

_AT_ONCE: Final = 500
"""Keys in one statement."""
_KEY: Final = ("tenant", "venue", "figure", "step", "start_ms", "zone", "origin")


class CellKey(NamedTuple):
    """Which cell of a venue; `zone` and `origin` are empty where the figure knows none."""

    figure: str
    step: str
    start_ms: int
    zone: str = ""
    origin: str = ""


class Counts(NamedTuple):
    """What stands in a cell."""

    amount: int
    shoppers: int
    spread: str


class Stay(NamedTuple):
    """One enter or exit of a shopper, as far as counting needs it."""

    number: int
    shopper: Pseudonym
    kind: str
    zone: ZoneId
    start_ms: int
    at_ms: int
    measured: bool


class Step(NamedTuple):
    """One zone on a visit's path."""

    visit: VisitId
    start_ms: int
    zone: ZoneId
    zone_kind: str


class Past(NamedTuple):
    """One visit of a shopper."""

    number: int
    end_number: int | None
    shopper: Pseudonym
    visit: VisitId
    start_ms: int
    end_ms: int | None
    measured: bool


def counted(conn: Connection, tenant: TenantId, venue: VenueId) -> int:
    """Up to which number of its chronicle the venue is counted."""
    row = CountedRow
    return conn.execute(select(row.number).where(row.tenant == tenant, row.venue == venue)).scalar() or 0


def all_counted(conn: Connection) -> dict[tuple[TenantId, VenueId], int]:
    """The same of every venue."""
    row = CountedRow
    found = conn.execute(select(row.tenant, row.venue, row.number))
    return {(TenantId(one.tenant), VenueId(one.venue)): one.number for one in found}


def set_counted(conn: Connection, tenant: TenantId, venue: VenueId, number: int) -> None:
    """Notes how far the venue is counted, in the transaction that counts."""
    upsert(conn, CountedRow, {"tenant": tenant, "venue": venue, "number": number}, ("tenant", "venue"))


def stays(
    conn: Connection, tenant: TenantId, venue: VenueId, shoppers: Collection[Pseudonym], zones: Collection[ZoneId], since_ms: int
) -> list[Stay]:
    """The shoppers' enters and exits of these zones, of stays that began at `since_ms` or later, by number."""
    row = ZoneEventRow
    found: list[Stay] = []
    for some in _parts(sorted(shoppers)):
        mine = (row.tenant == tenant, row.shopper.in_(some), row.venue == venue, row.zone.in_(sorted(zones)))
        begun = (row.stay_start_ms >= since_ms, row.kind.in_(("enter", "exit")), row.number.is_not(None))
        wanted = select(row.number, row.shopper, row.kind, row.zone, row.stay_start_ms, row.at_ms, row.measured)
        rows: Any = conn.execute(wanted.where(*mine, *begun))
        found += [Stay(one.number, one.shopper, one.kind, one.zone, one.stay_start_ms, one.at_ms, bool(one.measured)) for one in rows]
    return sorted(found)


def past_visits(conn: Connection, tenant: TenantId, venue: VenueId, shoppers: Collection[Pseudonym], since_ms: int) -> list[Past]:
    """The shoppers' visits that began at `since_ms` or later, by number."""
    row = VisitRow
    found: list[Past] = []
    for some in _parts(sorted(shoppers)):
        mine = (row.tenant == tenant, row.shopper.in_(some), row.venue == venue, row.start_ms >= since_ms, row.number.is_not(None))
        wanted = select(row.number, row.end_number, row.shopper, row.id, row.start_ms, row.end_ms, row.measured)
        rows: Any = conn.execute(wanted.where(*mine))
        found += [Past(one.number, one.end_number, one.shopper, one.id, one.start_ms, one.end_ms, bool(one.measured)) for one in rows]
    return sorted(found, key=_number)


def resumed(conn: Connection, tenant: TenantId, venue: VenueId, shoppers: Collection[Pseudonym], after: int) -> frozenset[VisitId]:
    """The shoppers' visits that had ended, were counted, and went on: their end is none now, or one that follows number `after`."""
    row = VisitRow
    again = or_(row.end_number.is_(None), row.end_number > after)
    found: set[VisitId] = set()
    for some in _parts(sorted(shoppers)):
        mine = (row.tenant == tenant, row.shopper.in_(some), row.venue == venue, row.measured.is_(True))
        found.update(map(VisitId, conn.scalars(select(row.id).where(*mine, again))))
    return frozenset(found)


def paths(conn: Connection, tenant: TenantId, visits: Sequence[Past]) -> list[Step]:
    """The zones that were entered on these visits, in time, by visit; without what came too late for the visit's end."""
    row = ZoneEventRow
    wanted = {visit.visit for visit in visits}
    found: list[Step] = []
    for some in _parts(sorted({visit.shopper for visit in visits})):
        since_ms = min(visit.start_ms for visit in visits)
        mine = (row.tenant == tenant, row.shopper.in_(some), row.kind == "enter", row.late.is_(False), row.stay_start_ms >= since_ms)
        rows: Any = conn.execute(select(row.visit, row.stay_start_ms, row.zone, row.zone_kind).where(*mine))
        found += [Step(*one) for one in rows if one.visit in wanted]
    return sorted(found)


def mark_measured(conn: Connection, tenant: TenantId, zone_events: Sequence[ZoneEventId], visits: Sequence[VisitId]) -> None:
    """Notes that these exits and ends of visits were counted with their shoppers' consent to measurement."""
    for table, ids in ((ZoneEventRow, zone_events), (VisitRow, visits)):
        for some in _parts(sorted(ids)):
            conn.execute(update(table).where(table.tenant == tenant, table.id.in_(some)).values(measured=True))


def cells_of(conn: Connection, tenant: TenantId, venue: VenueId, keys: Iterable[CellKey]) -> dict[CellKey, Counts]:
    """What stands in these cells; those that are not there yet are left out."""
    row = StatisticRow
    columns = (row.figure, row.step, row.start_ms, row.zone, row.origin)
    found: dict[CellKey, Counts] = {}
    for some in _parts(sorted(keys)):
        wanted = select(*columns, row.amount, row.shoppers, row.spread).where(row.tenant == tenant, row.venue == venue)
        for one in conn.execute(wanted.where(tuple_(*columns).in_(some))):
            found[CellKey(*one[:5])] = Counts(*one[5:])
    return found


def set_cells(conn: Connection, tenant: TenantId, venue: VenueId, cells: Mapping[CellKey, Counts]) -> None:
    """Writes the cells as they are now."""
    rows = [{"tenant": tenant, "venue": venue, **key._asdict(), **counts._asdict()} for key, counts in sorted(cells.items())]
    upsert_all(conn, StatisticRow, rows, _KEY)


def cells_between(
    conn: Connection, tenant: TenantId, venue: VenueId, figures: Sequence[str], steps: Sequence[str], span: tuple[int, int]
) -> dict[CellKey, Counts]:
    """The cells of these figures that begin within the span, its end left out, in order."""
    row, (from_ms, to_ms) = StatisticRow, span
    mine = (row.tenant == tenant, row.venue == venue, row.figure.in_(figures), row.step.in_(steps))
    columns = (row.figure, row.step, row.start_ms, row.zone, row.origin)
    wanted = select(*columns, row.amount, row.shoppers, row.spread).where(*mine, row.start_ms >= from_ms, row.start_ms < to_ms)
    return {CellKey(*one[:5]): Counts(*one[5:]) for one in conn.execute(wanted.order_by(*columns))}


def sweep_statistics(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Removes some of the cells that began before `before_ms`; returns how many."""
    return delete_some(conn, StatisticRow, (StatisticRow.tenant == tenant, StatisticRow.start_ms < before_ms), limit)


def _parts(keys: Sequence[object]) -> Iterable[list[object]]:
    return (list(keys[first : first + _AT_ONCE]) for first in range(0, len(keys), _AT_ONCE))


def _number(past: Past) -> int:
    return past.number
