"""Shoppers: who comes when, what she has come for, and where she is at any moment.

A visit is a line through the shop with pauses at shelves and at the till, drawn from the person's own generator: what one person does
depends on the seed and her number alone, never on how far or in which steps the clock was moved. How she is heard is for `radio.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely

from aislecast.twin.columns import Floats, Ints
from aislecast.twin.shop import Shelved
from aislecast.twin.walkways import Walkways
from floorplans.model import Plan, Point, Zone
from groundwork.catalogue.model import Product

SLOWEST_MPS, FASTEST_MPS = 0.6, 1.4
"""Walking speed in a shop, metres a second; a faster one crosses an aisle between two windows."""
SHORTEST_PAUSE_S, LONGEST_PAUSE_S = 8.0, 40.0
"""Time before one shelf; below 10 s the demo's campaign (dwell 10 s) has nothing to fire on."""
SHORTEST_TILL_S, LONGEST_TILL_S = 30.0, 90.0
FEWEST_STOPS, MOST_STOPS = 3, 8
MEAN_BETWEEN_ARRIVALS_S = 12.0
"""First arrivals are a Poisson process of this mean; a busy small supermarket takes 300 people an hour."""
MEAN_AWAY_S, SHORTEST_AWAY_S = 600.0, 180.0
"""From leaving to coming back; the shortest one lets the geofence close the first visit."""
BOUGHT = 0.7
"""Chance that what she stopped for goes into the basket; who finds nothing else takes the last thing."""
PLACES = 6
"""At how many places people come in, and at how many they pay."""
_LIFE_MS = 10**11
"""Longer than any twin lives (three years): keeps people apart on one axis, and within what a float64 holds exactly for 90,000 of them."""
SHELF_REACH_M = 0.45
"""How far from a shelf's face (beyond the clearance) one stands to take something from it."""


@dataclass(frozen=True, slots=True)
class Stop:
    """A pause on the way, at a walkable cell; `facing_rad` counter-clockwise from x."""

    cell: int
    pause_ms: int
    facing_rad: float
    product: Product | None = None


@dataclass(frozen=True, slots=True)
class Visit:
    """One walk through the shop: knots between which she goes straight at even speed. Times in ms since the twin's start."""

    t_ms: Floats
    x_m: Floats
    y_m: Floats
    facing_rad: Floats
    """From each knot until the next."""
    basket: tuple[Product, ...]
    checkout_ms: int | None
    """When she pays; None where the shop has no checkout or the basket is empty."""

    @property
    def starts_ms(self) -> int:
        return int(self.t_ms[0])

    @property
    def ends_ms(self) -> int:
        return int(self.t_ms[-1])


class Premises:
    """What shoppers know of the shop: walkways, where one stands for a product or in a zone, door and tills.

    Of a plan with several levels only the first is walked on.
    """

    def __init__(self, plan: Plan, shelved: Sequence[Shelved] = ()) -> None:
        self.level = plan.levels[0]
        self.ways = Walkways(self.level)
        self._solid = shapely.union(
            self.ways.obstacles, shapely.boundary(shapely.union_all([shapely.Polygon(p.outer) for p in self.level.outline]))
        )
        self._near = shapely.distance(shapely.points(self.ways.points), self.ways.obstacles) if self.level.obstacles else None
        zones = [zone for zone in plan.zones if zone.level == self.level.id]
        self.door, self.tills = self._of_kind(zones, "entrance"), self._of_kind(zones, "checkout")
        self.shelves = self._shelves([zone for zone in zones if zone.kind not in ("entrance", "checkout")], shelved)

    def facing(self, cell: int) -> float:
        """Towards the nearest shelf, counter or wall."""
        (x, y), (to_x, to_y) = shapely.get_coordinates(shapely.shortest_line(shapely.Point(self.ways.points[cell]), self._solid))
        return float(np.arctan2(to_y - y, to_x - x))

    def _of_kind(self, zones: Sequence[Zone], kind: str) -> Ints:
        """A few places spread over the zones of a kind: each is found its ways to once."""
        cells = [_spread(self.ways.within(zone.polygons), PLACES) for zone in zones if zone.kind == kind]
        return np.concatenate(cells) if cells else np.empty(0, dtype=np.int64)

    def _shelves(self, zones: Sequence[Zone], shelved: Sequence[Shelved]) -> tuple[tuple[int, Product | None], ...]:
        """Where to stop, and for what: each product's place, or without products a few places in each zone."""
        shelves: list[tuple[int, Product | None]] = []
        for zone in zones:
            cells = self._before_shelves(self.ways.within(zone.polygons))
            wanted: list[Product | None] = [product for product, where in shelved if where == zone.id] or [None] * (0 if shelved else 3)
            shelves += zip(_spread(cells, len(wanted)).tolist(), wanted, strict=False)
        free = np.flatnonzero(self.ways.walkable)
        return tuple(shelves) or tuple((int(cell), None) for cell in free[:: max(1, len(free) // 12)])

    def _before_shelves(self, cells: Ints) -> Ints:
        """Those of `cells` from which a shelf can be reached; all of them where there is none."""
        if self._near is None:
            return cells
        close = cells[self._near[cells] <= SHELF_REACH_M]
        return close if len(close) else cells


class Person:
    """Somebody who comes to the shop again and again. `arrives_ms` is her first arrival, in ms since the twin's start."""

    def __init__(self, premises: Premises, rng: np.random.Generator, arrives_ms: int) -> None:
        self._premises, self._rng = premises, rng
        self._speed_mps = float(rng.uniform(SLOWEST_MPS, FASTEST_MPS))
        self.visit = self._next(arrives_ms)

    def move_on(self) -> None:
        """Replaces her visit by her next one."""
        away_s = max(SHORTEST_AWAY_S, float(self._rng.exponential(MEAN_AWAY_S)))
        self.visit = self._next(self.visit.ends_ms + round(away_s * 1000))

    def _next(self, starts_ms: int) -> Visit:
        premises, rng = self._premises, self._rng
        ends = premises.door if len(premises.door) else np.array([premises.shelves[0][0]])
        door = int(rng.choice(ends))
        stops = self._mission(door)
        found = [stop.product for stop in stops if stop.product is not None]
        basket = tuple(product for product in found if rng.random() < BOUGHT) or tuple(found[-1:])
        paying = len(premises.tills) > 0 and len(basket) > 0
        if paying:
            till = int(rng.choice(premises.tills))
            stops.append(Stop(till, _ms(rng, SHORTEST_TILL_S, LONGEST_TILL_S), premises.facing(till)))
        knots, left_ms = self._walk(door, stops, starts_ms)
        t_ms, x_m, y_m, facing_rad = np.array(knots).T
        return Visit(t_ms, x_m, y_m, facing_rad, basket, left_ms if paying else None)

    def _mission(self, door: int) -> list[Stop]:
        """What she came for, in the order of who takes the nearest next."""
        premises, rng = self._premises, self._rng
        count = min(int(rng.integers(FEWEST_STOPS, MOST_STOPS + 1)), len(premises.shelves))
        left = [premises.shelves[number] for number in rng.choice(len(premises.shelves), count, replace=False)]
        stops, here = [], door
        while left:
            away = [float(np.hypot(*(premises.ways.points[cell] - premises.ways.points[here]))) for cell, _ in left]
            here, product = left.pop(int(np.argmin(away)))
            stops.append(Stop(here, _ms(rng, SHORTEST_PAUSE_S, LONGEST_PAUSE_S), premises.facing(here), product))
        return stops

    def _walk(self, door: int, stops: Sequence[Stop], starts_ms: int) -> tuple[list[tuple[float, float, float, float]], int]:
        """The knots (t, x, y, facing) from the door over `stops` back to it, and when the last stop ended."""
        at, here, knots = float(starts_ms), door, list[tuple[float, float, float, float]]()
        for stop in stops:
            at = self._leg(knots, at, self._premises.ways.way(here, stop.cell))
            x, y = (float(value) for value in self._premises.ways.points[stop.cell])
            knots.append((at, x, y, stop.facing_rad))
            at, here = at + stop.pause_ms, stop.cell
        left_ms = round(at)
        way = self._premises.ways.way(here, door)
        at = self._leg(knots, at, way)
        knots.append((at, *way[-1], knots[-1][3]))
        return knots, left_ms

    def _leg(self, knots: list[tuple[float, float, float, float]], at: float, way: Sequence[Point]) -> float:
        """Appends the knots of a way, its last point left out; returns when she is there."""
        for (x, y), (to_x, to_y) in pairwise(way):
            knots.append((at, x, y, float(np.arctan2(to_y - y, to_x - x))))
            at += float(np.hypot(to_x - x, to_y - y)) / self._speed_mps * 1000
        return at


class Crowd:
    """All people, and where each is at any moment of her present visit."""

    def __init__(self, premises: Premises, people: int, seed: int) -> None:
        arrivals = np.cumsum(np.random.default_rng([seed, 1]).exponential(MEAN_BETWEEN_ARRIVALS_S * 1000, people))
        arrivals -= arrivals[0] if people else 0.0  # an empty shop is no demo: the first one is at the door
        self.people = [Person(premises, np.random.default_rng([seed, 2, number]), round(at)) for number, at in enumerate(arrivals)]
        self._join()

    def move_on(self, past_ms: int) -> list[int]:
        """Sends whoever left before `past_ms` on to her next visit; returns who that was."""
        gone = [number for number, person in enumerate(self.people) if person.visit.ends_ms < past_ms]
        for number in gone:
            self.people[number].move_on()
        if gone:
            self._join()
        return gone

    def inside(self, from_ms: int, until_ms: int) -> Ints:
        """Who is in the shop at some time in (from, until]."""
        return np.flatnonzero((self._starts_ms <= until_ms) & (self._ends_ms > from_ms))

    def places(self, person: Ints, at_ms: Ints) -> tuple[Floats, Floats, Floats]:
        """x, y and facing of each of `person` at each of `at_ms` (both of shape (n,)); NaN where she is not in the shop."""
        here = (at_ms >= self._starts_ms[person]) & (at_ms <= self._ends_ms[person])
        knot = np.searchsorted(self._order, person * _LIFE_MS + at_ms, side="right") - 1
        after = np.minimum(knot + 1, self._first[person + 1] - 1)
        gone = at_ms - self._knots[0, knot]
        share = gone / np.maximum(self._knots[0, after] - self._knots[0, knot], 1e-9)
        x, y = (self._knots[axis, knot] + share * (self._knots[axis, after] - self._knots[axis, knot]) for axis in (1, 2))
        return np.where(here, x, np.nan), np.where(here, y, np.nan), np.where(here, self._knots[3, knot], np.nan)

    def _join(self) -> None:
        """All visits' knots in one row of columns, ordered by person and time, so that places of many are found at once."""
        visits = [person.visit for person in self.people]
        self._starts_ms = np.array([visit.starts_ms for visit in visits], dtype=np.int64)
        self._ends_ms = np.array([visit.ends_ms for visit in visits], dtype=np.int64)
        self._first = np.cumsum([0, *(len(visit.t_ms) for visit in visits)])
        columns = [[getattr(visit, name) for visit in visits] for name in ("t_ms", "x_m", "y_m", "facing_rad")]
        self._knots = np.array([np.concatenate(column) if column else np.empty(0) for column in columns])
        self._order = np.repeat(np.arange(len(visits)), np.diff(self._first)) * float(_LIFE_MS) + self._knots[0]


def _spread(cells: Ints, count: int) -> Ints:
    """`count` of `cells` at even distances, a cell several times where there are fewer; none of none."""
    return cells[(2 * np.arange(count if len(cells) else 0) + 1) * len(cells) // (2 * max(1, count))]


def _ms(rng: np.random.Generator, least_s: float, most_s: float) -> int:
    return round(float(rng.uniform(least_s, most_s)) * 1000)
