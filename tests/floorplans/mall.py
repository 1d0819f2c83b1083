"""A plan with one of everything, and a real-looking IMDF archive from somebody else, made here: no licence lets the real ones be kept."""

import io
import json
import uuid
import zipfile
from typing import Any

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
    Plan,
    Polygon,
    Shelving,
    Venue,
    Zone,
)
from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

GROUND, FIRST = LevelId("G"), LevelId("1")
Json = dict[str, Any]


def box(left: float, bottom: float, right: float, top: float) -> Polygon:
    return Polygon(((left, bottom), (right, bottom), (right, top), (left, top)))


def full_plan(version: str = "v1") -> Plan:
    """Two levels with frames of their own, turned against the north, and one of every noun."""
    anchor = Anchor(46.6753, 24.7136, 31.5)
    floor = Polygon(box(0, 0, 40, 25).outer, (box(30, 5, 32, 7).outer,))
    ground = Level(GROUND, 0, Names("الأرضي", "Ground"), (floor,), (box(38, 1, 39, 2),), anchor, 0.0, 4.5, "main", "G")
    above = Anchor(46.6754, 24.71365, 31.5)
    first = Level(FIRST, 1, Names("الأول", "First"), (box(0, 0, 20, 25),), (), above, 5.0, 3.5, "main", "1", True)
    shop = Zone(ZoneId("shop-1"), GROUND, "shop", Names("أزياء <نور>", "Noor & Co"), (box(1, 1, 11, 9),), None, "unspecified")
    return Plan(
        venue=Venue(
            VenueId("noor"),
            TenantId("default"),
            Names("مجمع نور", "Noor Mall"),
            "Asia/Riyadh",
            outline=(Polygon(((46.675, 24.713), (46.676, 24.713), (46.676, 24.714))),),
            hours="Sa-Th 09:00-23:00",
            category="shoppingcenter",
            address="King Fahd Road 1, Riyadh",
        ),
        version=PlanVersionId(version),
        levels=(ground, first),
        zones=(
            shop,
            Zone(ZoneId("hall"), GROUND, "corridor", Names("رواق", "Corridor"), (box(11, 1, 28, 9), box(12, 10, 13, 11))),
            Zone(ZoneId("shoes"), GROUND, "department", Names("أحذية", "Shoes"), (box(2, 2, 6, 6),), shop.id),
            Zone(ZoneId("promo"), GROUND, "offer", Names("عرض", "Offer"), (box(3, 3, 15, 8),)),
            Zone(ZoneId("stand"), FIRST, "kiosk", Names("كشك قهوة", "Coffee stand"), (box(5, 5, 7, 7),)),
        ),
        placements=(
            Placement("gateway", "gw-1", GROUND, 5.25, 4.125, 3.0, 1_700_000_000_000, 90.0),
            Placement("beacon", "ibeacon:00112233445566778899aabbccddeeff:1:7", FIRST, 6.0, 6.0, 1.5),
        ),
        fixtures=(
            Fixture("rack-1", GROUND, "shelf", (box(2, 2, 5, 2.6),), Names("رف ١", "Rack 1"), 3, 90.0),
            Fixture("pillar", GROUND, "column", (box(20, 4, 20.5, 4.5),), category="column"),
        ),
        openings=(Opening("door-1", GROUND, "entrance", ((11, 3), (11, 5)), Names("الباب", "Door"), True),),
        points=(
            PlacePoint("atm", GROUND, "atm", 25, 5, None, ZoneId("hall")),
            PlacePoint("brand", GROUND, "occupant:clothing", 6, 5, Names("نور", "Noor"), shop.id),
        ),
        links=(Link("lift", "elevator", "hall", "stand", False, True),),
        buildings=(Building("main", Names("المبنى", "Main building"), (Polygon(((46.675, 24.713), (46.676, 24.713), (46.676, 24.714))),)),),
        details=(Detail(GROUND, (((1.0, 1.0), (2.0, 2.0)), ((3.0, 3.0), (4.0, 3.0), (4.0, 5.0))), "tiles"),),
        shelved=(Shelving("6281000000012", "rack-1", 2, 4),),
    )


def uid(number: int) -> str:
    return str(uuid.UUID(int=number, version=4))


def feature(kind: str, number: int, properties: Json, geometry: Json | None = None) -> Json:
    return {"type": "Feature", "id": uid(number), "feature_type": kind, "geometry": geometry, "properties": properties}


def square(lon: float, lat: float, width: float, height: float) -> Json:
    ring = [[lon, lat], [lon + width, lat], [lon + width, lat + height], [lon, lat + height], [lon, lat]]
    return {"type": "Polygon", "coordinates": [ring]}


WEST, SOUTH = -121.889, 37.329
"""Of the archive that somebody else made; its lengths are in units of 0.0001 degrees."""


def area(left: float, bottom: float, width: float, height: float) -> Json:
    west, south = WEST + left / 10_000, SOUTH + bottom / 10_000
    east, north = west + width / 10_000, south + height / 10_000
    return {"type": "Polygon", "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]]}


def spot(left: float, bottom: float) -> Json:
    return {"type": "Point", "coordinates": [WEST + left / 10_000, SOUTH + bottom / 10_000]}


def foreign_archive() -> dict[str, list[Json]]:
    """A convention centre of two levels, one of them outdoors, as an older tool writes it: with faults, and what we do not know."""
    concourse, upper = {"level_id": uid(10)}, {"level_id": uid(11)}
    door = {"type": "LineString", "coordinates": [spot(4, 1)["coordinates"], spot(4, 1.2)["coordinates"]]}
    lift = {"origin": {"id": uid(21), "feature_type": "unit"}, "destination": {"id": uid(22), "feature_type": "unit"}}
    return {
        "address": [feature("address", 1, {"address": "150 W", "locality": "San Jose", "province": "US-CA", "country": "US"})],
        "venue": [
            feature("venue", 2, {"name": {"en": "Centre"}, "category": "conventioncenter", "address_id": uid(1)}, area(0, 0, 10, 10))
        ],
        "building": [feature("building", 3, {"name": {"en": "South Hall"}, "category": "unspecified"})],
        "footprint": [feature("footprint", 4, {"category": "ground", "building_ids": [uid(3)]}, area(0, 0, 10, 10))],
        "level": [
            feature(
                "level",
                10,
                {"ordinal": 0, "name": {"en": "Concourse"}, "short_name": {"en": "C"}, "building_ids": [uid(3)], "outdoor": False},
                area(0, 0, 10, 10),
            ),
            feature("level", 11, {"ordinal": 1, "name": {"en": "Upper"}, "outdoor": True}, area(0, 0, 5, 10)),
        ],
        "unit": [
            feature("unit", 20, {"category": "room", **concourse, "name": {"en": "Hall A", "es": "Sala A"}}, area(0, 0, 4, 4)),
            feature("unit", 21, {"category": "walkway", **concourse, "name": None}, area(4, 0, 4, 4)),
            feature("unit", 22, {"category": "restroom.female", **upper}, area(0, 0, 1, 1)),
            feature("unit", 23, {"category": "column", **concourse}, area(9, 0, 0.1, 0.1)),
            feature("unit", 24, {"category": "room", "level_id": uid(99)}, area(0, 0, 1, 1)),
        ],
        "opening": [
            feature("opening", 30, {"category": "pedestrian.principal", **concourse}, door),
            feature("opening", 31, {"category": "pedestrian", **concourse}, {"type": "Polygon", "coordinates": "?"}),
        ],
        "amenity": [feature("amenity", 40, {"category": "atm", "unit_ids": [uid(21)], "name": None}, spot(5, 1))],
        "anchor": [feature("anchor", 50, {"unit_id": uid(20)}, spot(1, 1))],
        "occupant": [feature("occupant", 51, {"category": "coffee", "name": {"en": "Cafe"}, "anchor_id": uid(50)})],
        "section": [feature("section", 60, {"category": "retaildepartment", **concourse}, area(0, 0, 2, 2))],
        "geofence": [feature("geofence", 61, {"category": "concourse", "level_ids": [uid(10), uid(11)]}, area(0, 0, 2, 2))],
        "relationship": [
            feature("relationship", 70, {"category": "elevator", "direction": "undirected", **lift}),
            feature("relationship", 71, {"category": "stairs", "origin": {"id": uid(98)}, "destination": None}),
        ],
    }


def packed(collections: dict[str, list[Json]], version: str = "1.0.0", folder: str = "") -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{folder}manifest.json", json.dumps({"version": version, "language": "en"}))
        for name, features in collections.items():
            archive.writestr(f"{folder}{name}.geojson", json.dumps({"type": "FeatureCollection", "features": features}))
    return out.getvalue()
