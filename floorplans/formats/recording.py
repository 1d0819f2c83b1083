"""The plan a recording carries: `zones.geojson` and `floor.geojson` in one folder, GeoJSON in metres of each level's own frame.

A zone feature has the properties `zone` (its id), `floor` (its level), and may have `kind`, `name`, `name_ar` and `parent`. A floor feature
has `floor` and `kind`: `floor` for the outline, anything else for what one cannot walk through. Geometry is Polygon or MultiPolygon; a
third coordinate is dropped. Read only: what we write is `geojson.py`'s.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final, TypeVar

import msgspec

from floorplans.archive import raw_bytes
from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.model import ZONE_KINDS, Level, Names, Polygon, Ring, Zone
from groundwork.contracts.ids import LevelId, ZoneId

ZONES_FILE: Final = "zones.geojson"
FLOOR_FILE: Final = "floor.geojson"

FOREIGN_KINDS: Final = {
    "zone": "department",
    "shop": "department",
    "corridor": "department",
    "vacant": "room",
    "seats": "seating",
    "lift": "elevator",
    "goods-lift": "elevator",
    "closed": "staff",
    "toilet": "restroom",
    "car-entrance": "entrance",
}
"""What the recordings' kinds are here; any other unknown kind is refused."""

_Position = Annotated[list[float], msgspec.Meta(min_length=2)]
_Rings = Annotated[list[Annotated[list[_Position], msgspec.Meta(min_length=4)]], msgspec.Meta(min_length=1)]


class _Polygon(msgspec.Struct, tag_field="type", tag="Polygon"):
    coordinates: _Rings


class _MultiPolygon(msgspec.Struct, tag_field="type", tag="MultiPolygon"):
    coordinates: list[_Rings]


class _ZoneProperties(msgspec.Struct):
    zone: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    floor: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: str = "zone"
    name: str | None = None
    name_ar: str | None = None
    parent: str | None = None


class _FloorProperties(msgspec.Struct):
    floor: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    kind: str = "floor"


class _ZoneFeature(msgspec.Struct):
    properties: _ZoneProperties
    geometry: _Polygon | _MultiPolygon


class _FloorFeature(msgspec.Struct):
    properties: _FloorProperties
    geometry: _Polygon | _MultiPolygon


class _ZoneCollection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[_ZoneFeature]


class _FloorCollection(msgspec.Struct, tag_field="type", tag="FeatureCollection"):
    features: list[_FloorFeature]


Collection = TypeVar("Collection", _ZoneCollection, _FloorCollection)


def knows(path: Path) -> bool:
    """Whether it is such a folder, or one of its two files."""
    if path.is_dir():
        return (path / ZONES_FILE).exists() or (path / FLOOR_FILE).exists()
    return path.name in (ZONES_FILE, FLOOR_FILE)


def read(path: Path, choice: Choice) -> Drawn:
    """The levels and zones drawn in the folder, or in the folder of the file; either file may be missing. Raises PlanFileError."""
    folder = path if path.is_dir() else path.parent
    zones = read_zones(folder / ZONES_FILE) if (folder / ZONES_FILE).exists() else ()
    levels = read_levels(folder / FLOOR_FILE) if (folder / FLOOR_FILE).exists() else ()
    known = {level.id for level in levels}
    bare = [_level(name, (), ()) for name in sorted({zone.level for zone in zones} - known)]
    drawn = [level for level in (*levels, *bare) if choice.level in ("", level.id)]
    kept = {level.id for level in drawn}
    return Drawn(tuple(drawn), tuple(zone for zone in zones if zone.level in kept), found={"level": len(drawn), "zone": len(zones)})


def read_zones(path: Path) -> tuple[Zone, ...]:
    """The zones of a `zones.geojson`, in the file's order. Raises PlanFileError."""
    features = _decode(path, _ZoneCollection).features
    return tuple(_zone(path, index, feature) for index, feature in enumerate(features))


def read_levels(path: Path) -> tuple[Level, ...]:
    """The levels of a `floor.geojson`, lowest first. Raises PlanFileError."""
    outlines: dict[str, list[Polygon]] = {}
    obstacles: dict[str, list[Polygon]] = {}
    for feature in _decode(path, _FloorCollection).features:
        floor = feature.properties.floor
        outlines.setdefault(floor, [])
        drawn = outlines if feature.properties.kind == "floor" else obstacles
        drawn.setdefault(floor, []).extend(_polygons(feature.geometry))
    levels = (_level(LevelId(floor), outline, obstacles.get(floor, ())) for floor, outline in outlines.items())
    return tuple(sorted(levels, key=lambda level: (level.ordinal, level.id)))


def ordinal_of(floor: str) -> int:
    """The floor's number over the ground, from names that end like `F1` (ground, 0), `F3` (2) or `B1` (-1); 0 for any other."""
    found = re.search(r"([BF])(\d+)$", floor)
    if found is None:
        return 0
    return -int(found[2]) if found[1] == "B" else int(found[2]) - 1


def _decode(path: Path, kind: type[Collection]) -> Collection:
    try:
        return msgspec.json.decode(raw_bytes(path), type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise PlanFileError("no_geojson", _place(path, str(error)), problem=error) from error


def _place(path: Path, words: str) -> str:
    """The file, with the feature's number where the parser's words say where the fault is."""
    found = re.search(r"\$\.features\[(\d+)\]", words)
    return f"{path.name}, feature {found[1]}" if found else path.name


def _zone(path: Path, index: int, feature: _ZoneFeature) -> Zone:
    said = feature.properties
    kind = FOREIGN_KINDS.get(said.kind, said.kind)
    if kind not in ZONE_KINDS:
        known = ", ".join(sorted({*ZONE_KINDS, *FOREIGN_KINDS}))
        raise PlanFileError("unknown_kind", f"{path.name}, feature {index}", found=said.kind, known=known)
    english = said.name or said.zone
    names = Names(said.name_ar or english, english)
    parent = ZoneId(said.parent) if said.parent else None
    return Zone(ZoneId(said.zone), LevelId(said.floor), kind, names, _polygons(feature.geometry), parent)


def _level(floor: LevelId, outline: Iterable[Polygon], obstacles: Iterable[Polygon]) -> Level:
    return Level(floor, ordinal_of(floor), Names(floor, floor), tuple(outline), tuple(obstacles))


def _polygons(geometry: _Polygon | _MultiPolygon) -> tuple[Polygon, ...]:
    shapes = [geometry.coordinates] if isinstance(geometry, _Polygon) else geometry.coordinates
    return tuple(Polygon(_ring(rings[0]), tuple(_ring(ring) for ring in rings[1:])) for rings in shapes)


def _ring(positions: list[_Position]) -> Ring:
    """Without the repeated last point that GeoJSON asks for and the model does not."""
    points = [(position[0], position[1]) for position in positions]
    return tuple(points[:-1] if points[0] == points[-1] else points)
