"""Campaigns for members of a community: asked as it is decided and again as a push leaves, and for nobody where no campaign asks."""

from typing import Any

import pytest
from sqlalchemy import Connection, event

from groundwork.contracts.ids import CommunityId, DeviceId
from groundwork.people import queries as people
from groundwork.people.model import Community
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts
from notifier import queries
from notifier.campaigns import Campaign
from notifier.channels.dry_run import DryRun
from notifier.rules import InCommunity
from tests.notifier.shop import TENANT, Recorder, Shop, a_campaign

COFFEE = CommunityId("coffee")
SENT = {("dry_run", "delivered", ""): 1, ("inbox", "delivered", ""): 1}


def for_members(**changes: Any) -> Campaign:
    return a_campaign(rules=(InCommunity((COFFEE,)),), **changes)


async def open_shop(parts: Parts, clock: ManualClock, *campaigns: Campaign, channel: Any = None) -> Shop:
    """A shop with a community `coffee`, and one shopper."""
    shop = await Shop.open(parts, clock, *campaigns, channel=channel)
    await shop.shopper("amal")
    await put(shop, is_open=True)
    return shop


async def put(shop: Shop, *, is_open: bool) -> None:
    community = Community(TENANT, COFFEE, "عشاق القهوة", "Coffee lovers", "", "", is_open)
    await shop.parts.db.write(lambda conn: people.put_community(conn, community, shop.clock.now_ms()))


async def join(shop: Shop, name: str = "amal") -> None:
    shopper = shop.subjects[name].shopper
    await shop.parts.db.write(lambda conn: people.join_community(conn, TENANT, shopper, COFFEE, shop.clock.now_ms()))


async def leave(shop: Shop) -> None:
    shopper = shop.subjects["amal"].shopper
    await shop.parts.db.write(lambda conn: people.leave_community(conn, TENANT, shopper, COFFEE))


async def outcomes(shop: Shop) -> list[list[str]]:
    """Of the newest decision, each candidate's reasons."""
    found = await shop.parts.db.read(lambda conn: queries.decisions_of(conn, TENANT, limit=1))
    return [outcome.reasons for outcome in found[0].outcomes]


async def test_a_member_gets_the_offer_and_nobody_else_does(parts: Parts, clock: ManualClock) -> None:
    shop = await open_shop(parts, clock, for_members())
    await join(shop)
    await shop.shopper("badr")
    await shop.happen(shop.event("amal"))
    assert await shop.counts() == SENT
    await shop.happen(shop.event("badr"))
    assert await shop.counts() == SENT
    assert await outcomes(shop) == [["not_in_community"]]


async def test_who_has_left_is_no_member_at_the_next_event(parts: Parts, clock: ManualClock) -> None:
    shop = await open_shop(parts, clock, for_members())
    await join(shop)
    await leave(shop)
    await shop.happen(shop.event("amal"))
    assert await outcomes(shop) == [["not_in_community"]]
    await join(shop)
    await shop.happen(shop.event("amal", visit="2"))
    assert await shop.counts() == SENT


async def test_a_queued_push_is_not_sent_to_one_who_has_left_since(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await open_shop(parts, clock, for_members(), channel=channel)
    await join(shop)
    await shop.put(shop.event("amal"))
    await shop.decide()
    await leave(shop)
    await shop.settle()
    assert channel.count == 0
    assert await shop.counts() == {(way, "cancelled", "left_community"): 1 for way in ("dry_run", "inbox")}
    assert shop.missing() == {}


async def test_a_closed_community_has_no_members_for_a_campaign(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await open_shop(parts, clock, for_members(), channel=channel)
    await join(shop)
    await shop.put(shop.event("amal"))
    await shop.decide()
    await put(shop, is_open=False)
    await shop.settle()
    assert await shop.counts() == {(way, "cancelled", "left_community"): 1 for way in ("dry_run", "inbox")}
    await shop.happen(shop.event("amal", visit="2"))
    assert await outcomes(shop) == [["not_in_community"]]


async def test_leaving_takes_back_nothing_that_was_not_for_members(parts: Parts, clock: ManualClock) -> None:
    shop = await open_shop(parts, clock, a_campaign())
    await join(shop)
    await shop.put(shop.event("amal"))
    await shop.decide()
    await leave(shop)
    await shop.settle()
    assert await shop.counts() == SENT


@pytest.mark.parametrize("asks", [False, True])
async def test_memberships_are_asked_for_only_where_a_campaign_depends_on_them(parts: Parts, clock: ManualClock, asks: bool) -> None:
    shop = await open_shop(parts, clock, for_members() if asks else a_campaign())
    await join(shop)
    statements: list[str] = []

    def listening(conn: Connection) -> None:
        event.listen(conn.engine, "before_cursor_execute", lambda *heard: statements.append(heard[2]))

    await parts.db.write(listening)
    await shop.happen(shop.event("amal"))
    assert await shop.counts() == SENT
    assert any("FROM membership" in statement for statement in statements) is asks


async def test_a_target_that_a_push_service_calls_gone_is_marked_and_a_newer_one_is_not(parts: Parts, clock: ManualClock) -> None:
    shop = await open_shop(parts, clock, a_campaign(), channel=Recorder(clock, "target_gone"))
    device = shop.subjects["amal"].device

    def target(conn: Connection, refreshed_ms: int) -> None:
        people.put_push_target(conn, people.PushTarget(TENANT, device, "dry_run", b"sealed", None, refreshed_ms), bytes(32))

    for visit, refreshed_ms, left in (("1", clock.now_ms(), 0), ("2", clock.now_ms() + 1, 1)):
        await parts.db.write(lambda conn, ms=refreshed_ms: target(conn, ms))  # type: ignore[misc] # a lambda with defaults
        await shop.happen(shop.event("amal", visit=visit))
        assert (await shop.counts())["dry_run", "refused", "target_gone"] == int(visit)
        assert len(await parts.db.read(lambda conn: people.push_targets(conn, TENANT, DeviceId(device)))) == left
    assert shop.missing() == {}
