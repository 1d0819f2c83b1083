"""Two retailers in one running deployment, each with a caller of every kind: what the matrix of routes and roles is asked against.

Whatever the first one, `tamim`, has said is marked with PLANTED, so that an answer which shows any of it to anybody else is noticed.
"""

import secrets
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from aiohttp import web
from sqlalchemy import BigInteger, Boolean, Connection, Float, Integer, LargeBinary, insert, select

from aislecast.configuration import Configuration
from aislecast.deployment import Deployment, Extras, Keys, deploy, parts_of
from aislecast.scene import Person, Scene, Script, Secrets, set_scene
from aislecast.twin.shop import demo_plan
from floorplans import drafts
from floorplans.commands import Premises, Put
from floorplans.drafts import Asked
from floorplans.model import Names, Plan
from geofence.positioning.anchors import Calibration, write_calibration
from groundwork.contracts.ids import GatewayId, TenantId, VenueId
from groundwork.people import queries
from groundwork.people.model import DEVICE_GRANTS, INTEGRATION_GRANTS, TILL_GRANTS
from groundwork.people.operators import ACTIVE, Operator
from groundwork.people.queries import BrowserSignIn, StoredKey
from groundwork.people.roles import ROLES
from groundwork.plumbing import audit, signatures
from groundwork.plumbing.audit import Act
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.cookies import CSRF_HEADER, PLAIN_NAME, csrf_of
from groundwork.plumbing.db import Base, Database
from groundwork.plumbing.ids import SeededIds

TAMIM, DANA = TenantId("tamim"), TenantId("dana")
HERE, THERE, ABROAD = VenueId("tamim-riyadh"), VenueId("tamim-jeddah"), VenueId("dana-doha")
PLANTED: Final = "PLANTED"
DAY_MS: Final = 86_400_000
KEYS: Final = {
    "device": DEVICE_GRANTS,
    "till": TILL_GRANTS,
    "integration": INTEGRATION_GRANTS,
}
"""Callers that show a bearer token."""
CALLERS: Final = (*ROLES, *KEYS, "gateway", "anonymous")
THEIRS: Final = {
    "operators": "tamim-operator-viewer",
    "api-keys": "tamim-key",
    "sessions": "tamim-sign-in",
    "calibrations": "tamim-calibration",
    "communities": "tamim-community",
    "consent-texts": "offers",
    "purpose": "tamim-text",
    "devices": "device-tamim",
    "erasures": "tamim-erasure",
    "feeds": "tamim-feed",
    "gateways": "tamim-riyadh-gw-01",
    "keys": "",
    "identity-providers": "tamim-provider",
    "products": "tamim-product",
    "push-target": "fcm",
    "redemptions": "tamim-redemption",
    "shoppers": "",
    "tags": "tamim-tag",
    "tag-bindings": "tamim-tag",
    "venues": str(HERE),
    "with": str(TAMIM),
    "tenant": "tamim-provider",
    "imports": "tamim-import",
    "levels": "ground",
    "sheets": "ground",
    "publications": "tamim-publication",
    "versions": f"{HERE}-v1",
    "webhooks": "tamim-webhook",
    "deliveries": "tamim-delivery",
}
"""What the first tenant has, by the part of the path before it (`/v1/operators/{id}`); what is empty is filled in when it is known."""


@dataclass(frozen=True, slots=True)
class Asking:
    """A credential: the headers that show it, or the key that signs."""

    headers: Mapping[str, str] = field(default_factory=dict)
    scene: Scene | None = None

    def headers_for(self, method: str, path: str, body: bytes, now_ms: int) -> dict[str, str]:
        """The headers of one request; a signature is over that request alone."""
        if self.scene is None:
            return dict(self.headers)
        box = self.scene.boxes[0]
        return {signatures.HEADER: signatures.sign(box.key, box.key_id, method, path, now_ms, body)}


@dataclass(frozen=True, slots=True)
class World:
    """The deployment and what is known of it."""

    deployment: Deployment
    database: Database
    clock: ManualClock
    scenes: Mapping[TenantId, Scene]
    theirs: Mapping[str, str]

    @property
    def app(self) -> web.Application:
        return self.deployment.app

    async def callers(self, tenant: TenantId, venue: VenueId | None = None, only: Collection[str] = CALLERS) -> dict[str, Asking]:
        """A fresh credential of every kind, or of some `only`: what one request ends is no hindrance to the next.

        Of one `venue` alone where it is given.
        """
        tokens = {name: secrets.token_urlsafe(24) for name in (*ROLES, *KEYS) if name in only}
        scopes = frozenset([venue]) if venue else frozenset[str]()
        await self.database.write(lambda conn: self._let_in(conn, tenant, tokens, scopes))
        found = {
            name: Asking({"Cookie": f"{PLAIN_NAME}={tokens[name]}", CSRF_HEADER: csrf_of(tokens[name])}) for name in ROLES if name in tokens
        }
        found |= {name: Asking({"Authorization": f"Bearer {tokens[name]}"}) for name in KEYS if name in tokens}
        return found | {"gateway": Asking(scene=self.scenes[tenant]), "anonymous": Asking()}

    def _let_in(self, conn: Connection, tenant: TenantId, tokens: Mapping[str, str], scopes: frozenset[str]) -> None:
        now_ms = self.clock.now_ms()
        for role in ROLES.keys() & tokens.keys():
            hers = operator_of(tenant, role, scopes, now_ms)
            if queries.operator(conn, tenant, hers.id) is None:
                queries.add_operator(conn, hers)
            made = BrowserSignIn(tenant, hers.id, secrets.token_hex(8), token_hash(tokens[role]), now_ms, now_ms, now_ms + DAY_MS)
            queries.add_sign_in(conn, made)
        for name, grants in KEYS.items():
            if name not in tokens:
                continue
            subject = f"device-{tenant}" if name == "device" else f"{tenant}-{name}"
            hashed = token_hash(tokens[name])
            queries.add_access_key(conn, tenant=tenant, subject=subject, token_hash=hashed, grants=grants, scopes=scopes, now_ms=now_ms)

    async def rows_of(self, tenant: TenantId, but: Collection[str] = ()) -> dict[str, list[Any]]:
        """Every row of the tenant in every table that says whose its rows are, `but` some."""
        return await self.database.read(lambda conn: {name: rows for name, rows in _rows(conn, tenant) if name not in but})


def operator_of(tenant: TenantId, role: str, scopes: frozenset[str], now_ms: int) -> Operator:
    """The tenant's operator of this role, limited to these venues."""
    name = "-".join((f"{tenant}-operator-{role}", *sorted(scopes)))
    return Operator(tenant, name, name, _named(tenant, role), "en", frozenset({role}), scopes, ACTIVE, now_ms)


async def open_world(database: Database, clock: ManualClock) -> World:
    """The two tenants, set up in a database with all tables and nothing else."""
    scenes, theirs = await database.write(lambda conn: _set_up(conn, clock.now_ms()))
    parts = parts_of(database, clock, SeededIds(clock, 1), "matrix")
    deployment = deploy(parts, Configuration(), Keys(bytes(32), bytes(32)), Extras(metrics=True))
    await deployment.start()
    return World(deployment, database, clock, scenes, theirs)


def _named(tenant: TenantId, name: str) -> str:
    return f"{PLANTED} {name}" if tenant == TAMIM else name


def _plan(tenant: TenantId, venue: VenueId) -> Plan:
    plan = demo_plan(tenant, venue)
    name = _named(tenant, venue)
    return replace(plan, venue=replace(plan.venue, names=Names(name, name)))


def _draw(conn: Connection, now_ms: int) -> None:
    """Something on the first tenant's draft, and a version of it that waits for longer than the tests take."""
    asked = Asked(TAMIM, HERE, PLANTED, now_ms, THEIRS["publications"])
    drafts.edit(conn, asked, 0, [Put(Premises(names=Names(PLANTED, PLANTED)))])
    drafts.publish(conn, asked, 1, now_ms + 1_000 * DAY_MS, PLANTED)


def _set_up(conn: Connection, now_ms: int) -> tuple[dict[TenantId, Scene], dict[str, str]]:
    scenes = {}
    for tenant, venue in ((TAMIM, THERE), (TAMIM, HERE), (DANA, ABROAD)):  # of the first tenant the last one's scene is kept
        plan, secret = _plan(tenant, venue), Secrets(f"{tenant} {venue}".encode())
        box = GatewayId(f"{venue}-gw-01")
        people = [Person(tenant)] if venue != THERE else []
        scenes[tenant] = set_scene(conn, Script(plan, {box: (box,)}, people), secret, now_ms)
    hers, key = scenes[TAMIM].devices[0].subject, scenes[TAMIM].boxes[0].key_id
    for role in ROLES:
        queries.add_operator(conn, operator_of(TAMIM, role, frozenset(), now_ms))
    sign_in = BrowserSignIn(TAMIM, THEIRS["operators"], THEIRS["sessions"], bytes(32), now_ms, now_ms, now_ms + DAY_MS)
    queries.add_sign_in(conn, sign_in)
    stored = StoredKey(TAMIM, THEIRS["api-keys"], PLANTED, "tamim-erp", INTEGRATION_GRANTS, frozenset(), now_ms, now_ms + DAY_MS)
    queries.add_api_key(conn, stored, bytes(31) + b"k")
    audit.record(conn, TAMIM, now_ms, Act(PLANTED, "test.plant", PLANTED, None, PLANTED))
    _draw(conn, now_ms)
    for table, columns in _planted(hers.pseudonym, hers.shopper):
        _plant(conn, table, {"tenant": TAMIM, **columns})
    return scenes, {**THEIRS, "keys": key, "shoppers": hers.pseudonym}


def _planted(pseudonym: str, shopper: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Rows of the first tenant in tables that the scene leaves empty."""
    yield "community", {"id": THEIRS["communities"]}
    file = zlib.compress(write_calibration(Calibration(notes=[PLANTED])))
    yield "calibration", {"venue": HERE, "id": THEIRS["calibrations"], "body": file}
    yield "calibration_use", {"venue": HERE, "calibration": THEIRS["calibrations"]}
    yield "consent_text", {"purpose": "offers", "version": THEIRS["purpose"]}
    yield "erasure", {"id": THEIRS["erasures"], "pseudonym": pseudonym, "shopper_id": shopper, "requested_by": "shopper"}
    yield "identity_provider", {"id": THEIRS["identity-providers"], "serves": "shoppers", "issuer": f"https://{PLANTED}.example"}
    yield "product", {"id": THEIRS["products"]}
    yield "tag", {"id": THEIRS["tags"], "kind": "cart", "venue_id": HERE, "beacon_key": "ibeacon:" + "ab" * 16 + ":1:1"}
    yield "webhook", {"id": THEIRS["webhooks"], "kinds": "[]", "venues": "[]", "url": f"https://{PLANTED}.example"}
    yield "webhook_delivery", {"id": THEIRS["deliveries"], "webhook": THEIRS["webhooks"], "shopper": pseudonym}
    yield "feed", {"id": THEIRS["feeds"], "kind": "minew", "venue": HERE, "times": "payload", "url": ""}
    yield "retention_run", {"at_ms": 1, "report": b"[]"}
    yield "sheet", {"venue_id": HERE, "level_id": THEIRS["sheets"], "placing": "{}"}
    yield "plan_import", {"venue_id": HERE, "id": THEIRS["imports"]}


def _plant(conn: Connection, name: str, columns: dict[str, Any]) -> None:
    """A row whose other columns hold the mark, or whatever their type can."""
    table = Base.metadata.tables[name]
    for column in table.columns:
        if column.name not in columns and not column.nullable:
            columns[column.name] = _filling(column.type)
    conn.execute(insert(table).values(**columns))


def _filling(kind: object) -> object:
    if isinstance(kind, Boolean):
        return True
    if isinstance(kind, Integer | BigInteger | Float):
        return 1
    if isinstance(kind, LargeBinary):
        return b"p" * 32
    length = getattr(kind, "length", None)
    return PLANTED[:length]


def _rows(conn: Connection, tenant: TenantId) -> Iterator[tuple[str, list[Any]]]:
    for table in Base.metadata.sorted_tables:
        if "tenant" in table.columns:
            rows = conn.execute(select(table).where(table.columns.tenant == tenant)).all()
            yield table.name, sorted(map(repr, rows))
