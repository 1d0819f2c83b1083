"""Who may ask what: every route of the running deployment, asked by a caller of every kind, of this tenant, of another and of one venue.

`who_may.txt` beside this file says who may, route by route, and a route that is not in it fails. The routes come from the deployment's own
`openapi.json`, so nobody has to remember to test a new one. That a caller may ask says nothing of what she is told: a handler asks for her
tenant and her venues itself, and the tests of another tenant and of another venue hold it to that.
"""

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
import pytest
from aiohttp.test_utils import TestClient, TestServer

from groundwork.people.roles import ROLES
from groundwork.plumbing import problems
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import open_database
from tests.aislecast.two_tenants import CALLERS, DANA, HERE, PLANTED, TAMIM, THERE, Asking, World, open_world
from tests.conftest import START_MS

WHO_MAY = Path(__file__).with_name("who_may.txt")
ANYBODY = "anybody"
NOBODYS = "nobody"
"""An id that nothing has."""
REFUSED = {each.code for each in (*problems.OF_SIGNED, *problems.OF_BEARERS, *problems.OF_COOKIES, problems.NOT_GRANTED)}
"""What is said to a caller who may not ask."""
PATIENCE_S = 120
"""Between requests, so that limits on how often one address may ask are not what is tested here."""


class Operation(NamedTuple):
    """One route as the deployment describes it."""

    method: str
    path: str
    body: Any
    query: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def within(self) -> dict[str, str]:
        """The names in the path, each with the part before it: `{"id": "operators"}`."""
        parts = self.path.split("/")
        return {part.strip("{}"): before.strip("{}") for before, part in itertools.pairwise(parts) if part.startswith("{")}


class Answer(NamedTuple):
    """What came back."""

    status: int
    code: str
    text: str

    @property
    def may(self) -> bool:
        return self.code not in REFUSED


class Matrix:
    """Asks the deployment."""

    def __init__(self, world: World, client: "TestClient[Any, Any]", described: Any) -> None:
        self.world = world
        self._client = client
        self._schemas = described["components"]["schemas"]
        self.operations = [
            Operation(method.upper(), path, _schema_of_body(one), tuple(p["name"] for p in one.get("parameters", ()) if p["in"] == "query"))
            for path, methods in sorted(described["paths"].items())
            for method, one in methods.items()
        ]

    async def ask(self, asking: Asking, operation: Operation, ids: dict[str, str], body: bytes, query: str = "") -> Answer:
        """One request, long after the one before."""
        self.world.clock.set(self.world.clock.ms + PATIENCE_S * 1000)
        path = operation.path.format(**{name: ids.get(before, NOBODYS) for name, before in operation.within.items()}) + query
        body = body if operation.body is not None else b""
        headers = asking.headers_for(operation.method, path, body, self.world.clock.now_ms())
        if operation.body is not None:
            headers["Content-Type"] = "application/json"
        options: dict[str, Any] = {"data": body} if operation.body is not None else {}
        async with self._client.request(operation.method, path, headers=headers, allow_redirects=False, **options) as answer:
            if answer.content_type == "text/event-stream":
                return Answer(answer.status, "", "")
            text = (await answer.read()).decode(errors="replace")
            told = await answer.json(content_type=None) if answer.content_type == problems.MEDIA else {}
            return Answer(answer.status, told.get("code", ""), text)

    async def who_may(self, operation: Operation) -> list[str]:
        """The kinds of callers that are not refused, told by ids that nothing has and an empty body."""
        callers = await self.world.callers(TAMIM)
        return [name for name in CALLERS if (await self.ask(callers[name], operation, {}, b"{}")).may]

    def filled(self, operation: Operation, ids: dict[str, str]) -> bytes:
        """A body with every field, ids filled in."""
        return msgspec.json.encode(self._example(operation.body, "", ids)) if operation.body is not None else b""

    def _example(self, schema: Any, name: str, ids: dict[str, str]) -> Any:
        schema = self._resolved(schema)
        known = KNOWN.get(name)
        if isinstance(known, list) or (isinstance(known, int) and schema.get("type") != "array"):
            return known
        if "enum" in schema or "const" in schema:
            return schema.get("const", schema.get("enum", [None])[0])
        match schema.get("type"):
            case "object":
                return {key: self._example(one, key, ids) for key, one in schema.get("properties", {}).items()}
            case "array" if "prefixItems" in schema:
                return [self._example(one, name, ids) for one in schema["prefixItems"]]
            case "array":
                return [self._example(schema.get("items", {"type": "string"}), name, ids)]
            case "integer" | "number":
                return int(schema.get("default") or schema.get("minimum", schema.get("exclusiveMinimum", 0) + 1))
            case "boolean":
                return True
            case "null":
                return None
        return _text(name, ids)

    def _resolved(self, schema: Any) -> Any:
        while True:
            if "$ref" in schema:
                schema = self._schemas[schema["$ref"].rpartition("/")[2]]
            elif "anyOf" in schema:
                schema = next((one for one in schema["anyOf"] if one.get("type") != "null"), schema["anyOf"][0])
            else:
                return schema


KNOWN: Final[dict[str, str | int | list[Any]]] = {
    "purpose": "offers", "language": "en", "role": "viewer", "roles": "viewer", "grants": "coupons.redeem", "kind": "cart",
    "serves": "operators", "currency": "SAR", "password": "four unrelated quiet words", "login": "somebody-new", "text_version": "v1",
    "installation": "i" * 24, "public_key": "ab" * 32, "proof": "p" * 86, "issuer": "https://issuer.example", "algorithms": "RS256",
    "jwks_url": "https://issuer.example/jwks", "authorize_url": "https://issuer.example/in", "token_url": "https://issuer.example/token",
    "beacon": "ibeacon:" + "ef" * 16 + ":1:2", "identity_key": "ab" * 16, "at_ms": START_MS,
    "allow_ibeacon": ["ab" * 16], "allow_altbeacon": ["ab" * 16], "allow_eddystone": ["ab" * 10], "allow_addresses": ["c0ffee000001"],
    "allow_beacons": ["ibeacon:" + "ef" * 16 + ":1:2"], "allow_companies": [65535], "token_marker": [1, 2], "token_company": 65535,
    "kinds": "visit.ended", "from": "2026-11-01", "to": "2026-11-02", "step": "day", "url": "mqtts://broker.example", "format": "json",
    "address": "mqtt://broker.example:1883", "time_zone": "Asia/Riyadh", "country": "SA", "quiet_from": "22:00", "quiet_until": "09:00",
    "starts": [0, 1], "speed_m": 1, "step_m": 1,
}  # fmt: skip
"""What a field of this name must look like; add here what a new route cannot read otherwise."""


def _text(name: str, ids: dict[str, str]) -> str:
    of_plural = {plural: plural.rstrip("s") for plural in ids}
    found = next((ids[plural] for plural, one in of_plural.items() if name in (plural, one, f"{one}_id")), "x")
    return str(KNOWN.get(name, found))


def _schema_of_body(operation: Any) -> Any:
    return operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")


@pytest.fixture
async def matrix(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Matrix]:
    (tmp_path / "matrix.db").write_bytes(sqlite_template.read_bytes())
    database = await open_database(f"sqlite:///{tmp_path / 'matrix.db'}", durable=False)
    world = await open_world(database, ManualClock(START_MS))
    async with TestClient(TestServer(world.app)) as client:
        async with client.get("/openapi.json") as answer:
            described = await answer.json()
        yield Matrix(world, client, described)
    await world.deployment.stop()
    await world.deployment.bus.close()
    await database.close()


def listed() -> dict[str, list[str]]:
    """Who may ask each route, as the file says."""
    lines = [line for line in WHO_MAY.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]
    return {name: who.replace(",", " ").split() for name, _, who in (line.partition(": ") for line in lines)}


def _line(name: str, who: list[str]) -> str:
    return f"{name}: {ANYBODY if who == list(CALLERS) else ', '.join(who)}"


async def test_every_route_is_asked_by_those_who_may_and_nobody_else(matrix: Matrix) -> None:
    expected, faults = listed(), []
    for operation in matrix.operations:
        who = await matrix.who_may(operation)
        if operation.name not in expected:
            faults.append(f"not in {WHO_MAY.name}; if this is what you mean, add the line\n    {_line(operation.name, who)}")
        elif _line(operation.name, who) != _line(operation.name, _spelt_out(expected[operation.name])):
            faults.append(f"served to others than {WHO_MAY.name} says; served is\n    {_line(operation.name, who)}")
    served = {operation.name for operation in matrix.operations}
    faults += [f"take the line out of {WHO_MAY.name}, for no such route is served:\n    {name}" for name in expected if name not in served]
    assert not faults, "\n".join(faults)


def _spelt_out(who: list[str]) -> list[str]:
    return list(CALLERS) if who == [ANYBODY] else [name for name in CALLERS if name in who]


def test_the_file_names_known_callers_in_the_order_of_the_routes() -> None:
    names = listed()
    assert {who for line in names.values() for who in line} <= {*CALLERS, ANYBODY}
    assert list(names) == sorted(names, key=lambda name: (name.split()[1], name.split()[0]))


async def test_another_tenants_callers_see_and_change_nothing_of_the_first(matrix: Matrix) -> None:
    """With the first tenant's ids in path, query and body, by every route and every kind of caller."""
    theirs = dict(matrix.world.theirs)
    before, faults = await matrix.world.rows_of(TAMIM), list(_unknown_ids(matrix, theirs))
    for operation in matrix.operations:
        callers = await matrix.world.callers(DANA)
        body = matrix.filled(operation, theirs)
        for name in CALLERS:
            answer = await matrix.ask(callers[name], operation, theirs, body, _query(operation, theirs))
            if PLANTED in answer.text:
                faults.append(f"{operation.name} shows the first tenant's to the second's {name}: {answer.text[:300]}")
            if answer.status >= 500:
                faults.append(f"{operation.name} breaks when the second tenant's {name} asks: {answer.status} {answer.code}")
        after = await matrix.world.rows_of(TAMIM)
        faults += [
            f"{operation.name} lets the second tenant change the first's `{table}`" for table in before if before[table] != after[table]
        ]
        before = after
    assert not faults, "\n".join(faults)


def _unknown_ids(matrix: Matrix, theirs: dict[str, str]) -> Iterator[str]:
    """Names in paths that the test has no id of the first tenant's for: without one it would ask nothing."""
    for operation in matrix.operations:
        for name, before in operation.within.items():
            if before not in theirs:
                yield f"{operation.name}: add what the first tenant has at /{before}/{{{name}}} to THEIRS in two_tenants.py, and plant it"


def _query(operation: Operation, ids: dict[str, str]) -> str:
    asked = [f"{name}={_text(name, ids)}" for name in operation.query if _text(name, ids) != "x"]
    return "?" + "&".join(asked) if asked else ""


async def test_the_bodies_asked_with_are_ones_the_routes_can_read(matrix: Matrix) -> None:
    """Else a route would refuse the form of a body before it looks at whose ids are in it, and the tests here would show nothing."""
    unread = {each.code for each in (*problems.OF_FIELDS, *problems.OF_BODIES)}
    theirs, faults = dict(matrix.world.theirs), []
    for operation in matrix.operations:
        who = _spelt_out(listed().get(operation.name, []))
        if operation.body is None or not who:
            continue
        asking = (await matrix.world.callers(TAMIM))[who[0]]
        answer = await matrix.ask(asking, operation, theirs, matrix.filled(operation, theirs))
        if answer.code in unread:
            faults.append(f"{operation.name}: {answer.text[:400]}\n    add to KNOWN what the field must look like")
    assert not faults, "\n".join(faults)


async def test_a_caller_of_one_venue_reaches_no_other(matrix: Matrix) -> None:
    """Where a venue is named in path, query or body, naming another than one's own is refused, or answered without anything of it."""
    theirs, faults, asked = dict(matrix.world.theirs) | {"venues": str(THERE), "gateways": f"{THERE}-gw-01"}, [], 0
    for operation in matrix.operations:
        body = matrix.filled(operation, theirs)
        if not ({"venues", "gateways"} & set(operation.within.values()) or str(THERE).encode() in body or "venue" in operation.query):
            continue
        callers = await matrix.world.callers(TAMIM, HERE)
        for name in (*ROLES, "till", "integration"):
            before = await matrix.world.rows_of(TAMIM, but=("operator_session",))  # that she was seen
            answer = await matrix.ask(callers[name], operation, theirs, body, _query(operation, theirs))
            asked += answer.may
            if answer.may and str(THERE) in answer.text and answer.status < 300:
                faults.append(f"{operation.name} shows {THERE} to a {name} of {HERE} alone: {answer.status} {answer.text[:200]}")
            if before != await matrix.world.rows_of(TAMIM, but=("operator_session",)):
                faults.append(f"{operation.name} lets a {name} of {HERE} alone change something of {THERE}: {answer.status}")
    assert not faults, "\n".join(faults)
    assert asked > 10
