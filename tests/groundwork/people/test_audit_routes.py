"""The audit chain over HTTP: paged and taken away whole, only by who may see all of a tenant, and an export that proves itself."""

import json
from collections.abc import AsyncIterator

import pytest
from aiohttp import web

from groundwork.people.roles import ADMIN, PRIVACY_OFFICER, VIEWER
from groundwork.plumbing import audit
from groundwork.plumbing.audit import Act, Audited
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts
from tests.groundwork.people.register import DANA, TAMIM, add_tenants
from tests.groundwork.people.staff import Browser, browser, invited, serving

ACTS = 1_100
"""More than an export reads at a time."""


def _act(conn: Connection) -> None:
    for number in range(ACTS):
        audit.record(conn, TAMIM, 1_000 + number, Act("anna", "made", f"thing-{number}", None, {"name": "قهوة", "n": number}))
    audit.record(conn, DANA, 1_000, Act("bo", "made", "their-thing"))


@pytest.fixture
async def app(parts: Parts) -> AsyncIterator[web.Application]:
    await parts.db.write(add_tenants)
    async with serving(parts) as made:
        yield made


@pytest.fixture
async def officer(app: web.Application, parts: Parts) -> AsyncIterator[Browser]:
    async with browser(app) as hers:
        await hers.use((await invited(parts, "layla", [PRIVACY_OFFICER])).path)
        yield hers


async def test_the_chain_is_paged_through_to_its_end(officer: Browser, parts: Parts) -> None:
    await parts.db.write(_act)
    page, numbers = (await officer.call("GET", "/v1/audit?limit=1000"))[1], []
    while page["next_after"] is not None:
        numbers += [entry["number"] for entry in page["entries"]]
        page = (await officer.call("GET", f"/v1/audit?after={page['next_after']}&limit=1000"))[1]
    numbers += [entry["number"] for entry in page["entries"]]
    assert numbers == list(range(1, page["newest"] + 1))
    assert page["entries"][-1]["hash"] == page["newest_hash"]
    assert (await officer.call("GET", f"/v1/audit?after={page['newest']}"))[1]["entries"] == []


async def test_an_export_is_the_whole_chain_and_proves_itself(officer: Browser, parts: Parts) -> None:
    await parts.db.write(_act)
    async with officer.client.get("/v1/audit/export") as answer:
        assert (answer.status, answer.content_type) == (200, "application/x-ndjson")
        assert answer.headers["X-Frame-Options"] == "DENY"  # headers of streams too
        lines = [json.loads(line) for line in (await answer.text()).splitlines()]
    rows = [_row(line) for line in lines]
    assert audit.verify_rows(TAMIM, rows) is None
    assert {line["tenant"] for line in lines} == {TAMIM}
    assert (rows[-1].action, rows[-1].number) == ("audit.export", (await parts.db.read(lambda conn: audit.newest(conn, TAMIM)))[0])
    rows[7] = rows[7]._replace(after=rows[8].after)
    fault = audit.verify_rows(TAMIM, rows)
    assert fault is not None
    assert fault.number == 8


def _row(line: dict[str, object]) -> Audited:
    ends = {name: bytes.fromhex(str(line[name])) for name in ("previous", "hash")}
    texts = {name: str(line[name]).encode() for name in ("before", "after")}
    return Audited(**{name: line[name] for name in ("number", "at_ms", "actor", "action", "subject")}, **texts, **ends)  # type: ignore[arg-type] # as they are in JSON


@pytest.mark.parametrize(("roles", "venues", "code"), [([VIEWER], [], "not_granted"), ([ADMIN], ["shop"], "beyond_scope")])
async def test_nobody_else_sees_it(app: web.Application, parts: Parts, roles: list[str], venues: list[str], code: str) -> None:
    async with browser(app) as hers:
        await hers.use((await invited(parts, "omar", roles, venues)).path)
        for path in ("/v1/audit", "/v1/audit/export"):
            assert (await hers.call("GET", path))[1]["code"] == code


@pytest.mark.parametrize("query", ["after=-1", "limit=0", "limit=1001", "after=x", "before=3", f"after={1 << 63}"])
async def test_a_bad_page_is_refused(officer: Browser, query: str) -> None:
    assert (await officer.call("GET", f"/v1/audit?{query}"))[0] == 422
