"""Plan files, one format each. READERS is the whole list, WRITERS those that go out too; files here do not import one another."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from floorplans.archive import MOST_FILE_BYTES, raw_bytes
from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.features import Collection, decode
from floorplans.formats import dxf, geojson, imdf, mall, osm, pdf, picture, recording, svg, tables, wrld
from floorplans.model import Plan

Read = Callable[[Path, Choice], Drawn]

READERS: Final[Mapping[str, Read]] = {
    "imdf": imdf.read,
    "geojson": geojson.read,
    "osm": osm.read,
    "wrld": wrld.read,
    "mall": mall.read,
    "recording": recording.read,
    "csv": tables.read,
    "dxf": dxf.read,
    "svg": svg.read,
    "pdf": pdf.read,
    "picture": picture.read,
}

DWG: Final = re.compile(rb"AC10\d\d")
"""What a DWG begins with: its version. No free library reads one."""
BOM: Final = b"\xef\xbb\xbf"


class Written(NamedTuple):
    """How a plan goes out, and what its file's name ends on."""

    write: Callable[[Plan], bytes]
    suffix: str


WRITERS: Final[Mapping[str, Written]] = {
    "imdf": Written(imdf.write, ".zip"),
    "geojson": Written(geojson.write, ".geojson"),
    "geojson-wgs84": Written(lambda plan: geojson.write(plan, "wgs84"), ".geojson"),
    "csv-zones": Written(tables.write_zones, ".csv"),
    "csv-placements": Written(tables.write_placements, ".csv"),
    "csv-products": Written(tables.write_products, ".csv"),
}


def reader(name: str) -> Read:
    """The format's reader; raises ValueError naming the known formats."""
    if name not in READERS:
        raise ValueError(f"unknown plan format {name!r}: known are {', '.join(READERS)}")
    return READERS[name]


def recognised(path: Path) -> str:
    """Which format a file is in, by what is in it. Raises PlanFileError where none of ours is."""
    if recording.knows(path):
        return "recording"
    if not path.is_file():
        raise PlanFileError("folder" if path.is_dir() else "no_file", path.name)
    head = raw_head(path)
    if not head.strip():
        raise PlanFileError("empty_file", path.name)
    for name, knows in (("picture", picture.knows), ("pdf", pdf.knows), ("svg", svg.knows), ("dxf", dxf.knows), ("csv", tables.knows)):
        if knows(path, head):
            return name
    if head.startswith(b"PK"):
        return "imdf"
    if DWG.match(head):
        raise PlanFileError("dwg", path.name)
    if head.removeprefix(BOM).lstrip()[:1] not in (b"{", b"["):
        raise PlanFileError("unknown_content", path.name, known=", ".join(READERS))
    return _of_json(path)


def raw_head(path: Path, length: int = 4096) -> bytes:
    """The first bytes. Raises PlanFileError on a file that is too large or cannot be read."""
    try:
        if path.stat().st_size > MOST_FILE_BYTES:
            raise PlanFileError("too_large", path.name, found=path.stat().st_size, most=MOST_FILE_BYTES)
        with path.open("rb") as file:
            return file.read(length)
    except OSError as error:
        raise PlanFileError("unreadable", path.name, problem=error.strerror or error) from error


def _of_json(path: Path) -> str:
    raw = raw_bytes(path)
    if b'"features"' not in raw:
        kinds = [name for name, knows in (("mall", mall.knows), ("wrld", wrld.knows)) if knows(path, None)]
        if kinds:
            return kinds[0]
    features: Collection = decode(raw, path.name)
    if b'"aislecast"' in raw:
        return "geojson"
    if osm.knows(features):
        return "osm"
    return next((name for name, knows in (("mall", mall.knows), ("wrld", wrld.knows)) if knows(path, features)), "geojson")
