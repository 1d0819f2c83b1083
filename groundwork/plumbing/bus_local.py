"""The local bus: streams, leases and topics kept in the deployment's own database.

Inbox key, entries, effects, position and snapshot are rows of one database, so what belongs together commits together. Readers in this
process wake at once after a commit; those in other processes look once in `poll_ms`.

A lease is fenced by its epoch, not by its expiry: an owner whose lease has run out but was taken by nobody may still commit, and one whose
shard was taken may not, whatever its clock says. `clock` times the leases; give every process of a deployment the same kind.
"""

import asyncio
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, TypeVar
from urllib.parse import quote

from groundwork.plumbing import queries
from groundwork.plumbing.bus import Append, Entry, LeaseLost, LogEntry, ShardReader, Snapshot
from groundwork.plumbing.clock import Clock, set_or_after
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.queries import Lease, Placed
from groundwork.plumbing.service import Loop

T = TypeVar("T")
Heard = Callable[[bytes | None], None]

LEASE_MS: Final = 3_000
"""Long enough for a slow disk between two renewals, short enough that a dead owner's shards are served again within 3.5 s."""
POLL_MS: Final = 1_000
KEEP_INBOX_MS: Final = 30 * 86_400_000
"""How long a repeat is recognised: longer than any sender that was cut off keeps what it has to send again."""
_TRIM_INBOX_MS: Final = 3_600_000


_PAGE: Final = 500
"""Entries that `examine` holds in memory at a time."""
_LONGEST_KEY: Final = 512
"""Characters the inbox has room for; longer keys are kept as their digest."""


def inbox_key(once: tuple[str, ...]) -> tuple[str, str]:
    """The tenant (first part) and the rest as one text in which parts cannot run together, of 512 characters at most."""
    if len(once) < 2:
        raise ValueError(f"an inbox key has a tenant and at least one more part, got {once!r}")
    key = "/".join(quote(part, safe=":._-") for part in once[1:])
    return once[0], key if len(key) <= _LONGEST_KEY else f"#{stable_id(*once)}"  # a quoted key holds no `#`


class LocalBus:
    """Bus on one database. `owner` names this process among those that share it; `shards` says how many each stream has."""

    def __init__(
        self,
        db: Database,
        clock: Clock,
        owner: str,
        shards: Mapping[str, int],
        *,
        lease_ms: int = LEASE_MS,
        poll_ms: int = POLL_MS,
        keep_inbox_ms: int = KEEP_INBOX_MS,
    ) -> None:
        self.db = db
        self.clock = clock
        self.owner = owner
        self.lease_ms = lease_ms
        self.poll_ms = poll_ms
        self.keep_inbox_ms = keep_inbox_ms
        self._shards = dict(shards)
        self._readers: dict[tuple[str, int], LocalReader] = {}
        self._heard: dict[str, list[Heard]] = {}
        self._versions: dict[str, int] | None = None

    def shard_of(self, stream: str, key: str) -> int:
        return zlib.crc32(key.encode()) % len(self.shards(stream))

    def shards(self, stream: str) -> range:
        if stream not in self._shards:
            raise ValueError(f"unknown stream {stream!r}; known are {', '.join(sorted(self._shards))}")
        return range(self._shards[stream])

    def placed(self, entries: Sequence[Entry]) -> list[Placed]:
        """Each entry with its shard."""
        return [Placed(self.shard_of(entry.stream, entry.key), entry) for entry in entries]

    async def append(self, once: tuple[str, ...], admit: Callable[[Connection], Append]) -> tuple[bytes, bool]:
        tenant, key = inbox_key(once)

        def work(conn: Connection) -> tuple[bytes, list[Placed] | None]:
            if not queries.claim_inbox(conn, tenant, key, self.clock.now_ms()):
                return queries.inbox_answer(conn, tenant, key) or b"", None
            admitted = admit(conn)
            placed = self.placed(admitted.entries)
            queries.append(conn, placed, self.clock.now_ms())
            queries.answer_inbox(conn, tenant, key, admitted.answer)
            return admitted.answer, placed

        answer, placed = await self.db.write(work)
        self.wake(placed or ())
        return answer, placed is None

    async def put(self, entries: Sequence[Entry]) -> None:
        placed = self.placed(entries)
        await self.db.write(lambda conn: queries.append(conn, placed, self.clock.now_ms()))
        self.wake(placed)

    async def take(self, stream: str, shard: int) -> ShardReader | None:
        if shard not in self.shards(stream):
            raise ValueError(f"stream {stream!r} has shards 0 to {len(self.shards(stream)) - 1}, asked for {shard}")
        held = self._readers.get((stream, shard))
        if held is not None and not held.lost:
            return None

        def work(conn: Connection) -> tuple[Lease, Snapshot | None, int] | None:
            now = self.clock.now_ms()
            lease = queries.take_lease(conn, stream, shard, self.owner, now, now + self.lease_ms)
            return (lease, queries.snapshot(conn, stream, shard), now) if lease else None

        taken = await self.db.write(work)
        if taken is None:
            return None
        reader = LocalReader(self, stream, shard, *taken)
        self._readers[stream, shard] = reader
        return reader

    async def trim(self, stream: str, shard: int) -> int:
        return await self.db.write(lambda conn: queries.trim_log(conn, stream, shard))

    async def examine(self, stream: str, key: str, look: Callable[[Snapshot | None, Iterable[LogEntry]], T]) -> T:
        shard = self.shard_of(stream, key)

        def after(conn: Connection, position: int) -> Iterator[LogEntry]:
            while page := queries.entries_after(conn, stream, shard, position, _PAGE):
                yield from (entry for entry in page if entry.key == key)
                position = page[-1].position

        def work(conn: Connection) -> T:
            snapshot = queries.snapshot(conn, stream, shard)
            return look(snapshot, after(conn, snapshot.position if snapshot else 0))

        return await self.db.read(work)

    async def announce(self, topic: str, payload: bytes) -> None:
        version = await self.db.write(lambda conn: queries.raise_topic(conn, topic))
        if self._versions is not None and self._versions.get(topic, 0) == version - 1:
            self._versions[topic] = version  # nobody else announced in between, so the poll has nothing to add
        self._tell(topic, payload)

    def listen(self, topic: str, heard: Heard) -> Callable[[], None]:
        listeners = self._heard.setdefault(topic, [])
        listeners.append(heard)
        return lambda: listeners.remove(heard) if heard in listeners else None

    def _tell(self, topic: str, payload: bytes | None) -> None:
        for heard in tuple(self._heard.get(topic, ())):
            heard(payload)

    async def poll(self) -> bool:
        """Looks for announcements of other processes; True when there were any. The first look only learns where things stand."""
        versions = await self.db.read(queries.topics)
        known, self._versions = self._versions, versions
        if known is None:
            return False
        raised = sorted(topic for topic, version in versions.items() if version > known.get(topic, 0))
        for topic in raised:
            self._tell(topic, None)
        return bool(raised)

    async def trim_inbox(self) -> int:
        """Forgets inbox keys older than `keep_inbox_ms`; returns how many."""
        before_ms = self.clock.now_ms() - self.keep_inbox_ms
        return await self.db.write(lambda conn: queries.trim_inbox(conn, before_ms))

    def loop(self) -> Loop:
        """The loop that polls, and now and then trims the inbox; every process runs it."""
        return _Poll(self)

    def wake(self, placed: Sequence[Placed]) -> None:
        """Tells this process's readers of the shards that entries were appended to."""
        for stream, shard in {(p.entry.stream, p.shard) for p in placed}:
            reader = self._readers.get((stream, shard))
            if reader is not None:
                reader.more.set()

    async def close(self) -> None:
        for reader in list(self._readers.values()):
            await reader.release()


class LocalReader:
    """ShardReader on rows."""

    def __init__(self, bus: LocalBus, stream: str, shard: int, lease: Lease, snapshot: Snapshot | None, now_ms: int) -> None:
        self.stream = stream
        self.shard = shard
        self.snapshot = snapshot
        self.committed = lease.position
        self.more = asyncio.Event()
        self.more.set()
        self.lost = False
        self._bus = bus
        self._lease = lease
        self._held_ms = now_ms
        self._looked_ms = now_ms
        self._at = snapshot.position if snapshot else 0

    async def read(self, limit: int) -> list[LogEntry]:
        self._check()
        now = self._bus.clock.now_ms()
        if now - self._held_ms >= self._bus.lease_ms // 3:
            await self._renew()
        if not self.more.is_set() and now - self._looked_ms < self._bus.poll_ms:
            return []
        self.more.clear()
        self._looked_ms = now
        entries: list[LogEntry] = []
        while not entries:
            found, buried = await self._bus.db.read(lambda conn: self._next(conn, limit))
            if not found:
                return []
            for i, entry in enumerate(found, self._at + 1):
                if entry.position != i:
                    self._lose()
            self._at = found[-1].position
            entries = [entry for entry in found if entry.position not in buried]
        self.more.set()  # there may be more behind the limit
        return entries

    def _next(self, conn: Connection, limit: int) -> tuple[list[LogEntry], frozenset[int]]:
        found = queries.entries_after(conn, self.stream, self.shard, self._at, limit)
        if not found or found[0].position > self.committed:  # what was not yet committed was not yet buried
            return found, frozenset()
        return found, queries.buried(conn, self.stream, self.shard, found[0].position, found[-1].position)

    async def _renew(self) -> None:
        now = self._bus.clock.now_ms()
        if not await self._bus.db.write(lambda conn: self._hold(conn, now)):
            self._lose()
        self._held_ms = now

    async def wait(self) -> None:
        self._check()
        now = self._bus.clock.now_ms()
        soonest_ms = min(self._held_ms + self._bus.lease_ms // 3, self._looked_ms + self._bus.poll_ms)
        await set_or_after(self.more, self._bus.clock, max(0, soonest_ms - now) / 1000)

    async def commit(
        self,
        position: int,
        effects: Callable[[Connection], T],
        entries: Sequence[Entry] = (),
        snapshot: bytes | None = None,
    ) -> T:
        self._check()
        if position < self.committed:
            raise ValueError(f"position {position} of {self.stream}/{self.shard} is below the committed {self.committed}")
        placed = self._bus.placed(entries)
        now = self._bus.clock.now_ms()

        def work(conn: Connection) -> T:
            if not self._hold(conn, now, position):
                raise LeaseLost(f"{self.stream}/{self.shard} has another owner than {self._lease.owner} epoch {self._lease.epoch}")
            result = effects(conn)
            queries.append(conn, placed, now)
            if snapshot is not None:
                queries.keep_snapshot(conn, self.stream, self.shard, position, snapshot)
            return result

        try:
            result = await self._bus.db.write(work)
        except LeaseLost:
            self.lost = True
            raise
        self.committed, self._held_ms = position, now
        if snapshot is not None:
            self.snapshot = Snapshot(position, snapshot)
        self._bus.wake(placed)
        return result

    def _hold(self, conn: Connection, now_ms: int, position: int | None = None) -> bool:
        return queries.hold_lease(conn, self.stream, self.shard, self._lease, now_ms + self._bus.lease_ms, position)

    async def bury(self, entry: LogEntry, reason: str) -> None:
        now = self._bus.clock.now_ms()
        position = max(self.committed, entry.position)  # an entry may also turn out to be poison when it is replayed
        await self.commit(position, lambda conn: queries.bury(conn, self.stream, self.shard, entry, reason, now))

    async def release(self) -> None:
        if not self.lost:
            self.lost = True
            await self._bus.db.write(lambda conn: queries.hold_lease(conn, self.stream, self.shard, self._lease, 0))

    def _check(self) -> None:
        if self.lost:
            raise LeaseLost(f"{self.stream}/{self.shard} was given up or lost by {self._lease.owner}")

    def _lose(self) -> None:
        self.lost = True
        self._check()


class _Poll:
    """Loop over `LocalBus.poll`, once in `poll_ms`, and `LocalBus.trim_inbox`, once an hour."""

    name = "bus poll"

    def __init__(self, bus: LocalBus) -> None:
        self._bus = bus
        self._at_ms = 0
        self._trim_at_ms = bus.clock.now_ms() + _TRIM_INBOX_MS

    async def step(self) -> bool:
        now = self._bus.clock.now_ms()
        if now < self._at_ms:
            return False
        self._at_ms = now + self._bus.poll_ms
        if now >= self._trim_at_ms:
            self._trim_at_ms = now + _TRIM_INBOX_MS
            await self._bus.trim_inbox()
        return await self._bus.poll()

    async def wait(self) -> None:
        await self._bus.clock.sleep(max(0, self._at_ms - self._bus.clock.now_ms()) / 1000)

    async def close(self) -> None:
        return None
