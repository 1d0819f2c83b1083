"""PDF: one page as a picture to draw over. A page has a size on paper and no scale, so two distances must be measured on it.

PDFium reads it; nothing in the file is run, and its scripts and forms are not loaded.
"""

import math
from pathlib import Path
from typing import Final

import pypdfium2 as pdfium

from floorplans.archive import raw_bytes
from floorplans.drawing import Choice, Drawn, PlanFileError, Sheet
from floorplans.model import Level, Names
from floorplans.sheets import kept_picture
from groundwork.contracts.ids import LevelId

DOTS_PER_POINT: Final = 150 / 72
"""150 dots an inch: a door on an A1 sheet at 1:100 is 53 dots wide."""
MOST_PIXELS: Final = 32_000_000
"""Of the picture we make; a larger page is drawn coarser."""
MOST_PAGES: Final = 2_000


def knows(_path: Path, head: bytes) -> bool:
    """By the first bytes; some writers put a few of their own in front."""
    return b"%PDF-" in head[:1024]


def read(path: Path, choice: Choice) -> Drawn:
    """The chosen page. Raises PlanFileError where there is no such page."""
    raw = raw_bytes(path)
    try:
        document = pdfium.PdfDocument(raw)
    except pdfium.PdfiumError as error:
        raise PlanFileError("bad_picture", path.name, problem=error) from error
    with document:
        pages = len(document)
        if not 1 <= choice.page <= min(pages, MOST_PAGES):
            raise PlanFileError("no_page", path.name, found=choice.page, most=pages)
        page = document[choice.page - 1]
        width, height = page.get_size()
        if not (0 < width < math.inf and 0 < height < math.inf):
            raise PlanFileError("bad_picture", path.name, problem=f"{width} x {height} pt")
        scale = min(DOTS_PER_POINT, math.sqrt(MOST_PIXELS / (width * height)))
        picture, media = kept_picture(page.render(scale=scale).to_pil())
    level = Level(LevelId(choice.level or path.stem[:64]), 0, Names(path.stem, path.stem), ())
    return Drawn(levels=(level,), sheet=Sheet(width, height, "pt", picture, media, pages), found={"page": pages})
