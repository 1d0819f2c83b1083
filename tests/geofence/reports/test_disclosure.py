"""Disclosure: no cell of few is shown, none can be had by subtraction, and asking again teaches nothing."""

import random
from typing import NamedTuple

import pytest

from geofence.reports.disclosure import BOUNDS_S, Cell, base_of, class_of, quantile_s, rounded, shown, spread_of, spread_text

K = 10


class Day(NamedTuple):
    """A day's tree: the day, its hours, their quarters. Every shopper comes once, so counts add up as they can at worst."""

    day: Cell
    hours: list[Cell]
    quarters: list[Cell]


def some_day(seed: int) -> Day:
    chance = random.Random(seed)
    busy = chance.choice((1, 4, 12, 40))
    quarters = []
    for hour in range(24):
        for quarter in range(4):
            count = chance.choice((0, 0, chance.randrange(busy + 1), chance.randrange(2 * busy + 1))) if 8 <= hour < 22 else 0
            quarters.append(Cell(hour * 4 + quarter, count, count, (), hour * 4))
    hours = [
        Cell(hour * 4, total, total, (), 0)
        for hour in range(24)
        if (total := sum(q.amount for q in quarters[hour * 4 : hour * 4 + 4])) >= 0
    ]
    whole = sum(hour.amount for hour in hours)
    return Day(Cell(0, whole, whole), hours, quarters)


def levels(day: Day) -> list[list[Cell]]:
    return [[day.day], day.hours, day.quarters]


@pytest.mark.parametrize("seed", range(20))
def test_no_cell_of_few_is_shown_and_nothing_within_a_hidden_one(seed: int) -> None:
    day = some_day(seed)
    of_day, of_hours, of_quarters = shown(levels(day), K)
    for cells, open_ in zip(levels(day), (of_day, of_hours, of_quarters), strict=True):
        assert all(cell.shoppers >= K for cell in cells if cell.start_ms in open_)
    assert all(cell.within in of_day for cell in day.hours if cell.start_ms in of_hours)
    assert all(cell.within in of_hours for cell in day.quarters if cell.start_ms in of_quarters)


@pytest.mark.parametrize("block", range(10))
def test_a_subtraction_leaves_nobody_or_at_least_k(block: int) -> None:
    """The attack, on a thousand days: take all that is shown of a whole from the whole, with the exact counts before rounding."""
    rests = [rest for seed in range(block * 100, block * 100 + 100) for rest in rests_of(some_day(seed))]
    assert all(rest == 0 or rest >= K for rest in rests)
    assert any(rest > 0 for rest in rests)


def rests_of(day: Day) -> list[int]:
    """What is left of the day, and of every hour that is shown, when its shown parts are taken away."""
    of_day, of_hours, of_quarters = shown(levels(day), K)
    rests = []
    if of_day:
        rests.append(day.day.amount - sum(hour.amount for hour in day.hours if hour.start_ms in of_hours))
    for hour in day.hours:
        if hour.start_ms in of_hours:
            inside = [quarter for quarter in day.quarters if quarter.within == hour.start_ms]
            rests.append(hour.amount - sum(quarter.amount for quarter in inside if quarter.start_ms in of_quarters))
    return rests


@pytest.mark.parametrize("seed", range(20))
def test_a_difference_of_two_shown_counts_says_nothing_about_fewer_than_k(seed: int) -> None:
    """Of counts that contain one another (a department and its aisle): what is known of the difference spans k - 1 values at least."""
    chance = random.Random(seed)
    base = base_of(K)
    whole, part = sorted((chance.randrange(K, 300), chance.randrange(K, 300)), reverse=True)
    seen = rounded(whole, base), rounded(part, base)
    possible = {w - p for w in range(seen[0] + 2 * base) for p in range(K, w + 1) if (rounded(w, base), rounded(p, base)) == seen}
    assert whole - part in possible
    small = {difference for difference in possible if 0 < difference < K}
    assert not small or len(possible) >= base


def test_a_growing_count_is_not_seen_to_grow_by_one() -> None:
    changes = [amount for amount in range(K, 100) if rounded(amount, 5) != rounded(amount + 1, 5)]
    assert len(changes) == 18
    assert {rounded(amount + 1, 5) - rounded(amount, 5) for amount in changes} == {5}


def test_the_smallest_is_hidden_with_the_small() -> None:
    day = Cell(0, 75, 75)
    hours = [Cell(1, 40, 40, (), 0), Cell(2, 30, 30, (), 0), Cell(3, 5, 5, (), 0)]
    assert shown([[day], hours], K) == [{0}, {1}]


def test_empty_cells_ask_for_no_other_to_be_hidden() -> None:
    assert shown([[Cell(0, 70, 70)], [Cell(1, 40, 40, (), 0), Cell(2, 30, 30, (), 0), Cell(3, 0, 0, (), 0)]], K) == [{0}, {1, 2}]


def test_many_enters_of_few_shoppers_are_hidden() -> None:
    assert shown([[Cell(0, 500, 9)]], K) == [set()]


@pytest.mark.parametrize("seed", range(5))
def test_a_quantile_is_within_a_class_of_the_exact_one(seed: int) -> None:
    chance = random.Random(seed)
    lasted = sorted(chance.lognormvariate(4, 1.5) for _ in range(chance.randrange(10, 500)))
    spread = [0] * len(BOUNDS_S)
    for seconds in lasted:
        spread[class_of(seconds)] += 1
    for share in (0.5, 0.9):
        exact, found = lasted[min(len(lasted) - 1, max(0, round(share * len(lasted)) - 1))], quantile_s(spread, share)
        assert found is not None
        assert abs(class_of(found) - class_of(exact)) <= 1


def test_a_spread_is_kept_as_text() -> None:
    assert sum(spread_of(spread_text({0: 3, 7: 2}))) == 5
    assert spread_of("") == ()
    assert quantile_s([0] * len(BOUNDS_S), 0.5) is None
    assert class_of(10**9) == len(BOUNDS_S) - 1
