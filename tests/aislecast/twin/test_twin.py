"""The twin at work: the same seed is the same day, whatever the steps; strangers are heard too; offers are taken to the till."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import shapely

from aislecast.twin.shop import demo_plan, products
from aislecast.twin.twin import REDEEMS, Heard, Phone, Twin, beacon_phones, ranging_phones
from aislecast.twin.walkways import shape_of
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.contracts.ids import ProductId, TenantId, VenueId
from tests.conftest import START_MS

PLAN = demo_plan(TenantId("t"), VenueId("shop"))


def a_twin(seed: int = 1, phones: tuple[Phone, ...] | None = None, strangers: int = 2) -> Twin:
    return Twin(PLAN, seed, beacon_phones(4) if phones is None else phones, START_MS, shelved=products(), strangers=strangers)


def a_deaf_twin(seed: int, people: int) -> Twin:
    """Without gateways: the same people, faster."""
    return Twin(replace(PLAN, placements=()), seed, beacon_phones(people), START_MS, shelved=products(), strangers=0)


def after(minutes: float) -> int:
    return START_MS + round(minutes * 60_000)


def one_day(heard: list[Heard]) -> tuple[object, ...]:
    """Everything in several answers as one value that can be compared."""
    truth = np.concatenate([np.column_stack([h.truth.at_ms, h.truth.phone, h.truth.x_m, h.truth.y_m, h.truth.zone]) for h in heard])
    lists = tuple([one for h in heard for one in getattr(h, name)] for name in ("adverts", "carriers", "ranged", "checkouts"))
    return (*lists, truth.tolist())


def test_the_same_seed_is_the_same_day_and_another_is_not() -> None:
    assert one_day([a_twin().advance(after(3))]) == one_day([a_twin().advance(after(3))])
    assert one_day([a_twin().advance(after(1))]) != one_day([a_twin(seed=2).advance(after(1))])


def test_what_happens_does_not_depend_on_the_steps_of_the_clock() -> None:
    phones = (*beacon_phones(3), *ranging_phones(1))
    at_once, by_steps = a_twin(phones=phones), a_twin(phones=phones)
    odd = [START_MS + round(step) for step in np.arange(0, 180_000, 737.3)] + [after(3)]
    assert one_day([at_once.advance(after(3))]) == one_day([by_steps.advance(until) for until in odd])


def test_everything_lies_after_the_previous_time_and_not_after_the_present_one() -> None:
    twin, before = a_twin(phones=(*beacon_phones(3), *ranging_phones(1))), START_MS
    for until in range(START_MS + 333, after(1), 333):
        heard = twin.advance(until)
        adverts, ranged, paid = (
            [one.at_ms for one in heard.adverts],
            [one.at_ms for one in heard.ranged],
            [one.at_ms for one in heard.checkouts],
        )
        assert all(before < at <= until for at in (*adverts, *ranged, *paid, *heard.truth.at_ms.tolist()))
        assert adverts == sorted(adverts)
        before = until


def test_the_twin_does_not_go_back() -> None:
    twin = a_twin()
    twin.advance(after(1))
    with pytest.raises(ValueError, match="cannot go back"):
        twin.advance(after(0.5))


def test_a_phone_sends_what_its_app_says_at_that_time() -> None:
    def payload(at_ms: int) -> bytes:
        return encode_shopper_token((at_ms // 60_000).to_bytes(16, "big"), 0xFFFF)

    heard = a_twin(phones=(Phone(payload),)).advance(after(2))
    mine = [advert for advert, carrier in zip(heard.adverts, heard.carriers, strict=True) if carrier == 0]
    assert len({advert.data for advert in mine}) == 2
    assert all(advert.data == payload(advert.at_ms) for advert in mine)


def test_a_phone_that_ranges_sends_nothing_and_reports_fixed_beacons() -> None:
    heard = a_twin(phones=ranging_phones(1), strangers=0).advance(after(1))
    beacons = {placement.subject for placement in PLAN.placements if placement.kind == "beacon"}
    assert heard.adverts == []
    assert heard.ranged
    assert {one.beacon for one in heard.ranged} <= beacons
    assert Counter((one.at_ms, one.beacon) for one in heard.ranged).most_common(1)[0][1] == 1


def test_a_phone_is_heard_two_to_five_times_a_second_by_several_gateways() -> None:
    heard = a_twin(phones=beacon_phones(1), strangers=0).advance(after(1))
    moments = sorted({advert.at_ms for advert in heard.adverts})
    assert 2 * 60 * 0.9 <= len(moments) <= 5 * 60
    assert len({advert.gateway for advert in heard.adverts}) >= 6


def test_strangers_are_heard_and_change_nothing_for_the_shoppers() -> None:
    with_strangers = a_twin(strangers=3).advance(after(2))
    assert -1 in with_strangers.carriers
    known = {phone.payload(START_MS) for phone in beacon_phones(4)}
    strange = {advert.data for advert, carrier in zip(with_strangers.adverts, with_strangers.carriers, strict=True) if carrier < 0}
    assert not strange & known
    alone = a_twin(strangers=0).advance(after(2))
    assert alone.truth.x_m.tolist() == with_strangers.truth.x_m.tolist()


def test_radio_addresses_change_every_quarter_of_an_hour() -> None:
    heard = a_twin(phones=beacon_phones(6), strangers=0).advance(after(18))
    addresses: dict[tuple[int, int], set[str]] = {}
    for advert, carrier in zip(heard.adverts, heard.carriers, strict=True):
        addresses.setdefault((carrier, advert.at_ms // 900_000), set()).add(advert.address)
    assert all(len(found) == 1 for found in addresses.values())
    assert len(set().union(*addresses.values())) == len(addresses)


def test_the_truth_names_the_zone_that_holds_the_point() -> None:
    truth = a_twin().advance(after(4)).truth
    shapes = [shape_of(zone.polygons) for zone in PLAN.zones]
    assert len(set(truth.zone.tolist())) > 3
    for x, y, zone in zip(truth.x_m.tolist(), truth.y_m.tolist(), truth.zone.tolist(), strict=True):
        inside = [number for number, shape in enumerate(shapes) if shape.intersects(shapely.Point(x, y))]
        assert zone == (inside[0] if inside else -1)


def test_shoppers_pay_for_products_of_the_shop_at_the_price_on_the_shelf() -> None:
    heard = a_twin().advance(after(12))
    prices = {product.id: product.price_minor for product, _ in products()}
    assert {checkout.phone for checkout in heard.checkouts} == {0, 1, 2, 3}
    for checkout in heard.checkouts:
        assert checkout.basket
        assert not checkout.used_offer
        assert all(prices[line.product] == line.price_minor and line.quantity > 0 for line in checkout.basket)


def test_an_offer_is_taken_to_the_till_as_often_as_said_and_its_product_bought() -> None:
    extra = ProductId(products()[-1].product.id)
    twin = a_deaf_twin(1, 60)
    there = set(twin.advance(after(6)).truth.phone[-100:].tolist())
    for phone in there:
        twin.offered(phone, after(6), extra)
    first = {checkout.phone: checkout for checkout in reversed(twin.advance(after(13)).checkouts)}
    used = [checkout for phone, checkout in first.items() if phone in there and checkout.used_offer]
    assert len(used) / len(there & set(first)) == pytest.approx(REDEEMS, abs=0.2)
    assert all(extra in {line.product for line in checkout.basket} for checkout in used)
    assert not any(checkout.used_offer for phone, checkout in first.items() if phone not in there)


def test_an_offer_is_used_once() -> None:
    twin = a_deaf_twin(2, 8)
    for phone in range(8):
        twin.offered(phone, after(2))
    used = Counter(checkout.phone for checkout in twin.advance(after(30)).checkouts if checkout.used_offer)
    assert used
    assert set(used.values()) == {1}


def test_an_offer_made_before_the_visit_is_not_used() -> None:
    twin = a_deaf_twin(1, 8)
    for phone in range(8):
        twin.offered(phone, START_MS - 1)
    assert not any(checkout.used_offer for checkout in twin.advance(after(8)).checkouts)


def test_an_offer_changes_nothing_on_the_air() -> None:
    quiet, told = a_twin(), a_twin()
    told.offered(0, START_MS)
    assert quiet.advance(after(2)).adverts == told.advance(after(2)).adverts
