"""Ways and coverage over HTTP: for a phone and for operators, in the asked language, with the stop named that cannot be reached."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from floorplans import queries
from floorplans.app import build
from floorplans.errands import Guide
from floorplans.model import Placement, Plan
from floorplans.wayfinders import Wayfinders
from groundwork.contracts.ids import PlanVersionId, TenantId, VenueId
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import DEVICE_GRANTS
from groundwork.people.queries import add_access_key, add_tenant
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from tests.floorplans.centre import FIRST, GROUND, centre
from tests.floorplans.shop import NOW_MS

Client = TestClient[web.Request, web.Application]
NOOR, EMPTY, TENANT = VenueId("noor"), VenueId("empty"), TenantId("default")


def _open(conn: Connection) -> None:
    add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=NOW_MS)
    plan = with_gateways()
    queries.add_venue(conn, plan.venue, NOW_MS)
    queries.publish(conn, plan, NOW_MS)
    for name, grants, scopes in (
        ("phone", DEVICE_GRANTS, []),
        ("hoda", {"status.read", "ways.find", "plans.write"}, []),
        ("far", {"status.read", "ways.find"}, ["malaz"]),
        ("till", {"coupons.redeem"}, []),
    ):
        add_access_key(
            conn, tenant=TENANT, subject=name, token_hash=token_hash(name), grants=frozenset(grants), scopes=scopes, now_ms=NOW_MS
        )


def with_gateways() -> Plan:
    hung = (
        Placement("gateway", "gw-1", GROUND, 5, 5),
        Placement("gateway", "gw-2", GROUND, 35, 15),
        Placement("gateway", "gw-3", FIRST, 20, 10),
    )
    return dataclasses.replace(centre(), placements=hung)


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[Client]:
    await parts.db.write(_open)
    service = build(parts)
    app = build_app(service.routes, LiveCredentials(parts.db), parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app)) as opened:
        yield opened
    await service.stop()


async def ask(client: Client, method: str, path: str, token: str = "phone", status: int = 200, **sent: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}", **sent.pop("headers", {})}
    async with client.request(method, f"/v1/venues/{path}", headers=headers, **sent) as answer:
        told = await answer.json()
        assert answer.status == status, told
        return told


async def test_a_phone_is_told_the_way_in_its_language_with_path_and_anchors(client: Client) -> None:
    body = {"from": {"level": "G", "x_m": 5, "y_m": 5}, "to": "cafe"}
    told = await ask(client, "POST", "noor/routes?lang=ar", json=body)
    way = told["ways"][0]
    assert (told["plan_version"], told["order"], way["stop"], way["names"]["en"]) == ("v1", [], None, "Café")
    assert any("الأول" in step["text"] for step in way["directions"])
    assert way["directions"][-1]["kind"] == "arrive"
    anchor = way["anchors"][0]
    assert (anchor["level"], anchor["x_m"], anchor["z_m"]) == ("G", 5, 0)
    assert {"heading_deg", "bearing_deg", "lon", "lat"} <= anchor.keys()
    assert way["path"]["features"][0]["geometry"]["coordinates"][0] == [5, 5]
    english = await ask(client, "POST", "noor/routes", json={**body, "degrees": True}, headers={"Accept-Language": "en"})
    lon, lat = english["ways"][0]["path"]["features"][0]["geometry"]["coordinates"][0]
    assert (round(lon, 2), round(lat, 2)) == (46.68, 24.71)
    assert any("up to" in step["text"] for step in english["ways"][0]["directions"])


async def test_a_list_is_put_in_an_order_unless_it_is_kept(client: Client) -> None:
    body = {"from": "G:2,2", "stops": ["more-dates", "product:coffee", "dates"], "to": "opening:door"}
    told = await ask(client, "POST", "noor/routes", json=body)
    kept = await ask(client, "POST", "noor/routes", json={**body, "as_given": True})
    assert (sorted(told["order"]), kept["order"]) == ([0, 1, 2], [0, 1, 2])
    assert told["metres"] < kept["metres"]
    assert [way["stop"] for way in told["ways"]] == [*told["order"], None]


async def test_a_way_without_steps_takes_the_lift(client: Client) -> None:
    body = {"from": "G:2,15", "to": "1:2,15"}
    quick = await ask(client, "POST", "noor/routes", json=body)
    level = await ask(client, "POST", "noor/routes", json={**body, "step_free": True})
    assert "stairs" in [step["kind"] for step in quick["ways"][0]["directions"]]
    assert "elevator" in [step["kind"] for step in level["ways"][0]["directions"]]
    assert level["ways"][0]["step_free"]


@pytest.mark.parametrize(
    ("body", "code", "at", "value"),
    [
        ({"from": "G:2,2", "stops": ["dates", "tea"]}, "unknown_place", "/stops/1", "tea"),
        ({"from": "G:2,2", "stops": ["product:tea"]}, "unplaced_product", "/stops/0", "product:tea"),
        ({"from": "nowhere", "to": "dates"}, "unknown_place", "/from", "nowhere"),
        ({"from": "G:2,2", "to": "G:400,2"}, "not_walkable", "/to", "G:400,2"),
        ({"from": "G:2,2"}, "field_missing", "/to", ""),
        ({"from": "G:2,2", "to": {"level": "G", "x_m": 1e9, "y_m": 0}}, "field_wrong", "/to/x_m", ""),
    ],
)
async def test_the_stop_at_fault_is_named(client: Client, body: Any, code: str, at: str, value: str) -> None:
    told = await ask(client, "POST", "noor/routes", status=422, json=body)
    assert (told["code"], told["at"]) == (code, at)
    assert value in told["detail_ar"]


@pytest.mark.parametrize(("token", "path", "status"), [("far", "noor", 404), ("till", "noor", 403), ("phone", "nowhere", 404)])
async def test_nobody_is_told_of_a_venue_out_of_reach(client: Client, token: str, path: str, status: int) -> None:
    await ask(client, "POST", f"{path}/routes", token, status, json={"from": "G:2,2", "to": "dates"})


async def test_coverage_is_told_level_by_level_and_not_sent_again(client: Client) -> None:
    told = await ask(client, "GET", "noor/coverage?grid=true&fillers=1", "hoda")
    ground = told["levels"][0]
    assert (ground["level"], ground["gateways"], len(ground["grid"])) == ("G", ["gw-1", "gw-2"], ground["cells"])
    assert ground["heard_by"]["1"] >= ground["heard_by"]["2"] > ground["heard_by"]["3"] == 0
    assert ground["fillers"][0]["share_after"] > 0
    url, headers = "/v1/venues/noor/coverage?level=1", {"Authorization": "Bearer hoda"}
    async with client.get(url, headers=headers) as first:
        tag = first.headers["ETag"]
    async with client.get(url, headers={**headers, "If-None-Match": tag}) as second:
        assert (second.status, await second.read()) == (304, b"")
    assert (await ask(client, "GET", "noor/coverage?level=9", "hoda", 404))["code"] == "unknown_level"
    await ask(client, "GET", "noor/coverage", "phone", 403)


async def test_a_walk_is_compared_with_the_forecast(client: Client) -> None:
    points = [{"gateway": "gw-1", "level": "G", "x_m": x, "y_m": 5, "rssi_dbm": -60} for x in range(6, 12)]
    points += [{"gateway": "gw-9", "level": "G", "x_m": 6, "y_m": 5, "rssi_dbm": -60}]
    told = await ask(client, "POST", "noor/coverage/walk-test", "hoda", json={"points": points})
    assert (told["points"], told["unknown"], set(told["by_gateway"])) == (6, ["gw-9"], {"gw-1"})
    louder = await ask(client, "POST", "noor/coverage/walk-test", "hoda", json={"points": points, "power_dbm": -48.8})
    assert louder["bias_db"] == pytest.approx(told["bias_db"] - 10)


async def test_a_wayfinder_is_made_once_and_the_least_asked_given_up(parts: Parts) -> None:
    await parts.db.write(_open)
    ways = Wayfinders(parts.db, most=1)
    first, second = await asyncio.gather(*(ways.ask(TENANT, NOOR, lambda found: found) for _ in range(2)))
    assert first is second
    later = with_gateways()
    await parts.db.write(lambda conn: queries.publish(conn, dataclasses.replace(later, version=PlanVersionId("v2")), NOW_MS))
    third: Guide = await ways.ask(TENANT, NOOR, lambda found: found)
    assert (third.plan.version, len(ways)) == ("v2", 1)
    with pytest.raises(Refusal, match="unknown_venue"):
        await ways.ask(TENANT, EMPTY, lambda found: found)
    await ways.close()
