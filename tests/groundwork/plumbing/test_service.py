"""Loops: settled when a whole round does nothing, run until told to stop."""

import asyncio

import pytest
from structlog.testing import capture_logs

from groundwork.plumbing import service
from groundwork.plumbing.db import DatabaseBroken, DatabaseTrouble
from groundwork.plumbing.service import Loop, Service, run_loop, settle


class Work(Loop):
    """Does `left` pieces of work; each piece of the first may make one for `feeds`."""

    name = "work"

    def __init__(self, left: int, feeds: "Work | None" = None) -> None:
        self.left = left
        self.feeds = feeds
        self.done = 0
        self.waits = 0
        self.closed = False
        self.more = asyncio.Event()

    async def step(self) -> bool:
        if not self.left:
            return False
        self.left -= 1
        self.done += 1
        if self.feeds:
            self.feeds.left += 1
        return True

    async def wait(self) -> None:
        self.waits += 1
        await self.more.wait()
        self.more.clear()

    async def close(self) -> None:
        self.closed = True


async def test_settling_goes_on_until_nobody_has_anything_to_do() -> None:
    second = Work(0)
    first = Work(3, second)
    assert await settle([second, first]) == 6
    assert (first.done, second.done) == (3, 3)
    assert await settle([first, second]) == 0


async def test_a_loop_runs_waits_runs_again_and_is_closed_at_the_end() -> None:
    work, stopping = Work(2), asyncio.Event()
    running = asyncio.create_task(run_loop(work, stopping))
    async with asyncio.timeout(5):
        while not work.waits:
            await asyncio.sleep(0)
        work.left = 1
        work.more.set()
        while work.done < 3:
            await asyncio.sleep(0)
        stopping.set()
        await running
    assert work.closed


async def test_a_loop_that_fails_is_closed_and_says_why() -> None:
    class Failing(Work):
        async def step(self) -> bool:
            raise RuntimeError("broke down")

    work = Failing(1)
    with pytest.raises(RuntimeError, match="broke down"):
        await run_loop(work, asyncio.Event())
    assert work.closed


async def test_a_loop_outlives_trouble_that_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Troubled(Work):
        troubles = 2

        async def step(self) -> bool:
            if self.troubles:
                self.troubles -= 1
                raise DatabaseTrouble("disk full")
            return await super().step()

    monkeypatch.setattr(service, "_PAUSE_S", 0.001)
    work, stopping = Troubled(1), asyncio.Event()
    with capture_logs() as logs:
        running = asyncio.create_task(run_loop(work, stopping))
        async with asyncio.timeout(5):
            while not work.done:
                await asyncio.sleep(0.001)
            stopping.set()
            await running
    assert [(line["loop"], line["trouble"]) for line in logs] == [("work", "disk full")] * 2


async def test_trouble_that_stays_ends_a_loop() -> None:
    class Broken(Work):
        async def step(self) -> bool:
            raise DatabaseBroken("a write failed")

    with pytest.raises(DatabaseBroken):
        await run_loop(Broken(1), asyncio.Event())


async def test_a_pause_after_trouble_ends_when_the_loop_is_told_to_stop() -> None:
    class Troubled(Work):
        async def step(self) -> bool:
            stopping.set()
            raise DatabaseTrouble("disk full")

    stopping = asyncio.Event()
    await asyncio.wait_for(run_loop(Troubled(1), stopping), 0.5)


async def test_a_service_without_wishes_is_ready() -> None:
    shop = Service("shop")
    await shop.start()
    assert shop.ready() == ""
    await shop.stop()
