"""The in-app inbox in the database: per shopper a numbered list of pushes."""

from typing import Any

from sqlalchemy import Connection, Row, and_, func, select

from groundwork.contracts.ids import PushId, ShopperId, TenantId
from groundwork.plumbing.db import insert_once
from notifier.tables import CouponRow, FeedEntryRow, PushRow


def add_entry(conn: Connection, tenant: TenantId, push: PushId, now_ms: int) -> ShopperId | None:
    """Puts the push into its shopper's feed, once; returns whose feed that is, None when the push is gone (erased)."""
    shopper = conn.scalar(select(PushRow.shopper_id).where(PushRow.tenant == tenant, PushRow.id == push))
    if shopper is None:
        return None
    mine = select(FeedEntryRow.sequence).where(FeedEntryRow.tenant == tenant, FeedEntryRow.push_id == push)
    if conn.scalar(mine) is None:
        sequence = last_sequence(conn, tenant, ShopperId(shopper)) + 1
        insert_once(conn, FeedEntryRow, {"tenant": tenant, "shopper_id": shopper, "sequence": sequence, "push_id": push, "at_ms": now_ms})
    return ShopperId(shopper)


def last_sequence(conn: Connection, tenant: TenantId, shopper: ShopperId) -> int:
    """The number of the shopper's newest entry; 0 while there is none."""
    wanted = select(func.max(FeedEntryRow.sequence)).where(FeedEntryRow.tenant == tenant, FeedEntryRow.shopper_id == shopper)
    return conn.scalar(wanted) or 0


def entries_after(conn: Connection, tenant: TenantId, shopper: ShopperId, after: int, limit: int) -> list[Row[Any]]:
    """Up to `limit` entries numbered above `after`, in order, with the words of their pushes and the span of their coupons."""
    of_push = and_(PushRow.tenant == FeedEntryRow.tenant, PushRow.id == FeedEntryRow.push_id)
    of_coupon = and_(CouponRow.tenant == PushRow.tenant, CouponRow.grant_id == PushRow.grant_id)
    columns = (PushRow.grant_id, PushRow.campaign, PushRow.venue, PushRow.language, PushRow.title, PushRow.body, PushRow.expires_ms)
    wanted = select(FeedEntryRow.sequence, FeedEntryRow.at_ms, FeedEntryRow.push_id, *columns, CouponRow.valid_until_ms)
    wanted = wanted.join(PushRow, of_push).join(CouponRow, of_coupon)
    hers = (FeedEntryRow.tenant == tenant, FeedEntryRow.shopper_id == shopper, FeedEntryRow.sequence > after)
    return list(conn.execute(wanted.where(*hers).order_by(FeedEntryRow.sequence).limit(limit)))
