"""Publishing: a campaign comes into force for every process, and one that could never be sent does not."""

import re

import msgspec
import pytest

from groundwork.contracts.changes import CampaignChanged
from groundwork.contracts.ids import CampaignId
from groundwork.contracts.subjects import CAMPAIGN_CHANGED
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from notifier import queries
from notifier.campaigns import Texts
from notifier.publish import Campaigns
from tests.notifier.shop import OFFER, TENANT, a_campaign

BREAD = CampaignId("bread")


def campaigns(parts: Parts) -> Campaigns:
    return Campaigns(parts.db, parts.bus, parts.clock, frozenset({"dry_run", "inbox"}))


async def test_publishing_pausing_and_ending_are_told_to_every_process(parts: Parts) -> None:
    heard: list[bytes | None] = []
    parts.bus.listen(CAMPAIGN_CHANGED, heard.append)
    desk = campaigns(parts)
    await desk.publish(a_campaign())
    assert await parts.db.read(lambda conn: queries.live_campaigns(conn, TENANT)) == [a_campaign()]
    assert await desk.pause(TENANT, BREAD)
    assert await parts.db.read(lambda conn: queries.live_campaigns(conn, TENANT)) == []
    assert await parts.db.read(lambda conn: queries.open_campaigns(conn, TENANT)) == [a_campaign(state="paused")]
    assert await desk.move(TENANT, BREAD, "ended")
    assert await parts.db.read(lambda conn: queries.open_campaigns(conn, TENANT)) == []
    told = [msgspec.json.decode(payload, type=CampaignChanged) for payload in heard if payload]
    assert told == [CampaignChanged(tenant=TENANT, campaign=BREAD)] * 3


async def test_an_unknown_campaign_cannot_be_paused(parts: Parts) -> None:
    assert not await campaigns(parts).pause(TENANT, BREAD)


async def test_a_campaign_is_replaced_by_one_of_its_id(parts: Parts) -> None:
    desk = campaigns(parts)
    await desk.publish(a_campaign())
    await desk.publish(a_campaign(priority=7))
    assert await parts.db.read(lambda conn: queries.campaign(conn, TENANT, BREAD)) == a_campaign(priority=7)


async def test_a_channel_that_is_not_set_up_is_refused_with_the_known_ones(parts: Parts) -> None:
    with pytest.raises(Refusal, match=r"pigeon.*dry_run, inbox"):
        await campaigns(parts).publish(a_campaign(channels=("pigeon",)))


async def test_words_too_long_for_a_push_are_refused_in_the_language_they_are_in(parts: Parts) -> None:
    long = msgspec.structs.replace(OFFER, title=Texts("م" * 1_000, "x"), body=Texts("م" * 1_000, "x"))
    with pytest.raises(Refusal, match=r"its push in Arabic has \d+ bytes, and at most 4096 may leave") as refused:
        await campaigns(parts).publish(a_campaign(offer=long))
    assert re.search(r"حجم الإشعار بالعربية \d+ بايت، والحد الأقصى 4096؛", refused.value.words.ar)
