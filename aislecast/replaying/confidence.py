"""Confidence: whether the probabilities that fixes carry are true, and what one would have pushed, and when, at each threshold.

Pure. `score.py` compares points and zones at the moments of the truth; here every fix counts. A **zone decision** at threshold p is made
when one zone has been the most probable, with at least p, for as long and as many fixes as presence asks for (HOLD_S, FIXES); it stands
until another one is made. Its precision is the share of decisions made while the device truly was in that zone; recall is the share of true
stays of at least STAY_S during which the right decision stood; delay is from the stay's beginning until it stood.

`zone_events` says the same of what presence really did, at its own settings: stays there also end, when the zone is no longer believed in
or nothing is heard, and another zone must lead the one that holds.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from aislecast.twin.columns import Floats, Ints
from geofence.settings import SECOND_MS, Settings

THRESHOLDS: Final = (0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95)
HOLD_S: Final = Settings().enter_delay_ms / SECOND_MS
FIXES: Final = Settings().enter_fixes
"""So many fixes, or twice the time."""
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
    held: "tuple[Held, ...]" = ()
    """What presence held, in order of time."""


class Held(NamedTuple):
    """A stay as presence told it: from the fix at which the zone was entered to the last one at which it was held."""

    start_s: float
    end_s: float
    zone: int


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


def zone_events(walks: Sequence[Walk], around: Mapping[int, frozenset[int]]) -> dict[str, float | int | None]:
    """What became of presence's own enters: `enters, precision, recall, delay_s`; None where there was nothing to count.

    `around` are the zones in which a zone lies: who is in an aisle is in its department. A true stay of STAY_S was found if its zone was
    held at some time of it, and the delay is from its beginning until then.
    """
    judged: list[bool] = []
    stays, delays = 0, []
    for walk in walks:
        judged += _judged(walk, [(one.start_s, one.zone) for one in walk.held], around)
        for start, end, zone in _stays(walk):
            stays += 1
            found = [one.start_s for one in walk.held if one.zone == zone and one.start_s <= end and one.end_s >= start]
            if found:
                delays.append(max(0.0, min(found) - start))
    return {
        "enters": len(judged),
        "precision": _share(sum(judged), len(judged)),
        "recall": _share(len(delays), stays),
        "delay_s": round(float(np.median(delays)), 2) if delays else None,
    }


def held_stays(t_s: Floats, held: Ints) -> tuple[Held, ...]:
    """The stays in what was held after each fix, shapes (n,) in order of time and (n, layers), -1 for none."""
    found: list[Held] = []
    for layer in held.T if len(held) else ():
        starts = np.flatnonzero(np.concatenate(([True], layer[1:] != layer[:-1])))
        ends = np.append(starts[1:], len(layer)) - 1
        columns = (t_s[starts], t_s[ends], layer[starts])
        found += [Held(*stay) for stay in zip(*(column.tolist() for column in columns), strict=True) if stay[2] >= 0]
    return tuple(sorted(found))


def _judged(walk: Walk, made: Sequence[tuple[float, int]], around: Mapping[int, frozenset[int]] | None = None) -> list[bool]:
    """Whether each decision near enough to a truth row was right."""
    around = around or {}
    newest = [(int(np.searchsorted(walk.true_t_s, t_s, side="right")) - 1, t_s, zone) for t_s, zone in made]
    near = [(int(walk.true_zone[at]), zone) for at, t_s, zone in newest if at >= 0 and t_s - walk.true_t_s[at] <= TRUTH_AGE_S]
    return [true == zone or zone in around.get(true, ()) for true, zone in near]


def _decisions(walk: Walk, threshold: float) -> Iterator[tuple[float, int]]:
    """When which zone was decided."""
    candidate, since, fixes, standing = -1, 0.0, 0, -1
    sure = np.where(walk.probability >= threshold, walk.zone, -1)
    for t_s, zone in zip(walk.t_s.tolist(), sure.tolist(), strict=True):
        if zone != candidate:
            candidate, since, fixes = zone, t_s, 0
        fixes += 1
        lasted_s = t_s - since
        if zone not in (-1, standing) and lasted_s >= HOLD_S and (fixes >= FIXES or lasted_s >= 2 * HOLD_S):
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
