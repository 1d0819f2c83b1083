"""Condensing: adverts of one window become one row per radio and beacon; who has left and what has changed come with it.

Pure: adverts in, columns out; no clock, no disk. The result does not depend on the order in which a window's adverts arrive.
Windows are aligned to whole multiples of their length since 1970, so that all gateways of a venue cut time at the same places.
Who may pass is for `gate.py`; keeping and sending rows, for the gateway's spool or the backend's log; `leaving.py` and `vitals.py` judge
what windows bring. The box in the shop and the backend's feeds condense by this one file.
"""

from collections import Counter
from dataclasses import dataclass, field
from math import inf
from statistics import median
from typing import Final

from groundwork.adverts.frame import Telemetry
from groundwork.adverts.leaving import Leaving
from groundwork.adverts.vitals import Measured, Vitals
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.contracts.sighting import BeaconTelemetry, Left

LATE: Final = "late_advert"
CROWDED: Final = "window_crowded"
MOST_OPEN: Final = 50_000
"""Rows open at once. Whoever forges tokens by the million must not take the box's memory; a shop has some hundreds."""
MOST_COUNTED: Final = 65_535
"""The frame's column for adverts has 16 bits."""


@dataclass(slots=True)
class Columns:
    """Rows of closed windows, in order of window, radio and beacon. All lists have one length."""

    gateway: list[GatewayId] = field(default_factory=list)
    beacon: list[BeaconKey] = field(default_factory=list)
    window_start_ms: list[int] = field(default_factory=list)
    adverts: list[int] = field(default_factory=list)
    rssi_median_dbm: list[float] = field(default_factory=list)
    rssi_min_dbm: list[float] = field(default_factory=list)
    rssi_max_dbm: list[float] = field(default_factory=list)
    rssi_last_dbm: list[float] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.beacon)

    def slice(self, start: int, end: int) -> "Columns":
        """The rows from `start` up to `end`."""
        return Columns(*(getattr(self, name)[start:end] for name in self.__slots__))

    def extend(self, other: "Columns") -> None:
        """Appends the rows of `other`."""
        for name in self.__slots__:
            getattr(self, name).extend(getattr(other, name))


@dataclass(slots=True)
class _Heard:
    """What one radio heard of one beacon in one open window."""

    rssi: list[float]
    last: tuple[int, float]
    """When and how strong; the later one wins, of two at the same millisecond the stronger, whichever came first."""


@dataclass(slots=True)
class _Window:
    rows: dict[tuple[GatewayId, BeaconKey], _Heard] = field(default_factory=dict)
    refused: Counter[str] = field(default_factory=Counter)
    measured: dict[BeaconKey, list[Measured]] = field(default_factory=dict)


@dataclass(slots=True)
class Closed:
    """What closing windows brought: their rows, the adverts refused in them by reason, who has left, and what has changed."""

    until_ms: int
    """Every window that ends at or before this moment is closed for good."""
    columns: Columns = field(default_factory=Columns)
    refused: Counter[str] = field(default_factory=Counter)
    left: list[Left] = field(default_factory=list)
    telemetry: list[BeaconTelemetry] = field(default_factory=list)


class Condenser:
    """Open windows of `window_ms`; `closed_until_ms` is where an earlier run had closed them up to.

    A beacon unheard for `left_after_ms` has left; 0: nobody asks.
    """

    def __init__(self, window_ms: int, closed_until_ms: int = 0, left_after_ms: int = 0) -> None:
        if not 1 <= window_ms <= MOST_COUNTED:
            raise ValueError(f"a window is 1 to {MOST_COUNTED} ms long, got {window_ms}")
        self.window_ms = window_ms
        self.closed_until_ms = closed_until_ms
        self._windows: dict[int, _Window] = {}
        self._open = 0
        self._leaving = Leaving(left_after_ms)
        self._vitals = Vitals()

    @property
    def newest_end_ms(self) -> int:
        """When the newest open window ends; the closed time where none is open."""
        return max(self._windows) + self.window_ms if self._windows else self.closed_until_ms

    def add(self, gateway: GatewayId, beacon: BeaconKey, at_ms: int, rssi_dbm: float) -> str:
        """Takes one advert; answers why it did not count, or nothing."""
        if at_ms < self.closed_until_ms:
            return LATE
        window = self._window(at_ms)
        heard = window.rows.get((gateway, beacon))
        if heard is not None:
            heard.rssi.append(rssi_dbm)
            heard.last = max(heard.last, (at_ms, rssi_dbm))
        elif self._open >= MOST_OPEN:
            return CROWDED
        else:
            window.rows[gateway, beacon] = _Heard([rssi_dbm], (at_ms, rssi_dbm))
            self._open += 1
        return ""

    def measure(self, gateway: GatewayId, beacon: BeaconKey, at_ms: int, telemetry: Telemetry) -> None:
        """Takes what a beacon says of itself; nothing comes of it in a window that is closed."""
        if at_ms < self.closed_until_ms:
            return
        measured = self._window(at_ms).measured
        if beacon in measured or len(measured) < MOST_OPEN:
            measured.setdefault(beacon, []).append(Measured(at_ms, gateway, telemetry))

    def refuse(self, at_ms: int, code: str) -> None:
        """Counts a refused advert in its window, so that reading a source again after a crash counts it no second time."""
        self._window(max(at_ms, self.closed_until_ms)).refused[code] += 1

    def advance(self, now_ms: int) -> Closed | None:
        """Closes every window that has ended by `now_ms`; None where time has not reached the end of another window."""
        until_ms = now_ms - now_ms % self.window_ms
        if until_ms <= self.closed_until_ms:
            return None
        self.closed_until_ms = until_ms
        closed = Closed(until_ms)
        for start_ms in sorted(start for start in self._windows if start < until_ms):
            self._close(start_ms, self._windows.pop(start_ms), closed)
        closed.left += self._leaving.silent(until_ms)
        return closed

    def so_far(self) -> Columns:
        """The rows of the windows that are still open, which stay so: what comes later makes rows of its own.

        For who cannot wait. Nothing is told here of who has left or what has changed.
        """
        columns = Columns()
        for start_ms in sorted(self._windows):
            rows, self._windows[start_ms].rows = self._windows[start_ms].rows, {}
            self._open -= len(rows)
            _append(columns, start_ms, rows)
        return columns

    def recut(self, window_ms: int) -> bool:
        """Goes on with windows of another length; False, and all stays, while one is open or their edges do not meet here."""
        if window_ms != self.window_ms and (self._windows or self.closed_until_ms % window_ms):
            return False
        self.window_ms = window_ms
        return True

    def turn_back(self, now_ms: int) -> None:
        """Follows a clock that was set back: windows from `now_ms` on are open again."""
        self.closed_until_ms = now_ms - now_ms % self.window_ms
        self._leaving.forget()

    def _close(self, start_ms: int, window: _Window, closed: Closed) -> None:
        closed.refused += window.refused
        self._open -= len(window.rows)
        _append(closed.columns, start_ms, window.rows)
        closed.left += self._leaving.heard(start_ms, start_ms + self.window_ms, _loudest(window.rows))
        for beacon in sorted(window.measured):
            told = self._vitals.changed(beacon, window.measured[beacon])
            if told is not None:
                closed.telemetry.append(told)

    def _window(self, at_ms: int) -> _Window:
        start_ms = at_ms - at_ms % self.window_ms
        window = self._windows.get(start_ms)
        if window is None:
            window = self._windows[start_ms] = _Window()
        return window


def _loudest(rows: dict[tuple[GatewayId, BeaconKey], _Heard]) -> list[tuple[BeaconKey, GatewayId]]:
    """Each beacon with the radio that heard it best, in order of beacon."""
    best: dict[BeaconKey, tuple[float, GatewayId]] = {}
    for (radio, beacon), heard in rows.items():
        best[beacon] = max(best.get(beacon, (-inf, radio)), (max(heard.rssi), radio))
    return [(beacon, best[beacon][1]) for beacon in sorted(best)]


def _append(columns: Columns, start_ms: int, rows: dict[tuple[GatewayId, BeaconKey], _Heard]) -> None:
    for key in sorted(rows):
        heard = rows[key]
        columns.gateway.append(key[0])
        columns.beacon.append(key[1])
        columns.window_start_ms.append(start_ms)
        columns.adverts.append(min(len(heard.rssi), MOST_COUNTED))
        columns.rssi_median_dbm.append(median(heard.rssi))
        columns.rssi_min_dbm.append(min(heard.rssi))
        columns.rssi_max_dbm.append(max(heard.rssi))
        columns.rssi_last_dbm.append(heard.last[1])
