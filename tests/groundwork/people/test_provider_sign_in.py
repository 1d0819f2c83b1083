"""Operators sign in by the retailer's own provider: only with a code this browser asked for, and only who was invited."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from groundwork.people import queries
from groundwork.people.accounts import Accounts, machine
from groundwork.people.app import build
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import OPERATORS, IdentityProvider
from groundwork.people.registry import People
from groundwork.people.roles import ADMIN, VIEWER
from groundwork.people.settings import Settings
from groundwork.plumbing import audit
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts
from tests.groundwork.people.issuer import RSA, RSA_NEXT, public, signed
from tests.groundwork.people.register import DANA, NOW_MS, TAMIM, VAULT, add_tenants
from tests.groundwork.people.staff import Browser, browser, invited

LAYLA = "layla@shop.example"
SECRET = "console-secret"


@dataclass
class Provider:
    """A provider on the loopback that gives for each code the claims prepared for it, to who shows the verifier and the secret."""

    url: str = ""
    asked: dict[str, str] = field(default_factory=dict)
    claims: dict[str, Any] = field(default_factory=dict)
    key: Any = field(default_factory=lambda: RSA)
    exchanged: list[dict[str, str]] = field(default_factory=list)

    async def jwks(self, _request: web.Request) -> web.Response:
        return web.json_response({"keys": [public(RSA)]})

    async def token(self, request: web.Request) -> web.Response:
        form = {name: str(value) for name, value in (await request.post()).items()}
        self.exchanged.append(form)
        plain = {"iss": self.url, "aud": "console", "sub": "layla-1", "iat": NOW_MS // 1000, "exp": NOW_MS // 1000 + 600}
        claims = {**plain, "nonce": self.asked["nonce"], "email": LAYLA, "email_verified": True, **self.claims}
        return web.json_response({"id_token": signed(claims, self.key, "RS256"), "token_type": "Bearer"})


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    made = Provider()
    app = web.Application()
    app.router.add_get("/jwks", made.jwks)
    app.router.add_post("/token", made.token)
    async with TestServer(app) as server:
        made.url = str(server.make_url("")).rstrip("/")
        yield made


def _row(provider: Provider, **changes: Any) -> IdentityProvider:
    row = {"serves": OPERATORS, "authorize_url": f"{provider.url}/authorize?hint=1", "token_url": f"{provider.url}/token", **changes}
    return IdentityProvider(
        tenant=TAMIM, id="own", issuer=provider.url, audience="console", algorithms=("RS256",), jwks_url=f"{provider.url}/jwks", **row
    )


@pytest.fixture
async def app(parts: Parts, provider: Provider) -> web.Application:
    await parts.db.write(add_tenants)
    sealed = VAULT.seal(SECRET.encode(), "identity_provider", TAMIM, "own", "client_secret")
    await parts.db.write(lambda conn: queries.put_identity_provider(conn, _row(provider), sealed, NOW_MS))
    credentials = LiveCredentials(parts.db)
    service = build(parts, Settings(loopback_providers=True), People(parts.db, parts.clock), credentials, VAULT)
    return build_app(service.routes, credentials, parts.clock, parts.ids, parts.hops, list)


@pytest.fixture
async def hers(app: web.Application) -> AsyncIterator[Browser]:
    async with browser(app) as made:
        yield made


async def _depart(hers: Browser, provider: Provider) -> None:
    """To the provider, which remembers what it was asked."""
    async with hers.client.get("/sign-in/with/tamim/own", allow_redirects=False) as answer:
        assert answer.status == 303
        place = urlsplit(answer.headers["Location"])
        assert f"{place.scheme}://{place.netloc}" == provider.url
        provider.asked = {name: values[0] for name, values in parse_qs(place.query).items()}


async def _back(hers: Browser, provider: Provider, **changes: str) -> tuple[int, str]:
    asked = {"code": "c-1", "state": provider.asked.get("state", ""), **changes}
    async with hers.client.get("/sign-in/back", params=asked) as answer:
        told = await answer.json(content_type=None) if answer.status >= 400 else {}
        return answer.status, told.get("code", "")


async def test_an_invited_operator_comes_in_by_her_verified_address_and_then_by_her_name_with_the_provider(
    hers: Browser, provider: Provider, parts: Parts
) -> None:
    await invited(parts, LAYLA, [VIEWER], ["shop"])
    await _depart(hers, provider)
    assert {
        "response_type": "code",
        "scope": "openid email",
        "code_challenge_method": "S256",
        "hint": "1",
    }.items() <= provider.asked.items()
    assert await _back(hers, provider) == (200, "")
    status, told = await hers.call("GET", "/v1/session")
    assert (status, told["login"], told["roles"], told["venues"]) == (200, LAYLA, [VIEWER], ["shop"])
    [form] = provider.exchanged
    assert (form["grant_type"], form["client_secret"], len(form["code_verifier"])) == ("authorization_code", SECRET, 43)
    provider.claims = {"email": "new-address@shop.example", "email_verified": False}
    await _depart(hers, provider)
    assert await _back(hers, provider) == (200, "")
    assert (await hers.call("GET", "/v1/session"))[1]["operator"] == told["operator"]
    actions = [row.action for row in await parts.db.read(lambda conn: audit.rows(conn, TAMIM, 0, 9))]
    assert actions == ["operator.invite", "operator.tie", "operator.sign_in", "operator.sign_in"]


async def test_a_code_that_this_browser_did_not_ask_for_is_not_even_exchanged(
    hers: Browser, app: web.Application, provider: Provider, parts: Parts, clock: ManualClock
) -> None:
    await invited(parts, LAYLA)
    async with browser(app) as victims:
        assert await _back(victims, provider, state="x") == (400, "foreign_answer")
        await _depart(hers, provider)
        assert await _back(victims, provider) == (400, "foreign_answer")
        mine = provider.asked
        await _depart(victims, provider)
        assert await _back(victims, provider, state=mine["state"]) == (400, "foreign_answer")
    assert await _back(hers, provider, state="") == (400, "foreign_answer")
    assert await _back(hers, provider, code="", state=mine["state"]) == (400, "foreign_answer")
    assert await _back(hers, provider, state=mine["state"], iss="https://another.example") == (400, "foreign_answer")
    clock.set(clock.ms + 600_000)
    assert await _back(hers, provider, state=mine["state"]) == (400, "foreign_answer")
    assert provider.exchanged == []


@pytest.mark.parametrize(
    ("claims", "status", "code"),
    [
        ({"nonce": "another"}, 401, "id_token_claim"),
        ({"aud": "other-app"}, 401, "id_token_claim"),
        ({"iss": "https://evil.example"}, 401, "id_token_claim"),
        ({"exp": NOW_MS // 1000 - 3600}, 401, "id_token_expired"),
        ({"email_verified": False}, 403, "not_invited"),
        ({"email_verified": "true"}, 403, "not_invited"),
        ({"email": "stranger@shop.example"}, 403, "not_invited"),
        ({"email": ["layla@shop.example"]}, 403, "not_invited"),
    ],
)
async def test_a_token_that_says_something_else_lets_nobody_in(
    hers: Browser, provider: Provider, parts: Parts, claims: dict[str, Any], status: int, code: str
) -> None:
    await invited(parts, LAYLA)
    provider.claims = claims
    await _depart(hers, provider)
    assert await _back(hers, provider) == (status, code)
    assert (await hers.call("GET", "/v1/session"))[0] == 401


async def test_a_token_signed_by_somebody_else_lets_nobody_in(hers: Browser, provider: Provider, parts: Parts) -> None:
    await invited(parts, LAYLA)
    provider.key = RSA_NEXT
    await _depart(hers, provider)
    assert (await _back(hers, provider))[0] == 401


async def test_a_provider_takes_over_neither_an_account_with_a_password_nor_another_tenants(
    hers: Browser, app: web.Application, provider: Provider, parts: Parts
) -> None:
    async with browser(app) as own:
        await own.use((await invited(parts, LAYLA)).path)
    await invited(parts, "dana@shop.example", tenant=DANA)
    for address in (LAYLA, "dana@shop.example"):
        provider.claims = {"email": address}
        await _depart(hers, provider)
        assert await _back(hers, provider) == (403, "not_invited")


async def test_a_disabled_operator_stays_out_whatever_the_provider_says(hers: Browser, provider: Provider, parts: Parts) -> None:
    link = await invited(parts, LAYLA, [VIEWER])
    await _depart(hers, provider)
    assert (await _back(hers, provider))[0] == 200
    await Accounts(parts, 24).disable(machine(TAMIM), link.operator.id)
    assert (await hers.call("GET", "/v1/session"))[1]["code"] == "signed_out"
    await _depart(hers, provider)
    assert await _back(hers, provider) == (403, "not_invited")


async def test_an_enabled_account_is_hers_again_and_nobody_elses_who_has_her_address_by_now(
    hers: Browser, provider: Provider, parts: Parts
) -> None:
    link = await invited(parts, LAYLA, [VIEWER])
    await _depart(hers, provider)
    assert (await _back(hers, provider))[0] == 200
    accounts = Accounts(parts, 24)
    await accounts.disable(machine(TAMIM), link.operator.id)
    assert (await accounts.enable(machine(TAMIM), link.operator.id)).state == "active"
    provider.claims = {"sub": "who-was-given-the-address-next"}
    await _depart(hers, provider)
    assert await _back(hers, provider) == (403, "not_invited")
    provider.claims = {}
    await _depart(hers, provider)
    assert (await _back(hers, provider))[0] == 200


@pytest.mark.parametrize("path", ["/sign-in/with/tamim/none", "/sign-in/with/dana/own"])
async def test_an_unknown_provider_is_told(hers: Browser, path: str) -> None:
    assert (await hers.call("GET", path, allow_redirects=False))[0] == 404


async def test_operators_do_not_sign_in_by_a_provider_that_serves_shoppers(hers: Browser, provider: Provider, parts: Parts) -> None:
    row = _row(provider, serves="shoppers", authorize_url=None, token_url=None)
    await parts.db.write(lambda conn: queries.put_identity_provider(conn, row, None, NOW_MS))
    assert (await hers.call("GET", "/sign-in/with/tamim/own", allow_redirects=False))[0] == 404


async def test_an_admin_of_one_venue_names_no_provider_for_all(hers: Browser, parts: Parts) -> None:
    await hers.use((await invited(parts, "omar", [ADMIN], ["shop"])).path)
    asked = {
        "serves": OPERATORS,
        "issuer": "https://evil.example",
        "audience": "x",
        "algorithms": ["RS256"],
        "jwks_url": "https://evil.example/k",
    }
    assert (await hers.call("PUT", "/v1/identity-providers/mine", json=asked))[1]["code"] == "beyond_scope"
    assert (await hers.call("DELETE", "/v1/identity-providers/own"))[1]["code"] == "beyond_scope"
