"""The uplink: sends the spool's batches, signed, until each is acknowledged.

Two lanes. What was sealed moments ago goes first, oldest first, because an offer is of use now or never; what waited longer goes in the
time that leaves, oldest first, and takes no more than its share of that, so that a night's backlog delays nobody's present.
A batch is forgotten only when the backend has named it in its answer; a page from some hotel's portal that says 200 is no answer.
What can never be accepted is set aside; everything else is tried again, with growing, jittered pauses.
Encoding and keeping are for `batch.py` and `spool.py`; the wire for `transport.py`.
"""

import asyncio
import random
from collections.abc import Callable
from email.utils import parsedate_to_datetime
from typing import Final

import msgspec
import structlog

from beacon_gateway.batch import Batch
from beacon_gateway.line import UNKNOWN_KEY, Answer, Line, Signing, Transport, TransportFailed
from beacon_gateway.outside import decoded
from beacon_gateway.spool import CLOCK_NEVER_SET, Spool, SpoolUnwritable
from beacon_gateway.spool_file import FULL
from groundwork.contracts.sighting import FRAME_TYPE, BatchAnswer
from groundwork.plumbing.clock import Clock, set_or_after
from groundwork.plumbing.hops import Hops

PATH: Final = "/v1/sightings"
_HOPELESS: Final = frozenset({400, 413, 422})
_BROKEN_OFF: Final = b"body_unreadable"
"""A 400 with this code says that the body did not arrive whole; ours is whole, so it is sent again."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
"""A minute late is the most a backend's return should cost; a thousand boxes are then 17 requests a second."""
_ASK_AGAIN_S: Final = 300.0
"""How long a box whose key was revoked waits before it asks whether the key lives again; half of that at the least."""
_LOOK_S: Final = 30.0
"""How late, in a long pause, it notices that the key was changed."""
_LONGEST_WISH_S: Final = 3_600.0
"""A Retry-After beyond an hour is taken for a mistake."""
LIVE_MS: Final = 60_000
"""What is older than this is backlog. A minute of it is sent in a second, in order, after which nothing need be told late; more than that
would keep a shopper waiting who is in the shop now."""
BACKLOG_SHARE: Final = 0.5
"""Of the time that live batches leave. A batch takes some ms, so half of it still fills in a hundred times as fast as it was heard."""
_CHANGED: Final = b"batch_changed"
"""A 409 with this code says that the number was taken with other bytes: of a batch that was re-timed here, with its old times."""
_log = structlog.get_logger("uplink")


_answers = msgspec.json.Decoder(BatchAnswer)


class Uplink:
    """A loop (see `plumbing/service.py`) that sends one batch a step."""

    name = "gateway.uplink"

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        signing: Signing,
        clock: Clock,
        rng: random.Random,
        hops: Hops,
        learned: Callable[[int], None] = lambda _offset_ms: None,
        *,
        live_ms: int = LIVE_MS,
        backlog_share: float = BACKLOG_SHARE,
    ) -> None:
        """`rng` only spreads the pauses, so that a thousand boxes do not come back at once. `learned` is told each new clock offset.

        A batch is live for `live_ms`; `backlog_share` is above 0 and at most 1.
        """
        self._spool = spool
        self.line = Line(transport, signing, clock, learned)
        self._clock = clock
        self._rng = rng
        self._hop = hops.hop("gateway.spool", "sightings")
        self._woken = asyncio.Event()
        self.empty = asyncio.Event()
        """Set while the last look found nothing to send."""
        self.resting = asyncio.Event()
        """Set while there is nothing to send or a pause to sit out."""
        self._failures = 0
        self._not_before_s = 0.0
        self._paused_with = signing
        self._live_ms = live_ms
        self._backlog_rest = (1 - backlog_share) / backlog_share
        self._backlog_not_before_s = 0.0
        self.last_acknowledged_ms: int | None = None
        self.last_trouble = ""
        """Why the last batch was not acknowledged; empty when it was."""

    @property
    def clock_offset_ms(self) -> int:
        """What the backend's clock shows beyond ours, as far as it has told."""
        return self.line.clock_offset_ms

    @property
    def pausing(self) -> bool:
        """Whether the last try failed and the next is not due yet; another key is tried at once."""
        return self._clock.monotonic_s() < self._not_before_s and self._paused_with is self.line.signing

    def wake(self) -> None:
        """Says that there may be something to send."""
        self._woken.set()
        self.empty.clear()
        if not self.pausing:
            self.resting.clear()

    async def step(self) -> bool:
        """Sends the oldest batch; True when that settled its fate. False while pausing, and when there is nothing to send."""
        self._woken.clear()
        if self.pausing:
            return False
        self.resting.clear()
        try:
            if self.line.revoked and not await self._lives_again():
                return False
            batch = await asyncio.to_thread(self._spool.oldest, self.line.now_ms() - self._live_ms)
            if batch is not None:
                return await self._carry(batch)
            return await self._work_off()
        except TransportFailed as failed:
            self._pause(str(failed))
        except SpoolUnwritable as full:  # the backend has it, the disk still does too: sent again, it is recognised
            self._pause(f"spool cannot be written: {full}")
        return False

    async def _lives_again(self) -> bool:
        """Whether a revoked key is known again. Asked with an empty batch, which is refused for what it is; the spool stays here."""
        answer = await self.line.post(PATH, FRAME_TYPE, b"")
        if self.line.revoked:
            self._pause(UNKNOWN_KEY)
            return False
        self.line.learn(answer)
        return True

    async def _work_off(self) -> bool:
        """Sends the oldest batch of the backlog, if it is its turn."""
        began_s = self._clock.monotonic_s()
        if began_s < self._backlog_not_before_s:
            return False
        batch = await asyncio.to_thread(self._spool.oldest)
        if batch is None:
            if not self._woken.is_set():
                self.empty.set()
                self.resting.set()
            return False
        sent = await self._carry(batch)
        now_s = self._clock.monotonic_s()
        self._backlog_not_before_s = now_s + (now_s - began_s) * self._backlog_rest
        return sent

    async def wait(self) -> None:
        """Until the pause is over; or else until someone wakes it, or it is the backlog's turn again."""
        now_s = self._clock.monotonic_s()
        if self.pausing:
            await self._clock.sleep(min(self._not_before_s - now_s, _LOOK_S))
        elif now_s < self._backlog_not_before_s:
            await set_or_after(self._woken, self._clock, self._backlog_not_before_s - now_s)
        else:
            await self._woken.wait()

    async def close(self) -> None:
        await self.line.close()

    async def _carry(self, batch: Batch) -> bool:
        """Sends one batch and settles what became of it. A clock that is learned on the way is learned before the batch is settled."""
        try:
            timed = await asyncio.to_thread(self._spool.timed, batch)
            body = timed.body() if timed else b""
        except ValueError:
            await self._set_aside(batch, "damaged_batch")
            return True
        if timed is None:
            await self._set_aside(batch, CLOCK_NEVER_SET)
            return True
        answer = await self.line.post(PATH, FRAME_TYPE, body, packed=timed.packed)  # what is on the disk, as it is
        if self.line.learn(answer):
            return await self._carry(timed)  # with the time it told; a second 401 teaches nothing new
        return await self._settle(timed, answer)

    async def _settle(self, batch: Batch, answer: Answer) -> bool:
        if answer.status in _HOPELESS and _BROKEN_OFF not in answer.body:
            await self._set_aside(batch, f"http_{answer.status}", said=answer.body[:500].decode(errors="replace"))
        elif answer.status == 200 and _names(answer, batch):
            await self._acknowledge(batch)
        elif answer.status == 409 and _CHANGED in answer.body and batch.retimed:
            await self._acknowledge(batch)  # it had arrived before it was re-timed
        else:
            trouble = UNKNOWN_KEY if answer.code == UNKNOWN_KEY else f"http_{answer.status}"
            self._pause(trouble, _wished_s(answer, self._clock))
            return False
        self._failures, self._not_before_s = 0, 0.0
        return True

    async def _acknowledge(self, batch: Batch) -> None:
        waited = await asyncio.to_thread(self._spool.acknowledge, batch.boot, batch.number, batch.number)
        if waited or not batch.rows:
            self._hop.held -= batch.rows
        else:  # given up for room while it was under way, and yet it arrived: the gap reported is too wide
            self._hop.refused[FULL] -= batch.rows
        self._hop.give(batch.rows)
        self.last_acknowledged_ms = self._clock.now_ms()
        self.last_trouble = ""

    async def _set_aside(self, batch: Batch, reason: str, said: str = "") -> None:
        await asyncio.to_thread(self._spool.set_aside, batch, reason)
        self._hop.held -= batch.rows
        self._hop.refuse(reason, batch.rows)
        self.last_trouble = reason
        _log.error("batch set aside", boot=batch.boot, batch=batch.number, rows=batch.rows, reason=reason, said=said)

    def _pause(self, trouble: str, wished_s: float = 0.0) -> None:
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures, 16))
        pause_s = _ASK_AGAIN_S if self.line.revoked else pause_s
        pause_s = max(pause_s * self._rng.uniform(0.5, 1.0), min(wished_s, _LONGEST_WISH_S))
        self._failures += 1
        self._not_before_s = self._clock.monotonic_s() + pause_s
        self._paused_with = self.line.signing
        self.resting.set()
        if trouble != self.last_trouble:
            _log.warning("batch not acknowledged", reason=trouble, pause_s=round(pause_s, 1), waiting=self._spool.held.batches)
        self.last_trouble = trouble


def _names(answer: Answer, batch: Batch) -> bool:
    """Whether the answer is the backend's, and to this batch."""
    try:
        named = decoded(_answers, answer.body)
    except ValueError:
        return False
    return (named.boot, named.batch) == (batch.boot, batch.number)


def _wished_s(answer: Answer, clock: Clock) -> float:
    """The pause that Retry-After asks for, in seconds or as a date; a date counts from the answer's own, for our clock may be wrong."""
    text = answer.headers.get("retry-after", "")
    if text.isdigit():
        return float(text)
    until_s, now_s = _seconds(text), _seconds(answer.headers.get("date", ""))
    if until_s is None:
        return 0.0
    return max(0.0, until_s - (clock.now_ms() / 1000 if now_s is None else now_s))


def _seconds(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except ValueError:
        return None
