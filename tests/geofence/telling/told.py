"""What others learn of a venue, over HTTP: the routes and loops of `geofence.outward`, callers with tokens, and a receiver of webhooks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from geofence.outward import outward
from geofence.settings import Settings
from geofence.telling.webhooks import Telling
from groundwork.contracts.ids import TenantId
from groundwork.people import queries as people_queries
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import MANAGE_WEBHOOKS, READ_AGGREGATES, READ_ZONE_EVENTS
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts, Service, settle
from groundwork.plumbing.vault import Vault
from groundwork.plumbing.webhooks import holds
from tests.geofence.venues import START_MS, TENANT

LOOPBACK = Settings(webhook_loopback=True, webhook_timeout_s=2.0)
GRANTS = (READ_AGGREGATES, READ_ZONE_EVENTS, MANAGE_WEBHOOKS)


def let_in(conn: Connection, token: str, tenant: str = TENANT, venues: Iterable[str] = (), grants: Iterable[str] = GRANTS) -> None:
    """A caller with this token."""
    people_queries.add_access_key(
        conn,
        tenant=TenantId(tenant),
        subject=f"subject of {token}",
        token_hash=token_hash(token),
        grants=frozenset(grants),
        scopes=frozenset(venues),
        now_ms=START_MS,
    )


@dataclass(slots=True)
class Told:
    """A running outward side; the clock is moved by hand and the loops are stepped by the test."""

    parts: Parts
    clock: ManualClock
    settings: Settings
    service: Service
    client: TestClient[web.Request, web.Application] = field(init=False)

    @classmethod
    @asynccontextmanager
    async def open(cls, parts: Parts, settings: Settings = LOOPBACK) -> AsyncIterator["Told"]:
        assert isinstance(parts.clock, ManualClock)
        vault = Vault(bytes(32), parts.randbytes)
        told = cls(parts, parts.clock, settings, outward(parts, settings, vault))
        credentials = LiveCredentials(parts.db)
        app = build_app(told.service.routes, credentials, parts.clock, parts.ids, parts.hops, list)
        told.client = TestClient(TestServer(app))
        await told.client.start_server()
        try:
            yield told
        finally:
            for loop in told.service.loops:
                await loop.close()
            await told.client.close()

    async def ask(self, method: str, path: str, token: str = "admin", body: object = None, **headers: str) -> tuple[int, Any]:
        """One request; status and decoded answer."""
        raw = msgspec.json.encode(body) if body is not None else None
        sent = {"Authorization": f"Bearer {token}", "Content-Type": "application/json", **headers}
        async with self.client.request(method, path, data=raw, headers=sent) as answer:
            said = await answer.read()
            return answer.status, msgspec.json.decode(said) if "json" in answer.content_type else said.decode()

    async def go_on(self, seconds: float = 0) -> None:
        """Moves the clock, lets the loops finish, and waits for what is on its way."""
        self.clock.advance(seconds)
        for _ in range(100):
            await settle(self.service.loops)
            if not self.telling.busy:
                return
            await self.telling.arrived()
        raise AssertionError("it never comes to rest")

    @property
    def telling(self) -> Telling:
        return next(loop for loop in self.service.loops if isinstance(loop, Telling))


@dataclass(frozen=True, slots=True)
class Received:
    """One request that came in."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def told(self) -> Any:
        return msgspec.json.decode(self.body)

    def holds(self, secret: str, now_s: int) -> bool:
        return holds(secret, self.headers, self.body, now_s)


Answer = Callable[[web.Request, int], Awaitable[web.StreamResponse]]


async def fine(request: web.Request, count: int) -> web.StreamResponse:
    return web.Response(status=204)


def always(status: int, **headers: str) -> Answer:
    async def answer(request: web.Request, count: int) -> web.StreamResponse:
        return web.Response(status=status, text="so it is", headers={name.replace("_", "-"): value for name, value in headers.items()})

    return answer


@dataclass(slots=True)
class Receiver:
    """A real server that takes webhooks and answers as it is told to."""

    answer: Answer = fine
    received: list[Received] = field(default_factory=list)
    url: str = ""
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def take(self, request: web.Request) -> web.StreamResponse:
        self.received.append(Received({name.lower(): value for name, value in request.headers.items()}, await request.read()))
        self.came.set()
        return await self.answer(request, len(self.received))

    @property
    def ids(self) -> list[str]:
        return [one.id for one in self.received]


@asynccontextmanager
async def receiver(answer: Answer = fine) -> AsyncIterator[Receiver]:
    """A server on the loopback."""
    made = Receiver(answer)
    app = web.Application()
    app.router.add_post("/hook", made.take)
    server = TestServer(app)
    await server.start_server(access_log=None)  # ours are looked at
    try:
        made.url = str(server.make_url("/hook"))
        yield made
    finally:
        await server.close()
