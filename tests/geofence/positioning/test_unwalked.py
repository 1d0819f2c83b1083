"""Unwalked: what should be heard where nobody walked."""

import numpy as np

from geofence.columns import Floats
from geofence.positioning.calibrate import Samples
from geofence.positioning.placing import EXPONENT, NEAR_M2, REFERENCE_DBM, Place
from geofence.positioning.prints import loudness
from geofence.positioning.unwalked import Expected, expected_of

HUNG = Place(0, 10.0, 0.0, 3.0)
CEILING_DB = 12.0
STACKED = np.zeros((2, 2))


def walk() -> Samples:
    """Up and down both levels below and above one beacon; the second one is never heard."""
    x = np.tile(np.linspace(0.0, 40.0, 200), 2)
    level = np.repeat([0, 1], 200)
    none = np.zeros(len(x), np.int64)
    rssi = REFERENCE_DBM + HUNG.gain_db - 5.0 * EXPONENT * np.log10((x - HUNG.x_m) ** 2 + NEAR_M2) - CEILING_DB * level
    return Samples(
        level, x, none.astype(np.float64), none, none, np.full(len(x), np.nan), np.stack([rssi, np.full(len(x), np.nan)], axis=1)
    )


def learned(shift_m: Floats = STACKED) -> Expected:
    samples = walk()
    return expected_of(samples, loudness(samples.rssi_dbm), [HUNG, None], shift_m)


def weight(expected: Expected, level: int, x_m: float) -> float:
    return float(expected.loudness(np.array([level]), np.array([x_m]), np.array([0.0]))[0, 0])


def test_a_beacon_weighs_less_further_away_and_nothing_out_of_hearing() -> None:
    expected = learned()
    weights = [weight(expected, 0, x_m) for x_m in (10.0, 15.0, 25.0, 200.0)]
    assert weights == sorted(weights, reverse=True)
    assert weights[0] > 0.3
    assert weights[-1] == 0.0


def test_what_a_ceiling_takes_is_learned_from_the_walk() -> None:
    expected = learned()
    assert 0.0 < weight(expected, 1, 10.0) < 0.8 * weight(expected, 0, 10.0)


def test_levels_whose_plans_begin_elsewhere_are_brought_together() -> None:
    shifted = np.array([(0.0, 0.0), (100.0, 0.0)])
    assert weight(learned(), 1, 10.0) > 0.0
    assert weight(learned()._replace(shift_m=shifted), 1, 10.0) == 0.0
    assert weight(learned()._replace(shift_m=shifted), 1, -90.0) == weight(learned(), 1, 10.0)


def test_of_a_beacon_that_was_not_found_nothing_is_expected() -> None:
    said = learned().loudness(np.array([0]), np.array([10.0]), np.array([0.0]))
    assert said.shape == (1, 2)
    assert said[0, 1] == 0.0
