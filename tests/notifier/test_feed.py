"""The in-app inbox over real HTTP: what comes is streamed, what was missed is caught up with, and nobody reads another's."""

import asyncio

import msgspec
import pytest
from aiohttp import ClientResponse

from groundwork.people import queries as people
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Base, Connection
from groundwork.plumbing.service import Parts
from notifier.channels.dry_run import DryRun
from notifier.channels.inbox import Inbox
from notifier.inbox import FeedEntry, FeedPage
from notifier.settings import Settings
from tests.notifier.served import Served, serving
from tests.notifier.shop import CODES, Shop, a_campaign

STREAM = {"Accept": "text/event-stream"}


async def next_entry(response: ClientResponse) -> FeedEntry:
    """The next entry of a stream; its event id is the entry's sequence."""
    event_id = b""
    async with asyncio.timeout(10):
        while True:
            line = (await response.content.readline()).strip()
            if line.startswith(b"id: "):
                event_id = line[4:]
            if line.startswith(b"data: "):
                entry = msgspec.json.decode(line[6:], type=FeedEntry)
                assert int(event_id) == entry.sequence
                return entry


async def visits(shop: Shop, *numbers: int) -> None:
    """The shopper gets one offer in each visit."""
    for number in numbers:
        await shop.happen(shop.event("amal", visit=str(number)))


async def page(served: Served, after: int, who: str = "phone of amal") -> FeedPage:
    answer = await served.get(f"/v1/feed?after={after}", who)
    assert answer.status == 200
    return msgspec.json.decode(await answer.read(), type=FeedPage)


async def test_a_stream_shows_what_was_there_and_what_comes(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal", "en")
    await visits(shop, 1)
    async with serving(shop, "amal") as served:
        stream = await served.get("/v1/feed", "phone of amal", **STREAM)
        first = await next_entry(stream)
        assert first.code.replace("-", "") == await served.code()
        assert first.code in first.body
        await visits(shop, 2)
        assert (await next_entry(stream)).sequence == 2
        stream.close()


async def test_a_stream_goes_on_after_the_last_entry_seen(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    async with serving(shop, "amal") as served:
        stream = await served.get("/v1/feed", "phone of amal", **STREAM)
        await visits(shop, 1)
        seen = await next_entry(stream)
        stream.close()
        await visits(shop, 2, 3)
        stream = await served.get("/v1/feed", "phone of amal", **STREAM, **{"Last-Event-ID": str(seen.sequence)})
        assert [(await next_entry(stream)).sequence, (await next_entry(stream)).sequence] == [2, 3]
        stream.close()


async def test_a_feed_longer_than_a_page_is_streamed_whole_and_paged_on_request(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign(), settings=Settings(global_holdout=0, feed_page=2))
    await shop.shopper("amal")
    await visits(shop, 1, 2, 3, 4, 5)
    async with serving(shop, "amal") as served:
        pages = [await page(served, after) for after in (0, 2, 4, 5)]
        assert [[entry.sequence for entry in one.entries] for one in pages] == [[1, 2], [3, 4], [5], []]
        assert [one.last for one in pages] == [2, 4, 5, 5]
        stream = await served.get("/v1/feed?after=1", "phone of amal", **STREAM)
        assert [(await next_entry(stream)).sequence for _ in range(4)] == [2, 3, 4, 5]
        stream.close()


async def test_nobody_reads_another_s_feed(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    await shop.shopper("badr")
    await visits(shop, 1)
    async with serving(shop, "amal", "badr", "nobody") as served:
        assert (await page(served, 0, "phone of badr")).entries == []
        unknown = await served.get("/v1/feed", "phone of nobody")
        assert (unknown.status, (await unknown.json())["code"]) == (404, "feed_unknown")
        assert (await served.get("/v1/feed", "till 1")).status == 403


async def test_an_impossible_place_in_the_feed_is_refused_by_name(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    async with serving(shop, "amal") as served:
        answer = await served.get("/v1/feed", "phone of amal", **{"Last-Event-ID": "seven"})
        assert (answer.status, (await answer.json())["code"]) == (422, "field_wrong")
        assert (await served.get("/v1/feed?after=-1", "phone of amal")).status in (400, 422)


async def test_a_push_that_comes_again_makes_one_entry(parts: Parts, clock: ManualClock) -> None:
    channel = DryRun(clock)
    shop = await Shop.open(parts, clock, a_campaign(), channel=channel)
    await shop.shopper("amal")
    await visits(shop, 1)
    (push,) = channel
    async with serving(shop, "amal") as served:
        (entry,) = (await page(served, 0)).entries
        again = Inbox(parts.db, clock, lambda _tenant, _shopper: None)
        receipt = await again.send(msgspec.structs.replace(push, id=entry.push))
        assert receipt.outcome == "delivered"
        assert len((await page(served, 0)).entries) == 1


async def test_many_pushes_at_once_are_numbered_without_a_gap(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    await shop.put(*(shop.event("amal", visit=str(number)) for number in range(12)))
    await shop.settle()
    async with serving(shop, "amal") as served:
        assert [entry.sequence for entry in (await page(served, 0)).entries] == list(range(1, 13))


async def test_no_row_carries_a_code(parts: Parts, clock: ManualClock) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    await shop.shopper("amal")
    await visits(shop, 1)
    async with serving(shop, "amal") as served:
        code = await served.code()

    def every_value(conn: Connection) -> str:
        return "".join(str(tuple(row)) for table in Base.metadata.sorted_tables for row in conn.execute(table.select()))

    text = await parts.db.read(every_value)
    assert code not in text
    assert code not in text.replace("-", "")
    assert CODES.key.decode() not in text


@pytest.mark.parametrize("how", ["removed", "signed out"])
async def test_an_open_stream_shows_nothing_to_a_device_that_is_hers_no_more(parts: Parts, clock: ManualClock, how: str) -> None:
    shop = await Shop.open(parts, clock, a_campaign())
    amal = await shop.shopper("amal", "en")
    async with serving(shop, "amal") as served:
        stream = await served.get("/v1/feed", "phone of amal", **STREAM)
        await visits(shop, 1)
        await next_entry(stream)
        await shop.put(shop.event("amal", visit="2"))
        await shop.decide()
        if how == "removed":
            await parts.db.write(lambda conn: people.remove_device(conn, amal.tenant, amal.shopper, amal.device, clock.now_ms()))
        else:
            await parts.db.write(lambda conn: people.end_device_tokens(conn, amal.tenant, amal.device))
        await shop.settle()
        assert (await shop.counts())["inbox", "delivered", ""] == 2, "her other devices see it"
        async with asyncio.timeout(10):
            rest = await stream.content.read()
    assert b"data:" not in rest
