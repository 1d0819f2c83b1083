"""A scene as SVG. Every text is escaped and every shape is made of our own numbers: nothing of an uploaded file comes through.

Arabic is shaped and ordered by whoever shows the picture; each text says its direction.
"""

from collections.abc import Iterator, Sequence
from html import escape
from typing import Final

from floorplans.model import Point, Polygon, Ring
from floorplans.render.scene import INK, MARK, Box, Label, Mark, Scene, half_px, mark_boxes, overlap

LEAST_PX: Final = 7.0
"""Smaller letters are left out."""
LETTER: Final = 0.55
"""Width of a letter for its height, as an estimate: only who shows the picture knows the font."""
FONTS: Final = "Noto Sans Arabic, Noto Sans, DejaVu Sans, sans-serif"


def svg(scene: Scene, px_per_m: float = 10.0) -> str:
    """The picture; `px_per_m` pixels for a metre."""
    return "\n".join((*_head(scene, px_per_m), *_body(scene, px_per_m), "</svg>", ""))


def _head(scene: Scene, scale: float) -> Iterator[str]:
    left, bottom, right, top = scene.box
    width, height = _n((right - left) * scale), _n((top - bottom) * scale)
    yield f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">'
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'


def _body(scene: Scene, scale: float) -> Iterator[str]:
    place = _Place(scene, scale)
    for area in scene.areas:
        yield f'<path d="{place.polygon(area.polygon)}" fill="{area.fill}" fill-rule="evenodd" stroke="{area.edge}" stroke-width="0.6"/>'
    for line in scene.lines:
        yield f'<path d="{place.ring(line.points)}" fill="none" stroke="{line.colour}" stroke-width="{_n(line.width_px)}"/>'
    for mark in scene.marks:
        yield _mark(mark, *place.at(mark.at))
    marks = mark_boxes(scene, scale)
    for label in scene.labels:
        yield from _label(label, scale, place, marks)


class _Place:
    """From metres, y up, to pixels, y down."""

    def __init__(self, scene: Scene, scale: float) -> None:
        self._left, self._top, self._scale = scene.box[0], scene.box[3], scale

    def at(self, point: Point) -> Point:
        return (point[0] - self._left) * self._scale, (self._top - point[1]) * self._scale

    def ring(self, ring: Ring) -> str:
        return "M" + "L".join(f"{_n(x)} {_n(y)}" for x, y in map(self.at, ring))

    def polygon(self, polygon: Polygon) -> str:
        return "".join(self.ring(ring) + "Z" for ring in (polygon.outer, *polygon.holes))


def _mark(mark: Mark, x: float, y: float) -> str:
    colour = MARK.get(mark.kind, INK)
    half = half_px(mark.kind)
    if mark.kind == "gateway":
        side = _n(2 * half)
        return f'<rect x="{_n(x - half)}" y="{_n(y - half)}" width="{side}" height="{side}" fill="{colour}" stroke="#ffffff"/>'
    return f'<circle cx="{_n(x)}" cy="{_n(y)}" r="{_n(half)}" fill="{colour}" stroke="#ffffff"/>'


def _label(label: Label, scale: float, place: _Place, marks: Sequence[Box]) -> Iterator[str]:
    """Where no mark is, else in the best place with a white rim."""
    sized = [(place.at(at), _size(label, room_m, scale)) for at, room_m in label.spots]
    fitting = [(at, size) for at, size in sized if size >= LEAST_PX]
    if not fitting:
        return
    free = next(((at, size) for at, size in fitting if not any(overlap(_box(label, at, size), mark) for mark in marks)), None)
    (x, y), size = free or fitting[0]
    rim = "" if free else ' stroke="#ffffff" stroke-width="3" paint-order="stroke"'
    direction = "rtl" if any("\u0590" <= letter <= "\u08ff" for letter in label.text) else "ltr"
    yield (
        f'<text x="{_n(x)}" y="{_n(y)}" font-family="{FONTS}" font-size="{_n(size)}" fill="{INK}"{rim} text-anchor="middle" '
        f'dominant-baseline="central" direction="{direction}" unicode-bidi="plaintext">{escape(label.text, quote=False)}</text>'
    )


def _size(label: Label, room_m: float, scale: float) -> float:
    return min(label.height_m * scale, room_m * scale / (LETTER * max(len(label.text), 1)), 16.0)


def _box(label: Label, at: Point, size: float) -> Box:
    """About what the label covers."""
    half = LETTER * len(label.text) * size / 2
    return at[0] - half, at[1] - size / 2, at[0] + half, at[1] + size / 2


def _n(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
