"""A backend on loopback that answers as it is told, and remembers every body it got. It speaks HTTP for real; no part of ours is faked."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from groundwork.contracts.codec import Frame, decode_frame
from groundwork.contracts.ids import BootId, GatewayId, TenantId
from groundwork.contracts.sighting import BatchAnswer, SightingHeader
from groundwork.plumbing import signatures

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

Answering = Callable[[web.Request, Frame], Awaitable[web.StreamResponse]]


def taken(frame: Frame) -> web.Response:
    """The answer that acknowledges."""
    header = frame.header
    answer = BatchAnswer(tenant=header.tenant, gateway=header.gateway, boot=header.boot, batch=header.batch, accepted=frame.rows)
    return web.Response(body=msgspec.json.encode(answer), content_type="application/json")


def refuses(status: int, code: str = "no", server_ms: int | None = None, headers: Mapping[str, str] | None = None) -> Answering:
    """Answers with a problem."""

    async def answer(_request: web.Request, _frame: Frame) -> web.StreamResponse:
        return web.json_response({"code": code, "status": status, "server_ms": server_ms}, status=status, headers=headers)

    return answer


def says(text: str, status: int = 200) -> Answering:
    """Answers with `text`, as a portal in a hotel does."""

    async def answer(_request: web.Request, _frame: Frame) -> web.StreamResponse:
        return web.Response(text=text, status=status)

    return answer


_EMPTY = Frame(SightingHeader(tenant=TenantId(""), gateway=GatewayId(""), boot=BootId(""), batch=0, sent_ms=0, covered_until_ms=0), 0, {})


@dataclass(slots=True)
class Backend:
    """What it heard; `script` is what it answers next, an empty script acknowledges."""

    url: str = ""
    script: list[Answering] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    times_ms: list[int] = field(default_factory=list)
    heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def has(self, bodies: int) -> None:
        """Returns once so many bodies have come."""
        while len(self.bodies) < bodies:
            self.heard.clear()
            await self.heard.wait()

    @property
    def frames(self) -> list[Frame]:
        """Every body as a frame, in order of arrival; a box that only asks sends none."""
        return [decode_frame(body) for body in self.bodies if body]

    async def take(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        signature = signatures.parse(request.headers[signatures.HEADER])
        assert signature is not None
        assert signatures.holds(signature, PUBLIC, "POST", request.raw_path, body)
        self.bodies.append(body)
        self.times_ms.append(signature.at_ms)
        self.heard.set()
        if not body and not self.script:
            return web.json_response({"code": "frame"}, status=400)
        frame = decode_frame(body) if body else _EMPTY
        return await self.script.pop(0)(request, frame) if self.script else taken(frame)


async def never(_request: web.Request, _frame: Frame) -> web.StreamResponse:
    """No answer, until the server shuts down."""
    await asyncio.Event().wait()
    raise AssertionError("nobody sets this event")


async def cut_off(request: web.Request, _frame: Frame) -> web.StreamResponse:
    """Half an answer, then the connection ends."""
    response = web.StreamResponse(headers={"Content-Length": "500"})
    await response.prepare(request)
    await response.write(b'{"tenant":')
    assert request.transport is not None
    request.transport.close()
    return response


@asynccontextmanager
async def backend(port: int = 0) -> AsyncIterator[Backend]:
    """A running one on a free port of 127.0.0.1, or on `port`."""
    heard = Backend()
    app = web.Application()
    app.router.add_post("/v1/sightings", heard.take)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port)
    await site.start()
    heard.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield heard
    finally:
        await runner.cleanup()
