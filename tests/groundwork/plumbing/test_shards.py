"""The shard loop: order, replay, snapshots, poison, lost leases, trouble of the database."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import pytest
from sqlalchemy import func, select

from groundwork.plumbing import queries
from groundwork.plumbing.bus import Entry, LogEntry
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Connection, Database, DatabaseBroken, DatabaseTrouble
from groundwork.plumbing.service import run_loop, settle
from groundwork.plumbing.shards import TRIES, Handler, Prepared, ShardLoop, _Fed
from groundwork.plumbing.tables import LogRow

T = TypeVar("T")
S, OUT = "numbers", "sums"


@dataclass
class Sums(Handler[int]):
    """Adds numbers up and appends each running sum to another stream. `bad` numbers fail in prepare, `worse` ones in effects."""

    bad: frozenset[int] = frozenset()
    worse: frozenset[int] = frozenset()
    total: int = 0
    seen: list[int] = field(default_factory=list)
    calls: list[tuple[int, bool]] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    trouble: int = 0

    def restore(self, state: bytes | None) -> None:
        self.total, self.seen = msgspec.json.decode(state, type=tuple[int, list[int]]) if state else (0, [])

    def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[int]:
        self.calls.append((len(entries), replaying))
        numbers = [int(e.payload) for e in entries]
        out = []
        for number in numbers:
            self.total += number  # before the check, so that a failure leaves a wrong state behind
            if number in self.bad:
                raise ValueError(f"bad {number}")
            self.seen.append(number)
            out.append(Entry(OUT, "k", str(self.total).encode()))

        def effects(conn: Connection) -> int:
            if self.trouble:
                self.trouble -= 1
                raise DatabaseTrouble("disk full")
            if self.worse.intersection(numbers):
                raise ArithmeticError("worse")
            return len(numbers)

        return Prepared(effects, out)

    def state(self) -> bytes:
        return msgspec.json.encode((self.total, self.seen))

    def committed(self, result: int) -> None:
        self.told.append(result)


def loop_of(
    database: Database,
    clock: ManualClock,
    handler: Sums,
    owner: str = "one",
    *,
    batch: int = 4,
    snapshot_every: int = 1_000_000,
    threaded: bool = False,
) -> tuple[LocalBus, ShardLoop]:
    bus = LocalBus(database, clock, owner, {S: 1, OUT: 1})

    def make(shard: int) -> Sums:
        return handler

    return bus, ShardLoop(bus, clock, S, make, batch=batch, snapshot_every=snapshot_every, snapshot_ms=10**12, threaded=threaded)


async def put(bus: LocalBus, *numbers: int) -> None:
    await bus.put([Entry(S, "k", str(n).encode()) for n in numbers])


async def sums(database: Database) -> list[int]:
    return [int(e.payload) for e in await database.read(lambda conn: queries.entries_after(conn, OUT, 0, 0, 1000))]


async def test_every_entry_is_handled_once_in_order_and_what_follows_goes_out_with_it(database: Database, clock: ManualClock) -> None:
    handler = Sums()
    bus, loop = loop_of(database, clock, handler)
    await put(bus, *range(1, 11))
    await settle([loop])
    assert handler.seen == list(range(1, 11))
    assert await sums(database) == [1, 3, 6, 10, 15, 21, 28, 36, 45, 55]
    assert handler.told == [4, 4, 2]


async def test_a_restart_rebuilds_the_state_and_repeats_no_effect(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, Sums())
    await put(bus, 1, 2, 3, 4, 5)
    await settle([loop])
    fresh = Sums()
    _, heir = loop_of(database, clock, fresh)  # the first one was killed: no close, no snapshot
    await put(bus, 6)
    await settle([heir])
    assert fresh.seen == [1, 2, 3, 4, 5, 6]
    assert [replaying for _, replaying in fresh.calls] == [True, True, False]
    assert fresh.told == [1]
    assert await sums(database) == [1, 3, 6, 10, 15, 21]


async def test_a_restart_starts_from_the_snapshot_and_the_log_is_trimmed_below_it(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, Sums(), snapshot_every=4)
    await put(bus, 1, 2, 3, 4, 5)
    await settle([loop])
    left = await database.read(lambda conn: conn.execute(select(func.count()).select_from(LogRow).where(LogRow.stream == S)).scalar_one())
    assert left == 1
    fresh = Sums()
    _, heir = loop_of(database, clock, fresh)
    await settle([heir])
    assert fresh.seen == [1, 2, 3, 4, 5]
    assert fresh.calls == [(1, True)]


async def test_closing_stores_a_snapshot_so_that_nothing_is_replayed(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, Sums())
    await put(bus, 1, 2, 3)
    await settle([loop])
    await loop.close()
    fresh = Sums()
    _, heir = loop_of(database, clock, fresh, "two")
    await settle([heir])
    assert (fresh.seen, fresh.calls) == ([1, 2, 3], [])


async def test_a_snapshot_is_also_due_after_a_time(database: Database, clock: ManualClock) -> None:
    bus = LocalBus(database, clock, "one", {S: 1, OUT: 1})
    loop = ShardLoop(bus, clock, S, lambda _: Sums(), snapshot_ms=5_000)
    await put(bus, 1)
    await settle([loop])
    assert await database.read(lambda conn: queries.snapshot(conn, S, 0)) is None
    clock.advance(5)
    await put(bus, 2)
    await settle([loop])
    stored = await database.read(lambda conn: queries.snapshot(conn, S, 0))
    assert stored is not None
    assert stored.position == 2


@pytest.mark.parametrize("kind", ["prepare", "effects"])
async def test_a_poison_entry_is_buried_after_three_tries_alone_and_the_shard_moves_on(
    database: Database, clock: ManualClock, kind: str
) -> None:
    poison = frozenset({3})
    handler = Sums(bad=poison) if kind == "prepare" else Sums(worse=poison)
    bus, loop = loop_of(database, clock, handler)
    await put(bus, 1, 2, 3, 4, 5)
    await settle([loop])
    assert handler.seen == [1, 2, 4, 5]
    assert await sums(database) == [1, 3, 7, 12]
    [(buried, reason)] = await database.read(lambda conn: queries.dead_letters(conn, S, 0))
    assert buried.payload == b"3"
    assert reason in ("ValueError: bad 3", "ArithmeticError: worse")
    assert loop.buried == 1
    assert loop.rebuilt == 4  # once for the batch, three times for the entry alone


async def test_a_buried_entry_is_left_out_of_every_later_replay(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, Sums(bad=frozenset({2, 5})))
    await put(bus, 1, 2, 3, 4, 5)
    await settle([loop])
    fresh = Sums(bad=frozenset({2, 5}))
    _, heir = loop_of(database, clock, fresh)
    await put(bus, 6)
    await settle([heir])
    assert fresh.seen == [1, 3, 4, 6]
    assert heir.rebuilt == 0


async def test_a_new_entry_behind_a_buried_one_is_not_taken_for_a_replayed_one(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, Sums(bad=frozenset({4})))
    await put(bus, 1, 2, 3, 4, 5, 6)
    await settle([loop])
    fresh = Sums(bad=frozenset({4}))
    _, heir = loop_of(database, clock, fresh)  # its first read ends with the buried entry
    await put(bus, 7)
    await settle([heir])
    assert fresh.seen == [1, 2, 3, 5, 6, 7]
    assert await sums(database) == [1, 3, 6, 11, 17, 24]


async def test_poison_behind_a_run_of_buried_entries_is_found_and_buried(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, Sums(bad=frozenset({2, 3, 4})))
    await put(bus, 1, 2, 3, 4)
    await settle([loop])
    fresh = Sums(bad=frozenset({6}))
    _, heir = loop_of(database, clock, fresh)
    await put(bus, 5, 6, 7)
    async with asyncio.timeout(10):
        await settle([heir])
    assert fresh.seen == [1, 5, 7]
    assert await sums(database) == [1, 6, 13]


class Shaky(Database):
    """A database that can be made to hang, or to be broken, when it is to write."""

    def __init__(self, inner: Database) -> None:
        self._inner = inner
        self.hangs = self.broken = False
        self.hanging = asyncio.Event()

    @property
    def dialect(self) -> str:
        return self._inner.dialect

    async def write(self, work: Callable[[Connection], T]) -> T:
        if self.broken:
            raise DatabaseBroken("a write failed")
        if self.hangs:
            self.hanging.set()
            await asyncio.Event().wait()
        return await self._inner.write(work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self._inner.read(work)

    async def compact(self) -> bool:
        return await self._inner.compact()

    async def close(self) -> None:
        await self._inner.close()


async def test_a_stop_while_an_entry_is_buried_keeps_no_snapshot_of_the_failed_state(database: Database, clock: ManualClock) -> None:
    class Third(Sums):
        failures = 0

        def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[int]:
            try:
                return super().prepare(entries, replaying)
            except ValueError:
                self.failures += 1
                shaky.hangs = self.failures == TRIES  # what is written next buries the entry
                raise

    shaky = Shaky(database)
    bus, loop = loop_of(shaky, clock, Third(bad=frozenset({2})))
    await put(bus, 1)
    await settle([loop])
    await put(bus, 2)
    running = asyncio.create_task(settle([loop]))
    await asyncio.wait_for(shaky.hanging.wait(), 5)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    shaky.hangs = False
    await loop.close()
    assert await database.read(lambda conn: queries.snapshot(conn, S, 0)) is None


async def test_an_entry_that_turns_poison_when_replayed_is_buried_too(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, Sums())
    await put(bus, 1, 2, 3)
    await settle([loop])
    fresh = Sums(bad=frozenset({2}))
    _, heir = loop_of(database, clock, fresh)
    await put(bus, 4)
    await settle([heir])
    assert fresh.seen == [1, 3, 4]
    assert await sums(database) == [1, 3, 6, 8]


async def test_an_entry_that_fails_once_is_not_buried(database: Database, clock: ManualClock) -> None:
    class Moody(Sums):
        failures = 2

        def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[int]:
            if self.failures and any(e.payload == b"2" for e in entries):
                self.failures -= 1
                raise OSError("a hiccup")
            return super().prepare(entries, replaying)

    handler = Moody()
    bus, loop = loop_of(database, clock, handler)
    await put(bus, 1, 2, 3)
    await settle([loop])
    assert handler.seen == [1, 2, 3]
    assert loop.buried == 0


async def test_trouble_of_the_database_buries_nothing_and_is_tried_again_after_a_pause(database: Database, clock: ManualClock) -> None:
    handler = Sums(trouble=5)
    bus, loop = loop_of(database, clock, handler)
    await put(bus, 1, 2)
    for _ in range(5):
        await settle([loop])
        assert loop.trouble == "disk full"
        assert await sums(database) == []
        clock.advance(1)
    await settle([loop])
    assert (handler.seen, await sums(database), loop.buried, loop.trouble) == ([1, 2], [1, 3], 0, "")


async def test_a_broken_database_ends_the_loop(database: Database, clock: ManualClock) -> None:
    shaky = Shaky(database)
    _, loop = loop_of(shaky, clock, Sums())
    shaky.broken = True
    with pytest.raises(DatabaseBroken):
        await loop.step()


async def test_of_two_processes_one_works_and_the_other_takes_over(database: Database, clock: ManualClock) -> None:
    first, second = Sums(), Sums()
    bus, loop = loop_of(database, clock, first, "one")
    _, other = loop_of(database, clock, second, "two")
    await put(bus, 1, 2)
    await settle([loop, other])
    assert (first.seen, second.seen) == ([1, 2], [])
    await put(bus, 3)
    clock.advance(3.5)  # the first one is frozen
    await settle([other])
    assert second.seen == [1, 2, 3]
    await settle([loop, other])
    assert loop.held == ()
    assert await sums(database) == [1, 3, 6]


async def test_an_owner_frozen_between_prepare_and_commit_changes_nothing(database: Database, clock: ManualClock) -> None:
    thawed = asyncio.Event()

    class Frozen(ShardLoop):
        async def _commit(self, fed: _Fed) -> None:
            await thawed.wait()
            await super()._commit(fed)

    slow, quick = Sums(), Sums()
    bus = LocalBus(database, clock, "one", {S: 1, OUT: 1})
    loop = Frozen(bus, clock, S, lambda _: slow)
    _, other = loop_of(database, clock, quick, "two")
    await put(bus, 1)
    fed = asyncio.create_task(loop.step())
    async with asyncio.timeout(5):
        while not slow.calls:
            await asyncio.sleep(0.001)
    clock.advance(3.5)
    await settle([other])
    thawed.set()
    await fed
    assert (slow.told, quick.told) == ([], [1])
    assert await sums(database) == [1]
    assert loop.held == ()


async def test_a_running_loop_wakes_for_new_entries_and_closes_when_asked(database: Database, clock: ManualClock) -> None:
    handler = Sums()
    bus, loop = loop_of(database, clock, handler)
    stopping = asyncio.Event()
    running = asyncio.create_task(run_loop(loop, stopping))
    for n in (1, 2, 3):
        await put(bus, n)
        async with asyncio.timeout(5):
            while len(handler.told) < n:
                await asyncio.sleep(0.001)
    stopping.set()
    await asyncio.wait_for(running, 5)
    assert loop.held == ()
    stored = await database.read(lambda conn: queries.snapshot(conn, S, 0))
    assert stored is not None
    assert stored.position == 3


async def test_shards_share_a_step_and_stay_apart(database: Database, clock: ManualClock) -> None:
    bus = LocalBus(database, clock, "one", {S: 3, OUT: 1})
    handlers = {shard: Sums() for shard in range(3)}
    loop = ShardLoop(bus, clock, S, handlers.__getitem__)
    await bus.put([Entry(S, f"k{n}", str(n).encode()) for n in range(30)])
    await settle([loop])
    assert sorted(n for handler in handlers.values() for n in handler.seen) == list(range(30))
    for shard, handler in handlers.items():
        assert handler.seen == [n for n in range(30) if bus.shard_of(S, f"k{n}") == shard]
        assert loop.handler(shard) is handler
