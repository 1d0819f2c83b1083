"""Several processes on one database: each push is handed over once, whichever sender claims it."""

import asyncio
from collections import Counter
from dataclasses import replace

from floorplans.model import Policy
from groundwork.people.model import OFFERS
from groundwork.people.withdrawal import Answer, Consents, Sends
from groundwork.plumbing.clock import ManualClock, SystemClock
from groundwork.plumbing.service import Parts, settle
from notifier import queries
from notifier.app import build
from notifier.settings import Settings
from tests.notifier.shop import KEY, Recorder, Shop, a_campaign

SHOPPERS = 30


async def test_two_processes_send_each_push_once(parts: Parts, clock: ManualClock) -> None:
    first, second = Recorder(clock), Recorder(clock)
    settings = Settings(global_holdout=0, outbox_in_flight=7)
    shop = await Shop.open(parts, clock, a_campaign(), channel=first, settings=settings)
    for number in range(SHOPPERS):
        await shop.shopper(f"shopper {number}")
        await shop.put(shop.event(f"shopper {number}"))
    await shop.decide()
    other = build(parts, settings, KEY, {"dry_run": second})
    await asyncio.gather(settle(shop.service.loops[1:]), settle(other.loops[1:]))
    sent = Counter(push.id for push in (*first.pushes, *second.pushes))
    assert len(sent) == SHOPPERS
    assert set(sent.values()) == {1}
    assert await shop.counts() == {("dry_run", "delivered", ""): SHOPPERS, ("inbox", "delivered", ""): SHOPPERS}
    assert shop.missing() == {}


async def test_after_a_withdrawal_is_answered_no_push_leaves(parts: Parts) -> None:
    clock = SystemClock()
    live = replace(parts, clock=clock)
    channel = Recorder(clock)
    settings = Settings(global_holdout=0, outbox_in_flight=2)
    shop = await Shop.open(
        live, clock, a_campaign(), channel=channel, settings=settings, policy=Policy(quiet_from="00:00", quiet_until="00:00")
    )
    names = [f"shopper {number}" for number in range(12)]
    for name in names:
        await shop.shopper(name)
        await shop.put(shop.event(name))
    await shop.decide()
    consents = Consents(live.db, live.bus, clock, Sends(queries.withdraw_pushes, queries.in_flight))
    left_before: dict[str, int] = {}

    async def withdraw(name: str) -> None:
        await consents.change(shop.subjects[name], Answer(OFFERS, granted=False, text_version="1", source="app", at_ms=clock.now_ms()))
        assert await consents.settled(shop.subjects[name])
        left_before[name] = _sent(channel, name)

    await asyncio.gather(shop.settle(), *(withdraw(name) for name in names))
    assert left_before == {name: _sent(channel, name) for name in names}
    counts = await shop.counts()
    assert sum(counts.values()) == 2 * len(names)
    assert counts.get(("dry_run", "delivered", ""), 0) == len(channel.pushes)
    assert {state for _, state, _ in counts} <= {"delivered", "withdrawn"}
    await shop.settle()  # the last to be taken back are written off
    assert shop.missing() == {}


def _sent(channel: Recorder, name: str) -> int:
    return sum(push.device == f"phone of {name}" for push in channel.pushes)
