"""IMDF archives as the wild has them: a sound centre of some levels, and on top what tools and people do to such archives.

Seeded: the same number is the same archive. Each habit here was seen in public archives, in their validators' complaints, or follows from
what the standard leaves open (OGC 20-094); none of them loses a feature, so what must come out is known beforehand.
"""

import io
import json
import random
import uuid
import zipfile
from collections.abc import Callable
from typing import Any, NamedTuple

Json = dict[str, Any]
Files = dict[str, list[Json]]

LON, LAT = 46.67, 24.71
STEP = 0.0001
"""Degrees, about 10 m."""
UNITS = ("room", "walkway", "restroom.family", "stairs", "elevator", "nonpublic", "foodservice", "laboratory", "imdf:cust:quiet")
OPENINGS = ("pedestrian", "pedestrian.principal", "emergencyexit", "automobile", "bicycle", "service")


LATER = ("level", "unit", "section", "geofence", "kiosk", "fixture", "opening", "occupant", "anchor", "amenity", "relationship", "detail")


class Wild(NamedTuple):
    """An archive, and what is in it."""

    raw: bytes
    levels: int
    units: int
    openings: int
    occupants: int
    amenities: int
    habits: tuple[str, ...]


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def uid(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def feature(self, kind: str, geometry: Json | None, **properties: Any) -> Json:
        return {"id": self.uid(), "type": "Feature", "feature_type": kind, "geometry": geometry, "properties": properties}


def box(left: float, bottom: float, width: float = 1, height: float = 1) -> list[list[float]]:
    """A ring, counterclockwise, in steps."""
    corners = [(left, bottom), (left + width, bottom), (left + width, bottom + height), (left, bottom + height), (left, bottom)]
    return [[round(LON + x * STEP, 9), round(LAT + y * STEP, 9)] for x, y in corners]


def wild(seed: int) -> Wild:
    """One archive."""
    chance = random.Random(seed)
    make = _Maker(chance)
    files = _centre(make)
    counted = {name: len(files[name]) for name in ("level", "unit", "opening", "occupant", "amenity")}
    habits = sorted(chance.sample(sorted(HABITS), chance.randint(2, 6)))
    for name in habits:
        HABITS[name](files, chance)
    return Wild(
        _packed(files, chance),
        counted["level"],
        counted["unit"],
        counted["opening"],
        counted["occupant"],
        counted["amenity"],
        tuple(habits),
    )


def _area(left: float, bottom: float, width: float = 1, height: float = 1) -> Json:
    return {"type": "Polygon", "coordinates": [box(left, bottom, width, height)]}


def _at(x: float, y: float) -> Json:
    return {"type": "Point", "coordinates": box(x, y)[0]}


def _centre(make: _Maker) -> Files:
    """What the standard asks for, and nothing strange in it."""
    chance = make.chance
    address = make.feature("address", None, address="King Fahd Road 1", unit=None, locality="Riyadh", province=None, country="SA")
    named = {"name": {"en": "Centre", "ar": "مجمع"}, "alt_name": None, "hours": None, "display_point": None}
    venue = make.feature("venue", _area(-1, -1, 12, 12), category="shoppingcenter", address_id=address["id"], **named)
    buildings = [make.feature("building", None, category="unspecified", name={"en": f"Tower {n}"}, address_id=None) for n in range(2)]
    ground = [make.feature("footprint", _area(0, 0, 5, 10), category="ground", building_ids=[one["id"]]) for one in buildings]
    files: Files = {"address": [address], "venue": [venue], "building": buildings, "footprint": ground}
    files |= {name: [] for name in LATER}
    for ordinal in range(chance.randint(1, 4)):
        _floor(make, files, ordinal, buildings)
    ends = [{"id": chance.choice(files["unit"])["id"], "feature_type": "unit"} for _ in range(2)]
    lift = make.feature("relationship", None, category="elevator", direction="undirected", origin=ends[0], destination=ends[1], hours=None)
    files["relationship"].append(lift)
    return files


def _floor(make: _Maker, files: Files, ordinal: int, buildings: list[Json]) -> None:
    chance = make.chance
    said = {"outdoor": False, "ordinal": ordinal, "short_name": {"en": f"L{ordinal}"}, "display_point": None, "address_id": None}
    label = {"en": f"Level {ordinal}", "ar": f"الطابق {ordinal}"}
    within = [chance.choice(buildings)["id"]]
    level = make.feature("level", _area(0, 0, 10, 10), category="unspecified", name=label, building_ids=within, **said)
    files["level"].append(level)
    on = {"level_id": level["id"]}
    for n in range(chance.randint(2, 8)):
        _room(make, files, n, on)
    files["section"].append(make.feature("section", _area(0, 0, 6, 3), category="retail", name=None, **on))
    fence = make.feature("geofence", _area(1, 1, 3, 3), category="concourse", name=None, level_ids=[level["id"]], building_ids=None)
    files["geofence"].append(fence)
    files["kiosk"].append(make.feature("kiosk", _area(9, 9, 0.3, 0.3), name={"en": "Stand"}, anchor_id=None, **on))
    files["fixture"].append(make.feature("fixture", _area(9, 1, 0.3, 0.3), category="desk", name=None, anchor_id=None, **on))
    files["detail"].append(make.feature("detail", {"type": "LineString", "coordinates": box(0, 0)[:3]}, **on))


def _room(make: _Maker, files: Files, n: int, on: dict[str, str]) -> None:
    """A unit with its door, its tenant and a cash machine."""
    x, y, chance = n % 3 * 3, n // 3 * 3, make.chance
    said = {"restriction": None, "accessibility": None, "name": {"en": f"Unit {n}"}, "alt_name": None, "display_point": _at(x + 1, y + 1)}
    unit = make.feature("unit", _area(x, y, 2, 2), category=chance.choice(UNITS), **said, **on)
    files["unit"].append(unit)
    line = {"type": "LineString", "coordinates": box(x + 0.5, y, 0.1)[:2]}
    passed = {"accessibility": ["wheelchair"], "access_control": None, "door": None, "name": None}
    files["opening"].append(make.feature("opening", line, category=chance.choice(OPENINGS), **passed, **on))
    anchor = make.feature("anchor", _at(x + 1, y + 1), address_id=None, unit_id=unit["id"])
    files["anchor"].append(anchor)
    tenant = make.feature("occupant", None, category="clothing", name={"en": f"Brand {n}"}, anchor_id=anchor["id"], hours=None)
    files["occupant"].append(tenant)
    files["amenity"].append(make.feature("amenity", _at(x + 1, y + 1), category="atm", name=None, unit_ids=[unit["id"]]))


def _all(files: Files) -> list[Json]:
    return [one for features in files.values() for one in features]


def _capitals(files: Files, chance: random.Random) -> None:
    """Ids in capitals, references to them not."""
    for one in _all(files):
        if chance.random() < 0.5:
            one["id"] = one["id"].upper()


def _multi(files: Files, chance: random.Random) -> None:
    """Polygons as collections of one."""
    for one in _all(files):
        shape = one["geometry"]
        if shape and shape["type"] == "Polygon" and chance.random() < 0.5:
            one["geometry"] = {"type": "MultiPolygon", "coordinates": [shape["coordinates"]]}


def _wound_wrong(files: Files, chance: random.Random) -> None:
    """Rings clockwise."""
    for one in _all(files):
        if one["geometry"] and one["geometry"]["type"] == "Polygon" and chance.random() < 0.5:
            one["geometry"]["coordinates"] = [ring[::-1] for ring in one["geometry"]["coordinates"]]


def _raised(files: Files, _chance: random.Random) -> None:
    """A third coordinate."""
    for one in _all(files):
        if one["geometry"] and one["geometry"]["type"] == "LineString":
            one["geometry"]["coordinates"] = [[*at, 12.5] for at in one["geometry"]["coordinates"]]


def _tongues(files: Files, chance: random.Random) -> None:
    """Names in other languages, in one alone, as plain text, with a region, under the other key."""
    for one in _all(files):
        said = one["properties"]
        if said.get("name"):
            text = next(iter(said["name"].values()))
            said["name"] = chance.choice([{"ja": text}, {"en-US": text, "ar-SA": "اسم"}, text, {"fr": text, "de": text}, None, {}])
            if not said["name"]:
                said["alt_name"] = {"en": text}


def _shared_anchor(files: Files, _chance: random.Random) -> None:
    """Two tenants of one unit."""
    for one in files["occupant"][1::2]:
        one["properties"]["anchor_id"] = files["occupant"][0]["properties"]["anchor_id"]


def _loose_amenities(files: Files, chance: random.Random) -> None:
    """Amenities in no unit."""
    for one in files["amenity"]:
        one["properties"]["unit_ids"] = chance.choice([[], None, [str(uuid.UUID(int=7))]])


def _many_categories(files: Files, _chance: random.Random) -> None:
    """A list where one word belongs."""
    for one in files["opening"]:
        one["properties"]["category"] = [one["properties"]["category"], "service"]


def _strange_ordinals(files: Files, chance: random.Random) -> None:
    """Gaps, two alike, text, halves."""
    for one in files["level"]:
        one["properties"]["ordinal"] = chance.choice([-7, 0, "3", 2.5, "-1", 40])


def _bare_levels(files: Files, _chance: random.Random) -> None:
    """No building, no name but the button's."""
    for one in files["level"]:
        one["properties"] |= {"building_ids": None, "name": None}


def _fenced_by_building(files: Files, _chance: random.Random) -> None:
    """A geofence on a building and not on a level."""
    named = {one["properties"]["building_ids"][0] for one in files["level"] if one["properties"]["building_ids"]}
    for one in files["geofence"]:
        one["properties"] |= {"level_ids": None, "building_ids": sorted(named)}


def _without(*names: str) -> Callable[[Files, random.Random], None]:
    def drop(files: Files, _chance: random.Random) -> None:
        for name in names:
            files.pop(name, None)

    return drop


def _extended(files: Files, chance: random.Random) -> None:
    """Features and properties of somebody's extension."""
    files["imdf:acme:sensor"] = [
        {
            "id": str(uuid.UUID(int=chance.getrandbits(128))),
            "type": "Feature",
            "feature_type": "imdf:acme:sensor",
            "geometry": None,
            "properties": {"x": [1]},
        }
    ]
    for one in files["unit"]:
        one["properties"]["imdf:acme:colour"] = {"rgb": [1, 2, 3]}


def _one_file(files: Files, _chance: random.Random) -> None:
    """All features in one collection; each says what it is."""
    features = _all(files)
    files.clear()
    files["features"] = features


def _plural(files: Files, _chance: random.Random) -> None:
    """`Units.geojson`."""
    for name in list(files):
        files[f"{name.capitalize()}s"] = files.pop(name)


HABITS: dict[str, Callable[[Files, random.Random], None]] = {
    "capitals": _capitals,
    "multi": _multi,
    "wound wrong": _wound_wrong,
    "raised": _raised,
    "tongues": _tongues,
    "shared anchor": _shared_anchor,
    "loose amenities": _loose_amenities,
    "many categories": _many_categories,
    "strange ordinals": _strange_ordinals,
    "bare levels": _bare_levels,
    "fenced by building": _fenced_by_building,
    "no optional files": _without("section", "kiosk", "fixture", "detail", "relationship", "footprint", "geofence"),
    "no address": _without("address", "building", "footprint"),
    "no venue": _without("venue"),
    "extended": _extended,
    "x one file": _one_file,
    "y plural": _plural,
}
"""By name, in whose order they are applied: those that rename the files come last."""


def _packed(files: Files, chance: random.Random) -> bytes:
    """The zip: in a folder or not, with a byte-order mark or not, with what macOS leaves in it."""
    folder, mark = chance.choice(["", "IMDF/", "Export 1/archive/"]), chance.choice([b"", b"\xef\xbb\xbf"])
    version = chance.choice(["1.0.0", "1.0.0", "1.0.0.beta.2", "1.0.0.rc.1"])
    manifest = {
        "version": version,
        "created": "2021-02-18T00:00:00Z",
        "language": chance.choice(["en-US", "ar", "ja-JP"]),
        "generated_by": None,
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        if chance.random() < 0.9:
            archive.writestr(f"{folder}manifest.json", mark + json.dumps(manifest).encode())
        for name, features in files.items():
            body = {"type": "FeatureCollection", "name": name, "features": features}
            archive.writestr(f"{folder}{name.replace(':', '-')}.geojson", mark + json.dumps(body, ensure_ascii=False).encode())
            archive.writestr(f"__MACOSX/{folder}._{name.replace(':', '-')}.geojson", b"\x00\x05\x16\x07")
        archive.writestr(f"{folder}.DS_Store", b"\x00\x00")
        archive.writestr(f"{folder}._level.geojson", b"\x00\x05\x16\x07")
        archive.writestr(f"{folder}README.txt", "exported")
    return packed.getvalue()
