"""Prints: what a whole floor sounds like, place by place, for venues whose beacons nobody placed.

Pure. A print is which beacons are heard at a place, and how loudly in proportion: a unit vector over all beacons, made of everything that
was heard within a few steps of it and, where nobody walked, of what should be heard by where the beacons hang (`unwalked.py`). A device's
last five seconds make such a vector too, and how far the two point the same way says how likely the place is. Beacons that are not heard
count as well, in the only way recorded radios bear: by what the heard ones weigh more.

Beside the path loss, which needs to know where each beacon hangs, prints know walls, ceilings and open halls: on the walks of a mall they
tell levels apart in .90 of windows where power alone told .85. They hold for phones louder or fainter by a few dB, since loudness as a
whole drops out. What they say of levels adds up in `level_share.py`; what they say of places, the belief (`belief.py`) takes as one factor
for each cell. `placing.py` says where the beacons hang.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from floorplans.model import Level, Plan
from geofence.columns import NONE, Floats, Indices, Singles
from geofence.positioning.anchors import MOST_PLACES, Prints, shifts_m
from geofence.positioning.calibrate import Samples
from geofence.positioning.cells import Cells, nearest_of, walkable
from geofence.positioning.locator import Anchors, Heard
from geofence.positioning.placing import Place
from geofence.positioning.unwalked import Expected, expected_of
from groundwork.contracts.unfit import Wrong

FAINTEST_DBM: Final = -105.0
"""Nothing is heard below: loudness is counted from here."""
SPAN_DB: Final = 40.0
POWER: Final = 2.0
"""Of loudness. 1, 2 and 3 gave 8.8, 8.5 and 8.5 m on a mall's walks, and levels right in .89, .90 and .89."""
SIDE_M: Final = 2.5
"""Places of prints stand on a lattice this wide."""
AROUND_M: Final = 3.0
"""Standard deviation of how far a reading speaks; 1.5 to 5 m make no difference of note."""
FARTHEST_M: Final = 10.0
NEXT_M: Final = 5.0
"""A place further than this from every reading is known only by where the beacons hang."""
BESIDE_M: Final = 20.0
"""How far from the walks places have prints; a tenth of a mall's people were more than 10 m from where anybody had walked."""
WORTH: Final = 2.0
"""What a print says by where the beacons hang counts as so many moments that were heard there. 2 and 8 do alike."""
AT_ONCE: Final = 500
"""Places that are looked at together: all of a mall's at once, with each of its beacons, would take gigabytes."""
LEAST: Final = 0.02
"""What a beacon weighs less than this in a print is left out."""
SURE: Final = 20.0
"""How steeply likeness tells levels apart, in nats: a level's best places decide, not how many there are. 10 to 60 give the same levels
but for a hundredth."""
LEAST_LEVEL: Final = 0.01
"""Of a level of which nothing alike is heard at a moment; .005 to .05 do as well."""
REACH_M: Final = 4.0
"""A cell further than this from every print is taken as one where nothing fits ..."""
UNLIKE: Final = 0.2
"""... but for what every place has in common with every other."""


def loudness(rssi_dbm: Floats) -> Floats:
    """What a reading weighs in a print; any shape, NaN (unheard) gives 0."""
    above = np.maximum(np.nan_to_num(rssi_dbm, nan=FAINTEST_DBM) - FAINTEST_DBM, 0.0) / SPAN_DB
    weight: Floats = above**POWER
    return weight


def prints_of(samples: Samples, subjects: Sequence[str], plan: Plan, places: Sequence[Place | None], most: int = MOST_PLACES) -> Prints:
    """The prints of at most `most` places on the walks and around them; `places` says where each beacon hangs, None where not found.

    Raises ValueError where the walks alone pass more places, or none that is on the floor.
    """
    weight = loudness(samples.rssi_dbm)
    expected = expected_of(samples, weight, places, shifts_m(plan))
    heard = samples.where(weight.max(axis=1, initial=0.0) > 0)
    lattices = _lattices(heard, plan, most)
    found = [_of_level(heard.where(heard.level == level), at, level, expected) for level, at in enumerate(lattices)]
    at, shares = (np.concatenate(columns) for columns in zip(*found, strict=True))
    if not len(at):  # a file of no place could not be read again
        raise Wrong(
            "the walk passes no place on a floor of the plan, expected its outlines around it",
            "لا تمر الجولة بأي مكان داخل طوابق المخطط، والمتوقع أن تحيط بها حدودها",
        )
    place, beacon = np.nonzero(shares >= LEAST)
    return Prints(
        subjects=list(subjects),
        levels=[str(level.id) for level in plan.levels],
        level=np.repeat(np.arange(len(found)), [len(of_level) for of_level, _ in found]).tolist(),
        x_m=at[:, 0].round(2).tolist(),
        y_m=at[:, 1].round(2).tolist(),
        starts=np.searchsorted(place, np.arange(len(shares) + 1)).tolist(),
        beacon=beacon.tolist(),
        share=np.rint(shares[place, beacon] * 1000).astype(np.int64).tolist(),
    )


def _lattices(heard: Samples, plan: Plan, most: int) -> list[Floats]:
    """The places of each level, each of shape (n, 2): as far around the walks as a calibration file holds."""
    for beside_m in (BESIDE_M, SIDE_M):
        found = [_around(heard.where(heard.level == number), level, beside_m) for number, level in enumerate(plan.levels)]
        count = sum(len(at) for at in found)
        if count <= most:
            return found
    raise Wrong(
        f"the walk passes {count} places {SIDE_M:g} m wide, expected at most {most}: calibrate parts of the venue by themselves",
        f"تمر الجولة بأماكن عددها {count} عرض كل منها {SIDE_M:g} م، والحد الأقصى {most}: عاير أجزاء المتجر كلًا على حدة",
    )


def _around(walk: Samples, level: Level, beside_m: float) -> Floats:
    """The middles of the lattice's squares within `beside_m` of where somebody walked, and on the floor or next to it; shape (n, 2)."""
    walked = np.unique(np.floor(np.stack([walk.x_m, walk.y_m], axis=1) / SIDE_M), axis=0).reshape(-1, 2)
    reach = np.arange(-(beside_m // SIDE_M), beside_m // SIDE_M + 1)
    ways = np.stack(np.meshgrid(reach, reach), axis=-1).reshape(-1, 2)
    ways = ways[np.hypot(*ways.T) * SIDE_M <= beside_m]
    middles = (np.unique((walked[:, None] + ways).reshape(-1, 2), axis=0) + 0.5) * SIDE_M
    there: Floats = middles[shapely.dwithin(walkable(level), shapely.points(middles), SIDE_M)]
    return there


def _of_level(heard: Samples, at: Floats, level: int, expected: Expected) -> tuple[Floats, Floats]:
    """Of a level's places, shape (n, 2), those of which something is known, and their unit vectors."""
    weight = loudness(heard.rssi_dbm)
    shares, known = np.empty((len(at), weight.shape[1])), np.empty(len(at), np.bool_)
    for first in range(0, len(at), AT_ONCE):
        part = slice(first, first + AT_ONCE)
        x, y = at[part].T
        said = WORTH * expected.loudness(np.full(len(x), level), x, y)
        apart2 = (x[:, None] - heard.x_m) ** 2 + (y[:, None] - heard.y_m) ** 2
        known[part] = (said > 0).any(axis=1) | (apart2 <= NEXT_M**2).any(axis=1)
        shares[part] = said + np.where(apart2 <= FARTHEST_M**2, np.exp(-apart2 / (2 * AROUND_M**2)), 0.0) @ weight
    return at[known], shares[known] / np.linalg.norm(shares[known], axis=1, keepdims=True)


@dataclass(frozen=True, slots=True)
class PrintMap:
    """Prints as a locator uses them."""

    share: Singles
    """Shape (a, p): by anchor, so that a moment reads only the rows of what it hears."""
    print_of: Indices
    """Shape (c,): each cell's print; p and more where there is none near, one such number for each level."""
    weight: float
    """Of likeness within a level, in nats."""
    level_of: Indices
    """Shape (p,): the plan's level of each print."""
    levels: int

    def likelihood(self, heard: Heard) -> tuple[Singles, Floats]:
        """What each device heard lately says: how likely each cell is among those of its level, as a factor of at most 1, shape (n, c);
        and the logarithm of how likely each level is, shape (n, levels)."""
        places, levels = np.empty((len(heard.known), len(self.print_of)), np.float32), np.empty((len(heard.known), self.levels))
        for row, known in enumerate(heard.known):
            places[row], levels[row] = self._one(np.flatnonzero(known), heard.rssi_dbm[row, known])
        return places, levels

    def _one(self, anchor: Indices, rssi_dbm: Floats) -> tuple[Singles, Floats]:
        said = loudness(rssi_dbm)
        said /= max(float(np.linalg.norm(said)), 1e-9)
        alike: Floats = (said[:, None] * self.share[anchor]).sum(axis=0)
        sure = np.bincount(self.level_of, np.exp(SURE * (alike - alike.max(initial=UNLIKE))), self.levels)
        best = np.full(self.levels, UNLIKE)
        np.maximum.at(best, self.level_of, alike)
        fits = np.concatenate([alike - best[self.level_of], UNLIKE - best])
        factor: Singles = np.exp(self.weight * fits).astype(np.float32)[self.print_of]
        return factor, np.log(np.maximum(sure / max(float(sure.sum()), 1e-300), LEAST_LEVEL))


def print_map(prints: Prints, anchors: Anchors, cells: Cells, levels: Sequence[str]) -> PrintMap:
    """The prints on these cells; beacons and levels that are not on the plan are left out."""
    place = np.repeat(np.arange(len(prints.level)), np.diff(prints.starts))
    at = {subject: row for row, subject in enumerate(anchors.subjects)}
    row = np.array([at.get(subject, -1) for subject in prints.subjects], np.int64)[np.array(prints.beacon, np.int64)]
    share = np.zeros((len(anchors), len(prints.level)), np.float32)
    placed = row >= 0
    share[row[placed], place[placed]] = np.array(prints.share, np.float32)[placed] / 1000
    known = [levels.index(name) if name in levels else -1 for name in prints.levels]
    level_of = np.array(known, np.int64)[np.array(prints.level, np.int64)]
    share[:, level_of < 0] = 0  # of a level that is not on the plan
    return PrintMap(share, _nearest(prints, cells, levels), prints.weight, np.maximum(level_of, 0), len(levels))


def _nearest(prints: Prints, cells: Cells, levels: Sequence[str]) -> Indices:
    """Each cell's print on its own level."""
    level, x, y = np.array(prints.level, np.int64), np.array(prints.x_m), np.array(prints.y_m)
    nearest = len(level) + cells.level
    for number, name in enumerate(levels):
        there = np.flatnonzero(level == prints.levels.index(name)) if name in prints.levels else level[:0]
        here = np.flatnonzero(cells.level == number)
        if len(there) and len(here):
            best = nearest_of(cells.x_m[here], cells.y_m[here], x[there], y[there], REACH_M)
            nearest[here] = np.where(best != NONE, there[best], len(level) + number)
    return nearest
