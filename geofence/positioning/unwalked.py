"""Unwalked: what a place should sound like that the calibration walk did not pass, by where the beacons hang.

Pure. `placing.py` finds where beacons hang, and path loss says what each should read at any place. How much of that is heard at all, and
through how many ceilings, the walk itself tells: on average, so much loudness (`prints.py`) for so many dBm expected, on the beacon's own
level, one level away, two and more. A print leans on this where nobody walked, and the less, the more was heard there.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import Floats, Indices
from geofence.positioning.calibrate import Samples
from geofence.positioning.placing import EXPONENT, NEAR_M2, REFERENCE_DBM, Place

EDGES_DBM: Final = np.arange(-111.0, -60.0, 3.0)
"""Steps of what is expected: below the first nothing is heard, above the last there is nothing to tell apart."""
MOST_AWAY: Final = 2
"""Levels: through two ceilings or more it is all the same."""


class Expected(NamedTuple):
    """What places should sound like; columns over the b beacons, those that were not found NaN."""

    level: Indices
    x_m: Floats
    y_m: Floats
    """In the frame that all levels share."""
    gain_db: Floats
    curve: Floats
    """Shape (MOST_AWAY + 1, steps): the loudness to expect by levels away and step of EDGES_DBM; never falls along the steps."""
    shift_m: Floats
    """Shape (levels, 2): where each level's origin lies in that frame."""

    def loudness(self, level: Indices, x_m: Floats, y_m: Floats) -> Floats:
        """What each beacon weighs at these places, columns of shape (n,) in their level's frame; shape (n, b), 0 for one not found."""
        away, step = self.steps(level, x_m, y_m)
        found: Floats = np.where(np.isnan(self.x_m), 0.0, self.curve[away, step])
        return found

    def steps(self, level: Indices, x_m: Floats, y_m: Floats) -> tuple[Indices, Indices]:
        """Levels away and step of what is expected, each of shape (n, b)."""
        across = (x_m + self.shift_m[level, 0])[:, None] - self.x_m
        up = (y_m + self.shift_m[level, 1])[:, None] - self.y_m
        expected = REFERENCE_DBM + self.gain_db - 5.0 * EXPONENT * np.log10(across**2 + up**2 + NEAR_M2)
        away = np.minimum(np.abs(level[:, None] - self.level), MOST_AWAY)
        return away, np.digitize(np.nan_to_num(expected, nan=-np.inf), EDGES_DBM)


def expected_of(samples: Samples, loudness: Floats, places: Sequence[Place | None], shift_m: Floats) -> Expected:
    """What the walk teaches; `loudness` of shape (n, b) is what each beacon weighed in each sample, 0 where it was not heard."""
    placed = [place or Place(0, np.nan, np.nan, np.nan) for place in places]
    level = np.array([place.level for place in placed], np.int64)
    x, y, gain = (np.array([getattr(place, name) for place in placed]) for name in ("x_m", "y_m", "gain_db"))
    steps = len(EDGES_DBM) + 1
    shape = (MOST_AWAY + 1, steps)
    untaught = Expected(level, x + shift_m[level, 0], y + shift_m[level, 1], gain, np.zeros(shape), shift_m)
    away, step = untaught.steps(samples.level, samples.x_m, samples.y_m)
    known = np.broadcast_to(~np.isnan(x), step.shape)
    bins = (away * steps + step)[known]
    sums, counts = np.bincount(bins, loudness[known], shape[0] * steps), np.bincount(bins, minlength=shape[0] * steps)
    mean = (sums / np.maximum(counts, 1)).reshape(shape)
    mean[:, 0] = 0.0
    return untaught._replace(curve=np.maximum.accumulate(mean, axis=1))
