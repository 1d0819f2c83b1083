"""Webhooks: whatever happened reaches every receiver at least once, by one id, signed, and nobody's trouble is anybody else's."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import web
from sqlalchemy import Connection, select

from geofence import queries
from geofence.queries import webhooks as rows
from geofence.tables import WebhookAttemptRow, WebhookDeliveryRow
from geofence.telling import desk
from geofence.telling import webhooks as telling
from geofence.telling.cloud_events import KINDS
from geofence.telling.webhooks import queue_more
from groundwork.contracts.ids import ShopperId, TenantId
from groundwork.people import queries as people_queries
from groundwork.people.model import POSITIONING
from groundwork.plumbing.service import Parts
from tests.geofence.shop_floor import answer
from tests.geofence.telling.hooked import log_of, set_up, shop, state_of, subscribed
from tests.geofence.telling.told import Told, always, receiver
from tests.geofence.venues import START_MS, TENANT, VENUE

HERE = TenantId(TENANT)
HOUR_S, DAY_S = 3_600, 86_400


@pytest.fixture
async def told(parts: Parts) -> AsyncIterator[Told]:
    await parts.db.write(set_up)
    async with Told.open(parts) as opened:
        yield opened


async def test_what_happens_is_told_as_cloud_events_that_are_signed(told: Told) -> None:
    async with receiver() as erp:
        _, secret = await subscribed(told, erp)
        count = await shop(told)
        await told.go_on(1)
    assert len(erp.received) == count == len(set(erp.ids))
    for one in erp.received:
        assert one.holds(secret, told.clock.now_ms() // 1000)
        assert one.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
        said = one.told
        assert (said["specversion"], said["id"], said["source"]) == ("1.0", one.id, f"/tenants/{TENANT}/venues/{VENUE}")
        assert said["type"].removeprefix("aislecast.") in KINDS
        assert "shopper-1" not in one.body.decode()
    kinds = sorted(one.told["type"] for one in erp.received)
    assert kinds == sorted(f"aislecast.{kind}" for kind in ("visit.started", "visit.ended", *("zone_event.enter", "zone_event.exit") * 2))
    ended = next(one.told for one in erp.received if one.told["type"] == "aislecast.visit.ended")
    assert ended["data"]["end_ms"] > ended["data"]["start_ms"]
    assert next(one.told for one in erp.received if one.told["type"] == "aislecast.visit.started")["data"]["end_ms"] is None


async def test_webhooks_that_are_not_equally_far_are_each_told_of_everything_once(told: Told) -> None:
    """The chronicle is read once for all of them, from where the last one is."""
    async with receiver() as early, receiver() as late:
        await subscribed(told, early)
        first = await shop(told)
        await subscribed(told, late)
        second = await shop(told, after_s=600)
        await told.go_on(1)
    assert (len(early.ids), len(late.ids)) == (first + second, second)
    assert len({*early.ids}) == first + second
    assert {*late.ids} < {*early.ids}


async def test_more_than_is_queued_at_a_time_is_told_in_parts_and_whole(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "_BATCH", 4)
    monkeypatch.setattr(telling, "_LEAST", 4)
    async with receiver() as erp:
        await subscribed(told, erp)
        count = sum([await shop(told, after_s=600 * number) for number in range(3)])
        await told.go_on(1)
    assert len(erp.ids) == len({*erp.ids}) == count == 18


async def test_who_is_further_on_stays_there_while_another_catches_up(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(telling, "_BATCH", 4)
    monkeypatch.setattr(telling, "_LEAST", 4)
    async with receiver() as early, receiver() as late:
        first, second = [(await subscribed(told, one))[0] for one in (early, late)]
        await shop(told)
        await told.go_on(1)

        def work(conn: Connection) -> dict[str, int]:
            rows.set_told_at(conn, HERE, VENUE, [second], 0)
            queue_more(conn, HERE, VENUE, told.clock.now_ms())
            return dict(rows.told_at(conn, HERE, VENUE))

        reached = await told.parts.db.write(work)
    assert 0 < reached[second] < reached[first]
    assert reached[first] == await told.parts.db.read(lambda conn: queries.head(conn, HERE, VENUE))


async def test_only_the_kinds_and_venues_asked_for_are_told_and_nothing_of_before(told: Told) -> None:
    async with receiver() as erp:
        await shop(told)
        await subscribed(told, erp, kinds=["visit.ended"], venues=["annex"])
        await shop(told, after_s=600)
        await shop(told, after_s=1_200, venue="annex")
        await told.go_on(1)
    assert [(one.told["type"], one.told["source"]) for one in erp.received] == [
        ("aislecast.visit.ended", f"/tenants/{TENANT}/venues/annex")
    ]


async def test_a_failure_is_told_again_by_the_same_id_and_bytes_later_and_later(told: Told) -> None:
    async with receiver(always(500)) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        waits = []
        await told.go_on(1)
        for _ in range(5):
            (one,) = await log_of(told, hook)
            waits.append((one["next_ms"] - told.clock.now_ms()) / 1000)
            await told.go_on(waits[-1] + 1)
        assert len({(one.id, one.body) for one in erp.received}) == 1
        assert len(erp.received) == 6
        for tried, wait in enumerate(waits):
            assert 5 * 2**tried / 2 <= wait <= 5 * 2**tried
        erp.answer = always(200)
        await told.go_on(HOUR_S)
    (one,) = await log_of(told, hook)
    assert (one["state"], one["next_ms"]) == ("delivered", None)
    assert [each["status"] for each in one["tries"]] == [500] * 6 + [200]
    assert one["tries"][0]["excerpt"] == "so it is"
    assert (await state_of(told, hook))["failing_since_ms"] is None


async def test_the_receiver_says_when_to_come_again(told: Told) -> None:
    async with receiver(always(429, Retry_After="900")) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        await told.go_on(1)
        (one,) = await log_of(told, hook)
        assert one["next_ms"] == told.clock.now_ms() + 900_000
        await told.go_on(899)
        assert len(erp.received) == 1
        await told.go_on(2)
        assert len(erp.received) == 2


async def test_it_is_given_up_after_a_day_and_a_redrive_begins_anew(told: Told) -> None:
    async with receiver(always(503)) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        for _ in range(40):
            await told.go_on(HOUR_S)
        (one,) = await log_of(told, hook, "?state=failed")
        assert one["reason"] == "gave_up"
        tried = len(erp.received)
        await told.go_on(DAY_S)
        assert len(erp.received) == tried
        erp.answer = always(200)
        assert await told.ask("POST", f"/v1/webhooks/{hook}/deliveries/{one['id']}/redrive") == (202, {"version": 1, "queued": 1})
        await told.go_on(1)
    assert (await log_of(told, hook))[0]["state"] == "delivered"
    assert len(set(erp.ids)) == 1


async def test_gone_switches_it_off_and_what_is_switched_off_is_not_asked(told: Told) -> None:
    async with receiver(always(410)) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        await told.go_on(1)
        state = await state_of(told, hook)
        assert (state["on"], state["reason"]) == (False, "gone")
        await shop(told, after_s=900)
        await told.go_on(DAY_S)
        assert len(erp.received) == 1
        assert (await told.ask("POST", f"/v1/webhooks/{hook}/ping"))[1]["code"] == "webhook_off"


async def test_days_without_a_success_switch_it_off(told: Told) -> None:
    async with receiver(always(500)) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        for day in range(6):
            await shop(told, after_s=day * DAY_S + 100)
            assert (await state_of(told, hook))["on"]
            await told.go_on(1)
            await told.go_on(DAY_S)
        state = await state_of(told, hook)
        assert (state["on"], state["reason"]) == (False, "failing")


async def test_switched_on_again_it_hears_from_then_on_and_a_redrive_brings_the_rest(told: Told) -> None:
    async with receiver() as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        wanted = {"name": "ERP", "url": erp.url, "kinds": ["visit.ended"]}
        assert (await told.ask("PUT", f"/v1/webhooks/{hook}", body={**wanted, "on": False}))[0] == 200
        await shop(told)
        await told.go_on(1)
        assert (await told.ask("PUT", f"/v1/webhooks/{hook}", body=wanted))[1]["webhook"]["on"]
        await shop(told, after_s=900)
        await told.go_on(1)
        assert len(erp.received) == 1
        status, said = await told.ask("POST", f"/v1/webhooks/{hook}/redrive?from={START_MS}&to={START_MS + 10**7}")
        assert (status, said["queued"]) == (202, 2)
        await told.go_on(1)
    assert len(erp.received) == 3
    assert len(set(erp.ids)) == 2


async def test_a_long_span_is_told_again_in_parts_and_whole(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_BATCH", 4)
    async with receiver() as erp:
        hook, _ = await subscribed(told, erp)
        count = sum([await shop(told, after_s=600 * number) for number in range(3)])
        await told.go_on(1)
        status, said = await told.ask("POST", f"/v1/webhooks/{hook}/redrive?from={START_MS}&to={START_MS + 10**7}")
        assert (status, said["queued"]) == (202, count)
        await told.go_on(1)
    assert (len(erp.ids), len({*erp.ids})) == (2 * count, count)


async def test_switched_on_again_it_has_days_to_succeed_in(told: Told) -> None:
    async with receiver(always(500)) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        wanted = {"name": "ERP", "url": erp.url, "kinds": ["visit.ended"]}
        await shop(told)
        await told.go_on(1)
        assert (await state_of(told, hook))["failing_since_ms"] is not None
        for on in (False, True):
            assert (await told.ask("PUT", f"/v1/webhooks/{hook}", body={**wanted, "on": on}))[0] == 200
        assert (await state_of(told, hook))["failing_since_ms"] is None


async def test_a_slow_receiver_holds_up_no_other(told: Told) -> None:
    stopped = asyncio.Event()

    async def slow(request: web.Request, count: int) -> web.StreamResponse:
        await stopped.wait()
        return web.Response()

    async with receiver(slow) as asleep, receiver() as awake:
        await subscribed(told, asleep)
        await subscribed(told, awake)
        for one in range(5):
            await shop(told, after_s=one * 1_000)
        await told.ask("GET", "/v1/webhooks")
        while len(awake.received) < 30:
            told.clock.advance(0.5)
            for loop in told.service.loops:
                await loop.step()
            await asyncio.sleep(0.005)  # for real sockets
        assert len(awake.received) == 30
        assert len(asleep.received) <= told.settings.webhook_in_flight
        stopped.set()
        await told.telling.arrived()


async def test_no_answer_in_time_is_a_timeout_and_half_an_answer_is_one(told: Told) -> None:
    never = asyncio.Event()

    async def slow(request: web.Request, count: int) -> web.StreamResponse:
        if count == 1:
            await never.wait()
        if count == 2:  # the connection breaks before an answer
            assert request.transport is not None
            request.transport.abort()
            return web.Response()
        response = web.StreamResponse(headers={"Content-Length": "1000"})
        await response.prepare(request)
        await response.write(b"half of")
        assert request.transport is not None
        request.transport.close()
        return response

    told.telling._teller = type(told.telling._teller)(  # the real one, with less patience
        type(told.telling._teller.outbound)(loopback=True, timeout_s=0.3), told.clock
    )
    async with receiver(slow) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        await told.go_on(1)
        await told.go_on(60)
        await told.go_on(60)
        never.set()
    (one,) = await log_of(told, hook)
    assert [each["problem"] for each in one["tries"]] == ["timeout", "unreachable", ""]
    assert one["tries"][2]["excerpt"].startswith("half of") or one["tries"][2]["excerpt"] == ""


async def test_a_redirect_is_not_followed(told: Told) -> None:
    async with receiver() as elsewhere, receiver(always(307, Location="http://127.0.0.1:1/")) as erp:
        erp.answer = always(307, Location=elsewhere.url)
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        await told.go_on(1)
        assert (await log_of(told, hook))[0]["tries"][0]["problem"] == "redirect"
        assert elsewhere.received == []


async def test_dying_between_the_request_and_its_note_tells_it_again_by_the_same_id(told: Told) -> None:
    """The lease of a dead process runs out, and another goes on."""
    async with receiver() as erp:
        hook, secret = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        told.clock.advance(1)
        dying = told.telling

        async def dies(*_: object) -> None:
            raise asyncio.CancelledError

        dying._note = dies  # type: ignore[method-assign, assignment]  # killed right there
        for loop in told.service.loops:
            await loop.step()
        async with asyncio.timeout(5):
            await erp.came.wait()
        await asyncio.wait([task for _, task in dying._flying.values()])
        dying._flying.clear()
        assert (await log_of(told, hook))[0]["state"] == "waiting"
        async with Told.open(told.parts, told.settings) as second:
            second.clock.advance(told.settings.webhook_timeout_s + 31)
            await second.go_on()
            assert erp.ids == [erp.ids[0]] * 2
            assert erp.received[0].body == erp.received[1].body
            assert erp.received[1].holds(secret, told.clock.now_ms() // 1000)
            assert (await log_of(second, hook))[0]["state"] == "delivered"


async def test_two_processes_queue_and_tell_each_thing_once(told: Told) -> None:
    async with receiver() as erp, Told.open(told.parts, told.settings) as second:
        await subscribed(told, erp)
        for one in range(3):
            await shop(told, after_s=one * 1_000)
        told.clock.advance(1)
        await asyncio.gather(*(loop.step() for one in (told, second) for loop in one.service.loops))
        for _ in range(6):
            await told.go_on(1)
            await second.go_on(1)
    assert len(erp.received) == len(set(erp.ids)) == 18


async def test_a_withdrawn_consent_stops_what_is_queued(told: Told) -> None:
    async with receiver(always(500)) as erp:
        hook, _ = await subscribed(told, erp, kinds=["visit.ended"])
        await shop(told)
        await told.go_on(1)
        await told.parts.db.write(lambda conn: answer(conn, 1, POSITIONING, False))
        erp.answer = always(200)
        await told.go_on(HOUR_S)
    (one,) = await log_of(told, hook)
    assert (one["state"], one["reason"]) == ("stopped", "consent_withdrawn")
    assert len(erp.received) == 1


async def test_of_who_has_withdrawn_nothing_is_queued_any_more_and_a_redrive_brings_nothing(told: Told) -> None:
    async with receiver() as erp:
        hook, _ = await subscribed(told, erp)
        await shop(told)
        await shop(told, number=2)
        await told.parts.db.write(lambda conn: answer(conn, 1, POSITIONING, False))
        await told.go_on(1)
        assert len(await log_of(told, hook)) == len(erp.received) == 6
        status, said = await told.ask("POST", f"/v1/webhooks/{hook}/redrive?from={START_MS}&to={START_MS + 10**7}")
        assert (status, said["queued"]) == (202, 6)
        await told.go_on(1)
        assert len(await log_of(told, hook)) == 6
    assert len({*erp.ids}) == 6


async def test_an_erasure_takes_what_is_queued_and_what_was_told(told: Told) -> None:
    async with receiver(always(500)) as erp:
        await subscribed(told, erp)
        await shop(told)
        await shop(told, number=2)
        await told.go_on(1)
        her = (await told.parts.db.read(lambda conn: people_queries.devices_of(conn, HERE, ShopperId("shopper-1"))))[0].pseudonym
        await told.parts.db.write(lambda conn: queries.erase(conn, HERE, her))
        left = await told.parts.db.read(lambda conn: conn.execute(select(WebhookDeliveryRow.shopper, WebhookDeliveryRow.payload)).all())
        tries = await told.parts.db.read(lambda conn: conn.execute(select(WebhookAttemptRow.delivery)).all())
    assert len(left) == 6
    assert all(her not in text for row in left for text in row)
    assert len(tries) == 6
