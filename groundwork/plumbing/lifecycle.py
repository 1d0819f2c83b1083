"""The life of a process: start services, run their loops, serve, and stop in order within a bounded time.

Stopping: readiness off, intake closed and open requests finished, loops finish their step, snapshot and give up their shards, services
stop, the bus releases what is left, the database closes. What was acknowledged is durable at every moment of it, so a process that is
killed half-way loses time and nothing else.
"""

import asyncio
import ipaddress
import signal
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog
from aiohttp import web

from groundwork.plumbing.bus import Bus
from groundwork.plumbing.db import Database
from groundwork.plumbing.service import Loop, Service, run_loop

_log = structlog.get_logger()
_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)

STOP_S: Final = 10.0
"""Most a stop may take: systemd and its like kill after this or more."""
_INTAKE_SHARE: Final = 0.4
"""Of the stop's time, what open requests get before the loops are told."""


class InsecureAddress(Exception):
    """Plain HTTP was asked for on an address others can reach."""

    def __init__(self, host: str) -> None:
        super().__init__(
            f"refusing plain HTTP on {host}: tokens and signatures would cross the network in the clear. "
            "Use --tls self or --tls CERTIFICATE,KEY, listen on 127.0.0.1, or say --insecure if something in front adds TLS."
        )


class Lifecycle:
    """Runs services in this process. `start`, then any number of `serve`, `until_stopped`, `stop`."""

    def __init__(self, services: Sequence[Service], bus: Bus, db: Database, loops: Sequence[Loop] = ()) -> None:
        """`loops` are run beside those of the services (the bus's poll)."""
        self._services = services
        self._loops = [*loops, *(loop for service in services for loop in service.loops)]
        self._bus = bus
        self._db = db
        self._stopping, self._leaving = asyncio.Event(), asyncio.Event()
        self._asked = asyncio.Event()
        self._running: list[asyncio.Task[None]] = []
        self._guests: list[asyncio.Task[None]] = []
        self._runners: list[web.AppRunner] = []
        self._before_close: list[Callable[[], None]] = []
        self._started = False
        self.failure: BaseException | None = None
        """What ended a loop that should have gone on; the process stops, and its exit code is not 0."""

    def ready(self) -> list[str]:
        """What is missing before requests are welcome, for /readyz."""
        if self._asked.is_set():
            return ["stopping"]
        if not self._started:
            return ["starting"]
        missing = [f"{service.name}: {reason}" for service in self._services if (reason := service.ready())]
        return missing + [f"{task.get_name()} has ended" for task in self._running if task.done()]

    async def start(self) -> None:
        """Starts the services in order, then their loops."""
        for service in self._services:
            await service.start()
        self._running = [self._run(loop, self._stopping) for loop in self._loops]
        self._started = True

    def add(self, *loops: Loop) -> None:
        """Runs guests beside the services: loops that call this process over HTTP, and end before it stops listening."""
        self._guests += [self._run(loop, self._leaving) for loop in loops]

    def _run(self, loop: Loop, until: asyncio.Event) -> asyncio.Task[None]:
        task = asyncio.create_task(run_loop(loop, until), name=loop.name)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        if task.cancelled() or self._asked.is_set():
            return
        self.failure = task.exception() or RuntimeError(f"{task.get_name()} ended by itself")
        self.ask_to_stop()  # first, for a log on a full disk may raise
        _log.error("loop_ended", loop=task.get_name(), exc_info=self.failure)

    async def serve(
        self, app: web.Application, host: str, port: int, tls: ssl.SSLContext | None = None, *, insecure: bool = False
    ) -> tuple[str, int]:
        """Serves `app`; returns the address it listens on (`port` 0 takes a free one). Raises InsecureAddress off loopback without TLS."""
        if tls is None and not insecure and not is_loopback(host):
            raise InsecureAddress(host)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=STOP_S * _INTAKE_SHARE)
        await runner.setup()
        await web.TCPSite(runner, host, port, ssl_context=tls).start()
        self._runners.append(runner)
        address = runner.addresses[0]
        return address[0], address[1]

    def before_close(self, call: Callable[[], None]) -> None:
        """Called when intake closes: ends what would otherwise never end (event streams)."""
        self._before_close.append(call)

    def ask_to_stop(self) -> None:
        """Turns readiness off and lets `until_stopped` return."""
        self._asked.set()

    async def until_stopped(self) -> None:
        """Returns at SIGTERM, SIGINT, `ask_to_stop`, or when a loop has failed."""
        self.heed_signals()
        try:
            await self._asked.wait()
        finally:
            loop = asyncio.get_running_loop()
            for name in _SIGNALS:
                loop.remove_signal_handler(name)

    def heed_signals(self) -> None:
        """From now on SIGTERM and SIGINT ask for an ordered stop; before `start`, so that none finds the process half open."""
        loop = asyncio.get_running_loop()
        for name in _SIGNALS:
            loop.add_signal_handler(name, self.ask_to_stop)

    async def stop(self, within_s: float = STOP_S) -> None:
        """Stops everything in order; a part that takes too long is given up with a line in the log, and the next one follows."""
        self.ask_to_stop()
        for call in self._before_close:
            call()
        self._leaving.set()
        await self._bounded("guests", self._end(self._guests), within_s * 0.1)
        await self._bounded("intake", self._close_intake(), within_s * _INTAKE_SHARE + 0.5)
        self._stopping.set()
        await self._bounded("loops", self._end(self._running), within_s * 0.2)
        for service in reversed(self._services):
            await self._bounded(service.name, service.stop(), within_s * 0.1)
        await self._bounded("bus", self._bus.close(), within_s * 0.1)
        await self._bounded("database", self._db.close(), within_s * 0.2)

    async def _close_intake(self) -> None:
        await asyncio.gather(*(runner.cleanup() for runner in self._runners))

    async def _end(self, tasks: Sequence[asyncio.Task[None]]) -> None:
        for task, result in zip(tasks, await asyncio.gather(*tasks, return_exceptions=True), strict=True):
            if isinstance(result, Exception) and result is not self.failure:
                _log.error("loop_not_closed", loop=task.get_name(), exc_info=result)

    async def _bounded(self, part: str, work: Awaitable[None], seconds: float) -> None:
        """Waits for `work` that long, and not for its end when it is told to end: that may hang on the same thing."""
        task = asyncio.ensure_future(work)
        done, _ = await asyncio.wait({task}, timeout=seconds)
        if not done:
            task.cancel()
            _log.error("stop_too_slow", part=part, seconds=seconds)
        elif not task.cancelled() and (error := task.exception()) is not None:
            _log.error("stop_failed", part=part, exc_info=error)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
