"""Rights over HTTP: she sees, corrects and pauses what is hers from her own device; the privacy officer only by pseudonym, and noted."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection, select

from groundwork.people import acts, queries
from groundwork.people.app import build
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import DEVICE_GRANTS, OFFERS, POSITIONING, SERVE_REQUESTS
from groundwork.people.registry import People
from groundwork.people.settings import Settings
from groundwork.plumbing import audit
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts, Service, settle
from groundwork.plumbing.tables import AuditRow
from tests.groundwork.people.register import DANA, LAYLA, NOW_MS, PHONE, TAG, TAMIM, VAULT, add_tenants, consent, sign_up

Client = TestClient[web.Request, web.Application]
HOUR_MS = 3_600_000


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def _enrol(conn: Connection) -> None:
    add_tenants(conn)
    for tenant in (TAMIM, DANA):
        sign_up(conn, tenant, LAYLA)
        queries.bind_beacon(conn, tenant, PHONE, TAG, 0)
        consent(conn, tenant, LAYLA, POSITIONING)
        consent(conn, tenant, LAYLA, OFFERS)
        for token, subject, grants in ((tenant, PHONE, DEVICE_GRANTS), (f"officer of {tenant}", "officer", {SERVE_REQUESTS})):
            queries.add_access_key(conn, tenant=tenant, subject=subject, token_hash=token_hash(token), grants=grants, now_ms=NOW_MS)
    shop = {"tenant": TAMIM, "subject": "of one shop", "grants": {SERVE_REQUESTS}, "scopes": {"shop"}, "now_ms": NOW_MS}
    queries.add_access_key(conn, token_hash=token_hash("officer of one shop"), **shop)  # type: ignore[arg-type] # a table of keywords


class Desk:
    """The service, its client, and who is known to it."""

    def __init__(self, parts: Parts, service: Service, people: People, client: Client) -> None:
        self.parts, self.service, self.people, self.client = parts, service, people, client

    async def ask(self, method: str, path: str, token: str = TAMIM, **more: Any) -> tuple[int, Any]:
        async with self.client.request(method, path, headers=_bearer(token), **more) as answer:
            return answer.status, await answer.json()

    async def heard(self) -> bool:
        """Whether her tag leads to her, once the loops have done what they can."""
        await settle(self.service.loops)
        return self.people.resolver(TAMIM).resolve([TAG], self.parts.clock.now_ms()) != [None]


@pytest.fixture
async def desk(parts: Parts) -> AsyncIterator[Desk]:
    await parts.db.write(_enrol)
    people, credentials = People(parts.db, parts.clock), LiveCredentials(parts.db)
    service = build(parts, Settings(), people, credentials, VAULT)
    await service.start()
    app = build_app(service.routes, credentials, parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app)) as opened:
        yield Desk(parts, service, people, opened)


async def test_she_sees_every_kind_of_row_with_what_it_is_for(desk: Desk) -> None:
    status, held = await desk.ask("GET", "/v1/me?lang=en")
    kinds = {kind["kind"]: kind for kind in held["kinds"]}
    assert status == 200
    assert {name: kind["total"] for name, kind in kinds.items() if kind["total"]} == {
        "shopper": 1,
        "device": 1,
        "access_key": 1,
        "beacon_binding": 1,
        "consent": 2,
    }
    assert (kinds["beacon_binding"]["consent"], kinds["beacon_binding"]["kept"]) == (POSITIONING, "at most 30 days after it has ended")
    assert kinds["consent"]["rows"][0]["purpose"] == POSITIONING
    assert "key" not in kinds["shopper"]["rows"][0]


@pytest.mark.parametrize(("language", "direction", "title"), [("ar", "rtl", "ما نحتفظ به عنك"), ("en", "ltr", "What is held of you")])
async def test_the_same_as_a_page_to_read(desk: Desk, language: str, direction: str, title: str) -> None:
    headers = {**_bearer(TAMIM), "Accept": "text/html", "Accept-Language": language}
    async with desk.client.get("/v1/me", headers=headers) as answer:
        page = await answer.text()
        assert (answer.status, answer.content_type) == (200, "text/html")
        assert "script" not in answer.headers["Content-Security-Policy"]
    assert f'<html lang="{language}" dir="{direction}">' in page
    assert title in page
    assert TAG in page
    assert "<script" not in page
    headings = re.findall(r"<th>(.*?)</th>", page)
    assert headings
    assert all(bool(re.search("[؀-ۿ]", heading)) is (language == "ar") for heading in headings)


async def test_one_kind_comes_page_by_page(desk: Desk) -> None:
    _, held = await desk.ask("GET", "/v1/me?kind=consent&offset=1")
    (kind,) = held["kinds"]
    assert (kind["total"], len(kind["rows"]), kind["next_offset"]) == (2, 1, None)
    status, problem = await desk.ask("GET", "/v1/me?kind=horoscope")
    assert (status, problem["code"]) == (422, "unknown_kind")


async def test_she_corrects_her_language_and_nothing_else(desk: Desk) -> None:
    status, state = await desk.ask("PATCH", "/v1/me", json={"language": "en"})
    assert (status, state["language"]) == (200, "en")
    assert (await desk.ask("PATCH", "/v1/me", json={}))[1]["language"] == "en"
    for body, code in (({"language": "fr"}, "unknown_language"), ({"shopper": "omar"}, "field_unknown")):
        status, problem = await desk.ask("PATCH", "/v1/me", json=body)
        assert (status, problem["code"]) == (422, code)
    assert (await desk.ask("GET", "/v1/me", DANA))[1]["kinds"][0]["rows"][0]["language"] == "ar"


async def test_while_she_pauses_nobody_hears_her_and_on_time_it_goes_on_by_itself(desk: Desk, clock: ManualClock) -> None:
    assert await desk.heard()
    until_ms = clock.now_ms() + HOUR_MS
    status, state = await desk.ask("PUT", "/v1/me/pause", json={"until_ms": until_ms})
    assert (status, state["paused_until_ms"]) == (200, until_ms)
    assert not await desk.heard()
    assert await desk.parts.db.read(lambda conn: queries.granted(conn, TAMIM, LAYLA)) == {POSITIONING, OFFERS}
    clock.set(until_ms - 1)
    assert not await desk.heard()
    clock.set(until_ms + 1_000)
    assert await desk.heard()
    assert (await desk.ask("PATCH", "/v1/me", json={}))[1]["paused_until_ms"] is None


async def test_she_ends_a_pause_herself(desk: Desk, clock: ManualClock) -> None:
    await desk.ask("PUT", "/v1/me/pause", json={"until_ms": clock.now_ms() + HOUR_MS})
    for _ in range(2):
        status, state = await desk.ask("DELETE", "/v1/me/pause")
        assert (status, state["paused_until_ms"]) == (200, None)
    assert await desk.heard()


@pytest.mark.parametrize("ahead_ms", [0, -1, 367 * 86_400_000])
async def test_a_pause_ends_after_now_and_within_a_year(desk: Desk, clock: ManualClock, ahead_ms: int) -> None:
    status, problem = await desk.ask("PUT", "/v1/me/pause", json={"until_ms": clock.now_ms() + ahead_ms})
    assert (status, problem["code"], problem["at"]) == (422, "wrong_pause", "/until_ms")


async def test_the_officer_sees_by_pseudonym_and_each_look_is_noted_first(desk: Desk) -> None:
    hers = await desk.parts.db.read(lambda conn: queries.subject_of_device(conn, TAMIM, PHONE))
    assert hers is not None
    path, officer = f"/v1/shoppers/{hers.pseudonym}", f"officer of {TAMIM}"
    status, held = await desk.ask("GET", path, officer)
    assert (status, held["pseudonym"]) == (200, hers.pseudonym)
    rows = (await desk.parts.db.read(lambda conn: conn.execute(select(AuditRow.actor, AuditRow.action, AuditRow.subject)).all()))[-1:]
    assert [tuple(row) for row in rows] == [("officer", acts.SHOW_HELD, hers.pseudonym)]
    assert (await desk.ask("GET", path, f"officer of {DANA}"))[0] == 404
    assert (await desk.ask("GET", path, TAMIM))[0] == 403
    assert (await desk.ask("GET", path, "officer of one shop"))[0] == 403


async def test_an_erasure_asked_for_twice_is_one_and_is_proven_in_the_chain(desk: Desk, clock: ManualClock) -> None:
    hers = await desk.parts.db.read(lambda conn: queries.subject_of_device(conn, TAMIM, PHONE))
    assert hers is not None
    path, officer = f"/v1/shoppers/{hers.pseudonym}", f"officer of {TAMIM}"
    status, receipt = await desk.ask("DELETE", path, officer)
    assert (status, receipt["state"], receipt["waiting_for"]) == (202, "under_way", ["people", "compaction"])
    assert (await desk.ask("DELETE", "/v1/me"))[0] == 401, "her own keys have ended"
    assert not await desk.heard()
    clock.advance(2)
    await settle(desk.service.loops)
    async with desk.client.get(receipt["url"]) as answer:
        done = await answer.json()
    assert (done["state"], done["waiting_for"], [part["service"] for part in done["parts"]]) == ("done", [], ["people"])
    assert hers.pseudonym not in str(done)
    assert (await desk.ask("DELETE", path, officer))[0] == 404
    assert await desk.parts.db.read(lambda conn: audit.verify(conn, TAMIM)) is None
    assert await desk.parts.db.read(lambda conn: queries.verify_consents(conn, TAMIM)) is None
    actions = await desk.parts.db.read(lambda conn: conn.execute(select(AuditRow.action).order_by(AuditRow.number)).scalars().all())
    assert list(actions)[-2:] == [acts.REQUEST_ERASURE, acts.COMPLETE_ERASURE]


async def test_nobody_consents_for_her_once_her_erasure_has_begun(desk: Desk) -> None:
    def work(conn: Connection) -> None:
        queries.request_erasure(conn, TAMIM, LAYLA, "e" * 32, "shopper", NOW_MS)
        consent(conn, TAMIM, LAYLA, OFFERS)

    with pytest.raises(queries.UnknownShopper, match="being erased"):
        await desk.parts.db.write(work)


async def test_a_receipt_nobody_has_is_not_found(desk: Desk) -> None:
    async with desk.client.get("/v1/erasures/guessed") as answer:
        assert (answer.status, (await answer.json())["code"]) == (404, "unknown_erasure")


async def test_an_app_that_lost_the_answer_finds_the_receipt_it_wished_for(desk: Desk) -> None:
    wished = "0123456789abcdef" * 2
    path = f"/v1/me?receipt={wished}"
    assert (await desk.ask("GET", f"/v1/erasures/{wished}"))[0] == 404, "nothing has begun"
    status, receipt = await desk.ask("DELETE", path)
    assert (status, receipt["id"], receipt["url"]) == (202, wished, f"/v1/erasures/{wished}")
    assert (await desk.ask("DELETE", path))[0] == 401
    assert (await desk.ask("GET", f"/v1/erasures/{wished}"))[1]["state"] == "under_way"
    status, refusal = await desk.ask("DELETE", path, DANA)
    assert (status, refusal["code"]) == (409, "receipt_taken"), "also where it is another tenant's"
    assert (await desk.ask("DELETE", "/v1/me?receipt=guessable", DANA))[0] == 422
    assert (await desk.ask("GET", "/v1/me", DANA))[0] == 200, "a refused request ends nothing"


async def test_an_erasure_asked_for_twice_at_once_stands_once_in_the_chain(desk: Desk) -> None:
    wished = "0123456789abcdef" * 2
    asked = (desk.ask("DELETE", f"/v1/me?receipt={wished}") for _ in range(4))
    answers = await asyncio.gather(*asked)
    assert {status for status, _ in answers} <= {202, 401}
    assert {answer["id"] for status, answer in answers if status == 202} == {wished}
    actions = await desk.parts.db.read(lambda conn: conn.execute(select(AuditRow.action)).scalars().all())
    assert list(actions) == [acts.REQUEST_ERASURE]
