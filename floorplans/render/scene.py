"""What a picture of a level shows: areas, lines, marks and labels in metres, from the back to the front. Pure.

Areas are pale so that the dark labels keep a contrast over 7 to 1, and kinds that meet in a shop differ in lightness, not in hue alone.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import shapely

from floorplans.model import Level, Names, Plan, Point, Polygon, Ring, Zone
from floorplans.naming import KIND_NAMES
from floorplans.shapes import box_of, shape_of

MARGIN_M: Final = 1.0
LABEL_M: Final = 2.0
"""Wanted height of a line of a label; it shrinks with its room."""
SHARES: Final = (0.4, 0.6, 0.3, 0.7, 0.2, 0.8)
"""How far up a zone a label may stand, where a mark is in the middle; near the middle first."""
CLEAR_PX: Final = 1.0
"""Between a mark's rim and a label."""

Box = tuple[float, float, float, float]

FILL: Final[Mapping[str, str]] = {
    "floor": "#fbfaf7", "wall": "#5b5b5b", "window": "#9cc3d8", "fixture": "#cfc6b8",
    "room": "#eceae4", "shop": "#f6e7c8", "corridor": "#ffffff", "restroom": "#d7e8ef", "staff": "#d9d6d0", "stairs": "#d5d0e6",
    "elevator": "#c5bfe0", "escalator": "#d5d0e6", "ramp": "#dedaec", "parking": "#e3e6e8", "void": "#bfc3c6",
    "department": "#e4efd9", "aisle": "#eef5e6", "shelf": "#d8cdb9", "entrance": "#cfe9d2", "checkout": "#f8d9c4", "pickup": "#f9e0ea",
    "kiosk": "#f3d9a8", "seating": "#e9e3f2", "prayer": "#d3ece6", "offer": "#fdeeb4", "venue": "#f4f4f0",
}  # fmt: skip
INK: Final = "#1f1f1f"
EDGE: Final = "#8a857b"
DETAIL: Final = "#a5a29b"
DOOR: Final = "#b3402a"
WAY: Final = "#c2185b"
MARK: Final[Mapping[str, str]] = {"gateway": "#0b5cad", "beacon": "#7a1fa2", "point": "#3c6e47", "way": WAY}


@dataclass(frozen=True, slots=True)
class Area:
    """A filled polygon."""

    polygon: Polygon
    fill: str
    edge: str = EDGE


@dataclass(frozen=True, slots=True)
class Line:
    """A line of so many pixels, whatever the scale."""

    points: Ring
    colour: str
    width_px: float = 1.0


@dataclass(frozen=True, slots=True)
class Mark:
    """A gateway (square), a beacon or a point of interest (round)."""

    at: Point
    kind: str


@dataclass(frozen=True, slots=True)
class Label:
    """A line of text in the middle of the widest place it has, or in one of `others` where a mark is in the way."""

    text: str
    at: Point
    room_m: float
    height_m: float
    others: tuple[tuple[Point, float], ...] = ()
    """Further places, the best first, each with its room; none where no mark is near."""

    @property
    def spots(self) -> tuple[tuple[Point, float], ...]:
        """Every place it may stand, the best first."""
        return ((self.at, self.room_m), *self.others)


@dataclass(frozen=True, slots=True)
class Scene:
    """All of it; the box is left, bottom, right, top."""

    box: tuple[float, float, float, float]
    areas: tuple[Area, ...]
    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]


def scene_of(plan: Plan, level: Level, language: str = "ar", heat: Mapping[Point, float] | None = None, cell_m: float = 1.0) -> Scene:
    """The level with its zones, fixtures, doors, lines and placements. `heat` colours squares of `cell_m` around its points, 0 to 1."""
    zones = sorted((zone for zone in plan.zones if zone.level == level.id), key=lambda zone: -_area(zone))
    fixtures = [fixture for fixture in plan.fixtures if fixture.level == level.id]
    areas = [Area(polygon, FILL["floor"], INK) for polygon in level.outline]
    areas += [Area(polygon, FILL.get(zone.kind, FILL["room"])) for zone in zones for polygon in zone.polygons]
    areas += [Area(_square(at, cell_m), _warm(share), _warm(share)) for at, share in (heat or {}).items()]
    areas += [Area(polygon, FILL["fixture"]) for polygon in level.obstacles]
    areas += [Area(polygon, FILL.get(one.kind, FILL["fixture"])) for one in fixtures for polygon in one.polygons]
    lines = [Line(line, DETAIL, 0.6) for detail in plan.details if detail.level == level.id for line in detail.lines]
    lines += [Line(opening.line, DOOR, 2.0) for opening in plan.openings if opening.level == level.id]
    marks = [Mark((one.x_m, one.y_m), "point") for one in plan.points if one.level == level.id]
    marks += [Mark((one.x_m, one.y_m), one.kind) for one in plan.placements if one.level == level.id]
    labels = [label for zone in zones if (label := _label(zone, _name(zone, plan), language, marks)) is not None]
    box = _box(areas, lines, marks)
    return Scene(box, tuple(areas), tuple(lines), tuple(marks), tuple(labels))


def with_ways(scene: Scene, walks: Iterable[Ring]) -> Scene:
    """The scene with walks over it, each with a mark where it starts and one where it ends."""
    drawn = [walk for walk in walks if walk]
    lines = tuple(Line(walk, WAY, 3.0) for walk in drawn if len(walk) > 1)
    marks = tuple(Mark(at, "way") for walk in drawn for at in (walk[0], walk[-1]))
    return replace(scene, lines=(*scene.lines, *lines), marks=(*scene.marks, *marks))


def _name(zone: Zone, plan: Plan) -> Names | None:
    """The zone's own name, or that of the shop in it; what is only called by its kind needs no label but for a few."""
    if zone.names != KIND_NAMES.get(zone.kind):
        return zone.names
    occupant = next((one.names for one in plan.points if one.zone == zone.id and one.names), None)
    return occupant or (zone.names if zone.kind in ("stairs", "elevator", "restroom", "entrance", "checkout") else None)


def _label(zone: Zone, names: Names | None, language: str, marks: Sequence[Mark]) -> Label | None:
    if names is None or not zone.polygons:
        return None
    shape = max(shapely.get_parts(shape_of(zone.polygons)), key=lambda part: part.area, default=None)
    if shape is None or shape.area <= 0:
        return None
    left, bottom, right, top = shape.bounds
    (at, room_m), *others = _spots(shape, marked=any(left <= mark.at[0] <= right and bottom <= mark.at[1] <= top for mark in marks))
    text = names.ar if language == "ar" else names.en
    return Label(text, at, room_m, min(LABEL_M, 0.6 * (top - bottom)), tuple(others))


def _spots(shape: Any, *, marked: bool) -> list[tuple[Point, float]]:
    """The middles of lines across the shape, each with its length: the best one, and where marks are about those above and below."""
    left, bottom, right, top = shape.bounds
    heights = [shape.representative_point().y, *(bottom + share * (top - bottom) for share in SHARES if marked)]
    found = []
    for y in heights:
        across = shape.intersection(shapely.LineString([(left - 1, y), (right + 1, y)]))
        chord = max(shapely.get_parts(across), key=lambda part: part.length, default=None)
        if chord is not None and chord.length > 0:
            middle = chord.interpolate(0.5, normalized=True)
            found.append(((float(middle.x), float(middle.y)), float(chord.length)))
    return found


def mark_boxes(scene: Scene, px_per_m: float) -> list[Box]:
    """What the marks cover, in pixels from the picture's left top."""
    left, top = scene.box[0], scene.box[3]
    places = (((mark.at[0] - left) * px_per_m, (top - mark.at[1]) * px_per_m, half_px(mark.kind) + CLEAR_PX) for mark in scene.marks)
    return [(x - half, y - half, x + half, y + half) for x, y, half in places]


def half_px(kind: str) -> float:
    """Half the width of a mark."""
    return 2.5 if kind == "point" else 4.0


def overlap(one: Box, other: Box) -> bool:
    """Whether two boxes (left, top, right, bottom) have something in common."""
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _area(zone: Zone) -> float:
    return float(sum(shapely.Polygon(one.outer).area for one in zone.polygons))


def _square(at: Point, side: float) -> Polygon:
    (x, y), half = at, side / 2
    return Polygon(((x - half, y - half), (x + half, y - half), (x + half, y + half), (x - half, y + half)))


def _warm(share: float) -> str:
    """From pale yellow to dark red; lightness falls all the way, so that it reads without colour too."""
    part = min(max(share, 0.0), 1.0)
    pale, dark = (255, 247, 200), (140, 20, 30)
    return "#" + "".join(f"{round(a + (b - a) * part):02x}" for a, b in zip(pale, dark, strict=True))


def _box(areas: Iterable[Area], lines: Iterable[Line], marks: Iterable[Mark]) -> tuple[float, float, float, float]:
    points: list[Any] = [point for area in areas for point in area.polygon.outer]
    points += [point for line in lines for point in line.points]
    points += [mark.at for mark in marks]
    left, bottom, right, top = box_of(points) or (0.0, 0.0, 1.0, 1.0)
    return left - MARGIN_M, bottom - MARGIN_M, right + MARGIN_M, top + MARGIN_M
