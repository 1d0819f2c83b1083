"""The belief's arithmetic compiled by numba: `belief_plain.py` says what each step means, and this file does it some twenty times faster.

Pure. All in single precision, without exp or log, so that the loops over cells run on whole vector registers. Sums may be taken in any
order (`reassoc`), which the compiler fixes once: the same machine gives the same bits. NaN and infinity keep their meaning.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba as nb
import numpy as np

from geofence.belief_plain import BINS, FLOOR_VAR, FREEDOM, MOST_PASSES, NO_STEPS, PASS_SHARE, ROUND, TEMPER, UNSURE_VAR

_Function = TypeVar("_Function", bound=Callable[..., Any])
_FAST: Final = {"reassoc", "contract", "arcp", "nsz"}
_F, _D = nb.float32, nb.float64
_f1, _f2, _d1, _d2, _i1, _n2 = _F[::1], _F[:, ::1], _D[::1], _D[:, ::1], nb.int64[::1], nb.int32[:, ::1]
_ONE: Final = np.float32(1.0)
_ZERO: Final = np.float32(0.0)


def _compiled(signature: Any) -> Callable[[_Function], _Function]:
    """numba's own decorator, typed: what is compiled is called as it was written."""
    decorate: Any = nb.njit
    compiled: Callable[[_Function], _Function] = decorate(signature, fastmath=_FAST, nogil=True, cache=True, error_model="numpy")
    return compiled


@_compiled(nb.void(_f1, _f1, _f1, _f1, _f1, _n2, _F))
def _spread(w: Any, g: Any, w2: Any, g2: Any, stay: Any, around: Any, cells2: Any) -> None:
    """`w` and `g` have one place more than there are cells; it stays 0."""
    cells = len(w) - 1
    passes = min(max(math.ceil(cells2 * 1.5 / PASS_SHARE), 1), MOST_PASSES)
    part = min(cells2 * 1.5 / passes, PASS_SHARE)
    beside, across = np.float32(part / 6), np.float32(part / 12)
    for c in range(cells):
        four, eight = _ZERO, _ZERO
        for q in range(4):
            four += _ONE if around[q, c] < cells else _ZERO
            eight += _ONE if around[q + 4, c] < cells else _ZERO
        stay[c] = _ONE - beside * four - across * eight
    for _ in range(passes):
        for c in range(cells):
            n0, n1, n2, n3 = around[0, c], around[1, c], around[2, c], around[3, c]
            n4, n5, n6, n7 = around[4, c], around[5, c], around[6, c], around[7, c]
            w2[c] = stay[c] * w[c] + beside * (w[n0] + w[n1] + w[n2] + w[n3]) + across * (w[n4] + w[n5] + w[n6] + w[n7])
            g2[c] = stay[c] * g[c] + beside * (g[n0] + g[n1] + g[n2] + g[n3]) + across * (g[n4] + g[n5] + g[n6] + g[n7])
        for c in range(cells):
            w[c] = w2[c]
            g[c] = g2[c]


@_compiled(nb.void(_f1, _f1, _f1, _f1, _n2, _f1, _F, _F, _F, _F))
def _stepped(w: Any, g: Any, w2: Any, g2: Any, around: Any, adrift: Any, size: Any, blocked: Any, dx: Any, dy: Any) -> None:
    cells = len(w) - 1
    adrift[0] += dx
    adrift[1] += dy
    for axis in range(2):
        for _ in range(MOST_PASSES):
            if abs(adrift[axis]) <= size / 2:
                break
            ahead, behind = (2 * axis, 2 * axis + 1) if adrift[axis] > 0 else (2 * axis + 1, 2 * axis)
            for c in range(cells):
                left = blocked if around[ahead, c] == cells else _ZERO
                w2[c] = w[around[behind, c]] + left * w[c]
                g2[c] = g[around[behind, c]] + left * g[c]
            for c in range(cells):
                w[c] = w2[c]
                g[c] = g2[c]
            adrift[axis] -= size if adrift[axis] > 0 else -size


@_compiled(_F(_f1, _f1, _F, _f1, _f1, _f1, _f1, _n2, _f1, _d1, _F, nb.int64, _f1))
def _moved(
    w: Any, o: Any, v: Any, g: Any, w2: Any, g2: Any, adrift: Any, around: Any, prior: Any,
    rules: Any, elapsed: Any, steps: Any, stride: Any,
) -> Any:  # fmt: skip
    """Returns the offsets' variance."""
    size, offset_sd, drift, speed, stride_sd, gap = rules[0], rules[2], rules[3], rules[4], rules[5], rules[6]
    cells = len(w) - 1
    if elapsed < 0:
        adrift[:] = 0
        w[:cells] = prior
        return np.float32(offset_sd**2 if v == 0 else min(v + drift * gap, offset_sd**2))
    for c in range(cells):
        g[c] = w[c] * o[c]
    g[cells] = 0
    if steps == NO_STEPS:
        spread = speed**2 * min(elapsed, 1.0)
    else:
        _stepped(w, g, w2, g2, around, adrift, np.float32(size), np.float32(rules[8]), stride[0], stride[1])
        spread = stride_sd**2 * (stride[0] ** 2 + stride[1] ** 2) + 1e-3 * elapsed
    _spread(w, g, w2, g2, o, around, np.float32(spread / size**2))
    silence = 1.0 - math.exp(-max(elapsed - 1.0, 0.0) / gap) if steps == NO_STEPS else 0.0
    lost = np.float32(max(rules[7], silence))
    total, offsets = _ZERO, _ZERO
    for c in range(cells):
        total += w[c]
        offsets += g[c]
    for c in range(cells):
        weight = w[c] * (_ONE - lost) + lost * prior[c] * total
        o[c] = (g[c] * (_ONE - lost) + lost * prior[c] * offsets) / weight if weight > 0 else offsets / total
        w[c] = weight
    return np.float32(min(v + drift * elapsed, offset_sd**2))


@_compiled(_F(_f1, _f1, _F, _f1, _f1, _f1, _f2, _i1, _f1, _F))
def _offset_moved(w: Any, o: Any, v: Any, start: Any, sure: Any, moved: Any, expected: Any, anchor: Any, rssi: Any, noise2: Any) -> Any:
    """Takes the readings into the offsets, and how little they fit the old ones into the weights. Returns the offsets' variance."""
    cells, count = len(w) - 1, len(anchor)
    scale = np.float32(1.0 / (FREEDOM * noise2))
    for c in range(cells):
        start[c] = o[c]
        sure[c] = 0
        moved[c] = 0
    if v > UNSURE_VAR:
        for i in range(count):
            row, read = expected[anchor[i]], rssi[i]
            for c in range(cells):
                sure[c] += read - row[c]
        gain, part = np.float32(v / (v + noise2 / (TEMPER * count))), np.float32(1.0 / count)
        for c in range(cells):
            start[c] = o[c] + gain * (sure[c] * part - o[c])
            sure[c] = 0
    for i in range(count):
        row, read = expected[anchor[i]], rssi[i]
        for c in range(cells):
            apart = read - row[c]
            trust = _ONE / (_ONE + (apart - start[c]) * (apart - start[c]) * scale)
            sure[c] += trust
            moved[c] += trust * (apart - o[c])
    free, narrow = np.float32(noise2 / TEMPER), np.float32(1.0 / (8.0 * v))
    for c in range(cells):
        by = v / (v * sure[c] + free) * moved[c]
        o[c] += by
        unlike = _ONE + by * by * narrow
        unlike *= unlike
        w[c] /= unlike * unlike
    return np.float32(1.0 / (1.0 / v + 0.8 * TEMPER * count / noise2))


@_compiled(nb.void(_f1, _f1, _f1, _f1, _f2, _i1, _f1, _F))
def _heard(w: Any, o: Any, product: Any, prior: Any, expected: Any, anchor: Any, rssi: Any, noise2: Any) -> None:
    cells, count = len(w) - 1, len(anchor)
    scale = np.float32(1.0 / (FREEDOM * noise2))
    for first in range(0, count, ROUND):
        for c in range(cells):
            product[c] = _ONE
        for i in range(first, min(first + ROUND, count)):
            row, read = expected[anchor[i]], rssi[i]
            for c in range(cells):
                apart = read - row[c] - o[c]
                product[c] *= _ONE + apart * apart * scale
        total = _ZERO
        for c in range(cells):
            w[c] /= product[c]
            total += w[c]
        if total > 0 and math.isfinite(total):
            part = _ONE / total
            for c in range(cells):
                w[c] *= part
        else:
            w[:cells] = prior


@_compiled(nb.void(_f1, _f1, _f1, _f1, _i1, _f1, _F, _d1, _d1))
def _read(w: Any, o: Any, x_m: Any, y_m: Any, level: Any, adrift: Any, size: Any, bins: Any, place: Any) -> None:
    cells = len(w) - 1
    levels = level[cells - 1] + 1
    bins[:] = 0
    total, offsets = _ZERO, _ZERO
    for c in range(cells):
        total += w[c]
        offsets += w[c] * o[c]
    for c in range(cells):
        bins[level[c]] += w[c]
    best = 0
    for at in range(1, levels):
        if bins[at] > bins[best]:
            best = at
    first, last = np.searchsorted(level, best), np.searchsorted(level, best, side="right")
    part, x, y = _ZERO, _ZERO, _ZERO
    for c in range(first, last):
        part += w[c]
        x += w[c] * x_m[c]
        y += w[c] * y_m[c]
    x, y = x / part, y / part
    bins[:] = 0
    twice = np.float32(2.0 / size)
    for c in range(first, last):
        far = math.sqrt((x_m[c] - x) * (x_m[c] - x) + (y_m[c] - y) * (y_m[c] - y)) * twice
        bins[min(int(far), BINS - 1)] += w[c]
    wanted, reached, at = 0.68 * part, 0.0, 0
    while at < BINS - 1 and reached + bins[at] < wanted:
        reached += bins[at]
        at += 1
    place[0], place[1], place[2] = best, x + adrift[0], y + adrift[1]
    place[3], place[4] = (at + (wanted - reached) / max(bins[at], 1e-30)) * size / 2, offsets / total


@_compiled(
    nb.void(
        _f1, _f1, _i1, _n2, _f1, _f2, _i1, _i1, _f1, _d1, _f2, _f2, _f1, _f2, _i1, _f1, _i1, _i1, _f1, _i1, _f2, _f2, _d2, _d2
    )
)  # fmt: skip
def advance(
    x_m: Any, y_m: Any, level: Any, around: Any, prior: Any, expected: Any, zone_starts: Any, zone: Any,
    share: Any, rules: Any, weight: Any, offset: Any, variance: Any, adrift: Any, slot: Any, elapsed: Any,
    starts: Any, anchor: Any, rssi: Any, steps: Any, stride: Any, floors: Any, place: Any, probability: Any,
) -> None:  # fmt: skip
    """Works off all moments; the columns are those of `belief_plain.advance`."""
    cells = len(x_m)
    w, g, o = np.zeros(cells + 1, np.float32), np.zeros(cells + 1, np.float32), np.zeros(cells + 1, np.float32)
    w2, g2 = np.zeros(cells + 1, np.float32), np.zeros(cells + 1, np.float32)
    bins = np.zeros(max(BINS, level[cells - 1] + 1), np.float64)
    noise2, size = np.float32(rules[1] ** 2), np.float32(rules[0])
    for i in range(len(slot)):
        device = slot[i]
        w[:cells], o[:cells] = weight[device], offset[device]
        w[cells], w2[cells], g2[cells] = 0, 0, 0
        v = _moved(w, o, variance[device], g, w2, g2, adrift[device], around, prior, rules, elapsed[i], steps[i], stride[i])
        first, last = starts[i], starts[i + 1]
        if last > first:
            heard, read = anchor[first:last], rssi[first:last]
            for c in range(cells):
                w[c] *= floors[i, level[c]]
            if v > FLOOR_VAR:
                v = _offset_moved(w, o, v, g, w2, g2, expected, heard, read, noise2)
            _heard(w, o, w2, prior, expected, heard, read, noise2)
        weight[device], offset[device], variance[device] = w[:cells], o[:cells], v
        _read(w, o, x_m, y_m, level, adrift[device], size, bins, place[i])
        for c in range(cells):
            for at in range(zone_starts[c], zone_starts[c + 1]):
                probability[i, zone[at]] += w[c] * share[at]
