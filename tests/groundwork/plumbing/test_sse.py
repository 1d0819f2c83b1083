"""Event streams: lines with ids, scope, resuming, forgetting, heartbeats, closing."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from aiohttp import ClientResponse, web
from aiohttp.test_utils import TestClient, TestServer

from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.sse import Feed, stream

Client = TestClient[web.Request, web.Application]


@pytest.fixture
def feed() -> Feed:
    return Feed(remembered=3)


@pytest.fixture
async def client(feed: Feed, clock: ManualClock) -> AsyncIterator[Client]:
    async def listen(request: web.Request) -> web.StreamResponse:
        return await stream(request, feed, clock, lambda line: line.scope == "mine", heartbeat_s=15)

    app = web.Application()
    app.router.add_get("/", listen)
    async with TestClient(TestServer(app)) as made:
        yield made
        feed.close()


async def block(answer: ClientResponse) -> str:
    async with asyncio.timeout(5):
        return (await answer.content.readuntil(b"\n\n")).decode().strip()


async def test_a_listener_gets_the_lines_of_its_scope_from_now_on(client: Client, feed: Feed) -> None:
    feed.publish("moved", "mine", {"x": 0})
    async with client.get("/") as answer:
        assert answer.content_type == "text/event-stream"
        assert await block(answer) == ": welcome"
        feed.publish("moved", "theirs", {"x": 1})
        feed.publish("moved", "mine", {"x": 2})
        assert await block(answer) == 'id: 3\nevent: moved\ndata: {"x":2}'


async def test_a_listener_that_comes_back_gets_what_it_missed(client: Client, feed: Feed) -> None:
    for x in range(1, 4):
        feed.publish("moved", "mine", {"x": x})
    async with client.get("/", headers={"Last-Event-ID": "1"}) as answer:
        await block(answer)
        assert await block(answer) == 'id: 2\nevent: moved\ndata: {"x":2}'
        assert await block(answer) == 'id: 3\nevent: moved\ndata: {"x":3}'


@pytest.mark.parametrize("last", ["0", "1", "99"])
async def test_a_listener_that_missed_too_much_is_told_to_load_anew(client: Client, feed: Feed, last: str) -> None:
    for x in range(1, 6):
        feed.publish("moved", "mine", {"x": x})
    async with client.get("/", headers={"Last-Event-ID": last}) as answer:
        await block(answer)
        assert await block(answer) == "id: 5\nevent: resync\ndata: {}"
        feed.publish("moved", "mine", {"x": 6})
        assert await block(answer) == 'id: 6\nevent: moved\ndata: {"x":6}'


async def test_in_silence_there_is_a_heartbeat(client: Client, clock: ManualClock) -> None:
    async with client.get("/") as answer:
        await block(answer)
        while not clock.sleepers:
            await asyncio.sleep(0.005)
        clock.advance(15)
        assert await block(answer) == ": still here"


async def test_closing_the_feed_ends_every_stream(client: Client, feed: Feed) -> None:
    async with client.get("/") as answer:
        await block(answer)
        feed.close()
        assert await answer.content.read() == b""


def test_a_feed_forgets_the_oldest_lines(feed: Feed) -> None:
    assert feed.after(0) == []
    for x in range(5):
        feed.publish("k", "s", x)
    assert feed.after(1) is None
    assert [line.number for line in feed.after(2) or ()] == [3, 4, 5]
    assert feed.after(5) == []
    assert feed.after(6) is None
