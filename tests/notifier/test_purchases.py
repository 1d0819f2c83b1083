"""Purchases: a receipt is taken once, says whose it is only with her consent to measurement, and nothing impossible gets in."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import func, select

from groundwork.people.model import OFFERS, PURPOSES
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts
from notifier import queries
from notifier.tables import PurchaseLineRow, PurchaseRow
from tests.notifier.served import ELSEWHERE, Served, serving
from tests.notifier.shop import TENANT, VENUE, Shop

LINE = {"product": "6281000000014", "quantity": 2, "net_minor": 1_000, "vat_minor": 150}
REFUND = {"product": "6281000000021", "quantity": -1, "net_minor": -300, "vat_minor": -45}


def receipt(clock: ManualClock, **changes: object) -> dict[str, Any]:
    plain = {"receipt": "r1", "venue": VENUE, "at_ms": clock.now_ms(), "currency": "SAR", "lines": [LINE, REFUND]}
    return {**plain, **changes}


async def buy(served: Served, body: object, who: str = "till 1") -> tuple[int, dict[str, Any]]:
    answer = await served.post("/v1/purchases", body, who)
    return answer.status, await answer.json()


async def test_a_receipt_is_summed_refunds_included(parts: Parts, clock: ManualClock) -> None:
    async with serving(await Shop.open(parts, clock)) as served:
        status, purchase = await buy(served, receipt(clock))
    assert (status, purchase["net_minor"], purchase["vat_minor"], purchase["lines"]) == (201, 700, 105, 2)
    assert await parts.db.read(lambda conn: conn.scalar(select(func.count()).select_from(PurchaseLineRow))) == 2


async def test_the_same_receipt_gets_the_same_answer(parts: Parts, clock: ManualClock) -> None:
    async with serving(await Shop.open(parts, clock)) as served:
        first = await buy(served, receipt(clock))
        clock.advance(60)
        second = await buy(served, receipt(clock))
        assert (first[0], second[0]) == (201, 200)
        assert first[1] == second[1]
        assert (await buy(served, receipt(clock), "till 2"))[0] == 201, "receipt numbers are each till's own"


@pytest.mark.parametrize("changes", [{"lines": [LINE]}, {"currency": "AED"}, {"lines": [LINE, {**REFUND, "vat_minor": -46}]}])
async def test_another_purchase_under_a_used_number_is_not_taken_for_a_repeat(
    parts: Parts, clock: ManualClock, changes: dict[str, object]
) -> None:
    async with serving(await Shop.open(parts, clock)) as served:
        assert (await buy(served, receipt(clock)))[0] == 201
        status, problem = await buy(served, receipt(clock, **changes))
        assert (status, problem["code"], problem["at"]) == (409, "receipt_used", "/receipt")
        assert (await buy(served, receipt(clock, **changes, receipt="r2")))[0] == 201
    hop = parts.hops.hop("purchases", "requests")
    assert (hop.out, hop.refused, hop.missing()) == (2, {"receipt_used": 1}, 0)


async def test_a_receipt_sent_many_times_at_once_is_taken_once(parts: Parts, clock: ManualClock) -> None:
    async with serving(await Shop.open(parts, clock)) as served:
        answers = await asyncio.gather(*(buy(served, receipt(clock)) for _ in range(10)))
    assert sorted(status for status, _ in answers) == [200] * 9 + [201]
    assert await parts.db.read(lambda conn: conn.scalar(select(func.count()).select_from(PurchaseRow))) == 1
    hop = parts.hops.hop("purchases", "requests")
    assert (hop.in_, hop.out, hop.missing()) == (10, 1, 0)


@pytest.mark.parametrize(("purposes", "known"), [(PURPOSES, True), ((OFFERS,), False)])
async def test_a_receipt_says_whose_it_is_only_with_consent_to_measurement(
    parts: Parts, clock: ManualClock, purposes: tuple[str, ...], known: bool
) -> None:
    shop = await Shop.open(parts, clock)
    subject = await shop.shopper("amal", purposes=purposes)
    async with serving(shop) as served:
        _, purchase = await buy(served, receipt(clock, shopper_ref=subject.pseudonym))
    assert purchase["shopper_known"] is known
    row = await parts.db.read(lambda conn: conn.execute(select(PurchaseRow.shopper_id)).one())
    assert row.shopper_id == ("amal" if known else None)


@pytest.mark.parametrize("read", ["0" * 16, "a misread card", ""])
async def test_a_receipt_of_an_unknown_shopper_is_kept_without_her(parts: Parts, clock: ManualClock, read: str) -> None:
    async with serving(await Shop.open(parts, clock)) as served:
        status, purchase = await buy(served, receipt(clock, shopper_ref=read))
    assert (status, purchase["shopper_known"]) == (201, False)


async def test_erasure_leaves_the_receipt_and_not_the_shopper(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock)
    subject = await shop.shopper("amal")
    async with serving(shop) as served:
        body = receipt(clock, shopper_ref=subject.pseudonym)
        before = await buy(served, body)
        await parts.db.write(lambda conn: queries.erase(conn, TENANT, subject.shopper, subject.pseudonym))
        assert (await buy(served, body))[1] == before[1]
    row = await parts.db.read(lambda conn: conn.execute(select(PurchaseRow.shopper_id, PurchaseRow.net_minor)).one())
    assert tuple(row) == (None, 700)


@pytest.mark.parametrize(
    ("changes", "at"),
    [
        ({"currency": "riyal"}, "/currency"),
        ({"currency": "sar"}, "/currency"),
        ({"at_ms": 0}, "/at_ms"),
        ({"at_ms": 4_000_000_000_000}, "/at_ms"),
        ({"lines": []}, "/lines"),
        ({"lines": [LINE] * 501}, "/lines"),
        ({"lines": [{**LINE, "quantity": 0}]}, "/lines/0/quantity"),
        ({"lines": [LINE, {**LINE, "quantity": 1e7}]}, "/lines/1/quantity"),
        ({"lines": [{**LINE, "quantity": -1}]}, "/lines/0/net_minor"),
        ({"lines": [{**LINE, "net_minor": 10**13}]}, "/lines/0/net_minor"),
        ({"lines": [{**LINE, "product": ""}]}, "/lines/0/product"),
        ({"lines": [{**LINE, "product": "a\nb"}]}, "/lines/0/product"),
        ({"receipt": ""}, "/receipt"),
    ],
)
async def test_what_cannot_be_right_is_refused_by_name(parts: Parts, clock: ManualClock, changes: dict[str, object], at: str) -> None:
    async with serving(await Shop.open(parts, clock)) as served:
        status, problem = await buy(served, receipt(clock, **changes))
    assert (status, problem["code"], problem["at"]) == (422, "field_wrong", at)


async def test_a_till_reports_only_its_own_venue(parts: Parts, clock: ManualClock) -> None:
    async with serving(await Shop.open(parts, clock)) as served:
        status, problem = await buy(served, receipt(clock), ELSEWHERE)
    assert (status, problem["code"]) == (403, "venue_out_of_scope")
