"""Validation: what is wrong with a plan, as a list; an empty one is what `queries.publish` asks for.

Pure. It says what cannot be right (two zones of one id, a ring that crosses itself), not what is unwise.
"""

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from shapely import LinearRing, is_valid_reason
from shapely.geometry import MultiPolygon
from shapely.geometry import Polygon as Shape

from floorplans.model import ZONE_KINDS, Level, Placement, Plan, Polygon, Ring, Zone

LONGEST_ID: Final = 64
"""Characters; what every table that keeps such an id has room for."""


class Problem(NamedTuple):
    """One thing that is wrong."""

    at: str
    """`zone bakery, polygon 0`"""
    found: str
    expected: str

    def __str__(self) -> str:
        return f"{self.at}: {self.found}, expected {self.expected}"


def problems(plan: Plan) -> list[Problem]:
    """Everything that is wrong with `plan`, in its own order; empty when nothing is."""
    levels = frozenset(level.id for level in plan.levels)
    found = [*_ids("level", [level.id for level in plan.levels]), *_ids("zone", [zone.id for zone in plan.zones])]
    found += _repeats("placement", ((spot.kind, spot.subject, spot.from_ms) for spot in plan.placements))
    for level in plan.levels:
        found += _of_level(level)
    zones = frozenset(zone.id for zone in plan.zones)
    for zone in plan.zones:
        found += _of_zone(zone, levels, zones)
    for spot in plan.placements:
        found += _of_placement(spot, levels)
    return found


def _ids(what: str, ids: Sequence[str]) -> list[Problem]:
    odd = (known for known in ids if not 0 < len(known) <= LONGEST_ID)
    lengths = [Problem(f"{what} {known[:20]!r}", f"an id of {len(known)} characters", f"1 to {LONGEST_ID}") for known in odd]
    return lengths + _repeats(what, ids)


def _repeats(what: str, keys: Iterable[Hashable]) -> list[Problem]:
    return [Problem(f"{what} {key}", f"{count} of this id", "ids used once") for key, count in Counter(keys).items() if count > 1]


def _of_level(level: Level) -> Iterator[Problem]:
    yield from _of_polygons(f"level {level.id}, outline", level.outline)
    yield from _of_polygons(f"level {level.id}, obstacle", level.obstacles)


def _of_zone(zone: Zone, levels: frozenset[str], zones: frozenset[str]) -> Iterator[Problem]:
    at = f"zone {zone.id}"
    if zone.kind not in ZONE_KINDS:
        yield Problem(at, f"kind {zone.kind!r}", f"one of {', '.join(ZONE_KINDS)}")
    if zone.level not in levels:
        yield Problem(at, f"unknown level {zone.level!r}", _one_of("level", levels))
    if zone.parent is not None and zone.parent not in zones:
        yield Problem(at, f"unknown parent {zone.parent!r}", "a zone of this plan")
    if not zone.polygons:
        yield Problem(at, "no polygon", "at least one")
    if not zone.names.ar or not zone.names.en:
        yield Problem(at, "an empty name", "names in Arabic and in English")
    yield from _of_polygons(f"{at}, polygon", zone.polygons, side_by_side=True)


def _of_placement(spot: Placement, levels: frozenset[str]) -> Iterator[Problem]:
    at = f"placement of {spot.kind} {spot.subject}"
    if spot.level not in levels:
        yield Problem(at, f"unknown level {spot.level!r}", _one_of("level", levels))
    if not all(map(math.isfinite, (spot.x_m, spot.y_m, spot.z_m))):
        yield Problem(at, f"({spot.x_m}, {spot.y_m}, {spot.z_m})", "finite metres")


def _of_polygons(at: str, polygons: Sequence[Polygon], side_by_side: bool = False) -> Iterator[Problem]:
    """Faults of the rings; where those are sound, of how they lie in each polygon; where those are, of how these lie `side_by_side`."""
    odd = [Problem(f"{at} {n}", *fault) for n, one in enumerate(polygons) for ring in (one.outer, *one.holes) for fault in _of_ring(ring)]
    if odd:
        yield from odd
        return
    shapes = [Shape(polygon.outer, polygon.holes) for polygon in polygons]
    odd = [
        Problem(f"{at} {n}", is_valid_reason(one), "holes inside, that do not cross") for n, one in enumerate(shapes) if not one.is_valid
    ]
    yield from odd
    together = MultiPolygon(shapes)
    if side_by_side and not odd and not together.is_valid:
        yield Problem(f"{at}s", is_valid_reason(together), "polygons that do not overlap")


def _of_ring(ring: Ring) -> Iterator[tuple[str, str]]:
    """What was found and what was expected."""
    if len(ring) < 3:
        yield f"a ring of {len(ring)} points", "at least 3"
    elif not all(math.isfinite(x) and math.isfinite(y) for x, y in ring):
        yield "a point that is not finite", "metres in the level's frame"
    elif not LinearRing(ring).is_simple or not Shape(ring).area:
        yield "a ring that crosses itself", "a simple ring"


def _one_of(what: str, known: frozenset[str]) -> str:
    return f"a {what} of this plan ({', '.join(sorted(known)) or 'it has none'})"
