"""What is remembered of each device, as columns: a device is a slot, a number that is valid until it is freed.

Pure. Freed slots are used again, lowest first, so that the same input always gives the same slots; columns grow by doubling.
What was heard is kept dense, device by anchor; presence is kept device by layer (`presence.py` says what its columns mean).
"""

import heapq
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

import numpy as np

from geofence.columns import NONE, Columns, Indices, Tracks

NEVER_MS = -(1 << 62)
_FIRST_CAPACITY = 16

_Kinds: TypeAlias = dict[str, tuple[np.dtype[Any], object]]
"""By name: what a column is made of, and what an empty slot holds."""

PER_DEVICE: Final[_Kinds] = {
    "track": (np.dtype(np.uint64), 0),
    "shopper": (np.dtype("S32"), b""),
    "visit_start_ms": (np.dtype(np.int64), NEVER_MS),
    "last_ms": (np.dtype(np.int64), NEVER_MS),
    "seen_ms": (np.dtype(np.int64), NEVER_MS),
}
PER_ANCHOR: Final[_Kinds] = {"rssi_dbm": (np.dtype(np.float32), 0.0), "heard_ms": (np.dtype(np.int64), NEVER_MS)}
PER_LAYER: Final[_Kinds] = {
    "held": (np.dtype(np.int16), NONE),
    "stay_start_ms": (np.dtype(np.int64), NEVER_MS),
    "entered_ms": (np.dtype(np.int64), NEVER_MS),
    "below_ms": (np.dtype(np.int64), NEVER_MS),
    "dwells": (np.dtype(np.int16), 0),
    "probability": (np.dtype(np.float32), 0.0),
    "candidate": (np.dtype(np.int16), NONE),
    "candidate_ms": (np.dtype(np.int64), NEVER_MS),
}


@dataclass(slots=True)
class DeviceColumns:
    """The devices of one venue. Column shapes: (capacity,), (capacity, anchors) or (capacity, layers)."""

    anchors: int
    layers: int
    capacity: int = 0
    columns: dict[str, Columns] = field(default_factory=dict)
    slots: dict[int, int] = field(default_factory=dict)
    """Slot by track."""
    free: list[int] = field(default_factory=list)
    """A heap of the slots below `capacity` that nobody has."""

    def __post_init__(self) -> None:
        for name, (dtype, _) in self._kinds():
            self.columns.setdefault(name, np.empty((0, *self._width(name)), dtype))

    @classmethod
    def holding(cls, columns: dict[str, Columns]) -> "DeviceColumns":
        """Devices as columns that have one row for each, such as a snapshot holds them."""
        count = len(columns["track"])
        devices = cls(columns["rssi_dbm"].shape[1], columns["held"].shape[1], count, columns)
        devices.slots = {track: slot for slot, track in enumerate(columns["track"].tolist())}
        return devices

    def __getitem__(self, name: str) -> Columns:
        return self.columns[name]

    def __len__(self) -> int:
        return len(self.slots)

    def slots_of(self, tracks: Tracks, shoppers: list[str]) -> Indices:
        """The slot of each track; unknown ones get one, under the pseudonym of the same place. Shapes (n,)."""
        known, pairs = self.slots, zip(tracks.tolist(), shoppers, strict=True)
        found = (known[track] if track in known else self._add(track, shopper) for track, shopper in pairs)
        return np.fromiter(found, np.int64, len(tracks))

    def live(self) -> Indices:
        """The slots in use, rising."""
        return np.sort(np.fromiter(self.slots.values(), np.int64, len(self.slots)))

    def release(self, slots: Indices) -> None:
        """Forgets these devices; their slots are empty again."""
        for track in self["track"][slots].tolist():
            heapq.heappush(self.free, self.slots.pop(track))
        for name, (_, empty) in self._kinds():
            self.columns[name][slots] = empty

    def reshape(self, anchors: Indices, layers: int) -> None:
        """A new plan: column i of what was heard is taken from the old column `anchors[i]` (-1: a new anchor), presence starts empty."""
        for name, (dtype, empty) in PER_ANCHOR.items():
            old, fresh = self.columns[name], np.full((self.capacity, len(anchors)), empty, dtype)
            kept = anchors != NONE
            fresh[:, kept] = old[:, anchors[kept]]
            self.columns[name] = fresh
        for name, (dtype, empty) in PER_LAYER.items():
            self.columns[name] = np.full((self.capacity, layers), empty, dtype)
        self.anchors, self.layers = len(anchors), layers

    def _add(self, track: int, shopper: str) -> int:
        if not self.free:
            self._grow()
        slot = heapq.heappop(self.free)
        self.slots[track] = slot
        self.columns["track"][slot] = track
        self.columns["shopper"][slot] = shopper.encode()
        return slot

    def _grow(self) -> None:
        old = self.capacity
        self.capacity = max(_FIRST_CAPACITY, 2 * old)
        for name, (dtype, empty) in self._kinds():
            column = np.full((self.capacity, *self._width(name)), empty, dtype)
            column[:old] = self.columns[name]
            self.columns[name] = column
        self.free.extend(range(old, self.capacity))

    def _width(self, name: str) -> tuple[int, ...]:
        if name in PER_ANCHOR:
            return (self.anchors,)
        return (self.layers,) if name in PER_LAYER else ()

    def _kinds(self) -> Iterator[tuple[str, tuple[np.dtype[Any], object]]]:
        yield from PER_DEVICE.items()
        yield from PER_ANCHOR.items()
        yield from PER_LAYER.items()
