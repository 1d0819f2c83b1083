"""WRLD's indoor format 1.0: a `main.json` that names a file for each floor, a GeoJSON collection a floor, and pathways beside them.

Read only. `main.json` brings in every floor it names, each found beside it; a floor's own file brings in that floor; a file of paths the
lines people walk along and, in `main-paths.json`, the stairs and lifts between floors. Source: wrld3d/wrld-indoor-maps-api (CC BY 4.0).
"""

import dataclasses
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from floorplans.archive import raw_bytes
from floorplans.draft import Draft
from floorplans.drawing import Choice, Drawn, PlanFileError, Premises
from floorplans.earth import Frame, anchor_under
from floorplans.features import Collection, Feature, all_points, decode, each, lines_of, polygons_of
from floorplans.model import Anchor, Fixture, Level, Link, Opening, Point, Polygon, Zone
from floorplans.naming import names
from floorplans.shapes import long_axis, outline_of
from groundwork.contracts.ids import LevelId, ZoneId

ROOMS: Final[Mapping[str, str]] = {
    "room": "room",
    "bathroom": "restroom",
    "stairs": "stairs",
    "elevator": "elevator",
    "escalator": "escalator",
    "hallway": "corridor",
    "inaccessible_space": "staff",
    "floor_opening": "void",
    "no_geometry": "room",
    "workstation": "room",
    "meeting_room": "room",
}
SOLID: Final[Mapping[str, str]] = {"wall": "wall", "window": "window", "desk": "furniture", "table": "furniture"}
LINKS: Final[Mapping[str, str]] = {"stairs": "stairs", "elevator": "elevator", "escalator": "escalator", "hatch": "path"}
MARKS: Final = ("building_outline", "pathway", "inaccessible_space", "no_geometry")


class _Floor(msgspec.Struct):
    id: str
    filename: str
    name: str = ""
    readable_name: str = ""
    z_order: int = 0


class _Main(msgspec.Struct):
    id: str
    levels: list[_Floor]
    name: str = ""


class _Between(msgspec.Struct):
    """What `decode` does not keep of a feature: the floors a way leads between."""

    levels: list[int] = []  # msgspec copies the default


class _Ways(msgspec.Struct):
    features: list[_Between]
    level_filenames: Any = None


def knows(path: Path, features: Collection | None) -> bool:
    """Whether it is a `main.json` of floors, or a collection whose types are WRLD's."""
    if features is None:
        return _main(path) is not None
    return any(feature.say("type") in MARKS for feature in features.features) or _between(path) is not None


def read(path: Path, choice: Choice) -> Drawn:
    """A whole building, a floor, or a floor's paths. Raises PlanFileError."""
    main = _main(path)
    if main is None:
        return _one(path, choice)
    floors = {floor.id: _collection(path.parent / Path(floor.filename).name) for floor in main.levels}
    anchor = choice.anchor or anchor_under([tuple(all_points(features)) for features in floors.values()])
    draft = Draft()
    draft.premises = Premises(id=main.id, names=names(None, main.name, "venue"))
    for floor in main.levels:
        named = names(None, floor.readable_name or floor.name, "level")
        _Reading(draft, anchor, Level(LevelId(floor.id), floor.z_order, named, (), anchor=anchor, short_name=floor.name)).take(
            floors[floor.id], floor.filename
        )
    return draft.finish()


def _one(path: Path, choice: Choice) -> Drawn:
    features = _collection(path)
    draft, found = Draft(), re.search(r"floor-(\w+?)(?:-paths)?$", path.stem)
    anchor = choice.anchor or anchor_under([tuple(all_points(features))])
    short = found[1] if found else "0"
    level = Level(
        LevelId(choice.level or path.stem.removesuffix("-paths")), _ordinal(short), names(None, short, "level"), (), anchor=anchor
    )
    between = _between(path)
    reading = _Reading(draft, anchor, level)
    if between is None:
        reading.take(features, path.name)
    else:
        reading.take_links(features, between)
    return draft.finish()


class _Reading:
    """One floor on its way in."""

    def __init__(self, draft: Draft, anchor: Anchor, level: Level) -> None:
        self._draft, self._frame, self._level = draft, Frame(anchor), level
        self._outline: list[Polygon] = []
        self._drawn: list[Polygon] = []

    def take(self, features: Collection, at: str) -> None:
        each(features, at, self._draft.remarks, self._take)
        outline = tuple(self._outline) or outline_of(self._drawn)
        self._draft.levels.append(dataclasses.replace(self._level, outline=outline))

    def take_links(self, features: Collection, between: list[list[int]]) -> None:
        """Ways between floors: `origin` and `destination` are the floors' numbers until the floors themselves are known."""
        for feature, levels in zip(features.features, between, strict=True):
            kind = feature.say("type")
            self._draft.found[kind] += 1
            if len(levels) == 2 and kind in LINKS:
                self._draft.links.append(Link(feature.name() or feature.say("name"), LINKS[kind], str(levels[0]), str(levels[1])))
        for number in sorted({level for levels in between for level in levels}):
            name = str(number)
            self._draft.levels.append(Level(LevelId(name), number, names(None, name, "level"), (), anchor=self._level.anchor))

    def _take(self, feature: Feature, at: str) -> None:
        kind = feature.say("type")
        take: Callable[[Feature, str, str], None]
        if kind == "building_outline":
            self._outline += self._polygons(feature)
            return
        if kind in ROOMS:
            take = self._take_room
        elif kind in SOLID:
            take = self._take_solid
        elif kind == "door":
            take = self._take_door
        elif feature.geometry is not None and feature.geometry.type in ("LineString", "MultiLineString"):
            take = self._take_way
        else:
            raise PlanFileError("unknown_kind", at, found=kind, known=", ".join((*ROOMS, *SOLID, "door")))
        self._draft.found[kind] += 1
        take(feature, kind, at)

    def _take_room(self, feature: Feature, kind: str, at: str) -> None:
        polygons = self._polygons(feature)
        self._drawn += polygons
        named = names(None, feature.say("name") or feature.say("roomnumber"), ROOMS[kind])
        zone = ZoneId(self._id(feature, "zone", at))
        self._draft.zones.append(Zone(zone, self._level.id, ROOMS[kind], named, polygons, None, kind))

    def _take_solid(self, feature: Feature, kind: str, at: str) -> None:
        polygons = self._polygons(feature)
        self._drawn += polygons
        self._draft.fixtures.append(Fixture(self._id(feature, "fixture", at), self._level.id, SOLID[kind], polygons))

    def _take_door(self, feature: Feature, _kind: str, at: str) -> None:
        line: tuple[Point, ...] = long_axis(self._polygons(feature)[0])
        self._draft.openings.append(Opening(self._id(feature, "opening", at), self._level.id, "door", line))

    def _take_way(self, feature: Feature, kind: str, _at: str) -> None:
        self._draft.add_detail(self._level.id, [self._frame.ring_to_metres(line) for line in lines_of(feature.geometry)], kind)

    def _polygons(self, feature: Feature) -> tuple[Polygon, ...]:
        return self._frame.polygons_to_metres(polygons_of(feature.geometry))

    def _id(self, feature: Feature, what: str, at: str) -> str:
        """The files number each floor from its own start, so the floor goes in front."""
        return self._draft.take_id(f"{self._level.id}:{feature.name()}", what, at)


def _collection(path: Path) -> Collection:
    return decode(raw_bytes(path), path.name)


def _main(path: Path) -> _Main | None:
    try:
        return msgspec.json.decode(raw_bytes(path), type=_Main)
    except msgspec.MsgspecError:
        return None


def _between(path: Path) -> list[list[int]] | None:
    """The floors each way leads between, where the file is one of ways."""
    try:
        ways = msgspec.json.decode(raw_bytes(path), type=_Ways)
    except msgspec.MsgspecError:
        return None
    found = [way.levels for way in ways.features]
    return found if any(found) else None


def _ordinal(short: str) -> int:
    return int(short) if short.lstrip("-").isdigit() else 0
