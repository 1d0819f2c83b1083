"""Rules of the watchdog: a busy site's silence is noticed in 90 s, a quiet site is left alone, and steps grow heavier and rarer."""

import itertools
import random
from collections.abc import Iterable, Iterator

import pytest

from beacon_gateway.watchdog import LADDERS, REBOOT_EVERY_S, Ladder, Silence, Step

LOOK_S = 5.0
HOUR_S = 3_600.0
DAY_S = 24 * HOUR_S


def steps(
    adverts_s: Iterable[float], until_s: float, repair: str = "reboot", down_s: tuple[float, float] = (0, 0)
) -> list[tuple[float, Step]]:
    """What a watchdog does, and when, about a radio that hears at `adverts_s` and is down between `down_s`."""
    silence, ladder = Silence(0.0, 0), Ladder(LADDERS[repair])
    coming, heard_s = iter(adverts_s), 0.0
    next_s = next(coming, until_s)
    taken = []
    for tick in range(1, int(until_s / LOOK_S)):
        now_s = tick * LOOK_S
        while next_s <= now_s and next_s < until_s:
            heard_s, next_s = next_s, next(coming, until_s)
        silence.look(now_s, heard_s, int(now_s // HOUR_S) % 24)
        down = down_s[0] <= now_s < down_s[1]
        if not down and silence.silent_s(now_s) < silence.limit_s:
            ladder.well()
        elif step := ladder.due(now_s, silence.silent_s(now_s), silence.pause_s, down=down):
            silence.repaired(now_s)
            taken.append((now_s, step))
    return taken


def every(gap_s: float, until_s: float, start_s: float = 0.0) -> Iterator[float]:
    at_s = start_s
    while (at_s := at_s + gap_s) < until_s:
        yield at_s


def by_chance(mean_s: float, until_s: float, seed: int) -> Iterator[float]:
    rng, at_s = random.Random(seed), 0.0
    while (at_s := at_s + rng.expovariate(1 / mean_s)) < until_s:
        yield at_s


def test_a_busy_radio_that_falls_silent_is_noticed_within_90_s() -> None:
    at_s, step = steps(every(0.5, 1_000), 2_000)[0]
    assert step is Step.SCAN
    assert 1_000 < at_s <= 1_090


def test_a_busy_site_is_never_disturbed() -> None:
    assert steps(by_chance(1.0, DAY_S, 1), DAY_S) == []


@pytest.mark.parametrize("gap_s", [30, 100, 300, 1_000])
def test_a_site_where_adverts_are_rare_but_regular_is_left_alone(gap_s: float) -> None:
    assert len(steps(every(gap_s, DAY_S), DAY_S)) <= 1


@pytest.mark.parametrize("mean_s", [60, 300, 600, 1_800, 7_200])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_quiet_site_is_restarted_less_than_once_an_hour(mean_s: float, seed: int) -> None:
    taken = steps(by_chance(mean_s, 3 * DAY_S, seed), 3 * DAY_S)
    assert len(taken) < 72
    assert all(sum(start_s <= at_s < start_s + 6 * HOUR_S for at_s, _ in taken) <= 6 for start_s, _ in taken)


def test_where_nothing_is_ever_heard_little_is_done() -> None:
    taken = steps([], DAY_S)
    assert all(sum(hour * HOUR_S <= at_s < (hour + 1) * HOUR_S for at_s, _ in taken) <= 1 for hour in range(24))


def test_a_shop_s_nights_do_not_make_its_days_deaf() -> None:
    """Open from hour 0 to 12, silent from 12 to 24; on the third day the radio fails at hour 3."""
    open_hours = [at_s for day in range(3) for at_s in every(1.0, day * DAY_S + 12 * HOUR_S, day * DAY_S)]
    fails_s = 2 * DAY_S + 3 * HOUR_S
    taken = steps([at_s for at_s in open_hours if at_s < fails_s], fails_s + 600, "service")
    nights = [at_s for at_s, _ in taken if at_s < fails_s]
    assert len(nights) <= 20
    assert all((at_s - LOOK_S) % DAY_S >= 12 * HOUR_S for at_s in nights), nights
    assert fails_s < next(at_s for at_s, _ in taken if at_s > fails_s) <= fails_s + 90


def test_steps_grow_heavier_and_then_rest() -> None:
    taken = steps(every(0.5, 30_000), 30_000 + 3 * HOUR_S)
    assert [step for _, step in taken] == [Step.SCAN, Step.BUS, Step.POWER, Step.SERVICE, Step.REBOOT]
    pauses = [later - sooner for (sooner, _), (later, _) in itertools.pairwise(taken)]
    assert pauses == sorted(pauses)


def test_a_radio_that_is_down_is_tried_at_once_and_the_light_step_again_and_again() -> None:
    taken = steps(every(0.5, 1_000), 10_000, "service", down_s=(1_000, 10_000))
    assert taken[0][0] == 1_000
    assert [step for _, step in taken[:4]] == [Step.SCAN, Step.BUS, Step.POWER, Step.SERVICE]
    assert taken[3][0] < 1_100
    gaps = [later - sooner for (sooner, _), (later, _) in itertools.pairwise(taken)]
    assert max(gaps) <= 80
    assert sum(step is Step.SERVICE for _, step in taken) <= 4


def test_no_reboot_soon_after_the_last() -> None:
    early = steps(every(0.5, 1_000), REBOOT_EVERY_S)
    assert Step.REBOOT not in {step for _, step in early}


@pytest.mark.parametrize(("repair", "heaviest"), [("radio", Step.POWER), ("service", Step.SERVICE), ("reboot", Step.REBOOT)])
def test_repairs_go_as_far_as_the_setting_says(repair: str, heaviest: Step) -> None:
    found = {step for _, step in steps(every(0.5, 30_000), 30_000 + DAY_S, repair)}
    assert found == set(LADDERS[repair])
    assert heaviest in found


def test_with_repairs_off_nothing_is_done() -> None:
    assert steps(every(0.5, 1_000), DAY_S, "off", down_s=(1_000, DAY_S)) == []


def test_what_a_repair_brought_back_is_not_learned_as_the_site_s_habit() -> None:
    outages = [(1_000.0, 1_065.0), (2_000.0, 2_065.0), (3_000.0, 3_065.0)]
    adverts = [at_s for at_s in every(0.5, 4_000) if not any(start < at_s < end for start, end in outages)]
    assert [step for _, step in steps(adverts, 4_000)] == [Step.SCAN] * 3


def test_what_was_learned_is_forgotten_in_days() -> None:
    odd_hour = [at_s for at_s in every(1.0, 8 * DAY_S) if not 3_000 < at_s < 3_400]
    silence, heard_s, limits = Silence(0.0, 0), 0.0, []
    for at_s in odd_hour[::5]:
        heard_s = at_s
        silence.look(at_s, heard_s, 0)
        limits.append(silence.limit_s)
    assert max(limits) > 1_000
    assert limits[-1] == 60.0
