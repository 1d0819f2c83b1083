"""Replayed and cloned tokens and tags: dropped and counted at the door, and nobody's dot moves; and a visit's end returns the cart."""

from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import Connection, select, update

from geofence.intake.watch import identity
from groundwork.contracts.ids import BeaconKey, Track
from groundwork.contracts.sighting import BatchAnswer, SightingBatch
from groundwork.people import queries as people_queries
from groundwork.people.model import DayKey
from groundwork.people.tables import BeaconBindingRow
from groundwork.people.tokens import DAY_MS, WINDOW_MS, issue, window_of
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import TAG, TAMIM, Deployment, Heard, add_everything, batch, standing_left
from tests.geofence.venues import START_MS

DAY_KEY = DayKey(START_MS // DAY_MS, bytes(range(16)), 77)


@pytest.fixture
async def shop(parts: Parts) -> AsyncIterator[Deployment]:
    await parts.db.write(add_everything)
    await parts.db.write(lambda conn: people_queries.add_day_key(conn, TAMIM, DAY_KEY))
    deployment = await Deployment.start(parts)
    yield deployment
    await deployment.close()


async def _sent(shop: Deployment, sent: SightingBatch) -> BatchAnswer:
    answer = await shop.send(sent)
    assert answer.status == 200
    return msgspec.json.decode(await answer.read(), type=BatchAnswer)


def _loud_at(radio: str, until_ms: int, beacon: str = TAG) -> list[Heard]:
    return [(radio, beacon, end, -45.0) for end in range(500, until_ms + 1, 500)]


def _token(windows_off: int) -> str:
    return f"token:{issue(DAY_KEY, 1)[window_of(START_MS) - 96 * DAY_KEY.day + windows_off].hex()}"


async def test_a_tag_loud_at_two_far_gateways_has_no_effect_and_is_counted(shop: Deployment) -> None:
    await shop.at(12_000)
    said = await _sent(shop, batch(_loud_at("g-left", 12_000) + _loud_at("g-right", 12_000), 12_000))
    assert (said.accepted, said.refused) == (0, {"cloned": 48})
    await shop.at(60_000)
    assert await shop.events() == []
    assert shop.parts.hops.hop("ingest", "sightings").refused["cloned"] == 48
    assert [hop.missing() for hop in shop.parts.hops.all()] == [0] * len(shop.parts.hops.all())


async def test_a_clone_in_a_later_batch_silences_both_and_an_honest_walk_is_let_be(shop: Deployment) -> None:
    await shop.at(12_000)
    assert (await _sent(shop, batch(standing_left(12_000), 12_000))).refused == {}
    await shop.at(13_000)
    assert (await _sent(shop, batch([("g-right", TAG, 12_500, -45.0)], 13_000, number=2))).refused == {"cloned": 1}
    assert (await _sent(shop, batch([("g-left", TAG, 13_000, -45.0)], 13_000, number=3))).refused == {"cloned": 1}


async def test_a_shopper_who_walks_from_one_gateway_to_the_other_is_no_clone(shop: Deployment) -> None:
    await shop.at(20_000)
    walk = [("g-left", TAG, 500, -40.0), ("g-left", TAG, 6_000, -60.0), ("g-right", TAG, 6_000, -60.0), ("g-right", TAG, 12_000, -40.0)]
    assert (await _sent(shop, batch(walk, 20_000))).accepted == 4


async def test_her_cart_and_her_phone_may_be_apart(shop: Deployment) -> None:
    await shop.at(12_000)
    token = _token(0)
    said = await _sent(shop, batch(_loud_at("g-left", 12_000) + _loud_at("g-right", 12_000, token), 12_000))
    assert (said.accepted, said.refused) == (48, {})


async def test_one_phone_by_two_tokens_is_one(shop: Deployment) -> None:
    await shop.at(12_000)
    said = await _sent(shop, batch(_loud_at("g-left", 12_000, _token(0)) + _loud_at("g-right", 12_000, _token(-1)), 12_000))
    assert said.refused == {"cloned": 48}


@pytest.mark.parametrize(("windows_off", "refused"), [(-2, {"stale_token": 1}), (-1, {}), (0, {}), (1, {}), (2, {"stale_token": 1})])
async def test_a_token_of_another_quarter_of_an_hour_is_told_from_a_stranger(
    shop: Deployment, windows_off: int, refused: dict[str, int]
) -> None:
    assert START_MS % WINDOW_MS == 0
    await shop.at(1_000)
    rows = [("g-left", _token(windows_off), 500, -50.0), ("g-left", "token:" + "0" * 32, 500, -50.0)]
    assert (await _sent(shop, batch(rows, 1_000))).refused == {"unknown_beacon": 1, **refused}


async def test_the_end_of_a_visit_ends_what_was_lent_for_it(shop: Deployment, parts: Parts) -> None:
    def lend(conn: Connection) -> None:
        conn.execute(update(BeaconBindingRow).where(BeaconBindingRow.tenant == TAMIM).values(ends_with_visit=True))

    await parts.db.write(lend)
    await shop.at(12_000)
    await _sent(shop, batch(standing_left(12_000), 12_000))
    await shop.at(400_000)
    (visit,) = await shop.visits()
    bindings = select(BeaconBindingRow.tenant, BeaconBindingRow.until_ms).order_by(BeaconBindingRow.tenant)
    found = await parts.db.read(lambda conn: [tuple(row) for row in conn.execute(bindings)])
    assert found == [("dana", None), (TAMIM, visit.end_ms)]


def test_a_phone_is_one_by_any_token_and_each_tag_is_its_own() -> None:
    keys = ("token:00", "token:11", "ibeacon:a:1:2", "ibeacon:a:1:3", "eid:0011223344556677")
    phone, same, cart, basket, card = (identity(Track((1 << 64) - 1), BeaconKey(key)) for key in keys)
    assert phone == same
    assert len({phone, cart, basket, card}) == 4
    assert all(0 < number < 1 << 64 for number in (phone, cart, basket, card))
