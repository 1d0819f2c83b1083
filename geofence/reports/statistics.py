"""Statistics: what is counted of a venue's chronicle, cell by cell, each number of it once.

    entered   enters of a zone, by when the stay began                  quarter, hour, day    all shoppers
    present   seconds spent in a zone, cut at the cells' borders        quarter, hour, day    all shoppers
    stayed    how long stays lasted, by when they began                 quarter, hour, day    with consent to measurement
    visited   visits of the venue, by when they began                   hour, day             all shoppers
    lasted    how long visits lasted, by when they began                hour, day             with consent to measurement
    moved     from one zone to the next of the same kind, by visit      day, week             with consent to measurement

Position and cells commit together, so a process that dies counts nothing twice and leaves nothing out. A cell knows how many *different*
shoppers it counts without knowing them: a row adds one where no row of hers with a lower number lies in the same cell. That makes the
figures those of a recount of the rows, in whatever order and however late they came. Erasure and retention take rows away, not counts.
A visit that had ended and goes on (`queries/arrivals.py`) has lasted until its first end: nobody's length or path is counted twice.
What may be shown of a cell is for `disclosure.py`, who may see it for `http/visits.py`.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from floorplans import queries as places
from geofence import queries
from geofence.queries.happened import Happening
from geofence.queries.statistics import CellKey, Counts, Past, Stay
from geofence.queries.statistics import Step as PathStep
from geofence.reports.disclosure import class_of, spread_of, spread_text
from geofence.reports.report_grid import Grid, Step
from groundwork.contracts.ids import Pseudonym, TenantId, VenueId, VisitId
from groundwork.people import queries as people
from groundwork.people.model import MEASUREMENT
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts

OF_ZONES: Final[tuple[Step, ...]] = ("day", "hour", "quarter")
OF_VISITS: Final[tuple[Step, ...]] = ("day", "hour")
OF_PATHS: Final[tuple[Step, ...]] = ("day", "week")
LONGEST_MS: Final = 86_400_000
"""Of a stay, what is longer is cut off: nobody shops for a day, and one row must not write thousands of cells."""
_QUARTER_MS: Final = 900_000
_WEEK_MS: Final = 8 * LONGEST_MS
"""How far before the first row of a batch others of the same week may lie, with an hour of summer time."""
_BEFORE: Final = 0
"""Stands for a number of the chronicle that was counted and is known no more."""
_BATCH: Final = 100
"""Numbers counted in one transaction: some tens of ms, so that an acknowledged write waits no longer for it."""


class Counting:
    """Follows every venue's chronicle and counts it; `run` is called by a Refresh loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._hop = parts.hops.hop("statistics", "numbers")

    async def run(self) -> bool:
        """Counts what is new in every venue, all of it; True where there was any."""
        behind = await self._parts.db.read(_behind)
        for tenant, venue in behind:
            while await self._count(tenant, venue):
                pass
        return bool(behind)

    async def _count(self, tenant: TenantId, venue: VenueId) -> int:
        count = await self._parts.db.write(partial(count_more, tenant=tenant, venue=venue))
        self._hop.take(count)
        self._hop.give(count)
        return count


def _behind(conn: Connection) -> list[tuple[TenantId, VenueId]]:
    counted = queries.all_counted(conn)
    return [key for key, number in queries.heads(conn).items() if number > counted.get(key, 0)]


def count_more(conn: Connection, tenant: TenantId, venue: VenueId, limit: int = _BATCH) -> int:
    """Counts up to `limit` of what follows in the venue's chronicle, and moves on; returns how many."""
    after, last = queries.counted(conn, tenant, venue), queries.head(conn, tenant, venue)
    news = queries.happened(conn, tenant, venue, after, limit)
    known = places.venue(conn, tenant, venue)
    if news and known is not None:
        _add(conn, tenant, venue, _tally(conn, tenant, venue, news, Grid(known.time_zone)))
    reached = news[-1].number if len(news) == limit else last
    if reached > after:
        queries.set_counted(conn, tenant, venue, reached)
    return len(news)


def _tally(conn: Connection, tenant: TenantId, venue: VenueId, news: Sequence[Happening], grid: Grid) -> "Tally":
    ended = [one for one in news if _is_end(one)]
    measured = people.consenting(conn, tenant, {one.what.shopper for one in ended}, MEASUREMENT)
    counted = [one for one in ended if one.what.shopper in measured]
    zone_events = [one.zone_event.id for one in counted if one.zone_event]
    resumed = queries.resumed(conn, tenant, venue, {one.what.shopper for one in news if one.visit}, news[0].number - 1)
    queries.mark_measured(conn, tenant, zone_events, [one.visit.id for one in counted if one.visit])
    history = _history(conn, tenant, venue, news, grid, resumed)
    tally = Tally()
    for one in news:
        for contribution in history.contributions(one.number, one.what.shopper):
            tally.add(contribution)
    return tally


def _history(conn: Connection, tenant: TenantId, venue: VenueId, news: Sequence[Happening], grid: Grid, resumed: Set[VisitId]) -> "History":
    """Whatever may lie in the same cells as what is new."""
    shoppers = {one.what.shopper for one in news}
    zone_events = [one.zone_event for one in news if one.zone_event]
    zones, visits = {event.zone for event in zone_events}, [one.visit for one in news if one.visit]
    stays: list[Stay] = []
    if zone_events:
        since_ms = min(event.stay_start_ms for event in zone_events) - 2 * LONGEST_MS  # a day's cell, and what reaches into it
        stays = queries.stays(conn, tenant, venue, shoppers, zones, since_ms)
    past: list[Past] = []
    if visits:
        past = queries.past_visits(conn, tenant, venue, shoppers, min(visit.start_ms for visit in visits) - _WEEK_MS)
    return History(stays, past, queries.paths(conn, tenant, [visit for visit in past if visit.measured]), grid, resumed)


def _is_end(one: Happening) -> bool:
    return one.ended if one.zone_event is None else one.zone_event.kind == "exit"


@dataclass(frozen=True, slots=True)
class Contribution:
    """What one row adds to one cell."""

    cell: CellKey
    amount: int
    first: bool
    """Whether it is its shopper's first in the cell."""
    seconds: float | None = None
    """Of something that lasts."""


@dataclass(slots=True)
class Tally:
    """What some rows add to cells."""

    amounts: Counter[CellKey] = field(default_factory=Counter)
    shoppers: Counter[CellKey] = field(default_factory=Counter)
    spreads: defaultdict[CellKey, Counter[int]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, one: Contribution) -> None:
        self.amounts[one.cell] += one.amount
        self.shoppers[one.cell] += one.first
        if one.seconds is not None:
            self.spreads[one.cell][class_of(one.seconds)] += 1

    def counts(self, cell: CellKey, before: Counts | None) -> Counts:
        """What stands in the cell when this is added to what stood `before`."""
        amount, shoppers, text = before or Counts(0, 0, "")
        spread = Counter(dict(enumerate(spread_of(text)))) + self.spreads.get(cell, Counter())
        return Counts(amount + self.amounts[cell], shoppers + self.shoppers[cell], spread_text(spread) if spread else "")


def _add(conn: Connection, tenant: TenantId, venue: VenueId, tally: Tally) -> None:
    before = queries.cells_of(conn, tenant, venue, tally.amounts)
    queries.set_cells(conn, tenant, venue, {cell: tally.counts(cell, before.get(cell)) for cell in tally.amounts})


class History:
    """What some shoppers did in a venue: what each row of it adds, and whether a row before it was in the same cell."""

    def __init__(
        self, stays: Sequence[Stay], visits: Sequence[Past], paths: Sequence[PathStep], grid: Grid, resumed: Set[VisitId] = frozenset()
    ) -> None:
        self._grid = grid
        self._resumed = resumed
        """Visits whose end was counted before, whatever number it has now."""
        self._starts: dict[tuple[Step, int], int] = {}
        self._paths: defaultdict[VisitId, list[PathStep]] = defaultdict(list)
        for step in paths:
            self._paths[step.visit].append(step)
        self._first: dict[tuple[Pseudonym, CellKey], int] = {}
        self._made: defaultdict[tuple[Pseudonym, int], list[tuple[CellKey, int, float | None]]] = defaultdict(list)
        for number, shopper, made in sorted(self._all(stays, visits), key=_numbered):
            for cell, amount, seconds in made:
                self._made[shopper, number].append((cell, amount, seconds))
                self._first.setdefault((shopper, cell), number)

    def contributions(self, number: int, shopper: Pseudonym) -> Iterator[Contribution]:
        """What the row of this number adds."""
        for cell, amount, seconds in self._made.get((shopper, number), ()):
            yield Contribution(cell, amount, self._first[shopper, cell] == number, seconds)

    def _all(self, stays: Iterable[Stay], visits: Iterable[Past]) -> Iterator[tuple[int, Pseudonym, list["_Made"]]]:
        for stay in stays:
            yield stay.number, stay.shopper, [*(self._entered(stay) if stay.kind == "enter" else self._left(stay))]
        for visit in visits:
            yield visit.number, visit.shopper, [*self._at("visited", OF_VISITS, visit.start_ms)]
            if visit.visit in self._resumed:
                yield _BEFORE, visit.shopper, [*self._ended(visit)]
            elif visit.end_number is not None and visit.measured:
                yield visit.end_number, visit.shopper, [*self._ended(visit)]

    def _at(self, figure: str, steps: Iterable[Step], at_ms: int, zone: str = "", seconds: float | None = None) -> Iterator["_Made"]:
        for step in steps:
            yield CellKey(figure, step, self._start_ms(step, at_ms), zone), 1, seconds

    def _entered(self, stay: Stay) -> Iterator["_Made"]:
        return self._at("entered", OF_ZONES, stay.start_ms, stay.zone)

    def _left(self, stay: Stay) -> Iterator["_Made"]:
        if stay.measured:
            yield from self._at("stayed", OF_ZONES, stay.start_ms, stay.zone, (stay.at_ms - stay.start_ms) / 1000)
        end_ms = min(stay.at_ms, stay.start_ms + LONGEST_MS)
        for step in OF_ZONES:
            for start_ms in self._grid.cells(step, stay.start_ms, end_ms):
                inside_ms = min(end_ms, self._grid.end_ms(step, start_ms)) - max(stay.start_ms, start_ms)
                yield CellKey("present", step, start_ms, stay.zone), inside_ms, None

    def _ended(self, visit: Past) -> Iterator["_Made"]:
        length_ms = (visit.end_ms or visit.start_ms) - visit.start_ms  # one that goes on adds nothing: it was counted
        yield from self._at("lasted", OF_VISITS, visit.start_ms, seconds=length_ms / 1000)
        for (origin, zone), count in sorted(moves(self._paths[visit.visit]).items()):
            for step in OF_PATHS:
                yield CellKey("moved", step, self._start_ms(step, visit.start_ms), zone, origin), count, None

    def _start_ms(self, step: Step, at_ms: int) -> int:
        """As the grid says; remembered by quarters, for no clock of our time is off by less."""
        key = step, at_ms // _QUARTER_MS
        if key not in self._starts:
            self._starts[key] = self._grid.start_ms(step, at_ms)
        return self._starts[key]


_Made = tuple[CellKey, int, float | None]


def moves(path: Sequence[PathStep]) -> Counter[tuple[str, str]]:
    """How often one zone came after another of the same kind, of a path in time; coming back to the same one is no move."""
    last: dict[str, str] = {}
    found: Counter[tuple[str, str]] = Counter()
    for step in path:
        origin = last.get(step.zone_kind)
        if origin is not None and origin != step.zone:
            found[origin, step.zone] += 1
        last[step.zone_kind] = step.zone
    return found


def _numbered(made: tuple[int, Pseudonym, list[_Made]]) -> int:
    return made[0]
