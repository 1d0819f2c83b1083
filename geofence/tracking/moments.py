"""Moments: a wave of rows sorted out for a locator, felt steps apart from readings.

Pure but for two columns that `sort_out` writes: when each device read something last, and when it felt a step. A felt step travels among
the rows: its anchor is STEP, and in place of the RSSI stands its heading in degrees, NaN where unknown.
"""

from typing import Final

import numpy as np

from geofence.columns import Flags, Indices, Longs, Singles
from geofence.device_columns import DeviceColumns
from geofence.positioning.anchors import Calibration
from geofence.positioning.locator import NO_STEPS, UNKNOWN_MS, Hearings
from geofence.tracking.pending import Rows, Wave

STEP: Final = -2
"""In place of an anchor: the row is a step."""
STILL_MS: Final = 60_000
"""A phone that told of steps within this time would tell of more: it stands still."""


def step_rows(rows: Rows, at_ms: Longs, heading_deg: Singles, window_ms: int) -> Rows:
    """Steps as rows of the windows they fall into; `rows` lends track and shopper."""
    end_ms = (at_ms // window_ms + 1) * window_ms
    return Rows(rows.track, rows.shopper, end_ms, np.full(len(at_ms), STEP, np.int64), heading_deg)


def strides(heading_deg: Singles, calibration: Calibration, rotation_deg: float) -> Singles:
    """Where steps led, in metres of a level's frame whose x points `rotation_deg` counterclockwise from east. Shape (n, 2)."""
    angle = np.radians(90.0 - (heading_deg.astype(np.float64) - calibration.declination_deg) - rotation_deg)
    led: Singles = (calibration.step_m * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)
    return led


def known_moments(devices: DeviceColumns, slots: Indices, wave: Wave) -> Flags:
    """Which moments say where the device is: something was read, or steps were felt not too long after. Shape (moments,)."""
    read = np.zeros(len(slots), np.bool_)
    read[wave.moment[wave.rows.anchor != STEP]] = True
    known: Flags = read | (wave.at_ms - np.maximum(devices["listened_ms"][slots], 0) <= UNKNOWN_MS)
    return known


def sort_out(devices: DeviceColumns, slots: Indices, wave: Wave, calibration: Calibration, rotation_deg: float) -> Hearings:
    """The moments for a locator. Notes when each device read something last, and when it felt a step."""
    stepped = wave.rows.anchor == STEP
    led = strides(wave.rows.rssi_dbm[stepped], calibration, rotation_deg)
    of_step = wave.moment[stepped]
    steps = np.bincount(of_step, minlength=len(slots))
    stride = np.stack([np.bincount(of_step, led[:, axis], len(slots)) for axis in (0, 1)], axis=1)
    devices["stepped_ms"][slots[steps > 0]] = wave.at_ms[steps > 0]
    silent = (wave.at_ms - np.maximum(devices["stepped_ms"][slots], 0) > STILL_MS) | np.isnan(stride).any(axis=1)
    last = ~stepped
    last[:-1] &= (wave.moment[1:] != wave.moment[:-1]) | (wave.rows.anchor[1:] != wave.rows.anchor[:-1])
    moment = wave.moment[last]
    devices["listened_ms"][slots[moment]] = wave.at_ms[moment]
    return Hearings(
        slots,
        wave.at_ms,
        np.searchsorted(moment, np.arange(len(slots) + 1)).astype(np.int64),
        wave.rows.anchor[last],
        wave.rows.rssi_dbm[last],
        np.where(silent, NO_STEPS, steps),
        np.where(silent[:, None], 0.0, stride).astype(np.float32),
    )
