"""GPS reports and what may stand in their way: a caller's reach, an erasure or a withdrawal under way, a visit that goes on inside."""

from collections.abc import AsyncIterator
from functools import partial

import msgspec
import pytest

from geofence.outdoor.pipeline import OutdoorPipeline
from geofence.outdoor.reported import decode, encode, forget
from geofence.outdoor.settings import Settings as OutdoorSettings
from groundwork.contracts.ids import ShopperId
from groundwork.contracts.subjects import GPS_REPORTS, SIGHTINGS, ZONE_EVENTS
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.people.model import SEND_RANGING
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.bus import LogEntry
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Connection
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import PHONE, TAMIM, Deployment, batch, standing_left
from tests.geofence.outdoor.ground import LAYLA, line, still, walked
from tests.geofence.outdoor.test_gps_http import entries_of, post, said, set_outdoors, walk
from tests.geofence.venues import START_MS, VENUE


@pytest.fixture
async def shop(parts: Parts) -> AsyncIterator[Deployment]:
    await parts.db.write(set_outdoors)
    deployment = await Deployment.start(parts)
    yield deployment
    await deployment.close()


async def test_a_caller_of_other_venues_is_taken_in_and_yet_nobody_there_comes_near(shop: Deployment) -> None:
    """A phone whose token reaches one venue alone is measured against no other's fences."""
    for token, venue in (("annex-alone", "annex"), ("this-alone", VENUE)):
        await shop.parts.db.write(partial(add_scoped, token=token, venue=venue))
    await shop.renew()
    for number, (token, fences) in enumerate((("annex-alone", []), ("this-alone", ["approach:near", "venue"])), start=1):
        answer = await post(shop, msgspec.json.encode(said(still(60, 5, start_s=10 * number), number)), token=token)
        assert (answer.status, (await answer.json())["accepted"]) == (200, 5)
        (*_, entry) = [decode(payload) for payload in await entries_of(shop, GPS_REPORTS)]
        assert sorted(ref.zone for ref in entry.header.fences) == fences
        assert len(entry.signed_m) == 5 * len(fences)


def add_scoped(conn: Connection, token: str, venue: str) -> None:
    """A token of the same phone that reaches one venue."""
    people.add_access_key(
        conn, tenant=TAMIM, subject=PHONE, token_hash=token_hash(token), grants=(SEND_RANGING,), scopes=(venue,), now_ms=START_MS
    )


async def test_who_began_her_erasure_a_moment_ago_is_refused_though_memory_still_knows_her(shop: Deployment) -> None:
    await shop.renew()
    now_ms = shop.clock.now_ms()
    await shop.parts.db.write(lambda conn: people.request_erasure(conn, TAMIM, ShopperId("layla"), "erasure-1", "shopper", now_ms))
    await shop.parts.db.write(partial(add_scoped, token="let-in-a-moment-before", venue=VENUE))  # her own was revoked with the request
    answer = await post(shop, msgspec.json.encode(said(still(60, 5))), token="let-in-a-moment-before")
    assert (answer.status, (await answer.json())["code"]) == (403, "no_positioning_consent")
    assert await entries_of(shop, GPS_REPORTS) == []


async def test_a_phone_that_falls_silent_ends_no_visit_of_who_is_still_heard_inside(shop: Deployment) -> None:
    await walk(shop, line(-400, 60, 1.4))
    for number, minute in enumerate(range(6, 30, 2), start=1):
        until_ms = minute * 60_000
        await shop.at(until_ms)
        assert (await shop.send(batch(standing_left(until_ms, until_ms - 8_000), until_ms, number=number))).status == 200
        await shop.at(until_ms + 1_000)
    assert [event.kind for event in await shop.events() if event.zone == "venue"] == ["enter", "dwell", "exit"]
    (visit,) = await shop.visits()
    assert visit.end_ms is None


def test_what_a_batch_made_of_who_withdraws_in_it_goes_nowhere_and_what_comes_after_does() -> None:
    """Reports, a withdrawal and, once she has agreed again, more reports, all taken off the log together."""
    pipeline = OutdoorPipeline(OutdoorSettings(), Hops(), ManualClock(START_MS))
    pipeline.restore(None)
    told = [encode(walked(still(60, 30))), forget(TAMIM, LAYLA, "", START_MS + 31_000), encode(walked(still(60, 30, start_s=40)))]
    prepared = pipeline.prepare([LogEntry(number, LAYLA, raw) for number, raw in enumerate(told, start=1)], False)
    events = [msgspec.json.decode(entry.payload, type=ZoneEvent) for entry in prepared.entries if entry.stream == ZONE_EVENTS]
    assert [(event.kind, event.stay_start_ms - START_MS) for event in events] == [("enter", 40_000)]
    assert [entry.stream for entry in prepared.entries].count(SIGHTINGS) == 1  # one visit began, as its venue is told
    assert prepared.snapshot
