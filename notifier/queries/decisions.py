"""Decisions, grants and issued coupons in the database, and their erasure."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, bindparam, delete, insert, select, update

from groundwork.contracts.decision import Decision, Outcome
from groundwork.contracts.ids import CampaignId, DecisionId, GrantId, Pseudonym, ShopperId, TenantId, VisitId, ZoneEventId
from notifier.tables import CouponRow, DecisionRow, FeedEntryRow, GrantRow, PurchaseRow, PushRow

# Statements of the hot path are built once: building one costs as much as running it.
_KNOWN: Final = select(DecisionRow.id).where(DecisionRow.tenant == bindparam("of"), DecisionRow.id == bindparam("decision"))
_GRANTED: Final = select(GrantRow.campaign, GrantRow.slot).where(
    GrantRow.tenant == bindparam("of"), GrantRow.shopper_id == bindparam("shopper"), GrantRow.visit == bindparam("visit_id")
)
_ADD_DECISION: Final = insert(DecisionRow)
_ADD_GRANT: Final = insert(GrantRow)
_ADD_COUPON: Final = insert(CouponRow)

_outcomes = msgspec.json.Decoder(list[Outcome])
_codes = msgspec.json.Decoder(list[str])


class Granted(NamedTuple):
    """What a visit has had: which campaigns, and how many budgeted grants."""

    campaigns: frozenset[CampaignId]
    spent: int


def known(conn: Connection, tenant: TenantId, decision: DecisionId) -> bool:
    """Whether this decision has been made."""
    return conn.scalar(_KNOWN, {"of": tenant, "decision": decision}) is not None


def add_decision(conn: Connection, decision: Decision, shopper: ShopperId | None, venue: str, zone: str) -> None:
    """Writes the decision down; the second of one id breaks the primary key."""
    row = {
        "tenant": decision.tenant,
        "id": decision.id,
        "zone_event": decision.zone_event,
        "shopper_id": shopper,
        "pseudonym": decision.shopper,
        "venue": venue,
        "zone": zone,
        "visit": decision.visit,
        "at_ms": decision.at_ms,
        "decided_ms": decision.decided_ms,
        "outcomes": msgspec.json.encode(decision.outcomes),
        "reasons": msgspec.json.encode(decision.reasons),
        "grant_id": decision.grant,
    }
    conn.execute(_ADD_DECISION, row)


def granted_in(conn: Connection, tenant: TenantId, shopper: ShopperId, visit: VisitId) -> Granted:
    """The grants of this visit."""
    rows = conn.execute(_GRANTED, {"of": tenant, "shopper": shopper, "visit_id": visit}).all()
    return Granted(frozenset(CampaignId(row.campaign) for row in rows), sum(row.slot is not None for row in rows))


def add_grant(conn: Connection, row: Mapping[str, object]) -> None:
    """Writes the grant down; a second one for the campaign in this visit, or for the budget's slot, breaks a unique key."""
    conn.execute(_ADD_GRANT, dict(row))


def add_coupon(conn: Connection, row: Mapping[str, object]) -> None:
    """Issues the coupon."""
    conn.execute(_ADD_COUPON, dict(row))


def decisions_of(conn: Connection, tenant: TenantId, shopper: ShopperId | None = None, limit: int = 100) -> list[Decision]:
    """The newest decisions, of one shopper or of all, newest first."""
    wanted = select(DecisionRow.__table__).where(DecisionRow.tenant == tenant)
    if shopper is not None:
        wanted = wanted.where(DecisionRow.shopper_id == shopper)
    rows = conn.execute(wanted.order_by(DecisionRow.at_ms.desc(), DecisionRow.id).limit(limit))
    return [_decision(row) for row in rows]


def grants_of(conn: Connection, tenant: TenantId) -> list[Row[Any]]:
    """Every grant of the tenant as rows of (id, campaign, shopper_id, visit, slot, kind, venue, at_ms), in order of time and id."""
    row = GrantRow
    wanted = select(row.id, row.campaign, row.shopper_id, row.visit, row.slot, row.kind, row.venue, row.at_ms)
    return list(conn.execute(wanted.where(row.tenant == tenant).order_by(row.at_ms, row.id)))


def coupons_of(conn: Connection, tenant: TenantId) -> list[Row[Any]]:
    """Every coupon of the tenant as rows of (id, grant_id, campaign, valid_until_ms, redeemed_ms), in order of id; codes are in none."""
    row = CouponRow
    wanted = select(row.id, row.grant_id, row.campaign, row.valid_until_ms, row.redeemed_ms)
    return list(conn.execute(wanted.where(row.tenant == tenant).order_by(row.id)))


def erase(conn: Connection, tenant: TenantId, shopper: ShopperId, pseudonym: Pseudonym) -> int:
    """Removes what is tied to the shopper; returns how many rows that touched.

    Receipts and spent coupons are the shop's accounts: they stay, and no longer say whose they were.
    """
    nameless = (DecisionRow.tenant == tenant, DecisionRow.pseudonym == pseudonym, DecisionRow.shopper_id.is_(None))
    touched = conn.execute(delete(DecisionRow).where(*nameless)).rowcount
    for table in (FeedEntryRow, PushRow, GrantRow, DecisionRow):
        touched += conn.execute(delete(table).where(table.tenant == tenant, table.shopper_id == shopper)).rowcount
    hers = (CouponRow.tenant == tenant, CouponRow.shopper_id == shopper)
    touched += conn.execute(delete(CouponRow).where(*hers, CouponRow.times_redeemed == 0)).rowcount
    touched += conn.execute(update(CouponRow).where(*hers).values(shopper_id=None)).rowcount
    purchases = update(PurchaseRow).where(PurchaseRow.tenant == tenant, PurchaseRow.shopper_id == shopper)
    return touched + conn.execute(purchases.values(shopper_id=None)).rowcount


def _decision(row: Row[Any]) -> Decision:
    return Decision(
        id=DecisionId(row.id),
        tenant=TenantId(row.tenant),
        zone_event=ZoneEventId(row.zone_event),
        shopper=Pseudonym(row.pseudonym),
        visit=VisitId(row.visit),
        at_ms=row.at_ms,
        decided_ms=row.decided_ms,
        outcomes=_outcomes.decode(row.outcomes),
        reasons=_codes.decode(row.reasons),
        grant=GrantId(row.grant_id) if row.grant_id else None,
    )
