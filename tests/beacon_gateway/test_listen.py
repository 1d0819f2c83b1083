"""Rules of listening: windows close in time whatever the source does, and stopping leaves nothing that could be kept."""

import asyncio
import json
from collections import deque
from pathlib import Path

import pytest

from beacon_gateway.corrected import CorrectedClock, SteadyClock
from beacon_gateway.listen import Listen
from beacon_gateway.pipeline import Pipeline
from beacon_gateway.source import Heard
from beacon_gateway.sources.jsonl import JsonlSource
from beacon_gateway.spool import MEMORY, Spool
from groundwork.adverts.advert import Advert
from groundwork.contracts.codec import decode_frame
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.service import settle
from tests.beacon_gateway.build import BOX, START_MS, STRANGER, advert, clock, key, plan, spool


class Hand:
    """A live source that hears what the test hands it."""

    rewindable = False
    ended = False
    next_ms = None

    def __init__(self) -> None:
        self.waiting: deque[Advert] = deque()
        self.closed = False

    async def start(self) -> None:
        return

    def read(self, _now_ms: int) -> Heard:
        heard = Heard(list(self.waiting), [])
        self.waiting.clear()
        return heard

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        self.closed = True


def box(source: Hand | JsonlSource) -> tuple[Listen, Spool, ManualClock, list[int]]:
    """A listening box, its spool, its clock, and a list that grows by one each time something was sealed."""
    opened, now, told = spool(MEMORY), clock(), list[int]()
    pipeline = Pipeline(plan(), opened, Hops(), source.position)
    return Listen(source, pipeline, now, lambda: told.append(1)), opened, now, told


def rows(of: Spool) -> list[int]:
    """Rows of each waiting batch."""
    found = []
    while (batch := of.oldest()) is not None:
        found.append(decode_frame(batch.body()).rows)
        of.acknowledge(batch.boot, batch.number, batch.number)
    return found


async def test_a_window_is_sealed_and_told_when_it_ends() -> None:
    source = Hand()
    listen, opened, now, told = box(source)
    source.waiting.append(advert(100))
    now.advance(0.4)
    await settle([listen])
    assert (told, rows(opened)) == ([], [])
    now.advance(0.1)
    await settle([listen])
    assert (told, rows(opened)) == ([1], [1])


async def test_a_stopped_radio_leaves_its_open_window_sealed() -> None:
    source = Hand()
    listen, opened, now, told = box(source)
    source.waiting.append(advert(100))
    now.advance(0.2)
    await listen.close()
    assert (source.closed, told, rows(opened)) == (True, [1], [1])


async def test_a_stopped_recording_leaves_its_open_window_for_the_next_run(tmp_path: Path) -> None:
    one = advert(100)
    (tmp_path / "walk").write_text(json.dumps({"at_ms": one.at_ms, "rssi_dbm": -60, "data": one.data.hex()}))
    source = JsonlSource(str(tmp_path / "walk"), BOX)
    await source.start()
    listen, opened, now, _ = box(source)
    now.advance(0.2)
    await settle([listen])
    await listen.close()
    assert rows(opened) == []


async def test_the_wait_ends_with_the_window() -> None:
    listen, _, now, _ = box(Hand())
    now.advance(0.1)
    await settle([listen])
    waiting = asyncio.ensure_future(listen.wait())
    for at_ms, over in ((499, False), (500, True)):
        now.set(START_MS + at_ms)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert waiting.done() is over
    await waiting


async def test_a_crowd_of_strangers_in_a_recording_is_not_remembered(tmp_path: Path) -> None:
    lines = [
        json.dumps({"at_ms": START_MS + at_ms, "rssi_dbm": -60, "data": advert(0, uuid=STRANGER).data.hex()}) for at_ms in range(20_000)
    ]
    (tmp_path / "walk").write_text("\n".join(lines))
    source = JsonlSource(str(tmp_path / "walk"), BOX)
    await source.start()
    listen, _, now, _ = box(source)
    now.advance(19)
    await settle([listen])
    assert len(source._open) <= 500


HOUR_MS = 3_600_000


@pytest.mark.parametrize("by_ms", [HOUR_MS, -HOUR_MS, -START_MS + 60_000, 2_000])
async def test_what_was_heard_before_the_clock_was_set_has_its_time_by_the_new_one(by_ms: int) -> None:
    """Half a window before and half a window after; nothing waits for a time that will not come."""
    source, now = Hand(), clock()
    known = CorrectedClock(now)
    known.correct(by_ms)
    steady = SteadyClock(known)
    opened = Spool(MEMORY, SeededIds(now, 1), steady, known=known, machine="this run")
    pipeline = Pipeline(plan(left_after_ms=30_000), opened, Hops())
    listen = Listen(source, pipeline, steady, lambda: None, steady=steady)
    for half in range(6):
        if half == 3:
            known.correct(0)
            assert steady.now_ms() == now.now_ms() + by_ms, "it jumps when told to, and not by itself"
        source.waiting.append(Advert(BOX, steady.now_ms(), -60.0, advert(0, minor=half).data))
        now.advance(0.25)
        await settle([listen])
    now.advance(1)
    await settle([listen])
    starts = {}
    while (batch := opened.oldest()) is not None:
        timed = opened.timed(batch)
        assert timed is not None
        frame = decode_frame(timed.body())
        for beacon, start_ms in zip(frame.columns["beacon"].cast("I"), frame.columns["window_start_ms"].cast("q"), strict=True):
            starts[frame.header.beacons[beacon]] = start_ms - START_MS
        opened.acknowledge(batch.boot, batch.number, batch.number)
    assert sorted(starts) == [key(half) for half in range(6)]
    assert all(250 * half - 500 <= starts[key(half)] <= 250 * half for half in range(6)), starts


async def test_a_clock_that_is_slewed_is_followed_without_a_word() -> None:
    now = clock()
    known = CorrectedClock(now)
    steady = SteadyClock(known)
    for offset_ms in (400, 800, 1_700):
        known.correct(offset_ms)
        assert not steady.was_set
        assert steady.now_ms() == known.now_ms()
    known.correct(5_000)
    assert steady.was_set
    steady.settle()
    assert (steady.was_set, steady.now_ms()) == (False, known.now_ms())
