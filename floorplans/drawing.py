"""What a plan file gives before it belongs to a venue and a version, and what is wrong with it, row by row.

Pure. A Remark carries a code and values; the sentences, in both languages and with the fix, stand in `sentences.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from floorplans.model import (
    Anchor,
    Building,
    Detail,
    Fixture,
    Level,
    Link,
    Names,
    Opening,
    Placement,
    PlacePoint,
    Polygon,
    Shelving,
    Zone,
)

MOST_REMARKS: Final = 200
"""Remarks kept of one file; whoever has more has one fault many times over."""


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing about a file that its owner should know: a row that was left out, a shape that was mended."""

    code: str
    at: str = ""
    """Where: `unit.geojson, feature 17`, `row 4, level`."""
    values: Mapping[str, str] = field(default_factory=dict)


class PlanFileError(ValueError):
    """A plan file cannot be read. `remark` says why; a person reads it through `sentences.py`."""

    def __init__(self, code: str, at: str = "", /, **values: object) -> None:
        self.remark = Remark(code, at, {key: str(value)[:200] for key, value in values.items()})
        told = ", ".join(f"{key} {value}" for key, value in self.remark.values.items())
        super().__init__(f"{at + ': ' if at else ''}{code}{' (' + told + ')' if told else ''}")


@dataclass(frozen=True, slots=True)
class Premises:
    """What a file says of the venue itself."""

    id: str = ""
    names: Names | None = None
    outline: tuple[Polygon, ...] = ()
    """In degrees."""
    hours: str = ""
    category: str = ""
    address: str = ""
    country: str = ""
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A drawing whose scale is not known: its size on paper or screen, and a picture of it where there is one."""

    width: float
    height: float
    unit: Literal["px", "pt", "mm", "unit"]
    picture: bytes = b""
    """Made by us (`sheets.kept_picture`); never the bytes that were uploaded."""
    media: Literal["image/png", "image/jpeg"] = "image/png"
    pages: int = 1
    metres_per_unit: float | None = None
    """None until somebody measures two distances on it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """What the reader of a file is told by whoever imports it; each format heeds what concerns it."""

    page: int = 1
    """Of a PDF, counted from 1."""
    layers: tuple[str, ...] = ()
    """Of a DXF or SVG; none: all that are shown."""
    unit: str = ""
    """Of a DXF that does not say: mm, cm, m, in, ft."""
    level: str = ""
    """The level's id where the file has no word for it."""
    anchor: Anchor | None = None
    """Where to lay the frame; none: under the south-western corner."""


@dataclass(frozen=True, slots=True)
class Drawn:
    """What was drawn; a level that only zones or placements name has an empty outline."""

    levels: tuple[Level, ...] = ()
    zones: tuple[Zone, ...] = ()
    placements: tuple[Placement, ...] = ()
    fixtures: tuple[Fixture, ...] = ()
    openings: tuple[Opening, ...] = ()
    points: tuple[PlacePoint, ...] = ()
    links: tuple[Link, ...] = ()
    buildings: tuple[Building, ...] = ()
    details: tuple[Detail, ...] = ()
    shelved: tuple[Shelving, ...] = ()
    premises: Premises | None = None
    sheet: Sheet | None = None
    found: Mapping[str, int] = field(default_factory=dict)
    """How many of what the file itself holds, in its own words: `unit` 289, `opening` 275."""
    remarks: tuple[Remark, ...] = ()
    layers: tuple[str, ...] = ()
    """What there is to choose from, in a drawing that has layers."""
