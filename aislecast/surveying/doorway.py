"""Doorway: calibration from a door whose sensors say only inside or outside, and when that changed.

Pure. Where nobody wrote down places, time tells them: a moment before or after the door sensor changed, whoever passed was about a step
before or behind it, and further off the longer ago. With such places on the line from the inner to the outer radios, the usual fit makes a
radio map of that line. The sensor is tripped by the front of who passes while the tag sits somewhere behind, coming as well as going: so
the line is shifted until the said changes come about as late one way as the other.
"""

from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from aislecast.replaying import report
from aislecast.replaying.confidence import door
from aislecast.replaying.score import as_walks
from aislecast.replaying.survey import Windows, windows_of
from aislecast.replaying.walks import Walked, walk
from aislecast.twin.columns import Floats, Ints
from aislecast.twin.recorded_plan import sides_of
from aislecast.twin.recording import Recording
from floorplans.model import Plan
from geofence.positioning.anchors import Calibration, anchors_of
from geofence.positioning.calibrate import Samples, calibrate
from geofence.positioning.cells import cells_of
from geofence.settings import Settings
from geofence.zones.match import ZoneMap
from groundwork.contracts.unfit import Wrong

PACE_M_S: Final = 1.0
FURTHEST_M: Final = 6.0
"""From the door; beyond it a tag may be anywhere, and is taken to be this far."""
SHIFTS_M: Final = (0.0, 0.4, 0.8, 1.2)
NOISE_DB: Final = 1.5
"""A window at a door must decide: at 3 dB and more changes come seconds later. Of 1 to 8 dB the quickest without false ones."""
AS_WEIGHED: Final = {"walking_firmness": 1.0, "known_part": 0.0, "place_bound_db2": 0.0, "scatter_db2": 0.0}
"""With noise set by hand instead of measured, zones are read from the weights as they are, and nobody lingers in a door."""
DRIFT_DB2: Final = 0.01
"""In a car a tag's own changes sooner than in a pocket: at a tenth of it crossings are said a quarter of a second later."""
SPEED_M: Final = 2.0
"""Metres per root second: a car, or someone in a hurry."""
LATEST_S: Final = 9.0
"""In place of the delay of a crossing that was not found."""


class Line(NamedTuple):
    """From inside to outside through the middle of the door, in metres of the level's frame."""

    middle: tuple[float, float]
    way: tuple[float, float]
    """Of length 1."""


def calibrated(recording: Recording, plan: Plan) -> Calibration:
    """What a door's recording teaches. Raises ValueError where it says nothing of two sides."""
    sides = sides_of(recording)
    if sides is None:
        raise Wrong(
            "no place in the truth and no door with two sides, expected either",
            "لا موضع في الحقيقة المسجلة ولا باب له جانبان، والمتوقع أحدهما",
        )
    windows, line, side = windows_of(recording), _line(recording, sides), _side_of_zone(recording, sides)
    anchors, cells = anchors_of(plan), cells_of(plan, ZoneMap(plan).zones)
    levels = tuple(level.id for level in plan.levels)
    tried = []
    for shift_m in SHIFTS_M:
        samples = _samples(recording, windows, line, side, shift_m)
        found = replace(
            calibrate(samples, anchors, cells, levels, phones=False),
            noise_db=NOISE_DB,
            speed_m=SPEED_M,
            offset_drift_db2=DRIFT_DB2,
            **AS_WEIGHED,
        )
        tried.append((_badness(recording, windows, plan, found), shift_m, found))
    return min(tried, key=lambda one: one[:2])[2]


def _line(recording: Recording, sides: tuple[str, str]) -> Line:
    """Between the radios of either side; its middle is half way between those that are nearest to the door."""
    inner, outer = (np.array([(a.x_m, a.y_m) for a in recording.anchors if a.side == side]) for side in sides)
    way = outer.mean(axis=0) - inner.mean(axis=0)
    way = way / np.hypot(*way)
    middle = (inner.mean(axis=0) + outer.mean(axis=0)) / 2
    middle = middle + way * ((inner @ way).max() + (outer @ way).min() - 2 * middle @ way) / 2
    return Line((float(middle[0]), float(middle[1])), (float(way[0]), float(way[1])))


def _side_of_zone(recording: Recording, sides: tuple[str, str]) -> Ints:
    """For each zone of the truth: -1 on the first side, 1 on the other, 0 for neither. `inside-at-spot` is inside."""
    return np.array([{sides[0]: -1, sides[1]: 1}.get(zone.split("-", 1)[0], 0) for zone in recording.zone_names], np.int64)


def _samples(recording: Recording, windows: Windows, line: Line, side: Ints, shift_m: float) -> Samples:
    """Every window with the place that time tells."""
    along = np.full(len(windows.end_ms), np.nan)
    for session in range(len(recording.sessions)):
        rows = np.flatnonzero(windows.session == session)
        truth = np.flatnonzero((recording.truth.session == session) & (side[recording.truth.zone] != 0))
        if len(truth) and len(rows):
            told = side[recording.truth.zone[truth]]
            along[rows] = _along(windows.end_ms[rows] - 250, recording.truth.t_ms[truth], told) + shift_m
    known = np.isfinite(along)
    x, y = (line.middle[axis] + line.way[axis] * along[known] for axis in (0, 1))
    block = windows.session[known] * 1_000 + windows.end_ms[known] // 60_000
    nowhere = np.zeros(len(x), np.int64)
    return Samples(nowhere, x, y, np.unique(block, return_inverse=True)[1], nowhere, np.full(len(x), np.nan), windows.rssi_dbm[known])


def _along(at_ms: Floats | Ints, truth_ms: Ints, side: Ints) -> Floats:
    """Metres along the line at these times: 0 at a change of side, further off the longer from it."""
    crossed_ms = truth_ms[1:][side[1:] != side[:-1]]
    now = side[np.clip(np.searchsorted(truth_ms, at_ms, side="right") - 1, 0, len(side) - 1)]
    apart_s = np.abs(np.subtract.outer(at_ms, crossed_ms)).min(axis=1, initial=1e9) / 1000
    along: Floats = now * np.minimum(PACE_M_S * apart_s, FURTHEST_M)
    return along


def _badness(recording: Recording, windows: Windows, plan: Plan, calibration: Calibration) -> float:
    """Seconds by which crossings are missed, early or late, summed, with LATEST_S for one not found and for each false one."""
    walked = Walked(recording)
    walk(walked, windows, plan, range(len(recording.sessions)), Settings(locator="grid"), calibration)
    truth, rows = report.truth_rows(recording), walked.rows()
    assert rows.beliefs is not None
    assert truth.sides is not None
    walks, names = as_walks(truth, rows, rows.beliefs)
    told = door(walks, (names[truth.sides[0]], names[truth.sides[1]]))
    return float(np.abs(np.array(told.delays_s)).sum()) + LATEST_S * (told.crossings - told.found + told.false)
