"""The chronicle: a number for everything that happens in a venue, in the order in which it is committed.

Whoever follows a venue (its statistics, an event stream, a webhook) remembers one number and misses nothing: a number is given with the
chronicle's row locked, so what has a lower one was committed before. Numbers may have gaps, and rows that were erased leave some.
"""

from collections import Counter
from collections.abc import Sequence

from sqlalchemy import Connection, bindparam, select, update

from geofence.tables import ChronicleRow
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing.db import insert_once

_ADVANCE = (
    update(ChronicleRow)
    .where(ChronicleRow.tenant == bindparam("b_tenant"), ChronicleRow.venue == bindparam("b_venue"))
    .values(number=ChronicleRow.number + bindparam("b_count"))
    .returning(ChronicleRow.number)
)


def allot(conn: Connection, happened: Sequence[tuple[TenantId, VenueId]]) -> list[int]:
    """A number for each of what happened, in the order given."""
    following = {}
    for (tenant, venue), count in sorted(Counter(happened).items()):  # one order for all: no deadlock
        following[tenant, venue] = _advanced(conn, tenant, venue, count) - count
    numbers = []
    for key in happened:
        following[key] += 1
        numbers.append(following[key])
    return numbers


def _advanced(conn: Connection, tenant: TenantId, venue: VenueId, count: int) -> int:
    values = {"b_tenant": tenant, "b_venue": venue, "b_count": count}
    last = conn.execute(_ADVANCE, values).scalar()
    if last is None:
        insert_once(conn, ChronicleRow, {"tenant": tenant, "venue": venue, "number": 0})
        last = conn.execute(_ADVANCE, values).scalar_one()
    return last


def heads(conn: Connection) -> dict[tuple[TenantId, VenueId], int]:
    """The last number of every venue where anything has happened, of all tenants, in order."""
    row = ChronicleRow
    found = conn.execute(select(row.tenant, row.venue, row.number).order_by(row.tenant, row.venue))
    return {(TenantId(one.tenant), VenueId(one.venue)): one.number for one in found}


def head(conn: Connection, tenant: TenantId, venue: VenueId) -> int:
    """The venue's last number; 0 where nothing has happened yet."""
    row = ChronicleRow
    return conn.execute(select(row.number).where(row.tenant == tenant, row.venue == venue)).scalar() or 0
