"""Radio fields: what was put in comes out at the places and between them, far from them nothing is claimed, and roughness is learned."""

import numpy as np
import pytest

from geofence.columns import Floats
from geofence.positioning.radio_field import Readings, Shape, expected_db, learn, readings_of, unknown_db2

SHAPE = Shape(rough_db=3.0, rough_m=1.5, smooth_db=2.0, fading_db=1.0)


def surveyed(reach_m: float, radios: int = 6, side: int = 12) -> Readings:
    """A grid of places 0.7 m apart, on which each radio's field is another after about `reach_m`."""
    chance = np.random.default_rng(3)
    x, y = (axis.reshape(-1) * 0.7 for axis in np.meshgrid(np.arange(side), np.arange(side)))
    apart = np.hypot(x[:, None] - x, y[:, None] - y)
    root = np.linalg.cholesky(9.0 * np.exp(-((apart / reach_m) ** 2)) + 1e-6 * np.eye(len(x)))
    mean = root @ chance.normal(size=(len(x), radios)) + chance.normal(0, 0.7, (len(x), radios))
    return Readings(np.stack([x, y], axis=1), mean, np.full((len(x), radios), 100.0), np.ones(radios))


def at(*spots: tuple[float, float]) -> Floats:
    return np.array(spots, np.float64)


def test_at_a_place_often_read_the_field_is_what_was_read_there() -> None:
    readings = surveyed(3.0)
    found = expected_db(readings, readings.places, SHAPE)
    assert np.abs(found - readings.mean_db).mean() < 0.6
    assert unknown_db2(readings, readings.places, SHAPE).max() < 1.5


def test_far_from_all_places_nothing_is_claimed() -> None:
    readings = surveyed(3.0)
    assert expected_db(readings, at((500.0, 0.0)), SHAPE) == pytest.approx(np.zeros((1, 6)), abs=1e-3)
    assert unknown_db2(readings, at((500.0, 0.0)), SHAPE) == pytest.approx(np.full((1, 6), 13.0), abs=1e-3)


def test_between_places_the_unknown_grows_with_the_way_to_them() -> None:
    readings = surveyed(3.0)
    near, further, far = unknown_db2(readings, at((3.5, 3.5), (-1.0, 3.5), (-6.0, 3.5)), SHAPE)[:, 0]
    assert near < further < far


def test_a_field_that_changes_at_every_shelf_is_told_from_one_that_does_not() -> None:
    assert learn([surveyed(0.8)]).rough_m < learn([surveyed(4.0)]).rough_m


def test_levels_are_learned_from_together_and_an_empty_one_says_nothing() -> None:
    nowhere = Readings(np.empty((0, 2)), np.empty((0, 6)), np.empty((0, 6)), np.ones(6))
    assert learn([surveyed(0.8), nowhere]) == learn([surveyed(0.8)])


def test_a_radio_never_read_at_a_place_says_nothing_there() -> None:
    residual = np.array([[1.0, np.nan], [3.0, np.nan], [-2.0, np.nan]])
    readings = readings_of(np.array([0, 0, 1]), np.array([0.0, 0.2, 5.0]), np.zeros(3), residual)
    assert readings.places.tolist() == [[0.1, 0.0], [5.0, 0.0]]
    assert readings.mean_db[:, 0].tolist() == [2.0, -2.0]
    assert expected_db(readings, readings.places, SHAPE)[:, 1].tolist() == [0.0, 0.0]
    assert unknown_db2(readings, readings.places, SHAPE)[:, 1].tolist() == [13.0, 13.0]


def test_only_one_place_is_enough_to_learn_from() -> None:
    readings = readings_of(np.array([0]), np.zeros(1), np.zeros(1), np.array([[2.0]]))
    assert isinstance(learn([readings]), Shape)
