"""The watermark waits for those who speak, and not for those who fell silent."""

import random

from geofence.device_columns import NEVER_MS
from geofence.tracking.watermark import FORGET_MS, Watermark


def test_with_one_source_it_is_where_that_source_is() -> None:
    watermark = Watermark(1_000)
    assert [watermark.cover("a", at) for at in (500, 1_000, 1_500)] == [500, 1_000, 1_500]


def test_it_waits_for_the_slower_of_two() -> None:
    watermark = Watermark(1_000)
    watermark.cover("a", 500)
    watermark.cover("b", 500)
    assert watermark.cover("a", 1_000) == 500
    assert watermark.cover("b", 1_000) == 1_000


def test_it_waits_no_longer_than_the_allowed_lateness() -> None:
    watermark = Watermark(1_000)
    watermark.cover("b", 500)
    watermark.cover("a", 500)
    assert watermark.cover("a", 1_500) == 500
    assert watermark.cover("a", 2_000) == 2_000  # b is given up, so nobody is left to wait for


def test_a_source_that_comes_back_is_waited_for_again() -> None:
    watermark = Watermark(1_000)
    for source, at in (("b", 500), ("a", 5_000), ("b", 5_000)):
        watermark.cover(source, at)
    assert watermark.cover("a", 5_500) == 5_000


def test_in_silence_ticks_move_it_the_lateness_behind() -> None:
    watermark = Watermark(1_000)
    watermark.cover("a", 500)
    assert watermark.tick(900) == 500
    assert watermark.tick(10_000) == 9_000


def test_it_never_moves_back() -> None:
    chance, watermark, before = random.Random(1), Watermark(1_000), NEVER_MS
    for _ in range(1_000):
        at = chance.randrange(100_000)
        after = watermark.tick(at) if chance.random() < 0.1 else watermark.cover(chance.choice("abc"), at)
        assert after >= before
        before = after


def test_an_older_claim_changes_nothing() -> None:
    watermark = Watermark(1_000)
    watermark.cover("a", 5_000)
    assert watermark.cover("a", 100) == 5_000
    assert watermark.covered_ms == {"a": 5_000}


def test_a_source_that_was_taken_down_is_forgotten_after_an_hour() -> None:
    """Where the allowed lateness is more than an hour, it is not waited for until that is over."""
    watermark = Watermark(2 * FORGET_MS)
    watermark.cover("old", 500)
    assert watermark.cover("a", 500 + FORGET_MS) == 500
    assert watermark.cover("a", 501 + FORGET_MS) == 501 + FORGET_MS
