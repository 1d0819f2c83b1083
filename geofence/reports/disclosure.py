"""Disclosure: what of a count may be shown, so that no figure tells of a few shoppers, neither by itself nor by subtraction.

Pure. Three rules, together:

* **Threshold.** A cell to which fewer than k shoppers contribute is not shown; nor is an empty one, so that "hidden" does not say
  "somebody".
* **Complementary suppression.** Days, hours and quarters add up. Where a shown day hides an hour with some but fewer than k shoppers, the
  smallest shown hour of that day is hidden with it, so that what is left when the shown hours are taken from the day holds at least k
  shoppers. Likewise for quarters within an hour; and nothing within a hidden cell is shown. A day is decided on as a whole once it is
  over: what was shown of it is not taken back, nor can anybody watch a figure grow by one.
* **Rounding.** Every count is rounded to the nearest multiple of half of k. Figures that do not add up exactly but contain one another
  (a department and its aisles, visits and enters) then differ by an amount that is known to within k - 1 only. Same cell, same answer:
  asking again teaches nothing.

Durations are shown as quantiles of coarse classes, never with a count of their own.
"""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

BOUNDS_S: Final = (
    5, 10, 15, 20, 30, 45, 60, 90, 120, 180, 240, 300, 420, 600, 900, 1_200, 1_800, 2_700, 3_600, 5_400, 7_200, 10_800, 14_400, 86_400,
)  # fmt: skip
"""Upper bounds of the classes of durations, in seconds; the last takes everything longer. Each is at most twice the one before, up to a
day: a quantile is then no further off than that, and no single stay shows."""


class Cell(NamedTuple):
    """One cell of one figure."""

    start_ms: int
    amount: int
    shoppers: int
    """How many different ones contributed."""
    spread: tuple[int, ...] = ()
    """How many lasted how long, by the classes of `BOUNDS_S`; empty where nothing lasts."""
    within: int = 0
    """When the cell of the next coarser step began that this one is a part of."""


def shown(levels: Sequence[Sequence[Cell]], k: int) -> list[set[int]]:
    """For each level, coarsest first, the beginnings of the cells that may be shown. Each lies `within` one of the level before."""
    open_: list[set[int]] = []
    for depth, cells in enumerate(levels):
        large = [cell for cell in cells if cell.shoppers >= k]
        if depth == 0:
            open_.append({cell.start_ms for cell in large})
            continue
        large = [cell for cell in large if cell.within in open_[-1]]
        in_need = {cell.within for cell in cells if 0 < cell.shoppers < k}
        paying = {min(_of(large, whole), key=_smallest).start_ms for whole in sorted(in_need) if _of(large, whole)}
        open_.append({cell.start_ms for cell in large} - paying)
    return open_


def rounded(amount: float, base: int) -> int:
    """The nearest multiple of `base`, the higher one half-way."""
    return int((amount + base / 2) // base * base)


def base_of(k: int) -> int:
    """What counts are rounded to."""
    return -(-k // 2)


def class_of(seconds: float) -> int:
    """The place in `BOUNDS_S` of a duration."""
    return min(bisect_left(BOUNDS_S, seconds), len(BOUNDS_S) - 1)


def quantile_s(spread: Sequence[int], share: float) -> int | None:
    """The duration in seconds that the `share` of them reach at most, within its class by proportion; None where there are none."""
    total = sum(spread)
    if not total:
        return None
    wanted, below = share * total, 0
    for place, count in enumerate(spread):
        if count and below + count >= wanted:
            low = BOUNDS_S[place - 1] if place else 0
            return round(low + (BOUNDS_S[place] - low) * (wanted - below) / count)
        below += count
    return BOUNDS_S[-1]


def spread_text(spread: Mapping[int, int]) -> str:
    """Counts by class, as they are kept."""
    return ",".join(str(spread.get(place, 0)) for place in range(len(BOUNDS_S)))


def spread_of(text: str) -> tuple[int, ...]:
    """What `spread_text` made."""
    return tuple(map(int, text.split(","))) if text else ()


def _of(cells: Sequence[Cell], whole: int) -> list[Cell]:
    return [cell for cell in cells if cell.within == whole]


def _smallest(cell: Cell) -> tuple[int, int]:
    return cell.shoppers, cell.start_ms
