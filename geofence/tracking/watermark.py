"""The watermark: the event time up to which a venue's input is taken as complete.

Pure. Sources say how far their input reaches; the watermark waits for every source heard of late, and for none longer than the
allowed lateness. With all sources reporting it moves at once, so waiting costs no latency; with one silent it moves that much behind.
It never moves back. Rows at or below it when they arrive are late.

Phones' ranging reports are no source here: a phone vouches for itself alone, and its clock must not close a venue's windows.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from geofence.device_columns import NEVER_MS

FORGET_MS = 3_600_000
"""A source silent for an hour of event time is no longer waited for or missed: it was taken down, or starts anew when it comes back."""


@dataclass(slots=True)
class Watermark:
    """One venue's, in ms of event time."""

    lateness_ms: int
    at_ms: int = NEVER_MS
    newest_ms: int = NEVER_MS
    covered_ms: dict[str, int] = field(default_factory=dict)
    """How far each source's input reaches."""

    def cover(self, source: str, until_ms: int) -> int:
        """`source` has told everything up to `until_ms`; returns the new watermark. A repeat or an older claim changes nothing."""
        self.covered_ms[source] = max(until_ms, self.covered_ms.get(source, NEVER_MS))
        return self._move(until_ms)

    def tick(self, now_ms: int) -> int:
        """The clock shows `now_ms` and nobody has spoken; returns the new watermark."""
        return self._move(now_ms)

    def _move(self, seen_ms: int) -> int:
        self.newest_ms = max(self.newest_ms, seen_ms)
        floor_ms = self.newest_ms - self.lateness_ms
        waited_for = min((covered for covered in self._known() if covered >= floor_ms), default=floor_ms)
        self.at_ms = max(self.at_ms, waited_for)
        return self.at_ms

    def _known(self) -> Iterator[int]:
        return (covered for covered in self.covered_ms.values() if covered >= self.newest_ms - FORGET_MS)
