"""The registry of people over HTTP, for tests of its routes: two tenants, a shopper's app, operators and whoever else is asked for."""

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from groundwork.contracts.ids import TenantId
from groundwork.people import queries
from groundwork.people.app import build
from groundwork.people.credentials import LiveCredentials
from groundwork.people.registry import People
from groundwork.people.settings import Settings
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts, Service, settle
from tests.groundwork.people.register import NOW_MS, TAMIM, VAULT, add_tenants

Client = TestClient[web.Request, web.Application]


def bearer(token: str) -> dict[str, str]:
    """The header of a caller whose token `let_in` added."""
    return {"Authorization": f"Bearer {token}"}


def let_in(
    conn: Connection, token: str, grants: Iterable[str], *, subject: str = "", scopes: Iterable[str] = (), tenant: TenantId = TAMIM
) -> None:
    """Whoever shows `token` may call with these grants."""
    hashed = token_hash(token)
    queries.add_access_key(conn, tenant=tenant, subject=subject or token, token_hash=hashed, grants=grants, scopes=scopes, now_ms=NOW_MS)


@dataclass(frozen=True, slots=True)
class Served:
    """The running service."""

    client: Client
    service: Service
    people: People
    credentials: LiveCredentials

    async def settle(self) -> None:
        """Lets every loop do what can be done now."""
        await settle(self.service.loops)


@asynccontextmanager
async def serve(parts: Parts, settings: Settings | None = None) -> AsyncIterator[Served]:
    """The service with tenants `tamim` and `dana` in the database, started; loops run by `settle` alone."""
    await parts.db.write(add_tenants)
    credentials, people = LiveCredentials(parts.db), People(parts.db, parts.clock)
    service = build(parts, settings or Settings(), people, credentials, VAULT)
    app = build_app(service.routes, credentials, parts.clock, parts.ids, parts.hops, list)
    await service.start()
    async with TestClient(TestServer(app)) as client:
        yield Served(client, service, people, credentials)
