"""Lingering: where somebody who stands may be, by what all radios together read of her lately.

Pure. What is bound to a place (its reflections, what the map has wrong there) is the same reading after reading while she stays. The
belief (`belief.py`) takes half of each window for a new one, which suits a walker; of who stands it becomes sure, and where no survey
was made as often as not of a place some rooms on. Here all that was read of her in the last seconds counts once: each radio's mean
strays from the map by what is bound to a place and by what is left of its scatter, normally distributed, and all of them together by what
tags differ by.

`seen` mixes that into what the belief says, by how much she stands. It is asked only where a calibration made a map, since only that can
tell what is bound to a place. `plain` is the arithmetic; `lingering_kernel.py` does it faster, and the tests hold the two together.
"""

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import Flags, Floats, Indices, Singles
from geofence.device_columns import DeviceColumns
from geofence.positioning.belief import FRESH, Ground, Seen
from geofence.positioning.belief_plain import STANDS_M, WALKS_M

MEMORY_S: Final = 5.0
"""Time constant of the means. With 3 s people who stand in the office are .1 m worse and with 10 s no better; a walker's are 3 m behind."""
INDEPENDENT: Final = 0.25
"""As for the map (`radio_field.py`): windows half a second apart tell a quarter of what independent ones would."""
LEAST_WINDOWS: Final = 0.05
"""A radio of which so little is left counts no more."""
OFFSET_DB: Final = 1.0
"""Tags of one kind differ by that (standard deviation)."""
TAKEN_OFF: Final = 2.0
"""Of what the filter has learned of a tag's own, what lies beyond so many times that is taken off: the rest may be the map's."""
SQUARINGS: Final = 6
"""The density is 1 / (1 + d^2 / 128) to the power 64: as good as normal, and six products in place of an exponential."""
WITHIN: Final = 1.14
"""-ln(1 - .68): of a normal density the part of the mean square distance whose root 68 % lie within."""
LEAST: Final = 1e-30


class Field(NamedTuple):
    """What is the same for all devices of a venue."""

    ground: Ground
    place_bound_db2: float
    scatter_db2: float


class Lately(NamedTuple):
    """What was read of n devices lately, shapes (n, a)."""

    mean_dbm: Singles
    certainty: Singles
    """1 / variance of the mean; 0 where next to nothing was read."""


def take(devices: DeviceColumns, slot: Indices, elapsed_s: Singles, starts: Indices, anchor: Indices, rssi_dbm: Singles) -> None:
    """Readings join what is remembered; columns as in `belief.Moments`, each slot once."""
    kept = np.where(elapsed_s == FRESH, 0.0, np.exp(-elapsed_s / MEMORY_S)).astype(np.float32)
    rows = np.repeat(slot, np.diff(starts))
    for name, reading in (("lately_dbm", rssi_dbm), ("lately_windows", np.ones_like(rssi_dbm))):
        devices[name][slot] *= kept[:, None]
        np.add.at(devices[name], (rows, anchor), reading)


def lately(devices: DeviceColumns, slot: Indices, gain_db: Floats, offset_db: Floats, field: Field) -> Lately:
    """What is remembered of the devices, the radios' gains (a,) and what the devices' own (n,) are beyond what tags differ by taken off."""
    windows = devices["lately_windows"][slot].astype(np.float64)
    own = np.sign(offset_db) * np.maximum(np.abs(offset_db) - TAKEN_OFF * OFFSET_DB, 0.0)
    mean = devices["lately_dbm"][slot] / np.maximum(windows, LEAST_WINDOWS) - gain_db - own[:, None]
    variance = field.place_bound_db2 + field.scatter_db2 / np.maximum(1.0, windows * INDEPENDENT)
    known = windows >= LEAST_WINDOWS
    return Lately(np.where(known, mean, 0.0).astype(np.float32), np.where(known, 1.0 / variance, 0.0).astype(np.float32))


def stands(trail_m: Singles) -> Floats:
    """How much devices stand, 0 to 1, by their trails (`belief.State`), shape (n, 4)."""
    gone = np.hypot(*(trail_m[:, :2] - trail_m[:, 2:]).astype(np.float64).T)
    part: Floats = 1.0 - np.clip((gone - STANDS_M) / (WALKS_M - STANDS_M), 0.0, 1.0)
    return part


def seen(field: Field, heard: Lately, standing: Floats, weight: Singles, believed: Seen) -> Seen:
    """What is believed, for who stands by what was heard lately; `weight` is the belief's, shape (n, c), by which levels are weighed."""
    place, probability = believed.place.copy(), believed.probability.copy()
    ground = field.ground
    columns = (ground.x_m, ground.y_m, ground.level, ground.prior, ground.expected_dbm, ground.zone_starts, ground.zone, ground.share)
    _kernel()(*columns, *heard, np.where(heard.certainty.any(axis=1), standing, 0.0), weight, place, probability)
    return Seen(place, probability)


def plain(
    x_m: Singles, y_m: Singles, level: Indices, prior: Singles, expected: Singles, zone_starts: Indices, zone: Indices, share: Singles,
    mean: Singles, certainty: Singles, standing: Floats, weight: Singles, place: Floats, probability: Floats,
) -> None:  # fmt: skip
    """Mixes into `place` and `probability`, row by row; the columns as `seen` gives them."""
    cell_zone = np.repeat(np.arange(len(x_m)), np.diff(zone_starts))
    for row in np.flatnonzero(standing > 0).tolist():
        density = _density(expected, mean[row], certainty[row], level, prior > 0)
        levels = int(level[-1]) + 1
        density *= (np.bincount(level, weight[row], levels) / np.maximum(np.bincount(level, density, levels), LEAST))[level]
        density /= density.sum()
        here = np.where(level == int(place[row, 0]), density, 0.0)
        here /= max(float(here.sum()), LEAST)
        x, y = float((here * x_m).sum()), float((here * y_m).sum())
        radius = np.sqrt(WITHIN * float((here * ((x_m - x) ** 2 + (y_m - y) ** 2)).sum()))
        found = np.bincount(zone, density[cell_zone] * share, probability.shape[1]) if len(zone) else 0.0
        probability[row] += standing[row] * (found - probability[row])
        place[row, 1:4] += standing[row] * (np.array([x, y, radius]) - place[row, 1:4])


def _density(expected: Singles, mean: Singles, certainty: Singles, level: Indices, there: Flags) -> Floats:
    """How well each cell fits, 1 for the best of its level, 0 where not `there`: normal, what is common to all readings integrated out."""
    apart = mean[:, None].astype(np.float64) - expected
    together, unlike = (apart * certainty[:, None]).sum(axis=0), (apart**2 * certainty[:, None]).sum(axis=0)
    unlike -= together**2 / (1.0 / OFFSET_DB**2 + float(certainty.sum()))
    least = np.full(int(level[-1]) + 1, np.inf)
    np.minimum.at(least, level[there], unlike[there])
    density: Floats = np.zeros(len(unlike))
    density[there] = (1.0 + (unlike - least[level])[there] / 2.0 ** (SQUARINGS + 1)) ** -(2.0**SQUARINGS)
    return density


def warm() -> None:
    """As `belief.warm`: who stands first need not wait for the compiler."""
    _kernel()


_compiled: list[Callable[..., None]] = []


def _kernel() -> Callable[..., None]:
    """The compiled loop, or the plain one where numba cannot run."""
    if not _compiled:
        try:
            from geofence.positioning import lingering_kernel
        except ImportError:  # no wheel of numba for this machine; `belief.py` has warned
            return plain
        _compiled.append(lingering_kernel.mix)
    return _compiled[0]
