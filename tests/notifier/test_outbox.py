"""The outbox: a withdrawal wins, nothing leaves late, an unclear answer is tried again under one id, and every push is accounted for."""

import asyncio
import dataclasses
from typing import Any, ClassVar

import msgspec
import pytest
from sqlalchemy import select

from floorplans import queries as places
from floorplans.model import Policy
from groundwork.contracts.ids import CampaignId, PushId
from groundwork.contracts.push import Push, PushOutcome, PushReceipt
from groundwork.people import queries as people
from groundwork.people.model import MEASUREMENT, OFFERS, POSITIONING
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts, settle
from notifier import queries
from notifier.app import build
from notifier.campaigns import Texts
from notifier.channels.dry_run import DryRun
from notifier.outbox import backoff_ms
from notifier.publish import Campaigns
from notifier.queries import outbox
from notifier.reasons import BY_CODE
from notifier.settings import Settings
from notifier.tables import PushRow
from tests.notifier.shop import KEY, OFFER, TENANT, VENUE, Recorder, Shop, a_campaign

GRANTED = {("dry_run", "delivered", ""): 1, ("inbox", "delivered", ""): 1}


async def granted_shop(parts: Parts, clock: ManualClock, channel: Recorder | DryRun, **changes: Any) -> Shop:
    """A shop that has decided on one dwell and sent nothing yet."""
    shop = await Shop.open(parts, clock, a_campaign(**changes), channel=channel)
    await shop.shopper("amal")
    await shop.put(shop.event("amal"))
    await shop.decide()
    return shop


@pytest.mark.parametrize("purpose", [OFFERS, POSITIONING])
async def test_a_withdrawal_between_decision_and_send_wins(parts: Parts, clock: ManualClock, purpose: str) -> None:
    channel = DryRun(clock)
    shop = await granted_shop(parts, clock, channel)
    await shop.withdraw("amal", purpose)
    await shop.settle()
    assert channel.count == 0
    assert await shop.counts() == {(way, "withdrawn", "consent_withdrawn"): 1 for way in ("dry_run", "inbox")}
    assert shop.missing() == {}


async def test_each_push_cites_the_consent_and_the_words_by_which_it_left(parts: Parts, clock: ManualClock) -> None:
    shop = await granted_shop(parts, clock, DryRun(clock))

    async def cited() -> set[tuple[int | None, str | None]]:
        row = PushRow
        rows = await parts.db.read(lambda conn: conn.execute(select(row.consent_seq, row.consent_text)).all())
        return {(seq, text) for seq, text in rows}

    assert await cited() == {(None, None)}
    await shop.settle()
    subject = shop.subjects["amal"]
    standing = await parts.db.read(lambda conn: people.standing(conn, TENANT, subject.shopper))
    assert await cited() == {tuple(standing[OFFERS])}


async def test_withdrawing_measurement_stops_no_push(parts: Parts, clock: ManualClock) -> None:
    shop = await granted_shop(parts, clock, DryRun(clock))
    await shop.withdraw("amal", MEASUREMENT)
    await shop.settle()
    assert await shop.counts() == GRANTED


async def test_what_was_taken_back_stays_back_though_she_agrees_again(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await granted_shop(parts, clock, channel)
    shopper = shop.subjects["amal"].shopper
    taken = await parts.db.write(lambda conn: queries.withdraw_pushes(conn, TENANT, shopper, clock.now_ms()))
    assert taken == 2
    await shop.settle()  # her consent stands again
    assert channel.count == 0
    assert parts.hops.hop("outbox", "pushes").refused == {"consent_withdrawn": 2}
    assert shop.missing() == {}


async def test_a_push_expires_and_is_never_late(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await granted_shop(parts, clock, channel, ttl_s=120)
    clock.advance(120)
    await shop.settle()
    assert channel.count == 0
    assert await shop.counts() == {(way, "expired", "expired"): 1 for way in ("dry_run", "inbox")}
    assert shop.missing() == {}


async def test_a_push_leaves_until_the_last_millisecond_of_its_use(parts: Parts, clock: ManualClock) -> None:
    shop = await granted_shop(parts, clock, DryRun(clock), ttl_s=120)
    clock.set(clock.now_ms() + 119_999)
    await shop.settle()
    assert await shop.counts() == GRANTED


async def test_a_push_expires_where_quiet_hours_have_begun(parts: Parts, clock: ManualClock) -> None:
    shop = await granted_shop(parts, clock, DryRun(clock), ttl_s=3_600)
    venue = await parts.db.read(lambda conn: places.venue(conn, TENANT, VENUE))
    assert venue is not None
    closing = Policy(quiet_from="10:00", quiet_until="11:00")
    closed = dataclasses.replace(venue, policy=closing)
    await parts.db.write(lambda conn: places.add_venue(conn, closed, 0))
    await shop.settle()
    assert await shop.counts() == {(way, "expired", "quiet_hours"): 1 for way in ("dry_run", "inbox")}


async def test_a_paused_campaign_sends_nothing_more(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await granted_shop(parts, clock, channel)
    campaigns = Campaigns(parts.db, parts.bus, clock, frozenset({"dry_run"}))
    assert await campaigns.pause(TENANT, CampaignId("bread"))
    await shop.settle()
    assert channel.count == 0
    assert await shop.counts() == {(way, "cancelled", "campaign_not_live"): 1 for way in ("dry_run", "inbox")}


async def test_an_unclear_answer_is_tried_again_under_the_same_id(parts: Parts, clock: ManualClock) -> None:
    channel = Recorder(clock, "retry", RuntimeError("line broke"), "delivered")
    shop = await granted_shop(parts, clock, channel)
    for _ in range(3):
        await shop.settle()
        clock.advance(2)
    assert len(channel.pushes) == 3
    assert len({push.id for push in channel.pushes}) == 1
    assert await shop.counts() == GRANTED
    assert shop.missing() == {}


async def test_a_push_whose_try_failed_is_not_tried_again_while_she_pauses(parts: Parts, clock: ManualClock) -> None:
    """It was with the channel when she paused, so that nothing could be taken back then."""
    channel = Recorder(clock, "retry")
    shop = await granted_shop(parts, clock, channel)
    await shop.settle()
    until_ms = clock.now_ms() + 3_600_000
    await parts.db.write(lambda conn: people.set_pause(conn, TENANT, shop.subjects["amal"].shopper, until_ms))
    clock.advance(2)
    await shop.settle()
    assert len(channel.pushes) == 1
    assert (await shop.counts())["dry_run", "withdrawn", "shopper_paused"] == 1
    assert shop.missing() == {}


async def test_the_number_of_tries_is_bounded(parts: Parts, clock: ManualClock) -> None:
    channel = Recorder(clock, "retry")
    shop = await granted_shop(parts, clock, channel)
    for _ in range(6):
        await shop.settle()
        clock.advance(3)
    assert len(channel.pushes) == Settings().attempts
    assert (await shop.counts())["dry_run", "refused", "gave_up"] == 1
    assert shop.missing() == {}


async def test_no_try_is_planned_beyond_the_push_s_use(parts: Parts, clock: ManualClock) -> None:
    channel = Recorder(clock, "retry")
    shop = await granted_shop(parts, clock, channel, ttl_s=1)
    clock.set(clock.now_ms() + 900)
    await shop.settle()
    assert (await shop.counts())["dry_run", "expired", "expired"] == 1
    assert len(channel.pushes) == 1


@pytest.mark.parametrize(("answer", "reason"), [("refused", "refused_by_channel"), ("target_gone", "target_gone")])
async def test_a_clear_no_is_final(parts: Parts, clock: ManualClock, answer: str, reason: str) -> None:
    channel = Recorder(clock, answer)
    shop = await granted_shop(parts, clock, channel)
    await shop.settle()
    assert (await shop.counts())["dry_run", "refused", reason] == 1
    assert len(channel.pushes) == 1
    assert reason in BY_CODE


async def test_a_push_too_large_for_any_provider_is_refused(parts: Parts, clock: ManualClock) -> None:
    long = msgspec.structs.replace(OFFER, body=Texts("م" * 1_000, "M" * 1_000), title=Texts("م" * 1_000, "M" * 1_000))
    channel = Recorder(clock)
    shop = await granted_shop(parts, clock, channel, offer=long)
    await shop.settle()
    assert channel.pushes == []
    assert (await shop.counts())["dry_run", "refused", "push_too_large"] == 1


async def test_a_push_left_behind_by_a_dead_process_is_sent_again_under_its_id(parts: Parts, clock: ManualClock) -> None:
    class Dies:
        """A channel that delivers, and whose process dies before it can write that down."""

        name = "dry_run"
        sent: ClassVar[list[PushId]] = []

        async def send(self, push: Push) -> PushReceipt:
            self.sent.append(push.id)
            raise asyncio.CancelledError

    shop = await Shop.open(parts, clock, a_campaign(), channel=Dies())
    await shop.shopper("amal")
    await shop.put(shop.event("amal"))
    await shop.decide()
    for loop in shop.service.loops[1:]:
        if loop.name == "outbox dry_run":
            with pytest.raises(asyncio.CancelledError):
                await loop.step()
    channel = DryRun(clock)
    again = build(parts, Settings(), KEY, {"dry_run": channel})
    await settle(again.loops[1:])
    assert channel.count == 0, "the lease holds"
    clock.advance(Settings().lease_s)
    await settle(again.loops[1:])
    assert [push.id for push in channel] == Dies.sent


class Leaves:
    """A channel that hears, while a push is with it, that she has left the zone; then it answers."""

    name = "dry_run"

    def __init__(self, clock: ManualClock, answer: PushOutcome) -> None:
        self.clock, self.answer, self.taken, self.in_flight = clock, answer, 0, 0
        self.shop: Shop | None = None

    async def send(self, push: Push) -> PushReceipt:
        assert self.shop is not None
        self.taken += 1
        await self.shop.put(self.shop.event("amal", "exit"))
        await self.shop.decide()
        shopper, now = self.shop.subjects["amal"].shopper, self.clock.now_ms()
        self.in_flight = await self.shop.parts.db.read(lambda conn: queries.in_flight(conn, TENANT, shopper, now))
        return PushReceipt(tenant=push.tenant, push=push.id, channel=self.name, outcome=self.answer, at_ms=now)


@pytest.mark.parametrize(("answer", "end"), [("retry", ("cancelled", "left_zone")), ("delivered", ("delivered", ""))])
async def test_a_push_is_not_tried_again_once_she_has_left(
    parts: Parts, clock: ManualClock, answer: PushOutcome, end: tuple[str, str]
) -> None:
    channel = Leaves(clock, answer)
    channel.shop = shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal")
    await shop.happen(shop.event("amal"))
    for _ in range(3):
        clock.advance(Settings().lease_s)
        await shop.settle()
    assert channel.taken == 1
    assert channel.in_flight == 1, "a withdrawal would have waited for it"
    assert (await shop.counts())["dry_run", *end] == 1
    assert shop.missing() == {}


async def test_a_push_that_a_dead_process_left_behind_is_not_sent_after_she_has_left(parts: Parts, clock: ManualClock) -> None:
    shop = await granted_shop(parts, clock, DryRun(clock))
    lease_until_ms = clock.now_ms() + 15_000
    [row] = await parts.db.write(lambda conn: outbox.due(conn, "dry_run", clock.now_ms(), 10))
    await parts.db.write(lambda conn: outbox.claim(conn, TENANT, row.id, lease_until_ms, 1, "1"))
    await shop.put(shop.event("amal", "exit"))
    await shop.decide()
    channel = DryRun(clock)
    again = build(parts, Settings(), KEY, {"dry_run": channel})
    clock.advance(15)
    await settle(again.loops)
    assert channel.count == 0
    assert (await shop.counts())["dry_run", "cancelled", "left_zone"] == 1


async def test_a_slow_target_holds_up_nobody_else(parts: Parts, clock: ManualClock) -> None:
    class SlowForOne:
        """A channel that answers the first push only when told to."""

        name = "dry_run"

        def __init__(self) -> None:
            self.go = asyncio.Event()
            self.delivered: list[PushId] = []
            self.first: PushId | None = None

        async def send(self, push: Push) -> PushReceipt:
            self.first = self.first or push.id
            if push.id == self.first:
                await self.go.wait()
            self.delivered.append(push.id)
            return PushReceipt(tenant=push.tenant, push=push.id, channel=self.name, outcome="delivered", at_ms=0)

    channel = SlowForOne()
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    for name in ("amal", "badr", "dana"):
        await shop.shopper(name)
        await shop.put(shop.event(name))
    await shop.decide()
    sender = next(loop for loop in shop.service.loops if loop.name == "outbox dry_run")
    assert await sender.step()
    assert len(channel.delivered) == 2
    channel.go.set()
    await settle(shop.service.loops)
    assert len(channel.delivered) == 3
    assert shop.missing() == {}


async def test_a_push_with_the_channel_counts_as_in_flight(parts: Parts, clock: ManualClock) -> None:
    seen: list[int] = []

    class Looks:
        """A channel that asks what a withdrawal would ask."""

        name = "dry_run"

        async def send(self, push: Push) -> PushReceipt:
            seen.append(await in_flight())
            return PushReceipt(tenant=push.tenant, push=push.id, channel=self.name, outcome="delivered", at_ms=0)

    async def in_flight() -> int:
        shopper = shop.subjects["amal"].shopper
        return await parts.db.read(lambda conn: queries.in_flight(conn, TENANT, shopper, clock.now_ms()))

    shop = await Shop.open(parts, clock, a_campaign(), channel=Looks())
    await shop.shopper("amal")
    await shop.happen(shop.event("amal"))
    assert seen == [1]
    assert await in_flight() == 0


async def test_a_restart_counts_in_what_was_left_open(parts: Parts, clock: ManualClock) -> None:
    await granted_shop(parts, clock, DryRun(clock))
    hop = parts.hops.hop("outbox", "pushes")
    taken = hop.in_
    again = build(parts, Settings(), KEY, {"dry_run": DryRun(clock)})
    await again.start()
    assert hop.in_ == taken + 2


async def test_pushes_from_before_a_restore_expire(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await granted_shop(parts, clock, channel)
    again = build(parts, Settings(), KEY, {"dry_run": channel}, send_fence_ms=clock.now_ms() + 1)
    await settle(again.loops[1:])
    assert channel.count == 0
    assert await shop.counts() == {(way, "expired", "before_restore"): 1 for way in ("dry_run", "inbox")}


def test_waits_double_and_are_jittered_by_the_id_alone() -> None:
    waits = [backoff_ms(0.5, PushId("a push"), attempt) for attempt in (1, 2, 3)]
    assert waits == [backoff_ms(0.5, PushId("a push"), attempt) for attempt in (1, 2, 3)]
    assert all(250 * 2**n <= wait <= 500 * 2**n for n, wait in enumerate(waits))
    assert len({backoff_ms(0.5, PushId(str(n)), 1) for n in range(50)}) > 20
