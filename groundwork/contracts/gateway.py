"""Gateways: one-time codes, a box that enrols itself, its next key, what operators see of it, and what a site decides for its boxes."""

from typing import Annotated, Final

import msgspec

from groundwork.contracts.ids import GatewayId, GatewayKeyId, TenantId, VenueId

Id = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", max_length=64)]
PublicKey = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
"""The 32 raw bytes of an Ed25519 public key in hex."""
Proof = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{86}={0,2}$", max_length=88)]
"""A signature by the new key over the text in `groundwork/plumbing/proofs.py`, in base64url."""
ENROLMENT: Final = "gateway-enrolment"
ROTATION: Final = "gateway-key"
"""Purposes of proofs: what they are given with an enrolment's code, and with the id of the key that is being replaced."""


class GatewayCodeRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator wants a box to enrol as this gateway, new or known."""

    version: int = 1
    gateway: Id
    venue: Id
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class GatewayCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code for that, once; whoever types it into a box within its time makes that box the gateway."""

    version: int = 1
    tenant: TenantId
    gateway: GatewayId
    venue: VenueId
    code: str
    expires_ms: int


class GatewayEnrolmentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A box hands its public key over: purpose `gateway-enrolment`, occasion the code in capitals without dashes."""

    version: int = 1
    code: Annotated[str, msgspec.Meta(max_length=32)]
    public_key: PublicKey
    proof: Proof


class GatewayEnrolled(msgspec.Struct, frozen=True, kw_only=True):
    """Who the box is from now on, and the id its signatures name. The same box asking again gets the same answer."""

    version: int = 1
    tenant: TenantId
    gateway: GatewayId
    venue: VenueId
    key_id: GatewayKeyId
    configuration_key: str = ""
    """The public key, 64 hex digits, with which this deployment signs what it configures; the box trusts no other."""


class GatewayKeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The next key of the box that signs this request: purpose `gateway-key`, occasion the id of the key that signs."""

    version: int = 1
    public_key: PublicKey
    proof: Proof


class GatewayKeyAdded(msgspec.Struct, frozen=True, kw_only=True):
    """The new key is in force; the one that signed still is, until `previous_until_ms`."""

    version: int = 1
    tenant: TenantId
    gateway: GatewayId
    key_id: GatewayKeyId
    valid_from_ms: int
    previous_until_ms: int


class GatewayKeyState(msgspec.Struct, frozen=True, kw_only=True):
    """One key, live or not."""

    key_id: GatewayKeyId
    valid_from_ms: int
    valid_until_ms: int | None = None
    revoked_ms: int | None = None


class GatewayState(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway with its keys, oldest first."""

    gateway: GatewayId
    venue: VenueId
    name: str
    via: GatewayId | None = None
    """The box in whose batches this radio's rows travel; None for a box."""
    active: bool
    """False once it was revoked."""
    keys: list[GatewayKeyState]


class Gateways(msgspec.Struct, frozen=True, kw_only=True):
    """The gateways of the venues the caller may see."""

    version: int = 1
    tenant: TenantId
    gateways: list[GatewayState]


Uuid = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$", max_length=32)]
Namespace = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{20}$", max_length=20)]
Address = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{12}$", max_length=12)]
AllowedBeacon = Annotated[str, msgspec.Meta(pattern="^[a-z]+:[0-9a-f:]+$", max_length=100)]
Sixteen = Annotated[int, msgspec.Meta(ge=0, le=65_535)]
Rules = msgspec.Meta(max_length=200)
"""The most entries of a kind that a shop has reason for; what carries them must fit a box's memory."""


class GatewayRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which beacons may leave a shop, and how phones carry tokens there. Whatever is not named is dropped by its boxes."""

    version: int = 1
    allow_ibeacon: Annotated[list[Uuid], Rules] = []
    allow_altbeacon: Annotated[list[Uuid], Rules] = []
    """First identifiers."""
    allow_eddystone: Annotated[list[Namespace], Rules] = []
    allow_beacons: Annotated[list[AllowedBeacon], Rules] = []
    allow_addresses: Annotated[list[Address], Rules] = []
    """Senders whose radio address is a fixed one."""
    allow_companies: Annotated[list[Sixteen], Rules] = []
    """Company ids whose senders pass by their address; makers of phones are refused."""
    allow_eid: bool = False
    """Ephemeral ids, everybody's: only the server can tell whose they are."""
    token_company: Sixteen | None = None
    """Company id under which phones send shopper tokens."""
    token_marker: Annotated[list[Sixteen], msgspec.Meta(max_length=2)] = []
    """Major and minor of the iBeacons whose UUID is a shopper token: both or none."""


class VenueRules(msgspec.Struct, frozen=True, kw_only=True):
    """A venue's rules as they stand; None: its boxes go by their own settings."""

    version: int = 1
    tenant: TenantId
    venue: VenueId
    rules: GatewayRules | None = None
    changed_ms: int | None = None


class GatewayConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """What a site decides for one of its boxes. None: the box's own settings decide."""

    version: int = 1
    tenant: TenantId
    gateway: GatewayId
    venue: VenueId
    issued_ms: int
    """By the server's clock; a box takes none that is older than the one it has."""
    window_ms: Annotated[int, msgspec.Meta(ge=100, le=1_000)] | None = None
    """Of the venue's policy."""
    rules: GatewayRules | None = None


class SignedConfiguration(msgspec.Struct, frozen=True, kw_only=True):
    """A configuration with the deployment's signature over `aislecast-configuration`, an end of line, and the text's own UTF-8."""

    version: int = 1
    tenant: TenantId
    configuration: Annotated[str, msgspec.Meta(max_length=60_000)]
    """A GatewayConfiguration as JSON, to the byte."""
    signature: Proof
