"""The nouns of people and keys: who a beacon belongs to, what they consented to, and what each kind of caller may do."""

from dataclasses import dataclass

from groundwork.contracts.ids import BeaconKey, DeviceId, GatewayId, Pseudonym, ShopperId, TenantId, Track, VenueId

POSITIONING = "positioning"
OFFERS = "offers"
MEASUREMENT = "measurement"
PURPOSES = (POSITIONING, OFFERS, MEASUREMENT)
"""What consent is for; one is never implied by another."""

SEND_SIGHTINGS = "sightings.send"
SEND_RANGING = "ranging.send"
READ_FEED = "feed.read"
REDEEM = "coupons.redeem"
SEND_PURCHASES = "purchases.send"
READ_STATUS = "status.read"
WRITE_CONSENTS = "consents.write"
WRITE_PRODUCTS = "products.write"
GRANTS = (SEND_SIGHTINGS, SEND_RANGING, READ_FEED, REDEEM, SEND_PURCHASES, READ_STATUS, WRITE_CONSENTS, WRITE_PRODUCTS)
"""What a caller may do; a route names exactly one."""
DEVICE_GRANTS = frozenset({SEND_RANGING, READ_FEED, WRITE_CONSENTS})
"""What the app on a shopper's phone may do, for its own shopper alone."""
TILL_GRANTS = frozenset({REDEEM, SEND_PURCHASES})

LANGUAGES = ("ar", "en")


@dataclass(frozen=True, slots=True)
class Tenant:
    """One retailer."""

    id: TenantId
    name_ar: str
    name_en: str
    salt: bytes
    """32 random bytes that everything hashed per tenant starts with (the holdout above all); never changes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """A device and the shopper it belongs to."""

    tenant: TenantId
    shopper: ShopperId
    pseudonym: Pseudonym
    device: DeviceId
    track: Track
    language: str
    """`ar` or `en`."""


@dataclass(frozen=True, slots=True)
class OwnedBeacon:
    """A static beacon key bound to a device (a tag, a test beacon), while consent to positioning lives."""

    beacon: BeaconKey
    subject: Subject
    from_ms: int = 0
    until_ms: int | None = None
    """The binding holds at event times from `from_ms` up to, not at, `until_ms`; None means until further notice."""


@dataclass(frozen=True, slots=True)
class DayKey:
    """The key that seals one tenant's shopper tokens of one day."""

    day: int
    """Days since 1970 UTC."""
    key: bytes
    """16 bytes, AES-128."""
    check: int
    """32 random bits that a token of this day must carry: 1 stranger in 4e9 passes by chance."""


@dataclass(frozen=True, slots=True)
class Gateway:
    """A box in a shop, or a radio that hangs on one."""

    id: GatewayId
    venue: VenueId
    via: GatewayId | None
    """The box in whose signed batches this radio's rows travel; None for a box."""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Versions:
    """How often a tenant's people and gateways have changed; whoever keeps them in memory compares these."""

    tenant: TenantId
    people: int
    gateways: int
