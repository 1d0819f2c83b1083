"""What to look at on a plan: all that `validate.py` refuses, and what is only unwise, each with place, severity and often a fix.

Pure. The rules' slack is there because real plans need it: of four real IMDF archives a tenth of all doors touch no two rooms. A fix is
offered only where it cannot do harm; it is a plan part to put in the faulty one's place. Sentences stand in `sentences.py`.
"""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, Literal

import numpy as np
import shapely

from floorplans.model import UNIT_KINDS, Fixture, Level, Placement, Plan, Point, Zone
from floorplans.shapes import outline_of, polygons_of, shape_of
from floorplans.validate import problems

Severity = Literal["error", "warning", "hint"]

OUT_SHARE: Final = 0.01
"""Of a zone that may stick out of its level; walls are drawn twice, and not always alike."""
OVERLAP_SHARE: Final = 0.02
"""Of the smaller zone that may lie in another."""
SLACK_M2: Final = 0.1
"""No overlap is worth a word under this: two rooms of 5 m that share a wall of 2 cm."""
BODY_M: Final = 0.35
"""Half of what a person with a basket needs to pass; narrower gaps part the floor."""
ISLAND_M2: Final = 1.0
"""A part of the floor one cannot reach; smaller ones are corners between shelves."""
NEAR_DOOR_M: Final = 0.5
SOLID: Final = ("shelf", "freezer", "checkout", "furniture", "equipment", "obstruction", "column")
"""Fixtures one walks around. Walls and windows part rooms, which doors join again: that is for wayfinding to know."""
EXCLUSIVE: Final = (*UNIT_KINDS, "aisle")
"""Kinds of which two do not share floor: units with units, aisles with aisles."""
HALLS: Final = ("corridor", "parking", "void")
"""Kinds that may hold a whole unit: a station's hall with kiosks in it, drawn over the hall and not cut out of it."""
INSIDE_SHARE: Final = 0.95
MOST: Final = 500


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at."""

    code: str
    severity: Severity
    at: str
    """`zone bakery`"""
    level: str = ""
    place: Point | None = None
    """In metres of the level's frame, to zoom to."""
    values: Mapping[str, str] = field(default_factory=dict)
    fix: Zone | Level | Placement | None = None
    """What to put in the faulty one's place; None where only a person can know."""


def findings(plan: Plan, gateways: Iterable[str] = ()) -> list[Finding]:
    """Everything to look at, errors first. `gateways` are those that are enrolled at the venue."""
    unsound = [Finding(one.code, "error", one.at, values={"found": one.found, "expected": one.expected}) for one in problems(plan)]
    mends = {one.at: one for one in _crossing(plan)}
    unsound = [mends.get(_whose(one.at), one) if one.code == "crossing_ring" else one for one in unsound]
    found = [*unsound, *_twins(plan), *_unplaced(plan, gateways), *_bare_levels(plan), *_one_language(plan)]
    floors = _Floors(plan)
    for level in plan.levels:
        found += floors.of(level)
    order = {"error": 0, "warning": 1, "hint": 2}
    return sorted(found, key=lambda one: order[one.severity])[:MOST]


def elsewhere(plan: Plan, places: Mapping[tuple[str, str], str]) -> list[Finding]:
    """Gateways and beacons that another venue's plan has too: by kind and subject in lower case, with that venue."""
    last = {(one.kind, one.subject.lower()): one for one in sorted(plan.placements, key=lambda one: one.from_ms)}
    return [
        Finding("identity_elsewhere", "warning", f"{one.kind} {one.subject}", one.level, (one.x_m, one.y_m), {"venue": places[key]})
        for key, one in last.items()
        if key in places
    ]


def _whose(at: str) -> str:
    return at.partition(",")[0]


def _crossing(plan: Plan) -> Iterator[Finding]:
    """Zones whose rings cross themselves, mended: each loop becomes a polygon of its own."""
    for zone in plan.zones:
        if any(len(one.outer) < 3 or not all(map(math.isfinite, sum(one.outer, ()))) for one in zone.polygons):
            continue
        mended = polygons_of(shape_of(zone.polygons))
        if mended:
            yield Finding(
                "crossing_ring", "error", f"zone {zone.id}", zone.level, zone.polygons[0].outer[0], fix=replace(zone, polygons=mended)
            )


def _twins(plan: Plan) -> Iterator[Finding]:
    """One identity in two places at once: beacon keys are compared as radios do, without regard to case."""
    spots: dict[tuple[str, str, int], list[Placement]] = defaultdict(list)
    for placement in plan.placements:
        spots[placement.kind, placement.subject.lower(), placement.from_ms].append(placement)
    for (kind, subject, _), twins in spots.items():
        if len(twins) > 1:
            last = twins[-1]
            yield Finding("identity_twice", "error", f"{kind} {subject}", last.level, (last.x_m, last.y_m), {"count": str(len(twins))})


def _unplaced(plan: Plan, gateways: Iterable[str]) -> Iterator[Finding]:
    placed = {placement.subject for placement in plan.placements if placement.kind == "gateway"}
    for gateway in sorted(set(gateways) - placed):
        yield Finding("gateway_unplaced", "warning", f"gateway {gateway}")


def _bare_levels(plan: Plan) -> Iterator[Finding]:
    for level in plan.levels:
        if level.outline:
            continue
        on_it = [polygon for part in (plan.zones, plan.fixtures) for one in part if one.level == level.id for polygon in one.polygons]
        fix = replace(level, outline=outline_of(on_it)) if on_it and not problems(plan) else None
        yield Finding("no_outline", "warning", f"level {level.id}", level.id, fix=fix)


def _one_language(plan: Plan) -> Iterator[Finding]:
    """One line for the whole plan: imported ones have one language throughout."""
    count = sum(zone.names.ar == zone.names.en for zone in plan.zones)
    if count:
        yield Finding("one_language", "hint", f"{count} zones", values={"count": str(count)})


class _Floors:
    """The shapes of each level, where they are sound enough to reckon with."""

    def __init__(self, plan: Plan) -> None:
        unsound = {_whose(one.at) for one in problems(plan)}
        self._plan = plan
        self._unsound = unsound
        self._zones: dict[str, list[Zone]] = defaultdict(list)
        self._fixtures: dict[str, list[Fixture]] = defaultdict(list)
        for zone in plan.zones:
            if f"zone {zone.id}" not in unsound:
                self._zones[zone.level].append(zone)
        for fixture in plan.fixtures:
            if f"fixture {fixture.id}" not in unsound and fixture.kind in SOLID:
                self._fixtures[fixture.level].append(fixture)

    def of(self, level: Level) -> Iterator[Finding]:
        if f"level {level.id}" in self._unsound:
            return
        zones = self._zones[level.id]
        shapes = np.array([shape_of(zone.polygons) for zone in zones], dtype=object)
        yield from _overlaps(zones, shapes)
        yield from self._apart(level, zones, shapes)
        if level.outline:
            floor = shape_of(level.outline)
            yield from _outside(level, floor, zones, shapes)
            yield from self._misplaced(level, floor)
            yield from self._islands(level, floor)
        yield from self._outside_parent(zones)

    def _misplaced(self, level: Level, floor: Any) -> Iterator[Finding]:
        for one in self._plan.placements:
            if one.level == level.id and not floor.buffer(1.0).covers(shapely.Point(one.x_m, one.y_m)):
                yield Finding("placement_outside", "warning", f"{one.kind} {one.subject}", level.id, (one.x_m, one.y_m))

    def _islands(self, level: Level, floor: Any) -> Iterator[Finding]:
        """Parts of the floor that shelves cut off."""
        solid = [polygon for fixture in self._fixtures[level.id] for polygon in fixture.polygons] + list(level.obstacles)
        if not solid:
            return
        walkable = floor.difference(shape_of(solid)).buffer(-BODY_M)
        parts = sorted((part for part in shapely.get_parts(walkable) if part.area >= ISLAND_M2), key=lambda part: -part.area)
        for part in parts[1:]:
            yield Finding("island", "warning", f"level {level.id}", level.id, _inside(part), {"area": f"{part.area:.1f}"})

    def _apart(self, level: Level, zones: Sequence[Zone], shapes: Any) -> Iterator[Finding]:
        """Doors near no room and no wall at all."""
        units = [shape for zone, shape in zip(zones, shapes, strict=True) if zone.kind in UNIT_KINDS]
        walls = [shape_of(one.polygons) for one in self._plan.fixtures if one.level == level.id and one.kind in ("wall", "window")]
        if not units and not walls:
            return
        tree = shapely.STRtree([*units, *walls])
        for one in self._plan.openings:
            if one.level == level.id and len(one.line) > 1 and not len(tree.query(shapely.LineString(one.line), "dwithin", NEAR_DOOR_M)):
                yield Finding("door_apart", "warning", f"opening {one.id}", level.id, one.line[0])

    def _outside_parent(self, zones: Sequence[Zone]) -> Iterator[Finding]:
        by_id = {zone.id: zone for zone in self._plan.zones}
        for zone in zones:
            parent = by_id.get(zone.parent) if zone.parent else None
            if parent is None or parent.kind == "venue" or f"zone {parent.id}" in self._unsound:
                continue
            if parent.level != zone.level or not shape_of(parent.polygons).intersects(shape_of(zone.polygons)):
                fix = replace(zone, parent=None)
                yield Finding("orphan", "warning", f"zone {zone.id}", zone.level, zone.polygons[0].outer[0], {"parent": parent.id}, fix)


def _outside(level: Level, floor: Any, zones: Sequence[Zone], shapes: Any) -> Iterator[Finding]:
    shapely.prepare(floor)
    for zone, shape in zip(zones, shapes, strict=True):
        if shapely.covers(floor, shape):
            continue
        out = shape.difference(floor)
        if out.area <= max(SLACK_M2, OUT_SHARE * shape.area):
            continue
        clipped = polygons_of(shape.intersection(floor))
        fix = replace(zone, polygons=clipped) if clipped and out.area < shape.area / 2 else None
        share = f"{100 * out.area / shape.area:.0f}"
        yield Finding("outside_level", "warning", f"zone {zone.id}", level.id, _inside(out), {"share": share, "level": level.id}, fix)


def _overlaps(zones: Sequence[Zone], shapes: Any) -> Iterator[Finding]:
    if len(zones) < 2:
        return
    firsts, seconds = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    for first, second in sorted((int(a), int(b)) for a, b in zip(firsts, seconds, strict=True) if a < b):
        if not _exclusive(zones[first], zones[second]):
            continue
        shared = shapely.intersection(shapes[first], shapes[second])
        smaller = min(shapes[first].area, shapes[second].area)
        larger = zones[first] if shapes[first].area > smaller else zones[second]
        stands_in_hall = larger.kind in HALLS and shared.area > INSIDE_SHARE * smaller
        if shared.area > max(SLACK_M2, OVERLAP_SHARE * smaller) and not stands_in_hall:
            values = {"other": zones[second].id, "share": f"{100 * shared.area / smaller:.0f}"}
            yield Finding("overlap", "warning", f"zone {zones[first].id}", zones[first].level, _inside(shared), values)


def _exclusive(one: Zone, other: Zone) -> bool:
    if one.parent == other.id or other.parent == one.id:
        return False
    return (one.kind in UNIT_KINDS and other.kind in UNIT_KINDS) or (one.kind == other.kind and one.kind in EXCLUSIVE)


def _inside(shape: Any) -> Point:
    """A place to zoom to."""
    at = shape.representative_point()
    return (round(float(at.x), 2), round(float(at.y), 2))


def counted(found: Iterable[Finding]) -> Mapping[str, int]:
    """How many of each code."""
    return dict(sorted(Counter(one.code for one in found).items()))
