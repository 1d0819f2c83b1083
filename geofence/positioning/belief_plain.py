"""The belief's arithmetic in plain numpy, one device after the other: what `belief_kernel.py` is held to, and its stand-in without numba.

Pure. The columns are those of `belief.py` (Ground, Rules, State, Moments, Seen), in that order.
"""

import math
from typing import Any, Final

import numpy as np

from geofence.columns import Floats, Indices, Singles

FRESH: Final = -1.0
NO_STEPS: Final = -1
FREEDOM: Final = 3.0
"""Degrees of freedom of the Student-t. Raised to the power 1/2, because windows half a second apart are anything but independent, its
density is 1 / (1 + r^2 / (3 noise^2)): no logarithm is needed."""
TEMPER: Final = 0.5
FLOOR_VAR: Final = 0.01
"""Below this variance (0.1 dB) an offset is taken as known."""
UNSURE_VAR: Final = 4.0
"""Above it the readings' mean is tried before their distance from the present offset is judged."""
ROUND: Final = 8
"""Readings after which the weights are brought back to a sum of 1, lest they leave the range of a float."""
MOST_PASSES: Final = 12
PASS_SHARE: Final = 0.9
"""Of a cell's weight, what one pass of walking moves at most."""
BINS: Final = 192
LATELY_S: Final = 1.0
WHILE_S: Final = 5.0
"""Time constants of the two means of the point whose distance tells walking from standing: a walker's lie four seconds of way apart."""
STANDS_M: Final = 0.25
WALKS_M: Final = 0.6
"""Up to the one distance of those means a device stands, from the other on it walks, in between it is partly either. In an office the means
of walkers are 1.2 m apart (three in four above .65), of people standing there .15 m (nine in ten below .45)."""
AS_IT_IS: Final = 0.01
"""A firmness this near to 1 is not applied."""
LEAST_QUARTERS: Final = 2
"""Firmness is at least a half. It goes by quarters, which are square roots and products, mixed in between."""
LEAST_TOTAL: Final = 1e-30
"""Of a level's weight: one that has less keeps what it has."""


def advance(
    x_m: Singles, y_m: Singles, level: Indices, around: Any, prior: Singles, expected: Singles, zone_starts: Indices, zone: Indices,
    share: Singles, firmness: Singles, rules: Floats, weight: Singles, offset: Singles, variance: Singles, adrift: Singles,
    trail: Singles, slot: Indices, elapsed: Singles, starts: Indices, anchor: Indices, rssi: Singles, steps: Indices, stride: Singles,
    floors: Singles, shares: Singles, place: Floats, probability: Floats,
) -> None:  # fmt: skip
    """Works off all moments; writes `weight`, `offset`, `variance`, `adrift`, `trail`, `place` and `probability`."""
    cell_zone = np.repeat(np.arange(len(x_m)), np.diff(zone_starts))
    for i, device in enumerate(slot.tolist()):
        w, o = weight[device].astype(np.float64), offset[device].astype(np.float64)
        w, o, v = _moved(w, o, float(variance[device]), adrift[device], around, prior, rules, float(elapsed[i]), int(steps[i]), stride[i])
        heard = slice(starts[i], starts[i + 1])
        if starts[i + 1] > starts[i]:
            told = floors[i] if floors.shape[1] == len(w) else floors[i, level]
            w, o, v = _heard(w * told, o, v, expected[anchor[heard]], rssi[heard], prior, rules)
        if shares.shape[1]:
            w = w * (shares[i] / np.maximum(np.bincount(level, w, shares.shape[1]), LEAST_TOTAL))[level]
        weight[device], offset[device], variance[device] = w, o, v
        place[i] = _read(w, o, x_m, y_m, level, adrift[device], rules[0])
        firm = _firm(w, firmness, rules[9], _walking(trail[device], place[i], float(elapsed[i])))
        probability[i] = np.bincount(zone, firm[cell_zone] * share, probability.shape[1]) if len(zone) else 0.0


def _moved(
    w: Floats, o: Floats, v: float, adrift: Singles, around: Any, prior: Singles, rules: Floats, elapsed: float, steps: int, stride: Singles
) -> tuple[Floats, Floats, float]:
    """Weights, offsets and the offsets' variance after `elapsed` seconds of walking."""
    size, offset_sd, drift, speed, stride_sd, gap, leak, blocked = rules[0], *rules[2:9]
    if elapsed < 0:
        adrift[:] = 0
        return prior.astype(np.float64), o, offset_sd**2 if v == 0 else min(v + drift * gap, offset_sd**2)
    g = w * o
    if steps == NO_STEPS:
        spread = speed**2 * min(elapsed, 1.0)
    else:
        w, g = _stepped(w, g, adrift, around, size, blocked, stride)
        spread = stride_sd**2 * float(stride[0] ** 2 + stride[1] ** 2) + 1e-3 * elapsed
    w, g = _spread(w, g, around, spread / size**2)
    lost = max(leak, 1.0 - math.exp(-max(elapsed - 1.0, 0.0) / gap)) if steps == NO_STEPS else leak
    total, mean = w.sum(), g.sum() / w.sum()
    w, g = w * (1 - lost) + lost * prior * total, g * (1 - lost) + lost * prior * mean * total
    return w, np.where(w > 0, g / np.where(w > 0, w, 1), mean), min(v + drift * elapsed, offset_sd**2)


def _spread(w: Floats, g: Floats, around: Any, cells2: float) -> tuple[Floats, Floats]:
    """A random walk of variance `cells2` (cells squared, along either axis)."""
    passes = min(max(math.ceil(cells2 * 1.5 / PASS_SHARE), 1), MOST_PASSES)
    share = min(cells2 * 1.5 / passes, PASS_SHARE)
    beside, across = share / 6, share / 12
    there = around < len(w)
    stay = 1 - beside * there[:4].sum(axis=0) - across * there[4:].sum(axis=0)
    for _ in range(passes):
        w, g = (
            stay * column + beside * padded[around[:4]].sum(axis=0) + across * padded[around[4:]].sum(axis=0)
            for column, padded in ((w, np.append(w, 0.0)), (g, np.append(g, 0.0)))
        )
    return w, g


def _stepped(w: Floats, g: Floats, adrift: Singles, around: Any, size: float, blocked: float, stride: Singles) -> tuple[Floats, Floats]:
    """The weights shifted by whole cells as felt steps lead; what is less than half a cell waits in `adrift`."""
    adrift += stride
    for axis, ways in ((0, (0, 1)), (1, (2, 3))):
        for _ in range(MOST_PASSES):
            if abs(adrift[axis]) <= size / 2:
                break
            ahead, behind = ways if adrift[axis] > 0 else ways[::-1]
            wall = around[ahead] == len(w)
            w, g = (np.append(column, 0.0)[around[behind]] + np.where(wall, blocked * column, 0.0) for column in (w, g))
            adrift[axis] -= math.copysign(size, adrift[axis])
    return w, g


def _heard(w: Floats, o: Floats, v: float, expected: Singles, rssi: Singles, prior: Singles, rules: Floats) -> tuple[Floats, Floats, float]:
    """Weights, offsets and variance after the readings."""
    noise2 = rules[1] ** 2
    scale = 1.0 / (FREEDOM * noise2)
    apart = rssi[:, None].astype(np.float64) - expected.astype(np.float64)
    moved = np.zeros_like(w)
    if v > FLOOR_VAR:
        start = o
        if v > UNSURE_VAR:
            start = o + v / (v + noise2 / (TEMPER * len(rssi))) * (apart.mean(axis=0) - o)
        trust = 1.0 / (1.0 + (apart - start) ** 2 * scale)
        sure = trust.sum(axis=0)
        moved = v / (v + noise2 / (TEMPER * sure)) * (trust * (apart - o)).sum(axis=0) / sure
        w = w / (1.0 + moved**2 / (8.0 * v)) ** 4
        v = 1.0 / (1.0 / v + 0.8 * TEMPER * len(rssi) / noise2)
    o = o + moved
    for start_at in range(0, len(rssi), ROUND):
        w = w / np.prod(1.0 + (apart[start_at : start_at + ROUND] - o) ** 2 * scale, axis=0)
        total = w.sum()
        w = w / total if total > 0 and math.isfinite(total) else prior.astype(np.float64)
    return w, o, v


def _read(w: Floats, o: Floats, x_m: Singles, y_m: Singles, level: Indices, adrift: Singles, size: float) -> list[float]:
    """Level, x, y, 68 % radius, offset."""
    total = w.sum()
    best = int(np.bincount(level, w).argmax())
    here = np.where(level == best, w, 0.0)
    part = here.sum()
    x, y = float((here * x_m).sum() / part), float((here * y_m).sum() / part)
    apart = np.hypot(x_m - x, y_m - y) * (2.0 / size)
    bins = np.bincount(np.minimum(apart.astype(np.int64), BINS - 1), here, BINS)
    reached = np.cumsum(bins)
    at = int(np.searchsorted(reached, 0.68 * part))
    before = reached[at - 1] if at else 0.0
    radius = (at + (0.68 * part - before) / max(bins[at], 1e-30)) * size / 2
    return [best, x + float(adrift[0]), y + float(adrift[1]), radius, float((w * o).sum() / total)]


def _walking(trail: Singles, place: Floats, elapsed: float) -> float:
    """How much the device walks, 0 to 1, by how far its point has gone; the trail is drawn on."""
    x, y = float(place[1]), float(place[2])
    if elapsed < 0:
        trail[:] = x, y, x, y
        return 0.0
    here = np.array([x, y])
    for part, over_s in ((trail[:2], LATELY_S), (trail[2:], WHILE_S)):
        part += (1 - math.exp(-elapsed / over_s)) * (here - part)
    gone = math.hypot(float(trail[0] - trail[2]), float(trail[1] - trail[3]))
    return min(max((gone - STANDS_M) / (WALKS_M - STANDS_M), 0.0), 1.0)


def _firm(w: Floats, firmness: Singles, walking_firmness: float, walking: float) -> Floats:
    """The weights raised to the power that suits who stands there, or walks."""
    near = w * w
    standing = float((near * firmness).sum() / near.sum())
    power = standing + (max(walking_firmness, standing) - standing) * walking
    if abs(power - 1.0) < AS_IT_IS:
        return w
    root: Floats = np.sqrt(np.sqrt(w / w.max()))
    quarters = max(int(4 * power), LEAST_QUARTERS)
    over = 4 * power - quarters
    raised = root**quarters * (1 - over + over * root)
    firm: Floats = raised / raised.sum()
    return firm
