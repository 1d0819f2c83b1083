"""Wayfinding: the shortest way from anywhere to anywhere in a venue, over its levels, and the order to fetch a list in.

Pure. A Wayfinder is made once from a plan and asked often: the caller keeps it by the plan's version. On one level ways are exact; over
levels they take the least time, with walking at WALK_MPS. Whoever stands off the walkable floor starts at its nearest point, and the answer
says how far that is. What a walker is told is for `directions.py`, what a phone draws for `route_path.py`.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import shapely

from floorplans.findings import BODY_M
from floorplans.level_links import Spot, passages
from floorplans.model import Plan, Point
from floorplans.route import NoRoute, Route, Stop
from floorplans.shapes import shape_of
from floorplans.shopping_order import in_order
from floorplans.walkable import Island, before_bay, snapped, within
from floorplans.way_network import Floors, Network, Ways
from groundwork.contracts.ids import LevelId, ZoneId

STANDING_M: Final = 0.05
"""Beyond half a body: how far before a shelf one stands."""


class AtZone(NamedTuple):
    """The walkable point nearest to the zone's middle."""

    zone: ZoneId


class AtProduct(NamedTuple):
    """Before the bay of the shelf where a product stands."""

    product: str


class AtShelf(NamedTuple):
    """Before a bay of a shelf, or of whatever else stands on the floor."""

    fixture: str
    bay: int = 1


class AtPoint(NamedTuple):
    """At a point of interest."""

    point: str


class AtOpening(NamedTuple):
    """In a door."""

    opening: str


Place = Spot | AtZone | AtProduct | AtShelf | AtPoint | AtOpening

_KINDS: Final = ("zone", "point", "opening", "shelf", "product")
"""What a place may be called by, in the order in which an id is looked for."""
_SPOT: Final = re.compile(r"(?P<level>.+):(?P<x>-?\d{1,7}(?:\.\d{1,9})?),(?P<y>-?\d{1,7}(?:\.\d{1,9})?)")
_BAY: Final = re.compile(r"(?P<fixture>.+)#(?P<bay>\d{1,4})")


@dataclass(frozen=True, slots=True)
class Errand:
    """A list in the order to fetch it in, with the way to each stop."""

    order: tuple[int, ...]
    """Places in the list that was given."""
    routes: tuple[Route, ...]
    """To each stop in that order, and to the end where one was given."""

    @property
    def metres(self) -> float:
        return sum(route.metres for route in self.routes)

    @property
    def seconds(self) -> float:
        return sum(route.seconds for route in self.routes)


class Wayfinder:
    """Ways through one version of a plan. Making it takes tens of milliseconds for a shop and seconds for a mall; asking, a few."""

    def __init__(self, plan: Plan, body_m: float = BODY_M) -> None:
        self.plan = plan
        self._body_m = body_m
        self._levels = {level.id: level for level in plan.levels}
        self._zones = {zone.id: zone for zone in plan.zones}
        self._fixtures = {fixture.id: fixture for fixture in plan.fixtures}
        self._shelved = {one.product: one for one in reversed(plan.shelved)}
        self._points = {one.id: one for one in plan.points}
        self._openings = {one.id: one for one in plan.openings if one.line}
        steps = frozenset(one.id for one in plan.openings if one.step_free is False)
        links = passages(plan)
        floors = Floors(plan, body_m)
        self._all = Network(plan, floors, links)
        without_steps = Floors(plan, body_m, steps) if steps else floors
        self._step_free = Network(plan, without_steps, [link for link in links if link.step_free])
        self.islands: tuple[Island, ...] = self._all.islands

    def area(self, level: LevelId) -> Any:
        """Where one can walk on a level and get anywhere else on it: a shapely geometry."""
        return self._network(False).area(level)

    def named(self, text: str) -> Place:
        """The place that is meant by a text: `LEVEL:x,y` in metres, or the id of a zone, point, opening, shelf (`ID#bay`) or product.

        Ids are looked for in that order; `product:ID` and the like say which is meant. Raises NoRoute where the plan has none of that id.
        """
        kind, _, rest = text.partition(":")
        found = self._of_kind(kind, rest, said=True) if rest and kind in _KINDS else None
        if found is None and (spot := _SPOT.fullmatch(text)) and LevelId(spot["level"]) in self._levels:
            found = Spot(LevelId(spot["level"]), float(spot["x"]), float(spot["y"]))
        if found is None:
            found = next((place for kind in _KINDS if (place := self._of_kind(kind, text)) is not None), None)
        if found is None:
            raise NoRoute("unknown_place", text)
        return found

    def _of_kind(self, kind: str, name: str, *, said: bool = False) -> Place | None:
        """The place of that kind and id; one that is `said` to be a product is one, on a shelf or not."""
        bay = _BAY.fullmatch(name)
        known: dict[str, Callable[[], Place | None]] = {
            "zone": lambda: AtZone(ZoneId(name)) if name in self._zones else None,
            "point": lambda: AtPoint(name) if name in self._points else None,
            "opening": lambda: AtOpening(name) if name in self._openings else None,
            "shelf": lambda: (
                AtShelf(name) if name in self._fixtures
                else AtShelf(bay["fixture"], int(bay["bay"])) if bay and bay["fixture"] in self._fixtures
                else None
            ),
            "product": lambda: AtProduct(name) if name in self._shelved or said else None,
        }  # fmt: skip
        return known[kind]()

    def stop(self, place: Place, step_free: bool = False) -> Stop:
        """Where on the walkable floor a place is. Raises NoRoute."""
        network = self._network(step_free)
        match place:
            case AtZone(name):
                return self._in_zone(name, network)
            case AtProduct(product):
                return self._before_product(product, network)
            case AtShelf(name, bay):
                return self._before_shelf(name, bay, network)
            case AtPoint(name):
                return self._at_point(name, network)
            case AtOpening(name):
                return self._in_opening(name, network)
        if not (np.isfinite(place.x_m) and np.isfinite(place.y_m)):
            raise NoRoute("not_walkable", f"({place.x_m}, {place.y_m}) on level {place.level}")
        return _snapped(network, place.level, (place.x_m, place.y_m))

    def _in_zone(self, name: ZoneId, network: Network) -> Stop:
        zone = self._zones.get(name)
        if zone is None:
            raise NoRoute("unknown_zone", name)
        at, off_m = within(network.area(zone.level), shape_of(zone.polygons))
        return Stop(zone.level, at, off_m, zone.names)

    def _at_point(self, name: str, network: Network) -> Stop:
        point = self._points.get(name)
        if point is None:
            raise NoRoute("unknown_place", name)
        zone = self._zones.get(point.zone) if point.zone else None
        names = point.names or (zone.names if zone else None)
        return _snapped(network, point.level, (point.x_m, point.y_m))._replace(names=names)

    def _in_opening(self, name: str, network: Network) -> Stop:
        opening = self._openings.get(name)
        if opening is None:
            raise NoRoute("unknown_place", name)
        (x, y), (u, v) = opening.line[0], opening.line[-1]
        return _snapped(network, opening.level, ((x + u) / 2, (y + v) / 2))._replace(names=opening.names)

    def route(self, start: Place | Stop, goal: Place | Stop, step_free: bool = False) -> Route:
        """The way that takes the least time; the shortest where it stays on one level. Raises NoRoute."""
        return Ways(self._network(step_free), self._stops((start, goal), step_free), step_free, sources=(0,)).route(0, 1)

    def errand(
        self,
        start: Place | Stop,
        stops: Sequence[Place | Stop],
        end: Place | Stop | None = None,
        step_free: bool = False,
        as_given: bool = False,
    ) -> Errand:
        """A list fetched in a short order, or in the one it is given in, from `start`, and on to `end` where one is given.

        Raises NoRoute for what cannot be reached, with the number of the stop: the start is 0, the end comes after all others.
        """
        found = self._stops([start, *stops, *([] if end is None else [end])], step_free)
        last = None if end is None else len(found) - 1
        ways = Ways(self._network(step_free), found, step_free)
        tour = list(range(len(found))) if as_given else in_order(ways.seconds(0, last), 0, last)
        routes = tuple(ways.route(a, b) for a, b in pairwise(tour))
        return Errand(tuple(at - 1 for at in tour[1 : len(stops) + 1]), routes)

    def _stops(self, places: Sequence[Place | Stop], step_free: bool) -> list[Stop]:
        found = []
        for number, place in enumerate(places):
            try:
                found.append(place if isinstance(place, Stop) else self.stop(place, step_free))
            except NoRoute as fault:
                raise NoRoute(fault.code, fault.what, number) from None
        return found

    def _network(self, step_free: bool) -> Network:
        return self._step_free if step_free else self._all

    def _before_product(self, product: str, network: Network) -> Stop:
        shelving = self._shelved.get(product)
        if shelving is None or shelving.fixture not in self._fixtures:
            raise NoRoute("unplaced_product", product)
        return self._before_shelf(shelving.fixture, shelving.bay, network)._replace(product=product)

    def _before_shelf(self, name: str, bay: int, network: Network) -> Stop:
        fixture = self._fixtures.get(name)
        if fixture is None:
            raise NoRoute("unknown_place", name)
        at, _ = snapped(network.area(fixture.level), before_bay(fixture, bay, self._body_m + STANDING_M))
        reach = shapely.shortest_line(shapely.Point(at), shape_of(fixture.polygons))
        x, y = shapely.get_coordinates(reach)[-1].tolist()
        return Stop(fixture.level, at, max(0.0, float(reach.length) - self._body_m - STANDING_M), fixture.names, None, (x, y))


def _snapped(network: Network, level: LevelId, point: Point) -> Stop:
    at, off_m = snapped(network.area(level), point)
    return Stop(level, at, off_m, aim=point if off_m else None)
