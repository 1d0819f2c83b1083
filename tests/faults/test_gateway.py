"""The box's disk and kernel fail it while it sends to a real server: what was acknowledged is there once, and nothing else is missing.

Kills and errors are put in by strace, at the nth call of a kind; the box reads a recording, so a run without faults says what should be
there. What the recording cannot show, an outage beyond the byte budget, is below, on simulated time.
"""

import asyncio
import random
import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import pytest

from beacon_gateway.line import Signing
from beacon_gateway.pipeline import Pipeline
from beacon_gateway.transport import HttpTransport
from beacon_gateway.uplink import Uplink
from groundwork.plumbing.hops import Hops
from tests.beacon_gateway.backend import KEY, backend
from tests.beacon_gateway.build import advert, clock, plan, spool
from tests.faults.processes import Shop, open_shop

SPEED, MINUTES = 6.0, 1.0
_CALM: list[int] = []
WRITES, SYNCS = "pwrite64,write", "fdatasync,fsync"


@dataclass
class Arrived:
    """What a finished box has on its own disk, and what the server has of it."""

    acknowledged: dict[tuple[str, int], int]
    """Rows by boot and number."""
    waiting: int
    set_aside: int
    gaps: int
    inbox: set[tuple[str, int]]


def arrived(shop: Shop) -> Arrived:
    with sqlite3.connect(f"file:{shop.folder / 'box.spool'}?mode=ro", uri=True) as conn:
        batches = list(conn.execute("SELECT boot, number, rows, acked_ms FROM batch"))
        (aside,), (gaps,) = (conn.execute(f"SELECT count(*) FROM {table}").fetchone() for table in ("refused", "gap"))
    known = {(boot, number): rows for boot, number, rows, acknowledged_ms in batches if acknowledged_ms is not None}
    keys = [key.split("/") for (key,) in shop.rows("SELECT key FROM inbox")]
    return Arrived(known, len(batches) - len(known), aside, gaps, {(key[-2], int(key[-1])) for key in keys})


@asynccontextmanager
async def playing(folder: Path) -> AsyncIterator[Shop]:
    """A shop whose server is up and whose box has not begun."""
    shop = await open_shop(folder, seed=5, shoppers=3, minutes=MINUTES, speed=SPEED)
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5)) as http:
            shop.server.start()
            await shop.until_ready(http)
            yield shop
    finally:
        shop.close()


async def ended(shop: Shop, seconds: float = 90) -> int:
    """The box's exit code, once it has ended."""
    async with asyncio.timeout(seconds):
        while (code := shop.gateway.exit_code()) is None:
            await asyncio.sleep(0.05)
    return code


async def under(shop: Shop, inject: str) -> int:
    """Runs the box with a fault put into it until it ends. strace counts in each thread by itself, and stands beside the box (`-D`)."""
    calls = inject.partition(":")[0]
    plain = shop.gateway.arguments
    log = str(shop.folder / "strace.log")
    shop.gateway.arguments = ["strace", "-D", "-f", "-qq", "-e", f"trace={calls}", "-e", f"inject={inject}", "-o", log, *plain]
    try:
        shop.gateway.start()
        return await ended(shop)
    finally:
        shop.gateway.arguments = plain


async def undisturbed(folder: Path) -> int:
    """Rows that arrive where nothing goes wrong; found once, for the recording is the same each time."""
    if not _CALM:
        folder.mkdir()
        async with playing(folder) as shop:
            shop.gateway.start()
            assert await ended(shop) == 0, shop.gateway.log.read_text()[-3_000:]
            _CALM.append(sum(arrived(shop).acknowledged.values()))
    return _CALM[0]


def all_there(shop: Shop, rows: int) -> None:
    """Everything that was acknowledged is on the server, once, and nothing else is missing."""
    found = arrived(shop)
    assert (found.waiting, found.set_aside, found.gaps) == (0, 0, 0), found
    assert set(found.acknowledged) <= found.inbox
    assert len(found.inbox) == len(shop.rows("SELECT key FROM inbox"))
    assert sum(found.acknowledged.values()) == rows


@pytest.mark.faults
@pytest.mark.skipif(shutil.which("strace") is None, reason="missing tool: strace")
@pytest.mark.parametrize("rounds", [3, pytest.param(60, marks=pytest.mark.long)])
async def test_killed_at_any_write_and_any_sync_it_loses_nothing_that_can_be_read_again(tmp_path: Path, rounds: int) -> None:
    rows = await undisturbed(tmp_path / "calm")
    assert rows > 50, "the recording is too quiet to show anything"
    rng, killed = random.Random(rounds), 0
    (tmp_path / "killed").mkdir()
    async with playing(tmp_path / "killed") as shop:
        for number in range(rounds):
            calls = (WRITES, SYNCS)[number % 2]
            killed += await under(shop, f"{calls}:signal=KILL:when={rng.randrange(2, 40)}") != 0
        shop.gateway.start()
        assert await ended(shop) == 0, shop.gateway.log.read_text()[-3_000:]
        all_there(shop, rows)
    assert killed, "no run was killed"


@pytest.mark.faults
@pytest.mark.skipif(shutil.which("strace") is None, reason="missing tool: strace")
@pytest.mark.parametrize(
    ("calls", "error", "when"),
    [
        ("pwrite64", "ENOSPC", "60..66"),
        ("pwrite64", "EIO", "60..66"),
        ("fdatasync,fsync", "EIO", "8..14"),
        ("pwrite64", "ENOSPC", "20..30"),
    ],
)
async def test_a_disk_that_refuses_for_a_while_costs_nothing(tmp_path: Path, calls: str, error: str, when: str) -> None:
    """Rows wait in memory while the disk takes none; a box that cannot even open its spool says so, and is started again."""
    rows = await undisturbed(tmp_path / "calm")
    (tmp_path / "refused").mkdir()
    async with playing(tmp_path / "refused") as shop:
        code = await under(shop, f"{calls}:error={error}:when={when}")
        assert code in (0, 3), shop.gateway.log.read_text()[-3_000:]
        assert (shop.folder / "strace.log").read_text().count("INJECTED") > 0
        if code:
            shop.gateway.start()
            assert await ended(shop) == 0, shop.gateway.log.read_text()[-3_000:]
        all_there(shop, rows)


@pytest.mark.faults
async def test_a_server_that_is_away_for_a_day_gets_the_rest_and_a_report_of_every_gap(tmp_path: Path, unused_tcp_port: int) -> None:
    """Twenty-four hours of simulated time against a budget of an hour or so: each advert is in a row that arrived, or in a gap told."""
    now, hops = clock(), Hops()
    opened = spool(tmp_path / "s", now=now, max_bytes=60_000)
    pipeline = Pipeline(plan(window_ms=1_000, seal_every_ms=60_000, hold_ms=0), opened, hops)
    uplink = Uplink(opened, HttpTransport(f"http://127.0.0.1:{unused_tcp_port}"), Signing(KEY, "k1"), now, random.Random(1), hops)
    start_ms, heard = now.now_ms(), 0
    for minute in range(24 * 60):
        for at_ms in (100, 30_100):
            pipeline.hear([advert(minute * 60_000 + at_ms, minor=minute % 7)])
            heard += 1
        now.set(start_ms + (minute + 1) * 60_000)
        pipeline.advance(now.now_ms())
        if minute % 10 == 0:
            uplink.wake()
            assert await uplink.step() is False
    lost = opened.gaps()
    assert lost, "the budget was too large to show anything"
    async with backend(unused_tcp_port) as server:
        while True:  # the budget's last cost is told in the first batch that is sealed with room to spare
            now.advance(60)
            pipeline.advance(now.now_ms())
            uplink.wake()
            while await uplink.step():
                uplink.wake()
                now.advance(1)
            if uplink.empty.is_set() and not opened.unreported_gaps:
                break
            pipeline.hear([advert(now.now_ms() - start_ms + 100)])
            heard += 1
        headers = [frame.header for frame in server.frames]
        told = [(gap.boot, number) for header in headers for gap in header.gaps for number in range(gap.first, gap.last + 1)]
        given_up = [(gap.boot, number) for gap in lost for number in range(gap.first, gap.last + 1)]
        assert sorted(told) == sorted(given_up)
        assert len(set(told)) == len(told)
        assert {(header.boot, header.batch) for header in headers}.isdisjoint(told)
        sent, gone = sum(frame.rows for frame in server.frames), sum(gap.adverts for header in headers for gap in header.gaps)
        assert sent + gone == heard
    await uplink.close()
    assert all(hop.missing() == 0 for hop in hops.all())
