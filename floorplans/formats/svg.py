"""SVG: its lines, in units of the drawing. Nothing of the file itself is kept or shown: what we draw later are the points found here.

A file with a script, an entity, a link out or a `use` that leads back to itself is refused before anything else looks at it. What a unit is
in metres no SVG says; two distances must be measured.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from xml.parsers import expat  # declarations, and with them entities, are refused by the handlers below

import svgelements

from floorplans.archive import raw_bytes
from floorplans.draft import Draft
from floorplans.drawing import Choice, Drawn, PlanFileError, Sheet
from floorplans.features import MOST_POINTS
from floorplans.model import Level, Names, Point, Ring
from groundwork.contracts.ids import LevelId

MOST_ELEMENTS: Final = 150_000
"""A drawing office's floor has 49,000."""
MOST_DEPTH: Final = 64
STEPS: Final = 6
"""Straight pieces a curve is drawn with."""
_BERNSTEIN: Final = tuple(
    ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3) for t in (step / STEPS for step in range(1, STEPS + 1))
)
FORBIDDEN: Final = ("script", "foreignobject", "iframe", "embed", "object", "handler", "animate", "set")


def knows(_path: Path, head: bytes) -> bool:
    """Whether the root, or what can be seen of the beginning, is an svg element."""
    return b"<svg" in head.lower() or (head.lstrip(b"\xef\xbb\xbf \r\n\t").startswith(b"<?xml") and b"svg" in head.lower())


def read(path: Path, choice: Choice) -> Drawn:
    """The drawing's lines as details of one level, and the size of its sheet. Raises PlanFileError."""
    raw = raw_bytes(path)
    _Guard(path.name).pass_through(raw)
    try:
        drawing = svgelements.SVG.parse(BytesIO(raw), reify=True)
    except (ValueError, TypeError, ArithmeticError, IndexError, AttributeError, RecursionError) as error:
        raise PlanFileError("bad_drawing", path.name, problem=error) from error
    width, height = float(drawing.width or 0), float(drawing.height or 0)
    level = LevelId(choice.level or path.stem[:64])
    draft, points = Draft(), 0
    layers: dict[str, None] = {}
    for layer, shape in _shapes(drawing):
        layers[layer] = None
        if choice.layers and layer not in choice.layers:
            continue
        lines = [tuple((x, height - y) for x, y in line) for line in _lines(shape)]
        points += sum(map(len, lines))
        if points > MOST_POINTS:
            raise PlanFileError("too_many", path.name, what="points", found=points, most=MOST_POINTS)
        draft.found["shape"] += 1
        draft.add_detail(level, lines, layer)
    draft.levels.append(Level(level, 0, Names(path.stem, path.stem), ()))
    drawn = draft.finish()
    return Drawn(
        levels=drawn.levels, details=drawn.details, sheet=Sheet(width, height, "px"), found=drawn.found, layers=tuple(filter(None, layers))
    )


class _Guard:
    """Reads the XML once, as a stream, and refuses what a drawing has no need of."""

    def __init__(self, at: str) -> None:
        self._at = at
        self._named: list[str] = [""]
        """The nearest id at or above each open element; the drawing itself is the empty one."""
        self._elements = 0
        self._own: Counter[str] = Counter()
        """Elements under each id, those under an id of their own left out."""
        self._leads: defaultdict[str, Counter[str]] = defaultdict(Counter)
        """What each id draws besides: the ids in it, and those it uses, and how often."""

    def pass_through(self, raw: bytes) -> None:
        parser = expat.ParserCreate()
        parser.StartDoctypeDeclHandler = self._doctype
        parser.EntityDeclHandler = self._doctype
        parser.StartElementHandler = self._start
        parser.EndElementHandler = lambda _name: self._named.pop()
        try:
            parser.Parse(raw, True)
        except expat.ExpatError as error:
            raise PlanFileError("bad_drawing", self._at, problem=error) from error
        if self._weigh("", {}, ()) > MOST_ELEMENTS:
            raise PlanFileError("too_many", self._at, what="elements", found=f"> {MOST_ELEMENTS}", most=MOST_ELEMENTS)

    def _doctype(self, *_declared: Any) -> None:
        raise PlanFileError("unsafe_drawing", self._at, found="DOCTYPE")

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        kind, above = name.rpartition(":")[2].lower(), self._named[-1]
        if kind in FORBIDDEN:
            raise PlanFileError("unsafe_drawing", self._at, found=f"<{name[:40]}>")
        for key, value in attributes.items():
            self._look_at(key.lower(), value.strip().lower())
        here = attributes.get("id") or above
        self._named.append(here)
        self._own[here] += 1
        self._elements += 1
        if self._elements > MOST_ELEMENTS or len(self._named) > MOST_DEPTH:
            raise PlanFileError("too_many", self._at, what="elements", found=self._elements, most=MOST_ELEMENTS)
        if here != above:
            self._leads[above][here] += 1
        if kind == "use":
            used = next((value for key, value in attributes.items() if key.endswith("href")), "")
            self._leads[here][used.strip().removeprefix("#")] += 1

    def _look_at(self, key: str, value: str) -> None:
        link = key.endswith("href") and not value.startswith(("#", "data:image/png", "data:image/jpeg"))
        if key.startswith("on") or link or "javascript:" in value:
            raise PlanFileError("unsafe_drawing", self._at, found=f"{key[:40]}={value[:40]}")

    def _weigh(self, name: str, weight: dict[str, int], above: tuple[str, ...]) -> int:
        """How many elements are drawn for an id. A `use` in what it uses would be drawn for ever, uses of uses of uses for very long."""
        if name in above or len(above) > 2 * MOST_DEPTH:
            raise PlanFileError("circle", self._at, found=" > ".join((*above[-3:], name)))
        if name not in weight:
            inner = (times * self._weigh(one, weight, (*above, name)) for one, times in self._leads[name].items())
            weight[name] = self._own[name] + sum(inner)
        return weight[name]


def _shapes(drawing: Any) -> Iterable[tuple[str, Any]]:
    """Every shape that is shown, with the id of the outermost group it is in."""
    stack: list[tuple[str, Any]] = [("", one) for one in reversed(drawing)]
    while stack:
        layer, one = stack.pop()
        if isinstance(one, svgelements.Group):
            named = layer or str(one.values.get("id") or "")
            stack.extend((named, inner) for inner in reversed(one))
        elif isinstance(one, svgelements.Shape) and one.values.get("display") != "none":
            yield layer, one


def _lines(shape: Any) -> Iterable[Ring]:
    """The shape as straight lines; a curve in STEPS pieces."""
    line: list[Point] = []
    for segment in shape if isinstance(shape, svgelements.Path) else svgelements.Path(shape):
        if isinstance(segment, svgelements.Move):
            if len(line) > 1:
                yield tuple(line)
            line = [_point(segment.end)] if segment.end is not None else []
        elif isinstance(segment, svgelements.Line | svgelements.Close):
            if segment.end is not None:
                line.append(_point(segment.end))
        else:
            line.extend(_curve(segment))
    if len(line) > 1:
        yield tuple(line)


def _curve(segment: Any) -> Iterable[Point]:
    """STEPS points of a curve. The common kind is reckoned here: the library's own way takes thirty times as long."""
    if not isinstance(segment, svgelements.CubicBezier):
        return [_point(segment.point(step / STEPS)) for step in range(1, STEPS + 1)]
    ends = (segment.start, segment.control1, segment.control2, segment.end)
    xs, ys = [at.x for at in ends], [at.y for at in ends]
    return [(_mix(xs, weights), _mix(ys, weights)) for weights in _BERNSTEIN]


def _mix(values: Sequence[float], weights: Sequence[float]) -> float:
    return round(sum(value * weight for value, weight in zip(values, weights, strict=True)), 3)


def _point(at: Any) -> Point:
    return (round(float(at.x), 3), round(float(at.y), 3))
