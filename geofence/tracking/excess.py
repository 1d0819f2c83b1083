"""Excess: how much more each gateway reads of devices than it should, where they are believed to be; from everybody, about nobody.

Pure. Where no gateway hears a beacon of known place (`gains.py`), the devices themselves are left: a gateway that reads 15 dB too much
pulls every belief towards itself, but the others pull back, so that of those 15 dB some 8 to 12 are left unexplained wherever anybody is.
Once that much is taken off, beliefs move back, and what is left shows as well.

* Every EVERY_MS, of a device whose belief knows where it is, each gateway's reading less what is expected there (path loss, and the map and
  the gain that calibration knows), less the median of that over the gateways of the moment, so that handsets do not matter. Fewer gateways
  than FEWEST_HEARD say nothing.
* What one spot reads is as much shelves and reflections as gain, so a **place**, a square of SQUARE_M, counts once, however long who stood
  there: its level follows its last LATELY readings.
* A gateway's excess is the Student-t mean of its places, drawn towards 0, less what is usual in the venue. It is sure, and used, only from
  PLACES places on and where it is SURE times its own uncertainty, which supposes more of shelves (BETWEEN_SD_DB) than was ever measured:
  some 4 dB with eight places, 2 with thirty, and never below LEAST_DB. Calibrated gateways that are sound stay at 0
  (`docs/positioning.md`).

Only where calibration knows the gains: without, a radio behind shelves looks like a quiet one, and so do beliefs that follow from taking it
for one. In the simulated shop that did harm as often as good.

Sums are of whole numbers, so that nothing depends on the order in which devices were worked off. Kept by gateway and place, of nobody.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

import msgspec
import numpy as np

from floorplans.model import Plan
from geofence.columns import Flags, Floats, Indices
from geofence.positioning.anchors import HEIGHT_M, Calibration, path_dbm, placed
from geofence.positioning.locator import Anchors, Hearings, Places

EVERY_MS: Final = 2_000
SPAN_MS: Final = 500
"""Moments in the first so many ms of every EVERY_MS count: one window in four, at the usual 500 ms. More says little new of one place."""
SQUARE_M: Final = 3.0
"""Over which shadowing decorrelates: neighbouring places are nearly independent."""
FARTHEST_M: Final = 20.0
"""Further away only the louder half of what is sent is heard, which looks like gain."""
UNSURE_M: Final = 5.0
"""A belief with a wider radius knows too little of where the device is."""
FEWEST_HEARD: Final = 5
"""Of fewer gateways the median is not above one that is wrong by 15 dB."""
FEWEST: Final = 3
"""Readings below which a place says nothing."""
LATELY: Final = 20
PLACES: Final = 8
BETWEEN_SD_DB: Final = 6.0
"""Between places of one gateway; 2 to 4 dB were measured, and 6 where another gateway is wrong."""
GAIN_SD_DB: Final = 6.0
SURE: Final = 2.0
LEAST_DB: Final = 6.0
"""What a sound radio does not change by after calibration; the receivers of the recorded office kept theirs over nine months."""
LEARNERS: Final = ("grid",)
"""Locators that are learned from: what others leave unexplained is mostly their own error."""
ROUNDS: Final = 6
HOUR_MS: Final = 3_600_000
"""When somebody was heard in a place is told no finer: in a quiet shop the last times of all places would be one shopper's way."""
QUANTA: Final = 16
"""A dB is counted in so many parts."""


class Level(msgspec.Struct, array_like=True):
    """What one gateway reads in one place above what is expected, in dB; and what is not in it yet."""

    excess_db: float = 0.0
    readings: int = 0
    heard_ms: int = 0
    """When the hour began in which somebody was heard there last."""
    new_sum: int = 0
    """In parts of a dB."""
    new_count: int = 0


class Gateway(msgspec.Struct):
    """What one gateway reads, where it hangs."""

    level: str
    x_m: float
    y_m: float
    places: dict[str, Level] = {}


class Ground(NamedTuple):
    """What the plan and calibration say of the anchors; columns of shape (a,)."""

    anchors: Anchors
    gateways: Flags
    """Which of them are gateways."""
    calibrated_db: Floats
    """The gains that calibration knows."""
    level_ids: tuple[str, ...]
    radio: Calibration
    squares: Indices
    """Square metres that the radio map knows, as `_square` has them, in order; shape (s,)."""
    residual_db: Floats
    """What it says of them: shape (a, s)."""


class Felt(NamedTuple):
    """Readings that say something; columns of shape (n,)."""

    anchor: Indices
    level: Indices
    column: Indices
    row: Indices
    """Of the place's square."""
    excess: Indices
    """In parts of a dB."""
    at_ms: Indices


def ground_of(plan: Plan, anchors: Anchors, radio: Calibration) -> Ground:
    """Of anchors as `anchors_of` made them, with no other gains yet than calibration's."""
    gateways = np.array([spot.kind == "gateway" for spot in placed(plan).values()], np.bool_)
    level_ids = tuple(str(level.id) for level in plan.levels)
    return Ground(anchors, gateways, anchors.gain_db.copy(), level_ids, radio, *_map(radio, anchors.subjects, level_ids))


def _map(radio: Calibration, subjects: tuple[str, ...], level_ids: tuple[str, ...]) -> tuple[Indices, Floats]:
    """The radio map by the square metre: which there are, and the mean of what it says there of each anchor."""
    maps = [one for one in radio.maps if one.level in level_ids and one.x_m]
    if not maps:
        return np.empty(0, np.int64), np.empty((len(subjects), 0))
    levels = np.repeat([level_ids.index(one.level) for one in maps], [len(one.x_m) for one in maps])
    x, y = (np.array([value for one in maps for value in getattr(one, axis)]) for axis in ("x_m", "y_m"))
    squares, at, count = np.unique(_square(levels, x, y), return_inverse=True, return_counts=True)
    residual_db = np.zeros((len(subjects), len(squares)))
    for row, subject in enumerate(subjects):  # one at a time: all numbers of all of them are a hundred megabytes
        said = np.concatenate([one.residual_ddb.get(subject) or np.zeros(len(one.x_m)) for one in maps])
        residual_db[row] = np.bincount(at, said, len(squares)) / count / 10.0
    return squares, residual_db


def _square(level: Indices, x_m: Floats, y_m: Floats) -> Indices:
    """Square metres as numbers; no level reaches further than half a million metres."""
    column, row = np.floor(x_m).astype(np.int64), np.floor(y_m).astype(np.int64)
    return (level.astype(np.int64) << 40) + ((column + (1 << 19)) << 20) + row + (1 << 19)


def _mapped_db(ground: Ground, anchor: Indices, square: Indices) -> Floats:
    """What the map says of each reading; 0 where it says nothing."""
    if not len(ground.squares):
        return np.zeros(len(anchor))
    at = np.minimum(np.searchsorted(ground.squares, square), len(ground.squares) - 1)
    return np.where(ground.squares[at] == square, ground.residual_db[anchor, at], 0.0)


def learns(locator: str, calibration: Calibration | None) -> bool:
    """Whether anything may be learned from devices here."""
    return locator in LEARNERS and calibration is not None and bool(calibration.gains_db)


def felt(hearings: Hearings, places: Places, ground: Ground) -> Felt:
    """What these moments say of gateways, each moment by itself."""
    anchors, radio = ground.anchors, ground.radio
    told = (hearings.at_ms % EVERY_MS < SPAN_MS) & (places.radius_m <= UNSURE_M)
    moment = np.repeat(np.arange(len(told)), np.diff(hearings.starts))
    chosen = np.flatnonzero(told[moment] & ground.gateways[hearings.anchor])
    moment, anchor = moment[chosen], hearings.anchor[chosen]
    x, y, level = places.x_m[moment], places.y_m[moment], places.level[moment]
    distance = np.sqrt((anchors.x_m[anchor] - x) ** 2 + (anchors.y_m[anchor] - y) ** 2 + HEIGHT_M**2)
    expected = path_dbm(distance, radio) + _mapped_db(ground, anchor, _square(level, x, y))
    above = hearings.rssi_dbm[chosen].astype(np.float64) - ground.calibrated_db[anchor] - expected
    near = (anchors.level[anchor] == level) & (distance <= FARTHEST_M)
    moment, anchor, above = moment[near], anchor[near], above[near]
    usual, enough = _medians(moment, above, len(told))
    kept = enough[moment]
    moment, anchor = moment[kept], anchor[kept]
    excess = np.rint((above[kept] - usual[moment]) * QUANTA).astype(np.int64)
    column, row = (np.floor(axis[moment] / SQUARE_M).astype(np.int64) for axis in (places.x_m, places.y_m))
    return Felt(anchor, places.level[moment], column, row, excess, hearings.at_ms[moment])


def _medians(moment: Indices, above: Floats, moments: int) -> tuple[Floats, Flags]:
    """Of each moment the median, and whether enough gateways stand behind it; shapes (moments,)."""
    order = np.lexsort((above, moment))
    count = np.bincount(moment, minlength=moments)
    start = np.cumsum(count) - count
    usual = np.zeros(moments)
    some = count > 0
    low, high = start + (count - 1) // 2, start + count // 2
    usual[some] = (above[order[low[some]]] + above[order[high[some]]]) / 2
    return usual, count >= FEWEST_HEARD


def add(known: dict[str, Gateway], new: Felt, ground: Ground) -> None:
    """Adds the readings to what is new of their places, in any order; of a gateway that has moved what was known is dropped."""
    anchors = ground.anchors
    for anchor, level, column, row, excess, at_ms in zip(*(values.tolist() for values in new), strict=True):
        subject, hangs = anchors.subjects[anchor], ground.level_ids[anchors.level[anchor]]
        gateway = known.get(subject)
        if gateway is None or (gateway.level, gateway.x_m, gateway.y_m) != (hangs, anchors.x_m[anchor], anchors.y_m[anchor]):
            gateway = known[subject] = Gateway(hangs, float(anchors.x_m[anchor]), float(anchors.y_m[anchor]))
        place = gateway.places.setdefault(f"{ground.level_ids[level]} {column} {row}", Level())
        place.new_sum += excess
        place.new_count += 1
        place.heard_ms = max(place.heard_ms, at_ms // HOUR_MS * HOUR_MS)


def take_in(known: dict[str, Gateway], since_ms: int) -> None:
    """Lets each place's level follow what is new, and forgets places where nobody was heard since."""
    for subject in list(known):
        gateway = known[subject]
        gateway.places = {name: place for name, place in gateway.places.items() if place.heard_ms >= since_ms}
        if not gateway.places:
            del known[subject]
        for place in gateway.places.values():
            if place.new_count:
                place.readings = min(place.readings + place.new_count, LATELY)
                share = min(place.new_count / place.readings, 1.0)
                place.excess_db += share * (place.new_sum / place.new_count / QUANTA - place.excess_db)
                place.new_sum = place.new_count = 0


def sure_gains(known: Mapping[str, Gateway]) -> dict[str, float]:
    """The excess in dB of the gateways of which it is sure."""
    means = {}
    for subject in sorted(known):
        told = [place.excess_db for _, place in sorted(known[subject].places.items()) if place.readings >= FEWEST]
        if len(told) >= PLACES:
            means[subject] = _mean(np.array(told))
    if len(means) < FEWEST_HEARD:
        return {}
    usual = float(np.median([mean for mean, _ in means.values()]))
    return {subject: mean - usual for subject, (mean, sd) in means.items() if abs(mean - usual) >= max(SURE * sd, LEAST_DB)}


def _mean(excess_db: Floats) -> tuple[float, float]:
    """Student-t mean, drawn towards 0, and its standard deviation."""
    pull = (BETWEEN_SD_DB / GAIN_SD_DB) ** 2
    mean, weight = float(np.median(excess_db)), np.ones(len(excess_db))
    for _ in range(ROUNDS):
        weight = 4.0 / (3.0 + ((excess_db - mean) / BETWEEN_SD_DB) ** 2)
        mean = float((weight * excess_db).sum() / (weight.sum() + pull))
    return mean, float(BETWEEN_SD_DB / np.sqrt(weight.sum() + pull))
