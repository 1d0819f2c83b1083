"""Calibrate: what a walk with known places tells about a venue's radios, fitted and returned as a Calibration.

Pure. Three things are fitted, each only as far as the walk supports it:

* **path loss**: exponent, level at one metre, a gain for each anchor, an offset for each device, and the noise; by least squares that
  trust a reading less the further it lies off (Student-t), with gains drawn towards 0.
* **radio map**: how much louder than that each anchor is at each place (`radio_field.py`). Kept only if it predicts readings of other
  sessions better than the path loss alone; the noise is then what the map leaves.
* **spread of offsets** between devices, from the devices seen and what is known of phones and tags.

A trap the recordings teach: the body of who carries a phone takes 5 to 10 dB off what lies behind her, so a survey walked in one facing
writes her shadow into gains and map, and the walk back is then off by more than without any. Such surveys give neither.
"""

import math
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from geofence.columns import Flags, Floats, Indices
from geofence.positioning.anchors import GENERIC, HEIGHT_M, Calibration, RadioMap
from geofence.positioning.cells import Cells
from geofence.positioning.locator import Anchors
from geofence.positioning.radio_field import Readings, Shape, expected_db, learn, readings_of, unknown_db2
from groundwork.contracts.unfit import Wrong

ONE_WAY: Final = "the survey faces one way: gains and a radio map would hold the carrier's shadow, and are left out"
MAP_DOES_NOT_PAY: Final = "a radio map does not predict other sessions better than the path loss does, and is left out"
ROUNDS: Final = 8
"""Of reweighting; the fit moves by less than .01 after five."""
EXPONENT_SD: Final = 0.5
GAIN_SD_DB: Final = 6.0
"""Receivers of one model differ by 10 dB, end to end."""
ONE_FACING_GAIN_SD_DB: Final = 0.5
WEAK_SD: Final = 1e3
PLACE_M: Final = 0.5
"""Samples within such a square are one place of the map."""
CLIP_DB: Final = 15.0
PHONE_SD_DB: Final = 12.0
"""Two phones in the library differ by 18 dB."""
TAG_SD_DB: Final = 1.0
"""Tags of one kind, when the kind was calibrated with. At 2 dB an error of the map is taken for an offset of the tag: among surveyed
points the 95 % error rises by a metre."""
TAG_DRIFT_DB2: Final = 0.001
"""A decibel in a quarter of an hour, squared: what a battery or a warm pocket does. At ten times that, what the map has wrong in a room
that nobody surveyed is taken for the tag's own (zones of a flat are right .78 of the time, not .80); and a tag that truly is 2 dB off gains
nothing by it, since that is learned in the first seconds."""
FACING_WITHIN_M: Final = 1.5
FACING_MOST: Final = 0.6
"""Mean length of the mean direction: 1 where all who passed a place faced one way, 0 where ways are even."""
FOLDS: Final = 4
WALKING_FIRMNESS: Final = 1.75
"""At most, and where there is no map. What is bound to a place changes from step to step, so that for a walker only scatter remains of the
noise: 1.7 times less in an office, 1.3 times in a flat. Of 1.2 to 3, walkers of an office are right the most nearly as often as said."""
KNOWN_PART: Final = 0.18
"""Between what is left unknown where an office and a flat were surveyed (.1 to .2) and where nobody had been (.3)."""
MAP_WORTH: Final = 0.97
"""A map must bring the error of predicted readings below this part of the path loss's own."""


class Samples(NamedTuple):
    """Moments at known places; columns of shape (n,)."""

    level: Indices
    x_m: Floats
    y_m: Floats
    block: Indices
    """Samples of one session, or a minute of a long one, belong together: what is held back to judge is held back by blocks."""
    device: Indices
    facing_rad: Floats
    """Where the carrier walked, NaN where she stood."""
    rssi_dbm: Floats
    """Shape (n, a), NaN where nothing was read."""

    def where(self, chosen: Flags) -> "Samples":
        return Samples._make(column[chosen] for column in self)


@dataclass(frozen=True, slots=True)
class PathLoss:
    """The first fit."""

    reference_dbm: float
    exponent: float
    gain_db: Floats
    offset_db: Floats
    """By device; they and the gains are each 0 on average."""
    noise_db: float

    def residual_db(self, samples: Samples, anchors: Anchors) -> Floats:
        """How much louder than expected each reading is, shape (n, a)."""
        expected = self.reference_dbm - self.exponent * _loss(samples, anchors) + self.gain_db + self.offset_db[samples.device][:, None]
        residual: Floats = samples.rssi_dbm - expected
        return residual


def calibrate(samples: Samples, anchors: Anchors, cells: Cells, levels: tuple[str, ...], *, phones: bool) -> Calibration:
    """Fits all there is to fit. `phones`: the devices are phones in hands, not tags. Raises ValueError without a single reading."""
    if not np.isfinite(samples.rssi_dbm).any():
        raise Wrong(
            "no reading of a placed radio at a known place, expected a walk with sightings and truth",
            "لا قراءة لجهاز معروف الموضع في مكان معروف، والمتوقع جولة لها أرصاد ومواضع حقيقية",
        )
    shadowed = phones and one_facing(samples)
    path = fit_path_loss(samples, anchors, ONE_FACING_GAIN_SD_DB if shadowed else GAIN_SD_DB)
    found = replace(
        GENERIC,
        gains_db={subject: round(float(gain), 2) for subject, gain in zip(anchors.subjects, path.gain_db, strict=True)},
        reference_dbm=round(path.reference_dbm, 2),
        exponent=round(path.exponent, 3),
        noise_db=round(path.noise_db, 2),
        offset_sd_db=PHONE_SD_DB if phones else TAG_SD_DB,
        offset_drift_db2=GENERIC.offset_drift_db2 if phones else TAG_DRIFT_DB2,
        walking_firmness=WALKING_FIRMNESS,
        known_part=KNOWN_PART,
    )
    if shadowed:
        return replace(found, notes=[ONE_WAY])
    return replace(found, **_mapped(samples, path, anchors, cells, levels))


def _mapped(samples: Samples, path: PathLoss, anchors: Anchors, cells: Cells, levels: tuple[str, ...]) -> dict[str, Any]:
    """What a map changes in the calibration: the maps and the noise they leave, or a note where one does not pay."""
    known = _by_level(samples, path.residual_db(samples, anchors))
    shape = learn(list(known.values()))
    if not map_pays(samples, anchors, shape):
        return {"notes": [MAP_DOES_NOT_PAY]}
    spots = {number: _spots(cells, number) for number in known}
    fields = {number: expected_db(known[number], at, shape) for number, at in spots.items()}
    unknown = {number: unknown_db2(known[number], at, shape).mean(axis=1) for number, at in spots.items()}
    maps = [_radio_map(fields[number], unknown[number], anchors, at, levels[number]) for number, at in spots.items()]
    scatter = float(np.median(np.concatenate([readings.scatter_db for readings in known.values()])))
    place_bound = shape.fading_db**2 + float(np.mean(np.concatenate(list(unknown.values()))))
    return {
        "maps": [one for one in maps if one.residual_ddb],
        "noise_db": round(_left_db(scatter, place_bound), 2),
        "place_bound_db2": round(place_bound, 2),
        "scatter_db2": round(scatter**2, 2),
        "walking_firmness": round(min(1.0 + place_bound / scatter**2, WALKING_FIRMNESS), 2),
    }


def _left_db(scatter_db: float, place_bound_db2: float) -> float:
    """What a reading strays by from the map: its own scatter, and what is bound to the place, be it fading or what the map does not know.

    The filter's density 1 / (1 + r^2 / 3 s^2) is near its top a Gaussian to the power 1/2 of a variance of 3/4 s^2.
    """
    return float(np.sqrt(4.0 / 3.0 * (scatter_db**2 + place_bound_db2)))


def one_facing(samples: Samples) -> bool:
    """Whether most places were passed in one direction only."""
    known = np.isfinite(samples.facing_rad)
    if not known.any():
        return False
    ways = np.exp(1j * samples.facing_rad[known])
    square = _squares(samples.where(known), FACING_WITHIN_M)
    counts = np.bincount(square)
    mean = np.abs(np.bincount(square, ways.real) + 1j * np.bincount(square, ways.imag)) / counts
    return bool(np.average(mean, weights=counts) > FACING_MOST)


def fit_path_loss(samples: Samples, anchors: Anchors, gain_sd_db: float, devices: int | None = None) -> PathLoss:
    """Reference, exponent, gains, offsets and noise by iteratively reweighted least squares.

    `devices` is how many there are, where some may not be among the samples; their offset is 0.
    """
    row, anchor = np.nonzero(np.isfinite(samples.rssi_dbm))
    read = samples.rssi_dbm[row, anchor]
    devices = devices or int(samples.device.max()) + 1
    gains = len(anchors)
    design = np.zeros((len(row), 2 + gains + devices))
    at = np.arange(len(row))
    design[:, 0], design[:, 1] = 1.0, -_loss(samples, anchors)[row, anchor]
    design[at, 2 + anchor] = 1.0
    design[at, 2 + gains + samples.device[row]] = 1.0
    prior = np.concatenate([[0.0, GENERIC.exponent], np.zeros(gains + devices)])
    spread = np.concatenate([[WEAK_SD, EXPONENT_SD], np.full(gains, gain_sd_db), np.full(devices, PHONE_SD_DB)])
    weight, noise = np.ones(len(row)), GENERIC.noise_db
    solved = prior
    for _ in range(ROUNDS):
        weighed = design * weight[:, None]
        stiff = np.diag((noise / spread) ** 2)
        solved = np.linalg.solve(weighed.T @ design + stiff, weighed.T @ read + stiff @ prior)
        residual = read - design @ solved
        noise = max(1.0, 1.4826 * float(np.median(np.abs(residual))))
        weight = 5.0 / (4.0 + (residual / noise) ** 2)
    gain, offset = solved[2 : 2 + gains], solved[2 + gains :]
    heard = np.bincount(anchor, minlength=gains) > 0
    level = float(gain[heard].mean()) + float(offset.mean())
    return PathLoss(
        float(solved[0]) + level, float(solved[1]), np.where(heard, gain - gain[heard].mean(), 0.0), offset - offset.mean(), noise
    )


def map_pays(samples: Samples, anchors: Anchors, shape: Shape) -> bool:
    """Whether a map made of some blocks predicts the readings of the others better than the path loss alone."""
    blocks = np.unique(samples.block)
    if len(blocks) < FOLDS:
        return False
    stride = next(count for count in range(7, 7 + len(blocks)) if math.gcd(count, len(blocks)) == 1)  # or blocks would share a place
    fold = np.searchsorted(blocks, samples.block) * stride % len(blocks) % FOLDS  # neighbours in time go to different folds
    plain, mapped, devices = 0.0, 0.0, int(samples.device.max()) + 1
    for held in range(FOLDS):
        known, asked = samples.where(fold != held), samples.where(fold == held)
        path = fit_path_loss(known, anchors, GAIN_SD_DB, devices)
        residual = path.residual_db(asked, anchors)
        surveyed = _by_level(known, path.residual_db(known, anchors))
        for level in np.unique(asked.level).tolist():
            here = asked.level == level
            spots = np.stack([asked.x_m[here], asked.y_m[here]], axis=1)
            guess = expected_db(surveyed[level], spots, shape) if level in surveyed else 0.0
            plain += float(np.nansum(np.abs(residual[here])))
            mapped += float(np.nansum(np.abs(residual[here] - guess)))
    return mapped < MAP_WORTH * plain


def _loss(samples: Samples, anchors: Anchors) -> Floats:
    """10 log10 of the distance, shape (n, a)."""
    across, up = samples.x_m[:, None] - anchors.x_m, samples.y_m[:, None] - anchors.y_m
    loss: Floats = 5.0 * np.log10(across**2 + up**2 + HEIGHT_M**2)
    return loss


def _squares(samples: Samples, side_m: float) -> Indices:
    """A number for each sample, the same within a square of a level."""
    keys = np.stack([samples.level, np.floor(samples.x_m / side_m), np.floor(samples.y_m / side_m)], axis=1)
    return np.unique(keys, axis=0, return_inverse=True)[1].reshape(-1)


def _by_level(samples: Samples, residual: Floats) -> dict[int, Readings]:
    """What was read at the places of each level that has any."""
    clipped, found = np.clip(residual, -CLIP_DB, CLIP_DB), {}
    for level in np.unique(samples.level).tolist():
        here = samples.level == level
        on = samples.where(here)
        found[level] = readings_of(_squares(on, PLACE_M), on.x_m, on.y_m, clipped[here])
    return found


def _spots(cells: Cells, level: int) -> Floats:
    """The middles of a level's cells, shape (n, 2)."""
    here = cells.level == level
    return np.stack([cells.x_m[here], cells.y_m[here]], axis=1).astype(np.float64)


def _radio_map(field_db: Floats, unknown: Floats, anchors: Anchors, spots: Floats, level: str) -> RadioMap:
    """The field at a level's cells and what is unknown of it, as a file keeps them."""
    tenths = np.rint(field_db * 10).astype(np.int64)
    residuals = {subject: tenths[:, at].tolist() for at, subject in enumerate(anchors.subjects) if tenths[:, at].any()}
    x_m, y_m = (np.round(column, 2).tolist() for column in spots.T)
    return RadioMap(level=level, x_m=x_m, y_m=y_m, residual_ddb=residuals, unknown_ddb2=np.rint(unknown * 10).astype(np.int64).tolist())
