"""The nouns of people and keys: who a beacon belongs to, what they consented to, and what each kind of caller may do."""

from dataclasses import dataclass

from groundwork.contracts.ids import BeaconKey, DeviceId, Pseudonym, ShopperId, TenantId, Track

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
GRANTS = (SEND_SIGHTINGS, SEND_RANGING, READ_FEED, REDEEM, SEND_PURCHASES, READ_STATUS)
"""What a caller may do; a route names exactly one."""


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


@dataclass(frozen=True, slots=True)
class DayKey:
    """The key that seals one tenant's shopper tokens of one day."""

    day: int
    """Days since 1970 UTC."""
    key: bytes
    """16 bytes, AES-128."""
    check: int
    """32 random bits that a token of this day must carry: 1 stranger in 4e9 passes by chance."""
