"""The mall floors of the Indoor Location Competition (XYZ10, MIT): `geojson_map.json`, and `floor_info.json` with the floor's true size.

Read only. The first feature is the floor's outline, all others are shops and what lies between them, named in pinyin. Degrees are WGS 84,
but its makers measured on a sphere: so do we, or the floor would be half a percent off the size they say. Many polygons are stored
twice, a version of each year; the newest stays.
"""

import re
from pathlib import Path
from typing import Final

import msgspec

from floorplans.archive import raw_bytes
from floorplans.draft import Draft
from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.earth import WGS84_M, Frame, anchor_under
from floorplans.features import Collection, Feature, Polygons, decode, each, polygons_of
from floorplans.model import Level, Names, Polygon, Zone
from floorplans.naming import names
from floorplans.shapes import drawn_twice
from groundwork.contracts.ids import LevelId, ZoneId

KINDS: Final = {
    "fuzhumian": "staff",
    "xishoujianfuzhumian": "staff",
    "feikaifangquyu": "staff",
    "zhongkong": "void",
    "louti": "stairs",
    "zidongfuti": "escalator",
    "dianti": "elevator",
    "huoti": "elevator",
    "xiuxiqu": "seating",
    "kongpu": "room",
    "menlian": "entrance",
    "rukou": "entrance",
    "tingchechang": "parking",
    "huangxiaolu": "corridor",
}
"""What the pinyin names say (auxiliary area, closed, atrium, stairs, escalator, lift, goods lift, seats, vacant); the rest are shops."""
SHAFTS: Final = ("xishoujian", "weishengjian", "cesuo")
"""Parts of a name that say restroom."""


class _Size(msgspec.Struct):
    height: float
    width: float


class _Told(msgspec.Struct):
    size: _Size = msgspec.field(name="map_info")


def knows(path: Path, features: Collection | None) -> bool:
    """Whether it is a floor's size, or a floor's outline followed by versioned polygons."""
    if features is None:
        return size_told(path) is not None
    first = (features.features[0].properties or {}) if features.features else {}
    return "floor_num" in first or {"floor", "poi_no"} <= first.keys()


def read(path: Path, choice: Choice) -> Drawn:
    """A floor, or of a `floor_info.json` alone the empty floor of that size. Raises PlanFileError."""
    size = size_told(path)
    if size is not None:
        width, height = size
        level = Level(_level_id(path, "", choice), 0, Names(path.stem, path.stem), (_box(width, height),))
        return Drawn(levels=(level,), found={"floor": 1})
    return _floor(decode(raw_bytes(path), path.name), path, choice)


def size_told(path: Path) -> tuple[float, float] | None:
    """Width and height in metres, where the file is one that says nothing else."""
    try:
        told = msgspec.json.decode(raw_bytes(path), type=_Told).size
    except msgspec.MsgspecError:
        return None
    return told.width, told.height


def _floor(collection: Collection, path: Path, choice: Choice) -> Drawn:
    if not collection.features:
        raise PlanFileError("no_level", path.name)
    first = collection.features[0]
    outline = polygons_of(first.geometry)
    anchor = choice.anchor or anchor_under((one.outer for one in outline), WGS84_M)
    frame = Frame(anchor)
    floor = first.say("name") or first.say("floor") or "F1"
    level = Level(_level_id(path, floor, choice), _ordinal(floor), Names(floor, floor), frame.polygons_to_metres(outline), anchor=anchor)
    draft = Draft()
    versions: list[tuple[str, Zone]] = []

    def take(feature: Feature, at: str) -> None:
        drawn = frame.polygons_to_metres(_polygons(feature))
        kind = _kind(feature.say("name"))
        named = names(None, feature.say("name").replace("&amp;", "&"), kind)
        zone = ZoneId(draft.take_id(feature.name(), "zone", at))
        versions.append((feature.say("version"), Zone(zone, level.id, kind, named, drawn)))

    rest = Collection(collection.features[1:])
    each(rest, path.name, draft.remarks, take)
    newest_first = [zone for _, zone in sorted(versions, key=lambda pair: pair[0], reverse=True)]
    twice = drawn_twice(newest_first)
    for kept, dropped in twice:
        draft.remarks.add("drawn_twice", str(newest_first[dropped].id), kept=newest_first[kept].id, name=newest_first[kept].names.en)
    gone = {newest_first[dropped].id for _, dropped in twice}
    draft.zones = [zone for _, zone in versions if zone.id not in gone]
    draft.levels.append(level)
    draft.found.update({"floor": 1, "polygon": len(rest.features), "drawn_twice": len(twice)})
    return draft.finish()


def _polygons(feature: Feature) -> Polygons:
    return polygons_of(feature.geometry)


def _kind(name: str) -> str:
    if any(part in name for part in SHAFTS) and not name.endswith("fuzhumian"):
        return "restroom"
    if re.fullmatch(r"[A-Z]?\d{2,4}", name):
        return "parking"
    return KINDS.get(name, "shop" if name else "room")


def _level_id(path: Path, floor: str, choice: Choice) -> LevelId:
    """`site1-F1` of `site1-F1.geojson_map.json`, as the recordings of the same malls say."""
    stem = path.name.split(".")[0]
    return LevelId(choice.level or (stem if stem.endswith(floor) else floor))


def _ordinal(floor: str) -> int:
    found = re.search(r"([BF])(\d+)$", floor)
    if found is None:
        return 0
    return -int(found[2]) if found[1] == "B" else int(found[2]) - 1


def _box(width: float, height: float) -> Polygon:
    return Polygon(((0.0, 0.0), (width, 0.0), (width, height), (0.0, height)))
