"""A process's life: start, readiness, serving, stopping in order, and what happens when a part fails."""

import asyncio
import contextlib
import os
import signal
from collections.abc import Sequence
from pathlib import Path

import pytest
from aiohttp import ClientSession, web
from structlog.testing import capture_logs

from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import SystemClock
from groundwork.plumbing.db import Database, create_tables, open_database
from groundwork.plumbing.lifecycle import InsecureAddress, Lifecycle, is_loopback
from groundwork.plumbing.service import Loop, Service


class Steps(Loop):
    """Notes what is asked of it; waits until it is poked."""

    name = "steps"

    def __init__(self, log: list[str], fail: bool = False, stuck: bool = False) -> None:
        self.log = log
        self.fail = fail
        self.stuck = stuck

    async def step(self) -> bool:
        if self.fail:
            raise RuntimeError("broke down")
        return False

    async def wait(self) -> None:
        await asyncio.Event().wait()

    async def close(self) -> None:
        if self.stuck:
            await asyncio.Event().wait()
        self.log.append("loop closed")


class Noting:
    """A database and bus whose closing is noted."""

    def __init__(self, log: list[str], database: Database) -> None:
        self.db = _NotingDatabase(log, database)
        self.bus = _NotingBus(log, self.db)


class _NotingDatabase:
    def __init__(self, log: list[str], inner: Database) -> None:
        self.log, self.inner = log, inner
        self.dialect, self.write, self.read, self.compact = inner.dialect, inner.write, inner.read, inner.compact

    async def close(self) -> None:
        self.log.append("database closed")
        await self.inner.close()


class _NotingBus(LocalBus):
    def __init__(self, log: list[str], db: Database) -> None:
        super().__init__(db, SystemClock(), "one", {})
        self.log = log

    async def close(self) -> None:
        self.log.append("bus closed")
        await super().close()


async def process(tmp_path: Path, log: list[str], loops: Sequence[Loop]) -> Lifecycle:
    database = await open_database(f"sqlite:///{tmp_path / 'one.db'}")
    await database.write(create_tables)
    noting = Noting(log, database)

    async def start() -> None:
        log.append("service started")

    async def stop() -> None:
        log.append("service stopped")

    return Lifecycle([Service("shop", loops=loops, start=start, stop=stop)], noting.bus, noting.db)


def app_of(life: Lifecycle, log: list[str], asked: asyncio.Event | None = None) -> web.Application:
    """One route; with `asked` it says that it was asked, and answers only once the process is stopping."""

    async def work(request: web.Request) -> web.Response:
        if asked is not None:
            asked.set()
            while life.ready() != ["stopping"]:
                await asyncio.sleep(0.005)
        log.append("request finished")
        return web.json_response(life.ready())

    app = web.Application()
    app.router.add_get("/", work)
    return app


class Guest(Steps):
    """Calls the process it runs in, once more as it ends."""

    name = "guest"
    url = ""

    async def close(self) -> None:
        async with ClientSession() as session, session.get(self.url) as answer:
            self.log.append(f"guest was answered {answer.status}")


async def test_guests_end_before_the_process_stops_listening(tmp_path: Path) -> None:
    log: list[str] = []
    life = await process(tmp_path, log, [Steps(log)])
    await life.start()
    host, port = await life.serve(app_of(life, log), "127.0.0.1", 0)
    guests = [Guest(log), Guest(log)]
    for guest in guests:
        guest.url = f"http://{host}:{port}/"
    life.add(*guests)
    await life.stop()
    said = ["request finished", "guest was answered 200"]
    assert sorted(log[1:5]) == sorted(said * 2)
    assert log[5] == "loop closed"
    assert life.failure is None


async def test_a_process_stops_in_order_and_finishes_open_requests_first(tmp_path: Path) -> None:
    log: list[str] = []
    life = await process(tmp_path, log, [Steps(log)])
    assert life.ready() == ["starting"]
    await life.start()
    assert life.ready() == []
    host, port = await life.serve(app_of(life, log, asked := asyncio.Event()), "127.0.0.1", 0)
    async with ClientSession() as session:
        asking = asyncio.create_task(session.get(f"http://{host}:{port}/"))
        await asked.wait()
        await life.stop()
        answer = await asking
        assert await answer.json() == ["stopping"]
    assert log == ["service started", "request finished", "loop closed", "service stopped", "bus closed", "database closed"]


async def test_sigterm_asks_to_stop(tmp_path: Path) -> None:
    life = await process(tmp_path, [], [])
    await life.start()
    waiting = asyncio.create_task(life.until_stopped())
    await asyncio.sleep(0)
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(waiting, 5)
    assert life.ready() == ["stopping"]
    assert life.failure is None
    await life.stop()


async def test_a_loop_that_breaks_down_stops_the_process_and_is_named(tmp_path: Path) -> None:
    life = await process(tmp_path, [], [Steps([], fail=True)])
    with capture_logs() as logs:
        await life.start()
        await asyncio.wait_for(life.until_stopped(), 5)
    assert str(life.failure) == "broke down"
    assert [line["loop"] for line in logs if line["event"] == "loop_ended"] == ["steps"]
    await life.stop()


async def test_a_part_that_hangs_does_not_keep_the_rest_from_closing(tmp_path: Path) -> None:
    log: list[str] = []
    life = await process(tmp_path, log, [Steps(log, stuck=True)])
    await life.start()
    with capture_logs() as logs:
        await life.stop(within_s=4)
    assert log == ["service started", "service stopped", "bus closed", "database closed"]
    assert [line["part"] for line in logs if line["event"] == "stop_too_slow"] == ["loops"]


async def test_a_part_that_will_not_be_cancelled_does_not_keep_the_rest_from_closing(tmp_path: Path) -> None:
    log: list[str] = []

    class Stubborn(Steps):
        async def close(self) -> None:
            while not enough.is_set():
                with contextlib.suppress(asyncio.CancelledError):
                    await enough.wait()

    enough = asyncio.Event()
    life = await process(tmp_path, log, [Stubborn(log)])
    await life.start()
    async with asyncio.timeout(10):
        await life.stop(within_s=1)
    assert log[-1] == "database closed"
    enough.set()


async def test_plain_http_off_loopback_is_refused_unless_asked_for(tmp_path: Path) -> None:
    life = await process(tmp_path, [], [])
    for host in ("0.0.0.0", "192.168.1.5", "shop.example", "::"):
        with pytest.raises(InsecureAddress, match="refusing plain HTTP on"):
            await life.serve(web.Application(), host, 0)
    await life.serve(web.Application(), "127.0.0.1", 0, insecure=True)
    await life.stop()


def test_loopback_is_known_in_all_its_forms() -> None:
    assert all(map(is_loopback, ("localhost", "127.0.0.1", "127.8.9.1", "::1")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "10.0.0.1", "localhost.example", "")))
