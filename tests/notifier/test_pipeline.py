"""From zone event to push: one decision per event, one grant per visit, a reason for every no, and nothing lost in between."""

from collections.abc import Sequence
from typing import Any

from groundwork.contracts.decision import Decision
from groundwork.contracts.subjects import ZONE_EVENTS
from groundwork.people.model import OFFERS, POSITIONING
from groundwork.plumbing.bus import Entry
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts
from notifier import queries
from notifier.channels.dry_run import DryRun
from notifier.rules import Entered
from tests.notifier.shop import CODES, TENANT, Shop, a_campaign


async def decisions(shop: Shop) -> Sequence[Decision]:
    return await shop.parts.db.read(lambda conn: queries.decisions_of(conn, TENANT))


async def test_a_dwell_becomes_one_push_with_a_coupon_code(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal", "en")
    await shop.happen(shop.event("amal"))
    (push,) = channel
    (grant,) = await parts.db.read(lambda conn: queries.grants_of(conn, TENANT))
    assert push.code.replace("-", "") == CODES.code(TENANT, grant.id)
    assert push.code in push.body
    assert "{" not in push.title + push.body
    assert await shop.counts() == {("dry_run", "delivered", ""): 1, ("inbox", "delivered", ""): 1}
    assert shop.missing() == {}


async def test_a_repeated_event_is_decided_once(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal")
    event = shop.event("amal")
    await shop.happen(event, event)
    await shop.happen(event)
    assert len(await decisions(shop)) == 1
    assert channel.count == 1
    assert parts.hops.hop("decide", "zone events").refused == {"repeat": 2}
    assert shop.missing() == {}


async def test_one_visit_gets_one_offer_over_all_campaigns(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign("bread"), a_campaign("milk", priority=5), channel=channel)
    await shop.shopper("amal")
    await shop.happen(shop.event("amal", zone="dairy"), shop.event("amal", zone="bakery"))
    assert [push.campaign for push in channel] == ["milk"]
    by_zone = {decision.zone_event: decision for decision in await decisions(shop)}
    first = by_zone[shop.event("amal", zone="dairy").id]
    second = by_zone[shop.event("amal", zone="bakery").id]
    assert [(one.campaign, one.outcome, one.reasons) for one in first.outcomes] == [
        ("bread", "suppressed", ["lost_to_other"]),
        ("milk", "offer", []),
    ]
    assert [(one.campaign, one.reasons) for one in second.outcomes] == [
        ("bread", ["budget_spent"]),
        ("milk", ["already_granted", "budget_spent"]),
    ]


async def test_a_new_visit_gets_a_new_offer(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal")
    await shop.happen(shop.event("amal", visit="1"), shop.event("amal", visit="2"))
    assert channel.count == 2


async def test_a_place_in_the_holdout_spends_the_budget_and_sends_nothing(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign("bread", holdout_share=1.0, priority=5), a_campaign("milk"), channel=channel)
    await shop.shopper("amal")
    await shop.happen(shop.event("amal", zone="dairy"), shop.event("amal", zone="bakery"))
    (grant,) = await parts.db.read(lambda conn: queries.grants_of(conn, TENANT))
    assert (grant.campaign, grant.kind, grant.slot) == ("bread", "holdout", 0)
    assert channel.count == 0
    assert await parts.db.read(lambda conn: queries.coupons_of(conn, TENANT)) == []
    assert parts.hops.hop("grant", "decisions").refused == {"holdout": 1, "budget_spent": 1}


async def test_without_consent_there_is_a_decision_and_no_push(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal", purposes=(POSITIONING,))
    await shop.shopper("badr", purposes=(OFFERS,))
    await shop.happen(shop.event("amal"), shop.event("badr"))
    assert sorted(decision.reasons[0] for decision in await decisions(shop)) == ["no_offers_consent", "no_positioning_consent"]
    assert channel.count == 0


async def test_a_late_event_is_recorded_and_never_pushed(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    await shop.happen(shop.event("amal", late=True))
    (decision,) = await decisions(shop)
    assert decision.reasons == ["late_event"]
    assert await shop.counts() == {}


async def test_an_event_older_than_the_offer_is_useful_gets_no_offer(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign(ttl_s=120))
    await shop.shopper("amal")
    event = shop.event("amal")
    clock.advance(120)
    await shop.happen(event)
    (decision,) = await decisions(shop)
    assert decision.outcomes[0].reasons == ["too_late"]


async def test_in_quiet_hours_nothing_is_said(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    clock.advance(13 * 3600)  # 23:00 in Riyadh
    await shop.happen(shop.event("amal"))
    (decision,) = await decisions(shop)
    assert decision.reasons == ["quiet_hours"]


async def test_a_strange_track_is_an_unknown_shopper(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    await shop.happen(shop.event("amal", track=7))
    (decision,) = await decisions(shop)
    assert decision.reasons == ["unknown_shopper"]


async def test_a_paused_campaign_is_named_and_not_granted(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign(state="paused"))
    await shop.shopper("amal")
    await shop.happen(shop.event("amal"))
    (decision,) = await decisions(shop)
    assert decision.outcomes[0].reasons == ["campaign_not_live"]


async def test_leaving_takes_back_what_has_not_left(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal")
    await shop.put(shop.event("amal"))
    await shop.decide()
    await shop.put(shop.event("amal", "exit"))
    await shop.decide()
    await shop.settle()
    assert channel.count == 0
    assert await shop.counts() == {("dry_run", "cancelled", "left_zone"): 1, ("inbox", "cancelled", "left_zone"): 1}
    assert parts.hops.hop("outbox", "pushes").refused == {"left_zone": 2}
    assert shop.missing() == {}


async def test_an_uncertain_exit_takes_nothing_back(parts: Parts, clock: ManualClock) -> None:
    """A gateway fell silent, or her phone did: she may stand there still."""
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal")
    await shop.put(shop.event("amal"), shop.event("amal", "exit", uncertain=True))
    await shop.decide()
    await shop.settle()
    assert channel.count == 1


async def test_what_happens_outside_is_decided_like_anything_else(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign(trigger=Entered()))
    await shop.shopper("amal")
    outside: dict[str, Any] = {"level": "", "zone": "approach:near", "zone_kind": "approach", "arrives_ms": clock.now_ms() + 240_000}
    await shop.happen(shop.event("amal", "enter", **outside))
    (decision,) = await decisions(shop)
    assert decision.outcomes, "it reached the campaigns"


async def test_leaving_one_zone_does_not_take_back_the_offer_of_another(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal")
    await shop.put(shop.event("amal", zone="dairy"), shop.event("amal", "exit", zone="bakery"))
    await shop.decide()
    await shop.settle()
    assert channel.count == 1


async def test_a_channel_nobody_set_up_shows_as_refused(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign(channels=("carrier pigeon",)))
    await shop.shopper("amal")
    await shop.happen(shop.event("amal"))
    assert await shop.counts() == {("carrier pigeon", "refused", "unknown_channel"): 1, ("inbox", "delivered", ""): 1}
    assert shop.missing() == {}


async def test_a_poison_entry_is_buried_and_the_next_is_decided(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign(trigger=Entered()))
    subject = await shop.shopper("amal")
    await parts.bus.put([Entry(ZONE_EVENTS, subject.pseudonym, b"no zone event")])
    await shop.happen(shop.event("amal", "enter"))
    assert len(await decisions(shop)) == 1
    assert shop.missing() == {}


async def test_service_offers_neither_spend_the_budget_nor_have_a_holdout(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    ready = a_campaign("ready", budget_class="service", holdout_share=1.0, trigger=Entered())
    shop = await Shop.open(parts, clock, ready, a_campaign("bread"), channel=channel)
    await shop.shopper("amal")
    await shop.happen(shop.event("amal", "enter"), shop.event("amal"))
    assert sorted(push.campaign for push in channel) == ["bread", "ready"]


async def test_two_runs_decide_the_same(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign(holdout_share=0.5))
    events = []
    for name in ("amal", "badr", "dana"):
        await shop.shopper(name)
        events += [shop.event(name, zone="dairy"), shop.event(name, zone="bakery")]
    await shop.happen(*events)
    first = {decision.id: (decision.outcomes, decision.grant) for decision in await decisions(shop)}
    await parts.db.write(lambda conn: [queries.erase(conn, TENANT, her.shopper, her.pseudonym) for her in shop.subjects.values()])
    await shop.happen(*events)
    second = {decision.id: (decision.outcomes, decision.grant) for decision in await decisions(shop)}
    assert first == second
