"""Consent texts over HTTP: both languages, a version never changes, and a yes cites words that exist."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from groundwork.people import queries
from groundwork.people.app import build
from groundwork.people.consent_texts import DEFAULT_VERSION
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import DEVICE_GRANTS, MEASUREMENT, OFFERS, POSITIONING, WRITE_CONSENT_TEXTS
from groundwork.people.registry import People
from groundwork.people.settings import Settings
from groundwork.plumbing import audit
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, LAYLA, NOW_MS, PHONE, TAMIM, VAULT, add_tenants, sign_up

Client = TestClient[web.Request, web.Application]
PATH = "/v1/consent-texts/offers/2026-11"
WORDS = {"text_ar": "أوافق على العروض", "text_en": "I agree to offers"}
OFFICER = {"Authorization": "Bearer officer"}
APP = {"Authorization": "Bearer app"}


def _enrol(conn: Connection) -> None:
    add_tenants(conn)
    sign_up(conn, TAMIM, LAYLA)
    for subject, token, grants in ((PHONE, "app", DEVICE_GRANTS), ("officer", "officer", {WRITE_CONSENT_TEXTS})):
        queries.add_access_key(conn, tenant=TAMIM, subject=subject, token_hash=token_hash(token), grants=grants, now_ms=NOW_MS)


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[Client]:
    await parts.db.write(_enrol)
    credentials = LiveCredentials(parts.db)
    service = build(parts, Settings(), People(parts.db, parts.clock), credentials, VAULT)
    app = build_app(service.routes, credentials, parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app), headers=OFFICER) as opened:
        yield opened


async def test_a_fresh_tenant_has_words_in_both_languages_for_every_purpose(client: Client) -> None:
    texts = (await (await client.get("/v1/consent-texts", headers=APP)).json())["texts"]
    assert [text["purpose"] for text in texts] == sorted((POSITIONING, OFFERS, MEASUREMENT))
    assert all(text["text_version"] == DEFAULT_VERSION and text["text_ar"] and text["text_en"] for text in texts)


async def test_a_version_is_added_once_and_audited_without_its_words_changing_hands(client: Client, parts: Parts) -> None:
    for _ in range(2):
        answer = await client.put(PATH, json=WORDS)
        assert answer.status == 200
        assert (await answer.json())["texts"][0]["text_ar"] == WORDS["text_ar"]
    changed = await client.put(PATH, json={**WORDS, "text_en": "I agree to everything"}, headers={"Accept-Language": "ar"})
    assert (changed.status, (await changed.json())["code"]) == (409, "text_changed")
    number, _ = await parts.db.read(lambda conn: audit.newest(conn, TAMIM))
    assert number == 1
    texts = (await (await client.get("/v1/consent-texts", headers=APP)).json())["texts"]
    assert [text["text_version"] for text in texts if text["purpose"] == OFFERS] == ["2026-11"]
    every = (await (await client.get("/v1/consent-texts/offers")).json())["texts"]
    assert [text["text_version"] for text in every] == [DEFAULT_VERSION, "2026-11"]


async def test_another_tenant_keeps_its_own_words(client: Client, parts: Parts) -> None:
    assert (await client.put(PATH, json=WORDS)).status == 200
    assert await parts.db.read(lambda conn: queries.consent_text(conn, DANA, OFFERS, "2026-11")) is None


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("/v1/consent-texts/ofers/v2", WORDS, 422, "unknown_purpose"),
        ("/v1/consent-texts/offers/v%20%20", WORDS, 422, "bad_text_version"),
        (PATH, {"text_ar": "أوافق"}, 422, "field_missing"),
        (PATH, {**WORDS, "text_en": ""}, 422, "field_wrong"),
        (PATH, {**WORDS, "text_en": "x" * 4_001}, 422, "field_wrong"),
    ],
)
async def test_words_in_one_language_or_for_no_purpose_are_refused(
    client: Client, path: str, body: dict[str, str], status: int, code: str
) -> None:
    answer = await client.put(path, json=body)
    assert (answer.status, (await answer.json())["code"]) == (status, code)


async def test_the_app_reads_and_only_the_officer_writes(client: Client) -> None:
    assert (await client.put(PATH, json=WORDS, headers=APP)).status == 403
    assert (await client.get("/v1/consent-texts/offers", headers=APP)).status == 403
    assert (await client.get("/v1/consent-texts")).status == 403


async def test_a_yes_cites_words_that_exist_and_a_no_needs_none(client: Client) -> None:
    await client.put(PATH, json=WORDS)
    answer = await client.post("/v1/consents", json={"purpose": OFFERS, "granted": True, "text_version": "2027"}, headers=APP)
    problem = await answer.json()
    assert (answer.status, problem["code"], problem["at"]) == (422, "unknown_text", "/text_version")
    assert "2026-11" in problem["detail"]
    for granted, version in ((True, "2026-11"), (False, "gone")):
        answer = await client.post("/v1/consents", json={"purpose": OFFERS, "granted": granted, "text_version": version}, headers=APP)
        assert (answer.status, (await answer.json())["purposes"][OFFERS]) == (200, granted)
