"""Directions: a route as steps that a person can follow, in Arabic and in English.

Left and right are the walker's own, from the heading of the walk before. Distances are rounded to what one can pace; names of places are
set apart by bidirectional isolates (Unicode UAX 9), so that an English name in an Arabic sentence turns nothing round. Finding the route
is for `wayfinding.py`.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import shapely

from floorplans.model import Level, Names, Plan, Point, Zone
from floorplans.route import Change, Leg, Route, Stop
from floorplans.shapes import shape_of
from groundwork.contracts.ids import LevelId, ZoneId
from groundwork.plumbing.reasons import Words

STRAIGHT_DEG: Final = 30.0
"""A bend under this is followed without a word: one walks around the end of a shelf."""
SLIGHT_DEG: Final = 60.0
AROUND_DEG: Final = 150.0
NEAR_BENDS_M: Final = 1.5
"""Bends so near to one another are one turn; it takes two of 45 degrees to get around a wide shelf's end."""
PASSED_M: Final = 1.0
"""A zone one is in for less is not passed, but cut at a corner."""
OFF_M: Final = 1.5
"""Nearer than this to what was asked for, one is there."""
NAMED: Final = (
    "aisle", "department", "checkout", "pickup", "entrance", "kiosk", "seating", "prayer",
    "shop", "corridor", "room", "restroom", "parking",
)  # fmt: skip
"""Zones a walker knows by their names; the others are lines on a plan."""

_WALK: Final = Words("Walk {distance}{zone}.", "امشِ {distance}{zone}.")
_TOWARDS: Final = Words("Start towards {name} and walk {distance}.", "ابدأ باتجاه {name} وامشِ {distance}.")
_TURNS: Final[dict[str, Words]] = {
    "left": Words("Turn left and walk {distance}{zone}.", "انعطف يسارًا وامشِ {distance}{zone}."),
    "right": Words("Turn right and walk {distance}{zone}.", "انعطف يمينًا وامشِ {distance}{zone}."),
    "slight_left": Words("Bear left and walk {distance}{zone}.", "اتجه قليلًا إلى اليسار وامشِ {distance}{zone}."),
    "slight_right": Words("Bear right and walk {distance}{zone}.", "اتجه قليلًا إلى اليمين وامشِ {distance}{zone}."),
    "around": Words("Turn around and walk {distance}{zone}.", "استدر إلى الخلف وامشِ {distance}{zone}."),
}
_THROUGH: Final = Words(" through {name}", " عبر {name}")
_TO: Final = Words(" to {name}", " حتى {name}")
_PAST: Final = Words(" past {name}", " مرورًا بـ {name}")
_UP: Final = Words("Take {means} up to {level}.", "اصعد {means} إلى {level}.")
_DOWN: Final = Words("Take {means} down to {level}.", "انزل {means} إلى {level}.")
_ACROSS: Final = Words("Take {means} to {level}.", "انتقل {means} إلى {level}.")
_MEANS: Final[dict[str, Words]] = {
    "elevator": Words("the lift", "بالمصعد"),
    "escalator": Words("the escalator", "بالسلم المتحرك"),
    "stairs": Words("the stairs", "بالدرج"),
    "ramp": Words("the ramp", "عبر المنحدر"),
    "walkway": Words("the moving walkway", "بالممشى المتحرك"),
    "path": Words("the passage", "عبر المعبر"),
}
_OUTSIDE: Final = Words("Go outside and in again by the other door.", "اخرج ثم ادخل من الباب الآخر.")
_ARRIVED: Final = Words("You have arrived at {name}{side}.", "وصلت إلى {name}{side}.")
_ARRIVED_THERE: Final = Words("You have arrived{side}.", "وصلت إلى وجهتك{side}.")
_SIDES: Final[dict[str, Words]] = {
    "left": Words(", on your left", "، على يسارك"),
    "right": Words(", on your right", "، على يمينك"),
    "ahead": Words(", in front of you", "، أمامك"),
    "behind": Words(", behind you", "، خلفك"),
}
_OFF: Final = Words(" The last {distance} cannot be walked.", " يتعذر المشي في آخر {distance}.")
_METRES: Final[dict[str, Words]] = {
    "one": Words("1 m", "مترًا واحدًا"),
    "two": Words("2 m", "مترين"),
    "few": Words("{count} m", "{count} أمتار"),
    "many": Words("{count} m", "{count} مترًا"),
    "other": Words("{count} m", "{count} متر"),
}

_FIRST_STRONG, _POP = "\u2068", "\u2069"
_CONTROLS: Final = dict.fromkeys([*range(0x202A, 0x202F), *range(0x2066, 0x206A), 0x200E, 0x200F, 0x061C, 0x0A, 0x0D])
"""Marks, embeddings, overrides and isolates, and line ends: a name that opens one would turn round the sentence after it."""


class Step(NamedTuple):
    """One thing to do."""

    kind: str
    """start, straight, left, right, slight_left, slight_right, around, arrive, or the kind of a link: elevator."""
    level: LevelId
    at: Point
    """Where it is done."""
    metres: float
    """Walked in it, not rounded."""
    heading_deg: float | None
    """While walking, at first: counterclockwise from the frame's x. None where one stands or rides."""
    zones: tuple[ZoneId, ...]
    """Walked through, in order."""
    words: Words
    """What the walker is told."""


class _Stretch(NamedTuple):
    """What is walked after one turn."""

    turn: str
    points: tuple[Point, ...]

    @property
    def metres(self) -> float:
        return sum(math.dist(a, b) for a, b in pairwise(self.points))


def directions(plan: Plan, route: Route, signs: "Signs | None" = None) -> list[Step]:
    """The steps of a route, the last one `arrive`. Ask with the plan the route was found on; who asks often keeps its `signs`."""
    signs = signs or Signs(plan)
    steps = [step for part in _parts(route) for step in (signs.walk(part) if isinstance(part, Leg) else [signs.change(part)])]
    return [*steps, signs.arrive(route)]


class _Named:
    """The zones of one level that a walker knows, by where they are."""

    def __init__(self, zones: Sequence[Zone]) -> None:
        self._zones = zones
        self._shapes = [shape_of(zone.polygons) for zone in zones]
        self._tree = shapely.STRtree(self._shapes)

    def on(self, way: Any) -> list[tuple[Zone, Any]]:
        """Those the way touches, with their shapes, the smallest first."""
        near = [(self._zones[n], self._shapes[n]) for n in sorted(self._tree.query(way, predicate="intersects").tolist())]
        return sorted(near, key=lambda one: float(one[1].area))


class Signs:
    """What there is to tell a walker of on the levels of a plan; a level is looked at when a way first leads over it."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._levels: dict[LevelId, Level] = {level.id: level for level in plan.levels}
        self._named: dict[LevelId, _Named] = {}

    def walk(self, leg: Leg) -> Iterator[Step]:
        """The steps of a walk on one level; none where one does not move."""
        for stretch in _stretches(leg.points):
            zones = self._through(leg.level, stretch.points)
            words = self._told(stretch, zones)
            heading = _heading(stretch.points[0], stretch.points[1])
            yield Step(stretch.turn, leg.level, stretch.points[0], stretch.metres, heading, tuple(zone.id for zone, _ in zones), words)

    def change(self, change: Change) -> Step:
        """Taking the lift."""
        if change.kind == "outside":
            return Step(change.kind, change.origin, change.at, 0.0, None, (), _OUTSIDE)
        words = _ACROSS if change.origin == change.destination or not change.rise_m else _UP if change.rise_m > 0 else _DOWN
        means, level = _MEANS[change.kind], self._levels[change.destination].names
        told = Words(words.said("en", means=means.en, level=_apart(level.en)), words.said("ar", means=means.ar, level=_apart(level.ar)))
        return Step(change.kind, change.origin, change.at, 0.0, None, (), told)

    def arrive(self, route: Route) -> Step:
        """The end, and where to look."""
        goal = route.goal
        side = _side(route.legs[-1].points, goal)
        off = _both(_OFF, distance=_metres(goal.off_m)) if goal.off_m > OFF_M else Words("", "")
        told = _both(_ARRIVED_THERE, side=side) if goal.names is None else _both(_ARRIVED, name=_isolated(goal.names), side=side)
        return Step("arrive", goal.level, goal.at, 0.0, None, (), Words(told.en + off.en, told.ar + off.ar))

    def _told(self, stretch: _Stretch, zones: Sequence[tuple[Zone, float]]) -> Words:
        distance = _metres(stretch.metres)
        if stretch.turn == "start":
            start = shapely.Point(stretch.points[0])
            ahead = next((zone for zone, _ in zones if not shape_of(zone.polygons).covers(start)), None)
            if ahead is not None:
                return _both(_TOWARDS, name=_isolated(ahead.names), distance=distance)
        return _both(_TURNS.get(stretch.turn, _WALK), distance=distance, zone=self._by(stretch, zones))

    def _by(self, stretch: _Stretch, zones: Sequence[tuple[Zone, float]]) -> Words:
        """Which place to look out for: the one the walk ends in, else the one it is longest in."""
        if not zones:
            return Words("", "")
        start, end = (shapely.Point(stretch.points[at]) for at in (0, -1))
        last = shape_of(zones[-1][0].polygons)
        if last.covers(end) and not last.covers(start):
            return _both(_TO, name=_isolated(zones[-1][0].names))
        longest, metres = max(zones, key=lambda one: one[1])
        return _both(_THROUGH if metres >= stretch.metres / 2 else _PAST, name=_isolated(longest.names))

    def _through(self, level: LevelId, points: Sequence[Point]) -> list[tuple[Zone, float]]:
        """The zones on the way in the order they are come to, with the metres in each; of two over one another the smaller."""
        if level not in self._named:
            here = [zone for zone in self._plan.zones if zone.kind in NAMED and zone.level == level]
            self._named[level] = _Named(sorted(here, key=lambda zone: zone.id))
        way = shapely.LineString(points)
        found: list[tuple[float, Zone, float]] = []
        left = way
        for zone, shape in self._named[level].on(way):
            inside = left.intersection(shape)
            if inside.length >= PASSED_M:
                found.append((way.project(shapely.Point(shapely.get_coordinates(inside)[0])), zone, float(inside.length)))
                left = left.difference(shape)
        return [(zone, metres) for _, zone, metres in sorted(found, key=lambda one: one[0])]


def rounded_m(metres: float) -> int:
    """As one says it: whole metres to 20, fives to 100, tens above; never 0."""
    unit = 1 if metres < 20 else 5 if metres < 100 else 10
    return max(1, round(metres / unit) * unit)


def turned_deg(before: float, after: float) -> float:
    """From one heading to another, -180 to 180; to the left is above 0."""
    return (after - before + 180.0) % 360.0 - 180.0


def _parts(route: Route) -> list[Leg | Change]:
    """Legs and changes in turn; two flights of one stair are one change."""
    parts: list[Leg | Change] = [route.legs[0]]
    for change, leg in zip(route.changes, route.legs[1:], strict=True):
        last, before = parts[-1], parts[-2] if len(parts) > 1 else None
        if isinstance(last, Leg) and last.metres < NEAR_BENDS_M and isinstance(before, Change) and _continues(before, change):
            parts[-2:] = [before._replace(destination=change.destination, rise_m=before.rise_m + change.rise_m)]
        else:
            parts.append(change)
        parts.append(leg)
    return parts


def _continues(one: Change, other: Change) -> bool:
    return one.kind == other.kind and one.rise_m * other.rise_m > 0


def _stretches(points: Sequence[Point]) -> Iterator[_Stretch]:
    """The walk cut where one has to be told to turn."""
    if len(points) < 2:
        return
    turn, since = "start", 0
    for first, turned in _bends(points):
        kind = _turn(turned)
        if kind != "straight":
            yield _Stretch(turn, tuple(points[since : first + 1]))
            turn, since = kind, first
    yield _Stretch(turn, tuple(points[since:]))


def _bends(points: Sequence[Point]) -> Iterator[tuple[int, float]]:
    """Bends as one takes them: the first corner of each, and the degrees turned in all."""
    at = 1
    while at < len(points) - 1:
        last = at
        while last + 2 < len(points) and math.dist(points[last], points[last + 1]) < NEAR_BENDS_M:
            last += 1
        turned = sum(_bend(points, n) for n in range(at, last + 1))
        yield at, turned
        at = last + 1


def _bend(points: Sequence[Point], at: int) -> float:
    return turned_deg(_heading(points[at - 1], points[at]), _heading(points[at], points[at + 1]))


def _turn(degrees: float) -> str:
    if abs(degrees) < STRAIGHT_DEG:
        return "straight"
    if abs(degrees) > AROUND_DEG:
        return "around"
    side = "left" if degrees > 0 else "right"
    return f"slight_{side}" if abs(degrees) < SLIGHT_DEG else side


def _side(points: Sequence[Point], goal: Stop) -> Words:
    """On which hand it is; nothing where one stands on it, or did not walk."""
    if goal.aim is None or len(points) < 2 or goal.aim == goal.at:
        return Words("", "")
    turned = turned_deg(_heading(points[-2], points[-1]), _heading(goal.at, goal.aim))
    return _SIDES["ahead" if abs(turned) < 45 else "behind" if abs(turned) > 135 else "left" if turned > 0 else "right"]


def _heading(a: Point, b: Point) -> float:
    return math.degrees(math.atan2(b[1] - a[1], b[0] - a[0]))


def _metres(metres: float) -> Words:
    """A distance with its noun as Arabic counts: one, two, three to ten, eleven to ninety-nine, hundreds."""
    count = rounded_m(metres)
    form = {1: "one", 2: "two"}.get(count) or ("few" if 3 <= count % 100 <= 10 else "many" if count % 100 > 10 else "other")
    return _both(_METRES[form], count=count)


def _both(words: Words, **values: object) -> Words:
    """The sentence in both languages; a value that is Words itself goes in by language."""
    return Words(*(words.said(language, **_spoken(values.items(), language)) for language in ("en", "ar")))


def _spoken(values: Iterable[tuple[str, object]], language: str) -> dict[str, object]:
    return {key: value[language == "ar"] if isinstance(value, Words) else value for key, value in values}


def _isolated(names: Names) -> Words:
    return Words(_apart(names.en), _apart(names.ar))


def _apart(name: str) -> str:
    return f"{_FIRST_STRONG}{name.translate(_CONTROLS).strip()}{_POP}"
