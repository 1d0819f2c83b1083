"""The nouns of people and keys: who a beacon belongs to, what they consented to, and what each kind of caller may do."""

from dataclasses import dataclass

from groundwork.contracts.ids import BeaconKey, CommunityId, DeviceId, GatewayId, Pseudonym, ShopperId, TenantId, Track, VenueId
from groundwork.people.eid import EidKey

POSITIONING = "positioning"
OFFERS = "offers"
MEASUREMENT = "measurement"
PURPOSES = (POSITIONING, OFFERS, MEASUREMENT)
"""What consent is for; one is never implied by another."""

SEND_SIGHTINGS = "sightings.send"
SEND_RANGING = "ranging.send"
SEND_FEEDS = "feeds.send"
"""Posts what a third party's boxes heard; an API key's, because such boxes cannot sign."""
ROTATE_GATEWAY_KEY = "gateway_keys.rotate"
READ_CONFIGURATION = "gateway_configuration.read"
READ_FEED = "feed.read"
WRITE_CONSENTS = "consents.write"
MANAGE_SELF = "self.manage"
"""Her own device, language, communities, tags, export, pause and erasure."""
FETCH_TOKENS = "tokens.fetch"
REDEEM = "coupons.redeem"
SEND_PURCHASES = "purchases.send"
READ_STATUS = "status.read"
READ_AGGREGATES = "aggregates.read"
READ_ZONE_EVENTS = "zone_events.read"
"""What single devices do in a venue, as it happens, by pseudonym."""
WRITE_PRODUCTS = "products.write"
WRITE_PLANS = "plans.write"
MANAGE_GATEWAYS = "gateways.manage"
FIND_WAYS = "ways.find"
"""Asks for the way through a venue; an app on a phone may, and who sees the venue's plan."""
MANAGE_TAGS = "tags.manage"
MANAGE_COMMUNITIES = "communities.manage"
WRITE_CONSENT_TEXTS = "consent_texts.write"
SERVE_REQUESTS = "shopper_requests.serve"
"""Answers a shopper's request in her place: what is held of her, erasure; the privacy officer's."""
READ_AUDIT = "audit.read"
MANAGE_OPERATORS = "operators.manage"
MANAGE_API_KEYS = "api_keys.manage"
MANAGE_WEBHOOKS = "webhooks.manage"
OWN_SESSION = "session.own"
"""What every signed-in operator may do with her own session and password."""
GATEWAY_GRANTS = frozenset({SEND_SIGHTINGS, ROTATE_GATEWAY_KEY, READ_CONFIGURATION})
DEVICE_GRANTS = frozenset({SEND_RANGING, READ_FEED, WRITE_CONSENTS, MANAGE_SELF, FETCH_TOKENS, FIND_WAYS})
"""What the app on a shopper's phone may do, for its own shopper alone."""
TILL_GRANTS = frozenset({REDEEM, SEND_PURCHASES})
INTEGRATION_GRANTS = frozenset({SEND_PURCHASES, WRITE_PRODUCTS, READ_STATUS, READ_AGGREGATES, READ_ZONE_EVENTS, FIND_WAYS, SEND_FEEDS})
"""What an API key of the retailer's own systems may be given, besides a till's."""

SHOPPERS = "shoppers"
OPERATORS = "operators"
SERVES = (SHOPPERS, OPERATORS)
"""Whose sign-in an identity provider vouches for."""

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
    eid: EidKey | None = None
    """How the tag's ids are told, where it rotates them; `beacon` then stands for the tag (`tag:<id>`) and is never heard."""


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


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """An OpenID provider whose word a tenant takes. Its client secret is sealed and never part of this."""

    tenant: TenantId
    id: str
    serves: str
    """One of SERVES."""
    issuer: str
    """Exactly as it stands in `iss`."""
    audience: str
    """What `aud` must name: the client id under which the provider knows the app or the console."""
    algorithms: tuple[str, ...]
    """Sorted; what a token may be signed with, whatever its header says."""
    jwks_url: str
    authorize_url: str | None = None
    token_url: str | None = None


@dataclass(frozen=True, slots=True)
class Community:
    """An interest that shoppers join and leave as they please; never a group of people by age, gender or nationality."""

    tenant: TenantId
    id: CommunityId
    name_ar: str
    name_en: str
    about_ar: str
    about_en: str
    open: bool = True
    """A closed one takes nobody in and counts for nothing."""
