"""The console's side of these tests: a running people service, its operators, and browsers they are signed in from."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from groundwork.contracts.ids import TenantId
from groundwork.people.accounts import Accounts, Link, Wanted, machine
from groundwork.people.app import build
from groundwork.people.credentials import LiveCredentials
from groundwork.people.registry import People
from groundwork.people.roles import ADMIN
from groundwork.people.settings import Settings
from groundwork.plumbing.cookies import CSRF_HEADER
from groundwork.plumbing.http_app import Limits, build_app
from groundwork.plumbing.server_settings import ServerSettings
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import TAMIM, VAULT

Client = TestClient[web.Request, web.Application]
PASSWORD = "four unrelated quiet words"


@asynccontextmanager
async def serving(parts: Parts, server: ServerSettings | None = None) -> AsyncIterator[web.Application]:
    """The application of people and keys."""
    credentials = LiveCredentials(parts.db)
    service = build(parts, Settings(), People(parts.db, parts.clock), credentials, VAULT)
    yield build_app(service.routes, credentials, parts.clock, parts.ids, parts.hops, list, Limits(server=server or ServerSettings()))


class Browser:
    """A browser of its own: keeps its cookie, and shows the token a page of ours would show."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.csrf = ""

    async def call(self, method: str, path: str, **options: Any) -> tuple[int, Any]:
        """Status and JSON of the answer, None where there is none."""
        headers = {CSRF_HEADER: self.csrf} | options.pop("headers", {})
        async with self.client.request(method, path, headers=headers, **options) as answer:
            text = await answer.text()
            told = await answer.json(content_type=None) if text else None
            return answer.status, told

    async def sign_in(self, login: str, password: str = PASSWORD) -> tuple[int, Any]:
        status, told = await self.call("POST", "/v1/session", json={"login": login, "password": password})
        self.csrf = told.get("csrf", "")
        return status, told

    async def use(self, link: str, password: str = PASSWORD) -> tuple[int, Any]:
        """Sets a password by `link`, which signs in."""
        status, told = await self.call("POST", "/v1/links/password", json={"token": link.rpartition("#")[2], "password": password})
        self.csrf = told.get("csrf", "")
        return status, told


@asynccontextmanager
async def browser(app: web.Application) -> AsyncIterator[Browser]:
    """A new browser at `app`, which several may share."""
    server = TestServer(app)
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:
        yield Browser(client)


async def invited(parts: Parts, login: str, roles: Sequence[str] = (ADMIN,), venues: Sequence[str] = (), tenant: TenantId = TAMIM) -> Link:
    """A one-time link for a new operator."""
    wanted = Wanted(login.title(), "en", frozenset(roles), frozenset(venues))
    return await Accounts(parts, 24).invite(machine(tenant), login, wanted)
