"""The arithmetic of lingering compiled by numba: `lingering.plain` says what each step means, and this file does it faster.

Pure. In single precision, without exp or log, as in `belief_kernel.py`, and with the same promise: the same machine gives the same bits.
"""

import math
from typing import Any

import numba as nb
import numpy as np

from geofence.positioning.belief_kernel import _D, _F, _ONE, _ZERO, _compiled, _d1, _d2, _f1, _f2, _i1, _zoned
from geofence.positioning.lingering import LEAST, OFFSET_DB, SQUARINGS, WITHIN


@_compiled(nb.void(_f1, _f1, _f1, _f2, _f1, _f1))
def _fits(density: Any, common: Any, prior: Any, expected: Any, mean: Any, certainty: Any) -> None:
    cells, sure = len(common), _ZERO
    for c in range(cells):
        density[c] = 0
        common[c] = 0
    for a in range(len(mean)):
        part, read, row = certainty[a], mean[a], expected[a]
        if part > 0:
            sure += part
            for c in range(cells):
                apart = read - row[c]
                near = apart * part
                common[c] += near
                density[c] += near * apart
    integrated, least = np.float32(1.0 / (1.0 / OFFSET_DB**2 + sure)), np.float32(np.inf)
    for c in range(cells):
        density[c] -= integrated * common[c] * common[c]
        least = min(least, density[c])
    scale = np.float32(0.5 ** (SQUARINGS + 1))
    for c in range(cells):
        fit = _ONE + (density[c] - least) * scale
        for _ in range(SQUARINGS):
            fit *= fit
        density[c] = _ONE / fit if prior[c] > 0 else _ZERO


@_compiled(_F(_f1, _i1, _f1))
def _level_shares(density: Any, level: Any, weight: Any) -> Any:
    """Gives each level the weight it has in the belief; returns the sum."""
    start, total = 0, _ZERO
    for at in range(level[len(level) - 1] + 1):
        end, mine, theirs = int(np.searchsorted(level, at, side="right")), _ZERO, _ZERO
        for c in range(start, end):
            mine += density[c]
            theirs += weight[c]
        part = theirs / max(mine, np.float32(LEAST))
        for c in range(start, end):
            density[c] *= part
            total += density[c]
        start = end
    return total


@_compiled(nb.void(_f1, _f1, _f1, _i1, _d1, _D))
def _placed(density: Any, x_m: Any, y_m: Any, level: Any, place: Any, standing: Any) -> None:
    at = int(place[0])
    first, last = int(np.searchsorted(level, at, side="left")), int(np.searchsorted(level, at, side="right"))
    part, x, y, far = _ZERO, _ZERO, _ZERO, _ZERO
    for c in range(first, last):
        part += density[c]
        x += density[c] * x_m[c]
        y += density[c] * y_m[c]
    part = max(part, np.float32(LEAST))
    x, y = x / part, y / part
    for c in range(first, last):
        far += density[c] * ((x_m[c] - x) * (x_m[c] - x) + (y_m[c] - y) * (y_m[c] - y))
    place[1] += standing * (x - place[1])
    place[2] += standing * (y - place[2])
    place[3] += standing * (math.sqrt(WITHIN * far / part) - place[3])


@_compiled(nb.void(_f1, _f1, _i1, _f1, _f2, _i1, _i1, _f1, _f2, _f2, _d1, _f2, _d2, _d2))
def mix(
    x_m: Any, y_m: Any, level: Any, prior: Any, expected: Any, zone_starts: Any, zone: Any, share: Any,
    mean: Any, certainty: Any, standing: Any, weight: Any, place: Any, probability: Any,
) -> None:  # fmt: skip
    """Mixes into `place` and `probability`; the columns are those of `lingering.plain`."""
    cells = len(x_m)
    density, common = np.zeros(cells + 1, np.float32), np.zeros(cells, np.float32)
    for row in range(len(standing)):
        part = standing[row]
        if part <= 0:
            continue
        _fits(density, common, prior, expected, mean[row], certainty[row])
        total = _level_shares(density, level, weight[row])
        _placed(density, x_m, y_m, level, place[row], part)
        probability[row] *= 1.0 - part
        scale = np.float32(part / total)
        for c in range(cells):
            density[c] *= scale
        _zoned(density, zone_starts, zone, share, probability[row])
