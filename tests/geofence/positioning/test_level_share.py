"""Level share: what speaks for a level adds up, is forgotten slowly, and a change of level is seen nonetheless."""

import numpy as np
import pytest

from geofence.columns import Floats, Singles
from geofence.positioning.belief import FRESH
from geofence.positioning.level_share import advanced, prior_of

EVEN = np.array([0.5, 0.5])
WEAKLY_LOWER = np.log([[0.6, 0.4]])
LOWER, UPPER = np.log([[0.99, 0.01]]), np.log([[0.01, 0.99]])


def after(said: Floats, moments: int, share: Singles | None = None, elapsed_s: float = 0.5) -> Singles:
    """The share of the lower and the upper level after so many moments that all say the same."""
    found = np.zeros((1, 2), np.float32) if share is None else share
    for number in range(moments):
        first = share is None and number == 0
        found = advanced(found, np.array([FRESH if first else elapsed_s], np.float32), said, np.array([True]), EVEN)
    return found


def test_moments_that_say_little_say_much_together() -> None:
    assert after(WEAKLY_LOWER, 1)[0, 0] < 0.55
    assert after(WEAKLY_LOWER, 40)[0, 0] > 0.95


def test_shares_sum_to_one() -> None:
    assert after(LOWER, 200).sum() == pytest.approx(1.0)


def test_after_ten_minutes_below_ten_seconds_above_are_enough() -> None:
    settled = after(LOWER, 1_200)
    assert settled[0, 0] > 0.99
    assert after(UPPER, 20, settled)[0, 1] > 0.9


def test_a_moment_without_a_reading_says_nothing() -> None:
    settled = after(LOWER, 10)
    steps_only = advanced(settled, np.array([0.5], np.float32), UPPER, np.array([False]), EVEN)
    assert steps_only[0, 0] == pytest.approx(settled[0, 0], abs=0.001)


def test_a_device_unknown_for_too_long_begins_with_the_prior() -> None:
    begun = advanced(after(LOWER, 10), np.array([FRESH], np.float32), LOWER, np.array([False]), np.array([0.3, 0.7]))
    assert begun[0].tolist() == pytest.approx([0.3, 0.7])


def test_a_belief_taken_over_from_an_older_snapshot_begins_with_the_prior() -> None:
    begun = advanced(np.zeros((1, 2), np.float32), np.array([0.5], np.float32), LOWER, np.array([False]), EVEN)
    assert begun[0].tolist() == [0.5, 0.5]


def test_each_device_goes_by_itself() -> None:
    shares, elapsed = np.array([[0.9, 0.1], [0.2, 0.8]], np.float32), np.array([0.5, 3.0], np.float32)
    said, heard = np.concatenate([LOWER, UPPER]), np.array([True, True])
    both = advanced(shares, elapsed, said, heard, EVEN)
    alone = advanced(shares[1:], elapsed[1:], said[1:], heard[1:], EVEN)
    assert both[1].tobytes() == alone[0].tobytes()


def test_levels_are_alike_at_first_whatever_their_size_but_for_those_where_nothing_can_be_heard() -> None:
    cells = np.array([0.1, 0.2, 0.7, 0.0], np.float32)
    assert prior_of(cells, np.array([0, 0, 1, 2]), 3).tolist() == [0.5, 0.5, 0.0]
