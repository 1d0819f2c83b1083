"""CSV in and out, for whoever keeps zones, placements or products on shelves in a spreadsheet; which of them a file holds its heading says.

Commas, semicolons (as spreadsheets in Arabic write) and tabs are read; a row at fault is left out with a remark that names row and column.
Written with commas and a byte order mark, without which spreadsheets garble Arabic. A text that a spreadsheet would run as a formula gets
an apostrophe in front, which is taken off again on the way in.
"""

import csv
import io
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import shapely

from floorplans.archive import raw_bytes
from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.features import MOST_FEATURES, Remarks
from floorplans.model import ZONE_KINDS, Level, Names, Placement, Plan, Polygon, Shelving, Zone
from floorplans.naming import names
from floorplans.shapes import polygons_of
from groundwork.contracts.ids import LevelId, ZoneId

ZONE_COLUMNS: Final = ("id", "level", "kind", "name_ar", "name_en", "parent", "category", "shape")
PLACEMENT_COLUMNS: Final = ("kind", "subject", "level", "x_m", "y_m", "z_m", "facing_deg", "from")
PRODUCT_COLUMNS: Final = ("product", "fixture", "bay", "board")
NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "zone": ("id", "level", "kind", "shape"),
    "placement": ("kind", "subject", "level", "x_m", "y_m"),
    "product": ("product", "fixture"),
}
"""Columns without which a file is not of this kind; all others may be missing."""
FORMULA: Final = ("=", "+", "-", "@", "\t")

Row = Mapping[str, str]


def knows(_path: Path, head: bytes) -> bool:
    """Whether the first line has the columns of one of the three."""
    return _kind(_heading(head)) is not None


def read(path: Path, choice: Choice) -> Drawn:
    """The rows of the file. Raises PlanFileError where the heading is none of ours."""
    del choice
    text = _text(raw_bytes(path), path.name)
    heading = _heading(text.encode()[:4096])
    kind = _kind(heading)
    if kind is None:
        raise PlanFileError(
            "unknown_columns", path.name, found=", ".join(heading), known=" | ".join(", ".join(one) for one in NEEDED.values())
        )
    rows = csv.DictReader(io.StringIO(text), heading, delimiter=_delimiter(text))
    next(rows)  # the heading itself
    return _drawn(kind, rows)


def write_zones(plan: Plan) -> bytes:
    """Zones; shapes in Well-Known Text, in metres of the level's frame."""
    rows = ((z.id, z.level, z.kind, z.names.ar, z.names.en, z.parent or "", z.category, _wkt(z.polygons)) for z in plan.zones)
    return _written(ZONE_COLUMNS, rows)


def write_placements(plan: Plan) -> bytes:
    """Placements; `from` in UTC."""
    rows = ((p.kind, p.subject, p.level, p.x_m, p.y_m, p.z_m, _maybe(p.facing_deg), _moment(p.from_ms)) for p in plan.placements)
    return _written(PLACEMENT_COLUMNS, rows)


def write_products(plan: Plan) -> bytes:
    """Products on shelves."""
    return _written(PRODUCT_COLUMNS, ((s.product, s.fixture, s.bay, s.board) for s in plan.shelved))


def _drawn(kind: str, rows: Iterable[Row]) -> Drawn:
    takes: Mapping[str, Callable[[Row], Any]] = {"zone": _zone, "placement": _placement, "product": _shelving}
    remarks, taken = Remarks(), []
    for number, row in enumerate(rows, 2):  # as a spreadsheet counts: the heading is row 1
        if number > MOST_FEATURES:
            raise PlanFileError("too_many", what="rows", found=number, most=MOST_FEATURES)
        try:
            taken.append(takes[kind]({key: _plain(value) for key, value in row.items() if key and isinstance(value, str)}))
        except PlanFileError as fault:
            remarks.add(fault.remark.code, f"row {number}", **fault.remark.values)
    zones = tuple(one for one in taken if isinstance(one, Zone))
    placements = tuple(one for one in taken if isinstance(one, Placement))
    levels = sorted({zone.level for zone in zones} | {placement.level for placement in placements})
    return Drawn(
        levels=tuple(Level(level, 0, Names(level, level), ()) for level in levels),
        zones=zones,
        placements=placements,
        shelved=tuple(one for one in taken if isinstance(one, Shelving)),
        found={kind: len(taken)},
        remarks=remarks.all(),
    )


def _zone(row: Row) -> Zone:
    kind = row.get("kind", "")
    if kind not in ZONE_KINDS:
        raise PlanFileError("unknown_kind", found=kind, known=", ".join(ZONE_KINDS))
    named = names(row.get("name_ar"), row.get("name_en"), kind)
    parent = ZoneId(row["parent"]) if row.get("parent") else None
    return Zone(ZoneId(_id(row, "id")), LevelId(_id(row, "level")), kind, named, _shape(row), parent, row.get("category", "")[:64])


def _placement(row: Row) -> Placement:
    kind = row.get("kind", "")
    if kind not in ("gateway", "beacon"):
        raise PlanFileError("unknown_kind", found=kind, known="gateway, beacon")
    facing = _number(row, "facing_deg", 0.0) if row.get("facing_deg") else None
    return Placement(
        "gateway" if kind == "gateway" else "beacon",
        _id(row, "subject", 128),
        LevelId(_id(row, "level")),
        _number(row, "x_m"),
        _number(row, "y_m"),
        _number(row, "z_m", 2.5),
        _milliseconds(row.get("from", "")),
        facing,
    )


def _shelving(row: Row) -> Shelving:
    return Shelving(_id(row, "product"), _id(row, "fixture"), int(_number(row, "bay", 1)), int(_number(row, "board", 1)))


def _shape(row: Row) -> tuple[Polygon, ...]:
    try:
        shape = shapely.from_wkt(row.get("shape", ""))
    except shapely.errors.GEOSException as error:
        raise PlanFileError("wrong_value", key="shape", problem=error) from error
    drawn = polygons_of(shape) if shape is not None else ()
    if not drawn:
        raise PlanFileError("wrong_value", key="shape", problem="POLYGON ((0 0, 2 0, 2 2, 0 0))")
    return drawn


def _id(row: Row, key: str, longest: int = 64) -> str:
    value = row.get(key, "")
    if not 0 < len(value) <= longest:
        raise PlanFileError("wrong_value", key=key, problem=value or "-")
    return value


def _number(row: Row, key: str, default: float | None = None) -> float:
    text = row.get(key, "").translate(_DIGITS)
    if not text and default is not None:
        return default
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise PlanFileError("wrong_number", key=key, found=text or "-")
    return value


_DIGITS: Final = str.maketrans("٠١٢٣٤٥٦٧٨٩٫", "0123456789.")
"""Arabic-Indic digits and decimal sign, as a spreadsheet in Arabic may show them."""


def _milliseconds(text: str) -> int:
    if not text:
        return 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise PlanFileError("wrong_value", key="from", problem=text) from error
    return round((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _moment(from_ms: int) -> str:
    return datetime.fromtimestamp(from_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z") if from_ms else ""


def _maybe(value: float | None) -> str:
    return "" if value is None else repr(value)


def _wkt(polygons: Sequence[Polygon]) -> str:
    shapes = [shapely.Polygon(one.outer, one.holes) for one in polygons]
    return str(shapely.to_wkt(shapes[0] if len(shapes) == 1 else shapely.MultiPolygon(shapes), rounding_precision=6, trim=True))


def _written(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell for cell in row])
    return text.getvalue().encode("utf-8-sig")


def _plain(cell: str) -> str:
    cell = cell.strip()
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(FORMULA) else cell


def _text(raw: bytes, at: str) -> str:
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise PlanFileError("not_utf8", at) from error


def _heading(head: bytes) -> list[str]:
    lines = head.decode("utf-8-sig", "replace").splitlines()
    line = lines[0] if lines else ""
    return [cell.strip().strip('"').lower() for cell in line.split(_delimiter(line))]


def _delimiter(text: str) -> str:
    line = text.partition("\n")[0]
    return max((",", ";", "\t"), key=line.count)


def _kind(heading: Sequence[str]) -> str | None:
    return next((kind for kind, needed in NEEDED.items() if set(needed) <= set(heading)), None)
