"""Placing: where beacons hang that nobody placed, found from a walk with known places on which a phone heard them.

Pure. Each beacon by itself: the level on which it was loudest, and there the mean of all places weighed by how well the path loss from each
explains what was read. What a walk did not pass closely is found poorly; who heard a beacon ten times at most has not found it.
"""

from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from geofence.columns import Floats, Indices
from geofence.positioning.anchors import GENERIC, Calibration
from geofence.positioning.calibrate import Samples

FEWEST: Final = 10
"""Readings below which a beacon counts as not found."""
GRID_M: Final = 1.5
MARGIN_M: Final = 15.0
"""How far beyond the loudest readings a beacon is looked for."""
LOUDEST: Final = 0.25
MOST_ROWS: Final = 1_500
"""Of a beacon's readings, the loudest so many are looked at: what is faint says little about where it hangs."""
VOTE_DB: Final = 25.0
"""The level is voted for by power to the 10/25: a few loud readings outvote many faint ones, one alone does not."""
GAIN_SD_DB: Final = 4.0
REFERENCE_DBM: Final = -66.0
EXPONENT: Final = 2.5
"""Of -60 to -69 and 2 to 3, the best on traces of a mall that had no part in placing."""
NEAR_M2: Final = 4.0
"""Square of the height of a ceiling over a hand."""
NOISE_DB: Final = 5.0
OFFSET_SD_DB: Final = 3.0
"""Of phones like the one that walked; others take longer to be known."""
INDEPENDENT: Final = 0.1
"""Readings of one walk past a beacon are anything but independent."""


class Loss(NamedTuple):
    """A path loss: level at one metre, exponent, noise."""

    reference_dbm: float
    exponent: float
    noise_db: float


class Heard(NamedTuple):
    """One beacon's readings; columns of shape (n,)."""

    level: Indices
    x_m: Floats
    y_m: Floats
    rssi_dbm: Floats


class Place(NamedTuple):
    """Where a beacon hangs."""

    level: int
    x_m: float
    y_m: float
    gain_db: float
    """How much louder than REFERENCE_DBM it is at a metre, drawn towards 0."""


class Placed(NamedTuple):
    """What a walk taught about beacons nobody placed."""

    places: list[Place | None]
    """Of each beacon, in the samples' order."""
    calibration: Calibration


def place_all(samples: Samples) -> Placed:
    """Where each beacon hangs, and the path loss that goes with it.

    The path loss is not fitted: what is faint is not heard at all and what is near is not quite where it was found, so that both the
    exponent and the level at one metre come out wrong by far.
    """
    loss = Loss(REFERENCE_DBM, EXPONENT, NOISE_DB)
    places = [place(_heard(samples, beacon), loss) for beacon in range(samples.rssi_dbm.shape[1])]
    found = replace(GENERIC, reference_dbm=REFERENCE_DBM, exponent=EXPONENT, noise_db=NOISE_DB, offset_sd_db=OFFSET_SD_DB)
    return Placed(places, found)


def _heard(samples: Samples, beacon: int) -> Heard:
    rows = np.flatnonzero(np.isfinite(samples.rssi_dbm[:, beacon]))
    return Heard(samples.level[rows], samples.x_m[rows], samples.y_m[rows], samples.rssi_dbm[rows, beacon])


def place(heard: Heard, loss: Loss) -> Place | None:
    """Where the beacon most likely hangs; None where it was heard too little to say."""
    if len(heard.level) < FEWEST:
        return None
    level = int(np.bincount(heard.level, np.power(10.0, heard.rssi_dbm / VOTE_DB)).argmax())
    here = np.flatnonzero(heard.level == level)
    here = here[np.argsort(-heard.rssi_dbm[here], kind="stable")[:MOST_ROWS]]
    x, y, rssi = heard.x_m[here], heard.y_m[here], heard.rssi_dbm[here]
    loud = slice(0, max(3, int(len(here) * LOUDEST)))
    spots_x, spots_y = _spots(x[loud]), _spots(y[loud])
    at_x, at_y = (axis.reshape(-1) for axis in np.meshgrid(spots_x, spots_y))
    weight, gain = _likelihood(x, y, rssi, at_x, at_y, loss)
    return Place(level, float(weight @ at_x), float(weight @ at_y), float(weight @ gain))


def _spots(places: Floats) -> Floats:
    return np.arange(places.min() - MARGIN_M, places.max() + MARGIN_M, GRID_M)


def _likelihood(x: Floats, y: Floats, rssi: Floats, at_x: Floats, at_y: Floats, loss: Loss) -> tuple[Floats, Floats]:
    """How likely each place is, summing to 1, and the beacon's gain if it hangs there."""
    apart = 5.0 * np.log10((x[:, None] - at_x) ** 2 + (y[:, None] - at_y) ** 2 + NEAR_M2)
    residual = rssi[:, None] - (loss.reference_dbm - loss.exponent * apart)
    trusted = len(rssi) * INDEPENDENT
    gain = residual.mean(axis=0) * trusted / (trusted + (loss.noise_db / GAIN_SD_DB) ** 2)
    unlike = np.log1p(((residual - gain) / loss.noise_db) ** 2 / 3.0).sum(axis=0) * 2.0
    unlike = INDEPENDENT * unlike + 0.5 * (gain / GAIN_SD_DB) ** 2
    weight = np.exp(unlike.min() - unlike)
    return weight / weight.sum(), gain
