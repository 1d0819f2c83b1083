"""The cookie of a signed-in browser and the headers of every answer, over plain HTTP, over TLS and behind a proxy that adds TLS."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import pytest
import structlog
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from groundwork.plumbing.auth import Caller, token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.cookies import CSRF_HEADER, NAME, PLAIN_NAME, Cookies, csrf_of
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.http import Route, caller
from groundwork.plumbing.http_app import Limits, build_app
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.server_settings import ServerSettings
from tests.groundwork.plumbing.crates import WORDS, Client, Known

TOKEN = "t" * 43
HTTPS = {"X-Forwarded-Proto": "https", "Host": "shop.example"}
COOKIES = Cookies()


class Signed(Known):
    """Beside keys and tokens, one browser, which is idle after a minute."""

    async def signed_in(self, token_hash_: bytes, now_ms: int) -> Caller | None:
        known = token_hash_ == token_hash(TOKEN) and now_ms > 0
        return Caller("t", "anna", frozenset({"load.read"}), until_ms=1_793_516_400_000 + 60_000) if known else None


async def let_in(request: web.Request) -> web.Response:
    response = web.Response()
    COOKIES.set(request, response, TOKEN, 60)
    return response


async def let_out(request: web.Request) -> web.Response:
    response = web.Response()
    COOKIES.clear(request, response)
    return response


async def who(request: web.Request) -> web.Response:
    return web.Response(text=caller(request).subject)


async def stream(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse()
    await response.prepare(request)
    await response.write_eof()
    return response


ROUTES = [
    Route("POST", "/in", let_in, WORDS, ""),
    Route("POST", "/out", let_out, WORDS, ""),
    Route("GET", "/who", who, WORDS, "load.read"),
    Route("POST", "/who", who, WORDS, "load.read"),
    Route("GET", "/stream", stream, WORDS, "", stream=True),
]


@asynccontextmanager
async def serving(clock: ManualClock, *trusted: str) -> AsyncIterator[Client]:
    limits = Limits(server=ServerSettings(trusted_proxies=trusted))
    app = build_app(ROUTES, Signed(clock), clock, SeededIds(clock, 1), Hops(), list, limits)
    async with TestClient(TestServer(app)) as made:
        yield made


async def _set_by(client: Client, path: str, headers: Mapping[str, str]) -> str:
    async with client.post(path, headers=headers) as answer:
        return answer.headers["Set-Cookie"]


async def test_over_tls_the_cookie_is_bound_to_its_host_and_plain_http_warns_once(clock: ManualClock) -> None:
    with structlog.testing.capture_logs() as logs:
        async with serving(clock, "127.0.0.1") as client:
            secure, plain = await _set_by(client, "/in", HTTPS), await _set_by(client, "/in", {})
            await _set_by(client, "/in", {})
            gone = await _set_by(client, "/out", HTTPS)
    assert {part.strip() for part in secure.split(";")} == {
        f"{NAME}={TOKEN}", "HttpOnly", "Max-Age=60", "Path=/", "SameSite=Strict", "Secure",
    }  # fmt: skip
    assert plain.startswith(f"{PLAIN_NAME}={TOKEN};")
    assert "Secure" not in plain
    assert gone.startswith(f'{NAME}="";')
    assert [line["event"] for line in logs] == ["plain_cookie"]


@pytest.mark.parametrize(
    ("name", "headers", "status"), [(NAME, HTTPS, 200), (PLAIN_NAME, HTTPS, 401), (PLAIN_NAME, {}, 200), (NAME, {}, 401)]
)
async def test_each_way_knows_its_own_cookie_alone(clock: ManualClock, name: str, headers: dict[str, str], status: int) -> None:
    """Over TLS one without the prefix may have been set by somebody on a plain connection."""
    async with serving(clock, "127.0.0.1") as client, client.get("/who", headers={"Cookie": f"{name}={TOKEN}", **headers}) as answer:
        assert answer.status == status


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 403),
        ({CSRF_HEADER: csrf_of("other")}, 403),
        ({CSRF_HEADER: csrf_of(TOKEN)}, 200),
        ({CSRF_HEADER: csrf_of(TOKEN), "Sec-Fetch-Site": "same-origin"}, 200),
        ({CSRF_HEADER: csrf_of(TOKEN), "Sec-Fetch-Site": "cross-site"}, 403),
        ({CSRF_HEADER: csrf_of(TOKEN), "Origin": "http://shop.example"}, 200),
        ({CSRF_HEADER: csrf_of(TOKEN), "Origin": "https://shop.example"}, 403),
        ({CSRF_HEADER: csrf_of(TOKEN), "Origin": "http://shop.example.evil"}, 403),
        ({CSRF_HEADER: csrf_of(TOKEN), "Origin": "http://[broken"}, 403),
        ({CSRF_HEADER: "\u00e9" * 43}, 403),
    ],
)
async def test_a_request_that_changes_something_proves_that_our_page_sends_it(
    clock: ManualClock, headers: dict[str, str], status: int
) -> None:
    headers = {"Cookie": f"{PLAIN_NAME}={TOKEN}", "Host": "shop.example", **headers}
    async with serving(clock) as client, client.post("/who", headers=headers) as answer:
        assert answer.status == status


async def test_a_bearer_token_needs_no_such_proof_and_goes_before_a_cookie(clock: ManualClock) -> None:
    headers = {"Authorization": "Bearer reads", "Cookie": f"{PLAIN_NAME}={TOKEN}", "Origin": "https://elsewhere.example"}
    async with serving(clock) as client, client.post("/who", headers=headers) as answer:
        assert await answer.text() == "reader"


async def test_a_cookie_ends_when_its_credential_does(clock: ManualClock) -> None:
    async with serving(clock) as client:
        for off_ms, status in ((59_999, 200), (1, 401)):
            clock.set(clock.ms + off_ms)
            async with client.get("/who", headers={"Cookie": f"{PLAIN_NAME}={TOKEN}"}) as answer:
                assert answer.status == status


@pytest.mark.parametrize("path", ["/livez", "/nowhere", "/docs", "/stream"])
async def test_every_answer_keeps_a_browser_from_doing_more_than_was_meant(clock: ManualClock, path: str) -> None:
    async with serving(clock) as client, client.get(path) as answer:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert "geolocation=()" in answer.headers["Permissions-Policy"]
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "base-uri 'none'" in answer.headers["Content-Security-Policy"]  # default-src does not cover it
        assert answer.headers["Server"] == "Aislecast"
        assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize(
    ("host", "proto", "told"),
    [
        ("shop.example", "https", True),
        ("shop.example:8443", "https", True),
        ("shop.example", "http", False),
        ("localhost:8000", "https", False),
        ("127.0.0.1", "https", False),
        ("[::1]:8000", "https", False),
    ],
)
async def test_a_host_behind_tls_is_never_to_be_asked_without_it(clock: ManualClock, host: str, proto: str, told: bool) -> None:
    """But for this machine's own name, whose other ports are other people's."""
    async with serving(clock, "127.0.0.1") as client, client.get("/livez", headers={"Host": host, "X-Forwarded-Proto": proto}) as answer:
        assert ("Strict-Transport-Security" in answer.headers) is told
