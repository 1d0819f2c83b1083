"""Identities: which names are borne by two things at once, so that neither is believed until that is over.

Two kinds are told here. **A gateway id used by two boxes** (a copied disk image): each box says which start of itself a batch is of, its
boot id, and a boot id that another has followed never comes back by itself; where it does, twice within REVIVED_MS and with windows of now
(a backlog is older), two boxes are at work. **A beacon key sent by two beacons**, or one that hangs elsewhere than the plan says: a phone
hears it as loud as two others that hang close together, far from where it should be. Heard in both places, it is double; heard only
elsewhere, it was moved. Both take EVIDENCE windows in MINUTES different minutes, so that one odd moment proves nothing, and end when for
DOUBT_MS nothing more is heard of it.

What is doubted is left out of positioning, and counted: `shared_gateway` at the door, `doubted_beacon` in the engine. Tokens and tags of
shoppers are `intake/watch.py`'s. Pure; beacons are judged on event time and are part of the engine's snapshot; boots are in memory only.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
import numpy as np

from geofence.columns import Flags, Floats, Indices
from geofence.positioning.locator import Anchors
from geofence.tracking.pending import Rows
from groundwork.contracts.ids import GatewayId

Why = Literal["double", "moved"]

FRESH_MS: Final = 15_000
REVIVED_MS: Final = 300_000
REVIVALS: Final = 2
DOUBT_MS: Final = 600_000
AS_LOUD_DB: Final = 8.0
"""Of what is heard in one window, what is about as loud hangs about as near: a radio twice as far is 6 dB fainter."""
LOUD_DBM: Final = -80.0
TOGETHER_M: Final = 12.0
FAR_M: Final = 30.0
"""So far from two others, it cannot be as near as they are."""
EVIDENCE: Final = 6
MINUTES: Final = 3
MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class _Boots:
    current: str = ""
    before: set[str] = field(default_factory=set)
    revived_ms: deque[int] = field(default_factory=lambda: deque(maxlen=REVIVALS))


class Boots:
    """Which gateway ids two boxes use; one for a process."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], _Boots] = {}

    def shared(self, tenant: str, gateway: str, boot: str, covered_until_ms: int, now_ms: int) -> bool:
        """Whether the gateway's id is used by two boxes, now that a batch of `boot` has come."""
        known = self._known.setdefault((tenant, gateway), _Boots(boot))
        if now_ms - covered_until_ms <= FRESH_MS and boot != known.current:
            if boot in known.before:
                known.revived_ms.append(now_ms)
            known.before.add(known.current)
            known.current = boot
        if known.revived_ms and now_ms - known.revived_ms[-1] > DOUBT_MS:
            self._known[tenant, gateway] = _Boots(boot)
            return False
        return _two(known.revived_ms)

    def of(self, tenant: str, now_ms: int) -> list[GatewayId]:
        """The tenant's gateways whose ids two boxes used lately."""
        found = [(at, known.revived_ms) for at, known in sorted(self._known.items()) if at[0] == tenant]
        return [GatewayId(gateway) for (_, gateway), times in found if _two(times) and now_ms - times[-1] <= DOUBT_MS]


def _two(times: deque[int]) -> bool:
    return len(times) == REVIVALS and times[-1] - times[0] <= REVIVED_MS


class Beacon(msgspec.Struct):
    """What phones told of one beacon lately."""

    here: int = 0
    elsewhere: int = 0
    minutes: list[int] = []
    """In which it was heard elsewhere, the last few."""
    last_ms: int = 0


class Heard(msgspec.Struct):
    """What is known of a venue's beacons; part of the snapshot. Only those that were heard elsewhere are kept."""

    beacons: dict[str, Beacon] = {}


class Beacons:
    """Which beacons of a venue are double or were moved."""

    def __init__(self, memory: Heard | None = None) -> None:
        self.memory = memory or Heard()

    def doubted(self, now_ms: int) -> dict[str, Why]:
        """By beacon key, `double` or `moved`."""
        found: dict[str, Why] = {}
        for subject, one in sorted(self.memory.beacons.items()):
            if one.elsewhere >= EVIDENCE and len(one.minutes) >= MINUTES and now_ms - one.last_ms <= DOUBT_MS:
                found[subject] = "double" if one.here >= EVIDENCE else "moved"
        return found

    def hear(self, rows: Rows, anchors: Anchors) -> None:
        """A phone's rows, whose anchors are beacons; steps left out. Shape (n,)."""
        if not len(rows.end_ms):
            return
        rows = rows.where(np.lexsort((-rows.rssi_dbm, rows.end_ms)))
        starts = np.flatnonzero(np.concatenate(([True], rows.end_ms[1:] != rows.end_ms[:-1])))
        for first, last in zip(starts.tolist(), [*starts[1:].tolist(), len(rows.end_ms)], strict=True):
            self._window(rows.where(np.arange(first, last)), anchors)

    def leave_out(self, rows: Rows, anchors: Anchors, now_ms: int) -> Flags:
        """Which rows are of beacons that are doubted. Shape (n,)."""
        doubted = self.doubted(now_ms)
        flags = np.array([subject in doubted for subject in anchors.subjects], np.bool_)
        found: Flags = np.append(flags, False)[np.maximum(rows.anchor, -1)]  # the last one stands for steps
        return found

    def _window(self, rows: Rows, anchors: Anchors) -> None:
        """One window of one phone, loudest first."""
        loud = rows.anchor[(rows.rssi_dbm >= LOUD_DBM) & (rows.rssi_dbm >= rows.rssi_dbm[0] - AS_LOUD_DB)]
        if len(loud) < 3 or len(np.unique(loud)) < len(loud):
            return
        apart = _apart_m(anchors, loud)
        for at, anchor in enumerate(loud.tolist()):
            others = np.delete(np.arange(len(loud)), at)
            if apart[np.ix_(others, others)].max() <= TOGETHER_M:
                self._judge(anchors.subjects[anchor], float(apart[at, others].min()), int(rows.end_ms[0]))

    def _judge(self, subject: str, apart_m: float, at_ms: int) -> None:
        one = self.memory.beacons.get(subject)
        if one is not None and at_ms - one.last_ms > DOUBT_MS:
            del self.memory.beacons[subject]
            one = None
        if apart_m >= FAR_M:
            one = self.memory.beacons.setdefault(subject, one or Beacon())
            one.elsewhere += 1
            one.last_ms = max(one.last_ms, at_ms)
            if at_ms // MINUTE_MS not in one.minutes:
                one.minutes = [*one.minutes, at_ms // MINUTE_MS][-MINUTES:]
        elif one is not None:
            one.here += 1


def _apart_m(anchors: Anchors, some: Indices) -> Floats:
    """Between some anchors, shape (n, n). Levels are no distance: across an open hall the next one is heard as well as one's own."""
    x_m, y_m, level = anchors.x_m[some], anchors.y_m[some], anchors.level[some]
    apart: Floats = np.where(level[:, None] == level, np.hypot(x_m[:, None] - x_m, y_m[:, None] - y_m), 0.0)
    return apart
