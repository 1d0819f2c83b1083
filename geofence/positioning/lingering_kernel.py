"""The arithmetic of lingering compiled by numba: `lingering.plain` says what each step means, and this file does it faster.

Pure. In single precision, without exp or log, as in `belief_kernel.py`, and with the same promise: the same machine gives the same bits.
"""

import math
from typing import Any

import numba as nb
import numpy as np

from geofence.positioning.belief_kernel import _D, _F, _ONE, _ZERO, _compiled, _d1, _d2, _f1, _f2, _i1, _zoned
from geofence.positioning.lingering import LEAST, OFFSET_DB, SQUARINGS, WITHIN


@_compiled(nb.void(_f1, _f1, _f2, nb.int64, _f1, _f1))
def _add_four(density: Any, together: Any, expected: Any, a: Any, mean: Any, certainty: Any) -> None:
    """Four radios at once, from `a` on: sums are read and written a quarter as often. `mean` and `certainty` have four places to spare."""
    last = len(expected) - 1
    e0, e1, e2, e3 = expected[a], expected[min(a + 1, last)], expected[min(a + 2, last)], expected[min(a + 3, last)]
    m0, m1, m2, m3 = mean[a], mean[a + 1], mean[a + 2], mean[a + 3]
    p0, p1, p2, p3 = certainty[a], certainty[a + 1], certainty[a + 2], certainty[a + 3]
    for c in range(len(density)):
        a0, a1, a2, a3 = m0 - e0[c], m1 - e1[c], m2 - e2[c], m3 - e3[c]
        n0, n1, n2, n3 = p0 * a0, p1 * a1, p2 * a2, p3 * a3
        together[c] += n0 + n1 + n2 + n3
        density[c] += n0 * a0 + n1 * a1 + n2 * a2 + n3 * a3


@_compiled(nb.void(_f1, _f1, _f1, _F))
def _fits_there(density: Any, together: Any, prior: Any, integrated: Any) -> None:
    """The cells of one level beside the best of them: beside the best of all levels, one that fits far worse would be 0 all over."""
    least = np.float32(np.inf)
    for c in range(len(density)):
        density[c] -= integrated * together[c] * together[c]
        least = min(least, density[c] if prior[c] > 0 else np.float32(np.inf))
    scale = np.float32(0.5 ** (SQUARINGS + 1))
    for c in range(len(density)):
        fit = _ONE + (density[c] - least) * scale if prior[c] > 0 else _ONE
        for _ in range(SQUARINGS):
            fit *= fit
        density[c] = _ONE / fit if prior[c] > 0 else _ZERO


@_compiled(nb.void(_f1, _f1, _f1, _i1, _f2, _f1, _f1))
def _fits(density: Any, together: Any, prior: Any, level: Any, expected: Any, mean: Any, certainty: Any) -> None:
    sure, start = _ZERO, 0
    density[:] = 0
    together[:] = 0
    for a in range(0, len(expected), 4):
        part = certainty[a : a + 4].sum()
        if part > 0:
            sure += part
            _add_four(density, together, expected, a, mean, certainty)
    integrated = np.float32(1.0 / (1.0 / OFFSET_DB**2 + sure))
    for at in range(level[len(level) - 1] + 1):
        end = int(np.searchsorted(level, at, side="right"))
        _fits_there(density[start:end], together[start:end], prior[start:end], integrated)
        start = end


@_compiled(_F(_f1, _i1, _f1))
def _level_shares(density: Any, level: Any, weight: Any) -> Any:
    """Gives each level the weight it has in the belief; returns the sum. By slices, as `belief_kernel._passed` says why."""
    start, total = 0, _ZERO
    for at in range(level[len(level) - 1] + 1):
        end, mine, theirs = int(np.searchsorted(level, at, side="right")), _ZERO, _ZERO
        here, believed = density[start:end], weight[start:end]
        for c in range(len(here)):
            mine += here[c]
            theirs += believed[c]
        part = theirs / max(mine, np.float32(LEAST))
        here *= part
        total += mine * part
        start = end
    return total


@_compiled(nb.void(_f1, _f1, _f1, _i1, _d1, _D))
def _placed(density: Any, x_m: Any, y_m: Any, level: Any, place: Any, standing: Any) -> None:
    at = int(place[0])
    first, last = int(np.searchsorted(level, at, side="left")), int(np.searchsorted(level, at, side="right"))
    here, right_m, up_m = density[first:last], x_m[first:last], y_m[first:last]
    part, x, y, far = _ZERO, _ZERO, _ZERO, _ZERO
    for c in range(len(here)):
        part += here[c]
        x += here[c] * right_m[c]
        y += here[c] * up_m[c]
    part = max(part, np.float32(LEAST))
    x, y = x / part, y / part
    for c in range(len(here)):
        right, up = right_m[c] - x, up_m[c] - y
        far += here[c] * (right * right + up * up)
    place[1] += standing * (x - place[1])
    place[2] += standing * (y - place[2])
    place[3] += standing * (math.sqrt(WITHIN * far / part) - place[3])


@_compiled(nb.void(_f1, _f1, _i1, _f1, _f2, _i1, _i1, _f1, _f2, _f2, _d1, _f2, _d2, _d2))
def mix(
    x_m: Any, y_m: Any, level: Any, prior: Any, expected: Any, zone_starts: Any, zone: Any, share: Any,
    mean: Any, certainty: Any, standing: Any, weight: Any, place: Any, probability: Any,
) -> None:  # fmt: skip
    """Mixes into `place` and `probability`; the columns are those of `lingering.plain`."""
    cells, radios = len(x_m), mean.shape[1]
    room, together = np.zeros(cells + 1, np.float32), np.zeros(cells, np.float32)  # `_zoned` asks for one place more
    density = room[:cells]
    read, sure = np.zeros(radios + 4, np.float32), np.zeros(radios + 4, np.float32)
    for row in range(len(standing)):
        part = standing[row]
        if part <= 0:
            continue
        read[:radios], sure[:radios] = mean[row], certainty[row]
        _fits(density, together, prior, level, expected, read, sure)
        total = _level_shares(density, level, weight[row])
        _placed(density, x_m, y_m, level, place[row], part)
        probability[row] *= 1.0 - part
        density *= np.float32(part / total)
        _zoned(room, zone_starts, zone, share, probability[row])
