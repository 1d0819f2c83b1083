"""Presence on fences: one phone's reports, in the order of time, to enters, dwells and exits of the fences it is near. Compiled.

Pure. The rules, all on event time:
* A phone's distance to each border, and how fast it changes, is smoothed: a straight line through its last reports, old ones fading, sure
  ones weighing more. Its accuracy is that of the reports themselves, and never better than the last one's: errors of GPS last for
  minutes, so averaging does not make it surer.
* **The accuracy gate**: a phone is surely in where it is deeper inside than its accuracy, and surely out where it is farther outside than
  its accuracy and than the exit margin. In between nothing is decided: what is held stays held, and what is not is no candidate.
* A fence is **entered** when the phone has surely been in, report after report, for the enter delay; the stay began with the first of
  these. An approach ring is entered only by who comes nearer: faster than the least speed, and than the reports' own errors could feign.
* It is **left** when the phone has surely been out, report after report, for the exit delay; or when it has been silent, dated to the end
  of the silence, and then it is uncertain.
* A **jump**, faster than anything that drives, is not used; the third in a row is believed, and everything smoothed starts anew.
"""

import math
from typing import Any, Final, NamedTuple

import numba as nb

from geofence.outdoor.compiled import compiled, f4_1, f8, f8_1, f8_2, i8, i8_1

HELD, STAY_MS, ENTERED_MS, CANDIDATE_MS, BEYOND_MS, DWELLS, LAST_M, LAST_ACCURACY_M, WEIGHT, WT, WTT, WD, WTD, COUNT = range(14)
"""Columns of a cell, which is one fence to one phone: times in ms (NEVER where there is none), then the sums of the straight line."""
COLUMNS: Final = 14
NEVER: Final = -1.0
DEVICE_LAST_MS, DEVICE_JUMPS, DEVICE_NEAR, DEVICE_NEAR_MS = range(4)
"""Columns of the phone: its last report, jumps in a row, the venue it was near last (a place among `apart`), and when."""
EXIT, ENTER, DWELL = 0, 1, 2
"""Kinds of a change; where several fall on one moment, exits come first and dwells last."""
OUT_COLUMNS: Final = 8
"""Of a change: kind, cell, at_ms, stay_start_ms, dwell_s, arrives_ms (NEVER for none), uncertain, probability."""
LATE, JUMPED, USED = 0, 1, 2
"""Places in the counts."""
_TRUE_JUMP: Final = 3
_SIGMA: Final = 1.515
"""Radius of 68 % over the deviation along one axis, of an error that is the same in all directions: sqrt(-2 ln 0.32)."""
_SURE: Final = 2.0
"""Deviations by which a speed must differ from none."""


class Rules(NamedTuple):
    """What the settings say, as the kernel takes it."""

    enter_ms: float
    exit_ms: float
    margin_m: float
    silence_ms: float
    smoothing_s: float
    least_speed: float
    most_speed: float


_tuple: Any = nb.types.NamedUniTuple  # numba's own types are not typed
_rules: Final = _tuple(f8, len(Rules._fields), Rules)


@compiled(f8(f8_1))
def level_m(cell: Any) -> float:
    """Where the line is now: metres inside (over 0) or outside."""
    if cell[WEIGHT] == 0.0:
        return -math.inf
    spread = cell[WEIGHT] * cell[WTT] - cell[WT] * cell[WT]
    if spread <= 1e-9 * cell[WEIGHT] * cell[WEIGHT]:
        return float(cell[WD] / cell[WEIGHT])
    slope = (cell[WEIGHT] * cell[WTD] - cell[WT] * cell[WD]) / spread
    return float((cell[WD] - slope * cell[WT]) / cell[WEIGHT])


@compiled(f8(f8_1))
def speed_m_s(cell: Any) -> float:
    """How fast the phone goes inwards; 0 where that could be its errors alone."""
    spread = cell[WEIGHT] * cell[WTT] - cell[WT] * cell[WT]
    if cell[WEIGHT] == 0.0 or spread <= 1e-9 * cell[WEIGHT] * cell[WEIGHT]:
        return 0.0
    slope = (cell[WEIGHT] * cell[WTD] - cell[WT] * cell[WD]) / spread
    return float(slope) if slope > _SURE * math.sqrt(cell[WEIGHT] / spread) else 0.0


@compiled(f8(f8_1))
def _accuracy_m(cell: Any) -> float:
    return math.sqrt(cell[COUNT] / cell[WEIGHT]) if cell[WEIGHT] > 0.0 else math.inf


@compiled(f8(f8_1, f8, f8))
def arrives_ms(outline: Any, at_ms: float, least_speed: float) -> float:
    """When the outline is reached at this speed; NEVER for who does not come nearer, at_ms for who is there."""
    away, speed = -level_m(outline), speed_m_s(outline)
    if away <= 0.0:
        return at_ms
    return at_ms + 1_000.0 * away / speed if speed >= least_speed else NEVER


@compiled(i8(f8_2, i8, f8, f8, f8_1, f8, f8, f8, f8))
def _tell(
    out: Any, found: int, kind: float, cell_at: float, cell: Any, at_ms: float, dwell_s: float, expected_ms: float, uncertain: float
) -> int:
    """Notes a change."""
    deviation = _accuracy_m(cell) / _SIGMA  # infinite where the phone is elsewhere
    row = out[found]
    row[0], row[1], row[2], row[3] = kind, cell_at, at_ms, cell[STAY_MS]
    row[4], row[5], row[6] = dwell_s, expected_ms, uncertain
    row[7] = 0.0 if math.isinf(deviation) else 0.5 * (1.0 + math.erf(level_m(cell) / (deviation * math.sqrt(2.0))))
    return found + 1


@compiled(i8(f8_1))
def _forget_line(cell: Any) -> int:
    """The phone's distances so far say nothing any more."""
    cell[WEIGHT:] = 0.0
    cell[LAST_M] = math.nan
    return 0


@compiled(i8(_rules, f8_1, f8_2, f8_1, f8, f8_2, i8))
def settle(rules: Any, device: Any, cells: Any, dwells_s: Any, until_ms: float, out: Any, found: int) -> int:
    """Everything that falls due up to and including `until_ms`; returns how many changes there are now."""
    silent_ms = device[DEVICE_LAST_MS] + rules.silence_ms
    for at in range(len(cells)):
        cell = cells[at]
        while cell[HELD] == 1.0 and cell[DWELLS] < len(dwells_s):
            due_ms = max(cell[STAY_MS] + 1_000.0 * dwells_s[int(cell[DWELLS])], cell[ENTERED_MS])
            if due_ms > min(until_ms, silent_ms):
                break
            found = _tell(out, found, DWELL, at, cell, due_ms, dwells_s[int(cell[DWELLS])], NEVER, 0.0)
            cell[DWELLS] += 1.0
        if silent_ms <= until_ms:
            if cell[HELD] == 1.0:
                found = _tell(out, found, EXIT, at, cell, silent_ms, 0.0, NEVER, 1.0)
            cell[HELD], cell[CANDIDATE_MS], cell[BEYOND_MS] = 0.0, NEVER, NEVER
            _forget_line(cell)
    if silent_ms <= until_ms and len(cells):
        device[DEVICE_LAST_MS] = silent_ms
    return found


@compiled(i8(f8_1, f8_2, f8, f8_1, f8, _rules, i8_1, f8_2))
def _jumps(device: Any, cells: Any, at_ms: float, signed_m: Any, accuracy_m: float, rules: Any, venue_of: Any, apart: Any) -> int:
    """1 where no vehicle brings a phone there in that time."""
    reach_m = rules.most_speed * max(at_ms - device[DEVICE_LAST_MS], 1.0) / 1_000.0 + accuracy_m
    for at in range(len(cells)):
        if abs(signed_m[at] - cells[at, LAST_M]) > reach_m + cells[at, LAST_ACCURACY_M]:  # NaN is no jump
            return 1
    near = int(device[DEVICE_NEAR])
    if near >= 0:
        reach_m = rules.most_speed * max(at_ms - device[DEVICE_NEAR_MS], 1.0) / 1_000.0 + accuracy_m
        for at in range(len(cells)):
            if not math.isnan(signed_m[at]) and apart[near, venue_of[at]] > reach_m:
                return 1
    return 0


@compiled(i8(f8_1, f8, f8, f8, f8))
def _smooth(cell: Any, passed_s: float, signed_m: float, accuracy_m: float, smoothing_s: float) -> int:
    """Moves the line's origin to now, lets what is old fade, and adds the new distance."""
    fade = math.exp(-passed_s / smoothing_s)
    cell[WTT] = fade * (cell[WTT] - 2 * passed_s * cell[WT] + passed_s * passed_s * cell[WEIGHT])
    cell[WTD] = fade * (cell[WTD] - passed_s * cell[WD])
    cell[WT] = fade * (cell[WT] - passed_s * cell[WEIGHT])
    weight = 1.0 / (accuracy_m * accuracy_m)
    cell[WEIGHT] = fade * cell[WEIGHT] + weight
    cell[WD] = fade * cell[WD] + weight * signed_m
    cell[COUNT] = fade * cell[COUNT] + 1.0
    cell[LAST_M], cell[LAST_ACCURACY_M] = signed_m, accuracy_m
    return 0


@compiled(i8(_rules, f8_2, i8_1, f8, f8_2, i8))
def _decide(rules: Any, cells: Any, outline_of: Any, at_ms: float, out: Any, found: int) -> int:
    """Applies the rules to every cell after one report."""
    for at in range(len(cells)):
        cell = cells[at]
        deep_m, accuracy_m = level_m(cell), max(_accuracy_m(cell), cell[LAST_ACCURACY_M])
        surely_in, surely_out = deep_m >= accuracy_m, -deep_m >= max(accuracy_m, rules.margin_m)
        if cell[HELD] == 1.0:
            if not surely_out:
                cell[BEYOND_MS] = NEVER
                continue
            cell[BEYOND_MS] = at_ms if cell[BEYOND_MS] == NEVER else cell[BEYOND_MS]
            if at_ms - cell[BEYOND_MS] >= rules.exit_ms:
                found = _tell(out, found, EXIT, at, cell, at_ms, 0.0, NEVER, 0.0)
                cell[HELD], cell[BEYOND_MS] = 0.0, NEVER
            continue
        if not surely_in:
            cell[CANDIDATE_MS] = NEVER
            continue
        cell[CANDIDATE_MS] = at_ms if cell[CANDIDATE_MS] == NEVER else cell[CANDIDATE_MS]
        expected_ms = NEVER
        if outline_of[at] != at:
            outline = cells[outline_of[at]]
            if level_m(outline) >= 0.0 or speed_m_s(outline) < rules.least_speed:
                continue  # in the ring, and not on the way
            expected_ms = arrives_ms(outline, at_ms, rules.least_speed)
        if at_ms - cell[CANDIDATE_MS] >= rules.enter_ms:
            cell[HELD], cell[STAY_MS], cell[ENTERED_MS], cell[DWELLS] = 1.0, cell[CANDIDATE_MS], at_ms, 0.0
            cell[CANDIDATE_MS] = NEVER
            found = _tell(out, found, ENTER, at, cell, at_ms, 0.0, expected_ms, 0.0)
    return found


@compiled(i8(_rules, f8_1, f8_2, f8_1, i8_1, i8_1, f8_2, f8_1, f4_1, f8_2, i8, f8_2, i8_1, i8_1))
def advance(
    rules: Any, device: Any, cells: Any, dwells_s: Any, outline_of: Any, venue_of: Any, apart: Any,
    at_ms: Any, accuracy_m: Any, signed_m: Any, begin: int, out: Any, counts: Any, reached: Any,
) -> int:  # fmt: skip
    """The reports from `begin` on; returns how many changes `out` holds. `reached[0]` says where it ran out of room.

    `signed_m` has a row a report and a column a cell, NaN where the report is not near the fence's venue: surely out, however far.
    """
    found, room = 0, len(out)
    reached[0] = len(at_ms)
    for one in range(begin, len(at_ms)):
        if found + len(cells) * (2 + len(dwells_s)) > room:
            reached[0] = one
            return found
        now_ms, accuracy = at_ms[one], max(float(accuracy_m[one]), 1.0)
        if now_ms <= device[DEVICE_LAST_MS]:
            counts[LATE] += 1
            continue
        found = settle(rules, device, cells, dwells_s, now_ms, out, found)
        if _jumps(device, cells, now_ms, signed_m[one], accuracy, rules, venue_of, apart):
            device[DEVICE_JUMPS] += 1.0
            if device[DEVICE_JUMPS] < _TRUE_JUMP:
                counts[JUMPED] += 1
                continue
            for at in range(len(cells)):
                _forget_line(cells[at])
        device[DEVICE_JUMPS] = 0.0
        passed_s = max(now_ms - device[DEVICE_LAST_MS], 0.0) / 1_000.0
        for at in range(len(cells)):
            distance_m = signed_m[one, at]
            if math.isnan(distance_m):
                _forget_line(cells[at])
                continue
            device[DEVICE_NEAR], device[DEVICE_NEAR_MS] = venue_of[at], now_ms
            _smooth(cells[at], passed_s, distance_m, accuracy, rules.smoothing_s)
        device[DEVICE_LAST_MS] = now_ms
        counts[USED] += 1
        found = _decide(rules, cells, outline_of, now_ms, out, found)
    return found
