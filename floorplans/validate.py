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

from floorplans.model import FIXTURE_KINDS, OPENING_KINDS, ZONE_KINDS, Level, Placement, Plan, Polygon, Ring, Zone

LONGEST_ID: Final = 64
"""Characters; what every table that keeps such an id has room for."""

LONGEST_NAME: Final = 200
LONGEST_WORD: Final = 64
"""Of a category."""
LONGEST_SUBJECT: Final = 128
HIGHEST_LEVEL: Final = 1_000
LATEST_MS: Final = 253_402_300_800_000
"""The year 10000."""


class Problem(NamedTuple):
    """One thing that cannot be right; such a plan is not published."""

    at: str
    """`zone bakery, polygon 0`"""
    found: str
    expected: str
    code: str = "unsound"
    """For machines, and for the sentence in both languages in `sentences.py`."""

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
    found += _of_parents(plan)
    found += _of_sizes(plan)
    found += _of_parts(plan, levels)
    return found


def _of_sizes(plan: Plan) -> Iterator[Problem]:
    """What the registry has no room for."""
    texts = [(f"level {one.id}", text, LONGEST_NAME) for one in plan.levels for text in (one.names.ar, one.names.en)]
    texts += [(f"zone {one.id}", text, LONGEST_NAME) for one in plan.zones for text in (one.names.ar, one.names.en)]
    texts += [(f"zone {one.id}", one.category, LONGEST_WORD) for one in plan.zones]
    texts += [(f"placement of {one.kind} {one.subject[:20]}", one.subject, LONGEST_SUBJECT) for one in plan.placements]
    for at, text, most in texts:
        if len(text) > most:
            yield Problem(at, f"a text of {len(text)} characters", f"at most {most}", "too_long")
    numbers = [(f"level {one.id}", one.ordinal, -HIGHEST_LEVEL, HIGHEST_LEVEL) for one in plan.levels]
    numbers += [(f"placement of {one.kind} {one.subject[:20]}", one.from_ms, 0, LATEST_MS) for one in plan.placements]
    for at, number, least, most in numbers:
        if not least <= number <= most:
            yield Problem(at, str(number), f"{least} to {most}", "out_of_range")


def _of_parents(plan: Plan) -> Iterator[Problem]:
    """Zones that are inside themselves, by way of others or not."""
    parent = {zone.id: zone.parent for zone in plan.zones}
    for zone in plan.zones:
        seen, above = {zone.id}, zone.parent
        while above is not None and above in parent and above not in seen:
            seen.add(above)
            above = parent[above]
        if above == zone.id:
            yield Problem(f"zone {zone.id}", "a zone that is inside itself", "parents that end at a zone without one", "parent_circle")


def _of_parts(plan: Plan, levels: frozenset[str]) -> Iterator[Problem]:
    """Fixtures, openings, points of interest, lines, and products on shelves."""
    yield from _ids("fixture", [one.id for one in plan.fixtures])
    yield from _ids("opening", [one.id for one in plan.openings])
    yield from _ids("point", [one.id for one in plan.points])
    named = [(f"fixture {one.id}", one.level) for one in plan.fixtures] + [(f"opening {one.id}", one.level) for one in plan.openings]
    named += [(f"point {one.id}", one.level) for one in plan.points] + [(f"details {one.layer}", one.level) for one in plan.details]
    for at, level in named:
        if level not in levels:
            yield Problem(at, f"unknown level {level!r}", _one_of("level", levels), "unknown_level")
    for fixture in plan.fixtures:
        yield from _of_kind(f"fixture {fixture.id}", fixture.kind, FIXTURE_KINDS)
        yield from _of_polygons(f"fixture {fixture.id}, polygon", fixture.polygons)
    for opening in plan.openings:
        yield from _of_kind(f"opening {opening.id}", opening.kind, OPENING_KINDS)
    shelves = {fixture.id for fixture in plan.fixtures}
    for shelving in plan.shelved:
        if shelving.fixture not in shelves:
            yield Problem(
                f"product {shelving.product}", f"unknown fixture {shelving.fixture!r}", "a fixture of this plan", "unknown_fixture"
            )


def _of_kind(at: str, kind: str, known: Sequence[str]) -> Iterator[Problem]:
    if kind not in known:
        yield Problem(at, f"kind {kind!r}", f"one of {', '.join(known)}", "wrong_kind")


def _ids(what: str, ids: Sequence[str]) -> list[Problem]:
    odd = (known for known in ids if not 0 < len(known) <= LONGEST_ID)
    lengths = [Problem(f"{what} {known[:20]!r}", f"an id of {len(known)} characters", f"1 to {LONGEST_ID}", "id_length") for known in odd]
    return lengths + _repeats(what, ids)


def _repeats(what: str, keys: Iterable[Hashable]) -> list[Problem]:
    return [
        Problem(f"{what} {key}", f"{count} of this id", "ids used once", "id_twice") for key, count in Counter(keys).items() if count > 1
    ]


def _of_level(level: Level) -> Iterator[Problem]:
    yield from _of_polygons(f"level {level.id}, outline", level.outline)
    yield from _of_polygons(f"level {level.id}, obstacle", level.obstacles)


def _of_zone(zone: Zone, levels: frozenset[str], zones: frozenset[str]) -> Iterator[Problem]:
    at = f"zone {zone.id}"
    yield from _of_kind(at, zone.kind, ZONE_KINDS)
    if zone.level not in levels:
        yield Problem(at, f"unknown level {zone.level!r}", _one_of("level", levels), "unknown_level")
    if zone.parent is not None and zone.parent not in zones:
        yield Problem(at, f"unknown parent {zone.parent!r}", "a zone of this plan", "unknown_parent")
    if not zone.polygons:
        yield Problem(at, "no polygon", "at least one", "no_polygon")
    if not zone.names.ar or not zone.names.en:
        yield Problem(at, "an empty name", "names in Arabic and in English", "empty_name")
    yield from _of_polygons(f"{at}, polygon", zone.polygons, side_by_side=True)


def _of_placement(spot: Placement, levels: frozenset[str]) -> Iterator[Problem]:
    at = f"placement of {spot.kind} {spot.subject}"
    if spot.level not in levels:
        yield Problem(at, f"unknown level {spot.level!r}", _one_of("level", levels), "unknown_level")
    if not all(map(math.isfinite, (spot.x_m, spot.y_m, spot.z_m))):
        yield Problem(at, f"({spot.x_m}, {spot.y_m}, {spot.z_m})", "finite metres", "not_finite")


def _of_polygons(at: str, polygons: Sequence[Polygon], side_by_side: bool = False) -> Iterator[Problem]:
    """Faults of the rings; where those are sound, of how they lie in each polygon; where those are, of how these lie `side_by_side`."""
    odd = [Problem(f"{at} {n}", *fault) for n, one in enumerate(polygons) for ring in (one.outer, *one.holes) for fault in _of_ring(ring)]
    if odd:
        yield from odd
        return
    shapes = [Shape(polygon.outer, polygon.holes) for polygon in polygons]
    odd = [
        Problem(f"{at} {n}", is_valid_reason(one), "holes inside, that do not cross", "crossing_ring")
        for n, one in enumerate(shapes)
        if not one.is_valid
    ]
    yield from odd
    together = MultiPolygon(shapes)
    if side_by_side and not odd and not together.is_valid:
        yield Problem(f"{at}s", is_valid_reason(together), "polygons that do not overlap", "overlaps_itself")


def _of_ring(ring: Ring) -> Iterator[tuple[str, str, str]]:
    """What was found, what was expected, and the code."""
    if len(ring) < 3:
        yield f"a ring of {len(ring)} points", "at least 3", "short_ring_drawn"
    elif not all(math.isfinite(x) and math.isfinite(y) for x, y in ring):
        yield "a point that is not finite", "metres in the level's frame", "not_finite"
    elif not LinearRing(ring).is_simple or not Shape(ring).area:
        yield "a ring that crosses itself", "a simple ring", "crossing_ring"


def _one_of(what: str, known: frozenset[str]) -> str:
    return f"a {what} of this plan ({', '.join(sorted(known)) or 'it has none'})"
