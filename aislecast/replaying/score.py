"""Scoring: predicted places and zones against a recording's truth, in one way for every method.

For each truth row the newest prediction of its session counts that is not later and not older than `max_age_s`; else the row is unanswered.
Errors are in metres over answered rows; the zone share counts unanswered rows as wrong. A false switch is a change of the predicted zone
between consecutive truth rows less than a minute apart whose true zone did not change, per hour of truth. Truth rows before t_s 0 (scans
that heard nothing) are left out. Quantiles interpolate linearly. These are the figures of the recordings' own script, without pandas.

Who never changes her mind has no false switches; so the share of true switches that were found stands beside them. A true switch is a
change of the true zone between consecutive truth rows less than a minute apart; it is found if the zone predicted for its row, or for one
within SWITCH_S after it, is the new one, while the truth is still there.

Beside those stand figures that only a replay can give, because its predictions say more (`Beliefs`): floors, aisles, the three most
probable zones, and, from `confidence.py`, whether the probabilities are true and what would have been pushed.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from aislecast.replaying.confidence import CROSSING_LATE_S, Walk, calibration_error, door, held_stays, push_precision, zone_events
from aislecast.twin.columns import Floats, Ints

STEADY_S = 60.0
"""Truth rows further apart say nothing about a switch between them."""
SWITCH_S = CROSSING_LATE_S
"""A switch that is seen later than a crossing of a door may be seen counts as missed."""
_NOWHERE = -1


@dataclass(frozen=True, slots=True)
class Rows:
    """Truth or predictions; columns of one length, in any order. Empty zone = none; x and y NaN, or columns of NaN, where unknown."""

    session: tuple[str, ...]
    t_s: Floats
    x_m: Floats
    y_m: Floats
    zone: tuple[str, ...]
    places: bool = True
    """False where x and y were not given at all; then no error is reported."""
    floor: tuple[str, ...] = ()
    """Empty where floors were not given at all."""
    beliefs: "Beliefs | None" = None
    """Of predictions that say how sure they are."""
    aisles: Mapping[str, str] = field(default_factory=dict)
    """Of truth: the aisle of each zone that is in one. An aisle may run through several zones."""
    around: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Of truth: the zones in which a zone lies, for those that lie in one."""
    sides: tuple[str, str] | None = None
    """Of truth without places: the zones on both sides of a door."""


@dataclass(frozen=True, slots=True)
class Beliefs:
    """What predictions say beside their zone; columns of one length with them."""

    best3: tuple[tuple[str, ...], ...]
    """The most probable zones, in order."""
    probability: Floats
    """Of the first of them."""
    aisle: tuple[str, ...]
    """The most probable aisle, over all its zones; empty where there are no aisles."""
    held: tuple[tuple[str, ...], ...] = ()
    """What presence holds in each layer of zones, empty for nothing; left out where nobody asked presence."""


def score(truth: Rows, predictions: Rows, max_age_s: float = 10.0) -> dict[str, object]:
    """The figures: `rows, answered_share`, `error_m {median, p75, p95, mean}` where both have places, then `zone_share,
    false_switches_per_hour, true_switch_recall`. None stands for what nothing can be said of: no answered row, no time between truth rows,
    no switch."""
    counted = truth.t_s >= 0
    answer = answers(truth, predictions, max_age_s)[counted]
    answered = answer != _NOWHERE
    figures: dict[str, object] = {"rows": int(counted.sum()), "answered_share": _rounded(answered.mean(), 4) if counted.any() else None}
    if truth.places and predictions.places:
        x_m, y_m = truth.x_m[counted][answered], truth.y_m[counted][answered]
        found = answer[answered]
        figures["error_m"] = _errors(np.hypot(x_m - predictions.x_m[found], y_m - predictions.y_m[found]))
    true, said = _true_and_said(truth, predictions, counted, answer)
    figures["zone_share"] = _rounded(((true == said) & (said != _NOWHERE)).mean(), 4) if counted.any() else None
    figures |= switched(truth, predictions, max_age_s).figures()
    if truth.floor and (predictions.floor or predictions.beliefs is not None):
        same = [truth.floor[row] == predictions.floor[found] for row, found in _answered(counted, answer)]
        figures["floor_share"] = _rounded(float(np.mean(same)), 4) if same else None
    if predictions.beliefs is not None:
        figures |= _believed(truth, predictions, predictions.beliefs, counted, answer)
    return figures


def _answered(counted: NDArray[np.bool_], answer: Ints) -> Iterator[tuple[int, int]]:
    """Pairs of a truth row and the prediction that answers it."""
    rows = np.flatnonzero(counted)[answer != _NOWHERE]
    return zip(rows.tolist(), answer[answer != _NOWHERE].tolist(), strict=True)


def _believed(truth: Rows, predictions: Rows, beliefs: Beliefs, counted: NDArray[np.bool_], answer: Ints) -> dict[str, object]:
    """`aisle_share` of the answered rows in an aisle, `best3_share` and `ece`, `push_precision`, `presence` where it was asked,
    and `door` where there is one."""
    pairs = list(_answered(counted, answer))
    told = [(row, found) for row, found in pairs if truth.zone[row]]
    aisles = [truth.aisles[truth.zone[row]] == beliefs.aisle[found] for row, found in pairs if truth.zone[row] in truth.aisles]
    among = [truth.zone[row] in beliefs.best3[found] for row, found in told]
    first = np.array([beliefs.best3[found][:1] == (truth.zone[row],) for row, found in told], dtype=np.bool_)
    sure = np.array([beliefs.probability[found] for _, found in told])
    zoned = sum(1 for row in np.flatnonzero(counted) if truth.zone[row])
    figures: dict[str, object] = {}
    if any(zone in truth.aisles for zone in truth.zone):
        figures["aisle_share"] = _rounded(float(np.mean(aisles)), 4) if aisles else None
    if not zoned:
        return figures
    walks, names = as_walks(truth, predictions, beliefs)
    figures |= {"best3_share": _rounded(sum(among) / zoned, 4), "ece": calibration_error(sure, first)}
    figures["push_precision"] = push_precision(walks)
    if beliefs.held or not predictions.session:
        inside = {zone: outers for zone, outers in truth.around.items() if zone in names}
        around = {names[zone]: frozenset(names[outer] for outer in outers if outer in names) for zone, outers in inside.items()}
        figures["presence"] = zone_events(walks, around)
    if truth.sides is not None:
        figures["door"] = door(walks, (names[truth.sides[0]], names[truth.sides[1]])).figures()
    return figures


def as_walks(truth: Rows, predictions: Rows, beliefs: Beliefs) -> tuple[list[Walk], dict[str, int]]:
    """Each session's fixes and truth in order of time, and the numbers of the zones in them."""
    best = tuple(zones[0] if zones else "" for zones in beliefs.best3)
    held = tuple(zip(*beliefs.held, strict=True))
    known = (*truth.zone, *predictions.zone, *best, *(truth.sides or ()), *(zone for layer in held for zone in layer))
    names = {zone: number for number, zone in enumerate(dict.fromkeys(known))}
    of_truth, of_predictions = _sessions(truth.session, predictions.session)
    true, said, raw, *layers = (_numbered(zones, names) for zones in (truth.zone, predictions.zone, best, *held))
    stood = np.stack(layers, axis=1) if layers else np.empty((len(said), 0), np.int64)
    walks = []
    for session in np.unique(of_truth):
        rows = np.flatnonzero((of_truth == session) & (truth.t_s >= 0))
        rows = rows[np.argsort(truth.t_s[rows], kind="stable")]
        fixes = np.flatnonzero(of_predictions == session)
        fixes = fixes[np.argsort(predictions.t_s[fixes], kind="stable")]
        columns = (predictions.t_s[fixes], raw[fixes], beliefs.probability[fixes], said[fixes], truth.t_s[rows], true[rows])
        walks.append(Walk(*columns, held_stays(predictions.t_s[fixes], stood[fixes])))
    return walks, names


def _numbered(zones: tuple[str, ...], names: dict[str, int]) -> Ints:
    """Zones as numbers; `_NOWHERE` for none."""
    return np.array([names[zone] if zone else _NOWHERE for zone in zones], dtype=np.int64)


def _sessions(*columns: tuple[str, ...]) -> list[Ints]:
    """Columns of session names as numbers, the same name the same number in each."""
    names: dict[str, int] = {}
    return [np.array([names.setdefault(name, len(names)) for name in column], dtype=np.int64) for column in columns]


def answers(truth: Rows, predictions: Rows, max_age_s: float = 10.0) -> Ints:
    """For each truth row which prediction counts, `_NOWHERE` where none does. Of equally new ones the last counts."""
    answer = np.full(len(truth.t_s), _NOWHERE, dtype=np.int64)
    of_truth, of_predictions = _sessions(truth.session, predictions.session)
    for session in np.unique(of_truth):
        rows, candidates = np.flatnonzero(of_truth == session), np.flatnonzero(of_predictions == session)
        candidates = candidates[np.argsort(predictions.t_s[candidates], kind="stable")]
        place = np.searchsorted(predictions.t_s[candidates], truth.t_s[rows], side="right") - 1
        rows, found = rows[place >= 0], candidates[place[place >= 0]]
        fresh = truth.t_s[rows] - predictions.t_s[found] <= max_age_s
        answer[rows[fresh]] = found[fresh]
    return answer


def _errors(error_m: Floats) -> dict[str, float | None]:
    known = error_m[~np.isnan(error_m)]
    if not len(known):
        return dict.fromkeys(("median", "p75", "p95", "mean"))
    median, p75, p95 = np.quantile(known, (0.5, 0.75, 0.95))
    return {name: _rounded(value, 3) for name, value in (("median", median), ("p75", p75), ("p95", p95), ("mean", known.mean()))}


def _by_session(truth: Rows, counted: NDArray[np.bool_]) -> Iterator[Ints]:
    """The counted rows of each session, in order of time."""
    session, t_s = _sessions(truth.session)[0][counted], truth.t_s[counted]
    for number in np.unique(session):
        rows = np.flatnonzero(session == number)
        yield rows[np.argsort(t_s[rows], kind="stable")]


@dataclass(frozen=True, slots=True)
class Switches:
    """Changes of zone, true and said; columns of the truth rows that count, in their order."""

    lasted_s: Floats
    """Since the row before of the same session; 0 for its first."""
    false: NDArray[np.bool_]
    """The said zone changed here, and the true one did not."""
    true: NDArray[np.bool_]
    """The true zone changed here ..."""
    found: NDArray[np.bool_]
    """... and that was said in time."""

    def figures(self) -> dict[str, object]:
        """`false_switches_per_hour` and `true_switch_recall`."""
        hours, switches = float(self.lasted_s.sum()) / 3600, int(self.true.sum())
        per_hour = round(int(self.false.sum()) / hours, 2) if hours else None
        return {
            "false_switches_per_hour": per_hour,
            "true_switch_recall": _rounded(self.found.sum() / switches, 4) if switches else None,
        }


def switched(truth: Rows, predictions: Rows, max_age_s: float = 10.0) -> Switches:
    """Which rows are switches, and which of them were said."""
    counted = truth.t_s >= 0
    true, said = _true_and_said(truth, predictions, counted, answers(truth, predictions, max_age_s)[counted])
    t_s, rows = truth.t_s[counted], int(counted.sum())
    lasted_s, flags = np.zeros(rows), np.zeros((3, rows), np.bool_)
    for of_session in _by_session(truth, counted):
        before, after = of_session[:-1], of_session[1:]
        lasted_s[after] = t_s[after] - t_s[before]
        near = (true[before] != _NOWHERE) & (true[after] != _NOWHERE) & (lasted_s[after] < STEADY_S)
        changed = (said[before] != said[after]) & (said[before] != _NOWHERE) & (said[after] != _NOWHERE)
        flags[0, after] = near & changed & (true[before] == true[after])
        flags[1, after] = near & (true[before] != true[after])
        flags[2, of_session] = flags[1, of_session] & _said_in_time(t_s[of_session], true[of_session], said[of_session])
    return Switches(lasted_s, *flags)


def _said_in_time(t_s: Floats, true: Ints, said: Ints) -> NDArray[np.bool_]:
    """Of one session's rows, whether the true zone of each was said then or within SWITCH_S, while it was true."""
    leaves = np.append(np.flatnonzero(true[1:] != true[:-1]) + 1, len(true))
    until = np.minimum(
        leaves[np.searchsorted(leaves, np.arange(len(true)), side="right")], np.searchsorted(t_s, t_s + SWITCH_S, side="right")
    )
    right = np.concatenate(([0], np.cumsum(said == true)))
    found: NDArray[np.bool_] = right[until] > right[:-1]
    return found


def _true_and_said(truth: Rows, predictions: Rows, counted: NDArray[np.bool_], answer: Ints) -> tuple[Ints, Ints]:
    """Zones as numbers of the rows that count, true and said."""
    names = {zone: number for number, zone in enumerate(dict.fromkeys((*truth.zone, *predictions.zone)))}
    said = np.append(_numbered(predictions.zone, names), _NOWHERE)[answer]
    return _numbered(truth.zone, names)[counted], np.where(answer != _NOWHERE, said, _NOWHERE)


def _rounded(value: float, digits: int) -> float:
    return round(float(value), digits)
