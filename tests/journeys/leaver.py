"""A shopper with everything a deployment can hold of her, planted so that a byte scan finds every copy; and the scan."""

import asyncio
import contextlib
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import select

from aislecast.configuration import Configuration
from aislecast.deployment import Deployment, Extras, Keys, deploy
from floorplans import queries as places
from geofence.settings import Settings as GeofenceSettings
from geofence.telling.webhooks import Telling
from groundwork.contracts.gateway import GatewayRules
from groundwork.contracts.gps_report import GpsBatch, GpsColumns
from groundwork.contracts.ids import BeaconKey, BootId, CampaignId, CommunityId, DeviceId, GrantId, Pseudonym, ShopperId, TenantId
from groundwork.contracts.ranging import RangingColumns, RangingReport
from groundwork.people import queries as people
from groundwork.people.model import (
    DEVICE_GRANTS,
    MANAGE_GATEWAYS,
    MANAGE_WEBHOOKS,
    PURPOSES,
    READ_ZONE_EVENTS,
    SEND_FEEDS,
    SERVE_REQUESTS,
    TILL_GRANTS,
    Community,
    Subject,
)
from groundwork.people.queries.gateway_rules import put_gateway_rules
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Base, Connection, Database
from groundwork.plumbing.service import Parts, settle
from groundwork.plumbing.vault import Vault
from notifier import queries as notifier_queries
from notifier.campaigns import Campaign, Texts
from notifier.coupons import Codes, shown
from notifier.rules import Dwelt
from notifier.settings import Settings as NotifierSettings
from tests.geofence.outdoor.ground import HALF_M, at, line, outdoors
from tests.geofence.telling.told import Receiver, receiver
from tests.geofence.venues import START_MS, VENUE, plan, rectangle, zone
from tests.notifier.shop import OFFER

TENANT: Final = TenantId("tamim")
KEYS: Final = Keys(b"c" * 32, b"v" * 32)
SHOPPER: Final = ShopperId("planted-shopper-9c41f7")
DEVICE: Final = DeviceId("planted-device-5be208")
SUBJECT: Final = "planted-sub-77aa10"
BEARER: Final = "planted-bearer-token-0d1e2f3a4b5c"
PUSH_TOKEN: Final = "planted-push-token-e5f6a7b8:APA91b"
INSTALLATION: Final = "planted-installation-1234567"
NAME: Final = "Planted Al-Harbi"
PHONE_NUMBER: Final = "+966500000417"
TAG: Final = BeaconKey("ibeacon:00112233445566778899aabbccddeeff:41:7")
BOX: Final = "AC233FC00417"
"""A third party's, which hears her tag."""
TILL: Final = "token of the till"
BOXES: Final = "token of the boxes"
SYSTEM: Final = "token of the retailer's system"
OFFICER: Final = "token of the privacy officer"

IDS: Final = (SHOPPER, DEVICE, SUBJECT, BEARER, PUSH_TOKEN, INSTALLATION)
"""What must be found nowhere once she is erased."""
NEVER: Final = (NAME, PHONE_NUMBER, BEARER, PUSH_TOKEN, SUBJECT)
"""What no log may hold at any time; coupon codes come with them."""

Client = TestClient[web.Request, web.Application]

_WAY: Final = [*line(-400, 60, 10.0), *((47.0 + second, 60.0, 5.0) for second in range(20))]
"""From far beyond the ring into the shop's outline, and there for a while."""
_PACKED: Final = b"\x78\x01"
"""How what zlib packed at its lowest level begins."""


@dataclass(slots=True)
class World:
    """A whole deployment, stepped by hand, with one shopper who is everywhere in it, and another who must lose nothing."""

    parts: Parts
    clock: ManualClock
    deployment: Deployment
    her: Subject
    other: Subject
    client: Client = field(init=False)
    batch: int = 0

    @classmethod
    async def open(cls, parts: Parts, clock: ManualClock) -> "World":
        """Signed up, consenting, with a tag and an address for pushes; nothing has happened yet."""
        her, other = await parts.db.write(populate)
        world = cls(parts, clock, _deploy(parts), her, other)
        await world.start()
        return world

    async def start(self) -> None:
        await self.deployment.start()
        server = TestServer(self.deployment.app)
        await server.start_server(access_log=None)  # as it is served in earnest
        self.client = TestClient(server)

    async def again(self) -> None:
        """The process has died: everything in memory is gone, and a new one starts on the same database."""
        await self.client.close()
        self.deployment = _deploy(self.parts)
        await self.start()

    async def run(self, seconds: float = 0, step_s: float = 1.0) -> None:
        """Lets the loops do all they can, second by second."""
        until_ms = self.clock.now_ms() + round(seconds * 1000)
        await settle(self.deployment.loops)
        while self.clock.now_ms() < until_ms:
            self.clock.advance(step_s)
            await settle(self.deployment.loops)

    async def ask(self, method: str, path: str, body: object = None, token: str = BEARER, **headers: str) -> tuple[int, Any]:
        """Status and JSON of an answer."""
        sent = msgspec.json.encode(body) if body is not None else None
        every = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers} if token else headers
        async with self.client.request(method, path, data=sent, headers=every) as answer:
            raw = await answer.read()
            return answer.status, msgspec.json.decode(raw) if raw and "json" in answer.content_type else raw.decode()

    async def walk(self, seconds: int = 18, token: str = BEARER) -> list[int]:
        """The phone hears the left room's beacon, second by second; returns the statuses of its reports."""
        statuses = []
        for _ in range(seconds):
            self.clock.advance(1)
            status, _answer = await self.ask("POST", "/v1/ranging", self._report(), token)
            statuses.append(status)
            await settle(self.deployment.loops)
        return statuses

    def _report(self) -> RangingReport:
        self.batch += 1
        now = self.clock.now_ms()
        return RangingReport(
            tenant=TENANT,
            venue=VENUE,
            boot=BootId("app"),
            batch=self.batch,
            sent_ms=now,
            covered_until_ms=now,
            beacons=[BeaconKey("g-left")],
            columns=RangingColumns(beacon=[0], window_start_ms=[now - 1_000], window_ms=[1_000], adverts=[3], rssi_median_dbm=[-48.0]),
        )

    async def drive(self) -> None:
        """Her phone reports its way to the shop, by GPS, until she has arrived."""
        for first in range(0, len(_WAY), 20):
            part = _WAY[first : first + 20]
            self.clock.advance(len(part))
            now_ms, (last_s, _, _) = self.clock.now_ms(), part[-1]
            spots = [at(HALF_M, north_m) for _, north_m, _ in part]
            columns = GpsColumns(
                lon=[lon for lon, _ in spots],
                lat=[lat for _, lat in spots],
                accuracy_m=[accuracy_m for _, _, accuracy_m in part],
                at_ms=[now_ms + round(1000 * (after_s - last_s)) for after_s, _, _ in part],
            )
            self.batch += 1
            sent = GpsBatch(tenant=TENANT, boot=BootId("app"), batch=self.batch, sent_ms=now_ms, columns=columns)
            assert (await self.ask("POST", "/v1/gps-reports", sent))[0] == 200
            await settle(self.deployment.loops)

    async def be_heard(self) -> None:
        """A third party's box hears her tag."""
        for _ in range(12):
            self.clock.advance(1)
            heard_at = datetime.fromtimestamp(self.clock.now_ms() / 1000, UTC).isoformat(timespec="milliseconds")
            uuid, major, minor = TAG.removeprefix("ibeacon:").split(":")
            beacon = {"type": "iBeacon", "mac": "C300001AA631", "ibeaconUuid": uuid, "ibeaconMajor": int(major), "ibeaconMinor": int(minor)}
            said = [{"timestamp": heard_at, "type": "Gateway", "mac": BOX}, {"timestamp": heard_at, "rssi": -50, **beacon}]
            assert (await self.ask("POST", "/v1/feeds/boxes", said, BOXES))[0] == 200
            await settle(self.deployment.loops)
        assert self.parts.hops.hop("ingest", "sightings").out > 0

    async def follow(self, system: Receiver) -> None:
        """The retailer's system asks to be told, by webhook, of whatever happens; and its boxes are made known."""
        wanted = {"name": "ERP", "url": system.url, "kinds": ["zone_event.enter", "visit.started", "visit.ended"]}
        assert (await self.ask("POST", "/v1/webhooks", wanted, SYSTEM))[0] == 201
        boxes = {"kind": "minew", "venue": VENUE, "boxes": [{"box": BOX, "name": "Ceiling"}]}
        assert (await self.ask("PUT", "/v1/feeds/boxes", boxes, SYSTEM))[0] == 200
        await settle(self.deployment.loops)

    async def heard_of(self, shopper: Pseudonym) -> str:
        """What a listener to the shop's zone events reads, from the beginning until it is told of `shopper`."""
        headers = {"Authorization": f"Bearer {SYSTEM}", "Last-Event-ID": f"0-{self.clock.now_ms()}"}
        text = b""
        async with asyncio.timeout(5), self.client.get(f"/v1/venues/{VENUE}/zone-events", headers=headers) as answer:
            assert answer.status == 200
            while shopper.encode() not in text:
                text += await answer.content.readuntil(b"\n\n")
        return text.decode()

    async def told(self) -> None:
        """Waits until webhooks that are on their way have arrived."""
        await settle(self.deployment.loops)
        await next(loop for loop in self.deployment.loops if isinstance(loop, Telling)).arrived()

    async def live(self) -> str:
        """She drives, walks, gets an offer, spends it, buys; a till mistypes her name and number. Returns the coupon's code as shown.

        Whoever listens to the shop, by webhook or stream, is told of her, and a third party's box hears her tag.
        """
        async with receiver() as erp:
            await self.follow(erp)
            await self.drive()
            await self.be_heard()
            code = await self._shop()
            await self.told()
            assert erp.received
        return code

    async def _shop(self) -> str:
        assert set(await self.walk()) == {200}
        await self.run(1)
        code = await self.code()
        basket = {"code": code, "receipt": "r-1", "venue": VENUE, "basket_minor": 10_000}
        assert (await self.ask("POST", "/v1/redemptions", basket, TILL))[0] == 201
        for number, reference in enumerate((self.her.pseudonym, PHONE_NUMBER, NAME)):
            assert (await self.ask("POST", "/v1/purchases", _receipt(f"r-{number}", self.clock.now_ms(), reference), TILL))[0] == 201
        assert (await self.ask("PATCH", "/v1/me", {"name": NAME, "phone": PHONE_NUMBER}))[0] == 422
        target = {"channel": "fcm", "token": PUSH_TOKEN}
        assert (await self.ask("PUT", "/v1/push-target", target))[0] in {200, 204}
        assert (await self.ask("PUT", "/v1/communities/bakers/membership"))[0] in {200, 201, 204}
        return code

    async def code(self) -> str:
        """The code of her newest coupon, as shown at a till."""
        grants = await self.parts.db.read(lambda conn: notifier_queries.grants_of(conn, TENANT))
        hers = [GrantId(row.id) for row in grants if row.shopper_id == SHOPPER]
        return shown(Codes(KEYS.coupons).code(TENANT, hers[-1]))

    async def erase(self) -> str:
        """She asks to be erased; returns where the receipt is."""
        status, receipt = await self.ask("DELETE", "/v1/me")
        assert status == 202
        url: str = receipt["url"]
        return url

    async def erased(self, url: str, within_s: int = 60) -> Mapping[str, Any]:
        """The receipt once it is through; fails where it takes longer than it may."""
        for _ in range(within_s):
            _, receipt = await self.ask("GET", url, token="")
            if receipt["state"] == "done":
                return dict(receipt)
            await self.run(1)
        raise AssertionError(f"not through after {within_s} s: {receipt}")

    async def close(self) -> None:
        await self.client.close()
        for loop in self.deployment.loops:
            await loop.close()


def _deploy(parts: Parts) -> Deployment:
    settings = Configuration(geofence=GeofenceSettings(webhook_loopback=True), notifier=NotifierSettings(global_holdout=0))
    return deploy(parts, settings, KEYS, Extras())


def populate(conn: Connection) -> tuple[Subject, Subject]:
    people.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=b"s" * 32, now_ms=START_MS)
    rooms = (zone("left", rectangle(0, 0, 20, 25)), zone("right", rectangle(20, 0, 40, 25)))
    shop = plan(rooms, {"g-left": (10.0, 12.0), "g-right": (30.0, 12.0), f"boxes:{BOX.lower()}": (11.0, 12.0)}, tenant=TENANT)
    places.add_venue(conn, outdoors(shop), START_MS)
    places.publish(conn, shop, START_MS)
    put_gateway_rules(conn, TENANT, VENUE, GatewayRules(allow_ibeacon=[TAG.split(":")[1]]), START_MS)
    campaign = Campaign(
        id=CampaignId("bread"), tenant=TENANT, names=Texts("خبز", "Bread"), offer=OFFER, trigger=Dwelt(10), state="live", holdout_share=0.0
    )
    notifier_queries.add_campaign(conn, campaign, START_MS)
    her = _sign_up(conn, SHOPPER, DEVICE, BEARER)
    other = _sign_up(conn, ShopperId("badr"), DeviceId("phone of badr"), "token of badr")
    vault = Vault(KEYS.vault, bytes)
    people.tie_identity(conn, TENANT, vault.tag(SUBJECT.encode(), "identity"), SHOPPER, START_MS)
    people.name_installation(conn, TENANT, DEVICE, vault.tag(INSTALLATION.encode(), "installation"))
    people.bind_beacon(conn, TENANT, DEVICE, TAG, 0)
    people.put_community(conn, Community(TENANT, CommunityId("bakers"), "الخبّازون", "Bakers", "", ""), START_MS)
    keys = (
        (TILL, "till 1", TILL_GRANTS),
        (OFFICER, "officer", {SERVE_REQUESTS}),
        (BOXES, "boxes", {SEND_FEEDS}),
        (SYSTEM, "system", {MANAGE_WEBHOOKS, READ_ZONE_EVENTS, MANAGE_GATEWAYS}),
    )
    for token, subject, grants in keys:
        people.add_access_key(conn, tenant=TENANT, subject=subject, token_hash=token_hash(token), grants=grants, now_ms=START_MS)
    return her, other


def _sign_up(conn: Connection, shopper: ShopperId, device: DeviceId, token: str) -> Subject:
    subject = people.sign_up(
        conn,
        tenant=TENANT,
        shopper=shopper,
        device=device,
        shopper_key=shopper.encode().ljust(32, b".")[:32],
        enrolment=len(device),
        language="ar",
        now_ms=START_MS,
    )
    for purpose in PURPOSES:
        said = {"purpose": purpose, "granted": True, "text_version": "v1", "source": "app", "at_ms": START_MS}
        people.record_consent(conn, tenant=TENANT, shopper=shopper, **said)  # type: ignore[arg-type] # a table of keywords
    people.add_access_key(conn, tenant=TENANT, subject=device, token_hash=token_hash(token), grants=DEVICE_GRANTS, now_ms=START_MS)
    return subject


def _receipt(number: str, at_ms: int, reference: str) -> dict[str, object]:
    line = {"product": "bread", "quantity": 1, "net_minor": 700, "vat_minor": 105}
    return {"receipt": number, "venue": VENUE, "at_ms": at_ms, "currency": "SAR", "lines": [line], "shopper_ref": reference}


async def in_tables(db: Database, words: Iterable[str]) -> dict[str, list[str]]:
    """Which tables hold which of `words`, in any column of any row."""
    found = await db.read(contents)
    return {name: hits for name, content in found.items() if (hits := in_bytes(content, words))}


def contents(conn: Connection) -> dict[str, bytes]:
    """Every table's values, one after the other."""
    contents = {}
    for name, table in Base.metadata.tables.items():
        values = [value for row in conn.execute(select(table)) for value in row if value is not None]
        contents[name] = b"\n".join(_unpacked(value) if isinstance(value, bytes) else str(value).encode() for value in values)
    return contents


def _unpacked(value: bytes) -> bytes:
    """The bytes, and behind them whatever is packed in them, as engines pack their memory."""
    found, at = [value], value.find(_PACKED)
    while at >= 0:
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompressobj().decompress(value[at:]))
        at = value.find(_PACKED, at + 1)
    return b"\n".join(found)


def in_files(folder: Path, words: Iterable[str]) -> dict[str, list[str]]:
    """Which files below `folder` hold which of `words`, byte for byte."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.name: hits for path in files if (hits := in_bytes(path.read_bytes(), words))}


def in_bytes(content: bytes, words: Iterable[str]) -> list[str]:
    """Which of `words` stand in `content`, as text in UTF-8 or UTF-16, or spelt out in hexadecimal."""
    return [word for word in words if any(form in content for form in _forms(word))]


def _forms(word: str) -> tuple[bytes, ...]:
    raw = word.encode()
    return raw, word.encode("utf-16-le"), raw.hex().encode(), raw.hex().upper().encode()
