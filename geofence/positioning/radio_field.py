"""Radio field: how much louder than the path loss says each radio is at each place, by Gaussian-process regression.

Pure. The field is a sum of two: a rough one that is another a metre or two further (a shelf, a pillar, one's own reflections) and a smooth
one that holds across a room. How strong each is, how far the rough one reaches and how much is left between two hands is not set but
learned, from the survey itself: of a few dozen choices the one under which its readings are the most probable (the marginal likelihood).
An office chose 3 dB a metre far and 2 dB across the room, a flat 4 dB, 1.5 m far and nothing across rooms: no one choice serves both.
"""

import itertools
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final, NamedTuple

import numpy as np

from geofence.columns import Flags, Floats, Indices

SMOOTH_M: Final = 8.0
"""Across a room. A survey of an office finds 6, 8 and 12 m about equally probable."""
INDEPENDENT: Final = 0.25
"""Windows half a second apart tell a quarter of what independent ones would."""
MOST_PLACES: Final = 200
"""Of a level; as many places, and as many radios, are enough to learn the shape from, in a second."""
MOST_RADIOS: Final = 24
UNREAD_VAR: Final = 1e6
"""In place of the noise of what was never read at a place: it then says nothing."""
ROOT_3: Final = 3.0**0.5


class Shape(NamedTuple):
    """What kind of field it is."""

    rough_db: float
    rough_m: float
    smooth_db: float
    fading_db: float
    """Between two places a hand's width apart: the field does not follow it."""


CHOICES: Final = {
    "rough_db": (2.0, 3.0, 4.0, 5.0),
    "rough_m": (1.0, 1.5, 2.0, 3.0),
    "smooth_db": (0.0, 2.0, 3.0),
    "fading_db": (1.0, 2.0),
}
"""What is chosen from. Below a metre a survey says little: places are half a metre wide."""
TYPICAL: Final = Shape(3.0, 1.5, 2.0, 1.0)
ROUNDS: Final = 2
"""Of choosing one number after the other; on recordings the second changed nothing any more."""


class Readings(NamedTuple):
    """What was read at p places of one level by a radios."""

    places: Floats
    """Shape (p, 2), metres."""
    mean_db: Floats
    """Shape (p, a): mean residual there, NaN where never read."""
    reads: Floats
    """Shape (p, a): of how many."""
    scatter_db: Floats
    """Shape (a,): of single readings about the mean of their place."""

    def noise_var(self, shape: Shape) -> Floats:
        """Of the means, shape (p, a)."""
        noise = shape.fading_db**2 + self.scatter_db**2 / np.maximum(1.0, self.reads * INDEPENDENT)
        var: Floats = np.where(self.reads > 0, noise, UNREAD_VAR)
        return var

    def some(self) -> "Readings":
        """At most MOST_PLACES and MOST_RADIOS, spread over all."""
        place, radio = slice(None, None, -(-len(self.places) // MOST_PLACES)), slice(None, None, -(-len(self.scatter_db) // MOST_RADIOS))
        return Readings(self.places[place], self.mean_db[place, radio], self.reads[place, radio], self.scatter_db[radio])


def readings_of(place: Indices, x_m: Floats, y_m: Floats, residual_db: Floats) -> Readings:
    """Residuals of shape (n, a), NaN where nothing was read, gathered by place; the columns are of shape (n,)."""
    visits, read = np.bincount(place), np.isfinite(residual_db)
    spots = np.stack([np.bincount(place, column) / visits for column in (x_m, y_m)], axis=1)
    sums, reads = np.zeros((len(visits), residual_db.shape[1])), np.zeros((len(visits), residual_db.shape[1]))
    np.add.at(sums, place, np.where(read, residual_db, 0.0))
    np.add.at(reads, place, read)
    mean = np.where(reads > 0, sums / np.maximum(reads, 1), np.nan)
    strayed = np.abs(residual_db - mean[place])
    scatter = [1.4826 * np.median(strayed[heard, radio]) if heard.any() else 0.0 for radio, heard in enumerate(read.T)]
    return Readings(spots, mean, reads, np.maximum(np.array(scatter), 1.0))


def learn(levels: Sequence[Readings]) -> Shape:
    """The shape under which the readings of all levels are the most probable, found one number after the other."""
    some = [readings.some() for readings in levels if len(readings.places)]
    likely = cache(lambda shape: sum(_log_likelihood(readings, shape) for readings in some))
    found = TYPICAL
    for _, (name, choices) in itertools.product(range(ROUNDS), CHOICES.items()):
        found = max((found._replace(**{name: choice}) for choice in choices), key=likely)
    return found


def expected_db(readings: Readings, spots: Floats, shape: Shape) -> Floats:
    """The field's mean at `spots` (n, 2), shape (n, a)."""
    found = np.zeros((len(spots), readings.mean_db.shape[1]))
    across = _covariance(spots, readings.places, shape)
    for radio, known, covariance in _known(readings, shape):
        found[:, radio] = across[:, known] @ np.linalg.solve(covariance, readings.mean_db[known, radio])
    return found


def unknown_db2(readings: Readings, spots: Floats, shape: Shape) -> Floats:
    """The field's variance at `spots` (n, 2), shape (n, a)."""
    found = np.full((len(spots), readings.mean_db.shape[1]), shape.rough_db**2 + shape.smooth_db**2)
    across = _covariance(spots, readings.places, shape)
    for radio, known, covariance in _known(readings, shape):
        near = across[:, known]
        found[:, radio] -= np.einsum("sp,ps->s", near, np.linalg.solve(covariance, near.T))
    return found


def _known(readings: Readings, shape: Shape) -> Iterator[tuple[int, Flags, Floats]]:
    """Of each radio that was read: its number, at which places, and the covariance of its means there."""
    between, noise = _covariance(readings.places, readings.places, shape), readings.noise_var(shape)
    for radio in range(readings.mean_db.shape[1]):
        known = readings.reads[:, radio] > 0
        if known.any():
            yield radio, known, between[np.ix_(known, known)] + np.diag(noise[known, radio])


def _log_likelihood(readings: Readings, shape: Shape) -> float:
    """Of all radios' means, up to what is the same for every shape."""
    noise, radios = readings.noise_var(shape).T, readings.mean_db.shape[1]
    covariance = np.repeat(_covariance(readings.places, readings.places, shape)[None], radios, axis=0)
    diagonal = np.arange(len(readings.places))
    covariance[:, diagonal, diagonal] += noise
    root = np.linalg.cholesky(covariance)
    unlike = np.linalg.solve(root, np.nan_to_num(readings.mean_db).T[:, :, None])
    return -float(0.5 * (unlike**2).sum() + np.log(root[:, diagonal, diagonal]).sum())


def _covariance(here: Floats, there: Floats, shape: Shape) -> Floats:
    """A Matern field of order 3/2 and an exponential one."""
    apart = np.sqrt(((here[:, None] - there[None]) ** 2).sum(axis=-1))
    near = ROOT_3 * apart / shape.rough_m
    covariance: Floats = shape.rough_db**2 * (1.0 + near) * np.exp(-near) + shape.smooth_db**2 * np.exp(-apart / SMOOTH_M)
    return covariance
