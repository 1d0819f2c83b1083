"""Drafts over HTTP: draw, be told of conflicts, publish, go back, take files in, and get no more than is in reach."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from floorplans import queries
from floorplans.app import build
from floorplans.formats import geojson
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.credentials import LiveCredentials
from groundwork.people.queries import add_access_key, add_tenant
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts
from tests.floorplans.shop import DANA, NOW_MS, TAMIM, plan, venue

Client = TestClient[web.Request, web.Application]
MALAZ = VenueId("malaz")
WRITING = ["status.read", "plans.write"]
ZONE = {
    "id": "new",
    "level": "F1",
    "kind": "offer",
    "names": {"ar": "عرض", "en": "Offer"},
    "polygons": [{"outer": [[1, 1], [3, 1], [3, 3]]}],
}


def _open(conn: Connection) -> None:
    for tenant in (TAMIM, DANA):
        add_tenant(conn, tenant=tenant, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=NOW_MS)
        queries.add_venue(conn, venue(tenant), NOW_MS)
    queries.add_venue(conn, venue(venue_id=MALAZ), NOW_MS)
    queries.publish(conn, plan(), NOW_MS)
    callers: tuple[tuple[str, TenantId, list[VenueId], list[str]], ...] = (
        ("hoda", TAMIM, [], WRITING),
        ("sami", TAMIM, [], WRITING),
        ("far", TAMIM, [MALAZ], WRITING),
        ("dana", DANA, [], WRITING),
        ("reader", TAMIM, [], ["status.read"]),
    )
    for name, tenant, scopes, grants in callers:
        add_access_key(conn, tenant=tenant, subject=name, token_hash=token_hash(name), grants=grants, scopes=scopes, now_ms=NOW_MS)


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[Client]:
    await parts.db.write(_open)
    app = build_app(build(parts).routes, LiveCredentials(parts.db), parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app)) as opened:
        yield opened


async def ask(client: Client, method: str, path: str, token: str = "hoda", status: int = 200, **sent: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}", **sent.pop("headers", {})}
    async with client.request(method, f"/v1/venues/{path}", headers=headers, **sent) as answer:
        told = await answer.json() if "json" in answer.content_type else await answer.read()
        assert answer.status == status, told
        return told


def command(name: str, revision: int, *edits: Any) -> dict[str, Any]:
    return {"id": name, "revision": revision, "edits": list(edits) or [{"do": "put_zone", "thing": ZONE}]}


async def test_a_plan_is_drawn_looked_at_published_and_taken_back(client: Client) -> None:
    done = await ask(client, "POST", "olaya/draft/commands", json=command("c1", 0))
    assert (done["revision"], done["changes"][0]["kind"], done["changes"][0]["key"]) == (1, "added", ["new"])
    told = await ask(
        client, "POST", "olaya/draft/commands", "sami", 409, json=command("c2", 0, {"do": "put_zone", "thing": {**ZONE, "kind": "aisle"}})
    )
    assert (told["code"], "hoda" in told["detail_ar"], "zones new" in told["detail_en"]) == ("draft_conflict", True, True)
    diff = await ask(client, "GET", "olaya/draft/diff")
    assert (diff["counts"], diff["published"]) == ({"zones": {"added": 1, "removed": 0, "changed": 0}}, "v1")
    assert (await ask(client, "GET", "olaya/draft/problems"))["errors"] == 0
    await ask(client, "POST", "olaya/draft/undo", json={"id": "u1"})
    await ask(client, "POST", "olaya/draft/redo", json={"id": "r1"})
    shown = await ask(client, "GET", "olaya/draft")
    assert (shown["revision"], shown["can_undo"], shown["can_redo"]) == (3, True, False)
    made = await ask(client, "POST", "olaya/publications", status=201, json={"id": "p1", "revision": 3, "note": "رمضان"})
    assert made["state"] == "done"
    assert [one["id"] for one in (await ask(client, "GET", "olaya/plan"))["zones"]] == ["z2", "z1", "new"]
    back = await ask(client, "POST", "olaya/versions/v1/restore", status=201, json={"id": "b1"})
    listed = await ask(client, "GET", "olaya/versions?limit=2")
    assert [one["in_force"] for one in listed["versions"]].count(True) == 1
    assert back["plan_version"] in [one["id"] for one in listed["versions"]]
    rest = await ask(client, "GET", f"olaya/versions?after={listed['next_after']}")
    assert len({one["id"] for one in listed["versions"] + rest["versions"]}) == 3
    assert [one["kind"] for one in (await ask(client, "GET", "olaya/draft/commands?after=1"))["commands"]] == ["undo", "redo", "roll_back"]


async def test_what_is_known_already_is_not_sent_again(client: Client) -> None:
    for path in ("olaya", "olaya/plan", "olaya/draft", "olaya/versions", "olaya/versions/v1"):
        url, headers = f"/v1/venues/{path}", {"Authorization": "Bearer reader"}
        async with client.get(url, headers=headers) as first:
            tag = first.headers["ETag"]
        async with client.get(url, headers={**headers, "If-None-Match": tag}) as second:
            assert (second.status, await second.read()) == (304, b"")


@pytest.mark.parametrize(("token", "status", "code"), [("far", 404, "unknown_venue"), ("dana", 200, None), ("reader", 403, "not_granted")])
async def test_nobody_draws_out_of_reach(client: Client, token: str, status: int, code: str | None) -> None:
    told = await ask(client, "POST", "olaya/draft/commands", token, status, json=command("c1", 0, {"do": "put_zone", "thing": ZONE}))
    assert told.get("code") == code
    assert (await ask(client, "GET", "olaya/draft"))["revision"] == 0


async def test_a_venue_is_added_and_changed_by_whom_it_is_in_reach_of(client: Client) -> None:
    asked = {"names": {"ar": "النخيل", "en": "Nakheel"}, "time_zone": "Asia/Riyadh", "hours": "Sa-Th 09:00-23:00"}
    assert (await ask(client, "PUT", "nakheel", json=asked))["policy"]["window_ms"] == 500
    assert (await ask(client, "GET", "nakheel"))["hours"] == "Sa-Th 09:00-23:00"
    assert (await ask(client, "PUT", "nakheel", status=422, json={**asked, "time_zone": "Riyadh"}))["at"] == "/time_zone"
    assert (await ask(client, "PUT", "nakheel", "far", 404, json=asked))["code"] == "unknown_venue"


async def test_a_file_is_tried_and_taken_in_and_goes_out_again(client: Client) -> None:
    raw, media = geojson.write(plan()), {"Content-Type": "application/geo+json"}
    tried = await ask(client, "POST", "malaz/draft/imports?id=i1&revision=0&dry_run=true", data=raw, headers=media)
    assert (tried["revision"], tried["counts"]["zones"]["added"]) == (0, 2)
    done = await ask(client, "POST", "malaz/draft/imports?id=i1&revision=0", data=raw, headers=media)
    assert (done["revision"], done["counts"]) == (1, tried["counts"])
    assert (await ask(client, "GET", "malaz/draft/imports/i1"))["step"] == "done"
    refused = await ask(client, "POST", "malaz/draft/imports?id=i2&revision=1", status=422, data=b"hello", headers=media)
    assert refused["code"] == "bad_plan_file"
    out = await ask(client, "GET", "malaz/export?format=geojson&version=draft")
    assert len(out["features"]) == len(json.loads(raw)["features"])
    assert (await ask(client, "GET", "malaz/export?format=dwg", status=422))["code"] == "unknown_plan_format"
    assert (await ask(client, "GET", "malaz/levels/F1/picture?version=draft&lang=ar")).startswith(b"<svg")
    assert (await ask(client, "GET", "malaz/levels/F1/picture?version=draft&format=png")).startswith(b"\x89PNG")
    assert (await ask(client, "GET", "malaz/levels/F9/picture?version=draft", status=404))["code"] == "unknown_level"
