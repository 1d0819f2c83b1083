"""PNG and JPEG: a scan or a photograph to draw over. What comes out is a picture of our own making, without anything else the file held.

Its size in metres is known only where a `NAME.floor_info.json` beside `NAME.floor_image.png` says it; else two distances must be measured.
"""

import io
import warnings
from pathlib import Path
from typing import Final

import msgspec
from PIL import Image

from floorplans.archive import raw_bytes
from floorplans.drawing import Choice, Drawn, PlanFileError, Sheet
from floorplans.model import Level, Names, Polygon
from floorplans.sheets import Media, kept_picture
from groundwork.contracts.ids import LevelId

MOST_PIXELS: Final = 8_192 * 8_192
"""Larger plans exist, sharper ones are of no use; 50,000 x 50,000 would take 10 GB of memory."""
KINDS: Final = {b"\x89PNG\r\n\x1a\n": "PNG", b"\xff\xd8\xff": "JPEG"}


class _Size(msgspec.Struct):
    height: float
    width: float


class _Told(msgspec.Struct):
    size: _Size = msgspec.field(name="map_info")


def knows(_path: Path, head: bytes) -> bool:
    """By the first bytes, whatever the name ends on."""
    return any(head.startswith(mark) for mark in KINDS)


def read(path: Path, choice: Choice) -> Drawn:
    """The picture as a sheet, and a level of its size where that is known. Raises PlanFileError."""
    raw = raw_bytes(path)
    picture, media, width, height = drawn_again(raw, path.name)
    level = Level(LevelId(choice.level or path.name.split(".")[0][:64]), 0, Names(path.stem, path.stem), ())
    told = _told(path)
    if told is None:
        return Drawn(levels=(level,), sheet=Sheet(width, height, "px", picture, media), found={"picture": 1})
    box = Polygon(((0.0, 0.0), (told.width, 0.0), (told.width, told.height), (0.0, told.height)))
    sheet = Sheet(width, height, "px", picture, media, metres_per_unit=told.width / width)
    return Drawn(levels=(Level(level.id, 0, level.names, (box,)),), sheet=sheet, found={"picture": 1})


def drawn_again(raw: bytes, at: str) -> tuple[bytes, Media, int, int]:
    """The picture as one of ours, with the width and height it had. Raises PlanFileError before a single pixel of a giant is decoded."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit, below, is stricter
            with Image.open(io.BytesIO(raw), formats=tuple(KINDS.values())) as opened:
                width, height = opened.size
                if width * height > MOST_PIXELS:
                    raise PlanFileError("too_large", at, found=f"{width} x {height} px", most=f"{MOST_PIXELS} px")
                kept, media = kept_picture(opened)
    except PlanFileError:
        raise
    except Image.DecompressionBombError as error:  # the library has a limit of its own, over ours
        raise PlanFileError("too_large", at, found=error, most=f"{MOST_PIXELS} px") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise PlanFileError("bad_picture", at, problem=error) from error
    return kept, media, width, height


def _told(path: Path) -> _Size | None:
    """What a `floor_info.json` beside the picture says."""
    beside = path.with_name(f"{path.name.split('.')[0]}.floor_info.json")
    if not beside.is_file():
        return None
    try:
        return msgspec.json.decode(raw_bytes(beside), type=_Told).size
    except msgspec.MsgspecError:
        return None
