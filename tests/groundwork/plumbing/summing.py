"""A process that owns the shard of `numbers` as long as it can and appends each running sum to `sums`: to be killed by tests.

python -m tests.groundwork.plumbing.summing DATABASE_URL OWNER
"""

import asyncio
import sys
from collections.abc import Sequence

from groundwork.plumbing.bus import Entry, LogEntry
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import SystemClock
from groundwork.plumbing.db import Connection, Database, open_database
from groundwork.plumbing.service import run_loop
from groundwork.plumbing.shards import Handler, Prepared, ShardLoop

NUMBERS, SUMS = "numbers", "sums"
LEASE_MS = 400


class Summing(Handler[None]):
    """The running sum of one shard."""

    def __init__(self) -> None:
        self.total = 0

    def restore(self, state: bytes | None) -> None:
        self.total = int(state or b"0")

    def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[None]:
        del replaying  # the sums are the same either way
        out = []
        for entry in entries:
            self.total += int(entry.payload)
            out.append(Entry(SUMS, "k", str(self.total).encode()))
        return Prepared(_nothing, out)

    def state(self) -> bytes:
        return str(self.total).encode()

    def committed(self, _result: None) -> None:
        return None


def _nothing(conn: Connection) -> None:
    """Sums are entries, not rows."""


def bus_on(database: Database, owner: str) -> LocalBus:
    return LocalBus(database, SystemClock(), owner, {NUMBERS: 1, SUMS: 1}, lease_ms=LEASE_MS, poll_ms=20)


async def main(url: str, owner: str) -> None:
    bus = bus_on(await open_database(url), owner)
    loop = ShardLoop(bus, SystemClock(), NUMBERS, lambda _: Summing(), batch=3, snapshot_every=10)
    await run_loop(loop, asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
