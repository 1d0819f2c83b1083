"""A venue that is nowhere: nothing is bound to its name, by whichever door it is said."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from groundwork.people.roles import ADMIN
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import open_database
from tests.aislecast.two_tenants import HERE, TAMIM, World, open_world
from tests.conftest import START_MS

MISTYPED = "olaya-mal"
KEY: dict[str, object] = {"name": "till 9", "subject": "till-9", "grants": ["coupons.redeem"]}
TAG: dict[str, object] = {"kind": "cart", "beacon": "ibeacon:" + "ef" * 16 + ":1:2"}
HERS: dict[str, object] = {"login": "new.manager", "name": "Noura", "language": "ar", "roles": ["viewer"]}
BOX: dict[str, object] = {"gateway": "gw-77", "name": "Bakery"}
DOORS: list[tuple[str, str, dict[str, object], str]] = [
    ("POST", "/v1/api-keys", KEY, "venues"),
    ("POST", "/v1/operators", HERS, "venues"),
    ("POST", "/v1/tags", TAG, "venue"),
    ("POST", "/v1/gateway-codes", BOX, "venue"),
]


@pytest.fixture
async def world(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    (tmp_path / "premises.db").write_bytes(sqlite_template.read_bytes())
    database = await open_database(f"sqlite:///{tmp_path / 'premises.db'}", durable=False)
    world = await open_world(database, ManualClock(START_MS))
    yield world
    await world.deployment.stop()
    await world.deployment.bus.close()
    await database.close()


async def _told(world: World, method: str, path: str, body: dict[str, object]) -> tuple[int, Any]:
    admin = (await world.callers(TAMIM, only={ADMIN}))[ADMIN]
    async with TestClient(TestServer(world.app)) as client, client.request(method, path, headers=admin.headers, json=body) as answer:
        return answer.status, await answer.json(content_type=None)


@pytest.mark.parametrize(("method", "path", "body", "field"), DOORS)
async def test_nothing_is_bound_to_a_venue_that_is_not_there(
    world: World, method: str, path: str, body: dict[str, object], field: str
) -> None:
    many = field == "venues"
    before = await world.rows_of(TAMIM, but={"operator_session"})
    status, told = await _told(world, method, path, {**body, field: [HERE, MISTYPED] if many else MISTYPED})
    assert (status, told["code"], told["at"]) == (422, "no_such_venue", f"/{field}"), told
    assert MISTYPED in told["detail"]
    assert await world.rows_of(TAMIM, but={"operator_session"}) == before
    status, _ = await _told(world, method, path, {**body, field: [HERE] if many else HERE})
    assert status == 201


async def test_a_venue_that_is_not_there_has_no_gateway_rules(world: World) -> None:
    status, told = await _told(world, "PUT", f"/v1/venues/{MISTYPED}/gateway-rules", {"allow_ibeacon": ["ab" * 16]})
    assert (status, told["code"]) == (422, "no_such_venue")
    status, told = await _told(world, "GET", f"/v1/venues/{MISTYPED}/gateway-rules", {})
    assert (status, told["code"]) == (404, "unknown_venue")
    status, told = await _told(world, "GET", f"/v1/venues/{HERE}/gateway-rules", {})
    assert (status, told["rules"]) == (200, None)
