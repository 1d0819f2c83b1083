"""One feed's line to its broker: messages in, batches out, each message acknowledged once what it led to is durable.

    line -> sieve -> windows -> batch -> log and receipts, in one transaction -> acknowledgement

A broker delivers a message of QoS 1 again until it is acknowledged. One that is still in an open window, or was kept before (also before a
crash: its receipt is in the database), has no second effect. A batch whose writing failed is written again under its own number.
"""

import random
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from geofence.feeding.intake import REPEAT, TRAIL_MS, Tally, sealed
from geofence.feeding.registry import FeedRegistry, KnownFeed
from geofence.feeding.sieve import MOST_BEHIND_MS
from geofence.intake.accept import Ingest
from geofence.queries import feeds as queries
from groundwork.adverts.condense import Columns, Condenser
from groundwork.contracts.ids import BootId
from groundwork.contracts.sighting import SightingBatch
from groundwork.plumbing.db import Connection
from groundwork.plumbing.mqtt import Broker, Line, Published, broker_address, tls_of
from groundwork.plumbing.reasons import Refusal

RETAINED: Final = "feed_retained"
CHANGED: Final = "feed_changed"
OVERRUN: Final = "feed_overrun"
_TOGETHER: Final = 500
"""Messages taken in one step: 10 ms or so, and then the other feeds have their turn."""
_MOST_UNACKNOWLEDGED: Final = 16
"""Brokers hand out 20 messages of QoS 1 and wait (Mosquitto's default); before that, rows of windows that are still open go out."""
_MOST_UNSENT: Final = 100
"""Batches that wait for the database; beyond it nothing more is taken from the line."""
_HEARTBEAT_MS: Final = 60_000
"""In longer silence, one empty batch so often: the line is up and nobody known is heard."""


@dataclass(slots=True)
class _Pending:
    """A message that is not acknowledged yet: its tag, when the last window it tells of ends, and the broker's latest delivery of it."""

    tag: bytes
    until_ms: int
    delivery: Published


class _Receipts:
    """What was kept, by the broker's number and by tag."""

    def __init__(self, kept: Mapping[int, bytes]) -> None:
        self._tags = dict(kept)
        self._known = set(kept.values())

    def note(self, number: int, tag: bytes) -> None:
        """The message was kept; what had the number before is forgotten."""
        self._known.discard(self._tags.get(number, b""))
        self._tags[number] = tag
        self._known.add(tag)

    def hold(self, number: int, tag: bytes, *, dated: bool) -> bool:
        """Whether it was kept. What is `dated` is never said twice, so it is known under another number too, as brokers may give it."""
        return tag in self._known if dated else self._tags.get(number) == tag


@dataclass(frozen=True, slots=True)
class _Unsent:
    """A batch that is not known to be durable, its adverts, and the messages it settles, by number."""

    batch: SightingBatch
    adverts: int
    tags: dict[int, bytes] = field(default_factory=dict)


class FeedLine:
    """One feed. `open` begins, `step` does what can be done now."""

    def __init__(self, known: KnownFeed, ingest: Ingest, registry: FeedRegistry, rng: random.Random, wake: Callable[[], None]) -> None:
        """Raises ValueError where the feed's broker cannot be addressed."""
        self.known = known
        self._ingest = ingest
        self._registry = registry
        self._tally = Tally(ingest.parts.hops)
        self._clock = ingest.parts.clock
        self._sieve = known.sieve()
        self._condenser = Condenser(registry.window_ms(known), self._now_window())
        self._boot = BootId(ingest.parts.ids.new())
        self._batches = 0
        self._told_ms = self._heard_ms = 0
        self._pending: dict[int, _Pending] = {}
        self._receipts = _Receipts({})
        self._unsent: deque[_Unsent] = deque()
        self._overrun = 0
        self.line = Line(_broker(known, registry.password(known)), self._clock, rng, wake)

    async def open(self) -> None:
        """Recalls what was kept before, and begins to connect."""
        self._receipts = _Receipts(await self._registry.receipts(self.known))
        self.line.open()

    def rule(self, known: KnownFeed) -> None:
        """Goes on with other boxes or rules."""
        self.known, self._sieve = known, known.sieve()

    @property
    def busy(self) -> bool:
        """Whether something waits for its window's end or for the database, or others may wait for this feed."""
        return bool(self._unsent) or self._condenser.newest_end_ms > self._condenser.closed_until_ms or self._trailing()

    async def step(self) -> bool:
        """Hears, cuts, keeps. Raises Trouble where the database is out of order; nothing is lost by that."""
        heard = self._hear() if len(self._unsent) < _MOST_UNSENT else False
        cut = self._cut()
        return await self._send() or heard or cut

    async def close(self) -> None:
        """Ends the line. What is in open windows is not kept: of QoS 1 it comes again, of QoS 0 it is lost."""
        await self.line.close()
        waiting = self._condenser.advance(self._condenser.newest_end_ms)
        if waiting is not None:
            self._tally.closed(sum(waiting.columns.adverts), CHANGED)
        for unsent in self._unsent:
            self._tally.closed(unsent.adverts, CHANGED)
        self._unsent.clear()

    # --- hearing ------------------------------------------------------------------------------------------------------------------

    def _hear(self) -> bool:
        lost, self._overrun = self.line.overrun - self._overrun, self.line.overrun
        for _ in range(lost):
            self._tally.payload(OVERRUN)
        taken = self.line.take(_TOGETHER)
        for published in taken:
            if published.retained:
                self._refuse(published, RETAINED)
            elif not self._is_repeat(published):
                self._sift(published)
        return bool(taken)

    def _is_repeat(self, published: Published) -> bool:
        """Whether the broker delivers again what is kept, or is about to be; it is acknowledged now, or with its window."""
        if not published.number:
            return False
        tag = self._registry.tag(self.known, published.topic, published.payload)
        pending = self._pending.get(published.number)
        if pending is not None and pending.tag == tag:
            pending.delivery = published
            self._tally.payload(REPEAT)
            return True
        if self._receipts.hold(published.number, tag, dated=self.known.dated_by_boxes):
            self._refuse(published, REPEAT)
            return True
        return False

    def _refuse(self, published: Published, code: str) -> None:
        self._tally.payload(code)
        self.line.acknowledge(published)

    def _sift(self, published: Published) -> None:
        sifted = self._sieve.sift(published.topic, published.payload, published.at_ms)
        self._tally.sifted(sifted)
        until_ms = 0
        for kept in sifted.kept:
            # What comes a little late counts in the oldest window that is open; the sieve has refused what comes much too late.
            at_ms = max(kept.at_ms, self._condenser.closed_until_ms)
            refused = self._condenser.add(kept.gateway, kept.beacon, at_ms, kept.rssi_dbm)
            if refused:
                self._tally.closed(1, refused)
            else:
                until_ms = max(until_ms, at_ms - at_ms % self._condenser.window_ms + self._condenser.window_ms)
        if until_ms and published.number:
            tag = self._registry.tag(self.known, published.topic, published.payload)
            self._pending[published.number] = _Pending(tag, until_ms, published)
        elif published.number:
            self.line.acknowledge(published)  # nothing of it waits for anything

    # --- cutting ------------------------------------------------------------------------------------------------------------------

    def _cut(self) -> bool:
        """Closes the windows that are over; True where that led to a batch."""
        closed = self._condenser.advance(self._clock.now_ms() - self._registry.hold_ms(self.known))
        self._condenser.recut(self._registry.window_ms(self.known))
        if closed is not None and (len(closed.columns) or self._worth_telling(closed.until_ms)):
            self._heard_ms = closed.until_ms if len(closed.columns) else self._heard_ms
            self._seal(closed.until_ms, closed.columns)
            return True
        if len(self._pending) < _MOST_UNACKNOWLEDGED or self._unsent:
            return False
        self._seal(self._condenser.closed_until_ms, self._condenser.so_far(), everything=True)
        return True

    def _worth_telling(self, until_ms: int) -> bool:
        """Whether a window without rows is told: only a line that is up can say that nobody was there."""
        return not self._unsent and self.line.connected and (self._trailing() or until_ms - self._told_ms >= _HEARTBEAT_MS)

    def _trailing(self) -> bool:
        return self._clock.now_ms() - self._heard_ms < TRAIL_MS

    def _seal(self, until_ms: int, rows: Columns, *, everything: bool = False) -> None:
        """Makes a batch that tells all until `until_ms`, and with `everything` settles what is about later windows too."""
        self._batches += 1
        self._told_ms = until_ms
        settled = {number: one.tag for number, one in self._pending.items() if everything or one.until_ms <= until_ms}
        batch = sealed(
            self.known,
            self.known.stored.gateway,
            self._boot,
            self._batches,
            sent_ms=self._clock.now_ms(),
            covered_ms=until_ms,
            window_ms=self._condenser.window_ms,
            rows=rows,
        )
        self._unsent.append(_Unsent(batch, sum(rows.adverts), settled))

    # --- keeping ------------------------------------------------------------------------------------------------------------------

    async def _send(self) -> bool:
        """Keeps what was cut, in order; each batch's messages are settled when it is durable, or refused for good."""
        sent = 0
        while self._unsent:
            first = self._unsent[0]
            refused = await self._kept(first)
            self._unsent.popleft()
            self._tally.closed(first.adverts, refused)
            self._settle(first.tags)
            sent += 1
        return sent > 0

    async def _kept(self, unsent: _Unsent) -> str:
        """Why the batch was refused as a whole (its venue has no plan any more); empty where it is durable."""
        tenant, feed_id = self.known.stored.tenant, self.known.stored.id

        def beside(conn: Connection) -> None:
            queries.keep_receipts(conn, tenant, feed_id, unsent.tags)

        try:
            await self._ingest.heard(self.known.stored.venue, unsent.batch, beside)
        except Refusal as refusal:
            return refusal.reason.code
        return ""

    def _settle(self, tags: dict[int, bytes]) -> None:
        for number, tag in tags.items():
            self._receipts.note(number, tag)
            pending = self._pending.get(number)
            if pending is not None and pending.tag == tag:
                self.line.acknowledge(pending.delivery)
                del self._pending[number]

    def _now_window(self) -> int:
        """Where windows begin: what was over before this process is nobody's."""
        now_ms, window_ms = self._clock.now_ms() - self._registry.hold_ms(self.known), self._registry.window_ms(self.known)
        return now_ms - now_ms % window_ms


def _broker(known: KnownFeed, password: str) -> Broker:
    stored = known.stored
    host, port, secure = broker_address(stored.url)
    tls = tls_of(stored.authorities) if secure else None
    stale_s = None if known.dated_by_boxes else MOST_BEHIND_MS / 1000  # what says no time of its own cannot be told old later
    return Broker(host, port, stored.topic, stored.client, stored.login, password, tls, stale_s)
