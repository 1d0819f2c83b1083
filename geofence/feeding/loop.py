"""The loop that keeps a line to the broker of each feed whose venue this process works on."""

import asyncio
import random
from collections.abc import Callable
from typing import NamedTuple

import structlog

from geofence.feeding.line import FeedLine
from geofence.feeding.registry import FeedRegistry, KnownFeed
from geofence.intake.accept import Ingest, log_key
from groundwork.contracts.ids import TenantId
from groundwork.plumbing.clock import set_or_after

_IDLE_S = 1.0
_BUSY_S = 0.1
"""The shortest window a venue may have."""
_log = structlog.get_logger()

Key = tuple[TenantId, str]


class LineState(NamedTuple):
    """How a feed's line does."""

    connected: bool
    trouble: str


class FeedLoop:
    """Opens, steps and closes lines. `owns` says of a venue's key in the log whether this process works on it: one alone subscribes."""

    name = "geofence feeds"

    def __init__(self, registry: FeedRegistry, ingest: Ingest, owns: Callable[[str], bool]) -> None:
        self._registry = registry
        self._ingest = ingest
        self._owns = owns
        self._lines: dict[Key, FeedLine] = {}
        self._broken: dict[Key, KnownFeed] = {}
        """Feeds that cannot be opened as they stand."""
        self._told = asyncio.Event()

    def state(self, tenant: TenantId, feed_id: str) -> LineState | None:
        """How the feed's line does; None where another process keeps it, or nobody."""
        line = self._lines.get((tenant, feed_id))
        return LineState(line.line.connected, line.line.trouble) if line else None

    async def step(self) -> bool:
        self._told.clear()
        did = await self._follow()
        for line in list(self._lines.values()):
            did = await line.step() or did
        return did

    async def wait(self) -> None:
        busy = any(line.busy for line in self._lines.values())
        await set_or_after(self._told, self._ingest.parts.clock, _BUSY_S if busy else _IDLE_S)

    async def close(self) -> None:
        for key in list(self._lines):
            await self._lines.pop(key).close()

    async def _follow(self) -> bool:
        """Brings the lines in step with the registry; True where that changed any."""
        wanted = {(one.stored.tenant, one.stored.id): one for one in self._registry.subscribed() if self._owns(_venue(one))}
        changed = False
        for key in [key for key, line in self._lines.items() if key not in wanted or _moved(line.known, wanted[key])]:
            await self._lines.pop(key).close()
            changed = True
        for key, known in wanted.items():
            line = self._lines.get(key)
            if line is None:
                changed = await self._open(key, known) or changed
            elif line.known != known:
                line.rule(known)
                changed = True
        return changed

    async def _open(self, key: Key, known: KnownFeed) -> bool:
        if self._broken.get(key) == known:
            return False
        rng = random.Random(int.from_bytes(self._ingest.parts.randbytes(8), "big"))
        try:
            line = FeedLine(known, self._ingest, self._registry, rng, self._told.set)
        except ValueError as error:  # a password sealed under another key of the deployment, say
            self._broken[key] = known
            _log.error("feed_broken", tenant=key[0], feed=key[1], error=str(error))
            return False
        await line.open()
        self._lines[key] = line
        _log.info("feed_opened", tenant=key[0], feed=key[1], kind=known.stored.kind)
        return True


def _venue(known: KnownFeed) -> str:
    return log_key(known.stored.tenant, known.stored.venue)


def _moved(before: KnownFeed, after: KnownFeed) -> bool:
    """Whether the line itself is another now, and not only its boxes or rules."""
    return before.stored != after.stored
