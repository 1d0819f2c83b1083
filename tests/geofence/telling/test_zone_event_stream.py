"""The stream of zone events: none lost and none repeated over a break, nobody else's, and a slow listener costs its own connection only."""

import asyncio
import socket
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest
from aiohttp import ClientResponse
from sqlalchemy import Connection

from geofence import queries
from geofence.settings import Settings
from groundwork.contracts.ids import Pseudonym
from groundwork.people.model import POSITIONING, READ_AGGREGATES
from groundwork.plumbing.service import Parts
from tests.geofence.shop_floor import answer, keep, open_shop, sign_up, visit_of, went, zone_event
from tests.geofence.telling.told import Told, let_in
from tests.geofence.venues import START_MS, TENANT, VENUE

PATH = f"/v1/venues/{VENUE}/zone-events"
QUICK = Settings(stream_backlog=50, stream_life_s=60)


def set_up(conn: Connection) -> list[Pseudonym]:
    open_shop(conn)
    open_shop(conn, venue="annex")
    open_shop(conn, tenant="dana")
    let_in(conn, "erp")
    let_in(conn, "annex", venues=["annex"])
    let_in(conn, "counts", grants=[READ_AGGREGATES])
    let_in(conn, "dana", tenant="dana")
    return [sign_up(conn, number) for number in (1, 2)]


@pytest.fixture
async def told(parts: Parts) -> AsyncIterator[Told]:
    await parts.db.write(set_up)
    async with Told.open(parts, QUICK) as opened:
        yield opened


async def shop(told: Told, shopper: int = 1, after_s: int = 0, tenant: str = TENANT, venue: str = VENUE) -> list[str]:
    """The shopper goes through two zones; the ids of her four zone events."""

    def work(conn: Connection) -> list[str]:
        pseudonym = sign_up(conn, shopper, tenant=tenant)
        one = went(pseudonym, START_MS + after_s * 1000, [("dairy", 60), ("tea", 30)], tenant, venue)
        keep(conn, [one])
        return [event.id for event in one.events]

    return await told.parts.db.write(work)


class Listener:
    """A client that reads as a browser does."""

    def __init__(self, answer: ClientResponse) -> None:
        self.answer = answer
        self.last = ""

    async def block(self) -> dict[str, str]:
        """The next block's fields; remembers the last id."""
        async with asyncio.timeout(5):
            raw = (await self.answer.content.readuntil(b"\n\n")).decode()
        fields = dict(line.split(": ", 1) for line in raw.strip().splitlines() if not line.startswith(":"))
        self.last = fields.get("id", self.last)
        return fields

    async def zone_events(self, count: int) -> list[Any]:
        found: list[Any] = []
        while len(found) < count:
            fields = await self.block()
            if "data" in fields:
                found.append(msgspec.json.decode(fields["data"]))
        return found


@asynccontextmanager
async def listening(told: Told, last: str = "", token: str = "erp", path: str = PATH) -> AsyncIterator[Listener]:
    headers = {"Authorization": f"Bearer {token}", **({"Last-Event-ID": last} if last else {})}
    async with told.client.get(path, headers=headers) as opened:
        assert opened.status == 200, await opened.text()
        listener = Listener(opened)
        await listener.block()
        yield listener


async def ticked(told: Told, seconds: float = 0.5) -> None:
    """Moves the clock once the stream waits for it, and has the follower look."""
    while not told.clock.sleepers:
        await asyncio.sleep(0.005)
    told.clock.advance(seconds)
    for loop in told.service.loops:
        await loop.step()


def ids(found: Sequence[Any]) -> list[str]:
    return [one["id"] for one in found]


async def test_a_listener_gets_what_happens_from_then_on(told: Told) -> None:
    await shop(told, 1)
    async with listening(told) as erp:
        expected = await shop(told, 2)
        await ticked(told)
        found = await erp.zone_events(4)
    assert ids(found) == expected
    assert {one["kind"] for one in found} == {"enter", "exit"}
    assert "shopper-" not in repr(found)


async def test_over_a_break_nothing_is_lost_and_nothing_repeated(told: Told) -> None:
    expected = []
    async with listening(told) as erp:
        last = erp.last
    got: list[str] = []
    for one in range(5):
        expected += await shop(told, 1, after_s=one * 1_000)
        async with listening(told, last) as erp:
            got += ids(await erp.zone_events(2))  # and then the line breaks, in the middle of it
            last = erp.last
    async with listening(told, last) as erp:
        got += ids(await erp.zone_events(len(expected) - len(got)))
    assert got == expected


async def test_another_process_goes_on_where_the_first_stopped(told: Told) -> None:
    async with listening(told) as erp:
        last = erp.last
    expected = await shop(told)
    async with Told.open(told.parts, QUICK) as second, listening(second, last) as erp:
        assert ids(await erp.zone_events(4)) == expected


async def test_where_something_is_no_longer_at_hand_it_says_so(told: Told) -> None:
    for last in ("7", "999999-1793516400000", "-1-5", "x"):
        status, said = await told.ask("GET", PATH, "erp", **{"Last-Event-ID": last})
        assert (status, said["code"]) == (410, "stream_too_old")


async def test_who_was_away_for_too_long_or_missed_too_much_is_told(told: Told) -> None:
    async with listening(told) as erp:
        last = erp.last
    for one in range(14):
        await shop(told, 1, after_s=one * 1_000)
    assert (await told.ask("GET", PATH, "erp", **{"Last-Event-ID": last}))[1]["code"] == "stream_too_old"
    async with listening(told) as erp:
        last = erp.last
    told.clock.advance(QUICK.stream_age_s + 1)
    assert (await told.ask("GET", PATH, "erp", **{"Last-Event-ID": last}))[1]["code"] == "stream_too_old"


async def test_in_silence_there_is_a_heartbeat_with_where_one_is(told: Told) -> None:
    async with listening(told) as erp:
        await ticked(told, 15)
        assert (await erp.block())["id"] == f"0-{told.clock.now_ms()}"


async def test_a_stream_ends_after_its_time_so_that_whoever_was_shut_out_is(told: Told) -> None:
    async with listening(told) as erp:
        for _ in range(4):
            await ticked(told, 15)
        async with asyncio.timeout(5):
            await erp.answer.content.read()
        assert erp.answer.content.at_eof()


async def test_nobody_elses_venue_can_be_listened_to(told: Told) -> None:
    for token, path, code in (
        ("dana", "/v1/venues/annex/zone-events", "unknown_venue"),
        ("annex", PATH, "unknown_venue"),
        ("erp", "/v1/venues/nowhere/zone-events", "unknown_venue"),
        ("counts", PATH, "not_granted"),
    ):
        assert (await told.ask("GET", path, token))[1]["code"] == code


async def test_another_tenants_venue_of_the_same_name_is_another(told: Told) -> None:
    async with listening(told) as ours, listening(told, token="dana") as theirs:
        await shop(told, 1, tenant="dana")
        expected = await shop(told, 2)
        await ticked(told)
        assert ids(await ours.zone_events(4)) == expected
        assert {one["tenant"] for one in await theirs.zone_events(4)} == {"dana"}


async def test_what_is_withdrawn_is_not_streamed(told: Told) -> None:
    async with listening(told) as erp:
        last = erp.last
    await shop(told, 1)
    expected = await shop(told, 2)
    await told.parts.db.write(lambda conn: answer(conn, 1, POSITIONING, False))
    async with listening(told, last) as erp:
        assert ids(await erp.zone_events(4)) == expected


async def test_there_are_no_more_listeners_than_allowed(parts: Parts) -> None:
    await parts.db.write(set_up)
    async with Told.open(parts, Settings(streams=1)) as told:
        async with listening(told):
            assert (await told.ask("GET", PATH, "erp"))[1]["code"] == "too_many_streams"
        while told.parts.hops.hop("zone_event_streams", "streams").held:
            told.clock.advance(15)
            await asyncio.sleep(0.01)
        async with listening(told):
            pass


async def test_a_listener_that_does_not_read_is_dropped_and_counted(parts: Parts) -> None:
    (shopper, _), settings = await parts.db.write(set_up), Settings(stream_patience_s=1, stream_backlog=1_000_000)
    async with Told.open(parts, settings) as told:
        visit = visit_of(shopper, START_MS)
        host, port = told.client.server.host, told.client.server.port
        with socket.socket() as line:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            line.setblocking(False)
            await asyncio.get_running_loop().sock_connect(line, (host, port))
            asked = f"GET {PATH} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer erp\r\nLast-Event-ID: 0-{START_MS}\r\n\r\n"
            events = [zone_event(shopper, "enter", f"zone-{one:05}" + "x" * 40, START_MS, START_MS, visit) for one in range(15_000)]
            await parts.db.write(lambda conn: queries.add_zone_events(conn, events))
            await asyncio.get_running_loop().sock_sendall(line, asked.encode())
            hop = parts.hops.hop("zone_event_streams", "streams")
            async with asyncio.timeout(30):
                while not hop.refused["listener_too_slow"]:
                    await asyncio.sleep(0.01)
        assert hop.missing() == 0
        assert hop.held == 0
