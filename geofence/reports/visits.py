"""Reports: what a venue's statistics say about some days, of which nothing tells of a few shoppers. `disclosure.py` has the rules.

Whatever is asked for, whether a cell is shown is decided on its whole day, so two questions never differ in what they hide. A day is
shown once it is over and its last events have had `statistics_settle_s` to come in.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Final, NamedTuple

from floorplans import queries as places
from geofence import queries, reasons
from geofence.queries.statistics import CellKey, Counts
from geofence.reports.disclosure import Cell, base_of, quantile_s, rounded, shown, spread_of
from geofence.reports.report_grid import Grid, Step
from geofence.reports.statistics import OF_VISITS, OF_ZONES
from geofence.settings import Settings
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.reasons import Refusal

MOST_DAYS: Final[Mapping[Step, int]] = {"quarter": 7, "hour": 31, "day": 400, "week": 400}
"""In one answer: it is made in memory, and 200 zones are shown in 134,400 quarters in a week."""


class Asked(NamedTuple):
    """Which report: local dates, the last one left out."""

    from_: date
    to: date
    step: Step


class Line(NamedTuple):
    """One cell that is shown; what is None is hidden."""

    start: str
    """As the venue's clocks showed it, with their offset."""
    zone: str
    origin: str
    amount: int | None = None
    shoppers: int | None = None
    occupancy: float | None = None
    median_s: int | None = None
    p90_s: int | None = None


class Report(NamedTuple):
    """The lines of some days, and until when days are complete: what lies behind is not in it."""

    time_zone: str
    complete_until: date
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class Reports:
    """Answers what an operator asks of a venue."""

    db: Database
    clock: Clock
    settings: Settings

    async def visits(self, who: Caller, venue: VenueId, asked: Asked) -> Report:
        """Visits by when they began, and how long they lasted. Raises Refusal for another's venue and a span that is too long."""
        return await self._report(who, venue, asked, OF_VISITS, ("visited", "lasted", ""))

    async def zones(self, who: Caller, venue: VenueId, asked: Asked) -> Report:
        """Enters of zones, how long stays lasted, and how many were there at a time. Raises as `visits` does."""
        return await self._report(who, venue, asked, OF_ZONES, ("entered", "stayed", "present"))

    async def paths(self, who: Caller, venue: VenueId, asked: Asked) -> Report:
        """How often one zone came after another. Raises as `visits` does."""
        return await self._report(who, venue, asked, (asked.step,), ("moved", "", ""))

    def complete_until(self, time_zone: str) -> date:
        """The first local date that is not shown yet."""
        return Grid(time_zone).day_of(self.clock.now_ms() - self.settings.statistics_settle_s * 1000)

    async def _report(self, who: Caller, venue: VenueId, asked: Asked, steps: Sequence[Step], figures: tuple[str, str, str]) -> Report:
        if not who.within(venue):
            raise Refusal(reasons.UNKNOWN_VENUE, value=venue)
        days, most = (asked.to - asked.from_).days, MOST_DAYS[asked.step]
        if not 0 < days <= most:
            raise Refusal(reasons.BAD_SPAN, at="/to", days=days, most=most, step=asked.step)
        work = partial(self._read, tenant=TenantId(who.tenant), venue=venue, asked=asked, steps=steps, figures=figures)
        return await self.db.read(work)

    def _read(
        self, conn: Connection, tenant: TenantId, venue: VenueId, asked: Asked, steps: Sequence[Step], figures: tuple[str, str, str]
    ) -> Report:
        known = places.venue(conn, tenant, venue)
        if known is None:
            raise Refusal(reasons.UNKNOWN_VENUE, value=venue)
        grid, complete = Grid(known.time_zone), self.complete_until(known.time_zone)
        span = grid.begins_ms(asked.from_), grid.begins_ms(min(asked.to, complete))
        cells = queries.cells_between(conn, tenant, venue, [figure for figure in figures if figure], steps, span)
        if asked.step == "week":
            cells = {key: counts for key, counts in cells.items() if grid.end_ms("week", key.start_ms) <= grid.begins_ms(complete)}
        wanted = steps[: steps.index(asked.step) + 1]
        return Report(known.time_zone, complete, lines(cells, figures, wanted, grid, self.settings.smallest_group))


def lines(cells: Mapping[CellKey, Counts], figures: tuple[str, str, str], steps: Sequence[Step], grid: Grid, k: int) -> list[Line]:
    """What is shown of `cells` at the last of `steps`, which come coarsest first; figures are (a count, a duration, time spent)."""
    counted, lasting, spent = (_open(cells, figure, steps, grid, k) for figure in figures)
    base = k if figures[0] == "moved" else base_of(k)  # paths and enters contain one another line by line, and are not suppressed together
    found = []
    for start_ms, zone, origin in sorted({*counted, *lasting, *spent}):
        key = start_ms, zone, origin
        line = Line(grid.shown(start_ms), zone, origin)
        if (cell := counted.get(key)) is not None:
            shoppers = rounded(cell.shoppers, base) if figures[0] != "moved" else None
            line = line._replace(amount=rounded(cell.amount, base), shoppers=shoppers)
        if (cell := lasting.get(key)) is not None:
            line = line._replace(median_s=_rough_s(cell.spread, 0.5), p90_s=_rough_s(cell.spread, 0.9))
        if (cell := spent.get(key)) is not None:
            length_ms = grid.end_ms(steps[-1], start_ms) - start_ms
            line = line._replace(occupancy=round(cell.amount / length_ms, 1))
        found.append(line)
    return found


def _open(cells: Mapping[CellKey, Counts], figure: str, steps: Sequence[Step], grid: Grid, k: int) -> dict[tuple[int, str, str], Cell]:
    """The cells of the figure that may be shown at the last of `steps`, by beginning, zone and origin."""
    trees: defaultdict[tuple[str, str], dict[str, list[Cell]]] = defaultdict(lambda: defaultdict(list))
    for key, counts in cells.items():
        if key.figure == figure and key.step in steps:
            place = steps.index(key.step)
            within = grid.start_ms(steps[place - 1], key.start_ms) if place else 0
            cell = Cell(key.start_ms, counts.amount, counts.shoppers, spread_of(counts.spread), within)
            trees[key.zone, key.origin][key.step].append(cell)
    found = {}
    for (zone, origin), tree in trees.items():
        last = shown([tree[step] for step in steps], k)[-1]
        found.update({(cell.start_ms, zone, origin): cell for cell in tree[steps[-1]] if cell.start_ms in last})
    return found


def _rough_s(spread: Sequence[int], share: float) -> int | None:
    """The quantile to two figures: what lies within a class is a guess anyway."""
    exact = quantile_s(spread, share)
    if exact is None or exact < 100:
        return exact
    digit = 10 ** (len(str(exact)) - 2)
    return rounded(exact, digit)
