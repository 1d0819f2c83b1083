"""What every benchmark gives back: figures, each beside its yardstick, and how they are printed."""

import statistics
from collections.abc import Sequence
from typing import Final, NamedTuple

_NUMBERS: Final = (1, 2, 4)
"""Columns of a printed table that are aligned to the right."""


class Figure(NamedTuple):
    """One thing measured; `value` is a median."""

    name: str
    value: float
    unit: str
    yardstick: str = ""
    """What the same run measured beside it."""
    beside: float | None = None
    """The yardstick's median, in the same unit."""
    p95: float | None = None
    goal: str = ""

    @property
    def ratio(self) -> float | None:
        """The figure as a multiple of its yardstick."""
        return self.value / self.beside if self.beside else None


class Table(NamedTuple):
    """One benchmark's figures, and what a reader must know of them."""

    name: str
    about: str
    figures: Sequence[Figure]


class Spread(NamedTuple):
    """Median and 95th percentile."""

    p50: float
    p95: float


def spread(values: Sequence[float]) -> Spread:
    """Of one value or more."""
    ranked = sorted(values)
    return Spread(statistics.median(ranked), ranked[min(len(ranked) - 1, len(ranked) * 95 // 100)])


def shown(table: Table) -> str:
    """The table as text: a line a figure."""
    heads = ("", "median", "p95", "unit", "ratio", "yardstick", "goal")
    rows = [heads, *(_cells(figure) for figure in table.figures)]
    widths = [max(len(row[at]) for row in rows) for at in range(len(heads))]
    return "\n".join([f"{table.name}: {table.about}", "", *(_line(row, widths) for row in rows)])


def as_dict(table: Table) -> dict[str, object]:
    """The table for machines."""
    return {"about": table.about, "figures": [{**figure._asdict(), "ratio": figure.ratio} for figure in table.figures]}


def _cells(figure: Figure) -> tuple[str, ...]:
    p95 = "" if figure.p95 is None else _number(figure.p95)
    ratio = "" if figure.ratio is None else f"x {figure.ratio:.2f}"
    yardstick = "" if figure.beside is None else f"{figure.yardstick}: {_number(figure.beside)}"
    return figure.name, _number(figure.value), p95, figure.unit, ratio, yardstick, figure.goal


def _line(row: Sequence[str], widths: Sequence[int]) -> str:
    aligned = (cell.rjust(width) if at in _NUMBERS else cell.ljust(width) for at, (cell, width) in enumerate(zip(row, widths, strict=True)))
    return "  ".join(aligned).rstrip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 1_000 else f"{value:.3g}"
