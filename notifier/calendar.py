"""Calendar: venue-local time, and windows of it such as quiet hours.

Pure. Windows are wall time, so a change of the clocks needs no case of its own: an hour that is skipped is never asked for, and one
that comes twice is answered twice alike. Country packs (prayer, Ramadan, promotion hours) will stand beside this.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from groundwork.contracts.unfit import Unfit

_HH_MM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)", re.ASCII)


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Unfit("an IANA time zone such as Asia/Riyadh", "منطقة زمنية من قائمة IANA مثل Asia/Riyadh", value=name) from error


def local_time(at_ms: int, time_zone: str) -> datetime:
    """The aware local time of `at_ms` (ms since 1970 UTC) in `time_zone`; raises Unfit for a zone that IANA does not list."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).astimezone(_zone(time_zone))


def minute_of(text: str) -> int:
    """Minutes since midnight of `HH:MM`; raises Unfit on anything else."""
    form = _HH_MM.fullmatch(text)
    if form is None:
        raise Unfit("a time of day as HH:MM from 00:00 to 23:59", "وقت من اليوم بالصيغة HH:MM من 00:00 إلى 23:59", value=text)
    return int(form[1]) * 60 + int(form[2])


@dataclass(frozen=True, slots=True)
class Window:
    """A daily span of wall time, first minute included and last not; over midnight where `until` is earlier, empty where both are equal."""

    start: int
    until: int
    """Both in minutes since midnight."""

    @classmethod
    def parse(cls, start: str, until: str) -> Self:
        return cls(minute_of(start), minute_of(until))

    @property
    def empty(self) -> bool:
        return self.start == self.until

    def holds(self, local: datetime) -> bool:
        """Whether `local` lies within."""
        minute = local.hour * 60 + local.minute
        if self.start <= self.until:
            return self.start <= minute < self.until
        return minute >= self.start or minute < self.until

    def began(self, local: datetime) -> date:
        """The day on which the window that holds `local` began."""
        over_midnight = self.until < self.start and local.hour * 60 + local.minute < self.until
        return local.date() - timedelta(days=1) if over_midnight else local.date()
