"""Withdrawal: engines forget who takes back her consent at once, inside and outside; no exit, no row; races included."""

import zlib
from collections.abc import AsyncIterator

import msgspec
import pytest
from sqlalchemy import select

from geofence.admitted import decode
from geofence.app import Engines
from geofence.intake.accept import log_key
from geofence.queries import arrivals
from geofence.withdrawal import AGAIN_MS, Withdrawals
from groundwork.contracts.ids import Pseudonym
from groundwork.contracts.subjects import GPS_REPORTS, SIGHTINGS
from groundwork.plumbing import queries as plumbing_queries
from groundwork.plumbing.service import Parts, settle
from groundwork.plumbing.tables import SnapshotRow
from tests.geofence.deployment import TAMIM, Deployment, batch, set_consent, standing_left
from tests.geofence.outdoor.ground import line
from tests.geofence.outdoor.test_gps_http import set_outdoors, walk
from tests.geofence.venues import START_MS, VENUE


async def answer(shop: Deployment, granted: bool) -> None:
    await shop.parts.db.write(lambda conn: set_consent(conn, TAMIM, granted))


async def stand(shop: Deployment, from_ms: int, until_ms: int, number: int = 1) -> None:
    """She stands in the left room."""
    shop.clock.set(START_MS + until_ms)
    assert (await shop.send(batch(standing_left(until_ms, from_ms), until_ms, number=number))).status == 200


async def forgettings(shop: Deployment) -> int:
    """How many entries of the venue's log tell its engine to forget somebody, and wait for it to do so."""
    shard = shop.parts.bus.shard_of(SIGHTINGS, log_key(TAMIM, VENUE))
    entries = await shop.parts.db.read(lambda conn: plumbing_queries.entries_after(conn, SIGHTINGS, shard, 0, 10_000))
    return sum(decode(entry.payload).header.kind == "forget" for entry in entries)


async def remembered(shop: Deployment, shopper: Pseudonym) -> bool:
    """Whether a stored snapshot of any engine names her."""
    found = await shop.parts.db.read(lambda conn: conn.execute(select(SnapshotRow.stream, SnapshotRow.state)).all())
    states = [state for one in found for state in ([one.state] if one.stream == GPS_REPORTS else engines_of(one.state))]
    assert {one.stream for one in found} >= {SIGHTINGS}
    return any(shopper.encode() in zlib.decompress(state[4:]) for state in states)


def engines_of(state: bytes) -> list[bytes]:
    """The states of the venues' engines in a shard's snapshot; that of links between outside and inside stands beside them, bare."""
    venues = msgspec.msgpack.decode(state, type=dict[str, dict[str, bytes]])
    return [raw for tenant, engines in venues.items() if tenant for raw in engines.values()]


def waits(shop: Deployment) -> bool:
    """Whether an engine inside still waits for her silence."""
    engines = next(loop for loop in shop.service.loops if isinstance(loop, Engines))
    return any(pipeline.due for pipeline in engines.pipelines())


@pytest.fixture
async def outdoor_shop(parts: Parts) -> AsyncIterator[Deployment]:
    """The shop on the earth."""
    await parts.db.write(set_outdoors)
    deployment = await Deployment.start(parts)
    yield deployment
    await deployment.close()


async def test_inside_and_outside_she_is_forgotten_at_once_and_her_visit_is_over(outdoor_shop: Deployment) -> None:
    shop = outdoor_shop
    way = line(-400, 60, 1.4)
    await walk(shop, way)
    inside_ms = round(1_000 * way[-1][0]) + 20_000
    await stand(shop, inside_ms, inside_ms + 8_000)
    await shop.at(inside_ms + 10_000)
    before = await shop.events()
    assert {event.zone for event in before} == {"approach:near", "venue", "left"}
    assert waits(shop)
    await answer(shop, granted=False)
    await shop.at(inside_ms + 12_000)
    (visit,) = await shop.visits()
    assert visit.end_ms == START_MS + inside_ms + 12_000, "not when silence would have ended it"
    (arrival,) = await shop.parts.db.read(lambda conn: arrivals.of_shopper(conn, TAMIM, before[0].shopper, 0))
    assert arrival.state == "left"
    assert not waits(shop)
    assert not await remembered(shop, before[0].shopper)
    await shop.at(inside_ms + 3_600_000)
    assert await shop.events() == before, "no exit"
    assert await shop.visits() == [visit]


async def test_who_agrees_again_begins_anew(shop: Deployment) -> None:
    await stand(shop, 500, 8_000)
    await shop.at(9_000)
    await answer(shop, granted=False)
    await shop.at(11_000)
    await answer(shop, granted=True)
    await shop.at(60_000)
    await shop.renew()
    await stand(shop, 60_000, 68_000, number=2)
    await shop.at(70_000)
    enters = [event for event in await shop.events() if event.kind == "enter" and event.zone == "left"]
    assert len({event.visit for event in enters}) == len(enters) == 2
    first, second = await shop.visits()
    assert (first.end_ms, second.end_ms) == (START_MS + 11_000, None)


async def test_who_agrees_again_while_the_engines_lag_loses_nothing_of_her_second_visit(shop: Deployment) -> None:
    """Both visits, and the withdrawal between them, are worked off at one go."""
    doors = [loop for loop in shop.service.loops if not isinstance(loop, Engines)]
    await stand(shop, 500, 8_000)
    await shop.at(9_000)
    for at_ms, granted in ((11_000, False), (40_000, True)):
        await answer(shop, granted=granted)
        shop.clock.set(START_MS + at_ms)
        await settle(doors)
    await shop.renew()
    await stand(shop, 60_000, 68_000, number=2)
    await shop.at(70_000)
    first, second = await shop.visits()
    assert (first.end_ms, second.start_ms, second.end_ms) == (START_MS + 11_000, START_MS + 60_000, None)
    assert [(event.kind, event.visit) for event in await shop.events()] == [("enter", first.id), ("enter", second.id)]


async def test_rows_that_came_in_beside_the_withdrawal_are_forgotten_by_the_second_telling(shop: Deployment) -> None:
    """Ingest's memory of who consents lags: it still lets her in once the engine has forgotten her."""
    await stand(shop, 500, 8_000)
    await shop.at(9_000)
    before = await shop.events()
    await answer(shop, granted=False)
    await shop.at(11_000)
    assert not waits(shop)
    await stand(shop, 11_500, 14_000, number=2)
    await shop.at(15_000)
    assert waits(shop), "this is the race"
    await shop.at(11_000 + AGAIN_MS)
    assert not waits(shop)
    await shop.at(3_600_000)
    assert await shop.events() == before
    assert [visit.end_ms for visit in await shop.visits()] == [START_MS + 11_000]


async def test_other_processes_and_restarts_tell_nothing_twice(shop: Deployment) -> None:
    await stand(shop, 500, 8_000)
    await answer(shop, granted=False)
    for _ in range(3):
        assert await Withdrawals(shop.parts).run()
        assert await forgettings(shop) == 1


@pytest.mark.parametrize("after_ms", [0, 3_600_001])
async def test_who_has_agreed_again_meanwhile_or_withdrew_long_ago_is_not_forgotten(shop: Deployment, after_ms: int) -> None:
    await stand(shop, 500, 8_000)
    await answer(shop, granted=False)
    if not after_ms:
        await answer(shop, granted=True)
    shop.clock.set(START_MS + 11_000 + after_ms)
    await Withdrawals(shop.parts).run()
    assert await forgettings(shop) == 0
