"""What is remembered of each device, as columns: a device is a slot, a number that is valid until it is freed.

Pure. Freed slots are used again, lowest first, so that the same input always gives the same slots; columns grow by doubling.
What was heard is kept dense, device by anchor; presence is kept device by layer (`zones/presence.py` says what its columns mean); a locator
may ask for columns of its own, of any width.
"""

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from geofence.columns import NONE, Columns, Indices, Tracks

NEVER_MS = -(1 << 62)
"""Before any time that occurs."""
_FIRST_CAPACITY = 16


class Kind(NamedTuple):
    """What a column is made of."""

    dtype: np.dtype[Any]
    empty: object
    """What an empty slot holds."""
    width: tuple[int, ...] = ()
    """Numbers a device, beyond one; per anchor and per layer that is the plan's."""
    of_radios: bool = False
    """Learned against what radios are expected to read, so worth nothing once another calibration expects something else."""


_Kinds = dict[str, Kind]

PER_DEVICE: Final[_Kinds] = {
    "track": Kind(np.dtype(np.uint64), 0),
    "shopper": Kind(np.dtype("S32"), b""),
    "visit_start_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "last_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "since_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "listened_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "stepped_ms": Kind(np.dtype(np.int64), NEVER_MS),
}
PER_ANCHOR: Final[_Kinds] = {"rssi_dbm": Kind(np.dtype(np.float32), 0.0), "heard_ms": Kind(np.dtype(np.int64), NEVER_MS)}
PER_LAYER: Final[_Kinds] = {
    "held": Kind(np.dtype(np.int16), NONE),
    "stay_start_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "entered_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "below_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "dwells": Kind(np.dtype(np.int16), 0),
    "probability": Kind(np.dtype(np.float32), 0.0),
    "likely": Kind(np.dtype(np.int16), NONE),
    "candidate": Kind(np.dtype(np.int16), NONE),
    "candidate_ms": Kind(np.dtype(np.int64), NEVER_MS),
    "candidate_fixes": Kind(np.dtype(np.int16), 0),
}


@dataclass(slots=True)
class DeviceColumns:
    """The devices of one venue. Column shapes: (capacity,), (capacity, anchors), (capacity, layers), or as the locator's kinds say."""

    anchors: int
    layers: int
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    """The locator's."""
    capacity: int = 0
    columns: dict[str, Columns] = field(default_factory=dict)
    slots: dict[int, int] = field(default_factory=dict)
    """Slot by track."""
    free: list[int] = field(default_factory=list)
    """A heap of the slots below `capacity` that nobody has."""

    def __post_init__(self) -> None:
        for name, kind in self._kinds():
            self.columns.setdefault(name, np.empty((0, *kind.width), kind.dtype))

    @classmethod
    def holding(cls, columns: dict[str, Columns], kinds: Mapping[str, Kind]) -> "DeviceColumns":
        """Devices as columns that have one row for each, such as a snapshot holds them.

        A column that is missing or of another width (the snapshot is older, or of another locator) starts empty; unknown ones are dropped.
        """
        count = len(columns["track"])
        devices = cls(columns["rssi_dbm"].shape[1], columns["held"].shape[1], kinds)
        devices.capacity = count
        for name, kind in devices._kinds():
            shape = (count, *kind.width)
            known = columns.get(name)
            devices.columns[name] = known if known is not None and known.shape == shape else np.full(shape, kind.empty, kind.dtype)
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

    def begin_anew(self, slots: Indices) -> None:
        """Forgets all of these devices but who they are; they keep their slots."""
        for name, kind in self._kinds():
            if name not in ("track", "shopper"):
                self.columns[name][slots] = kind.empty

    def release(self, slots: Indices) -> None:
        """Forgets these devices; their slots are empty again."""
        for track in self["track"][slots].tolist():
            heapq.heappush(self.free, self.slots.pop(track))
        for name, kind in self._kinds():
            self.columns[name][slots] = kind.empty

    def reshape(self, anchors: Indices, layers: int, kinds: Mapping[str, Kind]) -> None:
        """A new plan: column i of what was heard is taken from the old column `anchors[i]` (-1: a new anchor), presence starts empty.

        Of the locator's columns those of one number a device are kept; wider ones belong to the old plan's floor and start empty.
        """
        for name, (dtype, empty, *_) in PER_ANCHOR.items():
            old, fresh = self.columns[name], np.full((self.capacity, len(anchors)), empty, dtype)
            kept = anchors != NONE
            fresh[:, kept] = old[:, anchors[kept]]
            self.columns[name] = fresh
        for name, (dtype, empty, *_) in PER_LAYER.items():
            self.columns[name] = np.full((self.capacity, layers), empty, dtype)
        for name, kind in self.kinds.items():
            if kind.width:
                del self.columns[name]
        self.anchors, self.layers = len(anchors), layers
        self.adopt(kinds)

    def adopt(self, kinds: Mapping[str, Kind]) -> None:
        """Another locator on the same floor: columns that both keep stay, its own start empty, what only the old one kept is dropped."""
        for name in self.kinds.keys() - kinds.keys():
            self.columns.pop(name, None)
        for name, (dtype, empty, width, _) in kinds.items():
            if name not in self.columns or self.columns[name].shape[1:] != width:
                self.columns[name] = np.full((self.capacity, *width), empty, dtype)
        self.kinds = kinds

    def forget_radios(self) -> None:
        """Another calibration: what a locator learned against the old one's radios starts empty, and by that the locator knows."""
        for name, kind in self.kinds.items():
            if kind.of_radios:
                self.columns[name][:] = kind.empty

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
        for name, kind in self._kinds():
            column = np.full((self.capacity, *kind.width), kind.empty, kind.dtype)
            column[:old] = self.columns[name]
            self.columns[name] = column
        self.free.extend(range(old, self.capacity))

    def _kinds(self) -> Iterator[tuple[str, Kind]]:
        yield from PER_DEVICE.items()
        yield from ((name, kind._replace(width=(self.anchors,))) for name, kind in PER_ANCHOR.items())
        yield from ((name, kind._replace(width=(self.layers,))) for name, kind in PER_LAYER.items())
        yield from self.kinds.items()
