"""The HTTP application: routes, limits, request ids, and every error turned into a problem answer.

Nothing leaves here but what a handler answered or a problem: unknown paths, wrong methods, oversize and slow bodies, and exceptions
nobody expected, which are logged with the request's id and answered without a word of what they said.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import msgspec
import structlog
from aiohttp import hdrs, web
from aiohttp.typedefs import Middleware

from groundwork.plumbing import problems
from groundwork.plumbing.access import Access
from groundwork.plumbing.auth import Credentials
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import DatabaseTrouble
from groundwork.plumbing.headers import protect
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.http import ADDRESS, BODY_SECONDS, REQUEST_ID, ROUTE, SECURE, Handler, Route, answered, language, refuse_nul
from groundwork.plumbing.ids import Ids
from groundwork.plumbing.proxies import Proxies
from groundwork.plumbing.rates import Allowed, Rate, Throttle
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.server_settings import ServerSettings
from groundwork.plumbing.telemetry import Meters

_log = structlog.get_logger()

_REQUEST_ID_FORM: Final = re.compile(r"[A-Za-z0-9._:-]{8,64}")
_ENCODINGS: Final = frozenset({"", "identity", "gzip", "deflate"})
_CLOSING: Final = (problems.BODY_TOO_SLOW, problems.BODY_TOO_LARGE, problems.BODY_UNREADABLE)
"""After these the rest of the connection's bytes are not worth reading."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may take, and what the application shows of itself."""

    skew_ms: int = 300_000
    """How far a signature's time may be from the server's: the window in which a caught request could be sent again."""
    body_s: float = 20.0
    """How long a body may take to arrive."""
    request_s: float = 30.0
    """How long a handler may take."""
    metrics: bool = False
    """Whether /metrics is served here."""
    metrics_grant: str = ""
    """What who asks for them must hold; empty for anybody, which is for ports that only this machine reaches."""
    title: str = "API"
    version: str = "0"
    server: ServerSettings = field(default_factory=ServerSettings)
    """How much is taken from whom, and which proxies are believed."""


class Ready(msgspec.Struct, frozen=True):
    """Whether requests are welcome; `missing` says why not."""

    ready: bool
    missing: list[str] = msgspec.field(default_factory=list)


def build_app(
    routes: Sequence[Route],
    credentials: Credentials,
    clock: Clock,
    ids: Ids,
    hops: Hops,
    ready: Callable[[], Sequence[str]],
    limits: Limits | None = None,
    meters: Meters | None = None,
) -> web.Application:
    """The application that serves `routes`, beside /livez, /readyz, /openapi.json, /docs and, where enabled, /metrics.

    `ready` names what is missing before requests are welcome; `meters` may carry gauges of the caller's own.
    Raises ValueError where two routes share a method and a path.
    """
    limits = limits or Limits()
    meters = meters or Meters(hops)
    own = _own_routes(ready, meters if limits.metrics else None, limits.metrics_grant)
    everything = [*own, *_documentation([*own, *routes], limits), *routes]
    access = Access(credentials, clock, limits.skew_ms, Throttle(_allowed(limits.server), clock, meters.limited))
    app = web.Application(middlewares=[_outermost(ids, meters, clock, Proxies(limits.server.trusted_proxies))])
    app.on_response_prepare.append(protect)
    app[BODY_SECONDS] = limits.body_s
    seen: set[tuple[str, str]] = set()
    for route in everything:
        if (route.method, route.path) in seen:
            raise ValueError(f"two routes for {route.method} {route.path}")
        seen.add((route.method, route.path))
        app.router.add_route(route.method, route.path, _endpoint(route, access, limits))
    return app


def _allowed(server: ServerSettings) -> Allowed:
    return Allowed(
        open=Rate(server.open_per_s, server.open_burst),
        failed=Rate(server.failed_per_s, server.failed_burst),
        caller=Rate(server.caller_per_s, server.caller_burst),
        signed=Rate(server.signed_per_s, server.signed_burst),
        tenant=Rate(server.tenant_per_s, server.tenant_burst),
    )


def _own_routes(ready: Callable[[], Sequence[str]], meters: Meters | None, metrics_grant: str) -> list[Route]:
    async def livez(_request: web.Request) -> web.Response:
        return answered(Ready(True))

    async def readyz(_request: web.Request) -> web.Response:
        missing = [reason for reason in ready() if reason]
        return answered(Ready(not missing, missing), 503 if missing else 200)

    routes = [
        Route("GET", "/livez", livez, Words("Is the process alive?", "هل العملية تعمل؟"), "", answer=Ready),
        Route("GET", "/readyz", readyz, Words("Are requests welcome?", "هل الخدمة جاهزة لاستقبال الطلبات؟"), "", answer=Ready),
    ]
    if meters is not None:

        async def metrics(_request: web.Request) -> web.Response:
            return web.Response(body=meters.exposition(), headers={hdrs.CONTENT_TYPE: Meters.MEDIA})

        words = Words("Counters and gauges for Prometheus", "العدادات والقياسات لأداة Prometheus")
        routes.append(Route("GET", "/metrics", metrics, words, metrics_grant, answer_media="text/plain"))
    return routes


def _documentation(routes: Sequence[Route], limits: Limits) -> list[Route]:
    """`/openapi.json` and `/docs`, made of all routes when first asked for: a start need not wait for what takes a tenth of a second."""
    from groundwork.plumbing import docs_page, openapi

    @cache
    def described() -> openapi.Json:
        return openapi.document([*routes, *shown], limits.title, limits.version)

    @cache
    def document() -> bytes:
        return msgspec.json.encode(described())

    @cache
    def page(language: str) -> str:
        return docs_page.page(described(), language)

    async def specification(_request: web.Request) -> web.Response:
        return web.Response(body=document(), content_type="application/json")

    async def docs(request: web.Request) -> web.Response:
        policy = {"Content-Security-Policy": docs_page.POLICY}
        return web.Response(text=page(language(request)), content_type="text/html", headers=policy)

    shown = [
        Route("GET", "/openapi.json", specification, Words("This API, for machines", "وصف هذه الواجهة للآلات"), ""),
        Route("GET", "/docs", docs, Words("This API, for people", "وصف هذه الواجهة للناس"), "", answer_media="text/html"),
    ]
    return shown


def _endpoint(route: Route, access: Access, limits: Limits) -> Handler:
    """The route's handler behind the checks of path and body's kind, the access check and the time limit."""

    async def endpoint(request: web.Request) -> web.StreamResponse:
        request[ROUTE] = route
        refuse_nul(request)
        _check_body_kind(request, route)
        await access.check(request, route)
        if route.stream:
            return await route.handler(request)
        return await _in_time(route.handler(request), limits.request_s)

    return endpoint


def _check_body_kind(request: web.Request, route: Route) -> None:
    encoding = request.headers.get(hdrs.CONTENT_ENCODING, "").lower()
    if encoding not in _ENCODINGS:
        raise Refusal(problems.CONTENT_ENCODING, got=encoding)
    if request.can_read_body and route.request is not None and request.content_type not in route.media:
        raise Refusal(problems.MEDIA_TYPE, got=request.content_type, expected=", ".join(route.media))


async def _in_time(work: Awaitable[web.StreamResponse], seconds: float) -> web.StreamResponse:
    try:
        async with asyncio.timeout(seconds) as limit:
            return await work
    except TimeoutError:
        if not limit.expired():
            raise
        raise Refusal(problems.TOO_SLOW, seconds=f"{seconds:g}", headers={"Retry-After": "1"}) from None


def _outermost(ids: Ids, meters: Meters, clock: Clock, proxies: Proxies) -> Middleware:
    @web.middleware
    async def outermost(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Request-Id", "")
        request_id = given if _REQUEST_ID_FORM.fullmatch(given) else ids.new()
        request[REQUEST_ID] = request_id
        request[ADDRESS], request[SECURE] = proxies.address(request), proxies.secure(request)
        began = clock.monotonic_s()
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = await _answer_or_problem(request, handler, request_id)
        route = request.get(ROUTE)
        meters.request(request.method, route.path if route else "unknown", response.status, clock.monotonic_s() - began)
        return response

    return outermost


async def _answer_or_problem(request: web.Request, handler: Handler, request_id: str) -> web.StreamResponse:
    try:
        return await handler(request)
    except Refusal as raised:
        refusal = raised
    except web.HTTPNotFound:
        refusal = Refusal(problems.NOT_FOUND, path=request.path)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        refusal = Refusal(
            problems.METHOD_NOT_ALLOWED, path=request.path, method=request.method, allowed=allowed, headers={"Allow": allowed}
        )
        return problem_response(request, refusal, request_id)
    except DatabaseTrouble as error:
        _log.error("database_trouble", path=request.path, error=str(error))
        refusal = Refusal(problems.DATABASE_TROUBLE, headers={"Retry-After": "1"})
    except Exception:
        _log.exception("request_failed", method=request.method, path=request.path)
        refusal = Refusal(problems.INTERNAL, request_id=request_id)
    return problem_response(request, refusal, request_id)


def problem_response(request: web.Request, refusal: Refusal, request_id: str) -> web.Response:
    """The answer that tells of `refusal`, in the language asked for."""
    spoken = language(request)
    told = problems.problem(refusal, spoken, request_id)
    headers: Mapping[str, str] = {**refusal.headers, "Content-Language": spoken, "Vary": "Accept-Language"}
    response = web.Response(body=msgspec.json.encode(told), status=told.status, content_type=problems.MEDIA, headers=headers)
    if refusal.reason in _CLOSING:
        response.force_close()
    return response
