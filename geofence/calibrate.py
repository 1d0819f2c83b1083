"""Calibrate: what a walk with known places tells about a venue's radios, fitted and returned as a Calibration.

Pure. Three things are fitted, each only as far as the walk supports it:

* **path loss**: exponent, level at one metre, a gain for each anchor, an offset for each device, and the noise; by least squares that
  trust a reading less the further it lies off (Student-t), with gains drawn towards 0.
* **radio map**: how much louder than that each anchor is at each place, by Gaussian-process regression on the residuals. Kept only if it
  predicts readings of other sessions better than the path loss alone.
* **spread of offsets** between devices, from the devices seen and what is known of phones and tags.

A trap the recordings teach: the body of who carries a phone takes 5 to 10 dB off what lies behind her, so a survey walked in one facing
writes her shadow into gains and map, and the walk back is then off by more than without any. Such surveys give neither.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from geofence.anchors import GENERIC, HEIGHT_M, Calibration, RadioMap
from geofence.cells import Cells
from geofence.columns import Columns, Flags, Floats, Indices
from geofence.locator import Anchors

ROUNDS: Final = 8
"""Of reweighting; the fit moves by less than .01 after five."""
EXPONENT_SD: Final = 0.5
GAIN_SD_DB: Final = 6.0
"""Receivers of one model differ by 10 dB, end to end."""
ONE_FACING_GAIN_SD_DB: Final = 0.5
WEAK_SD: Final = 1e3
PLACE_M: Final = 0.5
"""Samples within such a square are one place of the map."""
MAP_LENGTH_M: Final = 4.0
MAP_SD_DB: Final = 4.0
"""Of the residual field: exponential covariance, so that it may bend sharply at a shelf."""
FADING_SD_DB: Final = 3.0
"""Between two places a hand's width apart; a map does not try to follow that."""
INDEPENDENT: Final = 0.25
"""Windows half a second apart tell a quarter of what independent ones would."""
CLIP_DB: Final = 15.0
PHONE_SD_DB: Final = 12.0
"""Two phones in the library differ by 18 dB."""
TAG_SD_DB: Final = 2.0
"""Tags of one kind, when the kind was calibrated with."""
FACING_WITHIN_M: Final = 1.5
FACING_MOST: Final = 0.6
"""Mean length of the mean direction: 1 where all who passed a place faced one way, 0 where ways are even."""
FOLDS: Final = 4
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
        raise ValueError("no reading of a placed radio at a known place, expected a walk with sightings and truth")
    shadowed = phones and one_facing(samples)
    path = fit_path_loss(samples, anchors, ONE_FACING_GAIN_SD_DB if shadowed else GAIN_SD_DB)
    found = replace(
        GENERIC,
        gains_db={subject: round(float(gain), 2) for subject, gain in zip(anchors.subjects, path.gain_db, strict=True)},
        reference_dbm=round(path.reference_dbm, 2),
        exponent=round(path.exponent, 3),
        noise_db=round(path.noise_db, 2),
        offset_sd_db=PHONE_SD_DB if phones else TAG_SD_DB,
    )
    if shadowed:
        return replace(found, notes=["the survey faces one way: gains and a radio map would hold the carrier's shadow, and are left out"])
    if not map_pays(samples, anchors):
        return replace(found, notes=["a radio map does not predict other sessions better than the path loss does, and is left out"])
    residual = path.residual_db(samples, anchors)
    maps = [_radio_map(samples, residual, anchors, cells, number, level, path.noise_db) for number, level in enumerate(levels)]
    return replace(found, maps=[radio_map for radio_map in maps if radio_map.residual_ddb])


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


def fit_path_loss(samples: Samples, anchors: Anchors, gain_sd_db: float) -> PathLoss:
    """Reference, exponent, gains, offsets and noise by iteratively reweighted least squares."""
    row, anchor = np.nonzero(np.isfinite(samples.rssi_dbm))
    read = samples.rssi_dbm[row, anchor]
    devices = int(samples.device.max()) + 1
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


def map_pays(samples: Samples, anchors: Anchors) -> bool:
    """Whether a map made of some blocks predicts the readings of the others better than the path loss alone."""
    blocks = np.unique(samples.block)
    if len(blocks) < FOLDS:
        return False
    fold = np.searchsorted(blocks, samples.block) * 7 % len(blocks) % FOLDS  # neighbours in time go to different folds
    plain, mapped = 0.0, 0.0
    for held in range(FOLDS):
        known, asked = samples.where(fold != held), samples.where(fold == held)
        path = fit_path_loss(known, anchors, GAIN_SD_DB)
        residual = path.residual_db(asked, anchors)
        places, means, counts = _places(known, path.residual_db(known, anchors))
        for level in np.unique(asked.level):
            here = asked.level == level
            spots = np.stack([asked.x_m[here], asked.y_m[here]], axis=1)
            of_level = places[:, 0] == level
            guess = _regress(places[of_level, 1:], means[of_level], counts[of_level], spots, path.noise_db)
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


def _places(samples: Samples, residual: Floats) -> tuple[Floats, Floats, Floats]:
    """Level, x and y of each place; the mean residual of each anchor there, NaN where never read; and how many readings."""
    square = _squares(samples, PLACE_M)
    counts = np.bincount(square)
    places = np.stack([np.bincount(square, column) / counts for column in (samples.level, samples.x_m, samples.y_m)], axis=1)
    read = np.isfinite(residual)
    sums, reads = np.zeros((len(counts), residual.shape[1])), np.zeros((len(counts), residual.shape[1]))
    np.add.at(sums, square, np.where(read, np.clip(residual, -CLIP_DB, CLIP_DB), 0.0))
    np.add.at(reads, square, read)
    return places, np.where(reads > 0, sums / np.maximum(reads, 1), np.nan), reads


def _regress(places: Floats, means: Floats, reads: Floats, spots: Floats, noise_db: float) -> Floats:
    """The residual expected at `spots` (n, 2) for every anchor, shape (n, a): the mean of a Gaussian process, 0 far from all places."""
    found = np.zeros((len(spots), means.shape[1]))
    if not len(places):
        return found
    between, across = _covariance(places, places), _covariance(spots, places)
    for anchor in range(means.shape[1]):
        known = np.isfinite(means[:, anchor])
        if known.any():
            noise = FADING_SD_DB**2 + noise_db**2 / np.maximum(1.0, reads[known, anchor] * INDEPENDENT)
            weight = np.linalg.solve(between[np.ix_(known, known)] + np.diag(noise), means[known, anchor])
            found[:, anchor] = across[:, known] @ weight
    return found


def _covariance(here: Floats, there: Floats) -> Floats:
    apart = np.sqrt(((here[:, None] - there[None]) ** 2).sum(axis=-1))
    covariance: Floats = MAP_SD_DB**2 * np.exp(-apart / MAP_LENGTH_M)
    return covariance


def _radio_map(samples: Samples, residual: Floats, anchors: Anchors, cells: Cells, number: int, level: str, noise_db: float) -> RadioMap:
    """The map of one level at its cells; empty where nobody walked."""
    places, means, reads = _places(samples, residual)
    here = places[:, 0] == number
    of_level: Columns = np.flatnonzero(cells.level == number)
    x, y = cells.x_m[of_level].astype(np.float64), cells.y_m[of_level].astype(np.float64)
    if not here.any():
        return RadioMap(level=level, x_m=[], y_m=[], residual_ddb={})
    field = _regress(places[here, 1:], means[here], reads[here], np.stack([x, y], axis=1), noise_db)
    tenths = np.rint(field * 10).astype(np.int64)
    residuals = {subject: tenths[:, at].tolist() for at, subject in enumerate(anchors.subjects) if tenths[:, at].any()}
    return RadioMap(level=level, x_m=np.round(x, 2).tolist(), y_m=np.round(y, 2).tolist(), residual_ddb=residuals)
