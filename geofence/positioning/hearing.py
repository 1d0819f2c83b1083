"""Hearing: readings into the device-by-anchor columns, smoothed, and back: what each device heard lately.

Pure but for the columns it owns for the moment: `take` writes them. Locators without a memory of their own (`memoryless`) need nothing
else; the others read from here what they want besides the moment itself.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from geofence.columns import Floats, Indices, Longs, Singles
from geofence.device_columns import DeviceColumns, Kind
from geofence.positioning.locator import MEMORY_MS, Anchors, Estimates, Heard, Hearings, Maker, Places

SMOOTHING_MS = 1_000.0
"""Time constant of the exponential mean of RSSI. Shorter follows fading, longer drags the fix behind a walker."""


def take(devices: DeviceColumns, slot: Indices, anchor: Indices, at_ms: Longs, rssi_dbm: Singles) -> None:
    """Rows of shape (n,) join what is remembered, in the given order; a pair that stands twice keeps its last row."""
    rssi, heard_ms = devices["rssi_dbm"], devices["heard_ms"]
    before, since = rssi[slot, anchor], at_ms - np.maximum(heard_ms[slot, anchor], at_ms - MEMORY_MS - 1)
    share = np.where(since > MEMORY_MS, 1.0, -np.expm1(-since / SMOOTHING_MS)).astype(np.float32)
    rssi[slot, anchor] = before + share * (rssi_dbm - before)
    heard_ms[slot, anchor] = at_ms


def heard(devices: DeviceColumns, slot: Indices, at_ms: Longs, anchors: Anchors) -> Heard:
    """What the devices in `slot` remember at `at_ms`; shapes (n,), each slot once."""
    moments = devices["heard_ms"][slot]
    known = moments >= (at_ms - MEMORY_MS)[:, None]
    age: Floats = np.where(known, at_ms[:, None] - moments, 0).astype(np.float64)
    rssi: Floats = devices["rssi_dbm"][slot].astype(np.float64) - anchors.gain_db
    return Heard(rssi, age, known)


@dataclass(frozen=True, slots=True)
class Memoryless:
    """A locator made of a plain function of what was heard lately."""

    anchors: Anchors
    method: Callable[[Heard, Anchors], Places]
    kinds: Mapping[str, Kind] = field(default_factory=dict)
    follows_steps: bool = False

    def __call__(self, hearings: Hearings, devices: DeviceColumns) -> Estimates:
        return Estimates(self.method(heard(devices, hearings.slot, hearings.at_ms, self.anchors), self.anchors))


def memoryless(method: Callable[[Heard, Anchors], Places]) -> Maker:
    """The maker of a locator that needs nothing but the columns of what was heard lately."""
    return lambda standing: Memoryless(standing.anchors, method)
