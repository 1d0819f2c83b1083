"""What a service is made of: routes for the HTTP server, and loops that do what can be done and then wait.

A loop's `step` never waits, so a replay can call it until nothing is left to do and own the time in between.
"""

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar, Final, Protocol

import structlog

from groundwork.plumbing.clock import Clock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import Ids

if TYPE_CHECKING:  # a process without a database can run loops too
    from groundwork.plumbing.bus import Bus
    from groundwork.plumbing.db import Database
    from groundwork.plumbing.http import Route


_PAUSE_S: Final = 1.0
"""How long a loop rests after trouble: short against what a person notices, long against what a database needs to come back."""
_log = structlog.get_logger()


class Trouble(Exception):
    """Something that a loop needs (the database) is out of order: nothing was done, and the same step may succeed later."""

    passing: ClassVar[bool] = True
    """False where it stays so until the process starts anew."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What every service is given; `app.py` of each package takes it with the package's own settings."""

    db: "Database"
    bus: "Bus"
    clock: Clock
    ids: Ids
    hops: Hops
    randbytes: Callable[[int], bytes] = secrets.token_bytes
    """Where keys, codes and tokens come from; a seeded source in replays and tests."""


class Loop(Protocol):
    """One thing a service does again and again."""

    @property
    def name(self) -> str: ...

    async def step(self) -> bool:
        """Does what can be done now; True when something was done. Never waits for time or for others."""
        ...

    async def wait(self) -> None:
        """Returns when another step may be worth it."""
        ...

    async def close(self) -> None:
        """Finishes and gives up what it holds."""
        ...


async def _nothing() -> None:
    return None


@dataclass(frozen=True, slots=True)
class Service:
    """A built service. `start` loads what it keeps in memory; `ready` says what is missing, empty when nothing is."""

    name: str
    routes: Sequence["Route"] = ()
    loops: Sequence[Loop] = ()
    start: Callable[[], Awaitable[None]] = _nothing
    stop: Callable[[], Awaitable[None]] = _nothing
    ready: Callable[[], str] = field(default=lambda: "")


async def settle(loops: Sequence[Loop]) -> int:
    """Steps all loops in order, round after round, until a whole round finds nothing to do; returns how many steps did something."""
    done = 0
    while True:
        did = [await loop.step() for loop in loops]
        if not any(did):
            return done
        done += sum(did)


async def run_loop(loop: Loop, stopping: asyncio.Event) -> None:
    """Steps and waits until `stopping` is set; finishes the step under way. Passing Trouble costs a pause, any other error the loop."""
    stopped = asyncio.ensure_future(stopping.wait())
    try:
        while not stopping.is_set():
            try:
                did = await loop.step()
            except Trouble as trouble:
                if not trouble.passing:
                    raise
                _log.warning("loop_pauses", loop=loop.name, trouble=str(trouble))
                await asyncio.wait({stopped}, timeout=_PAUSE_S)
                continue
            if did:
                continue
            waiting = asyncio.ensure_future(loop.wait())
            await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if waiting.done():
                waiting.result()
            else:
                waiting.cancel()
    finally:
        stopped.cancel()
        await loop.close()
