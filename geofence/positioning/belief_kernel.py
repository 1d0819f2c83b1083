"""The belief's arithmetic compiled by numba: `belief_plain.py` says what each step means, and this file does it some twenty times faster.

Pure. All in single precision, without exp or log, so that the loops over cells run on whole vector registers. Sums may be taken in any
order (`reassoc`), which the compiler fixes once: the same machine gives the same bits. NaN and infinity keep their meaning.
"""

import math
from collections.abc import Callable
from typing import Any, Final, TypeVar

import numba as nb
import numpy as np

from geofence.positioning.belief_plain import (
    AS_IT_IS,
    BINS,
    FLOOR_VAR,
    FREEDOM,
    LATELY_S,
    LEAST_QUARTERS,
    LEAST_TOTAL,
    MOST_PASSES,
    NO_STEPS,
    PASS_SHARE,
    ROUND,
    STANDS_M,
    TEMPER,
    UNSURE_VAR,
    WALKS_M,
    WHILE_S,
)

_Function = TypeVar("_Function", bound=Callable[..., Any])
_FAST: Final = {"reassoc", "contract", "arcp", "nsz"}
_F, _D = nb.float32, nb.float64
_f1, _f2, _d1, _d2, _i1, _n2 = _F[::1], _F[:, ::1], _D[::1], _D[:, ::1], nb.int64[::1], nb.int32[:, ::1]
_ONE: Final = np.float32(1.0)
_ZERO: Final = np.float32(0.0)
NEGLIGIBLE: Final = np.float32(1e-7)
"""Of a level's weight, what a cell must have to count for the radius: all the others together are a few thousandths of a cell."""


def _compiled(signature: Any) -> Callable[[_Function], _Function]:
    """numba's own decorator, typed: what is compiled is called as it was written."""
    decorate: Any = nb.njit
    compiled: Callable[[_Function], _Function] = decorate(signature, fastmath=_FAST, nogil=True, cache=True, error_model="numpy")
    return compiled


@_compiled(nb.int64(_n2, _f2, _n2, _f2))
def _runs(around: Any, beside: Any, run: Any, there: Any) -> Any:
    """Cuts the cells into runs whose neighbours all lie as far off as one another's, so that they are read without looking them up.

    Adds to `beside` how many neighbours each cell has, beside it and across; writes first cell, last + 1 and the eight distances of
    each run, and which of the eight are there (1 or 0). Returns how many runs there are.
    """
    cells, count = around.shape[1], 0
    begins = np.zeros(cells, np.int32)
    begins[0] = 1
    for q in range(8):
        row, kind = around[q], beside[q // 4]
        for c in range(cells):
            kind[c] += _ONE if row[c] < cells else _ZERO
        now, before, begin = row[1:], row[:-1], begins[1:]
        for c in range(cells - 1):
            alike = (now[c] - before[c] == 1 and now[c] < cells) or now[c] == before[c] == cells
            begin[c] |= 0 if alike else 1
    for c in range(cells):
        if begins[c]:
            run[count, 0] = c
            for q in range(8):
                free = around[q, c] < cells
                there[count, q] = _ONE if free else _ZERO
                run[count, 2 + q] = around[q, c] - c if free else 0
            count += 1
        run[count - 1, 1] = c + 1
    return count


@_compiled(nb.void(_f1, _f1, _n2, _f2, nb.int64, _f1, _F, _F))
def _passed(w: Any, w2: Any, run: Any, there: Any, runs: Any, stay: Any, beside: Any, across: Any) -> None:
    """One pass of walking, from `w` to `w2`. By slices: an index that might be negative keeps the loop off the vector registers."""
    for r in range(runs):
        s, e = run[r, 0], run[r, 1]
        here, next_, left, to = w[s:e], w2[s:e], stay[s:e], run[r, 2:]
        n0, n1, n2, n3 = w[s + to[0] : e + to[0]], w[s + to[1] : e + to[1]], w[s + to[2] : e + to[2]], w[s + to[3] : e + to[3]]
        n4, n5, n6, n7 = w[s + to[4] : e + to[4]], w[s + to[5] : e + to[5]], w[s + to[6] : e + to[6]], w[s + to[7] : e + to[7]]
        b0, b1, b2, b3 = beside * there[r, 0], beside * there[r, 1], beside * there[r, 2], beside * there[r, 3]
        b4, b5, b6, b7 = across * there[r, 4], across * there[r, 5], across * there[r, 6], across * there[r, 7]
        for c in range(e - s):
            near = b0 * n0[c] + b1 * n1[c] + b2 * n2[c] + b3 * n3[c] + b4 * n4[c] + b5 * n5[c] + b6 * n6[c] + b7 * n7[c]
            next_[c] = left[c] * here[c] + near


@_compiled(nb.void(_f1, _f1, _f1, _f1, _n2, _f2, nb.int64, _f2, _F))
def _spread(w: Any, g: Any, w2: Any, stay: Any, run: Any, there: Any, runs: Any, beside: Any, cells2: Any) -> None:
    """`w` and `g` have one place more than there are cells; it stays 0."""
    cells = len(w) - 1
    passes = min(max(math.ceil(cells2 * 1.5 / PASS_SHARE), 1), MOST_PASSES)
    part = min(cells2 * 1.5 / passes, PASS_SHARE)
    by, over = np.float32(part / 6), np.float32(part / 12)
    for c in range(cells):
        stay[c] = _ONE - by * beside[0, c] - over * beside[1, c]
    for _ in range(passes):
        _passed(w, w2, run, there, runs, stay, by, over)
        w[:cells] = w2[:cells]
        _passed(g, w2, run, there, runs, stay, by, over)
        g[:cells] = w2[:cells]


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


@_compiled(_F(_f1, _f1, _F, _f1, _f1, _f1, _f1, _n2, _n2, _f2, nb.int64, _f2, _f1, _d1, _F, nb.int64, _f1))
def _moved(
    w: Any, o: Any, v: Any, g: Any, w2: Any, g2: Any, adrift: Any, around: Any, run: Any, there: Any, runs: Any, beside: Any, prior: Any,
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
    _spread(w, g, w2, o, run, there, runs, beside, np.float32(spread / size**2))
    silence = 1.0 - math.exp(-max(elapsed - 1.0, 0.0) / gap) if steps == NO_STEPS else 0.0
    lost = np.float32(max(rules[7], silence))
    total, offsets = _ZERO, _ZERO
    for c in range(cells):
        total += w[c]
        offsets += g[c]
    stays, fresh, mean = _ONE - lost, lost * total, offsets / total
    for c in range(cells):
        weight = w[c] * stays + fresh * prior[c]
        offset = (g[c] * stays + fresh * mean * prior[c]) / weight
        o[c] = offset if weight > 0 else mean
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


@_compiled(nb.void(_f1, _i1, _f1))
def _shared(w: Any, level: Any, shares: Any) -> None:
    start = 0
    for at in range(len(shares)):
        end, total = int(np.searchsorted(level, at, side="right")), _ZERO
        for c in range(start, end):
            total += w[c]
        part = shares[at] / max(total, np.float32(LEAST_TOTAL))
        for c in range(start, end):
            w[c] *= part
        start = end


@_compiled(nb.void(_f1, _f1, _f1, _f1, _f1, _i1, _f1, _F, _d1, _d1))
def _read(w: Any, o: Any, far: Any, x_m: Any, y_m: Any, level: Any, adrift: Any, size: Any, bins: Any, place: Any) -> None:
    cells = len(w) - 1
    levels = level[cells - 1] + 1
    total, offsets = _ZERO, _ZERO
    for c in range(cells):
        total += w[c]
        offsets += w[c] * o[c]
    best, part, first, last, start = 0, _ZERO, 0, cells, 0
    for at in range(levels):
        end, weight = int(np.searchsorted(level, at, side="right")), _ZERO
        for c in range(start, end):
            weight += w[c]
        if at == 0 or weight > part:
            best, part, first, last = at, weight, start, end
        start = end
    x, y = _ZERO, _ZERO
    for c in range(first, last):
        x += w[c] * x_m[c]
        y += w[c] * y_m[c]
    x, y = x / part, y / part
    bins[:] = 0
    twice, most = np.float32(2.0 / size), np.float32(BINS - 1)
    for c in range(first, last):
        far[c] = min(np.sqrt((x_m[c] - x) * (x_m[c] - x) + (y_m[c] - y) * (y_m[c] - y)) * twice, most)
    for c in range(first, last):
        if w[c] > NEGLIGIBLE * part:
            bins[int(far[c])] += w[c]
    wanted, reached, at = 0.68 * part, 0.0, 0
    while at < BINS - 1 and reached + bins[at] < wanted:
        reached += bins[at]
        at += 1
    place[0], place[1], place[2] = best, x + adrift[0], y + adrift[1]
    place[3], place[4] = (at + (wanted - reached) / max(bins[at], 1e-30)) * size / 2, offsets / total


@_compiled(nb.void(_f1, _i1, _i1, _f1, _d1))
def _zoned(w: Any, zone_starts: Any, zone: Any, share: Any, probability: Any) -> None:
    """Neighbouring cells lie in one zone: what they add to it is summed up before it is written."""
    here, summed = 0, 0.0
    for c in range(len(w) - 1):
        for at in range(zone_starts[c], zone_starts[c + 1]):
            if zone[at] != here:
                probability[here] += summed
                here, summed = zone[at], 0.0
            summed += w[c] * share[at]
    if summed > 0:
        probability[here] += summed


@_compiled(_D(_f1, _d1, _F))
def _walking(trail: Any, place: Any, elapsed: Any) -> Any:
    if elapsed < 0:
        trail[0] = trail[2] = place[1]
        trail[1] = trail[3] = place[2]
        return 0.0
    lately, long = 1.0 - math.exp(-elapsed / LATELY_S), 1.0 - math.exp(-elapsed / WHILE_S)
    for axis in range(2):
        trail[axis] += lately * (place[1 + axis] - trail[axis])
        trail[2 + axis] += long * (place[1 + axis] - trail[2 + axis])
    gone = math.sqrt((trail[0] - trail[2]) ** 2 + (trail[1] - trail[3]) ** 2)
    return min(max((gone - STANDS_M) / (WALKS_M - STANDS_M), 0.0), 1.0)


@_compiled(_D(_f1, _f1, _D, _D))
def _power(w: Any, firmness: Any, walking_firmness: Any, walking: Any) -> Any:
    total, firm = _ZERO, _ZERO
    for c in range(len(w) - 1):
        near = w[c] * w[c]
        total += near
        firm += near * firmness[c]
    standing = firm / total
    return standing + (max(walking_firmness, standing) - standing) * walking


@_compiled(nb.void(_f1, _f1, _f1, _D))
def _raised(w: Any, root: Any, raised: Any, power: Any) -> None:
    """The weights to that power, summing to 1; by quarters, lest a logarithm be needed."""
    cells, most, total = len(w) - 1, _ZERO, _ZERO
    for c in range(cells):
        most = max(most, w[c])
    part, quarters = _ONE / most, max(int(4 * power), LEAST_QUARTERS)
    over = np.float32(4 * power - quarters)
    left = _ONE - over
    for c in range(cells):
        root[c] = np.sqrt(np.sqrt(w[c] * part))
        raised[c] = root[c] * root[c] * (left + over * root[c])
    for _ in range(quarters - 2):
        for c in range(cells):
            raised[c] *= root[c]
    for c in range(cells):
        total += raised[c]
    part = _ONE / total
    for c in range(cells):
        raised[c] *= part


@_compiled(
    nb.void(
        _f1, _f1, _i1, _n2, _f1, _f2, _i1, _i1, _f1, _f1, _d1, _f2, _f2, _f1, _f2, _f2,
        _i1, _f1, _i1, _i1, _f1, _i1, _f2, _f2, _f2, _d2, _d2,
    )
)  # fmt: skip
def advance(
    x_m: Any, y_m: Any, level: Any, around: Any, prior: Any, expected: Any, zone_starts: Any, zone: Any,
    share: Any, firmness: Any, rules: Any, weight: Any, offset: Any, variance: Any, adrift: Any, trail: Any, slot: Any, elapsed: Any,
    starts: Any, anchor: Any, rssi: Any, steps: Any, stride: Any, floors: Any, shares: Any,
    place: Any, probability: Any,
) -> None:  # fmt: skip
    """Works off all moments; the columns are those of `belief_plain.advance`."""
    cells = len(x_m)
    w, g, o = np.zeros(cells + 1, np.float32), np.zeros(cells + 1, np.float32), np.zeros(cells + 1, np.float32)
    w2, g2 = np.zeros(cells + 1, np.float32), np.zeros(cells + 1, np.float32)
    bins = np.zeros(max(BINS, level[cells - 1] + 1), np.float64)
    run, there, beside = np.zeros((cells, 10), np.int32), np.zeros((cells, 8), np.float32), np.zeros((2, cells), np.float32)
    runs = _runs(around, beside, run, there)
    noise2, size = np.float32(rules[1] ** 2), np.float32(rules[0])
    for i in range(len(slot)):
        device = slot[i]
        w[:cells], o[:cells] = weight[device], offset[device]
        w[cells], w2[cells], g2[cells] = 0, 0, 0
        v = _moved(
            w, o, variance[device], g, w2, g2, adrift[device], around, run, there, runs, beside, prior,
            rules, elapsed[i], steps[i], stride[i],
        )  # fmt: skip
        first, last = starts[i], starts[i + 1]
        if last > first:
            heard, read = anchor[first:last], rssi[first:last]
            if floors.shape[1] == cells:
                for c in range(cells):
                    w[c] *= floors[i, c]
            else:
                for c in range(cells):
                    w[c] *= floors[i, level[c]]
            if v > FLOOR_VAR:
                v = _offset_moved(w, o, v, g, w2, g2, expected, heard, read, noise2)
            _heard(w, o, w2, prior, expected, heard, read, noise2)
        if shares.shape[1]:
            _shared(w, level, shares[i])
        weight[device], offset[device], variance[device] = w[:cells], o[:cells], v
        _read(w, o, w2, x_m, y_m, level, adrift[device], size, bins, place[i])
        power = _power(w, firmness, rules[9], _walking(trail[device], place[i], elapsed[i]))
        if abs(power - 1.0) < AS_IT_IS:
            _zoned(w, zone_starts, zone, share, probability[i])
        else:
            _raised(w, g, w2, power)
            _zoned(w2, zone_starts, zone, share, probability[i])
