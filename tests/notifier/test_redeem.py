"""Redemption: a coupon is spent once, whoever races; the same request gets the same receipt; a rollback frees it once."""

import asyncio
import re
from collections import Counter

import msgspec
import pytest
from sqlalchemy import select

from groundwork.contracts.ids import GrantId
from groundwork.contracts.redemption import Redemption, RedemptionRequest
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from notifier.campaigns import Percent
from notifier.coupons import ALPHABET
from notifier.redeem import Coupons
from notifier.tables import CouponRow, RedemptionRow
from tests.notifier.served import ELSEWHERE, TILLS, Served, serving, till
from tests.notifier.shop import CODES, OFFER, TENANT, VENUE, Shop, a_campaign


async def a_coupon(parts: Parts, clock: ManualClock, **offer: object) -> tuple[Shop, str]:
    """A shop where one coupon has been given out, and its code."""

    shop = await Shop.open(parts, clock, a_campaign(offer=msgspec.structs.replace(OFFER, **offer)))
    await shop.shopper("amal")
    await shop.happen(shop.event("amal"))
    row = await parts.db.read(lambda conn: conn.execute(select(CouponRow.grant_id)).one())
    return shop, CODES.code(TENANT, GrantId(row.grant_id))


def coupons(parts: Parts) -> Coupons:
    return Coupons(parts.db, parts.clock, parts.hops, CODES, wrong_per_minute=5)


async def test_a_hundred_requests_at_eight_tills_spend_a_coupon_once(parts: Parts, clock: ManualClock) -> None:
    _, code = await a_coupon(parts, clock)
    desk = coupons(parts)

    async def one(number: int) -> str:
        request = RedemptionRequest(code=code, receipt=f"r{number}", venue=VENUE)
        try:
            _, repeat = await desk.redeem(till(TILLS[number % 8]), request)
        except Refusal as refusal:
            return refusal.reason.code
        return "repeat" if repeat else "spent"

    answers = Counter(await asyncio.gather(*(one(number) for number in range(100))))
    assert answers == {"spent": 1, "coupon_spent": 99}
    row = await parts.db.read(lambda conn: conn.execute(select(CouponRow.times_redeemed)).one())
    assert row.times_redeemed == 1
    hop = parts.hops.hop("redeem", "requests")
    assert (hop.in_, hop.out, hop.missing()) == (100, 1, 0)


async def test_one_request_sent_many_times_at_once_gets_one_receipt(parts: Parts, clock: ManualClock) -> None:
    _, code = await a_coupon(parts, clock)
    desk = coupons(parts)
    request = RedemptionRequest(code=code, receipt="r1", venue=VENUE)
    answers = await asyncio.gather(*(desk.redeem(till(), request) for _ in range(20)))
    assert len({redemption for redemption, _ in answers}) == 1
    assert [repeat for _, repeat in answers].count(False) == 1


async def test_of_a_race_between_redeeming_and_taking_back_every_end_adds_up(parts: Parts, clock: ManualClock) -> None:
    _, code = await a_coupon(parts, clock)
    desk = coupons(parts)

    async def cycle(number: int) -> int:
        request = RedemptionRequest(code=code, receipt=f"r{number}", venue=VENUE)
        try:
            redemption, _ = await desk.redeem(till(TILLS[number % 8]), request)
        except Refusal:
            return 0
        await desk.roll_back(till(TILLS[number % 8]), redemption.id, request.receipt)
        return 1

    spent = sum(await asyncio.gather(*(cycle(number) for number in range(40))))
    row = await parts.db.read(lambda conn: conn.execute(select(CouponRow.__table__)).one())
    assert (row.times_redeemed, row.times_rolled_back, row.redeemed_ms) == (spent, spent, None)


async def test_the_same_request_gets_the_same_receipt(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        first = await served.redeem(code)
        clock.advance(86_400)  # long after the coupon has expired
        second = await served.redeem(code.lower())
        assert (first.status, second.status) == (201, 200)
        assert await first.read() == await second.read()


async def test_a_second_receipt_or_till_is_told_that_it_is_spent_and_no_more(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        await served.redeem(code, "secret receipt")
        for receipt, who in (("r2", "till 1"), ("secret receipt", "till 2")):
            answer = await served.redeem(code, receipt, who)
            assert (answer.status, (await answer.json())["code"]) == (409, "coupon_spent")
            assert "secret" not in (await answer.text())


@pytest.mark.parametrize(
    ("code", "status", "reason"),
    [("00000-00000-00000", 404, "coupon_unknown"), ("00000-00000-00001", 422, "code_malformed"), ("123", 422, "code_malformed")],
)
async def test_a_code_that_is_none_is_refused(parts: Parts, clock: ManualClock, code: str, status: int, reason: str) -> None:
    shop = await Shop.open(parts, clock)
    async with serving(shop) as served:
        answer = await served.redeem(code)
        assert (answer.status, (await answer.json())["code"]) == (status, reason)


@pytest.mark.parametrize("code", ["123", "00000-00000-00001", "UUUUU-00000-00000"])
async def test_a_cashier_reads_in_one_language_what_is_wrong_with_a_code(parts: Parts, clock: ManualClock, code: str) -> None:
    shop = await Shop.open(parts, clock)
    async with serving(shop) as served:
        said = await (await served.redeem(code)).json()
        assert not re.search(r"[a-z]{2}", said["detail_ar"])
        assert said["detail_en"].isascii()


async def test_an_expired_coupon_is_gone(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock, valid_s=60)
    async with serving(shop) as served:
        clock.advance(60)
        answer = await served.redeem(code)
        assert (answer.status, (await answer.json())["code"]) == (410, "coupon_expired")


async def test_a_till_spends_only_in_its_own_venue(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        answer = await served.redeem(code, who=ELSEWHERE)
        assert (answer.status, (await answer.json())["code"]) == (403, "venue_out_of_scope")
        answer = await served.redeem(code, who=ELSEWHERE, venue="other-venue")
        assert (answer.status, (await answer.json())["code"]) == (422, "venue_unknown")


async def wrong_codes(served: Served, count: int, who: str) -> list[int]:
    """The answers to `count` well-formed codes that nobody gave out."""
    codes = [CODES.code(TENANT, GrantId(f"nobody's {number}")) for number in range(count)]
    return [(await served.redeem(code, who=who)).status for code in codes]


async def test_a_till_that_guesses_has_to_wait(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        assert await wrong_codes(served, 6, "till 1") == [404] * 5 + [429]
        refused = await served.redeem(code)
        assert (refused.status, refused.headers["Retry-After"]) == (429, "60")
        assert (await served.redeem(code, who="till 2")).status == 201, "another till is not held up"
        clock.advance(60)
        assert await wrong_codes(served, 1, "till 1") == [404]


async def test_typing_errors_do_not_hold_a_till_up(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        wrong = code[:-1] + ALPHABET[(ALPHABET.index(code[-1]) + 1) % 32]
        assert [(await served.redeem(wrong)).status for _ in range(8)] == [422] * 8
        assert (await served.redeem(code)).status == 201


async def test_a_rollback_frees_the_coupon_once(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        redemption = await (await served.redeem(code)).json()
        path = f"/v1/redemptions/{redemption['id']}/rollback"
        first = await served.post(path, {"receipt": "r1"})
        assert (first.status, (await first.json())["rolled_back_ms"]) == (200, clock.now_ms())
        assert (await served.redeem(code, "r2", "till 2")).status == 201
        clock.advance(1)
        again = await served.post(path, {"receipt": "r1"})
        assert await again.read() == await first.read()
        assert (await served.redeem(code, "r3", "till 3")).status == 409, "the repeat freed nothing"
        assert (await served.redeem(code, "r1")).status == 409, "a late repeat of what was taken back is no sale"


async def test_a_rollback_must_name_the_receipt(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        redemption = await (await served.redeem(code)).json()
        path = f"/v1/redemptions/{redemption['id']}/rollback"
        assert (await (await served.post(path, {"receipt": "r9"})).json())["code"] == "receipt_differs"
        assert (await (await served.post(path, {"receipt": "r1"}, ELSEWHERE)).json())["code"] == "redemption_unknown"
        assert (await (await served.post("/v1/redemptions/none/rollback", {"receipt": "r1"})).json())["code"] == "redemption_unknown"


async def test_a_share_of_the_basket_needs_the_basket(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock, value=Percent(15, most_minor=2_000))
    async with serving(shop) as served:
        assert (await (await served.redeem(code)).json())["code"] == "basket_needed"
        assert (await (await served.redeem(code, basket_minor=10_010)).json())["discount_minor"] == 1_502


async def test_a_small_basket_does_not_spend_the_coupon(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock, least_basket_minor=5_000)
    async with serving(shop) as served:
        assert (await (await served.redeem(code, basket_minor=4_999)).json())["code"] == "basket_too_small"
        assert (await served.redeem(code, basket_minor=5_000)).status == 201


@pytest.mark.parametrize("receipt", ["", "x" * 65, "line\nbreak"])
async def test_a_receipt_number_must_be_one(parts: Parts, clock: ManualClock, receipt: str) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        answer = await served.redeem(code, receipt)
        assert (answer.status, (await answer.json())["code"]) == (422, "field_wrong")


async def test_what_is_stored_is_what_was_answered(parts: Parts, clock: ManualClock) -> None:
    shop, code = await a_coupon(parts, clock)
    async with serving(shop) as served:
        answer = msgspec.json.decode(await (await served.redeem(code)).read(), type=Redemption)
    row = await parts.db.read(lambda conn: conn.execute(select(RedemptionRow.__table__)).one())
    assert (row.id, row.till, row.venue, row.discount_minor) == (answer.id, answer.till, VENUE, 1_500)
