"""A geofence with its registries, two tenants whose names for everything are the same, and an HTTP client that signs as a gateway does."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

from floorplans import queries as floorplan_queries
from geofence import queries
from geofence.app import build
from geofence.settings import Settings
from geofence.tracking.outcome import Observer
from groundwork.contracts.codec import encode_frame
from groundwork.contracts.ids import BeaconKey, BootId, DeviceId, GatewayId, GatewayKeyId, ShopperId, TenantId
from groundwork.contracts.ranging import RangingColumns, RangingReport
from groundwork.contracts.sighting import FRAME_TYPE, SightingBatch, SightingColumns, SightingHeader
from groundwork.contracts.visit import Visit
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people_queries
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import POSITIONING, SEND_RANGING
from groundwork.people.registry import People
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts, Service, settle
from groundwork.plumbing.signatures import HEADER, sign
from groundwork.plumbing.vault import Vault
from tests.geofence.venues import START_MS, VENUE, two_rooms

TAMIM, DANA = TenantId("tamim"), TenantId("dana")
BOX = GatewayId("box-1")
STRAY = GatewayId("box-2")
TAG = BeaconKey("ibeacon:00112233445566778899aabbccddeeff:1:7")
STRANGER = BeaconKey("ibeacon:ffffffffffffffffffffffffffffffff:9:9")
PHONE = DeviceId("phone")
BEACONS = ("g-left", "g-right")
"""Radios on the box; the same placements serve as fixed beacons for a phone."""

Heard = tuple[str, str, int, float]
"""Radio, beacon, end of window in ms after the start, dBm."""


def key_of(tenant: str) -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(tenant.encode().ljust(32, b"."))


def token_of(tenant: str) -> str:
    return f"token-of-layla-at-{tenant}"


def add_everything(conn: Connection) -> None:
    """Both tenants, each with the same shop, box, radios, shopper, phone and tag."""
    for tenant in (TAMIM, DANA):
        people_queries.add_tenant(conn, tenant=tenant, name_ar="متجر", name_en=tenant, salt=tenant.encode().ljust(32), now_ms=START_MS)
        shop = two_rooms(tenant=tenant)
        floorplan_queries.add_venue(conn, shop.venue, START_MS)
        floorplan_queries.publish(conn, shop, START_MS)
        for gateway, via in ((BOX, None), (GatewayId("g-left"), BOX), (GatewayId("g-right"), BOX), (STRAY, None)):
            people_queries.add_gateway(conn, tenant=tenant, gateway=gateway, venue=VENUE, name=gateway, via=via, now_ms=START_MS)
        public = key_of(tenant).public_key().public_bytes_raw()
        key = GatewayKeyId(f"key-{tenant}")
        people_queries.add_gateway_key(conn, tenant=tenant, gateway=BOX, key=key, public_key=public, valid_from_ms=START_MS)
        add_layla(conn, tenant)


def add_layla(conn: Connection, tenant: TenantId) -> None:
    layla = ShopperId("layla")
    people_queries.sign_up(
        conn,
        tenant=tenant,
        shopper=layla,
        device=PHONE,
        shopper_key=tenant.encode().ljust(32, b"."),
        enrolment=1,
        language="ar",
        now_ms=START_MS,
    )
    people_queries.bind_beacon(conn, tenant, PHONE, TAG, 0)
    set_consent(conn, tenant, True)
    people_queries.add_access_key(
        conn, tenant=tenant, subject=PHONE, token_hash=token_hash(token_of(tenant)), grants=(SEND_RANGING,), now_ms=START_MS
    )


def set_consent(conn: Connection, tenant: TenantId, granted: bool) -> None:
    people_queries.record_consent(
        conn,
        tenant=tenant,
        shopper=ShopperId("layla"),
        purpose=POSITIONING,
        granted=granted,
        text_version="1",
        source="app",
        at_ms=START_MS,
    )


def batch(
    rows: Sequence[Heard], covered_ms: int, *, number: int = 1, tenant: str = TAMIM, gateway: str = BOX, boot: str = "boot"
) -> SightingBatch:
    """What the box sends; times are in ms after the start."""
    radios, beacons = sorted({row[0] for row in rows}), sorted({row[1] for row in rows})
    rssi = [row[3] for row in rows]
    return SightingBatch(
        tenant=TenantId(tenant),
        gateway=GatewayId(gateway),
        boot=BootId(boot),
        batch=number,
        sent_ms=START_MS + covered_ms,
        covered_until_ms=START_MS + covered_ms,
        gateways=[GatewayId(radio) for radio in radios],
        beacons=[BeaconKey(beacon) for beacon in beacons],
        columns=SightingColumns(
            gateway=[radios.index(row[0]) for row in rows],
            beacon=[beacons.index(row[1]) for row in rows],
            window_start_ms=[START_MS + row[2] - 500 for row in rows],
            window_ms=[500] * len(rows),
            adverts=[3] * len(rows),
            rssi_median_dbm=rssi,
            rssi_min_dbm=rssi,
            rssi_max_dbm=rssi,
            rssi_last_dbm=rssi,
        ),
    )


def frame_of(sent: SightingBatch) -> bytes:
    assert sent.columns is not None
    header = SightingHeader(**{name: getattr(sent, name) for name in SightingHeader.__struct_fields__})
    return encode_frame(header, sent.columns)


def standing_left(until_ms: int, from_ms: int = 500, beacon: str = TAG) -> list[Heard]:
    """A tag in the middle of the left room, heard by both radios."""
    ends = range(from_ms, until_ms + 1, 500)
    return [row for end in ends for row in (("g-left", beacon, end, -48.0), ("g-right", beacon, end, -75.0))]


def ranging(rows: Sequence[tuple[str, int, float]], covered_ms: int, *, number: int = 1, tenant: str = TAMIM) -> RangingReport:
    """What the phone reports."""
    return RangingReport(
        tenant=TenantId(tenant),
        venue=VENUE,
        boot=BootId("app"),
        batch=number,
        sent_ms=START_MS + covered_ms,
        covered_until_ms=START_MS + covered_ms,
        beacons=[BeaconKey(name) for name in BEACONS],
        columns=RangingColumns(
            beacon=[BEACONS.index(row[0]) for row in rows],
            window_start_ms=[START_MS + row[1] - 1_000 for row in rows],
            window_ms=[1_000] * len(rows),
            adverts=[2] * len(rows),
            rssi_median_dbm=[row[2] for row in rows],
        ),
    )


@dataclass(slots=True)
class Deployment:
    """A running geofence; the clock is moved by hand and the loops are stepped by the test."""

    parts: Parts
    clock: ManualClock
    service: Service
    people: People
    credentials: LiveCredentials
    client: TestClient[web.Request, web.Application] = field(init=False)

    @classmethod
    async def start(
        cls, parts: Parts, settings: Settings | None = None, observe: Observer | None = None, vault: Vault | None = None
    ) -> "Deployment":
        clock = parts.clock
        assert isinstance(clock, ManualClock)
        people, credentials = People(parts.db, clock), LiveCredentials(parts.db)
        deployment = cls(parts, clock, build(parts, settings or Settings(), people, observe, vault=vault), people, credentials)
        await deployment.service.start()
        await deployment.renew()
        app = build_app(deployment.service.routes, credentials, clock, parts.ids, parts.hops, lambda: [deployment.service.ready()])
        deployment.client = TestClient(TestServer(app))
        await deployment.client.start_server()
        return deployment

    async def renew(self) -> None:
        await self.people.renew()
        await self.credentials.renew()

    async def at(self, after_ms: int) -> None:
        """Moves the clock and lets the loops finish."""
        self.clock.set(START_MS + after_ms)
        await settle(self.service.loops)

    async def send(self, sent: SightingBatch, *, frame: bool = False, signer: str | None = None, tamper: bytes = b"") -> ClientResponse:
        """Sends as the box of the batch's tenant does, by default."""
        return await self.post(frame_of(sent) if frame else msgspec.json.encode(sent), frame, signer or sent.tenant, tamper)

    async def post(self, raw: bytes, frame: bool = False, signer: str = TAMIM, tamper: bytes = b"") -> ClientResponse:
        signature = sign(key_of(signer), f"key-{signer}", "POST", "/v1/sightings", self.clock.now_ms(), raw)
        media = FRAME_TYPE if frame else "application/json"
        return await self.client.post("/v1/sightings", data=raw + tamper, headers={HEADER: signature, "Content-Type": media})

    async def report(self, said: RangingReport, *, tenant: str | None = None) -> ClientResponse:
        headers = {"Authorization": f"Bearer {token_of(tenant or said.tenant)}", "Content-Type": "application/json"}
        return await self.client.post("/v1/ranging", data=msgspec.json.encode(said), headers=headers)

    async def events(self, tenant: TenantId = TAMIM) -> list[ZoneEvent]:
        return await self.parts.db.read(lambda conn: queries.zone_events(conn, tenant, VENUE))

    async def visits(self, tenant: TenantId = TAMIM) -> list[Visit]:
        return await self.parts.db.read(lambda conn: queries.visits(conn, tenant, VENUE))

    async def close(self) -> None:
        await self.client.close()
        for loop in self.service.loops:
            await loop.close()
