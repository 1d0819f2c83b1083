"""A service of crates that weighs them, on loopback: what the tests of HTTP ask."""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import date
from typing import Annotated, Any, Literal

import msgspec
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from groundwork.plumbing import http, problems, signatures
from groundwork.plumbing.auth import Caller, Credentials, Signer, token_hash
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import DatabaseTrouble
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.http import Route
from groundwork.plumbing.http_app import Limits, build_app
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.reasons import Reason, Refusal, Words

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OLD_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
OUT_OF_STOCK = Reason("sold_out", Words("{what} is sold out.", "نفد {what}."), 409)
WORDS = Words("Weigh", "وزن")


class Crate(msgspec.Struct, forbid_unknown_fields=True):
    """What a crate holds."""

    weight_kg: Annotated[float, msgspec.Meta(ge=0)]
    label: str = ""


class Load(msgspec.Struct):
    """A list of crates."""

    crates: list[Crate]


class Total(msgspec.Struct):
    """The sum of a load."""

    weight_kg: float
    sender: str = ""


class Page(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """Which part of a list."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=100)] = 20
    label: list[str] = msgspec.field(default_factory=list)
    on: date | None = None
    order: Literal["up", "down"] = "up"


class Known(Credentials):
    """Two keys and two tokens."""

    def __init__(self, clock: ManualClock) -> None:
        self.caller = Caller("t", "box-1", frozenset({"load.write"}))
        self.reader = Caller("t", "reader", frozenset({"load.read"}))
        self.keys = {
            "k1": Signer(KEY.public_key().public_bytes_raw(), self.caller, 0),
            "old": Signer(OLD_KEY.public_key().public_bytes_raw(), self.caller, 0, clock.now_ms()),
        }

    def signer(self, key_id: str) -> Signer | None:
        return self.keys.get(key_id)

    async def bearer(self, token_hash_: bytes) -> Caller | None:
        return {token_hash("reads"): self.reader, token_hash("writes"): self.caller}.get(token_hash_)


async def weigh(request: web.Request) -> web.Response:
    load = await http.read(request, Load)
    if any(crate.label == "gone" for crate in load.crates):
        raise Refusal(OUT_OF_STOCK, at="/crates/0", what="gone")
    return http.answered(Total(sum(c.weight_kg for c in load.crates), http.caller(request).subject), 201)


async def raw(request: web.Request) -> web.Response:
    return web.Response(body=str(len(await http.body(request))).encode())


async def paged(request: web.Request) -> web.Response:
    return http.answered(http.query_of(request, Page))


async def broken(request: web.Request) -> web.Response:
    raise RuntimeError("secret inner workings")


async def no_disk(request: web.Request) -> web.Response:
    raise DatabaseTrouble("disk full")


async def slow(request: web.Request) -> web.Response:
    await asyncio.Event().wait()
    raise AssertionError


ROUTES = [
    Route("POST", "/loads", weigh, WORDS, "load.write", Load, Total, 201, (OUT_OF_STOCK,), signed=True, max_body=10_000),
    Route("POST", "/loads/{id}/weigh", weigh, WORDS, "load.write", Load, Total, 201),
    Route("POST", "/raw", raw, WORDS, "", bytes, max_body=10_000, media=("application/x-thing",)),
    Route("GET", "/pages", paged, WORDS, "load.read", answer=Page, query=Page),
    Route("GET", "/broken", broken, WORDS, ""),
    Route("GET", "/no-disk", no_disk, WORDS, ""),
    Route("GET", "/slow", slow, WORDS, ""),
]

Client = TestClient[web.Request, web.Application]


@asynccontextmanager
async def serving(clock: ManualClock, missing: Sequence[str] = ()) -> AsyncIterator[Client]:
    """A client of the service; `missing` is what keeps it from being ready."""
    hops = Hops()
    hops.hop("weigh", "crates").take(3)
    limits = Limits(body_s=0.2, request_s=0.5, metrics=True, title="Crates", version="1.2")
    app = build_app(ROUTES, Known(clock), clock, SeededIds(clock, 1), hops, lambda: missing, limits)
    async with TestClient(TestServer(app)) as made:
        yield made


def signed(
    body: bytes, clock: ManualClock, *, key: Ed25519PrivateKey = KEY, key_id: str = "k1", path: str = "/loads", off_ms: int = 0
) -> dict[str, str]:
    at = clock.now_ms() + off_ms
    return {signatures.HEADER: signatures.sign(key, key_id, "POST", path, at, body), "Content-Type": "application/json"}


BODY = b'{"crates":[{"weight_kg":2.5},{"weight_kg":1}]}'
RAW = {"Content-Type": "application/x-thing"}
WRITES = {"Authorization": "Bearer writes", "Content-Type": "application/json"}


async def problem(client: Client, method: str, path: str, **options: Any) -> dict[str, Any]:
    async with client.request(method, path, **options) as answer:
        assert answer.content_type == problems.MEDIA, await answer.text()
        told: dict[str, Any] = await answer.json(content_type=None)
        assert told["status"] == answer.status
        assert told["request_id"] == answer.headers["X-Request-Id"]
        assert re.search("[ء-ي]", told["detail_ar"])
        assert told["detail"] == told["detail_en"]
        assert "{" not in told["detail_en"] + told["detail_ar"] or "sig=" in told["detail_en"]
        return told
