"""Sheets: pictures that a plan is drawn over, encoded anew, no larger than a console can show and a database should hold.

Pure. What comes in is pixels that somebody's decoder made; nothing else of the uploaded file (names of cameras, places, scripts, colour
profiles) comes through. How a sheet lies on its level is a Placing; keeping them is for `queries/sheets.py`.
"""

import io
from dataclasses import dataclass
from typing import Final, Literal

from PIL import Image

Media = Literal["image/png", "image/jpeg"]

LONGEST_PX: Final = 8_192
"""Of a side: what a canvas of every browser can hold."""
MOST_BYTES: Final = 12 << 20
"""Of one kept picture. A scan of A0 at 150 dots an inch has 3 MB as PNG; what is larger is a photograph, and is kept as JPEG."""
QUALITY: Final = 85
"""Of a JPEG: lines stay lines."""
_HALVINGS: Final = 6


@dataclass(frozen=True, slots=True)
class Placing:
    """How a sheet lies on its level: its lower left corner in the level's frame, and how it is turned and scaled."""

    x_m: float = 0.0
    y_m: float = 0.0
    rotation_deg: float = 0.0
    """Counterclockwise from the frame's x to the sheet's lower edge."""
    metres_per_unit: float | None = None
    """Of the sheet's own unit; None until two distances were measured on it."""


def kept_picture(picture: Image.Image) -> tuple[bytes, Media]:
    """The picture as PNG, as JPEG where that would be too large, and smaller until it is not."""
    clear = "transparency" in picture.info or "A" in picture.getbands()
    picture.thumbnail((LONGEST_PX, LONGEST_PX))
    shown = picture.convert("RGBA" if clear else "RGB")
    raw = _encoded(shown, "PNG")
    if len(raw) <= MOST_BYTES:
        return raw, "image/png"
    flat = _on_white(shown) if clear else shown
    for _ in range(_HALVINGS):
        raw = _encoded(flat, "JPEG")
        if len(raw) <= MOST_BYTES:
            break
        flat = flat.resize((max(1, flat.width // 2), max(1, flat.height // 2)), Image.Resampling.BOX)
    return raw, "image/jpeg"


def _encoded(picture: Image.Image, form: Literal["PNG", "JPEG"]) -> bytes:
    bare = Image.new(picture.mode, picture.size)
    bare.paste(picture)  # pixels alone: what the file said beside them stays behind
    out = io.BytesIO()
    bare.save(out, form, **({"quality": QUALITY} if form == "JPEG" else {}))
    return out.getvalue()


def _on_white(picture: Image.Image) -> Image.Image:
    paper = Image.new("RGB", picture.size, "#ffffff")
    paper.paste(picture, mask=picture.getchannel("A"))
    return paper
