"""HTTP on loopback: refusals in both languages, signatures, access, documentation. What a request may hold is in `test_http_input.py`."""

import asyncio
import gzip
import json
import re
import zlib
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientSession
from aiohttp.test_utils import TestClient, TestServer

from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.http_app import Limits, build_app
from groundwork.plumbing.ids import SeededIds
from tests.groundwork.plumbing.crates import (
    BODY,
    KEY,
    OLD_KEY,
    OUT_OF_STOCK,
    ROUTES,
    WORDS,
    WRITES,
    Client,
    Known,
    problem,
    serving,
    signed,
)


@pytest.fixture
def missing() -> list[str]:
    return []


@pytest.fixture
async def client(clock: ManualClock, missing: list[str]) -> AsyncIterator[Client]:
    async with serving(clock, missing) as made:
        yield made


async def test_a_signed_request_is_answered(client: Client, clock: ManualClock) -> None:
    async with client.post("/loads", data=BODY, headers=signed(BODY, clock)) as answer:
        assert answer.status == 201
        assert await answer.json() == {"weight_kg": 3.5, "sender": "box-1"}


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_a_compressed_body_is_signed_before_it_is_compressed(client: Client, clock: ManualClock, encoding: str) -> None:
    packed = gzip.compress(BODY) if encoding == "gzip" else zlib.compress(BODY)
    async with client.post("/loads", data=packed, headers={**signed(BODY, clock), "Content-Encoding": encoding}) as answer:
        assert answer.status == 201


async def test_a_dead_token_keeps_nobody_from_what_anybody_may_ask(client: Client) -> None:
    async with client.get("/livez", headers={"Authorization": "Bearer of somebody who was erased"}) as answer:
        assert answer.status == 200


async def test_an_unsigned_request_is_refused(client: Client) -> None:
    assert (await problem(client, "POST", "/loads", data=BODY, headers={"Content-Type": "application/json"}))["code"] == "signature_missing"


async def test_an_unknown_or_withdrawn_key_is_refused(client: Client, clock: ManualClock) -> None:
    for key_id, key in (("nobody", KEY), ("old", OLD_KEY)):
        told = await problem(client, "POST", "/loads", data=BODY, headers=signed(BODY, clock, key=key, key_id=key_id))
        assert (told["status"], told["code"]) == (401, "signature_unknown_key")


async def test_a_signature_over_something_else_is_refused(client: Client, clock: ManualClock) -> None:
    wrong = [
        (BODY + b" ", signed(BODY, clock)),
        (BODY, signed(BODY, clock, path="/other")),
        (BODY, signed(BODY, clock, key=OLD_KEY)),
    ]
    for body, headers in wrong:
        assert (await problem(client, "POST", "/loads", data=body, headers=headers))["code"] == "signature_wrong"
    assert (await problem(client, "POST", "/loads?x=1", data=BODY, headers=signed(BODY, clock)))["code"] == "signature_wrong"


async def test_a_clock_that_is_too_far_off_is_told_the_time(client: Client, clock: ManualClock) -> None:
    for off_ms in (-300_001, 300_001):
        told = await problem(client, "POST", "/loads", data=BODY, headers=signed(BODY, clock, off_ms=off_ms))
        assert (told["code"], told["server_ms"]) == ("clock", clock.now_ms())
    async with client.post("/loads", data=BODY, headers=signed(BODY, clock, off_ms=-(10**12))) as answer:
        assert answer.headers["Aislecast-Time"] == str(clock.now_ms())
    async with client.post("/loads", data=BODY, headers=signed(BODY, clock, off_ms=300_000)) as answer:
        assert answer.status == 201


async def test_without_the_grant_nothing_is_done(client: Client) -> None:
    told = await problem(client, "POST", "/loads/7/weigh", data=BODY, headers={**WRITES, "Authorization": "Bearer reads"})
    assert (told["status"], told["code"]) == (403, "not_granted")
    assert "load.write" in told["detail"]


async def test_a_missing_or_unknown_token_is_refused(client: Client) -> None:
    for header, code in (
        (None, "token_missing"),
        ("Basic x", "token_missing"),
        ("Bearer no", "token_unknown"),
        ("Bearer " + "x" * 600, "token_unknown"),
    ):
        headers = {"Content-Type": "application/json"} | ({"Authorization": header} if header else {})
        told = await problem(client, "POST", "/loads/7/weigh", data=BODY, headers=headers)
        assert (told["status"], told["code"]) == (401, code)


async def test_a_refusal_of_the_route_itself_comes_as_it_is(client: Client) -> None:
    told = await problem(client, "POST", "/loads/7/weigh", data=b'{"crates":[{"weight_kg":1,"label":"gone"}]}', headers=WRITES)
    assert (told["status"], told["code"], told["at"], told["detail_ar"]) == (409, "sold_out", "/crates/0", "نفد gone.")


@pytest.mark.parametrize(
    ("headers", "path", "language"),
    [
        ({"Accept-Language": "ar-SA,ar;q=0.9,en;q=0.5"}, "/x", "ar"),
        ({"Accept-Language": "fr,en;q=0.2,ar;q=0.8"}, "/x", "ar"),
        ({"Accept-Language": "en"}, "/x?lang=ar", "ar"),
        ({"Accept-Language": "ar"}, "/x?lang=en", "en"),
        ({"Accept-Language": "ar;q=nonsense"}, "/x", "en"),
        ({}, "/x", "en"),
    ],
)
async def test_the_answer_speaks_the_language_asked_for(client: Client, headers: dict[str, str], path: str, language: str) -> None:
    async with client.get(path, headers=headers) as answer:
        told = await answer.json(content_type=None)
        assert answer.headers["Content-Language"] == language
        assert told["detail"] == told[f"detail_{language}"]
        assert (told["title"] == "Not Found") == (language == "en")


async def test_unknown_paths_and_methods_are_problems_too(client: Client) -> None:
    assert (await problem(client, "GET", "/nowhere"))["code"] == "not_found"
    async with client.delete("/loads") as answer:
        assert (answer.status, answer.headers["Allow"]) == (405, "POST")
        assert (await answer.json(content_type=None))["code"] == "method_not_allowed"


async def test_an_exception_nobody_expected_tells_nothing_but_the_request(client: Client, capsys: pytest.CaptureFixture[str]) -> None:
    told = await problem(client, "GET", "/broken", headers={"X-Request-Id": "request-0001"})
    assert (told["status"], told["code"], told["request_id"]) == (500, "internal", "request-0001")
    assert "secret" not in json.dumps(told)
    logged = capsys.readouterr().out
    assert "secret inner workings" in logged
    assert "request-0001" in logged


async def test_trouble_of_the_database_asks_to_come_again(client: Client) -> None:
    async with client.get("/no-disk") as answer:
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")


async def test_a_request_id_is_kept_if_well_formed_and_made_otherwise(client: Client) -> None:
    async with client.get("/livez", headers={"X-Request-Id": "trace-123.4:5"}) as answer:
        assert answer.headers["X-Request-Id"] == "trace-123.4:5"
    async with client.get("/livez", headers={"X-Request-Id": "<script>"}) as answer:
        assert re.fullmatch("[0-9a-f-]{36}", answer.headers["X-Request-Id"])


async def test_readiness_says_what_is_missing(client: Client, missing: list[str]) -> None:
    async with client.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (200, {"ready": True, "missing": []})
    missing.append("no database")
    async with client.get("/readyz") as answer:
        assert (answer.status, await answer.json()) == (503, {"ready": False, "missing": ["no database"]})
    async with client.get("/livez") as answer:
        assert answer.status == 200


async def test_every_answer_carries_the_protecting_headers(client: Client) -> None:
    for path in ("/livez", "/nowhere", "/broken"):
        async with client.get(path) as answer:
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
            assert answer.headers["Cache-Control"] == "no-store"


async def test_metrics_show_hops_and_requests_by_pattern(client: Client) -> None:
    await problem(client, "POST", "/loads/7/weigh", data=b"", headers=WRITES)
    async with client.get("/metrics") as answer:
        text = await answer.text()
    assert 'hop_in_total{hop="weigh",unit="crates"} 3.0' in text
    assert 'hop_missing{hop="weigh",unit="crates"} 3.0' in text
    assert 'http_requests_total{method="POST",route="/loads/{id}/weigh",status="400"} 1.0' in text


async def test_metrics_are_off_unless_turned_on(clock: ManualClock) -> None:
    app = build_app([], Known(clock), clock, SeededIds(clock, 1), Hops(), list)
    async with TestClient(TestServer(app)) as made, made.get("/metrics") as answer:
        assert answer.status == 404


async def test_metrics_can_be_kept_for_those_who_hold_a_grant(clock: ManualClock) -> None:
    limits = Limits(metrics=True, metrics_grant="load.write")
    app = build_app([], Known(clock), clock, SeededIds(clock, 1), Hops(), list, limits)
    async with TestClient(TestServer(app)) as made:
        asked = [(await made.get("/metrics", headers=headers)).status for headers in ({}, {"Authorization": "Bearer reads"}, WRITES)]
    assert asked == [401, 403, 200]


async def test_the_specification_has_every_route_with_its_refusals_in_both_languages(client: Client) -> None:
    async with client.get("/openapi.json") as answer:
        found = await answer.json()
    assert (found["openapi"], found["info"]) == ("3.1.0", {"title": "Crates", "version": "1.2"})
    for route in ROUTES:
        operation = found["paths"][route.path][route.method.lower()]
        assert WORDS.en in operation["description"]
        assert WORDS.ar in operation["description"]
    operation = found["paths"]["/loads"]["post"]
    assert operation["security"] == [{"signature": []}]
    assert "sold_out" in operation["responses"]["409"]["description"]
    assert "نفد" in operation["responses"]["409"]["description"]
    assert operation["requestBody"]["content"]["application/json"]["schema"] == {"$ref": "#/components/schemas/Load"}
    assert {"Load", "Crate", "Total", "Problem"} <= found["components"]["schemas"].keys()
    assert found["paths"]["/loads/{id}/weigh"]["post"]["parameters"][0]["name"] == "id"
    assert [p["name"] for p in found["paths"]["/pages"]["get"]["parameters"]] == ["limit", "label", "on", "order"]
    references = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(found)))
    assert references <= found["components"]["schemas"].keys()
    ids = [one["operationId"] for verbs in found["paths"].values() for one in verbs.values()]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(("language", "direction", "word"), [("ar", "rtl", "حالات الرفض"), ("en", "ltr", "Refusals")])
async def test_the_documentation_is_one_page_without_scripts_or_foreign_requests(
    client: Client, language: str, direction: str, word: str
) -> None:
    async with client.get(f"/docs?lang={language}") as answer:
        page = await answer.text()
        assert "script-src" not in answer.headers["Content-Security-Policy"]
    assert f'dir="{direction}"' in page
    assert word in page
    assert "<script" not in page
    assert not re.findall(r"(?:src|href)=\"https?:", page)
    for route in ROUTES:
        assert route.path in page
    assert OUT_OF_STOCK.words.said(language, what="{what}") in page


def test_two_routes_in_one_place_are_refused(clock: ManualClock) -> None:
    with pytest.raises(ValueError, match="two routes for GET /broken"):
        build_app([ROUTES[4], ROUTES[4]], Known(clock), clock, SeededIds(clock, 1), Hops(), list)


async def test_an_abandoned_connection_harms_nobody(client: Client) -> None:
    _, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(b"POST /raw HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-thing\r\nContent-Length: 100\r\n\r\nabc")
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    async with ClientSession() as session, session.get(client.make_url("/livez")) as answer:
        assert answer.status == 200
