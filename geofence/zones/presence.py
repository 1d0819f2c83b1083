"""Presence: turns zone probabilities into enter, dwell and exit, one row per device and layer.

Pure: columns in, columns out; no clock, no database. `tracking/engine.py` feeds it. Which zone a fix lies in is for `match.py`;
whether anyone may be told, for the notifier. `reference.py` holds the same rules as a plain loop, and the tests hold the two together.

The rules, all on event time:
* Zones of one layer lie side by side, so a device is in at most one of them.
* A zone is **candidate** while it is the most probable of its layer, has at least `enter_probability`, and leads the zone that holds
  (if one does) by at least `lead`. It is **entered** at the first fix at which it has been the candidate, fix after fix, for
  `enter_delay_ms`, and for `enter_fixes` fixes or twice that time; the stay began with the first of those fixes. What held before is left
  at the same moment.
* The zone that holds is **left** at the first fix at which it has been below `exit_probability`, fix after fix, for `exit_delay_ms`.
* A **dwell** comes when a stay has lasted each of the dwell times of its zone's kind, dated to that very moment (or to the enter, if that
  came later).
* Without a fix for `silence_ms` all that holds is left, dated last fix + silence; candidates lapse. While silence proves nothing, because
  a gateway that should hear the device is ill (`tracking/sickness.py`), that waits, at the longest until the visit ends; the date stays.
* A zone that lies in another (`nesting.py`) is held within it: who enters the inner one is in the outer one from that moment at the latest,
  and with the outer one the inner one is left.
* The **likely** zone of a layer is what a map shows: the most probable one, given up only for one that leads it by `steady_lead`.
* A **visit** starts with a device's first fix and ends when it has been silent for `visit_end_ms`, dated like the exits of that silence.
* **Already inside**: a device whose first fix lies well inside a zone enters it as ever, after the delay; its stay began with that fix.
"""

from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import NONE, Flags, Floats, Indices, Longs, Smalls
from geofence.device_columns import NEVER_MS, DeviceColumns
from geofence.settings import SECOND_MS, Settings
from groundwork.contracts.zone_event import ZoneEventKind

LATEST_MS: Final = 1 << 62
EXIT: Final = 0
ENTER: Final = 1
DWELL: Final = 2
KINDS: Final[tuple[ZoneEventKind, ...]] = ("exit", "enter", "dwell")
"""By number; where several fall on one moment, exits come first and dwells last."""


class Changes(NamedTuple):
    """What began, lasted or ended; columns of shape (n,). `slot` is the device, `zone` its place in the zone map."""

    kind: Smalls
    slot: Indices
    zone: Indices
    dwell_s: Indices
    at_ms: Longs
    stay_start_ms: Longs
    visit_start_ms: Longs
    probability: Floats


class Ends(NamedTuple):
    """Visits that ended; columns of shape (n,)."""

    slot: Indices
    start_ms: Longs
    end_ms: Longs


_Cells = tuple[Indices, Indices]
"""Where in the device-by-layer columns: slots and layers, shape (n,) each."""
Patience = Callable[[Indices], Longs]
"""For silent devices (slots), until when in event time their silence proves nothing; shapes (n,)."""


class Nesting(NamedTuple):
    """Which zone lies in which; columns of shape (zones + 1,), whose last place stands for no zone."""

    parent: Indices
    """The zone around it, of a later layer; -1 for none."""
    layer: Indices
    """Which layer it is in."""


def dwell_times(kinds: Sequence[str], rules: Settings) -> Indices:
    """For zones of these kinds their dwell times in s, shape (zones, most), -1 where a kind has fewer."""
    of_kinds = [rules.dwell_s_by_kind.get(kind, rules.dwell_s) for kind in kinds]
    most = max((len(times) for times in of_kinds), default=0)
    padded = [(*times, *[NONE] * (most - len(times))) for times in of_kinds]
    return np.array(padded, np.int64).reshape(len(of_kinds), most)


def settle(
    devices: DeviceColumns,
    slots: Indices,
    until_ms: Longs,
    rules: Settings,
    dwell_s: Indices | None = None,
    patience: Patience | None = None,
) -> tuple[list[Changes], Ends]:
    """Everything that falls due up to and including `until_ms`, for devices `slots` (each once; shapes (n,)).

    `dwell_s` are each zone's `dwell_times`; without, all have the rules' own. Devices whose visit ended stay in their slots with an empty
    presence; the caller frees them or lets them start anew.
    """
    last_ms = devices["last_ms"][slots]
    silent_ms = last_ms + rules.silence_ms
    changes = _dwells(devices, slots, np.minimum(until_ms, silent_ms), _times(rules, dwell_s))
    present = devices["visit_start_ms"][slots] != NEVER_MS
    silent = present & (silent_ms <= until_ms)
    if patience is not None and silent.any():
        silent[silent] = np.minimum(patience(slots[silent]), last_ms[silent] + rules.visit_end_ms) <= until_ms[silent]
    if not silent.any():
        return changes, _ends(devices, slots[:0], rules)
    quiet = slots[silent]
    rows, layers = np.nonzero(devices["held"][quiet] != NONE)
    changes.append(_exits(devices, (quiet[rows], layers), silent_ms[silent][rows]))
    devices["candidate"][quiet] = NONE
    over = quiet[devices["last_ms"][quiet] + rules.visit_end_ms <= until_ms[silent]]
    ends = _ends(devices, over, rules)
    devices["visit_start_ms"][over] = NEVER_MS
    return changes, ends


def apply(
    devices: DeviceColumns,
    slots: Indices,
    at_ms: Longs,
    probability: Floats,
    layer_starts: Indices,
    rules: Settings,
    nesting: Nesting | None = None,
) -> list[Changes]:
    """One fix for each of `slots` (each once), with its probability for every zone: (n, zones), layer after layer.

    What fell due before must have been settled; fixes of a device come in rising `at_ms`.
    """
    first = slots[devices["visit_start_ms"][slots] == NEVER_MS]
    devices["visit_start_ms"][first] = at_ms[devices["visit_start_ms"][slots] == NEVER_MS]
    devices["last_ms"][slots] = at_ms
    if not len(layer_starts):
        return []
    best, best_probability = _best(probability, layer_starts)
    _note_likely(devices, slots, probability, best, rules)
    held = devices["held"][slots].astype(np.int64)
    holds = held != NONE
    held_probability = np.where(holds, np.take_along_axis(probability, np.maximum(held, 0), axis=1), 0.0)
    devices["probability"][slots] = held_probability
    leads = (best != held) & (best_probability >= held_probability + rules.lead)
    challenges = (best_probability >= rules.enter_probability) & (leads | ~holds)
    entered = _entered(devices, slots, at_ms, np.where(challenges, best, NONE), rules)
    left = holds & (_below(devices, slots, at_ms, holds & (held_probability < rules.exit_probability), rules) | entered)
    if nesting is not None and (entered.any() or left.any()):
        _hold_together(devices, slots, held, entered, left, nesting)
        best_probability = np.take_along_axis(probability, np.maximum(devices["candidate"][slots].astype(np.int64), 0), axis=1)
    changes = []
    if left.any():
        rows, layers = np.nonzero(left)
        changes.append(_exits(devices, (slots[rows], layers), at_ms[rows]))
    if entered.any():
        rows, layers = np.nonzero(entered)
        changes.append(_enters(devices, (slots[rows], layers), at_ms[rows], best_probability[rows, layers]))
    return changes


def next_due_ms(
    devices: DeviceColumns, slots: Indices, rules: Settings, dwell_s: Indices | None = None, patience: Patience | None = None
) -> int:
    """When, in event time, the first of these devices (one or more) has a dwell, a silence or a visit's end to come."""
    held = devices["held"][slots] != NONE
    last_ms = devices["last_ms"][slots]
    silent_ms = last_ms + rules.silence_ms
    if patience is not None:
        silent_ms = np.maximum(silent_ms, np.minimum(patience(slots), last_ms + rules.visit_end_ms))
    due = np.where(held.any(axis=1), silent_ms, last_ms + rules.visit_end_ms)
    times = _times(rules, dwell_s)
    for reached in range(times.shape[1]):
        waiting, dwell_ms = _waiting(devices, slots, times, reached)
        waiting &= dwell_ms <= (last_ms + rules.silence_ms)[:, None]
        due = np.minimum(due, np.where(waiting, dwell_ms, due[:, None]).min(axis=1, initial=LATEST_MS))
    return int(due.min())


def leave(devices: DeviceColumns, slots: Indices, layers: Indices) -> Changes:
    """Ends what is held in these cells, dated to the device's last fix: their zones are gone from the plan. Shapes (n,)."""
    return _exits(devices, (slots, layers), devices["last_ms"][slots])


def _best(probability: Floats, layer_starts: Indices) -> tuple[Indices, Floats]:
    """The most probable zone of each layer and its probability, shapes (n, layers); the first in the map wins a draw."""
    ends = [*layer_starts[1:].tolist(), probability.shape[1]]
    spans = list(zip(layer_starts.tolist(), ends, strict=True))
    best = np.stack([probability[:, start:end].argmax(axis=1) + start for start, end in spans], axis=1)
    return best, np.take_along_axis(probability, best, axis=1)


def _note_likely(devices: DeviceColumns, slots: Indices, probability: Floats, best: Indices, rules: Settings) -> None:
    """The zone a map would show, in each layer: it changes only for one that leads by `steady_lead`, or when it has lost all belief."""
    shown = devices["likely"][slots].astype(np.int64)
    own = np.where(shown != NONE, np.take_along_axis(probability, np.maximum(shown, 0), axis=1), 0.0)
    most = np.take_along_axis(probability, best, axis=1)
    changes = (most > 0) & ((own == 0) | (most >= own + rules.steady_lead))
    devices["likely"][slots] = np.where(changes, best, np.where(most > 0, shown, NONE))


def _entered(devices: DeviceColumns, slots: Indices, at_ms: Longs, candidate: Indices, rules: Settings) -> Flags:
    """Notes the candidates; says which of them have been so for long enough. Shape (n, layers)."""
    same = (candidate == devices["candidate"][slots]) & (candidate != NONE)
    since = np.where(same, devices["candidate_ms"][slots], at_ms[:, None])
    fixes = np.where(same, np.minimum(devices["candidate_fixes"][slots], rules.enter_fixes) + 1, 1)
    devices["candidate"][slots] = candidate
    devices["candidate_ms"][slots] = since
    devices["candidate_fixes"][slots] = fixes
    lasted_ms = at_ms[:, None] - since
    enough = (fixes >= rules.enter_fixes) | (lasted_ms >= 2 * rules.enter_delay_ms)
    entered: Flags = (candidate != NONE) & (lasted_ms >= rules.enter_delay_ms) & enough
    return entered


def _below(devices: DeviceColumns, slots: Indices, at_ms: Longs, below: Flags, rules: Settings) -> Flags:
    """Notes since when what holds has been below the exit probability; says where that is long enough. Shape (n, layers)."""
    before = devices["below_ms"][slots]
    since = np.where(below, np.where(before == NEVER_MS, at_ms[:, None], before), NEVER_MS)
    devices["below_ms"][slots] = since
    left: Flags = below & (at_ms[:, None] - since >= rules.exit_delay_ms)
    return left


def _hold_together(devices: DeviceColumns, slots: Indices, held: Indices, entered: Flags, left: Flags, nesting: Nesting) -> None:
    """Adds what follows from zones lying in one another to what is `entered` and `left`, and to the candidates; (n, layers) each.

    Who enters has the outer zone; where another was about to be entered there, that waits. Changes nothing in nearly all cases, since
    whoever is in the inner zone is no less probably in the outer one: plans whose zones stick out are what it is for.
    """
    candidate, since = devices["candidate"], devices["candidate_ms"]
    for row, layer in zip(*(places.tolist() for places in np.nonzero(entered)), strict=True):
        slot, inner = slots[row], layer
        while (outer := nesting.parent[candidate[slot, inner]]) != NONE:
            around = nesting.layer[outer]
            there = held[row, around] == outer
            entered[row, around], left[row, around] = not there, not there and held[row, around] != NONE
            if there:
                devices["below_ms"][slot, around], candidate[slot, around] = NEVER_MS, NONE
                break
            if candidate[slot, around] != outer:
                candidate[slot, around], since[slot, around] = outer, since[slot, inner]
            inner = around
    for layer in reversed(range(held.shape[1])):
        inside = held[:, layer]
        outer = nesting.parent[inside]
        around = np.maximum(nesting.layer[outer], 0)
        rows = np.arange(len(slots))
        left[:, layer] |= (outer != NONE) & left[rows, around] & (held[rows, around] == outer)


def _times(rules: Settings, dwell_s: Indices | None) -> Indices:
    """Dwell times by zone; one row that stands for all where none are given."""
    return np.array([rules.dwell_s], np.int64).reshape(1, len(rules.dwell_s)) if dwell_s is None else dwell_s


def _waiting(devices: DeviceColumns, slots: Indices, times: Indices, reached: int) -> tuple[Flags, Longs]:
    """Which cells wait for the dwell after `reached` others, and when it is due; shapes (n, layers)."""
    held = devices["held"][slots].astype(np.int64)
    dwell_s = times[np.minimum(held, len(times) - 1), reached]
    waiting: Flags = (held != NONE) & (devices["dwells"][slots] == reached) & (dwell_s != NONE)
    return waiting, np.maximum(devices["stay_start_ms"][slots] + dwell_s * SECOND_MS, devices["entered_ms"][slots])


def _dwells(devices: DeviceColumns, slots: Indices, until_ms: Longs, times: Indices) -> list[Changes]:
    changes = []
    for reached in range(times.shape[1]):
        waiting, due = _waiting(devices, slots, times, reached)
        if not waiting.any():
            continue
        rows, layers = np.nonzero(waiting & (due <= until_ms[:, None]))
        cells = (slots[rows], layers)
        devices["dwells"][cells] = reached + 1
        if len(rows):
            zones = np.minimum(devices["held"][cells].astype(np.int64), len(times) - 1)
            changes.append(_changes(devices, DWELL, cells, due[rows, layers], times[zones, reached]))
    return changes


def _exits(devices: DeviceColumns, cells: _Cells, at_ms: Longs) -> Changes:
    changes = _changes(devices, EXIT, cells, at_ms)
    devices["held"][cells] = NONE
    devices["below_ms"][cells] = NEVER_MS
    return changes


def _enters(devices: DeviceColumns, cells: _Cells, at_ms: Longs, probability: Floats) -> Changes:
    devices["held"][cells] = devices["candidate"][cells]
    devices["stay_start_ms"][cells] = devices["candidate_ms"][cells]
    devices["entered_ms"][cells] = at_ms
    devices["dwells"][cells] = 0
    devices["probability"][cells] = probability
    devices["candidate"][cells] = NONE
    return _changes(devices, ENTER, cells, at_ms)


def _changes(devices: DeviceColumns, kind: int, cells: _Cells, at_ms: Longs, dwell_s: Indices | None = None) -> Changes:
    slots, _ = cells
    return Changes(
        np.full(len(slots), kind, np.int16),
        slots,
        devices["held"][cells].astype(np.int64),
        np.zeros(len(slots), np.int64) if dwell_s is None else dwell_s,
        at_ms,
        devices["stay_start_ms"][cells],
        devices["visit_start_ms"][slots],
        devices["probability"][cells].astype(np.float64),
    )


def _ends(devices: DeviceColumns, slots: Indices, rules: Settings) -> Ends:
    return Ends(slots, devices["visit_start_ms"][slots], devices["last_ms"][slots] + rules.silence_ms)
