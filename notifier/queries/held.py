"""What this package's tables hold of one shopper, and what of it is old: by table, for `holdings.py`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, select, update

from groundwork.contracts.ids import TenantId
from groundwork.people.holding import Person, Rows, Sweep
from groundwork.plumbing.db import Base, delete_some, page_of
from notifier.tables import CouponRow, DecisionRow, FeedEntryRow, GrantRow, PurchaseLineRow, PurchaseRow, PushRow, RedemptionRow

Where = tuple[ColumnElement[bool], ...]

_READABLE: Final = ("outcomes", "reasons", "offer")
"""Binary columns that hold JSON."""
_BY_SHOPPER: Final = {
    "decision": DecisionRow,
    "grant": GrantRow,
    "coupon": CouponRow,
    "push": PushRow,
    "feed_entry": FeedEntryRow,
    "purchase": PurchaseRow,
}
_BY_OTHERS: Final[Mapping[str, Callable[[Person], tuple[type[Base], Where]]]] = {
    "redemption": lambda her: (RedemptionRow, (RedemptionRow.tenant == her.tenant, RedemptionRow.coupon_id.in_(_coupons(her)))),
    "purchase_line": lambda her: (
        PurchaseLineRow,
        (PurchaseLineRow.tenant == her.tenant, PurchaseLineRow.purchase_id.in_(_purchases(her))),
    ),
}

_OLD: Final[Mapping[str, Callable[[TenantId, int], tuple[type[Base], Where]]]] = {
    "decision": lambda of, ms: (DecisionRow, (DecisionRow.tenant == of, DecisionRow.at_ms < ms)),
    "grant": lambda of, ms: (GrantRow, (GrantRow.tenant == of, GrantRow.at_ms < ms)),
    "feed_entry": lambda of, ms: (FeedEntryRow, (FeedEntryRow.tenant == of, FeedEntryRow.at_ms < ms)),
    "push": lambda of, ms: (PushRow, (PushRow.tenant == of, PushRow.ended_ms < ms, ~_shown())),
    "coupon": lambda of, ms: (CouponRow, (CouponRow.tenant == of, CouponRow.valid_until_ms < ms, CouponRow.times_redeemed == 0)),
}


def held(table: str) -> Rows:
    """Finds a shopper's rows of the table, page by page."""

    def rows(conn: Connection, person: Person, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        if table in _BY_OTHERS:
            other, where = _BY_OTHERS[table](person)
            return page_of(conn, other, where, offset, limit)
        row: Any = _BY_SHOPPER[table]
        return page_of(conn, row, (row.tenant == person.tenant, row.shopper_id == person.shopper), offset, limit, _READABLE)

    return rows


def sweep(table: str) -> Sweep:
    """Removes old rows of the table, some at a time."""

    def remove(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
        row, old = _OLD[table](tenant, before_ms)
        return delete_some(conn, row, old, limit)

    return remove


def unlink_purchases(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Has some of the receipts from before `before_ms` forget whose they were; returns how many."""
    row = PurchaseRow
    old = select(row.id).where(row.tenant == tenant, row.at_ms < before_ms, row.shopper_id.is_not(None)).limit(limit)
    return conn.execute(update(row).where(row.tenant == tenant, row.id.in_(old)).values(shopper_id=None)).rowcount


def unlink_coupons(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Has some of the spent coupons that ran out before `before_ms` forget whose they were; returns how many."""
    row = CouponRow
    spent = (row.tenant == tenant, row.valid_until_ms < before_ms, row.times_redeemed > 0, row.shopper_id.is_not(None))
    old = select(row.id).where(*spent).limit(limit)
    return conn.execute(update(row).where(row.tenant == tenant, row.id.in_(old)).values(shopper_id=None)).rowcount


def _shown() -> Any:
    """Whether an inbox still shows the push."""
    return select(FeedEntryRow.push_id).where(and_(FeedEntryRow.tenant == PushRow.tenant, FeedEntryRow.push_id == PushRow.id)).exists()


def _coupons(person: Person) -> Any:
    return select(CouponRow.id).where(CouponRow.tenant == person.tenant, CouponRow.shopper_id == person.shopper)


def _purchases(person: Person) -> Any:
    return select(PurchaseRow.id).where(PurchaseRow.tenant == person.tenant, PurchaseRow.shopper_id == person.shopper)
