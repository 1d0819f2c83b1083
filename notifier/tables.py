"""Rows of the notifier: campaigns, decisions, grants, coupons, the outbox, the inbox feed, redemptions and purchases.

Rows of a shopper carry `shopper_id`, by which erasure finds them. No row carries a coupon's code: words keep `{code}`, and the code is
derived again from a key when it is sent or shown.
"""

from sqlalchemy import BigInteger, Boolean, Float, ForeignKeyConstraint, Index, Integer, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from groundwork.plumbing.db import Base


class CampaignRow(Base):
    """A campaign; `body` is the whole Campaign as JSON, the other columns are what is searched by."""

    __tablename__ = "campaign"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    state: Mapped[str] = mapped_column(String(8))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    changed_ms: Mapped[int] = mapped_column(BigInteger)


class DecisionRow(Base):
    """What was decided on one zone event, once; ids are made of the event, so a repeat finds the row."""

    __tablename__ = "decision"
    __table_args__ = (Index("ix_decision_shopper", "tenant", "shopper_id", "at_ms"),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    zone_event: Mapped[str] = mapped_column(String(64))
    shopper_id: Mapped[str | None] = mapped_column(String(64))  # None where nobody is known by the event's track
    pseudonym: Mapped[str] = mapped_column(String(16))
    venue: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(64))
    visit: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    decided_ms: Mapped[int] = mapped_column(BigInteger)
    outcomes: Mapped[bytes] = mapped_column(LargeBinary)  # list[Outcome] as JSON
    reasons: Mapped[bytes] = mapped_column(LargeBinary)  # list[str] as JSON
    grant_id: Mapped[str | None] = mapped_column(String(32))


class GrantRow(Base):
    """The one yes for (campaign, shopper, visit): an offer, or a place in the holdout.

    `slot` counts a visit's budgeted grants from 0, offers and places in the holdout alike; that a slot exists once is the second wall
    of the attention budget, behind `budget.py`. It is None for what the shopper asked for herself.
    """

    __tablename__ = "grant"
    __table_args__ = (
        UniqueConstraint("tenant", "campaign", "shopper_id", "visit"),
        UniqueConstraint("tenant", "shopper_id", "visit", "slot"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    campaign: Mapped[str] = mapped_column(String(64))
    shopper_id: Mapped[str] = mapped_column(String(64))
    visit: Mapped[str] = mapped_column(String(64))
    slot: Mapped[int | None] = mapped_column(Integer)
    kind: Mapped[str] = mapped_column(String(8))  # offer or holdout
    venue: Mapped[str] = mapped_column(String(64))
    category: Mapped[str] = mapped_column(String(64))
    decision_id: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class CouponRow(Base):
    """A coupon as issued; a conditional UPDATE sets `redeemed_ms`, so it is spent once."""

    __tablename__ = "coupon"
    __table_args__ = (UniqueConstraint("tenant", "code_hash"), Index("ix_coupon_shopper", "tenant", "shopper_id"))
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    grant_id: Mapped[str] = mapped_column(String(32))
    campaign: Mapped[str] = mapped_column(String(64))
    shopper_id: Mapped[str | None] = mapped_column(String(64))  # erasure clears it where the coupon is spent
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    offer: Mapped[bytes] = mapped_column(LargeBinary)  # the Offer as JSON, as promised: a later change of the campaign does not reach it
    valid_from_ms: Mapped[int] = mapped_column(BigInteger)
    valid_until_ms: Mapped[int] = mapped_column(BigInteger)
    redeemed_ms: Mapped[int | None] = mapped_column(BigInteger)
    redemption_id: Mapped[str | None] = mapped_column(String(32))  # the one that holds it spent
    times_redeemed: Mapped[int] = mapped_column(Integer, default=0)
    times_rolled_back: Mapped[int] = mapped_column(Integer, default=0)


class PushRow(Base):
    """The outbox: one push to one device by one channel, from `queued` through `sending` to what became of it.

    A row in `sending` whose lease has run out was left behind by a process that died; it is sent again under the same id. A row is open
    until `ended_ms` is set, whatever its state.
    """

    __tablename__ = "push"
    __table_args__ = (
        Index("ix_push_due", "channel", "ended_ms", "next_ms"),
        Index("ix_push_shopper", "tenant", "shopper_id", "state"),
        Index("ix_push_visit", "tenant", "visit", "state"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    grant_id: Mapped[str] = mapped_column(String(32))
    campaign: Mapped[str] = mapped_column(String(64))
    shopper_id: Mapped[str] = mapped_column(String(64))
    device: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(32))
    venue: Mapped[str] = mapped_column(String(64))
    visit: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(64))
    stay_start_ms: Mapped[int] = mapped_column(BigInteger)
    language: Mapped[str] = mapped_column(String(2))
    title: Mapped[str] = mapped_column(Text)  # with {code} still standing
    body: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(10))  # queued, sending, delivered, refused, expired, cancelled, withdrawn
    attempt: Mapped[int] = mapped_column(Integer, default=0)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    next_ms: Mapped[int] = mapped_column(BigInteger)  # not to be claimed before; while sending: when the lease runs out
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(String(64), default="")
    provider_id: Mapped[str] = mapped_column(String(200), default="")
    ended_ms: Mapped[int | None] = mapped_column(BigInteger)
    consent_seq: Mapped[int | None] = mapped_column(BigInteger)  # the consent to offers it was last claimed under; None before
    consent_text: Mapped[str | None] = mapped_column(String(64))


class FeedEntryRow(Base):
    """One push in a shopper's in-app inbox. `sequence` rises by one per shopper, so a reader that lost its line goes on where it was."""

    __tablename__ = "feed_entry"
    __table_args__ = (
        UniqueConstraint("tenant", "push_id"),
        ForeignKeyConstraint(["tenant", "push_id"], ["push.tenant", "push.id"]),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    shopper_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    sequence: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    push_id: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)


class RedemptionRow(Base):
    """A till's acceptance of a coupon; (till, receipt, coupon) is the key by which a repeat is recognised."""

    __tablename__ = "redemption"
    __table_args__ = (
        UniqueConstraint("tenant", "till", "receipt", "coupon_id"),
        ForeignKeyConstraint(["tenant", "coupon_id"], ["coupon.tenant", "coupon.id"]),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64))
    till: Mapped[str] = mapped_column(String(128))
    receipt: Mapped[str] = mapped_column(String(64))
    coupon_id: Mapped[str] = mapped_column(String(32))
    campaign: Mapped[str] = mapped_column(String(64))
    discount_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    redeemed_ms: Mapped[int] = mapped_column(BigInteger)
    rolled_back_ms: Mapped[int | None] = mapped_column(BigInteger)


class PurchaseRow(Base):
    """A receipt as a till reported it; `shopper_id` only where she is known and has consented to measurement."""

    __tablename__ = "purchase"
    __table_args__ = (
        UniqueConstraint("tenant", "till", "receipt"),
        Index("ix_purchase_shopper", "tenant", "shopper_id", "at_ms"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64))
    till: Mapped[str] = mapped_column(String(128))
    receipt: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str] = mapped_column(String(3))
    net_minor: Mapped[int] = mapped_column(BigInteger)
    vat_minor: Mapped[int] = mapped_column(BigInteger)
    lines: Mapped[int] = mapped_column(Integer)
    shopper_id: Mapped[str | None] = mapped_column(String(64))
    shopper_known: Mapped[bool] = mapped_column(Boolean)  # as answered; erasure clears the id and not the answer


class PurchaseLineRow(Base):
    """One line of a receipt; a refund has a negative quantity."""

    __tablename__ = "purchase_line"
    __table_args__ = (ForeignKeyConstraint(["tenant", "purchase_id"], ["purchase.tenant", "purchase.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    purchase_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    line: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    product: Mapped[str] = mapped_column(String(64))
    quantity: Mapped[float] = mapped_column(Float)
    net_minor: Mapped[int] = mapped_column(BigInteger)
    vat_minor: Mapped[int] = mapped_column(BigInteger)
