"""The bus, as every service sees it; `bus_local` keeps it in the database, `bus_nats` (later) in JetStream.

Two modes. **Sharded log**: entries of one key stay in order, read from a position by the one owner of the shard; position and effects
commit together, a snapshot of the reader's state carries the position it covers, and the log is trimmed only below the oldest snapshot.
**Broadcast**: every process hears it, no position; a version poll once a second catches what was missed.

Nothing here redelivers: a reader that dies starts again from its snapshot's position, and deterministic ids make the repeated effects
harmless. Never combine redelivery with a high-water mark: what was held back would come after later entries and be taken for a repeat.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from groundwork.plumbing.db import Connection

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Entry:
    """What is appended to a stream: entries of one `key` keep their order."""

    stream: str
    key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class LogEntry:
    """What a reader gets. `position` rises by exactly 1 within a shard."""

    position: int
    key: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The reader's state after every entry up to and including `position`."""

    position: int
    state: bytes


@dataclass(frozen=True, slots=True)
class Append:
    """What a transaction answers to `Bus.append`: the caller's value, and the entries that go with it."""

    answer: bytes
    entries: Sequence[Entry] = ()


class LeaseLost(Exception):
    """Another process owns the shard now; nothing of this commit was applied."""


class ShardReader(Protocol):
    """The one owner's view of one shard. Every method raises LeaseLost once the lease has gone to someone else."""

    @property
    def stream(self) -> str: ...

    @property
    def shard(self) -> int: ...

    @property
    def snapshot(self) -> Snapshot | None:
        """What was stored when the shard was taken; reading starts right after it, else at the beginning."""
        ...

    @property
    def committed(self) -> int:
        """The last position whose effects are committed. Entries up to here rebuild state and repeat effects without harm."""
        ...

    async def read(self, limit: int) -> list[LogEntry]:
        """Up to `limit` next entries, at once; empty when there are none. Buried entries are left out. Raises LeaseLost on a gap."""
        ...

    async def wait(self) -> None:
        """Returns when there may be more to read, or the lease wants renewing."""
        ...

    async def commit(
        self,
        position: int,
        effects: Callable[[Connection], T],
        entries: Sequence[Entry] = (),
        snapshot: bytes | None = None,
    ) -> T:
        """One transaction: checks the lease's epoch, runs `effects`, appends `entries` to their streams, stores position and snapshot."""
        ...

    async def bury(self, entry: LogEntry, reason: str) -> None:
        """Moves a poison entry to the dead letters with `reason` and commits its position, so that the shard moves on."""
        ...

    async def release(self) -> None:
        """Gives the shard up, for the next owner to take without waiting for the lease to run out."""
        ...


class Bus(Protocol):
    """What services append to, read from, announce on and listen to."""

    def shard_of(self, stream: str, key: str) -> int:
        """Which shard of `stream` holds `key`; the same in every process."""
        ...

    def shards(self, stream: str) -> range: ...

    async def append(self, once: tuple[str, ...], admit: Callable[[Connection], Append]) -> tuple[bytes, bool]:
        """Appends the entries of `admit` once for the inbox key `once`; returns its answer and whether this was a repeat.

        The first call with this key runs `admit`, and its answer, entries and key are durable together before this returns.
        A repeat runs nothing and gets the first answer's bytes. An exception in `admit` leaves no trace.
        """
        ...

    async def put(self, entries: Sequence[Entry]) -> None:
        """Appends entries that need no inbox key (ticks)."""
        ...

    async def take(self, stream: str, shard: int) -> ShardReader | None:
        """The shard's reader if its lease is free or run out, else None."""
        ...

    async def trim(self, stream: str, shard: int) -> int:
        """Deletes the entries that the stored snapshot covers; returns how many. Keeps all while there is no snapshot."""
        ...

    async def examine(self, stream: str, key: str, look: Callable[[Snapshot | None, Iterable[LogEntry]], T]) -> T:
        """What `look` makes of all that a reader of the key's shard would begin from: the stored snapshot, and the key's entries after it.

        One view of both. For who must know what may still be read; who follows the log takes the shard.
        """
        ...

    async def announce(self, topic: str, payload: bytes) -> None:
        """Tells every process. Call it after the commit that it tells of."""
        ...

    def listen(self, topic: str, heard: Callable[[bytes | None], None]) -> Callable[[], None]:
        """Calls `heard` at each announcement, with None where only the version poll noticed; returns the call that stops it."""
        ...

    async def close(self) -> None: ...
