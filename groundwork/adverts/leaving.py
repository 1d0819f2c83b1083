"""Leaving: says once that a beacon is gone, after no radio of the box has heard it for a set time.

Pure: closed windows in, in order of time. The answer does not depend on how many windows are closed at once. What was heard before a
restart is not remembered: the backend knows a restart by the new boot.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple

from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.contracts.sighting import Left

MOST_REMEMBERED: Final = 50_000
"""Beacons waited for at once. Beyond it the one longest unheard is forgotten unsaid: only forged tokens come in such numbers."""


class _Heard(NamedTuple):
    until_ms: int
    radio: GatewayId


class Leaving:
    """Who is here. `after_ms` is the silence that means gone; 0 means that nobody asks."""

    def __init__(self, after_ms: int) -> None:
        self._after_ms = after_ms
        self._here: OrderedDict[BeaconKey, _Heard] = OrderedDict()

    def heard(self, start_ms: int, end_ms: int, loudest: Iterable[tuple[BeaconKey, GatewayId]]) -> list[Left]:
        """Takes the window from `start_ms` to `end_ms`: the beacons in it, each with the radio that heard it best. Returns who had left."""
        if not self._after_ms:
            return []
        left = self.silent(start_ms)
        for beacon, radio in loudest:
            self._here[beacon] = _Heard(end_ms, radio)
            self._here.move_to_end(beacon)
        while len(self._here) > MOST_REMEMBERED:
            self._here.popitem(last=False)
        return left

    def silent(self, until_ms: int) -> list[Left]:
        """Who has left by `until_ms`, in the order they were last heard."""
        left = []
        while self._here:
            beacon, heard = next(iter(self._here.items()))
            if heard.until_ms + self._after_ms > until_ms:
                break
            del self._here[beacon]
            left.append(Left(gateway=heard.radio, beacon=beacon, heard_until_ms=heard.until_ms, silent_ms=self._after_ms))
        return left

    def forget(self) -> None:
        """After the clock was set back: how long anybody has been silent can no longer be told."""
        self._here.clear()
