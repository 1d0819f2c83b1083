"""The registry of people behind a real HTTP server, for tests of routes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from groundwork.contracts.ids import TenantId
from groundwork.people import queries
from groundwork.people.app import build
from groundwork.people.credentials import LiveCredentials
from groundwork.people.registry import People
from groundwork.people.roles import ROLES
from groundwork.people.settings import Settings
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts, Service
from tests.groundwork.people.register import DANA, NOW_MS, TAMIM, VAULT, add_tenants

Client = TestClient[web.Request, web.Application]


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


@dataclass
class Served:
    """A running registry: asked over HTTP, and looked into through `parts`."""

    parts: Parts
    people: People
    service: Service
    client: Client

    async def ask(self, method: str, path: str, token: str = "", **more: Any) -> tuple[int, Any]:
        """Status and JSON of the answer; None where it has no body."""
        headers = {**(bearer(token) if token else {}), **more.pop("headers", {})}
        answer = await self.client.request(method, path, headers=headers, **more)
        return answer.status, await answer.json() if await answer.read() else None

    async def code(self, method: str, path: str, token: str = "", **more: Any) -> tuple[int, str]:
        """Status and code of the refusal."""
        status, problem = await self.ask(method, path, token, **more)
        return status, problem["code"]


def _enrol(conn: Connection) -> None:
    """Two tenants, and in each an operator of every role whose token is `<tenant> <role>`."""
    add_tenants(conn)
    for tenant in (TAMIM, DANA):
        for role, grants in ROLES.items():
            add_operator(conn, tenant, role, grants)


def add_operator(conn: Connection, tenant: TenantId, role: str, grants: frozenset[str]) -> None:
    hashed = token_hash(f"{tenant}-{role}")
    queries.add_access_key(conn, tenant=tenant, subject=f"{role}-1", token_hash=hashed, grants=grants, now_ms=NOW_MS)


@asynccontextmanager
async def serving(parts: Parts, settings: Settings) -> AsyncIterator[Served]:
    """The registry with its routes, on the loopback."""
    await parts.db.write(_enrol)
    credentials, people = LiveCredentials(parts.db), People(parts.db, parts.clock)
    service = build(parts, settings, people, credentials, VAULT)
    app = build_app(service.routes, credentials, parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app)) as client:
        yield Served(parts, people, service, client)
