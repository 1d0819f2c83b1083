"""DXF: a drawing office's plan, in metres where it says its unit (or is told), layer by layer.

What a layer's name says of walls, doors, windows or furniture, in the languages we met, becomes fixtures and openings; all else is lines.
Blocks that hold themselves, and ones inserted a million times over, are refused. ezdxf is imported with the first drawing that is read:
it takes a tenth of a server's start, and most servers never see a drawing.
"""

import math
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import shapely

from floorplans.archive import raw_bytes
from floorplans.draft import Draft
from floorplans.drawing import Choice, Drawn, PlanFileError, Sheet
from floorplans.model import Fixture, Level, Names, Opening, Point, Polygon, Ring
from floorplans.shapes import long_axis, polygons_of, shape_of
from groundwork.contracts.ids import LevelId

if TYPE_CHECKING:
    from ezdxf.document import Drawing
    from ezdxf.entities.dxfgfx import DXFGraphic

UNITS_M: Final = {1: 0.0254, 2: 0.3048, 4: 0.001, 5: 0.01, 6: 1.0, 8: 25.4e-6, 9: 25.4e-9, 10: 0.9144, 14: 0.1}
"""Metres in a unit, by $INSUNITS (DXF reference, header variables)."""
NAMED_UNITS_M: Final = {"mm": 0.001, "cm": 0.01, "m": 1.0, "in": 0.0254, "ft": 0.3048}
LAYERS: Final = (
    ("door", re.compile(r"door|porte|\bt(ü|ue)r|باب|أبواب|ابواب", re.IGNORECASE)),
    ("window", re.compile(r"window|fen[eê]tre|fenster|glaz|نافذ|نوافذ", re.IGNORECASE)),
    ("wall", re.compile(r"wall|mur|wand|concr|column|plaster|partition|جدار|جدران|حائط", re.IGNORECASE)),
    ("furniture", re.compile(r"furn|shelf|shelv|rack|gondola|mobilier|m[oö]bel|أثاث|رفوف", re.IGNORECASE)),
)
MOST_ENTITIES: Final = 300_000
"""With what stands in blocks counted as often as it is inserted."""
MOST_DEPTH: Final = 16
FLATTEN: Final = 0.01
"""Metres that a straight piece may lie off its curve."""
GAP_M: Final = 1.5
"""Half of the widest gap in a wall that belongs to the building: a double door, a window, a glass front."""
THIN_M: Final = 0.05
"""How thick a door's line is taken, so that it closes the gap it stands in."""
PART: Final = 0.02
"""Of the largest part: what is smaller is a column or a fence, and no building."""
LEAF: Final = 0.7
"""A side of a door's box shorter than this share of the longest is its depth."""
HIDDEN: Final = ("Defpoints",)
"""AutoCAD's own layer that is never plotted."""


def knows(_path: Path, head: bytes) -> bool:
    """Whether it begins with a section of a text DXF, or as a binary one does."""
    text = head.decode("latin-1")
    return head.startswith(b"AutoCAD Binary DXF") or re.match(r"\s*(999\s*\n.*\n\s*)*0\s*\r?\n\s*SECTION", text) is not None


def read(path: Path, choice: Choice) -> Drawn:
    """The model space. Raises PlanFileError."""
    import ezdxf
    from ezdxf.lldxf.const import DXFError

    raw_bytes(path)
    try:
        document = ezdxf.readfile(path)  # type: ignore[attr-defined] # re-exported without __all__
    except (DXFError, OSError, ValueError, IndexError, KeyError, UnicodeError) as error:
        raise PlanFileError("bad_drawing", path.name, problem=error) from error
    return _Reading(document, choice, path).drawn()


class _Reading:
    """One drawing on its way in."""

    def __init__(self, document: "Drawing", choice: Choice, path: Path) -> None:
        self._document, self._choice, self._at = document, choice, path.name
        told = NAMED_UNITS_M.get(choice.unit) or UNITS_M.get(document.units)
        self._unit_m = told or 1.0
        self._told = told is not None
        self._draft = Draft()
        self._level = LevelId(choice.level or path.stem[:64])
        self._shown = [layer.dxf.name for layer in document.layers if not layer.is_off() and not layer.is_frozen()]
        self._lines: list[tuple[str, str, str, list[Ring]]] = []
        """Layer, what it holds, handle, lines: of each entity."""
        self._boxes: dict[str, Polygon] = {}
        """Around each door with all that is drawn of it, the swing of its leaf too."""

    def drawn(self) -> Drawn:
        self._weigh_blocks()
        layers: dict[str, None] = {}
        for entity in self._document.modelspace():
            layer = str(entity.dxf.layer)
            layers[layer] = None
            if self._wanted(layer):
                lines = [line for line in _lines_of(entity, FLATTEN / self._unit_m) if len(line) > 1]
                self._draft.found[_role(layer) or "line"] += bool(lines)
                if lines:
                    self._lines.append((layer, _role(layer), str(entity.dxf.handle), lines))
        if not self._lines:
            raise PlanFileError("empty_drawing", self._at, found=", ".join(layers))
        return self._placed(tuple(sorted(layers)))

    def _placed(self, layers: tuple[str, ...]) -> Drawn:
        """In metres, with the origin at the drawing's lower left."""
        points = [point for *_, lines in self._lines for line in lines for point in line]
        left, bottom = min(x for x, _ in points), min(y for _, y in points)
        right, top = max(x for x, _ in points), max(y for _, y in points)
        unit = self._unit_m
        for layer, role, handle, lines in self._lines:
            moved = [tuple((round((x - left) * unit, 4), round((y - bottom) * unit, 4)) for x, y in line) for line in lines]
            self._take(layer, role, handle, moved)
        self._draft.openings = list(self._doors())
        self._draft.levels.append(Level(self._level, 0, Names(self._level, self._level), self._outline()))
        if not self._told:
            self._draft.remarks.add("no_unit", self._at)
        drawn = self._draft.finish()
        width, height = (right - left) * unit, (top - bottom) * unit
        sheet = Sheet(width, height, "unit", metres_per_unit=1.0 if self._told else None)
        return Drawn(
            levels=drawn.levels,
            fixtures=drawn.fixtures,
            openings=drawn.openings,
            details=drawn.details,
            sheet=sheet,
            found=drawn.found,
            remarks=drawn.remarks,
            layers=layers,
        )

    def _take(self, layer: str, role: str, handle: str, lines: list[Ring]) -> None:
        """A closed wall becomes a fixture, whatever stands on the doors' layer a door; and every line stays a line to look at."""
        self._draft.add_detail(self._level, lines, layer)
        if role == "door":
            self._boxes[f"door-{handle}"] = _box(point for line in lines for point in line)
        elif role in ("wall", "window"):
            closed = [Polygon(line[:-1]) for line in lines if len(line) > 3 and math.dist(line[0], line[-1]) < FLATTEN]
            if closed:
                self._draft.fixtures.append(Fixture(f"{role}-{handle}", self._level, role, tuple(closed)))

    def _doors(self) -> Iterator[Opening]:
        """Doors as the line one crosses: of a box's sides and its middle the one that goes from wall to wall."""
        walls = shape_of(polygon for one in self._draft.fixtures for polygon in one.polygons)
        for name, box in self._boxes.items():
            yield Opening(name, self._level, "door", _threshold(box, walls))

    def _outline(self) -> tuple[Polygon, ...]:
        """What the walls enclose, with the gaps in them closed that doors, windows and glass leave; none where there are no walls."""
        walls = [polygon for one in self._draft.fixtures for polygon in one.polygons]
        if not walls:
            return ()
        gaps = [shapely.LineString(one.line).buffer(THIN_M) for one in self._draft.openings]
        drawn = shapely.union_all([shape_of(walls), *gaps])
        closed = drawn.buffer(GAP_M, join_style="mitre").buffer(-GAP_M, join_style="mitre").union(drawn)
        parts = sorted((shapely.Polygon(part.exterior) for part in shapely.get_parts(closed)), key=lambda part: -part.area)
        return polygons_of(shapely.union_all([part for part in parts if part.area >= PART * parts[0].area]))

    def _wanted(self, layer: str) -> bool:
        if self._choice.layers:
            return layer in self._choice.layers
        return layer not in HIDDEN and (layer in self._shown or layer not in self._document.layers)

    def _weigh_blocks(self) -> None:
        weight: dict[str, int] = {}
        total = sum(self._weigh(entity, weight, ()) for entity in self._document.modelspace())
        if total > MOST_ENTITIES:
            raise PlanFileError("too_many", self._at, what="entities", found=total, most=MOST_ENTITIES)

    def _weigh(self, entity: Any, weight: dict[str, int], above: tuple[str, ...]) -> int:
        """How many entities are drawn for one; an INSERT draws its block, as often as its rows and columns say."""
        if entity.dxftype() != "INSERT":
            return 1
        name = str(entity.dxf.name)
        if name in above or len(above) > MOST_DEPTH:
            raise PlanFileError("circle", self._at, found=" > ".join((*above[-3:], name)))
        if name not in weight:
            inside = self._document.blocks.get(name) if name in self._document.blocks else ()
            weight[name] = sum(self._weigh(inner, weight, (*above, name)) for inner in inside)
        copies = max(1, int(entity.dxf.get("row_count", 1))) * max(1, int(entity.dxf.get("column_count", 1)))
        return 1 + weight[name] * copies


def _threshold(box: Polygon, walls: Any) -> tuple[Point, Point]:
    """The line through a door: a leaf that stands open makes its box a square, one side of which lies in the wall."""
    axis = long_axis(box)
    if walls.is_empty:
        return axis
    corners = box.outer
    sides = [axis, *zip(corners, (*corners[1:], corners[0]), strict=True)]
    longest = max(math.dist(*side) for side in sides)
    whole = [side for side in sides if math.dist(*side) >= LEAF * longest]
    return min(whole, key=lambda side: sum(round(float(walls.distance(shapely.Point(end))), 2) for end in side))


def _role(layer: str) -> str:
    return next((role for role, pattern in LAYERS if pattern.search(layer)), "")


def _lines_of(entity: "DXFGraphic", distance: float) -> Iterator[Ring]:
    """An entity as straight lines, a block as those of all it holds. What draws no line (text, hatches, points) gives none."""
    kind = entity.dxftype()
    if kind == "INSERT":
        for inner in entity.virtual_entities():  # type: ignore[attr-defined] # an Insert, as its type says
            yield from _lines_of(inner, distance)
    elif kind == "LINE":
        yield (_point(entity.dxf.start), _point(entity.dxf.end))
    elif kind in ("LWPOLYLINE", "POLYLINE"):
        yield from _polyline(entity, distance)
    elif kind in ("ARC", "CIRCLE", "ELLIPSE", "SPLINE"):
        yield tuple(_point(at) for at in entity.flattening(distance))  # type: ignore[attr-defined] # each of these four has it


def _polyline(entity: "DXFGraphic", distance: float) -> Iterator[Ring]:
    """With its bulges as arcs and its end joined to its beginning where it is closed."""
    from ezdxf.path import make_path

    points = tuple(_point(at) for at in make_path(entity).flattening(distance))
    if len(points) > 1:
        yield points


def _point(at: Any) -> Point:
    return (float(at.x), float(at.y))


def _box(points: Iterable[Point]) -> Polygon:
    xs, ys = zip(*points, strict=True)
    left, right, bottom, top = min(xs), max(xs), min(ys), max(ys)
    return Polygon(((left, bottom), (right, bottom), (right, top), (left, top)))
