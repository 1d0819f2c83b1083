"""Path loss: where the readings of the last seconds fit the log-distance path loss best, with the device's offset unknown.

Pure. The grid filter's likelihood once, from an even belief: no memory of where the device was, no map. What the filter's memory is worth
is the difference between the two.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from msgspec.structs import replace

from geofence.columns import Flags, Floats
from geofence.device_columns import DeviceColumns, Kind
from geofence.positioning import belief
from geofence.positioning.anchors import GENERIC, expected_dbm
from geofence.positioning.belief import FRESH, Ground, Moments, Rules, State
from geofence.positioning.cells import cells_of
from geofence.positioning.hearing import heard
from geofence.positioning.locator import NO_STEPS, Estimates, Hearings, Locator, Places, Standing

CHUNK: Final = 256
"""Devices worked off together: their beliefs are made anew each time, 16 kB each."""


@dataclass(slots=True)
class PathLoss:
    """The method on one plan."""

    standing: Standing
    ground: Ground
    rules: Rules
    kinds: dict[str, Kind]
    follows_steps: bool = False

    def __call__(self, hearings: Hearings, devices: DeviceColumns) -> Estimates:
        lately = heard(devices, hearings.slot, hearings.at_ms, self.standing.anchors)
        found = [self._some(lately.rssi_dbm[at : at + CHUNK], lately.known[at : at + CHUNK]) for at in range(0, len(lately.known), CHUNK)]
        place, probability = (np.concatenate(parts) for parts in zip(*found, strict=True))
        level, x, y, radius = place[:, 0].astype(np.int64), *place[:, 1:4].T
        return Estimates(Places(level, x, y, np.maximum(radius, self.rules.size_m / 2)), np.minimum(probability, 1.0))

    def _some(self, rssi_dbm: Floats, known: Flags) -> belief.Seen:
        count, cells = len(known), len(self.ground.x_m)
        row, anchor = np.nonzero(known)
        state = State(*(np.zeros(shape, np.float32) for shape in ((count, cells), (count, cells), (count,), (count, 2), (count, 4))))
        moments = Moments(
            np.arange(count),
            np.full(count, FRESH, np.float32),
            np.searchsorted(row, np.arange(count + 1)),
            anchor,
            rssi_dbm[row, anchor].astype(np.float32),
            np.full(count, NO_STEPS),
            np.zeros((count, 2), np.float32),
            np.ones((count, len(self.standing.plan.levels)), np.float32),
        )
        return belief.advance(self.ground, self.rules, state, moments, len(self.standing.zones))


def locate(standing: Standing) -> Locator:
    """The method on this plan."""
    calibration = replace(standing.calibration or GENERIC, maps=[])
    cells = cells_of(standing.plan, standing.zones)
    expected = expected_dbm(cells, standing.anchors, calibration, standing.plan)
    prior = np.full(len(cells), 1 / len(cells), np.float32)
    zoned = cells.zone_starts, cells.zone, cells.share
    ground = Ground(cells.x_m, cells.y_m, cells.level, cells.around, prior, expected, *zoned, np.ones(len(cells), np.float32))
    return PathLoss(standing, ground, Rules(cells.size_m, calibration.noise_db, calibration.offset_sd_db, 0, 0, 0, 1, 0, 0, 1), {})
