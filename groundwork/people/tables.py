"""Rows of people and keys: tenants, shoppers and their devices, consent, operators, and the keys by which anybody calls.

Unsigned 64-bit numbers (`track`, `enrolment`) are kept in signed columns by two's complement, as neither engine has an unsigned type.
Every change that others keep in memory raises its tenant's `people_version` or `gateway_version` in the same transaction; a changed
shopper's row carries the version it changed at. Rows whose key does not begin with `tenant` are looked up before the tenant is known.
"""

from sqlalchemy import BigInteger, Boolean, ForeignKeyConstraint, Index, Integer, LargeBinary, String, Text, UniqueConstraint
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
        Index("ix_shopper_paused", "paused_until_ms"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(16))
    key: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    language: Mapped[str] = mapped_column(String(2))
    changed: Mapped[int] = mapped_column(BigInteger)  # the tenant's people_version of the last change to shopper, devices or consent
    created_ms: Mapped[int] = mapped_column(BigInteger)
    paused_until_ms: Mapped[int | None] = mapped_column(BigInteger)  # nothing is positioned or sent before; consents stand


class DeviceRow(Base):
    """One installation of the app on one phone, in the hands of one shopper: in another's it is another device."""

    __tablename__ = "device"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "shopper_id"], ["shopper.tenant", "shopper.id"]),
        UniqueConstraint("tenant", "track"),
        UniqueConstraint("tenant", "enrolment"),
        Index("ix_device_shopper", "tenant", "shopper_id"),
        Index("ix_device_installation", "tenant", "installation_tag", unique=True),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    shopper_id: Mapped[str] = mapped_column(String(64))
    track: Mapped[int] = mapped_column(BigInteger)
    enrolment: Mapped[int] = mapped_column(BigInteger)  # the random number inside its shopper tokens
    created_ms: Mapped[int] = mapped_column(BigInteger)
    installation_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32))  # Vault.tag of the app's own name for itself; None once removed
    removed_ms: Mapped[int | None] = mapped_column(BigInteger)  # the row stays, because its track ties her earlier zone events to her


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
    tag_id: Mapped[str | None] = mapped_column(String(64))  # of a registered tag that was bound by its code
    ends_with_visit: Mapped[bool | None] = mapped_column(Boolean)  # a cart or basket; no foreign key, a tag may be forgotten


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


class GatewayRulesRow(Base):
    """Which beacons the boxes of a venue may let out, as an operator has decided; no row, and each box goes by its own settings."""

    __tablename__ = "gateway_rules"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    venue_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    rules: Mapped[str] = mapped_column(Text)  # contracts.gateway.GatewayRules
    changed_ms: Mapped[int] = mapped_column(BigInteger)


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
    id: Mapped[str | None] = mapped_column(String(36))  # of a key that operators see and rotate; None for a device's own
    name: Mapped[str | None] = mapped_column(String(200))
    expires_ms: Mapped[int | None] = mapped_column(BigInteger)


class IdentityRow(Base):
    """Whom the retailer's own sign-in means: its name for a person, as a keyed hash, leads to a shopper and never back."""

    __tablename__ = "identity"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "shopper_id"], ["shopper.tenant", "shopper.id"]),
        Index("ix_identity_shopper", "tenant", "shopper_id"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    subject_tag: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)  # Vault.tag over issuer and `sub`
    shopper_id: Mapped[str] = mapped_column(String(64))
    created_ms: Mapped[int] = mapped_column(BigInteger)


class IdentityProviderRow(Base):
    """An OpenID provider whose word a tenant takes, for its shoppers or for its operators."""

    __tablename__ = "identity_provider"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]), UniqueConstraint("issuer", "audience", "serves"))
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    serves: Mapped[str] = mapped_column(String(16))  # shoppers or operators
    issuer: Mapped[str] = mapped_column(String(300))
    audience: Mapped[str] = mapped_column(String(300))
    algorithms: Mapped[str] = mapped_column(String(100))  # sorted, one space between; never `none`, never a shared secret's
    jwks_url: Mapped[str] = mapped_column(String(500))
    authorize_url: Mapped[str | None] = mapped_column(String(500))  # operators' sign-in only, like the next two
    token_url: Mapped[str | None] = mapped_column(String(500))
    client_secret: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed
    created_ms: Mapped[int] = mapped_column(BigInteger)


class PushTargetRow(Base):
    """Where one device is reached by one push service. The token is sealed; its tag finds the row that holds the same one."""

    __tablename__ = "push_target"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "device_id"], ["device.tenant", "device.id"]),
        Index("ix_push_target_token", "tenant", "token_tag"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    device_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    token: Mapped[bytes] = mapped_column(LargeBinary)  # sealed
    token_tag: Mapped[bytes] = mapped_column(LargeBinary(32))
    fid: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed; the service's name of the installation, where it has one
    refreshed_ms: Mapped[int] = mapped_column(BigInteger)
    failed_ms: Mapped[int | None] = mapped_column(BigInteger)  # when the service last said that it is gone


class CommunityRow(Base):
    """An interest that shoppers join and leave as they please; what a community may not be about is in `demographics.py`."""

    __tablename__ = "community"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    name_ar: Mapped[str] = mapped_column(String(200))
    name_en: Mapped[str] = mapped_column(String(200))
    about_ar: Mapped[str] = mapped_column(Text)
    about_en: Mapped[str] = mapped_column(Text)
    open: Mapped[bool] = mapped_column(Boolean)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class MembershipRow(Base):
    """A shopper in a community; leaving removes the row."""

    __tablename__ = "membership"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "shopper_id"], ["shopper.tenant", "shopper.id"]),
        ForeignKeyConstraint(["tenant", "community_id"], ["community.tenant", "community.id"]),
        Index("ix_membership_community", "tenant", "community_id"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    shopper_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    community_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    joined_ms: Mapped[int] = mapped_column(BigInteger)


class ConsentTextRow(Base):
    """The words a shopper is shown before she answers, one version for good: a change is a new version."""

    __tablename__ = "consent_text"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    version: Mapped[str] = mapped_column(String(64), primary_key=True)
    text_ar: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int] = mapped_column(BigInteger)


class TagRow(Base):
    """A tag that is lent for a visit or carried for good: a cart, a basket, a loyalty card. Its code is what the QR on it says."""

    __tablename__ = "tag"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]), UniqueConstraint("tenant", "code_hash"))
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))  # cart, basket, loyalty
    venue_id: Mapped[str | None] = mapped_column(String(64))  # where carts and baskets stay
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    beacon_key: Mapped[str | None] = mapped_column(String(128))  # of a tag that always sends the same
    eid_key: Mapped[bytes | None] = mapped_column(LargeBinary)  # sealed identity key of one that rotates (Eddystone-EID)
    eid_exponent: Mapped[int | None] = mapped_column(Integer)  # K: a new id every 2^K s
    eid_offset_s: Mapped[int | None] = mapped_column(BigInteger)  # Unix seconds at which the tag's own clock showed 0
    created_ms: Mapped[int] = mapped_column(BigInteger)
    retired_ms: Mapped[int | None] = mapped_column(BigInteger)


class OperatorRow(Base):
    """A person who signs in to the console."""

    __tablename__ = "operator"
    __table_args__ = (
        ForeignKeyConstraint(["tenant"], ["tenant.id"]),
        UniqueConstraint("login"),
        UniqueConstraint("tenant", "provider_id", "subject_tag"),
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    login: Mapped[str] = mapped_column(String(200))  # lower case; unique over all tenants, because signing in comes before knowing one
    name: Mapped[str] = mapped_column(String(200))
    language: Mapped[str] = mapped_column(String(2))
    roles: Mapped[str] = mapped_column(Text)  # sorted, one space between
    scopes: Mapped[str] = mapped_column(Text)  # venue ids, likewise; empty for all of the tenant's
    password_hash: Mapped[str | None] = mapped_column(String(300))  # argon2id, PHC form; None until set, or where a provider vouches
    provider_id: Mapped[str | None] = mapped_column(String(64))
    subject_tag: Mapped[bytes | None] = mapped_column(LargeBinary(32))
    state: Mapped[str] = mapped_column(String(16))  # invited, active, disabled
    created_ms: Mapped[int] = mapped_column(BigInteger)


class OperatorSessionRow(Base):
    """A signed-in browser, by its token's hash alone."""

    __tablename__ = "operator_session"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "operator_id"], ["operator.tenant", "operator.id"]),
        Index("ix_operator_session_operator", "tenant", "operator_id"),
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    operator_id: Mapped[str] = mapped_column(String(36))
    id: Mapped[str] = mapped_column(String(36))  # by which its owner sees and ends it
    created_ms: Mapped[int] = mapped_column(BigInteger)
    seen_ms: Mapped[int] = mapped_column(BigInteger)  # idle sessions end
    expires_ms: Mapped[int] = mapped_column(BigInteger)


class OperatorLinkRow(Base):
    """A link that lets one operator set a password, once: the first admin's, an invitation, a reset. Used, it is gone."""

    __tablename__ = "operator_link"
    __table_args__ = (
        ForeignKeyConstraint(["tenant", "operator_id"], ["operator.tenant", "operator.id"]),
        Index("ix_operator_link_operator", "tenant", "operator_id"),
    )
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    operator_id: Mapped[str] = mapped_column(String(36))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)


class GatewayCodeRow(Base):
    """A code by which one box enrols itself, once, within minutes."""

    __tablename__ = "gateway_code"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]),)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32), primary_key=True)
    tenant: Mapped[str] = mapped_column(String(64))
    gateway_id: Mapped[str] = mapped_column(String(64))
    venue_id: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(200))
    created_ms: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    used_ms: Mapped[int | None] = mapped_column(BigInteger)
    key_id: Mapped[str | None] = mapped_column(String(64))  # the key it was used for: the same box asking again gets the same answer


class ErasureRow(Base):
    """An erasure from the request to the proof. Knows the shopper by a pseudonym, and by her id only until her rows are gone."""

    __tablename__ = "erasure"
    __table_args__ = (
        ForeignKeyConstraint(["tenant"], ["tenant.id"]),
        UniqueConstraint("tenant", "pseudonym"),
        Index("ix_erasure_open", "done_ms"),
        Index("ix_erasure_requested", "tenant", "requested_ms"),
        Index("ix_erasure_id", "id"),  # a receipt is asked for by its id alone
    )
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    pseudonym: Mapped[str] = mapped_column(String(16))
    shopper_id: Mapped[str | None] = mapped_column(String(64))
    requested_ms: Mapped[int] = mapped_column(BigInteger)
    requested_by: Mapped[str] = mapped_column(String(16))  # shopper or operator
    changed: Mapped[int] = mapped_column(BigInteger, default=0)  # people_version at which her row went
    done_ms: Mapped[int | None] = mapped_column(BigInteger)


class ErasurePartRow(Base):
    """One service's word that nothing of the shopper is left with it."""

    __tablename__ = "erasure_part"
    __table_args__ = (ForeignKeyConstraint(["tenant", "erasure_id"], ["erasure.tenant", "erasure.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    erasure_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    service: Mapped[str] = mapped_column(String(32), primary_key=True)
    rows: Mapped[int] = mapped_column(BigInteger)
    done_ms: Mapped[int] = mapped_column(BigInteger)


class RetentionRunRow(Base):
    """What one run of the retention job removed, by kind of row."""

    __tablename__ = "retention_run"
    __table_args__ = (ForeignKeyConstraint(["tenant"], ["tenant.id"]),)
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    at_ms: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    report: Mapped[bytes] = mapped_column(LargeBinary)  # JSON: for each kind its days and the rows removed
