"""HTTP: routes with their types, and what a handler needs: the caller, the body, the query, an answer.

A handler reads, calls one function and answers; everything it refuses is a raised `Refusal`. `http_app.py` builds the application and
turns every error into a problem answer, `access.py` checks who is calling before any handler runs.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

import msgspec
from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError
from aiohttp.web_protocol import RequestPayloadError

from groundwork.plumbing import problems, settings
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.expectations import expected_words, expects_of
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Reason, Refusal, Words

if TYPE_CHECKING:
    from groundwork.plumbing.rates import Rate

T = TypeVar("T")
S = TypeVar("S", bound=msgspec.Struct)

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
    """True where the caller signs the request; otherwise a bearer token or the cookie of a sign-in is expected."""
    media: tuple[str, ...] = ("application/json",)
    """Body types accepted."""
    max_body: int = field(default=1 << 20)
    """Bytes after decompression; more is refused with 413."""
    query: type | None = None
    """The msgspec type of the query string, read with `query_of`."""
    stream: bool = False
    """True for an event stream, which the time limit of a request does not end."""
    answer_media: str = "application/json"
    basic: bool = False
    """True where a bearer token may also come as the password of HTTP Basic: for boxes that know no other way to show one."""
    rate: "Rate | None" = None
    """A limit of its own: for each address where anybody may ask, else for each caller beside the one for all its requests."""


CALLER: Final = web.RequestKey("caller", Caller)
BODY: Final = web.RequestKey("body", bytes)
ROUTE: Final = web.RequestKey("route", Route)
REQUEST_ID: Final = web.RequestKey("request_id", str)
ADDRESS: Final = web.RequestKey("address", str)
"""Whom to count the request for, as `proxies.py` sees it."""
SECURE: Final = web.RequestKey("secure", bool)
"""Whether it came over TLS."""
BODY_SECONDS: Final = web.AppKey("body_seconds", float)
"""How long a body may take to arrive; a slow sender holds a connection, nothing else."""

_MISSING: Final = re.compile(r"Object missing required field `(?P<name>.*?)`(?: - at `(?P<path>.*)`)?")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(?P<name>.*?)`(?: - at `(?P<path>.*)`)?")
_PLACED: Final = re.compile(r"(?P<problem>.*?)(?: - at `(?P<path>.*)`)?", re.DOTALL)
_STEP: Final = re.compile(r"\.([^.\[]+)|\[(\d+|\.\.\.)\]")
_NUL_IN_JSON: Final = b"\\u0000"
_NUL_IN_PATH: Final = "%00"


async def body(request: web.Request) -> bytes:
    """The body's bytes, decompressed, within the route's limit. Raises Refusal when it is too large, too slow or cannot be read."""
    if BODY in request:
        return request[BODY]
    limit = request[ROUTE].max_body
    too_large = Refusal(problems.BODY_TOO_LARGE, limit=limit)
    if request.content_length is not None and request.content_length > limit:
        raise too_large
    parts: list[bytes] = []
    size = 0
    try:
        async with asyncio.timeout(request.app[BODY_SECONDS]):
            # aiohttp decompresses piece by piece and waits for us in between, so a small bomb is caught at its first pieces.
            async for part in request.content.iter_any():
                size += len(part)
                if size > limit:
                    raise too_large
                parts.append(part)
    except TimeoutError:
        raise Refusal(problems.BODY_TOO_SLOW, seconds=f"{request.app[BODY_SECONDS]:g}") from None
    except (RequestPayloadError, HttpProcessingError, web.HTTPBadRequest) as error:
        raise Refusal(problems.BODY_UNREADABLE) from error
    request[BODY] = whole = b"".join(parts)
    return whole


async def read(request: web.Request, kind: type[T]) -> T:
    """The JSON body as `kind`. Raises Refusal naming the field, its value and what was expected."""
    return decoded(await body(request), kind)


def decoded(raw: bytes, kind: type[T]) -> T:
    """`raw` JSON as `kind`; raises Refusal as `read` does."""
    try:
        value = msgspec.json.decode(raw, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        plain = _plain(raw)  # what is no JSON at all is refused as such, even where a wrong field came before the end of it
        if isinstance(error, msgspec.ValidationError):
            raise refusal_of(error, plain, kind) from None
        raise Refusal(problems.BODY_NO_JSON, problem=phrase_of(error)) from None
    if _NUL_IN_JSON in raw and (at := _nul_at(_plain(raw))):
        raise Refusal(problems.NUL_CHARACTER, at=at)
    return value


def _plain(raw: bytes) -> Any:
    """`raw` JSON as dictionaries and lists. Raises Refusal where it is none, or nested or of a number beyond all measure."""
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(problems.BODY_NO_JSON, problem=phrase_of(error)) from None


def _nul_at(value: Any) -> str:
    """The JSON pointer of a text that holds the character NUL, or of what has such a name in it; empty where there is none."""
    places: list[tuple[str, Any]] = [("", value)]
    while places:
        at, found = places.pop()
        if isinstance(found, str) and "\0" in found:
            return at or "/"
        if isinstance(found, dict):
            if any("\0" in name for name in found):
                return at or "/"
            places += [(f"{at}/{_in_pointer(name)}", inner) for name, inner in found.items()]
        elif isinstance(found, list):
            places += [(f"{at}/{row}", inner) for row, inner in enumerate(found)]
    return ""


def refuse_nul(request: web.Request) -> None:
    """Raises Refusal where path or query hold the character NUL: PostgreSQL keeps none in a text, so it is stopped here for all routes.

    In headers the HTTP parser refuses it, in JSON bodies `decoded` does.
    """
    if _NUL_IN_PATH in request.raw_path:
        raise Refusal(problems.NUL_CHARACTER, at="path")


def query_of(request: web.Request, kind: type[S]) -> S:
    """The query string as the Struct `kind`; repeated names fill lists. Raises Refusal naming the parameter."""
    lists = {f.encode_name for f in msgspec.structs.fields(kind) if _takes_many(f.type)}
    found: dict[str, Any] = {}
    for name in dict.fromkeys(request.query):
        if name == "lang":
            continue  # the language of the answer, for every route
        values = request.query.getall(name)
        found[name] = values if name in lists else values[-1]
    try:
        return msgspec.convert(found, kind, strict=False)
    except msgspec.ValidationError as error:
        raise refusal_of(error, found, kind) from None


def _takes_many(kind: Any) -> bool:
    return isinstance(msgspec.inspect.type_info(kind), msgspec.inspect.CollectionType | msgspec.inspect.VarTupleType)


def refusal_of(error: msgspec.ValidationError, value: Any, kind: Any) -> Refusal:
    """`error` about `value`, which was to be a `kind`, as a refusal with the place as a JSON pointer and the value found there."""
    text = str(error)
    for pattern, reason in ((_MISSING, problems.FIELD_MISSING), (_UNKNOWN, problems.FIELD_UNKNOWN)):
        found = pattern.fullmatch(text)
        if found:
            return Refusal(reason, at=f"{_pointer(found['path'])}/{found['name']}")
    ours = expects_of(error.__cause__)
    placed = _PLACED.fullmatch(text.removeprefix(str(ours) if ours else ""))
    path, wrong = (placed["path"], placed["problem"]) if placed else (None, text)
    if ours:
        found_there = _found(value, path) if ours.value is None else _json(ours.value)
        return Refusal(problems.FIELD_WRONG, at=_pointer(path) + ours.at or "/", value=found_there, expected=Words(*ours.phrase))
    if wrong.startswith("Expected "):
        expected = expected_words(wrong.removeprefix("Expected ").split(", got ")[0])
    else:  # what it says then is what was found
        expected = _wanted(kind, path) or expected_words(wrong)
    return Refusal(problems.FIELD_WRONG, at=_pointer(path) or "/", value=_found(value, path), expected=expected)


def _wanted(kind: Any, path: str | None) -> Words | None:
    """What `kind` wants at `path`, in words; None where the path leads to nothing that is described."""
    found = [msgspec.inspect.type_info(kind)]
    for name, index in _STEP.findall(path or ""):
        found = [inner for one in found for each in _alternatives(one) for inner in _within(each, name, index)]
    return settings.expected_of(found[0] if len(found) == 1 else msgspec.inspect.UnionType(tuple(found))) if found else None


def _alternatives(kind: msgspec.inspect.Type) -> Sequence[msgspec.inspect.Type]:
    """The types that a value of `kind` may have."""
    inner = kind.type if isinstance(kind, msgspec.inspect.Metadata) else kind
    return inner.types if isinstance(inner, msgspec.inspect.UnionType) else (inner,)


def _within(kind: msgspec.inspect.Type, name: str, index: str) -> Iterator[msgspec.inspect.Type]:
    """What stands one step into `kind`: a field `name` of a struct, or the `index`-th of a list."""
    if isinstance(kind, msgspec.inspect.StructType):
        if name and name == kind.tag_field:
            yield msgspec.inspect.LiteralType((kind.tag,))
        yield from (field.type for field in kind.fields if name and field.encode_name == name)
    elif isinstance(kind, msgspec.inspect.CollectionType):
        yield kind.item_type
    elif isinstance(kind, msgspec.inspect.DictType):
        yield kind.value_type
    elif isinstance(kind, msgspec.inspect.TupleType) and index.isdigit():
        yield kind.item_types[int(index)]


def _pointer(path: str | None) -> str:
    """msgspec's `$.rows[3].x` as the JSON pointer `/rows/3/x`."""
    steps = _STEP.findall(path or "")
    return "".join("/" + _in_pointer(name or index) for name, index in steps)


def _in_pointer(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _found(value: Any, path: str | None) -> str:
    """The value at `path`, as JSON; what is too deep to say (`[...]`, a dictionary's values) ends the search."""
    for name, index in _STEP.findall(path or ""):
        key: Any = name or (int(index) if index.isdigit() else None)
        try:
            value = value[key]
        except (KeyError, IndexError, TypeError):
            break
    return _json(value)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()


def answered(value: object, status: int = 200) -> web.Response:
    """`value` (a Struct) as JSON."""
    return web.Response(body=msgspec.json.encode(value), status=status, content_type="application/json")


def caller(request: web.Request) -> Caller:
    """Who sent this request; the access check has run before any handler."""
    if CALLER not in request:
        raise Refusal(problems.TOKEN_MISSING)
    return request[CALLER]


def language(request: web.Request) -> str:
    """`ar` or `en`: what `?lang` asks for, else the first of the two in Accept-Language by its weight, else English."""
    asked = request.query.get("lang", "")
    if asked in ("ar", "en"):
        return asked
    best, weight = "en", 0.0
    for part in request.headers.get("Accept-Language", "")[:256].split(","):
        tag, _, parameters = part.strip().partition(";")
        spoken = tag.strip().lower().split("-")[0]
        q = _weight(parameters)
        if spoken in ("ar", "en") and q > weight:
            best, weight = spoken, q
    return best


def _weight(parameters: str) -> float:
    """The `q` of one part of Accept-Language; 1 when it is not given, 0 when it is nonsense."""
    found = re.search(r"q\s*=([^;]*)", parameters)
    try:
        return float(found[1]) if found else 1.0
    except ValueError:
        return 0.0
