"""Rows of the geofence: what happened in zones, and visits. Pseudonyms only; which person one stands for is in the registry of people."""

from sqlalchemy import BigInteger, Boolean, Float, Index, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from groundwork.plumbing.db import Base


class ZoneEventRow(Base):
    """One enter, dwell or exit; its id is made of what happened, so writing it again changes nothing."""

    __tablename__ = "zone_event"
    __table_args__ = (
        Index("ix_zone_event_tenant_venue_at_ms", "tenant", "venue", "at_ms"),
        Index("ix_zone_event_tenant_shopper", "tenant", "shopper"),
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
    )

    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    venue: Mapped[str] = mapped_column(String(64))
    shopper: Mapped[str] = mapped_column(String(32))
    track: Mapped[str] = mapped_column(String(20))
    start_ms: Mapped[int] = mapped_column(BigInteger)
    end_ms: Mapped[int | None] = mapped_column(BigInteger)
