"""Consent over HTTP: the shopper is the credential's own, the answer is the state, and unknown purposes are refused by name."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from groundwork.people import queries
from groundwork.people.app import build
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import DEVICE_GRANTS, MEASUREMENT, OFFERS, POSITIONING
from groundwork.people.registry import People
from groundwork.people.settings import Settings
from groundwork.people.withdrawal import Sends
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, LAYLA, NOW_MS, PHONE, TAMIM, VAULT, add_tenants, sign_up

Client = TestClient[web.Request, web.Application]
NONE = {POSITIONING: False, OFFERS: False, MEASUREMENT: False}
YES = {"purpose": OFFERS, "granted": True, "text_version": "v1"}


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _enrol(conn: Connection) -> None:
    add_tenants(conn)
    for tenant in (TAMIM, DANA):
        sign_up(conn, tenant, LAYLA)
        queries.add_access_key(conn, tenant=tenant, subject=PHONE, token_hash=token_hash(tenant), grants=DEVICE_GRANTS, now_ms=NOW_MS)
    queries.add_access_key(conn, tenant=TAMIM, subject="kiosk", token_hash=token_hash("kiosk"), grants=DEVICE_GRANTS, now_ms=NOW_MS)
    queries.add_access_key(conn, tenant=TAMIM, subject=PHONE, token_hash=token_hash("weak"), grants=["feed.read"], now_ms=NOW_MS)


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[Client]:
    await parts.db.write(_enrol)
    credentials = LiveCredentials(parts.db)
    sends = Sends(in_flight=lambda *_: 1)
    service = build(parts, Settings(withdrawal_wait_ms=0), People(parts.db, parts.clock), credentials, VAULT, sends)
    app = build_app(service.routes, credentials, parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app), headers=_bearer(TAMIM)) as opened:
        yield opened


async def test_a_consent_is_given_and_asked_for_by_the_shoppers_own_device(client: Client) -> None:
    assert (await (await client.get("/v1/consents")).json())["purposes"] == NONE
    for _ in range(2):
        answer = await client.post("/v1/consents", json=YES)
        assert (answer.status, await answer.json()) == (200, {"version": 1, "tenant": TAMIM, "purposes": {**NONE, OFFERS: True}})
    assert (await (await client.get("/v1/consents", headers=_bearer(DANA))).json())["purposes"] == NONE


async def test_a_text_version_is_64_characters_at_most(client: Client) -> None:
    answer = await client.post("/v1/consents", json={**YES, "text_version": "v" * 64 + "\n"})
    assert (answer.status, (await answer.json())["at"]) == (422, "/text_version")


async def test_a_withdrawal_says_202_while_a_push_is_still_out(client: Client) -> None:
    await client.post("/v1/consents", json=YES)
    answer = await client.post("/v1/consents", json={**YES, "granted": False})
    assert (answer.status, (await answer.json())["purposes"]) == (202, NONE)


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"purpose": "ofers"}, 422, "unknown_purpose"),
        ({"language": "fr"}, 422, "unknown_language"),
        ({"text_version": "v\0"}, 422, "field_wrong"),
        ({"text_version": "v" * 65}, 422, "field_wrong"),
        ({"shopper": "omar"}, 422, "field_unknown"),
        ({"granted": "yes"}, 422, "field_wrong"),
    ],
)
async def test_a_bad_answer_is_refused_in_the_callers_language(client: Client, change: dict[str, object], status: int, code: str) -> None:
    answer = await client.post("/v1/consents", json={**YES, **change}, headers={"Accept-Language": "ar"})
    problem = await answer.json()
    assert (answer.status, problem["code"]) == (status, code)
    assert (await (await client.get("/v1/consents")).json())["purposes"] == NONE


@pytest.mark.parametrize(("token", "status"), [("kiosk", 403), ("weak", 403), ("nobody", 401)])
async def test_nobody_else_changes_a_consent(client: Client, token: str, status: int) -> None:
    assert (await client.post("/v1/consents", json=YES, headers=_bearer(token))).status == status
    assert (await client.get("/v1/consents", headers=_bearer(token))).status == status
