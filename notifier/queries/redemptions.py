"""Spending coupons in the database: one conditional statement decides who wins."""

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from groundwork.contracts.ids import CampaignId, CouponId, RedemptionId, TenantId, TillId, VenueId
from groundwork.contracts.redemption import Redemption
from notifier.tables import CouponRow, RedemptionRow

# Statements of the hot path are built once: building one costs as much as running it.
_BY_HASH: Final = select(CouponRow.__table__).where(CouponRow.tenant == bindparam("of"), CouponRow.code_hash == bindparam("hash"))
_BY_ID: Final = select(RedemptionRow.__table__).where(RedemptionRow.tenant == bindparam("of"), RedemptionRow.id == bindparam("redemption"))
_SPEND: Final = (
    update(CouponRow)
    .where(CouponRow.tenant == bindparam("of"), CouponRow.id == bindparam("coupon"), CouponRow.redeemed_ms.is_(None))
    .where(CouponRow.valid_from_ms <= bindparam("now"), CouponRow.valid_until_ms > bindparam("now"))
    .values(redeemed_ms=bindparam("now"), redemption_id=bindparam("by"), times_redeemed=CouponRow.times_redeemed + 1)
)
_ADD: Final = insert(RedemptionRow)


def coupon_by_hash(conn: Connection, tenant: TenantId, code_hash: bytes) -> Row[Any] | None:
    """The coupon with this code, or None."""
    return conn.execute(_BY_HASH, {"of": tenant, "hash": code_hash}).one_or_none()


def spend(conn: Connection, tenant: TenantId, coupon: CouponId, redemption: RedemptionId, now_ms: int) -> bool:
    """Spends the coupon for `redemption`; False where it is spent or not valid now. Of any number of racers, one gets True."""
    return conn.execute(_SPEND, {"of": tenant, "coupon": coupon, "by": redemption, "now": now_ms}).rowcount == 1


def free(conn: Connection, tenant: TenantId, coupon: CouponId, redemption: RedemptionId) -> bool:
    """Frees the coupon that `redemption` holds spent; False where it holds none."""
    held = (CouponRow.tenant == tenant, CouponRow.id == coupon, CouponRow.redemption_id == redemption)
    values = {"redeemed_ms": None, "redemption_id": None, "times_rolled_back": CouponRow.times_rolled_back + 1}
    return conn.execute(update(CouponRow).where(*held).values(values)).rowcount == 1


def add_redemption(conn: Connection, redemption: Redemption) -> None:
    """Writes the redemption down."""
    row = {
        "tenant": redemption.tenant,
        "id": redemption.id,
        "venue": redemption.venue,
        "till": redemption.till,
        "receipt": redemption.receipt,
        "coupon_id": redemption.coupon,
        "campaign": redemption.campaign,
        "discount_minor": redemption.discount_minor,
        "currency": redemption.currency,
        "redeemed_ms": redemption.redeemed_ms,
        "rolled_back_ms": redemption.rolled_back_ms,
    }
    conn.execute(_ADD, row)


def mark_rolled_back(conn: Connection, tenant: TenantId, redemption: RedemptionId, now_ms: int) -> bool:
    """Marks the redemption as taken back; False where it is already."""
    standing = (RedemptionRow.tenant == tenant, RedemptionRow.id == redemption, RedemptionRow.rolled_back_ms.is_(None))
    return conn.execute(update(RedemptionRow).where(*standing).values(rolled_back_ms=now_ms)).rowcount == 1


def redemption(conn: Connection, tenant: TenantId, redemption: RedemptionId) -> Redemption | None:
    """The redemption, or None."""
    row = conn.execute(_BY_ID, {"of": tenant, "redemption": redemption}).mappings().one_or_none()
    return _redemption(row) if row else None


def redemptions_of(conn: Connection, tenant: TenantId) -> list[Redemption]:
    """Every redemption of the tenant, in order of time and id."""
    wanted = select(RedemptionRow.__table__).where(RedemptionRow.tenant == tenant)
    rows = conn.execute(wanted.order_by(RedemptionRow.redeemed_ms, RedemptionRow.id)).mappings()
    return [_redemption(row) for row in rows]


def _redemption(row: Mapping[Any, Any]) -> Redemption:
    return Redemption(
        id=RedemptionId(row["id"]),
        tenant=TenantId(row["tenant"]),
        venue=VenueId(row["venue"]),
        till=TillId(row["till"]),
        receipt=row["receipt"],
        coupon=CouponId(row["coupon_id"]),
        campaign=CampaignId(row["campaign"]),
        discount_minor=row["discount_minor"],
        currency=row["currency"],
        redeemed_ms=row["redeemed_ms"],
        rolled_back_ms=row["rolled_back_ms"],
    )
