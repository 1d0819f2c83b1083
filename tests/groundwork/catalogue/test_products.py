"""Products: put as often as one likes, an older figure never replaces a newer one, tenants never see one another."""

import dataclasses
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy import Connection

from groundwork.catalogue import queries
from groundwork.catalogue.app import build
from groundwork.catalogue.model import Product
from groundwork.contracts.ids import ProductId, TenantId
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import WRITE_PRODUCTS
from groundwork.people.queries import add_access_key, add_tenant
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.db import Database
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.service import Parts

Client = TestClient[web.Request, web.Application]
NOW_MS = 1_793_516_400_000
TAMIM, DANA = TenantId("tamim"), TenantId("dana")
DATES = Product(ProductId("6281007012345"), "تمر سكري", "Sukkari dates", 2_995, "SAR", 15.0, "dates", NOW_MS)
BODY = {
    "name_ar": "تمر سكري",
    "name_en": "Sukkari dates",
    "price_minor": 2_995,
    "currency": "SAR",
    "vat_rate_percent": 15,
    "category": "dates",
}


async def test_a_product_is_kept_and_an_older_figure_changes_nothing(database: Database) -> None:
    newer = dataclasses.replace(DATES, price_minor=1_995, updated_ms=NOW_MS + 1)

    def work(conn: Connection) -> None:
        assert [queries.put_product(conn, TAMIM, product) for product in (DATES, newer, DATES, newer)] == [True, True, False, True]
        assert queries.product(conn, TAMIM, DATES.id) == newer
        assert queries.product(conn, TAMIM, ProductId("other")) is None

    await database.write(work)


async def test_two_tenants_with_equal_ids_never_see_each_other(database: Database) -> None:
    theirs = dataclasses.replace(DATES, price_minor=1, category="")

    def work(conn: Connection) -> None:
        queries.put_product(conn, TAMIM, DATES)
        queries.put_product(conn, DANA, theirs)
        assert queries.products(conn, TAMIM) == queries.products(conn, TAMIM, "dates") == [DATES]
        assert queries.products(conn, DANA) == [theirs]
        assert queries.products(conn, DANA, "dates") == []

    await database.write(work)


@pytest.fixture
async def client(parts: Parts) -> AsyncIterator[Client]:
    def work(conn: Connection) -> None:
        add_tenant(conn, tenant=TAMIM, name_ar="تميم", name_en="Tamim", salt=bytes(32), now_ms=NOW_MS)
        add_access_key(conn, tenant=TAMIM, subject="feed", token_hash=token_hash("good"), grants=[WRITE_PRODUCTS], now_ms=NOW_MS)
        add_access_key(conn, tenant=TAMIM, subject="till", token_hash=token_hash("till"), grants=["coupons.redeem"], now_ms=NOW_MS)

    await parts.db.write(work)
    app = build_app(build(parts).routes, LiveCredentials(parts.db), parts.clock, parts.ids, parts.hops, list)
    async with TestClient(TestServer(app), headers={"Authorization": "Bearer good"}) as opened:
        yield opened


async def test_a_product_is_put_over_http_and_the_same_again_gets_the_same_answer(client: Client, parts: Parts) -> None:
    answers = [await client.put(f"/v1/products/{DATES.id}", json=BODY) for _ in range(2)]
    assert [answer.status for answer in answers] == [200, 200]
    assert await answers[0].json() == await answers[1].json() == dataclasses.asdict(DATES)
    assert await parts.db.read(lambda conn: queries.products(conn, TAMIM)) == [DATES]


@pytest.mark.parametrize(
    ("path", "change", "status", "code"),
    [
        ("1", {"price_minor": -1}, 422, "field_wrong"),
        ("1", {"currency": "sar"}, 422, "field_wrong"),
        ("1", {"name_ar": ""}, 422, "field_wrong"),
        ("1", {"colour": "red"}, 422, "field_unknown"),
        ("1", {"name_en": "a\0b"}, 400, "nul_character"),
        ("1", {"currency": "SAR\n"}, 422, "field_wrong"),
        ("1", {"updated_ms": 1 << 63}, 422, "field_wrong"),
        ("1", {"updated_ms": NOW_MS + 86_400_001}, 422, "field_wrong"),
        ("9" * 65, {}, 422, "bad_product_id"),
        ("a%00b", {}, 400, "nul_character"),
        (DATES.id, {"updated_ms": 1}, 409, "newer_figure"),
    ],
)
async def test_a_bad_product_is_refused_by_name(client: Client, path: str, change: dict[str, object], status: int, code: str) -> None:
    await client.put(f"/v1/products/{DATES.id}", json=BODY)
    answer = await client.put(f"/v1/products/{path}", json={**BODY, **change})
    assert (answer.status, (await answer.json())["code"]) == (status, code)


async def test_only_who_may_write_products_does(client: Client) -> None:
    answer = await client.put("/v1/products/1", json=BODY, headers={"Authorization": "Bearer till"})
    assert answer.status == 403
