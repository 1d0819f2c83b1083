"""Wayfinding: the shortest way from anywhere to anywhere in a venue, over its levels, and the order to fetch a list in.

Pure. A Wayfinder is made once from a plan and asked often: the caller keeps it by the plan's version. On one level ways are exact; over
levels they take the least time, with walking at WALK_MPS. Whoever stands off the walkable floor starts at its nearest point, and the answer
says how far that is. What a walker is told is for `directions.py`, what a phone draws for `route_path.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import shapely

from floorplans.findings import BODY_M
from floorplans.level_links import Spot, passages
from floorplans.model import Plan
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


Place = Spot | AtZone | AtProduct


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

    def stop(self, place: Place, step_free: bool = False) -> Stop:
        """Where on the walkable floor a place is. Raises NoRoute."""
        network = self._network(step_free)
        if isinstance(place, AtZone):
            zone = self._zones.get(place.zone)
            if zone is None:
                raise NoRoute("unknown_zone", place.zone)
            at, off_m = within(network.area(zone.level), shape_of(zone.polygons))
            return Stop(zone.level, at, off_m, zone.names)
        if isinstance(place, AtProduct):
            return self._before_shelf(place.product, network)
        if not (np.isfinite(place.x_m) and np.isfinite(place.y_m)):
            raise NoRoute("not_walkable", f"({place.x_m}, {place.y_m}) on level {place.level}")
        at, off_m = snapped(network.area(place.level), (place.x_m, place.y_m))
        return Stop(place.level, at, off_m, aim=(place.x_m, place.y_m) if off_m else None)

    def route(self, start: Place | Stop, goal: Place | Stop, step_free: bool = False) -> Route:
        """The way that takes the least time; the shortest where it stays on one level. Raises NoRoute."""
        stops = [one if isinstance(one, Stop) else self.stop(one, step_free) for one in (start, goal)]
        return Ways(self._network(step_free), stops, step_free, sources=(0,)).route(0, 1)

    def errand(
        self, start: Place | Stop, stops: Sequence[Place | Stop], end: Place | Stop | None = None, step_free: bool = False
    ) -> Errand:
        """A list fetched in a short order, from `start`, and on to `end` where one is given. Raises NoRoute for what cannot be reached."""
        wanted = [start, *stops, *([] if end is None else [end])]
        found = [one if isinstance(one, Stop) else self.stop(one, step_free) for one in wanted]
        ways = Ways(self._network(step_free), found, step_free)
        tour = in_order(ways.seconds(), 0, None if end is None else len(found) - 1)
        routes = tuple(ways.route(a, b) for a, b in pairwise(tour))
        return Errand(tuple(at - 1 for at in tour[1 : len(stops) + 1]), routes)

    def _network(self, step_free: bool) -> Network:
        return self._step_free if step_free else self._all

    def _before_shelf(self, product: str, network: Network) -> Stop:
        shelving = self._shelved.get(product)
        fixture = self._fixtures.get(shelving.fixture) if shelving else None
        if shelving is None or fixture is None:
            raise NoRoute("unplaced_product", product)
        at, _ = snapped(network.area(fixture.level), before_bay(fixture, shelving.bay, self._body_m + STANDING_M))
        reach = shapely.shortest_line(shapely.Point(at), shape_of(fixture.polygons))
        x, y = shapely.get_coordinates(reach)[-1].tolist()
        return Stop(fixture.level, at, max(0.0, float(reach.length) - self._body_m - STANDING_M), fixture.names, product, (x, y))
