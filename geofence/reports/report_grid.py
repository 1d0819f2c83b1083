"""The grid of reports: quarters of an hour, hours, days and weeks as the venue's clocks show them.

Pure. A cell is named by the instant at which it begins. Where clocks are set back, the hour that comes twice is two cells; where they are
set forward, the missing one is none; a day has 23, 24 or 25 hours. The grid is fixed: nobody can ask for a span of her own choosing, so
nobody can shift one by a minute and subtract (`disclosure.py`).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

Step = Literal["quarter", "hour", "day", "week"]

_MINUTE_MS: Final = 60_000
_SECONDS: Final = {"quarter": 900, "hour": 3_600}


@dataclass(frozen=True, slots=True)
class Grid:
    """The grid of one venue."""

    time_zone: str

    def start_ms(self, step: Step, at_ms: int) -> int:
        """When the cell began that `at_ms` lies in."""
        if step in _SECONDS:
            return self._within_hour(_SECONDS[step], at_ms)
        day = self.day_of(at_ms)
        return self.begins_ms(day if step == "day" else day - timedelta(days=day.weekday()))

    def end_ms(self, step: Step, start_ms: int) -> int:
        """When the cell that begins at `start_ms` ends."""
        if step in ("day", "week"):
            return self.begins_ms(self.day_of(start_ms) + timedelta(days=1 if step == "day" else 7))
        end_ms = start_ms + _SECONDS[step] * 1000
        while end_ms - start_ms > _MINUTE_MS and self.start_ms(step, end_ms - 1) != start_ms:  # clocks were set in the middle of it
            end_ms -= 15 * _MINUTE_MS
        return end_ms

    def cells(self, step: Step, from_ms: int, to_ms: int) -> Iterator[int]:
        """The beginnings of the cells that touch the span from `from_ms` up to, not at, `to_ms`."""
        at_ms = self.start_ms(step, from_ms)
        while at_ms < to_ms:
            yield at_ms
            at_ms = self.end_ms(step, at_ms)

    def day_of(self, at_ms: int) -> date:
        """The local date."""
        return self._local(at_ms).date()

    def begins_ms(self, day: date) -> int:
        """The first instant of the local date, where clocks skip midnight the one at which they do."""
        return round(datetime.combine(day, time(), ZoneInfo(self.time_zone)).timestamp() * 1000)

    def shown(self, at_ms: int) -> str:
        """The instant as the venue's clocks show it, with their offset."""
        return self._local(at_ms).isoformat()

    def _within_hour(self, seconds: int, at_ms: int) -> int:
        local = self._local(at_ms)
        offset = local.utcoffset()
        assert offset is not None  # it is an aware time
        offset_ms = round(offset.total_seconds() * 1000)
        start_ms = (at_ms + offset_ms) // (seconds * 1000) * (seconds * 1000) - offset_ms
        while self._local(start_ms).utcoffset() != offset:  # the clocks were set within this very cell
            start_ms += 15 * _MINUTE_MS
        return start_ms

    def _local(self, at_ms: int) -> datetime:
        return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(ZoneInfo(self.time_zone))
