"""A scene: all that must stand in the registries before the first advert is heard, set up in one transaction and safe to repeat.

The demo shop and a replayed recording are both scenes. Every secret in one is derived from the scene's own secret, so that setting it
again finds the same keys; a demo keeps that secret in its data folder, a replay throws it away with its database.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from floorplans import queries as places
from floorplans.model import Plan
from groundwork.contracts.ids import BeaconKey, DeviceId, GatewayId, GatewayKeyId, ShopperId, TenantId, TillId, VenueId
from groundwork.people import queries as people
from groundwork.people.consent_texts import DEFAULTS, ConsentText
from groundwork.people.model import DEVICE_GRANTS, PURPOSES, TILL_GRANTS, Subject
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.db import Connection

CONSENT_TEXT = "demo-1"
"""Version of the consent text that simulated shoppers and owners of test devices agreed to."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """Keys derived from one secret by name (HMAC-SHA256)."""

    secret: bytes

    def raw(self, name: str, size: int) -> bytes:
        """`size` bytes, 32 at most, that only who knows the secret can name."""
        return hmac.digest(self.secret, name.encode(), hashlib.sha256)[:size]

    def number(self, name: str, bits: int) -> int:
        return int.from_bytes(self.raw(name, bits // 8), "big")

    def token(self, name: str) -> str:
        """A bearer token of 256 bits."""
        return self.raw(f"token {name}", 32).hex()

    def signing_key(self, name: str) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.raw(f"signing {name}", 32))


@dataclass(frozen=True, slots=True)
class Person:
    """A shopper to sign up, with one device."""

    name: str
    language: str = "ar"
    purposes: tuple[str, ...] = PURPOSES
    beacon: BeaconKey | None = None
    """A static beacon she carries; None where her phone sends tokens or ranges."""


@dataclass(frozen=True, slots=True)
class Box:
    """A gateway that signs, and the radios whose sightings it sends."""

    gateway: GatewayId
    key_id: GatewayKeyId
    key: Ed25519PrivateKey
    radios: tuple[GatewayId, ...]


@dataclass(frozen=True, slots=True)
class Carried:
    """A device as its app knows it."""

    subject: Subject
    token: str
    """Bearer token of the app."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What was set up, and the secrets its players need."""

    tenant: TenantId
    venue: VenueId
    secrets: Secrets
    boxes: tuple[Box, ...]
    devices: tuple[Carried, ...]
    till: TillId
    till_token: str


@dataclass(frozen=True, slots=True)
class Script:
    """What to set up."""

    plan: Plan
    boxes: Mapping[GatewayId, Sequence[GatewayId]]
    """The radios on each box; a box that hears for itself is among its own radios."""
    people: Sequence[Person]


def set_scene(conn: Connection, script: Script, secrets: Secrets, now_ms: int) -> Scene:
    """Sets everything up; a second call with the same script and secrets changes nothing but counts of changes."""
    venue = script.plan.venue
    tenant = venue.tenant
    people.add_tenant(
        conn, tenant=tenant, name_ar=venue.names.ar, name_en=venue.names.en, salt=secrets.raw(f"salt {tenant}", 32), now_ms=now_ms
    )
    places.add_venue(conn, venue, now_ms)
    places.publish(conn, script.plan, now_ms)
    for purpose, (ar, en) in DEFAULTS.items():
        people.add_consent_text(conn, tenant, ConsentText(purpose, CONSENT_TEXT, ar, en, now_ms))
    till = TillId(f"{venue.id}-till-1")
    people.add_access_key(
        conn,
        tenant=tenant,
        subject=till,
        token_hash=token_hash(secrets.token(till)),
        grants=TILL_GRANTS,
        scopes=[venue.id],
        now_ms=now_ms,
    )
    boxes = tuple(_add_box(conn, script.plan, box, tuple(radios), secrets, now_ms) for box, radios in script.boxes.items())
    devices = tuple(_sign_up(conn, tenant, person, secrets, now_ms) for person in script.people)
    return Scene(tenant, venue.id, secrets, boxes, devices, till, secrets.token(till))


def _add_box(conn: Connection, plan: Plan, gateway: GatewayId, radios: tuple[GatewayId, ...], secrets: Secrets, now_ms: int) -> Box:
    tenant, venue = plan.venue.tenant, plan.venue.id
    people.add_gateway(conn, tenant=tenant, gateway=gateway, venue=venue, name=gateway, now_ms=now_ms)
    for radio in radios:
        if radio != gateway:
            people.add_gateway(conn, tenant=tenant, gateway=radio, venue=venue, name=radio, via=gateway, now_ms=now_ms)
    key = secrets.signing_key(gateway)
    public = key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    key_id = GatewayKeyId(f"{gateway}.{public[:4].hex()}")
    people.add_gateway_key(conn, tenant=tenant, gateway=gateway, key=key_id, public_key=public, valid_from_ms=0)
    return Box(gateway, key_id, key, radios)


def _sign_up(conn: Connection, tenant: TenantId, person: Person, secrets: Secrets, now_ms: int) -> Carried:
    enrolment = secrets.number(f"enrolment {person.name}", 64)
    device = DeviceId(f"device-{person.name}")
    known = people.subject_of_device(conn, tenant, device)
    subject = people.sign_up(
        conn,
        tenant=tenant,
        shopper=ShopperId(f"shopper-{person.name}"),
        device=device,
        shopper_key=secrets.raw(f"shopper {person.name}", 32),
        enrolment=enrolment,
        language=person.language,
        now_ms=now_ms,
    )
    if known is None:  # what she has withdrawn since must not come back because the scene is set again
        _first_answers(conn, subject, person, now_ms)
    token = secrets.token(f"device {person.name}")
    people.add_access_key(conn, tenant=tenant, subject=subject.device, token_hash=token_hash(token), grants=DEVICE_GRANTS, now_ms=now_ms)
    return Carried(subject, token)


def _first_answers(conn: Connection, subject: Subject, person: Person, now_ms: int) -> None:
    """Her consents, and the tag she carries."""
    for purpose in person.purposes:
        people.record_consent(
            conn,
            tenant=subject.tenant,
            shopper=subject.shopper,
            purpose=purpose,
            granted=True,
            text_version=CONSENT_TEXT,
            source="scene",
            at_ms=now_ms,
        )
    if person.beacon is not None:
        people.bind_beacon(conn, subject.tenant, subject.device, person.beacon, now_ms)
