"""The shard loop with handlers that prepare on a thread: the same order, a loop that goes on, and no state that runs ahead."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from groundwork.plumbing.bus import LogEntry
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Database
from groundwork.plumbing.service import settle
from groundwork.plumbing.shards import Prepared
from tests.groundwork.plumbing.test_shards import Sums, loop_of, put, sums


async def test_a_threaded_handler_does_the_same_in_the_same_order(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, handler := Sums(bad=frozenset({4})), snapshot_every=4, threaded=True)
    await put(bus, *range(1, 8))
    await settle([loop])
    assert handler.seen == [1, 2, 3, 5, 6, 7]
    assert await sums(database) == [1, 3, 6, 11, 17, 24]
    assert loop.buried == 1


@dataclass
class Slow(Sums):
    """Prepares only when it is let go."""

    begun: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[int]:
        self.begun.set()
        self.go.wait(10)
        return super().prepare(entries, replaying)


async def test_the_loop_goes_on_while_a_threaded_handler_prepares(database: Database, clock: ManualClock) -> None:
    bus, loop = loop_of(database, clock, handler := Slow(), threaded=True)
    await put(bus, 1, 2)
    step = asyncio.ensure_future(loop.step())
    await asyncio.to_thread(handler.begun.wait, 10)
    assert not step.done()
    handler.go.set()
    assert await step
    await settle([loop])
    assert await sums(database) == [1, 3]


@pytest.mark.parametrize("bad", [frozenset[int](), frozenset({2})], ids=["sound", "bad"])
async def test_whoever_stops_the_loop_waits_for_the_thread_and_keeps_no_state_that_runs_ahead(
    database: Database, clock: ManualClock, bad: frozenset[int]
) -> None:
    bus, loop = loop_of(database, clock, handler := Slow(bad=bad), threaded=True)
    await put(bus, 1, 2, 3)
    step = asyncio.ensure_future(loop.step())
    await asyncio.to_thread(handler.begun.wait, 10)
    step.cancel()
    handler.go.set()
    with pytest.raises(asyncio.CancelledError):
        await step
    await loop.close()
    fresh = Sums()
    _, heir = loop_of(database, clock, fresh, "two")
    clock.set(clock.now_ms() + 60_000)
    await settle([heir])
    assert fresh.seen == [1, 2, 3]
    assert await sums(database) == [1, 3, 6]
