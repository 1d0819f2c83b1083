"""Confidence: whether the probabilities that fixes carry are true, and what one would have pushed, and when, at each threshold.

Pure. `score.py` compares points and zones at the moments of the truth; here every fix counts. A **zone decision** at threshold p is made
when one zone has been the most probable, with at least p, for HOLD_S, fix after fix; it stands until another one is made. Its precision
is the share of decisions made while the device truly was in that zone; recall is the share of true stays of at least STAY_S during which
the right decision stood; delay is from the stay's beginning until it stood.
"""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aislecast.twin.columns import Floats, Ints

THRESHOLDS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
HOLD_S: Final = 1.5
STAY_S: Final = 10.0
STEADY_S: Final = 60.0
"""Truth rows further apart do not belong to one stay."""
TRUTH_AGE_S: Final = 10.0
"""A decision further from the last truth row is not judged."""
BINS: Final = 10
CROSSING_EARLY_S: Final = 2.0
CROSSING_LATE_S: Final = 5.0
"""A crossing counts as found if the said side changes the right way within this of it; as the published comparison has it."""

Flags = NDArray[np.bool_]


class Walk(NamedTuple):
    """One device's fixes and truth in one session, each in order of time. Zones are numbers, -1 for none."""

    t_s: Floats
    zone: Ints
    """The most probable one."""
    probability: Floats
    said: Ints
    """The same, steadied."""
    true_t_s: Floats
    true_zone: Ints


def calibration_error(probability: Floats, right: Flags) -> float | None:
    """Expected calibration error over ten equal bins: how far stated probabilities lie from the shares that were right."""
    if not len(probability):
        return None
    bins = np.minimum((probability * BINS).astype(np.int64), BINS - 1)
    counts = np.bincount(bins, minlength=BINS)
    gaps = np.abs(np.bincount(bins, probability, BINS) - np.bincount(bins, right, BINS))
    return round(float(gaps.sum() / counts.sum()), 4)


def push_precision(walks: Sequence[Walk]) -> list[dict[str, float | int | None]]:
    """For each of THRESHOLDS: `threshold, decisions, precision, recall, delay_s`; None where there was nothing to count."""
    return [_at(walks, threshold) for threshold in THRESHOLDS]


def _at(walks: Sequence[Walk], threshold: float) -> dict[str, float | int | None]:
    judged: list[bool] = []
    stays, delays = 0, []
    for walk in walks:
        made = list(_decisions(walk, threshold))
        judged += _judged(walk, made)
        for start, end, zone in _stays(walk):
            stays += 1
            stood = _stood(made, start, end, zone)
            if stood is not None:
                delays.append(stood - start)
    return {
        "threshold": threshold,
        "decisions": len(judged),
        "precision": _share(sum(judged), len(judged)),
        "recall": _share(len(delays), stays),
        "delay_s": round(float(np.median(delays)), 2) if delays else None,
    }


def _judged(walk: Walk, made: Sequence[tuple[float, int]]) -> list[bool]:
    """Whether each decision near enough to a truth row was right."""
    newest = [(int(np.searchsorted(walk.true_t_s, t_s, side="right")) - 1, t_s, zone) for t_s, zone in made]
    return [bool(walk.true_zone[at] == zone) for at, t_s, zone in newest if at >= 0 and t_s - walk.true_t_s[at] <= TRUTH_AGE_S]


def _decisions(walk: Walk, threshold: float) -> Iterator[tuple[float, int]]:
    """When which zone was decided."""
    candidate, since, standing = -1, 0.0, -1
    sure = np.where(walk.probability >= threshold, walk.zone, -1)
    for t_s, zone in zip(walk.t_s.tolist(), sure.tolist(), strict=True):
        if zone != candidate:
            candidate, since = zone, t_s
        if zone not in (-1, standing) and t_s - since >= HOLD_S:
            standing = zone
            yield t_s, zone


def _stays(walk: Walk) -> Iterator[tuple[float, float, int]]:
    """Start, end and zone of each true stay that is long enough."""
    if not len(walk.true_t_s):
        return
    new = (walk.true_zone[1:] != walk.true_zone[:-1]) | (np.diff(walk.true_t_s) > STEADY_S)
    starts = np.concatenate(([0], np.flatnonzero(new) + 1))
    ends = np.append(starts[1:], len(walk.true_t_s)) - 1
    for start, end in zip(walk.true_t_s[starts].tolist(), walk.true_t_s[ends].tolist(), strict=True):
        zone = int(walk.true_zone[np.searchsorted(walk.true_t_s, start)])
        if end - start >= STAY_S and zone >= 0:
            yield start, end, zone


def _stood(made: Sequence[tuple[float, int]], start: float, end: float, zone: int) -> float | None:
    """When within the stay the right decision first stood; None where it never did."""
    standing = -1
    for t_s, decided in made:
        if t_s > end:
            break
        if t_s > start and standing == zone:
            return start
        standing = decided
        if t_s > start and decided == zone:
            return t_s
    return start if standing == zone else None


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


class Crossings(NamedTuple):
    """How changes of side were found."""

    crossings: int
    found: int
    false: int
    delays_s: list[float]
    """Of those found; below 0 where the change was said early."""

    def figures(self) -> dict[str, float | int | None]:
        """`crossings, found, false, median_delay_s`."""
        delay = round(float(np.median(self.delays_s)), 2) if self.delays_s else None
        return {"crossings": self.crossings, "found": self.found, "false": self.false, "median_delay_s": delay}


def door(walks: Sequence[Walk], sides: tuple[int, int]) -> Crossings:
    """How changes between the two zones `sides` were found.

    A said change is matched with a true one of the same direction if it comes within CROSSING_EARLY_S before to CROSSING_LATE_S after it;
    one that matches none, or a second one for the same crossing, is false.
    """
    crossings, found, false = 0, 0, 0
    delays: list[float] = []
    for walk in walks:
        true = list(_changes(walk.true_t_s, walk.true_zone, sides))
        crossings += len(true)
        open_ = [True] * len(true)
        for t_s, side in _changes(walk.t_s, walk.said, sides):
            near = [at for at, (when, to) in enumerate(true) if open_[at] and to == side and _within(t_s - when)]
            if near:
                open_[near[0]] = False
                delays.append(t_s - true[near[0]][0])
            else:
                false += 1
        found += open_.count(False)
    return Crossings(crossings, found, false, delays)


def _changes(t_s: Floats, zone: Ints, sides: tuple[int, int]) -> Iterator[tuple[float, int]]:
    """When it became which side; what is on neither is left out."""
    known = np.isin(zone, sides)
    times, zones = t_s[known], zone[known]
    at = np.flatnonzero(zones[1:] != zones[:-1]) + 1
    yield from zip(times[at].tolist(), zones[at].tolist(), strict=True)


def _within(late_s: float) -> bool:
    return -CROSSING_EARLY_S <= late_s <= CROSSING_LATE_S
