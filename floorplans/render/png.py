"""A scene as PNG. Arabic letters are joined and ordered by Raqm (HarfBuzz and FriBidi), which Pillow's wheels bring along.

No font is part of this package: `font_file` finds one with Arabic on the machine, and whoever has another names it.
"""

import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from PIL import Image, ImageDraw, ImageFont, features

from floorplans.model import Point, Polygon
from floorplans.render.scene import INK, MARK, Area, Box, Label, Scene, half_px, mark_boxes, overlap

SMOOTH: Final = 2
"""Drawn so many times larger and made smaller again, for smooth edges."""
MOST_PX: Final = 8_000
"""Of the longer side."""
LEAST_LETTER_PX: Final = 8
LARGEST_LETTER_PX: Final = 18
FONTS: Final = (
    "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf",
    "/usr/share/fonts/TTF/DejaVuSans.ttf",
    "/usr/share/fonts/dejavu-sans-fonts/DejaVuSans.ttf",
    "/usr/share/fonts/truetype/noto/NotoSansArabic-Regular.ttf",
    "/usr/share/fonts/google-noto/NotoSansArabic-Regular.ttf",
    "/Library/Fonts/Arial Unicode.ttf",
    "C:/Windows/Fonts/arial.ttf",
)
"""Fonts with Arabic letters where systems keep them, those with Latin ones too first (Debian: fonts-dejavu-core, fonts-noto-core)."""


def font_file(named: Path | None = None) -> Path | None:
    """The font to write with; None where the machine has none that we know, and labels in Arabic are then left out."""
    return named or next((path for path in map(Path, FONTS) if path.is_file()), None)


def shapes_arabic() -> bool:
    """Whether Arabic letters are joined here; Pillow from elsewhere than its wheels may lack Raqm."""
    return bool(features.check("raqm"))


def png(scene: Scene, px_per_m: float = 10.0, font: Path | None = None) -> bytes:
    """The picture; `px_per_m` pixels for a metre, fewer where a side would be over MOST_PX."""
    left, bottom, right, top = scene.box
    scale = min(px_per_m, MOST_PX / max(right - left, top - bottom))
    size = max(1, round((right - left) * scale)), max(1, round((top - bottom) * scale))
    canvas = _Canvas(scene, scale * SMOOTH, (size[0] * SMOOTH, size[1] * SMOOTH))
    canvas.draw_shapes()
    picture = canvas.picture.resize(size, Image.Resampling.BOX)
    _Writer(scene, scale, font_file(font)).write(picture)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()


class _Canvas:
    """Draws shapes and marks, large."""

    def __init__(self, scene: Scene, scale: float, size: tuple[int, int]) -> None:
        self._scene, self._scale = scene, scale
        self.picture = Image.new("RGB", size, "#ffffff")
        self._draw = ImageDraw.Draw(self.picture)

    def draw_shapes(self) -> None:
        for area in self._scene.areas:
            self._area(area)
        for line in self._scene.lines:
            self._draw.line(self._points(line.points), fill=line.colour, width=max(1, round(line.width_px * SMOOTH)))
        for mark in self._scene.marks:
            self._mark(mark.at, mark.kind)

    def _area(self, area: Area) -> None:
        outer = self._points(area.polygon.outer)
        if area.polygon.holes:
            self._holed(area.polygon, area.fill)
        else:
            self._draw.polygon(outer, fill=area.fill)
        for ring in (area.polygon.outer, *area.polygon.holes):
            points = self._points(ring)
            self._draw.line([*points, points[0]], fill=area.edge, width=SMOOTH)

    def _holed(self, polygon: Polygon, fill: str) -> None:
        """What lies in a hole must show through, so it is painted through a mask."""
        mask = Image.new("1", self.picture.size)
        pen = ImageDraw.Draw(mask)
        pen.polygon(self._points(polygon.outer), fill=1)
        for hole in polygon.holes:
            pen.polygon(self._points(hole), fill=0)
        self.picture.paste(fill, (0, 0), mask)

    def _mark(self, at: Point, kind: str) -> None:
        ((x, y),) = self._points((at,))
        half = half_px(kind) * SMOOTH
        box = (x - half, y - half, x + half, y + half)
        shape = self._draw.rectangle if kind == "gateway" else self._draw.ellipse
        shape(box, fill=MARK.get(kind, INK), outline="#ffffff", width=SMOOTH)

    def _points(self, ring: Sequence[Point]) -> list[Point]:
        left, top = self._scene.box[0], self._scene.box[3]
        return [((x - left) * self._scale, (top - y) * self._scale) for x, y in ring]


class _Writer:
    """Writes labels, each as large as its room allows, none over another, and over a mark only where there is no way around it."""

    def __init__(self, scene: Scene, scale: float, font: Path | None) -> None:
        self._scene, self._scale, self._font = scene, scale, font
        self._fonts: dict[int, Any] = {}
        self._marks = mark_boxes(scene, scale)
        self._taken: list[Box] = []

    def write(self, picture: Image.Image) -> None:
        draw = ImageDraw.Draw(picture)
        for label in self._scene.labels:
            self._label(draw, label)

    def _label(self, draw: ImageDraw.ImageDraw, label: Label) -> None:
        arabic = any("\u0590" <= letter <= "\u08ff" for letter in label.text)
        if arabic and (self._font is None or not shapes_arabic()):
            return  # letters that are not joined, or boxes, are worse than none
        settings: dict[str, Any] = {"direction": "rtl", "language": "ar"} if arabic else {}
        fitting = list(self._fitting(draw, label, settings))
        written = next((one for one in fitting if not self._blocked(one.box, (*self._taken, *self._marks))), None)
        if written is None and fitting and not self._blocked(fitting[0].box, self._taken):
            written = fitting[0]._replace(halo=2)
        if written is not None:
            self._taken.append(written.box)
            if written.halo:
                settings |= {"stroke_width": written.halo, "stroke_fill": "#ffffff"}
            draw.text(written.at, label.text, font=self._of_size(written.size), fill=INK, anchor="mm", **settings)

    def _fitting(self, draw: ImageDraw.ImageDraw, label: Label, settings: dict[str, Any]) -> Iterator["_Written"]:
        """Where and how large the label has room, the largest first, and of one size the best place first."""
        for size in range(min(LARGEST_LETTER_PX, int(label.height_m * self._scale)), LEAST_LETTER_PX - 1, -1):
            font = self._of_size(size)
            width = font.getlength(label.text, **settings)
            for at, room_m in label.spots:
                if width > room_m * self._scale - 4:
                    continue
                x, y = (at[0] - self._scene.box[0]) * self._scale, (self._scene.box[3] - at[1]) * self._scale
                yield _Written((x, y), draw.textbbox((x, y), label.text, font=font, anchor="mm", **settings), size)

    @staticmethod
    def _blocked(box: Box, others: Iterable[Box]) -> bool:
        return any(overlap(box, other) for other in others)

    def _of_size(self, size: int) -> Any:
        if size not in self._fonts:
            self._fonts[size] = ImageFont.truetype(self._font, size) if self._font else ImageFont.load_default(size)
        return self._fonts[size]


class _Written(NamedTuple):
    """A label at a place, in pixels."""

    at: Point
    box: Box
    size: int
    halo: int = 0
    """Width of the white rim that keeps it readable over a mark."""
