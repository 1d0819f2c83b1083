"""Rules of counts: a frame is news once; what falls back is believed after a run; and nobody's count is another's."""

import random

import pytest

from groundwork.adverts.counters import MOST_REMEMBERED, RUN, Counters

HERE, THERE = "a4c1388d18b2", "a4c1388d18b3"


def test_a_frame_is_news_once_and_an_older_one_never() -> None:
    rises = Counters().rises
    assert [rises(HERE, counter) for counter in (5, 5, 6, 5, 4, 6, 9)] == [True, False, True, False, False, False, True]


def test_each_sender_counts_for_itself() -> None:
    rises = Counters().rises
    assert [rises(HERE, 100), rises(THERE, 1), rises(HERE, 1), rises(THERE, 2)] == [True, True, False, True]


def test_a_count_that_comes_round_goes_on() -> None:
    rises = Counters().rises
    assert [rises(HERE, counter) for counter in (2**32 - 1, 0, 1, 2**32 - 1)] == [True, True, True, False]


@pytest.mark.parametrize("step", [1, 7])
def test_a_sender_that_starts_anew_is_believed_after_a_run_of_frames_that_rise(step: int) -> None:
    rises = Counters().rises
    rises(HERE, 1_000_000)
    news = [rises(HERE, step * at) for at in range(RUN + 3)]
    assert news == [False] * (RUN - 1) + [True] * 4


def test_one_old_frame_sent_again_and_again_is_never_believed() -> None:
    rises = Counters().rises
    rises(HERE, 1_000)
    assert not any(rises(HERE, 7) for _ in range(100 * RUN))
    assert rises(HERE, 1_001)


def test_memory_is_bounded() -> None:
    rng, counters = random.Random(3), Counters()
    for _ in range(3 * MOST_REMEMBERED):
        counters.rises(rng.randbytes(6).hex(), 1)
    assert len(counters._counted) == MOST_REMEMBERED
