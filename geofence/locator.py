"""The locator's interface: what each device heard lately goes in as columns, fixes come out as columns.

Pure. A locator is a file of `locate/`, chosen by name in `locate/__init__.py`; it sees no device id, no clock and no zone.
Which zone a fix lies in is for `match.py`.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

from geofence.columns import Flags, Floats, Indices, Longs

MEMORY_MS = 5_000
"""What was heard longer ago says nothing about now: a walker is 6 m further. Best median on recorded walks lies at 4 to 6 s."""


@dataclass(frozen=True, slots=True)
class Anchors:
    """The fixed radios of a venue in plan order; columns of shape (a,), metres in the level's frame."""

    subjects: tuple[str, ...]
    level: Indices
    x_m: Floats
    y_m: Floats
    gain_db: Floats
    """How much louder than its fellows this one reads, from calibration; 0 where unknown. Taken off before use."""

    def __len__(self) -> int:
        return len(self.subjects)


class Heard(NamedTuple):
    """What n devices heard (or by whom they were heard): one row a device, one column an anchor."""

    rssi_dbm: Floats
    """Shape (n, a), smoothed, gain taken off; meaningless where `known` is false."""
    age_ms: Floats
    """Shape (n, a), 0 or more, at the moment of the fix."""
    known: Flags
    """Shape (n, a): heard within MEMORY_MS. At least one a row."""


class Fixes(NamedTuple):
    """Where n devices were estimated to be; columns of shape (n,)."""

    at_ms: Longs
    slot: Indices
    level: Indices
    x_m: Floats
    y_m: Floats
    radius_m: Floats
    """68 % of the belief lies within this distance of the point."""


class Places(NamedTuple):
    """What a locator answers; columns of shape (n,)."""

    level: Indices
    x_m: Floats
    y_m: Floats
    radius_m: Floats


class Locator(Protocol):
    """A method that makes fixes. The same row gives the same bits, whatever rows stand beside it."""

    def __call__(self, heard: Heard, anchors: Anchors) -> Places: ...


def strongest_level(power: Floats, anchors: Anchors) -> Indices:
    """The level whose anchors together are the loudest, for each row of `power` (n, a); the lowest index wins a draw. Shape (n,)."""
    levels = int(anchors.level.max(initial=0)) + 1
    if levels == 1:
        return np.zeros(len(power), np.int64)
    sums = np.stack([np.where(anchors.level == level, power, 0.0).sum(axis=1) for level in range(levels)], axis=1)
    best: Indices = sums.argmax(axis=1)
    return best
