"""The locator's interface: what devices heard at some moments goes in as columns, estimates of where they are come out as columns.

Pure. A locator is a file of `locate/`, chosen by name in `locate/__init__.py`; it sees no device id and no clock. It is made for one plan
(`Standing`) and may keep columns of its own for every device: they are part of the engine's snapshot. A locator that gives no probability
of zones leaves that to `zones/match.py`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Protocol

import numpy as np

from floorplans.model import Plan, Zone
from geofence.columns import Flags, Floats, Indices, Longs, Singles

if TYPE_CHECKING:
    from geofence.device_columns import DeviceColumns, Kind
    from geofence.positioning.anchors import Calibration

MEMORY_MS = 5_000
"""What was heard longer ago says nothing about now: a walker is 6 m further. Best median on recorded walks lies at 4 to 6 s."""
UNKNOWN_MS: Final = 30_000
"""Nothing listed was heard for this long: where the device is, is unknown, whatever steps it felt since."""
NO_STEPS: Final = -1
"""In place of a count of steps: this device does not say when it steps."""


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


class Hearings(NamedTuple):
    """One moment of each of n devices, each once."""

    slot: Indices
    at_ms: Longs
    starts: Indices
    """Shape (n + 1,): moment i's readings stand at starts[i] to starts[i + 1]; none where only steps were felt."""
    anchor: Indices
    rssi_dbm: Singles
    """As read; the anchor's gain is still in it."""
    steps: Indices
    """Felt since the last moment, or NO_STEPS."""
    stride_m: Singles
    """Shape (n, 2): where the steps led, in the level's frame."""


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
    """Points with their radii; columns of shape (n,)."""

    level: Indices
    x_m: Floats
    y_m: Floats
    radius_m: Floats


class Estimates(NamedTuple):
    """What a locator answers."""

    places: Places
    probability: Floats | None = None
    """Shape (n, zones), in the order of Standing.zones; None where the locator leaves it to the radius."""


@dataclass(frozen=True, slots=True)
class Standing:
    """What a locator stands on."""

    plan: Plan
    zones: tuple[Zone, ...]
    """In the zone map's order."""
    anchors: Anchors
    calibration: "Calibration | None" = None


class Locator(Protocol):
    """A method that makes fixes. The same moment of a device gives the same bits, whatever moments stand beside it."""

    @property
    def kinds(self) -> "Mapping[str, Kind]":
        """The columns it keeps for every device, by name."""
        ...

    @property
    def follows_steps(self) -> bool:
        """Whether moments at which only steps were felt are of use to it."""
        ...

    def __call__(self, hearings: Hearings, devices: "DeviceColumns") -> Estimates:
        """Estimates for every moment; reads what was heard lately from `devices`, and writes its own columns there."""
        ...


Maker = Callable[[Standing], Locator]


def strongest_level(power: Floats, anchors: Anchors) -> Indices:
    """The level whose anchors together are the loudest, for each row of `power` (n, a); the lowest index wins a draw. Shape (n,)."""
    levels = int(anchors.level.max(initial=0)) + 1
    if levels == 1:
        return np.zeros(len(power), np.int64)
    sums = np.stack([np.where(anchors.level == level, power, 0.0).sum(axis=1) for level in range(levels)], axis=1)
    best: Indices = sums.argmax(axis=1)
    return best
