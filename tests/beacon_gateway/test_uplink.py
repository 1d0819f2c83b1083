"""Rules of the uplink, against a real server on loopback: sent until named in an answer, the same bytes each time, in order."""

import asyncio
import random
import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from email.utils import format_datetime
from pathlib import Path

import pytest
from aiohttp import web

from beacon_gateway.corrected import CorrectedClock
from beacon_gateway.line import Answer, Signing
from beacon_gateway.spool import Progress, Spool
from beacon_gateway.transport import HttpTransport
from beacon_gateway.uplink import Uplink
from groundwork.contracts.codec import Frame, decode_frame
from groundwork.plumbing.clock import ManualClock, as_datetime
from groundwork.plumbing.hops import Hops
from tests.beacon_gateway.backend import KEY, Backend, backend, cut_off, never, refuses, says, taken
from tests.beacon_gateway.build import START_MS, batch, clock, spool


@dataclass
class Line:
    """A spool with three sealed batches, an uplink, and the backend at the other end."""

    spool: Spool
    uplink: Uplink
    backend: Backend
    clock: ManualClock
    hops: Hops
    sealed: list[bytes]

    async def pause_s(self) -> float:
        """Steps once, and says how long the uplink then pauses, by trying every tenth of a second of a clock moved by hand."""
        assert await self.uplink.step() is False
        start_ms = self.clock.now_ms()
        while self.uplink.pausing:
            self.clock.advance(0.1)
        return (self.clock.now_ms() - start_ms) / 1000


@pytest.fixture
async def line(tmp_path: Path) -> AsyncIterator[Line]:
    now, hops = clock(), Hops()
    corrected = CorrectedClock(now)
    opened = spool(tmp_path / "s", now=corrected)
    bodies = []
    for _ in range(3):
        sealed = batch(opened)
        opened.seal([sealed], Progress())
        bodies.append(sealed.body())
    hop = hops.hop("gateway.spool", "sightings")
    hop.take(9)
    hop.held = 9
    async with backend() as heard:
        uplink = Uplink(opened, HttpTransport(heard.url, timeout_s=0.5), Signing(KEY, "k1"), now, random.Random(3), hops, corrected.correct)
        yield Line(opened, uplink, heard, now, hops, bodies)
        await uplink.close()
    assert hop.missing() == 0


async def test_batches_are_sent_in_order_signed_and_forgotten_once_named(line: Line) -> None:
    assert [await line.uplink.step() for _ in range(4)] == [True, True, True, False]
    assert line.backend.bodies == line.sealed
    assert line.spool.held.batches == 0
    assert line.hops.hop("gateway.spool", "sightings").out == 9


@pytest.mark.parametrize("status", [401, 403, 404, 409, 429, 500, 502, 503])
async def test_what_may_still_be_accepted_is_sent_again_byte_for_byte(line: Line, status: int) -> None:
    line.backend.script = [refuses(status)] * 3
    for _ in range(3):
        assert await line.pause_s() > 0
    assert await line.uplink.step()
    assert line.backend.bodies == [line.sealed[0]] * 4
    assert line.spool.held.batches == 2


@pytest.mark.parametrize("status", [400, 413, 422])
async def test_what_can_never_be_accepted_is_set_aside_and_the_next_goes_on(line: Line, status: int) -> None:
    line.backend.script = [refuses(status)]
    assert [await line.uplink.step() for _ in range(4)] == [True, True, True, False]
    assert line.backend.bodies == line.sealed
    assert line.spool.refused() == [(line.spool.boot, 1, f"http_{status}")]
    assert line.hops.hop("gateway.spool", "sightings").refused == {f"http_{status}": 3}


async def test_a_body_that_arrived_in_part_is_sent_again(line: Line) -> None:
    line.backend.script = [refuses(400, "body_unreadable")]
    await line.pause_s()
    assert line.spool.refused() == []


async def test_half_an_answer_is_no_answer(line: Line) -> None:
    line.backend.script = [cut_off]
    assert await line.pause_s() > 0
    assert line.spool.held.batches == 3


async def test_a_portal_that_says_200_acknowledges_nothing(line: Line) -> None:
    line.backend.script = [says("<html>Welcome to the hotel</html>")]
    assert await line.pause_s() > 0
    assert line.spool.held.batches == 3


@pytest.mark.parametrize("status", [200, 401, 409])
async def test_an_answer_that_is_nested_without_end_is_none(line: Line, status: int) -> None:
    line.backend.script = [says('{"x":' + "[" * 20_000, status)]
    assert await line.pause_s() > 0
    assert line.spool.held.batches == 3


async def test_an_answer_to_another_batch_acknowledges_nothing(line: Line) -> None:
    line.backend.script = [says('{"tenant":"default","gateway":"box","boot":"other","batch":1,"accepted":3}')]
    assert await line.pause_s() > 0
    assert line.spool.held.batches == 3


async def test_an_answer_that_does_not_come_in_time_is_none(line: Line) -> None:
    line.backend.script = [never]
    assert await line.pause_s() > 0
    assert await line.uplink.step()
    assert line.backend.bodies == [line.sealed[0]] * 2


async def test_a_server_that_is_away_is_waited_for(tmp_path: Path, unused_tcp_port: int) -> None:
    now, hops = clock(), Hops()
    opened = spool(tmp_path / "s", now=now)
    opened.seal([batch(opened)], Progress())
    transport = HttpTransport(f"http://127.0.0.1:{unused_tcp_port}")
    uplink = Uplink(opened, transport, Signing(KEY, "k1"), now, random.Random(3), hops)
    assert await uplink.step() is False
    assert uplink.pausing
    async with backend(unused_tcp_port) as heard:
        now.advance(60)
        assert await uplink.step()
        assert len(heard.bodies) == 1
        await uplink.close()


async def test_pauses_grow_are_spread_and_have_an_end(line: Line) -> None:
    line.backend.script = [refuses(500)] * 12
    pauses = [await line.pause_s() for _ in range(12)]
    for failures, pause_s in enumerate(pauses):
        longest = min(60.0, 0.5 * 2**failures)
        assert longest / 2 <= pause_s <= longest + 0.1
    assert await line.uplink.step()
    line.backend.script = [refuses(500)]
    assert await line.pause_s() <= 0.6


async def test_retry_after_in_seconds_is_honoured(line: Line) -> None:
    line.backend.script = [refuses(429, headers={"Retry-After": "17"})]
    assert 17.0 <= await line.pause_s() <= 17.1


async def test_retry_after_as_a_date_counts_from_the_servers_own_clock(line: Line) -> None:
    there_ms = START_MS + 999_000_000  # our clock is eleven days behind
    dates = {"Retry-After": there_ms + 20_000, "Date": there_ms}
    line.backend.script = [refuses(503, headers={name: format_datetime(as_datetime(ms), usegmt=True) for name, ms in dates.items()})]
    assert 20.0 <= await line.pause_s() <= 20.1


@pytest.mark.parametrize("nonsense", ["soon", "-5", "1e9", "99999999999"])
async def test_a_senseless_retry_after_costs_an_hour_at_most(line: Line, nonsense: str) -> None:
    line.backend.script = [refuses(503, headers={"Retry-After": nonsense})]
    assert await line.pause_s() <= 3_600.1


async def test_a_box_in_1970_learns_the_time_and_signs_with_it(line: Line) -> None:
    line.backend.script = [refuses(401, "clock", server_ms=START_MS + 5_000_000)]
    assert await line.uplink.step()
    assert line.backend.times_ms == [START_MS, START_MS + 5_000_000]
    assert await line.uplink.step()
    assert line.backend.times_ms[-1] == START_MS + 5_000_000


async def test_a_box_that_learned_the_time_stamps_adverts_with_it(line: Line) -> None:
    corrected = CorrectedClock(line.clock)
    signing = Signing(KEY, "k1")
    uplink = Uplink(line.spool, HttpTransport(line.backend.url), signing, line.clock, random.Random(3), line.hops, corrected.correct)
    line.backend.script = [refuses(401, "clock", server_ms=START_MS + 5_000_000)]
    assert await uplink.step()
    assert corrected.now_ms() == START_MS + 5_000_000
    assert corrected.monotonic_s() == line.clock.monotonic_s()
    await uplink.close()


async def test_a_clock_answer_that_does_not_help_is_not_argued_with(line: Line) -> None:
    line.backend.script = [refuses(401, "clock", server_ms=START_MS)] * 2
    assert await line.pause_s() > 0
    assert len(line.backend.bodies) == 1


async def test_a_batch_that_the_disk_spoilt_makes_way(line: Line) -> None:
    line.spool._conn.execute("UPDATE batch SET packed = x'00ff' WHERE number = 1")
    assert [await line.uplink.step() for _ in range(4)] == [True, True, True, False]
    assert line.backend.bodies == line.sealed[1:]
    assert line.spool.refused() == [(line.spool.boot, 1, "damaged_batch")]


async def test_an_answer_that_the_disk_cannot_note_costs_a_pause_and_the_batch_is_sent_again(line: Line) -> None:
    line.spool._conn.execute("PRAGMA query_only=ON")  # the disk refuses every write
    assert await line.pause_s() > 0
    assert "spool cannot be written" in line.uplink.last_trouble
    line.spool._conn.execute("PRAGMA query_only=OFF")
    assert [await line.uplink.step() for _ in range(3)] == [True] * 3
    assert line.backend.bodies == [line.sealed[0], *line.sealed]


async def test_one_connection_serves_all_batches(line: Line) -> None:
    ports = set()

    async def note(request: web.Request, _frame: Frame) -> web.StreamResponse:
        assert request.transport is not None
        ports.add(request.transport.get_extra_info("peername")[1])
        return await refuses(400)(request, _frame)

    line.backend.script = [note] * 3
    for _ in range(3):
        await line.uplink.step()
    assert len(ports) == 1


async def test_waking_ends_the_wait(line: Line) -> None:
    while await line.uplink.step():
        pass
    assert line.uplink.empty.is_set()
    waiting = asyncio.ensure_future(line.uplink.wait())
    line.uplink.wake()
    await asyncio.wait_for(waiting, 5)
    assert not line.uplink.empty.is_set()


# Two lanes.


class Wire:
    """Takes each batch at once, in `takes_s` of the clock's time; HTTP itself is tested above."""

    def __init__(self, now: ManualClock, takes_s: float = 0.0) -> None:
        self._now = now
        self._takes_s = takes_s
        self.sent: list[int] = []

    async def get(self, _path: str, _headers: Mapping[str, str], /) -> Answer:
        raise AssertionError("an uplink asks for nothing")

    async def post(self, _path: str, _headers: Mapping[str, str], body: bytes, /) -> Answer:
        frame = decode_frame(zlib.decompress(body))
        self.sent.append(frame.header.batch)
        self._now.advance(self._takes_s)
        answer = taken(frame)
        assert isinstance(answer.body, bytes)
        return Answer(200, {}, answer.body)

    async def close(self) -> None:
        return None


def lanes(path: Path, now: ManualClock, wire: Wire, share: float = 0.5) -> tuple[Spool, Uplink]:
    opened = spool(path, now=now)
    return opened, Uplink(opened, wire, Signing(KEY, "k1"), now, random.Random(3), Hops(), backlog_share=share)


def seal(of: Spool, now: ManualClock) -> None:
    of.seal([batch(of, start_ms=now.now_ms())], Progress())


async def test_what_was_sealed_just_now_goes_before_the_night_before(tmp_path: Path) -> None:
    now = clock()
    wire = Wire(now)
    opened, uplink = lanes(tmp_path / "s", now, wire)
    for _ in range(3):
        seal(opened, now)
    now.advance(3_600)
    seal(opened, now)
    seal(opened, now)
    while await uplink.step():
        if len(wire.sent) == 3:
            seal(opened, now)  # number 6 comes while the backlog is being worked off
    assert wire.sent == [4, 5, 1, 6, 2, 3]
    assert opened.held.batches == 0


async def test_a_moments_outage_is_caught_up_with_in_order(tmp_path: Path) -> None:
    now = clock()
    wire = Wire(now)
    opened, uplink = lanes(tmp_path / "s", now, wire)
    for _ in range(20):
        seal(opened, now)
        now.advance(2)
    while await uplink.step():
        pass
    assert wire.sent == list(range(1, 21))


async def test_the_backlog_takes_no_more_than_its_share_of_the_time(tmp_path: Path) -> None:
    now = clock()
    wire = Wire(now, takes_s=0.25)
    opened, uplink = lanes(tmp_path / "s", now, wire, share=0.2)
    for _ in range(12):
        seal(opened, now)
    now.advance(3_600)
    busy_s, start_s = 0.0, now.monotonic_s()
    while opened.held.batches:
        before_s = now.monotonic_s()
        await uplink.step()
        busy_s += now.monotonic_s() - before_s
        waiting = asyncio.ensure_future(uplink.wait())
        while opened.held.batches and not waiting.done():
            now.advance(0.05)
            await asyncio.sleep(0)
        waiting.cancel()
    assert 0.17 <= busy_s / (now.monotonic_s() - start_s) <= 0.24


async def test_a_batch_that_had_arrived_before_it_was_retimed_is_acknowledged(line: Line) -> None:
    line.backend.script = [refuses(500), refuses(401, "clock", server_ms=START_MS + 5_000_000), refuses(409, "batch_changed")]
    await line.pause_s()
    assert await line.uplink.step()
    assert line.spool.held.batches == 2
    assert line.spool.refused() == []


async def test_a_box_that_learns_the_time_sends_what_it_had_sealed_with_the_right_one(line: Line) -> None:
    line.backend.script = [refuses(401, "clock", server_ms=START_MS + 5_000_000)]
    while await line.uplink.step():
        pass
    assert [frame.header.sent_ms for frame in line.backend.frames] == [START_MS, *[START_MS + 5_000_000] * 3]
