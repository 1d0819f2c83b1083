"""HTTP: routes with their types, one application built of them, and every error turned into a problem answer in Arabic and English."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TypeVar

from aiohttp import web

from groundwork.plumbing.auth import Caller
from groundwork.plumbing.reasons import Reason, Words

T = TypeVar("T")

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Route:
    """One operation of the API; `openapi.json` and the access check are made of it."""

    method: str
    path: str
    handler: Handler
    summary: Words
    grant: str
    """What the caller must hold; empty for what anybody may ask (health, documentation)."""
    request: type | None = None
    """The msgspec type of the body; None where there is none."""
    answer: type | None = None
    status: int = 200
    refusals: tuple[Reason, ...] = ()
    """Reasons of its own, beside those every route shares."""
    signed: bool = False
    """True where the caller signs the request; otherwise a bearer token is expected."""
    media: tuple[str, ...] = ("application/json",)
    """Body types accepted."""
    max_body: int = field(default=1 << 20)
    """Bytes after decompression; more is refused with 413."""


async def read(request: web.Request, kind: type[T]) -> T:
    """The JSON body as `kind`. Raises Refusal naming the field, its value and what was expected."""
    raise NotImplementedError


def answered(value: object, status: int = 200) -> web.Response:
    """`value` (a Struct) as JSON."""
    raise NotImplementedError


def caller(request: web.Request) -> Caller:
    """Who sent this request; the access check has run before any handler."""
    raise NotImplementedError


async def body(request: web.Request) -> bytes:
    """The body's bytes, decompressed, within the route's limit."""
    raise NotImplementedError
