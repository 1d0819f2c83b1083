"""Shards: the loop that takes shards of a stream, feeds their entries to a handler and commits what it made of them.

A pipeline writes a `Handler` (state in memory, pure `prepare`) and hands `ShardLoop` a function that makes one per shard:

    take shard -> restore(snapshot) -> prepare(entries up to `committed`, replaying=True), thrown away
               -> prepare(new entries, replaying=False) -> one transaction: effects, entries, position, now and then a snapshot -> committed

**Replay.** Entries between the snapshot and the last committed position only rebuild the state in memory. Their effects are in the
database already, so they are not run again, and `committed` is not called: state must follow from the entries and the snapshot alone,
never from what an effect read or answered. (What effects find out belongs into the database, where the next effect reads it.)

**Poison.** When `prepare` or an effect raises, the handler's state is in doubt. It is thrown away and rebuilt from the snapshot, and the
entries of the failed batch are fed one by one. An entry that fails alone three times, each time on a rebuilt handler, is buried with its
reason; replays leave it out from then on, and the shard moves on. `Trouble` (of the database, or of something that is not loaded yet) is
nobody's poison: the same entries are tried again after a pause.

**Order.** All shards read, then all prepare in the order of their numbers, then all commit (sharing one fsync on SQLite), so a replay
does the same in the same order each time.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from groundwork.plumbing.bus import Bus, Entry, LeaseLost, LogEntry, ShardReader
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, DatabaseBroken, DatabaseTrouble
from groundwork.plumbing.service import Trouble

T = TypeVar("T")

TRIES: Final = 3
"""How often an entry may fail alone before it is buried."""
TAKE_MS: Final = 1_000
"""How long to leave a shard alone that another process holds, and how long to pause after trouble."""

_log = structlog.get_logger()


def _no_effects(conn: Connection) -> None:
    """What is run where nothing is to be written."""


@dataclass(frozen=True, slots=True)
class Prepared(Generic[T]):
    """What a handler made of some entries: effects to run and entries to append, both in the transaction that moves the position."""

    effects: Callable[[Connection], T]
    """Runs in the transaction; may be run again after a collision, so it changes nothing but rows. Its answer goes to `committed`."""
    entries: Sequence[Entry] = ()
    snapshot: bool = False
    """Whether a snapshot is stored with this commit though none is due: what the state has forgotten then stands nowhere any more."""


class Handler(Protocol[T]):
    """What a pipeline is to its shard. One handler serves one shard, from one event loop."""

    def restore(self, state: bytes | None) -> None:
        """Becomes what `state` (an earlier answer of `state()`) says; None means a fresh start. Nothing of before may survive this call."""
        ...

    def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[T]:
        """Takes in the entries, in order, and says what follows from them; the same state and entries give the same answer.

        While `replaying` the answer is thrown away: only the state counts, so costly effects need not be made, and hops are not counted.
        May raise on a bad entry, with the state left in any shape. Does not look at the clock or the database.
        """
        ...

    def state(self) -> bytes:
        """The state after everything prepared so far, for a snapshot; asked for between `prepare` and its commit."""
        ...

    def committed(self, result: T) -> None:
        """The last prepared effects are durable and answered `result`: the moment to count, to show, to wake others."""
        ...


@dataclass(slots=True)
class _Held:
    """A shard this loop owns."""

    reader: ShardReader
    handler: Handler[Any]
    at: int
    """Position of the last entry the handler took in."""
    snapshot_at: int
    """Position of the last stored snapshot."""
    snapshot_ms: int
    waiting: deque[LogEntry] = field(default_factory=deque)
    """Entries that were read and not yet fed to the handler."""


@dataclass(slots=True)
class _Fed:
    """What one shard wants committed in this step."""

    shard: int
    held: _Held
    entries: list[LogEntry]
    prepared: Prepared[Any]
    snapshot: bytes | None


class ShardLoop:
    """Loop over every shard of one stream that this process can get hold of."""

    def __init__(
        self,
        bus: Bus,
        clock: Clock,
        stream: str,
        handler: Callable[[int], Handler[Any]],
        *,
        batch: int = 64,
        snapshot_every: int = 1_000,
        snapshot_ms: int = 10_000,
        threaded: bool = False,
    ) -> None:
        """`handler(shard)` makes a fresh handler; `batch` entries are prepared and committed together at most.

        `threaded` handlers prepare, and tell their state, on a thread, one after the other, while the event loop goes on; all else that
        is asked of them is asked on the loop, and never at the same time, but for what they let others read of themselves.

        A snapshot is stored with the first commit `snapshot_every` entries or `snapshot_ms` after the last one: it bounds what a restart
        replays, and costs one `state()`.
        """
        self.name = f"shards of {stream}"
        self.stream = stream
        self.trouble = ""
        """What stands in the way of reading now, for readiness; empty when nothing does."""
        self.buried = 0
        self.rebuilt = 0
        self._bus = bus
        self._clock = clock
        self._handler = handler
        self._batch = batch
        self._snapshot_every = snapshot_every
        self._snapshot_ms = snapshot_ms
        self._threaded = threaded
        self._held: dict[int, _Held] = {}
        self._take_at_ms = dict.fromkeys(bus.shards(stream), 0)
        self._careful: dict[int, range] = {}
        """Per shard, the positions that are fed one by one because a batch with them failed."""
        self._tries: dict[tuple[int, int], int] = {}

    @property
    def held(self) -> tuple[int, ...]:
        """The shards this process owns now."""
        return tuple(sorted(self._held))

    def handler(self, shard: int) -> Handler[Any] | None:
        """The handler of an owned shard, to look at; None while the shard is not owned."""
        held = self._held.get(shard)
        return held.handler if held else None

    async def step(self) -> bool:
        took = await self._take_free()
        shards = sorted(self._held)
        found = await asyncio.gather(*(self._read(shard) for shard in shards))
        fed = [await self._prepare(shard, entries) for shard, entries in zip(shards, found, strict=True) if entries]
        await asyncio.gather(*(self._commit(one) for one in fed if one is not None))
        await asyncio.gather(*(self._rest(shard) for shard, entries in zip(shards, found, strict=True) if not entries))
        return took or bool(fed)

    async def wait(self) -> None:
        free = [at for shard, at in self._take_at_ms.items() if shard not in self._held]
        pauses = [self._clock.sleep(max(0, min(free) - self._clock.now_ms()) / 1000)] if free else []
        waits = [asyncio.ensure_future(one) for one in (*(held.reader.wait() for held in self._held.values()), *pauses)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            await asyncio.gather(*waits, return_exceptions=True)  # a lost lease shows again at the next read

    async def close(self) -> None:
        """Stores a last snapshot of each shard, so that the next owner has nothing to replay, and gives the shards up."""
        for shard, held in sorted(self._held.items()):
            try:
                if held.at == held.reader.committed > held.snapshot_at:
                    await held.reader.commit(held.at, _no_effects, snapshot=held.handler.state())
                    await self._bus.trim(self.stream, shard)
                await held.reader.release()
            except (LeaseLost, DatabaseTrouble) as error:
                _log.warning("shard_not_closed", stream=self.stream, shard=shard, error=str(error))
        self._held.clear()

    async def _take_free(self) -> bool:
        now = self._clock.now_ms()
        due = [shard for shard, at in self._take_at_ms.items() if shard not in self._held and at <= now]
        return any(await asyncio.gather(*(self._take(shard) for shard in due)))

    async def _take(self, shard: int) -> bool:
        now = self._clock.now_ms()
        self._take_at_ms[shard] = now + TAKE_MS
        try:
            reader = await self._bus.take(self.stream, shard)
        except DatabaseBroken:  # it stays so until the process starts anew
            raise
        except DatabaseTrouble as error:
            self.trouble = str(error)
            return False
        self.trouble = ""
        if reader is None:
            return False
        handler = self._handler(shard)
        handler.restore(reader.snapshot.state if reader.snapshot else None)  # where this fails, going on would lose entries: let it end us
        at = reader.snapshot.position if reader.snapshot else 0
        self._held[shard] = _Held(reader, handler, at, at, now)
        return True

    async def _read(self, shard: int) -> list[LogEntry]:
        """The entries to feed next; reads some where none wait."""
        held = self._held[shard]
        try:
            if not held.waiting:
                held.waiting.extend(await held.reader.read(self._batch))
        except (LeaseLost, DatabaseTrouble) as error:
            await self._drop(shard, error)
            return []
        return self._next_together(held, self._careful.get(shard, range(0)))

    def _next_together(self, held: _Held, careful: range) -> list[LogEntry]:
        """Takes from what waits: never across the committed position (behind it effects are due), and `careful` entries one by one."""
        waiting, committed = held.waiting, held.reader.committed
        together: list[LogEntry] = []
        while waiting and (not together or (waiting[0].position <= committed) == (together[0].position <= committed)):
            alone = waiting[0].position in careful
            if together and alone:
                break
            together.append(waiting.popleft())
            if alone:
                break
        return together

    async def _prepare(self, shard: int, entries: list[LogEntry]) -> _Fed | None:
        """The handler's answer to the entries; None where it failed or where they were replayed."""
        held = self._held.get(shard)
        if held is None:
            return None
        replaying = entries[0].position <= held.reader.committed

        def work() -> tuple[Prepared[Any], bytes | None]:
            prepared = held.handler.prepare(entries, replaying)
            held.at = entries[-1].position
            return prepared, held.handler.state() if not replaying and (prepared.snapshot or self._snapshot_due(held)) else None

        try:
            prepared, snapshot = await self._beside(shard, work) if self._threaded else work()
        except Trouble as trouble:  # nobody's poison: what the handler needs is not there yet
            await self._drop(shard, trouble)
            return None
        except Exception as error:  # whatever a bad entry makes a handler raise
            await self._failed(shard, entries, error)
            return None
        return None if replaying else _Fed(shard, held, entries, prepared, snapshot)

    async def _beside(self, shard: int, work: Callable[[], T]) -> T:
        """Runs `work` on a thread. Who cancels us waits for it: a handler amid its work has no state that could be kept."""
        thread = asyncio.ensure_future(asyncio.to_thread(work))
        try:
            return await asyncio.shield(thread)
        except asyncio.CancelledError:
            await asyncio.wait((thread,))
            if thread.exception() is not None:
                self._held.pop(shard, None)
            raise

    def _snapshot_due(self, held: _Held) -> bool:
        return held.at - held.snapshot_at >= self._snapshot_every or self._clock.now_ms() - held.snapshot_ms >= self._snapshot_ms

    async def _commit(self, fed: _Fed) -> None:
        held = fed.held
        try:
            result = await held.reader.commit(held.at, fed.prepared.effects, fed.prepared.entries, fed.snapshot)
        except (LeaseLost, DatabaseTrouble) as error:
            await self._drop(fed.shard, error)
            return
        except Exception as error:  # whatever a bad entry makes an effect raise
            await self._failed(fed.shard, fed.entries, error)
            return
        self._tries.pop((fed.shard, held.at), None)
        held.handler.committed(result)
        if fed.snapshot is not None:
            held.snapshot_at, held.snapshot_ms = held.at, self._clock.now_ms()
            await self._trim(fed.shard)

    async def _rest(self, shard: int) -> None:
        """Where nothing more comes, stores the snapshot that no commit brought along, so that the log does not keep its last entries."""
        held = self._held.get(shard)
        if held is None or held.waiting or not held.snapshot_at < held.at == held.reader.committed:
            return
        if self._clock.now_ms() - held.snapshot_ms < self._snapshot_ms:
            return
        state = await self._beside(shard, held.handler.state) if self._threaded else held.handler.state()
        try:
            await held.reader.commit(held.at, _no_effects, snapshot=state)
        except (LeaseLost, DatabaseTrouble) as error:
            await self._drop(shard, error)
            return
        held.snapshot_at, held.snapshot_ms = held.at, self._clock.now_ms()
        await self._trim(shard)

    async def _trim(self, shard: int) -> None:
        try:
            await self._bus.trim(self.stream, shard)
        except DatabaseTrouble as error:  # the next snapshot trims what this one left
            _log.warning("log_not_trimmed", stream=self.stream, shard=shard, error=str(error))

    async def _failed(self, shard: int, entries: list[LogEntry], error: Exception) -> None:
        """Narrows a failure down to one entry, buries that at its last try, and has the handler rebuilt."""
        first, last = entries[0], entries[-1]
        held = self._held.pop(shard)  # before anything that may be cancelled: of this state no snapshot may be kept
        alone = first.position == last.position
        tries = self._tries.get((shard, first.position), 0) + 1 if alone else 0
        _log.warning(
            "entries_failed", stream=self.stream, shard=shard, first=first.position, last=last.position, error=type(error).__name__
        )
        if not alone:
            self._careful[shard] = range(first.position, last.position + 1)
        elif tries < TRIES:
            self._tries[shard, first.position] = tries
            self._careful.setdefault(shard, range(first.position, first.position + 1))
        else:
            self._tries.pop((shard, first.position), None)
            try:
                await held.reader.bury(first, f"{type(error).__name__}: {error}")
                self.buried += 1
            except (LeaseLost, DatabaseTrouble) as trouble:
                await self._let_go(shard, held, trouble)
                return
        self.rebuilt += 1
        await self._let_go(shard, held, None)

    async def _drop(self, shard: int, error: Exception) -> None:
        await self._let_go(shard, self._held.pop(shard), error)

    async def _let_go(self, shard: int, held: _Held, error: Exception | None) -> None:
        """Gives the shard and its handler up; takes it again at once after a failed entry, after a pause where `error` says why."""
        self._take_at_ms[shard] = self._clock.now_ms() + (TAKE_MS if error else 0)
        if error is not None:
            _log.warning("shard_dropped", stream=self.stream, shard=shard, error=str(error))
            self.trouble = str(error) if isinstance(error, Trouble) else ""
        try:
            await held.reader.release()
        except (LeaseLost, DatabaseTrouble) as trouble:
            _log.warning("shard_not_released", stream=self.stream, shard=shard, error=str(trouble))
