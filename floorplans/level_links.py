"""What leads from level to level: the plan's own links, and the shafts that are drawn on several levels and that no link names.

Pure. Each becomes a Passage between two spots with the seconds it takes; `wayfinding.py` walks to and from them.
"""

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import numpy as np
import shapely

from floorplans.draft import AGAIN
from floorplans.earth import Frame
from floorplans.model import Level, Link, Plan, Zone
from floorplans.shapes import shape_of
from groundwork.contracts.ids import LevelId

WALK_MPS: Final = 1.2
"""A shopper's pace between the shelves, a little under that of a pavement (Fruin, 1971: 1.35). It weighs walking against waiting."""
STOREY_M: Final = 4.5
"""Between two levels of a shop whose heights nobody gave."""
WAIT_S: Final[Mapping[str, float]] = {"elevator": 35.0, "escalator": 2.0}
"""Until a lift is there and its doors have closed; goes up where lifts are slow, and sends more people to the stairs."""
CLIMB_S_PER_M: Final[Mapping[str, float]] = {"elevator": 1.0, "escalator": 4.0, "stairs": 3.3, "ramp": 10.0, "walkway": 0.0, "path": 3.3}
"""Per metre of height, up or down. A lift at 1 m/s; an escalator at 0.5 m/s and 30 degrees (EN 115); stairs at 0.6 m/s along 30 degrees
(Fruin, Pedestrian Planning and Design, 1971: 0.5 up, 0.7 down); a ramp of 1 : 12 walked."""
STEP_FREE: Final = ("elevator", "ramp", "walkway")
"""Kinds one can take on wheels, where the link does not say otherwise; a moving walkway has no step, a path may have some."""
SHAFTS: Final = ("elevator", "stairs", "escalator", "ramp")
"""Zones that lead up or down by being drawn on two levels."""


class Spot(NamedTuple):
    """A point on a level, in metres of its frame."""

    level: LevelId
    x_m: float
    y_m: float


class Mouth(NamedTuple):
    """Where a passage is entered or left."""

    level: LevelId
    shape: Any
    """A shapely geometry: a zone's area, an opening's line, a point of interest."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A way between two shapes, mostly on two levels. What is not `one_way` takes as long back."""

    id: str
    kind: str
    origin: Mouth
    destination: Mouth
    seconds: float
    one_way: bool
    step_free: bool


def passages(plan: Plan) -> list[Passage]:
    """Every way from level to level, the plan's own first; a lift leads from each of its levels to each other one."""
    places = _Places(plan)
    linked = [found for link in plan.links if (found := places.linked(link)) is not None]
    named = {end for link in plan.links for end in (link.origin, link.destination)}
    levels = {level.id for level in plan.levels}
    whole = {link.id for link in plan.links if {link.origin, link.destination} <= levels}
    known = {frozenset((one.origin.level, one.destination.level, one.kind)) for one in linked if one.id in whole}
    return [*linked, *(one for one in places.shafts(named) if frozenset((one.origin.level, one.destination.level, one.kind)) not in known)]


def height_of(level: Level) -> float:
    """The floor's height in metres; by its ordinal where nobody gave it."""
    return level.ordinal * STOREY_M if level.elevation_m is None else level.elevation_m


def seconds_of(kind: str, height_m: float, metres: float = 0.0) -> float:
    """How long a link of this kind takes over a height and a distance on one level."""
    return WAIT_S.get(kind, 0.0) + CLIMB_S_PER_M[kind] * abs(height_m) + metres / WALK_MPS


class _Places:
    """Where the ends of links are."""

    def __init__(self, plan: Plan) -> None:
        self._levels = {level.id: level for level in plan.levels}
        self._zones = {zone.id: zone for zone in plan.zones if zone.level in self._levels}
        self._mouths: dict[str, Mouth] = {zone.id: Mouth(zone.level, shape_of(zone.polygons)) for zone in self._zones.values()}
        for one in plan.openings:
            if one.level in self._levels and one.line:
                points = [*one.line, one.line[0]] if len(one.line) == 1 else one.line
                self._mouths.setdefault(one.id, Mouth(one.level, shapely.LineString(points)))
        for point in plan.points:
            if point.level in self._levels:
                self._mouths.setdefault(point.id, Mouth(point.level, shapely.Point(point.x_m, point.y_m)))

    def linked(self, link: Link) -> Passage | None:
        """The way a link stands for; None where an end is nowhere: a level without a shaft of the link's kind."""
        ends = [self._mouth(link, near, far) for near, far in ((link.origin, link.destination), (link.destination, link.origin))]
        if ends[0] is None or ends[1] is None:
            return None
        return self._passage(link.id, link.kind, ends[0], ends[1], link.one_way, link.step_free)

    def shafts(self, named: Collection[str] = ()) -> Iterator[Passage]:
        """Lifts, stairs, escalators and ramps that are drawn over one another, but for pairs that a link names both of.

        Which way an escalator runs is then not known: both.
        """
        for kind in SHAFTS:
            of_kind = sorted((z for z in self._zones.values() if z.kind == kind), key=lambda z: (self._levels[z.level].ordinal, z.id))
            for shaft in self._stacked(of_kind):
                steps = itertools.combinations(shaft, 2) if kind == "elevator" else itertools.pairwise(shaft)
                for low, high in steps:
                    if low.level != high.level and not {low.id, high.id} <= set(named):
                        yield self._passage(f"{low.id}..{high.id}", kind, self._mouths[low.id], self._mouths[high.id], False, None)

    def _stacked(self, zones: Iterable[Zone]) -> list[list[Zone]]:
        """Zones of one shaft together: each lies over the last one, or is the same room of the source on another level."""
        stacks: list[list[Zone]] = []
        for zone in zones:
            stack = next((stack for stack in stacks if self._continues(stack[-1], zone)), None)
            stacks.append([zone]) if stack is None else stack.append(zone)
        return stacks

    def _continues(self, below: Zone, zone: Zone) -> bool:
        if below.level == zone.level:
            return False
        if below.id.partition(AGAIN)[0] == zone.id.partition(AGAIN)[0]:
            return True
        here, there = self._levels[below.level], self._levels[zone.level]
        return bool(self._mouths[below.id].shape.intersects(_moved(self._mouths[zone.id].shape, there, here)))

    def _mouth(self, link: Link, name: str, other: str) -> Mouth | None:
        if name in self._mouths:
            return self._mouths[name]
        level = self._levels.get(LevelId(name))
        if level is None:
            return None
        drawn = sorted(zone.id for zone in self._zones.values() if zone.level == level.id and zone.kind == link.kind)
        if not drawn:
            return None
        target = self._mouths.get(other)
        if target is None:  # both ends are whole levels: the first shaft, which is the same one on both where they are drawn alike
            return self._mouths[drawn[0]]
        aim = _moved(target.shape, self._levels[target.level], level)
        return self._mouths[min(drawn, key=lambda one: (self._mouths[one].shape.distance(aim), one))]

    def _passage(self, name: str, kind: str, a: Mouth, b: Mouth, one_way: bool, step_free: bool | None) -> Passage:
        height = height_of(self._levels[b.level]) - height_of(self._levels[a.level])
        metres = float(a.shape.centroid.distance(b.shape.centroid)) if a.level == b.level else 0.0
        return Passage(name, kind, a, b, seconds_of(kind, height, metres), one_way, kind in STEP_FREE if step_free is None else step_free)


def _moved(shape: Any, own: Level, other: Level) -> Any:
    """A shape of one level in the frame of another: by way of the earth where both are tied to it, else as it is."""
    if own.anchor is None or other.anchor is None or own.anchor == other.anchor:
        return shape
    here, there = Frame(own.anchor), Frame(other.anchor)
    return shapely.transform(shape, lambda points: np.array([there.to_metres(*here.to_degrees(x, y)) for x, y in points.tolist()]))
