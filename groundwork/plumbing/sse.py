"""Server-sent events: a feed that remembers its last lines, and an answer that streams it with heartbeats and resumes after a break.

A listener that was away for longer than the feed remembers, or is too slow to follow, gets one `resync` line: it loads the whole picture
again and goes on from there. No listener can hold the feed up.
"""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import msgspec
from aiohttp import web

from groundwork.plumbing.clock import Clock, set_or_after

HEARTBEAT_S: Final = 15.0
"""Proxies close what has been silent for a minute or less; a quarter of that is on the safe side."""
_LAST_ID: Final = re.compile(r"\d{1,18}")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a feed. `scope` is who may see it, in the feed's own terms."""

    number: int
    kind: str
    scope: str
    payload: bytes

    def wire(self) -> bytes:
        """The line as the standard writes it; the payload is JSON in one line."""
        return b"id: %d\nevent: %s\ndata: %s\n\n" % (self.number, self.kind.encode(), self.payload)


class Feed:
    """Lines for any number of listeners, the last `remembered` of which can be heard again."""

    def __init__(self, remembered: int = 1_000) -> None:
        self._lines: deque[Line] = deque(maxlen=remembered)
        self._last = 0
        self._more = asyncio.Event()
        self.closed = False

    @property
    def last(self) -> int:
        """The number of the newest line; 0 before the first."""
        return self._last

    def publish(self, kind: str, scope: str, value: object) -> None:
        """Adds a line whose payload is `value` as JSON."""
        self._last += 1
        self._lines.append(Line(self._last, kind, scope, msgspec.json.encode(value)))
        self._wake()

    def after(self, number: int) -> list[Line] | None:
        """The lines after `number`; None when some of them are forgotten, or `number` is of another run of the process."""
        oldest = self._lines[0].number if self._lines else self._last + 1
        if number > self._last or number < oldest - 1:
            return None
        return [line for line in self._lines if line.number > number]

    def change(self) -> asyncio.Event:
        """What is set at the next line or when the feed closes. Ask for it before looking at the lines, so that none is missed."""
        return self._more

    def close(self) -> None:
        """Ends every answer that streams this feed."""
        self.closed = True
        self._wake()

    def _wake(self) -> None:
        woken, self._more = self._more, asyncio.Event()
        woken.set()


def last_event_id(request: web.Request) -> int | None:
    """Where a listener that comes back stopped; None for one that is new."""
    given = request.headers.get("Last-Event-ID", "") or request.query.get("last_event_id", "")
    return int(given) if _LAST_ID.fullmatch(given) else None


async def stream(
    request: web.Request, feed: Feed, clock: Clock, wanted: Callable[[Line], bool], heartbeat_s: float = HEARTBEAT_S
) -> web.StreamResponse:
    """Answers with the feed's lines that are `wanted`, until the listener leaves or the feed closes."""
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no"})
    await response.prepare(request)
    resumed = last_event_id(request)
    at = feed.last if resumed is None else resumed
    await response.write(b": welcome\n\n")
    while not feed.closed:
        change = feed.change()
        lines = feed.after(at)
        if lines is None:
            await response.write(b"id: %d\nevent: resync\ndata: {}\n\n" % feed.last)
        at = feed.last
        sent = b"".join(line.wire() for line in lines or () if wanted(line))
        if sent:
            await response.write(sent)
        if lines is not None and not lines:
            await _wait(change, clock, heartbeat_s, response)
    await response.write_eof()
    return response


async def _wait(change: asyncio.Event, clock: Clock, heartbeat_s: float, response: web.StreamResponse) -> None:
    """Waits for a change; after `heartbeat_s` without one it writes a comment, which also finds out whether the listener is still there."""
    await set_or_after(change, clock, heartbeat_s)
    if not change.is_set():
        await response.write(b": still here\n\n")
