"""Real processes that are killed or frozen: nothing lost, nothing twice, nothing out of order; and an answer means fsynced."""

import asyncio
import itertools
import shutil
import signal
import sys
from asyncio.subprocess import DEVNULL, Process
from functools import partial
from pathlib import Path

import pytest

from groundwork.plumbing import queries
from groundwork.plumbing.bus import Append, Entry
from groundwork.plumbing.db import Connection, Database
from tests.data import PROJECT
from tests.groundwork.plumbing.summing import NUMBERS, SUMS, bus_on

pytestmark = pytest.mark.faults
COUNT = 120


async def worker(url: str, owner: str) -> Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.groundwork.plumbing.summing", url, owner, cwd=PROJECT, stdout=DEVNULL, stderr=DEVNULL
    )


async def sums(database: Database) -> list[int]:
    return [int(e.payload) for e in await database.read(lambda conn: queries.entries_after(conn, SUMS, 0, 0, 10 * COUNT))]


def admit(conn: Connection, number: int) -> Append:
    return Append(b"ok", [Entry(NUMBERS, "k", str(number).encode())])


async def feed(database: Database) -> None:
    """Appends the numbers, each of them twice as a sender does that missed the answer."""
    bus = bus_on(database, "feeder")
    for number in range(1, COUNT + 1):
        await bus.append(("t", str(number)), partial(admit, number=number))
        await bus.append(("t", str(number)), partial(admit, number=number))
        await asyncio.sleep(0.01)


async def reached(database: Database, count: int) -> None:
    async with asyncio.timeout(60):
        while len(await sums(database)) < count:
            await asyncio.sleep(0.02)


# A frozen process may hold SQLite's one write lock for as long as it likes; a deployment on SQLite is one process.
@pytest.mark.parametrize(
    ("database_url", "blow"),
    [("sqlite", signal.SIGKILL), ("postgresql", signal.SIGKILL), ("postgresql", signal.SIGSTOP)],
    ids=["sqlite-killed", "postgresql-killed", "postgresql-frozen"],
    indirect=["database_url"],
)
async def test_owners_that_die_or_freeze_lose_nothing_and_repeat_nothing(
    database: Database, database_url: str, blow: signal.Signals
) -> None:
    feeding = asyncio.create_task(feed(database))
    processes: list[Process] = []
    try:
        for n, share in enumerate((0.1, 0.4, 0.7)):
            processes.append(await worker(database_url, f"worker-{n}"))
            await reached(database, int(COUNT * share))
            processes[-1].send_signal(blow)
        processes.append(await worker(database_url, "worker-last"))
        await feeding
        if blow == signal.SIGSTOP:
            for process in processes[:-1]:
                process.send_signal(signal.SIGCONT)  # they wake up believing that the shard is still theirs
        await reached(database, COUNT)
        await asyncio.sleep(0.5)
        assert await sums(database) == list(itertools.accumulate(range(1, COUNT + 1)))
    finally:
        feeding.cancel()
        for process in processes:
            if process.returncode is None:
                process.kill()
            await process.wait()


_WRITING = """
import asyncio, sys
from groundwork.plumbing import queries
from groundwork.plumbing.db import create_tables, open_database
import groundwork.plumbing.tables
async def main():
    database = await open_database(sys.argv[1])
    await database.write(create_tables)
    print("MARK", flush=True)
    for _ in range(20):
        await database.write(lambda conn: queries.raise_topic(conn, "t"))
        print("ANSWERED", flush=True)
asyncio.run(main())
"""


async def test_each_answer_comes_after_its_own_fsync(tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("needs strace to see what is fsynced")
    trace = tmp_path / "trace"
    command = (
        strace,
        "-f",
        "-e",
        "trace=fsync,fdatasync,write",
        "-o",
        str(trace),
        sys.executable,
        "-c",
        _WRITING,
        f"sqlite:///{tmp_path / 'one.db'}",
    )
    process = await asyncio.create_subprocess_exec(*command, cwd=PROJECT, stdout=DEVNULL, stderr=DEVNULL)
    if await process.wait():
        pytest.skip("strace is not allowed to trace here")
    lines = trace.read_text().split('"MARK')[1].splitlines()
    synced_between = [any("sync(" in line for line in between) for between in _split(lines)]
    assert len(synced_between) == 20
    assert all(synced_between)


def _split(lines: list[str]) -> list[list[str]]:
    """The lines before each answer."""
    parts: list[list[str]] = [[]]
    for line in lines:
        if '"ANSWERED' in line:
            parts.append([])
        parts[-1].append(line)
    return parts[:-1]
