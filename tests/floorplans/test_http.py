"""Places over HTTP: a caller sees its own tenant's venues, and only those it is limited to."""

from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from floorplans import queries
from floorplans.app import build
from groundwork.contracts.ids import VenueId
from groundwork.people.credentials import LiveCredentials
from groundwork.people.queries import add_access_key, add_tenant
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts
from tests.floorplans.shop import DANA, NOW_MS, OLAYA, TAMIM, plan, venue

Client = TestClient[web.Request, web.Application]
MALAZ = VenueId("malaz")


def _open(conn: Connection) -> None:
    for tenant in (TAMIM, DANA):
        add_tenant(conn, tenant=tenant, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=NOW_MS)
        queries.add_venue(conn, venue(tenant), NOW_MS)
    queries.add_venue(conn, venue(venue_id=MALAZ), NOW_MS)
    queries.publish(conn, plan(), NOW_MS)
    for name, tenant, scopes in (("all", TAMIM, []), ("one", TAMIM, [MALAZ]), ("other", DANA, [])):
        hashed = token_hash(name)
        add_access_key(conn, tenant=tenant, subject=name, token_hash=hashed, grants=["status.read"], scopes=scopes, now_ms=NOW_MS)


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[Client]:
    await parts.db.write(_open)
    app = build_app(build(parts).routes, LiveCredentials(parts.db), parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app)) as opened:
        yield opened


@pytest.mark.parametrize(("token", "seen"), [("all", [MALAZ, OLAYA]), ("one", [MALAZ]), ("other", [OLAYA])])
async def test_a_caller_sees_the_venues_in_its_reach(client: Client, token: str, seen: list[str]) -> None:
    answer = await client.get("/v1/venues", headers={"Authorization": f"Bearer {token}"})
    assert [found["id"] for found in (await answer.json())["venues"]] == seen


@pytest.mark.parametrize(
    ("token", "asked", "status", "code"),
    [
        ("all", OLAYA, 200, None),
        ("all", MALAZ, 404, "no_published_plan"),
        ("all", "nowhere", 404, "unknown_venue"),
        ("all", "a%00b", 400, "nul_character"),
        ("one", OLAYA, 404, "unknown_venue"),
        ("other", OLAYA, 404, "no_published_plan"),
        ("other", MALAZ, 404, "unknown_venue"),
    ],
)
async def test_a_plan_is_shown_to_who_may_see_its_venue(client: Client, token: str, asked: str, status: int, code: str | None) -> None:
    answer = await client.get(f"/v1/venues/{asked}/plan", headers={"Authorization": f"Bearer {token}"})
    shown = await answer.json()
    assert (answer.status, shown.get("code")) == (status, code)
    assert status != 200 or [zone["id"] for zone in shown["zones"]] == ["z2", "z1"]
