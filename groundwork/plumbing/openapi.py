"""OpenAPI 3.1 made of the routes and their msgspec types, with every summary and refusal in both languages."""

import re
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from groundwork.plumbing import problems
from groundwork.plumbing.access import TIME_HEADER
from groundwork.plumbing.cookies import CSRF_HEADER, NAME, SAFE_METHODS
from groundwork.plumbing.counts import plain
from groundwork.plumbing.http import Route
from groundwork.plumbing.problems import Problem
from groundwork.plumbing.reasons import Reason, Words
from groundwork.plumbing.signatures import HEADER

Json = dict[str, Any]

_PLACEHOLDER: Final = re.compile(r"{(\w+)(?::[^{}]*(?:{[^{}]*}[^{}]*)*)?}")
_REFS: Final = "#/components/schemas/{name}"

_FORM: Final = "`key=<id>, at=<unix-ms>, sig=<base64url>`"
_TEXT: Final = "`method\\npath\\nkey-id\\nunix-ms\\nsha256(body)`"
SIGNED: Final = Words(
    f"Ed25519 over {_TEXT}, in the header `{HEADER}`: {_FORM}. The body is the one before any Content-Encoding. "
    f"A 401 `clock` carries the server's time in `{TIME_HEADER}`.",
    f"توقيع Ed25519 على {_TEXT} في الترويسة `{HEADER}`: {_FORM}. يُحسب على محتوى الطلب قبل أي ضغط. "
    f"الرد 401 `clock` يحمل وقت الخادم في `{TIME_HEADER}`.",
)
BEARER: Final = Words("A bearer token in the header Authorization.", "رمز وصول من نوع Bearer في الترويسة Authorization.")
COOKIE: Final = Words(
    f"The cookie `{NAME}` of a signed-in browser; whatever changes something also carries `{CSRF_HEADER}`.",
    f"ملف تعريف الارتباط `{NAME}` لمتصفح سُجّل الدخول منه؛ وكل طلب يغيّر شيئاً يحمل أيضاً `{CSRF_HEADER}`.",
)


def document(routes: Sequence[Route], title: str, version: str) -> Json:
    """The whole description; paths in the order of the routes."""
    kinds = dict.fromkeys(kind for route in routes for kind in (route.request, route.answer, Problem) if kind is not None)
    references, schemas = msgspec.json.schema_components(list(kinds), ref_template=_REFS)
    schema_of = dict(zip(kinds, references, strict=True))
    paths: dict[str, Json] = {}
    for route in routes:
        paths.setdefault(_PLACEHOLDER.sub(r"{\1}", route.path), {})[route.method.lower()] = _operation(route, schema_of)
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": version},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "signature": {"type": "apiKey", "in": "header", "name": HEADER, **_described(SIGNED)},
                "bearer": {"type": "http", "scheme": "bearer", **_described(BEARER)},
                "cookie": {"type": "apiKey", "in": "cookie", "name": NAME, **_described(COOKIE)},
            },
        },
    }


def reasons_of(route: Route) -> list[Reason]:
    """Every refusal a caller of the route may meet, the route's own first."""
    found = [*route.refusals]
    if route.signed:
        found += problems.OF_SIGNED
    elif route.grant:
        found += problems.OF_BEARERS
        found += problems.OF_COOKIES if route.method not in SAFE_METHODS else ()
    if route.grant:
        found.append(problems.NOT_GRANTED)
    if route.request is not None:
        found += problems.OF_BODIES
    if route.request is not None or route.query is not None:
        found += problems.OF_FIELDS
    found += problems.SHARED
    return list(dict.fromkeys(found))


def _operation(route: Route, schema_of: dict[type, Json]) -> Json:
    operation: Json = {"operationId": _operation_id(route), "summary": route.summary.en, **_described(route.summary)}
    parameters = [_path_parameter(name) for name in _PLACEHOLDER.findall(route.path)] + _query_parameters(route)
    if parameters:
        operation["parameters"] = parameters
    if route.request is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {media: {"schema": _body(media, schema_of[route.request])} for media in route.media},
        }
    answer: Json = {"description": "OK"}
    if route.answer is not None:
        answer["content"] = {route.answer_media: {"schema": schema_of[route.answer]}}
    elif route.answer_media != "application/json":
        answer["content"] = {route.answer_media: {"schema": {"type": "string"}}}
    operation["responses"] = {str(route.status): answer, **_refusals(route, schema_of[Problem])}
    operation["security"] = _security(route)
    if route.grant:
        operation["x-grant"] = route.grant
    return operation


def _described(words: Words) -> Json:
    return {"description": f"{words.en}\n\n{words.ar}", "x-description-ar": words.ar}


def _operation_id(route: Route) -> str:
    words = re.findall(r"\w+", _PLACEHOLDER.sub(r"\1", route.path))
    return "_".join((route.method.lower(), *words))


def _path_parameter(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query_parameters(route: Route) -> list[Json]:
    if route.query is None:
        return []
    _, schemas = msgspec.json.schema_components([route.query], ref_template=_REFS)
    schema = schemas[route.query.__name__]
    required = schema.get("required", [])
    return [{"name": name, "in": "query", "required": name in required, "schema": one} for name, one in schema["properties"].items()]


def _body(media: str, schema: Json) -> Json:
    """The schema where the media type is JSON; other bodies are bytes whose form their type's documentation gives."""
    return schema if media.endswith("json") else {"type": "string", "contentMediaType": media}


def _refusals(route: Route, problem: Json) -> Json:
    by_status: dict[int, list[Reason]] = {}
    for reason in reasons_of(route):
        by_status.setdefault(reason.status, []).append(reason)
    return {str(status): _refusal(reasons, problem) for status, reasons in sorted(by_status.items())}


def _refusal(reasons: Sequence[Reason], problem: Json) -> Json:
    lines = [f"- `{reason.code}`: {reason.words.en}\n  {plain(reason.words.ar)}" for reason in reasons]
    codes = {"properties": {"code": {"enum": [reason.code for reason in reasons]}}}
    return {"description": "\n".join(lines), "content": {problems.MEDIA: {"schema": {"allOf": [problem, codes]}}}}


def _security(route: Route) -> list[Json]:
    if route.signed:
        return [{"signature": []}]
    return [{"bearer": []}, {"cookie": []}] if route.grant else []
