"""What happened lately in one venue, for live views; nothing decides on this."""

from typing import NamedTuple

from sqlalchemy import Connection, select

from groundwork.contracts.ids import TenantId, VenueId
from notifier.tables import PushRow, RedemptionRow


class EndedPush(NamedTuple):
    """A push whose fate is known. The title is the shopper's, without a code in it."""

    id: str
    shopper_id: str
    language: str
    title: str
    channel: str
    state: str
    reason: str
    ended_ms: int


class Redeemed(NamedTuple):
    """A redemption that stands."""

    id: str
    receipt: str
    discount_minor: int
    currency: str
    redeemed_ms: int


def ended_pushes(conn: Connection, tenant: TenantId, venue: VenueId, after_ms: int, limit: int = 200) -> list[EndedPush]:
    """Pushes of the venue that ended later than `after_ms`, oldest first."""
    columns = (PushRow.__table__.c[name] for name in EndedPush._fields)
    of_venue = (PushRow.tenant == tenant, PushRow.venue == venue, PushRow.ended_ms > after_ms)
    wanted = select(*columns).where(*of_venue).order_by(PushRow.ended_ms, PushRow.id).limit(limit)
    return [EndedPush(*row) for row in conn.execute(wanted)]


def redeemed(conn: Connection, tenant: TenantId, venue: VenueId, after_ms: int, limit: int = 200) -> list[Redeemed]:
    """Redemptions of the venue later than `after_ms` that were not rolled back, oldest first."""
    row = RedemptionRow
    columns = (row.__table__.c[name] for name in Redeemed._fields)
    standing = (row.tenant == tenant, row.venue == venue, row.redeemed_ms > after_ms, row.rolled_back_ms.is_(None))
    wanted = select(*columns).where(*standing).order_by(row.redeemed_ms, row.id).limit(limit)
    return [Redeemed(*found) for found in conn.execute(wanted)]
