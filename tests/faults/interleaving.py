"""Interleaving: runs the product's own coroutines in an order that a seed decides, one await at a time.

Every database call and every hand-over to a channel waits at a gate, before and after; while nobody can move, the schedule opens one gate
of those that wait, or lets the clock reach its next sleeper. The same seed gives the same order, so a failure can be looked at again.
"""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import NullPool

from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Database, create_tables

T = TypeVar("T")

_MOST_GATES: Final = 20_000
"""More than any run here opens; one that opens more goes round in circles."""


class Died(Exception):
    """The process died at the gate at which it was told to."""


class Schedule:
    """Opens gates in an order that `seed` decides; with `dies_at`, everything ends at that gate."""

    def __init__(self, seed: int, clock: ManualClock, dies_at: int | None = None) -> None:
        self.opened = 0
        self.over = False
        self._random = random.Random(seed)
        self._clock = clock
        self._dies_at = dies_at
        self._waiting: list[asyncio.Future[None]] = []

    async def gate(self) -> None:
        """Waits until it is this one's turn."""
        if self.over:
            return
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        await turn

    async def run(self, actors: Sequence[Coroutine[Any, Any, None]], background: Sequence[Coroutine[Any, Any, None]] = ()) -> None:
        """Runs until all `actors` are through, then opens every gate for good and waits for `background`, which looks at `over`.

        Raises what one of them raised, or Died; then everything that was under way is cut off where it stood.
        """
        tasks = [asyncio.ensure_future(actor) for actor in actors]
        others = [asyncio.ensure_future(one) for one in background]
        try:
            while not all(task.done() for task in (*tasks, *others)):
                await self._quiet()
                self.over = all(_through(task) for task in tasks)
                if self.over:
                    self._open_all()
                else:
                    self._open_one()
            for task in (*tasks, *others):
                task.result()
        except BaseException:
            await _end(asyncio.all_tasks() - {asyncio.current_task()})
            raise

    def _open_one(self) -> None:
        self.opened += 1
        assert self.opened < _MOST_GATES, "the run goes round in circles"
        if self.opened == self._dies_at:
            raise Died
        ways = len(self._waiting) + (1 if self._clock.sleepers else 0)
        assert ways, "nobody can move any more"
        chosen = self._random.randrange(ways)
        if chosen < len(self._waiting):
            turn = self._waiting.pop(chosen)
            if not turn.done():
                turn.set_result(None)
        else:
            self._clock.advance(0.05)

    def _open_all(self) -> None:
        for turn in self._waiting:
            if not turn.done():
                turn.set_result(None)
        self._waiting.clear()
        self._clock.advance(0.05)

    async def _quiet(self) -> None:
        """Returns once nothing but gates and the clock can move anybody."""
        loop: Any = asyncio.get_running_loop()
        await asyncio.sleep(0)
        while loop._ready:  # asyncio has no other word for "somebody can go on"
            await asyncio.sleep(0)


def _through(task: "asyncio.Task[None]") -> bool:
    """Whether it has come to its end; raises what it raised."""
    if task.done():
        task.result()
    return task.done()


async def _end(tasks: "set[asyncio.Task[Any]]") -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


class GatedDatabase(Database):
    """SQLite in memory, in this thread; every call waits at a gate before it runs, and once more before its caller hears of it."""

    dialect = "sqlite"

    def __init__(self, raw: sqlite3.Connection, gate: Callable[[], Awaitable[None]]) -> None:
        self.gate = gate
        self._conn = _connected(raw)

    async def write(self, work: Callable[[Connection], T]) -> T:
        await self.gate()
        with self._conn.begin():
            result = work(self._conn)
        await self.gate()
        return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        await self.gate()
        result = self.look(work)
        await self.gate()
        return result

    def look(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` at once, for the test itself."""
        with self._conn.begin():
            return work(self._conn)

    async def compact(self) -> bool:
        await self.gate()
        await self.gate()
        return True

    async def close(self) -> None:
        self._conn.close()


def template(populate: Callable[[Connection], T]) -> tuple[sqlite3.Connection, T]:
    """A database in memory with all tables and what `populate` put there, to be copied for each run; and its answer."""
    raw, kept = _connect(), _connect()
    with _connected(raw) as conn:
        with conn.begin():
            create_tables(conn)
            answer = populate(conn)
        raw.backup(kept)
    return kept, answer


def copy_of(raw: sqlite3.Connection) -> sqlite3.Connection:
    """Another database in memory with the same contents."""
    fresh = _connect()
    raw.backup(fresh)
    return fresh


def _connect() -> sqlite3.Connection:
    return sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)


_next: Final[list[sqlite3.Connection]] = []
"""What the engine connects to next."""


@cache
def _engine() -> Engine:
    """One for all runs, because compiling its statements anew would take half of their time."""
    engine = create_engine("sqlite+pysqlite://", creator=_next.pop, poolclass=NullPool)
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql("BEGIN"))
    return engine


def _connected(raw: sqlite3.Connection) -> Connection:
    _next.append(raw)
    return _engine().connect()
