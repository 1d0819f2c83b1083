"""Rows of people and keys: tenants, shoppers and their devices, consent, and the keys by which anybody calls.

Unsigned 64-bit numbers (`track`, `enrolment`) are kept in signed 64-bit columns by two's complement, because neither engine has an
unsigned type; `queries.py` turns them round. Versions: every change that others keep in memory raises its tenant's `people_version` or
`gateway_version` in the same transaction, and a changed shopper's row carries the version it changed at, so that a reader asks "what
changed after 41" and misses nothing. Rows whose key does not begin with `tenant` are looked up before the tenant is known.
"""

from sqlalchemy import BigInteger, Boolean, ForeignKeyConstraint, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from groundwork.plumbing.db import Base


class TenantRow(Base):
    """One retailer. Holds the end of its consent chain, so that a chain cut short is noticed too."""

    __tablename__ = "tenant"
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_ar: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    salt: Mapped[bytes] = mapped_column(LargeBinary(32))  # of everything hashed per tenant, the holdout above all; never changes
    people_version: Mapped[int] = mapped_column(BigInteger, default=0)
    gateway_version: Mapped[int] = mapped_column(BigInteger, default=0)
    consent_seq: Mapped[int] = mapped_column(BigInteger, default=0)
    consent_hash: Mapped[bytes] = mapped_column(LargeBinary(32), default=bytes(32))
    created_ms: Mapped[int] = mapped_column(BigInteger)


class ShopperRow(Base):
    """A person who opted in. `key` ties pseudonyms to ids; erasure destroys it (None), and a row without one stands for nobody."""

    __tablename__ = "shopper"
    __table_args__ = (
        ForeignKeyConstraint(["tenant"], ["tenant.id"]),
        UniqueConstraint("tenant", "pseudonym"),
        Index("ix_shopper_changed", "tenant", "changed"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(16))
    key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    language: Mapped[str] = mapped_column(String(2))
    changed: Mapped[int] = mapped_column(BigInteger)  # the tenant's people_version of the last change to shopper, devices or consent
    created_ms: Mapped[int] = mapped_column(BigInteger)


class DeviceRow(Base):
    """One installation of the app on one phone."""

    __tablename__ = "device"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "shopper_id"], ["shopper.tenant", "shopper.id"]),
        UniqueConstraint("tenant", "track"),
        UniqueConstraint("tenant", "enrolment"),
        Index("ix_device_shopper", "tenant", "shopper_id"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    shopper_id: Mapped[str] = mapped_column(String(64))
    track: Mapped[int] = mapped_column(BigInteger)
    enrolment: Mapped[int] = mapped_column(BigInteger)  # the random number inside its shopper tokens
    created_ms: Mapped[int] = mapped_column(BigInteger)


class BeaconBindingRow(Base):
    """A static beacon that stands for a device over a span: a loyalty tag, or a cart for one visit."""

    __tablename__ = "beacon_binding"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "device_id"], ["device.tenant", "device.id"]),
        Index("ix_beacon_binding_device", "tenant", "device_id"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    beacon_key: Mapped[str] = mapped_column(String(128), primary_key=True)
    from_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    device_id: Mapped[str] = mapped_column(String(64))
    until_ms: Mapped[int | None] = mapped_column(BigInteger)


class ConsentRow(Base):
    """One yes or no to one purpose. Rows are appended and never changed; each carries the hash of the one before.

    The shopper is a pseudonym, so that the chain can outlive an erasure: what remains then points at nobody.
    """

    __tablename__ = "consent"
    __table_args__ = (
        ForeignKeyConstraint(["tenant"], ["tenant.id"]),
        Index("ix_consent_shopper", "tenant", "shopper", "purpose", "seq"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    shopper: Mapped[str] = mapped_column(String(16))
    purpose: Mapped[str] = mapped_column(String(32))
    granted: Mapped[bool] = mapped_column(Boolean)
    text_version: Mapped[str] = mapped_column(String(64))
    language: Mapped[str] = mapped_column(String(2))
    source: Mapped[str] = mapped_column(String(64))
    at_ms: Mapped[int] = mapped_column(BigInteger)
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class DayKeyRow(Base):
    """The key of one day's shopper tokens. Once `key` is destroyed, tokens of that day mean nothing to anybody."""

    __tablename__ = "day_key"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    day: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[bytes | None] = mapped_column(LargeBinary(16))
    check_bits: Mapped[int] = mapped_column(BigInteger)
    destroyed_ms: Mapped[int | None] = mapped_column(BigInteger)


class GatewayRow(Base):
    """A box in a shop, or a radio that hangs on one (`via` the box)."""

    __tablename__ = "gateway"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]), Index("ix_gateway_venue", "tenant", "venue_id"))
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    via: Mapped[str | None] = mapped_column(String(64))
    state: Mapped[str] = mapped_column(String(16))
    created_ms: Mapped[int] = mapped_column(BigInteger)


class GatewayKeyRow(Base):
    """A public key a box signs with. The id is unique over all tenants: a request names its key before we know whose it is."""

    __tablename__ = "gateway_key"
    __table_args__ = (ForeignKeyConstraint(["tenant", "gateway_id"], ["gateway.tenant", "gateway.id"]),)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    gateway_id: Mapped[str] = mapped_column(String(64))
    public_key: Mapped[bytes] = mapped_column(LargeBinary(32))
    valid_from_ms: Mapped[int] = mapped_column(BigInteger)
    valid_until_ms: Mapped[int | None] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)


class AccessKeyRow(Base):
    """A bearer token, by its hash alone; `subject` is a device id, a till id or an operator's name."""

    __tablename__ = "access_key"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]), Index("ix_access_key_subject", "tenant", "subject"))
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(128))
    grants: Mapped[str] = mapped_column(Text)  # sorted, one space between
    scopes: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int] = mapped_column(BigInteger)
    revoked_ms: Mapped[int | None] = mapped_column(BigInteger)
