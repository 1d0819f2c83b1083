"""A geofence whose shop is heard by third-party boxes alone: an operator, the venue's rules, a broker, and rooms `left` and `right`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import ClientResponse
from sqlalchemy import Connection

from floorplans import queries as floorplan_queries
from groundwork.contracts.feed import Feeds
from groundwork.contracts.gateway import GatewayRules
from groundwork.people import queries as people_queries
from groundwork.people.model import MANAGE_GATEWAYS, SEND_FEEDS
from groundwork.people.queries.gateway_rules import put_gateway_rules
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.hops import Hop
from groundwork.plumbing.service import Parts, settle
from groundwork.plumbing.vault import Vault
from tests.broker import LOGIN, PASSWORD, WAIT_S, Broker
from tests.geofence.deployment import TAG, TAMIM, Deployment, add_everything
from tests.geofence.venues import START_MS, VENUE, plan, rectangle, zone

FEED = "esp"
UUID = TAG.split(":")[1]
RULES = GatewayRules(allow_ibeacon=[UUID], allow_addresses=["c0ffee000001"])
DASHED = f"{UUID[:8]}-{UUID[8:12]}-{UUID[12:16]}-{UUID[16:20]}-{UUID[20:]}"
DEVICE = f"iBeacon:{DASHED}-1-7"
STRANGER_ADDRESS = "5ec2e75ec2e7"
STRANGER_DEVICE = "apple:1005:9-26"
INSTALLER, ELSEWHERE, BOX_KEY, OTHER_KEY = "installer", "elsewhere", "box-key", "other-key"
VAULT = Vault(bytes(range(32)), bytes)


def add_feeding(conn: Connection) -> None:
    """Everything of the ordinary deployment, with the plan's gateways being a feed's boxes, and credentials for people and boxes."""
    add_everything(conn)
    zones = (zone("left", rectangle(0, 0, 20, 25)), zone("right", rectangle(20, 0, 40, 25)))
    rooms = {f"{FEED}:left": (10.0, 12.0), f"{FEED}:right": (30.0, 12.0)}
    floorplan_queries.publish(conn, plan(zones, rooms, version="v2", tenant=TAMIM), START_MS)
    put_gateway_rules(conn, TAMIM, VENUE, RULES, START_MS)
    keys = ((INSTALLER, MANAGE_GATEWAYS, VENUE), (ELSEWHERE, MANAGE_GATEWAYS, "elsewhere"), (BOX_KEY, SEND_FEEDS, VENUE))
    for name, grant, venue in (*keys, (OTHER_KEY, SEND_FEEDS, "elsewhere")):
        people_queries.add_access_key(
            conn, tenant=TAMIM, subject=name, token_hash=token_hash(name), grants=(grant,), scopes=(venue,), now_ms=START_MS
        )


def espresense(rssi: float, device: str = DEVICE, mac: str = "58782076bc24") -> bytes:
    return msgspec.json.encode({"mac": mac, "id": device, "rssi@1m": -71, "rssi": rssi, "distance": 2.25, "int": 615})


def topic(room: str, device: str = DEVICE) -> str:
    return f"espresense/devices/{device}/{room}"


@dataclass(slots=True)
class Scene:
    """The running thing."""

    deployment: Deployment

    @classmethod
    async def start(cls, parts: Parts) -> "Scene":
        return cls(await Deployment.start(parts, vault=VAULT))

    @property
    def parts(self) -> Parts:
        return self.deployment.parts

    def request(
        self, broker: Broker | None, kind: str = "espresense", boxes: Sequence[str] = ("left", "right"), **more: Any
    ) -> dict[str, Any]:
        """What sets the feed up."""
        filters = {"espresense": "espresense/devices/+/+", "minew": "/gw/+/status", "theengs": "+/+/BTtoMQTT/+"}
        sent = {"address": broker.url, "topic": filters[kind], "login": LOGIN, "password": PASSWORD} if broker else None
        return {"kind": kind, "venue": VENUE, "broker": sent, "boxes": [{"box": box, "name": f"Room {box}"} for box in boxes], **more}

    async def put(self, asked: dict[str, Any], feed: str = FEED, key: str = INSTALLER) -> ClientResponse:
        return await self.deployment.client.put(f"/v1/feeds/{feed}", json=asked, headers={"Authorization": f"Bearer {key}"})

    async def shown(self, key: str = INSTALLER) -> Feeds:
        answer = await self.deployment.client.get("/v1/feeds", headers={"Authorization": f"Bearer {key}"})
        return msgspec.json.decode(await answer.read(), type=Feeds)

    async def post(
        self, payload: bytes, feed: str = FEED, authorization: str = f"Bearer {BOX_KEY}", under: str | None = None
    ) -> ClientResponse:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        params = {} if under is None else {"topic": under}
        return await self.deployment.client.post(f"/v1/feeds/{feed}", data=payload, headers=headers, params=params)

    async def until(self, holds: Callable[[], bool | Awaitable[bool]]) -> None:
        """Lets the loops work until it `holds`: what a broker does has no clock of ours."""
        async with asyncio.timeout(WAIT_S):
            while True:
                await settle(self.deployment.service.loops)
                found = holds()
                if await found if isinstance(found, Awaitable) else found:
                    return
                await asyncio.sleep(0.01)

    async def heard(self, payloads: int) -> None:
        """Lets the loops work until so many payloads have come in over all."""
        await self.until(lambda: self.hop("feeds.payloads", "payloads").in_ >= payloads)

    async def connected(self, up: bool = True) -> None:
        """Lets the loops work until the feed's line is up, or down."""
        await self.until(lambda: self._is(up))

    async def _is(self, up: bool) -> bool:
        broker = (await self.shown()).feeds[0].broker
        return broker is not None and broker.connected is up

    def hop(self, name: str, unit: str) -> Hop:
        return self.parts.hops.hop(name, unit)

    def missing(self) -> list[int]:
        return [hop.missing() for hop in self.parts.hops.all()]
