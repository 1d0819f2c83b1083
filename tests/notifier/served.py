"""A shop served over real HTTP, with callers whose credentials stand in the database."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
from aiohttp import ClientResponse
from aiohttp.test_utils import TestClient, TestServer

from groundwork.people import queries as people
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import READ_FEED, TILL_GRANTS
from groundwork.plumbing.auth import Caller, token_hash
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http_app import build_app
from notifier import queries
from tests.notifier.shop import CODES, TENANT, VENUE, Shop

TILLS = [f"till {number}" for number in range(1, 9)]
ELSEWHERE = "till elsewhere"


def till(name: str = "till 1") -> Caller:
    """A till of the shop's venue."""
    return Caller(TENANT, name, TILL_GRANTS, frozenset({VENUE}))


class Served:
    """Requests to the shop."""

    def __init__(self, shop: Shop, client: "TestClient[Any, Any]") -> None:
        self.shop = shop
        self.client = client

    async def post(self, path: str, body: object, who: str = "till 1", **headers: str) -> ClientResponse:
        """POST as the caller `who`."""
        every = {"Authorization": f"Bearer token of {who}", "Content-Type": "application/json", **headers}
        return await self.client.post(path, data=msgspec.json.encode(body), headers=every)

    async def redeem(self, code: str, receipt: str = "r1", who: str = "till 1", **more: object) -> ClientResponse:
        return await self.post("/v1/redemptions", {"code": code, "receipt": receipt, "venue": VENUE, **more}, who)

    async def get(self, path: str, who: str, **headers: str) -> ClientResponse:
        return await self.client.get(path, headers={"Authorization": f"Bearer token of {who}", **headers})

    async def code(self) -> str:
        """The code of the newest grant."""
        grants = await self.shop.parts.db.read(lambda conn: queries.grants_of(conn, TENANT))
        return CODES.code(TENANT, grants[-1].id)


@asynccontextmanager
async def serving(shop: Shop, *phones: str) -> AsyncIterator[Served]:
    """Serves `shop` to eight tills, one of another venue, and the phones of the named shoppers."""

    def work(conn: Connection) -> None:
        callers = [till(name) for name in TILLS]
        callers.append(Caller(TENANT, ELSEWHERE, TILL_GRANTS, frozenset({"other-venue"})))
        callers += [Caller(TENANT, f"phone of {name}", frozenset({READ_FEED})) for name in phones]
        for one in callers:
            people.add_access_key(
                conn,
                tenant=TENANT,
                subject=one.subject,
                token_hash=token_hash(f"token of {one.subject}"),
                grants=one.grants,
                scopes=one.scopes,
                now_ms=shop.clock.now_ms(),
            )

    await shop.parts.db.write(work)
    credentials, parts = LiveCredentials(shop.parts.db), shop.parts
    app = build_app(shop.service.routes, credentials, parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app)) as client:
        try:
            yield Served(shop, client)
        finally:
            await shop.service.stop()
