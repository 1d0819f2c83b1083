"""The uplink: sends the spool's batches, oldest first, signed, until each is acknowledged.

A batch is forgotten only when the backend has named it in its answer; a page from some hotel's portal that says 200 is no answer.
What can never be accepted is set aside; everything else is tried again, with growing, jittered pauses.
Encoding and keeping are for `batch.py` and `spool.py`; the wire for `transport.py`.
"""

import asyncio
import random
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple, Protocol

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.batch import Batch
from beacon_gateway.spool import Spool, SpoolUnwritable
from beacon_gateway.spool_file import FULL
from groundwork.contracts.sighting import FRAME_TYPE, BatchAnswer
from groundwork.plumbing import signatures
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.hops import Hops

PATH: Final = "/v1/sightings"
_HOPELESS: Final = frozenset({400, 413, 422})
_BROKEN_OFF: Final = b"body_unreadable"
"""A 400 with this code says that the body did not arrive whole; ours is whole, so it is sent again."""
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 60.0
"""A minute late is the most a backend's return should cost; a thousand boxes are then 17 requests a second."""
_LONGEST_WISH_S: Final = 3_600.0
"""A Retry-After beyond an hour is taken for a mistake."""
_SAME_CLOCK_MS: Final = 1_000
_log = structlog.get_logger("uplink")


class Answer(NamedTuple):
    """What came back; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class TransportFailed(Exception):
    """No whole answer came: no connection, time-out, half a body. The text says which."""


class Transport(Protocol):
    """The wire to the backend."""

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """POSTs `body`; raises TransportFailed unless a whole answer came."""
        ...

    async def close(self) -> None: ...


class Signing(NamedTuple):
    """The box's key and the name the backend knows it by."""

    key: Ed25519PrivateKey
    key_id: str


class _Clock(msgspec.Struct):
    """What a 401 says when the signature's time is out of bounds."""

    code: str = ""
    server_ms: int | None = None


_answers = msgspec.json.Decoder(BatchAnswer)
_clocks = msgspec.json.Decoder(_Clock)


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
    ) -> None:
        """`rng` only spreads the pauses, so that a thousand boxes do not come back at once. `learned` is told each new clock offset."""
        self._spool = spool
        self._transport = transport
        self._signing = signing
        self._clock = clock
        self._rng = rng
        self._learned = learned
        self._hop = hops.hop("gateway.spool", "sightings")
        self._woken = asyncio.Event()
        self.empty = asyncio.Event()
        """Set while the last look found nothing to send."""
        self.resting = asyncio.Event()
        """Set while there is nothing to send or a pause to sit out."""
        self._failures = 0
        self._not_before_s = 0.0
        self.clock_offset_ms = 0
        """What the backend's clock shows beyond ours, as far as it has told."""
        self.last_acknowledged_ms: int | None = None
        self.last_trouble = ""
        """Why the last batch was not acknowledged; empty when it was."""

    @property
    def pausing(self) -> bool:
        """Whether the last try failed and the next is not due yet."""
        return self._clock.monotonic_s() < self._not_before_s

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
        batch = await asyncio.to_thread(self._spool.oldest)
        if batch is None:
            if not self._woken.is_set():
                self.empty.set()
                self.resting.set()
            return False
        try:
            return await self._carry(batch)
        except TransportFailed as failed:
            self._pause(str(failed))
        except SpoolUnwritable as full:  # the backend has it, the disk still does too: sent again, it is recognised
            self._pause(f"spool cannot be written: {full}")
        return False

    async def wait(self) -> None:
        """Until the pause is over, or else until someone wakes it."""
        pause_s = self._not_before_s - self._clock.monotonic_s()
        if pause_s > 0:
            await self._clock.sleep(pause_s)
        else:
            await self._woken.wait()

    async def close(self) -> None:
        await self._transport.close()

    async def _carry(self, batch: Batch) -> bool:
        """Sends one batch and settles what became of it."""
        try:
            body = batch.body()
        except ValueError:
            await self._set_aside(batch, "damaged_batch")
            return True
        answer = await self._post(batch, body)
        if answer.status == 401 and self._learn_clock(answer):
            answer = await self._post(batch, body)
        return await self._settle(batch, answer)

    async def _post(self, batch: Batch, body: bytes) -> Answer:
        """Sends what is on the disk as it is, compressed; the signature is over the frame inside."""
        at_ms = self._clock.now_ms() + self.clock_offset_ms
        signature = signatures.sign(self._signing.key, self._signing.key_id, "POST", PATH, at_ms, body)
        headers = {"Content-Type": FRAME_TYPE, "Content-Encoding": "deflate", signatures.HEADER: signature}
        return await self._transport.post(PATH, headers, batch.packed)

    async def _settle(self, batch: Batch, answer: Answer) -> bool:
        if answer.status in _HOPELESS and _BROKEN_OFF not in answer.body:
            await self._set_aside(batch, f"http_{answer.status}", said=answer.body[:500].decode(errors="replace"))
        elif answer.status == 200 and _names(answer, batch):
            await self._acknowledge(batch)
        else:
            self._pause(f"http_{answer.status}", _wished_s(answer, self._clock))
            return False
        self._failures, self._not_before_s = 0, 0.0
        return True

    async def _acknowledge(self, batch: Batch) -> None:
        if await asyncio.to_thread(self._spool.acknowledge, batch):
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

    def _learn_clock(self, answer: Answer) -> bool:
        """Takes the backend's time from a 401 `clock`; True when signing with it can make a difference."""
        try:
            told = _clocks.decode(answer.body)
        except msgspec.DecodeError:
            return False
        if told.code != "clock" or told.server_ms is None:
            return False
        offset_ms = told.server_ms - self._clock.now_ms()
        differs = abs(offset_ms - self.clock_offset_ms) > _SAME_CLOCK_MS
        self.clock_offset_ms = offset_ms
        self._learned(offset_ms)
        return differs

    def _pause(self, trouble: str, wished_s: float = 0.0) -> None:
        pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** min(self._failures, 16))
        pause_s = max(pause_s * self._rng.uniform(0.5, 1.0), min(wished_s, _LONGEST_WISH_S))
        self._failures += 1
        self._not_before_s = self._clock.monotonic_s() + pause_s
        self.resting.set()
        if trouble != self.last_trouble:
            _log.warning("batch not acknowledged", reason=trouble, pause_s=round(pause_s, 1), waiting=self._spool.held.batches)
        self.last_trouble = trouble


def _names(answer: Answer, batch: Batch) -> bool:
    """Whether the answer is the backend's, and to this batch."""
    try:
        named = _answers.decode(answer.body)
    except msgspec.DecodeError:
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
