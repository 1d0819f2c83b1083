"""Rows of the geofence: what happened in zones, visits, what is counted of them, and who is told.

Pseudonyms only; which person one stands for is in the registry of people.
"""

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork.plumbing.db import Base


class ZoneEventRow(Base):
    """One enter, dwell or exit; its id is made of what happened, so writing it again changes nothing."""

    __tablename__ = "zone_event"
    __table_args__ = (
        Index("ix_zone_event_tenant_venue_at_ms", "tenant", "venue", "at_ms"),
        Index("ix_zone_event_tenant_shopper", "tenant", "shopper"),
        Index("ix_zone_event_tenant_venue_number", "tenant", "venue", "number"),
    )

    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64))
    level: Mapped[str] = mapped_column(String(64))
    zone: Mapped[str] = mapped_column(String(64))
    zone_kind: Mapped[str] = mapped_column(String(32))
    kind: Mapped[str] = mapped_column(String(8))
    dwell_s: Mapped[int] = mapped_column(Integer)
    shopper: Mapped[str] = mapped_column(String(32))
    track: Mapped[str] = mapped_column(String(20))  # an unsigned 64-bit number in decimal: no signed column holds it
    visit: Mapped[str] = mapped_column(String(32))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    stay_start_ms: Mapped[int] = mapped_column(BigInteger)
    decided_ms: Mapped[int] = mapped_column(BigInteger)
    probability: Mapped[float] = mapped_column(Float(53))
    plan_version: Mapped[str] = mapped_column(String(64))
    late: Mapped[bool] = mapped_column(Boolean)
    uncertain: Mapped[bool] = mapped_column(Boolean)
    arrives_ms: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int | None] = mapped_column(BigInteger)
    """Its place in the venue's chronicle; none of before there was one."""
    measured: Mapped[bool | None] = mapped_column(Boolean)
    """Whether she consented to measurement when it was counted; of exits alone."""


class ForgettingRow(Base):
    """One venue's log has been told to forget a shopper, by the id of her erasure; done once the engine has, in the same transaction."""

    __tablename__ = "forgetting"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    erasure_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64), primary_key=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    done_ms: Mapped[int | None] = mapped_column(BigInteger)


class VisitRow(Base):
    """One stay of one device in one venue; `end_ms` is null while it lasts."""

    __tablename__ = "visit"
    __table_args__ = (
        Index("ix_visit_tenant_venue_start_ms", "tenant", "venue", "start_ms"),
        Index("ix_visit_tenant_shopper", "tenant", "shopper"),
        Index("ix_visit_tenant_venue_number", "tenant", "venue", "number"),
        Index("ix_visit_tenant_venue_end_number", "tenant", "venue", "end_number"),
    )

    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64))
    shopper: Mapped[str] = mapped_column(String(32))
    track: Mapped[str] = mapped_column(String(20))
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
    number: Mapped[int | None] = mapped_column(BigInteger)
    """Its beginning's place in the venue's chronicle."""
    end_number: Mapped[int | None] = mapped_column(BigInteger)
    """Its end's place there."""
    measured: Mapped[bool | None] = mapped_column(Boolean)
    """Whether she consented to measurement when its end was counted."""


class ChronicleRow(Base):
    """The last number given to what happened in one venue. Whoever follows the venue knows by it how far she has come.

    The row is locked from the number's giving to its commit, so that a follower who has seen 7 will never find a 6 that came later.
    """

    __tablename__ = "chronicle"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class CountedRow(Base):
    """Up to which number a venue's chronicle is in its statistics; moves in the transaction that counts."""

    __tablename__ = "counted"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class StatisticRow(Base):
    """One cell of a figure: how often, by how many shoppers, and how long. Knows nobody; `reports/disclosure.py` says what may be shown."""

    __tablename__ = "statistic"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64), primary_key=True)
    figure: Mapped[str] = mapped_column(String(16), primary_key=True)
    step: Mapped[str] = mapped_column(String(8), primary_key=True)
    start_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    zone: Mapped[str] = mapped_column(String(64), primary_key=True)
    origin: Mapped[str] = mapped_column(String(64), primary_key=True)
    amount: Mapped[int] = mapped_column(BigInteger)
    shoppers: Mapped[int] = mapped_column(BigInteger)
    spread: Mapped[str] = mapped_column(Text)
    """How many lasted how long, a count for each of `disclosure.BOUNDS_S`, with commas; empty where nothing lasts."""


class WebhookRow(Base):
    """One address of the retailer's that is told of what happens. Its secrets are sealed."""

    __tablename__ = "webhook"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(String(128))
    url: Mapped[str] = mapped_column(String(2048))
    kinds: Mapped[str] = mapped_column(Text)
    """JSON list."""
    venues: Mapped[str] = mapped_column(Text)
    """JSON list; empty for all of the tenant's."""
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_until_ms: Mapped[int | None] = mapped_column(BigInteger)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    failing_since_ms: Mapped[int | None] = mapped_column(BigInteger)


class WebhookPositionRow(Base):
    """Up to which number of a venue's chronicle deliveries of a webhook have been made; moves in the transaction that makes them."""

    __tablename__ = "webhook_position"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    webhook: Mapped[str] = mapped_column(String(36), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger)


class WebhookDeliveryRow(Base):
    """One thing to tell one webhook, and what has become of it. Its id follows from both, so it is queued once."""

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        Index("ix_webhook_delivery_due", "tenant", "webhook", "state", "next_ms"),
        Index("ix_webhook_delivery_shopper", "tenant", "shopper"),
        Index("ix_webhook_delivery_webhook_created", "tenant", "webhook", "created_ms"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    webhook: Mapped[str] = mapped_column(String(36))
    told_id: Mapped[str] = mapped_column(String(64))
    """The id the receiver sees; the same in every repeat, so that it can tell one."""
    kind: Mapped[str] = mapped_column(String(32))
    venue: Mapped[str] = mapped_column(String(64))
    shopper: Mapped[str] = mapped_column(String(32))
    """Her pseudonym; empty where nobody is told of."""
    at_ms: Mapped[int] = mapped_column(BigInteger)
    payload: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(String(16))
    reason: Mapped[str] = mapped_column(String(64))
    attempt: Mapped[int] = mapped_column(Integer)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    queued_ms: Mapped[int] = mapped_column(BigInteger)
    """When it was queued last; a redrive sets it anew, and with it the time in which it is tried."""
    next_ms: Mapped[int] = mapped_column(BigInteger)
    done_ms: Mapped[int | None] = mapped_column(BigInteger)


class WebhookAttemptRow(Base):
    """One try of one delivery. Of the answer no more than its beginning is kept."""

    __tablename__ = "webhook_attempt"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    delivery: Mapped[str] = mapped_column(String(32), primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    attempt: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    status: Mapped[int] = mapped_column(Integer)
    """0 where there was no answer."""
    latency_ms: Mapped[int] = mapped_column(BigInteger)
    problem: Mapped[str] = mapped_column(String(64))
    excerpt: Mapped[str] = mapped_column(String(256))


class FeedRow(Base):
    """How a venue's third-party boxes are heard; the boxes are gateways `via` the feed's own gateway, in the registry of people."""

    __tablename__ = "feed"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(24), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32))
    venue: Mapped[str] = mapped_column(String(64))
    times: Mapped[str] = mapped_column(String(16))
    url: Mapped[str] = mapped_column(String(300))  # of the broker; empty where boxes post
    topic: Mapped[str] = mapped_column(String(256))
    login: Mapped[str] = mapped_column(String(200))
    password: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    authorities: Mapped[str] = mapped_column(Text)
    client: Mapped[str] = mapped_column(String(64))  # under which the broker keeps what it could not deliver
    created_ms: Mapped[int] = mapped_column(BigInteger)
    changed_ms: Mapped[int] = mapped_column(BigInteger)


class FeedReceiptRow(Base):
    """That a message a broker may deliver again was kept, under the broker's own number for it, of which there are 65,535."""

    __tablename__ = "feed_receipt"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    feed: Mapped[str] = mapped_column(String(24), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    tag: Mapped[bytes] = mapped_column(LargeBinary(16))  # keyed: it says nothing of what the message said


class CalibrationRow(Base):
    """One calibration of a venue, as it was handed in; what it says decides its id. Nobody is in it but radios."""

    __tablename__ = "calibration"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    made_ms: Mapped[int] = mapped_column(BigInteger)
    made_by: Mapped[str] = mapped_column(String(128))
    recording: Mapped[str] = mapped_column(String(200))
    recording_hash: Mapped[str] = mapped_column(String(64))  # empty where the file names none
    size: Mapped[int] = mapped_column(Integer)  # of the file, in bytes
    body: Mapped[bytes] = mapped_column(LargeBinary)  # the file, zlib


class CalibrationUseRow(Base):
    """From when on which calibration was in force in a venue; the highest number is. A row is never changed, so one can go back."""

    __tablename__ = "calibration_use"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    calibration: Mapped[str] = mapped_column(String(32))  # empty where none was from then on
    since_ms: Mapped[int] = mapped_column(BigInteger)
    used_by: Mapped[str] = mapped_column(String(128))


class ArrivalRow(Base):
    """A visit as seen from outside, by GPS: on its way, there, or gone; `since_ms` is when that became so or was last told of."""

    __tablename__ = "arrival"
    __table_args__ = (
        Index("ix_arrival_tenant_venue_since_ms", "tenant", "venue", "since_ms"),
        Index("ix_arrival_tenant_shopper", "tenant", "shopper"),
    )

    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    visit: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64))
    shopper: Mapped[str] = mapped_column(String(32))
    track: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(16))
    since_ms: Mapped[int] = mapped_column(BigInteger)
    arrives_ms: Mapped[int | None] = mapped_column(BigInteger)
    heard_ms: Mapped[int | None] = mapped_column(BigInteger)  # when a gateway first heard her on this visit


class GatewayClockRow(Base):
    """What a box's clock is off by, as last found out: what is added to its times. 0 where it is right again."""

    __tablename__ = "gateway_clock"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    gateway: Mapped[str] = mapped_column(String(64), primary_key=True)
    offset_ms: Mapped[int] = mapped_column(BigInteger)
    since_ms: Mapped[int] = mapped_column(BigInteger)
