"""IMDF out: the same plan is always the same bytes, so the archive has no time of making but the day of the standard."""

import hashlib
import io
import json
import re
import uuid
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from floorplans.drawing import PlanFileError
from floorplans.earth import Frame
from floorplans.formats.imdf.words import (
    EXTENSION,
    FIXTURE_CATEGORY,
    LINK_CATEGORY,
    OPENING_CATEGORY,
    OURS,
    SECTION_CATEGORY,
    STRUCTURE,
    UNIT_CATEGORY,
)
from floorplans.model import UNIT_KINDS, Building, Fixture, Level, Link, Opening, Placement, PlacePoint, Plan, Point, Polygon, Ring, Zone
from floorplans.naming import labels
from groundwork.contracts.ids import LevelId

MADE: Final = "2021-02-18T00:00:00Z"
"""When IMDF 1.0.0 became a standard; the time of making would make the same plan other bytes."""
ZIP_TIME: Final = (1980, 1, 1, 0, 0, 0)
_UUID: Final = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")

Properties = dict[str, Any]


def write(plan: Plan) -> bytes:
    """The plan as an archive. Raises PlanFileError where a level is not tied to the earth."""
    if not plan.levels:
        raise PlanFileError("no_level", plan.venue.id)
    for level in plan.levels:
        if level.anchor is None:
            raise PlanFileError("no_anchor", level.id)
    collections = _Writing(plan).collections()
    manifest = {"version": "1.0.0", "created": MADE, "language": "ar", "generated_by": "Aislecast", "extensions": [EXTENSION]}
    files = {"manifest.json": manifest} | {f"{name}.geojson": _collection(features) for name, features in collections.items()}
    return _zip({name: json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode() for name, body in files.items()})


class _Writing:
    """One plan on its way out."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._frames: dict[LevelId, Frame] = {level.id: Frame(level.anchor) for level in plan.levels if level.anchor}
        self._ends: dict[str, str] = {point.id: "amenity" for point in plan.points}
        """What a link may lead to, and its collection."""
        self._ends |= {fixture.id: "unit" if fixture.category in STRUCTURE else "fixture" for fixture in plan.fixtures}
        self._ends |= {opening.id: "opening" for opening in plan.openings}
        self._ends |= {str(zone.id): _collection_of(zone) for zone in plan.zones}
        self._unit_level = {zone.id: zone.level for zone in plan.zones if zone.kind in UNIT_KINDS}

    def collections(self) -> dict[str, list[Properties]]:
        plan = self._plan
        units = [zone for zone in plan.zones if zone.kind in UNIT_KINDS]
        structure = [fixture for fixture in plan.fixtures if fixture.category in STRUCTURE]
        occupants = [point for point in plan.points if self._is_occupant(point)]
        return {
            "address": [self._address()],
            "venue": [self._venue()],
            "building": [_feature("building", one.id, None, self._building(one)) for one in plan.buildings],
            "footprint": [
                _feature(
                    "footprint",
                    one.id,
                    _shape(one.outline),
                    {"category": "ground", "name": None, "building_ids": [_key("building", one.id)]},
                )
                for one in plan.buildings
                if one.outline
            ],
            "level": [self._level(level) for level in plan.levels],
            "unit": [*(self._zone("unit", zone) for zone in units), *(self._fixture("unit", one) for one in structure)],
            "section": [self._zone("section", zone) for zone in plan.zones if _collection_of(zone) == "section"],
            "geofence": [self._zone("geofence", zone) for zone in plan.zones if _collection_of(zone) == "geofence"],
            "kiosk": [self._zone("kiosk", zone) for zone in plan.zones if _collection_of(zone) == "kiosk"],
            "fixture": [self._fixture("fixture", one) for one in (*plan.fixtures, *_obstacles(plan)) if one.category not in STRUCTURE],
            "opening": [self._opening(opening) for opening in plan.openings],
            "occupant": [self._occupant(point) for point in occupants],
            "anchor": [self._anchor(point) for point in occupants],
            "amenity": [self._amenity(point) for point in plan.points if not self._is_occupant(point)],
            "relationship": [self._link(link) for link in plan.links],
            "detail": self._details(),
            OURS: [self._placement(placement) for placement in plan.placements],
        }

    def _is_occupant(self, point: PlacePoint) -> bool:
        return point.category.startswith("occupant:") and point.zone in self._unit_level

    def _address(self) -> Properties:
        venue = self._plan.venue
        street, _, town = venue.address.rpartition(", ")
        said = {"address": street or None, "locality": town or None, "country": venue.country}
        return _feature("address", venue.id, None, said | {"unit": None, "province": None, "postal_code": None})

    def _venue(self) -> Properties:
        venue = self._plan.venue
        ours = {"id": venue.id, "time_zone": venue.time_zone, "shelved": [_said(one) for one in self._plan.shelved]}
        properties = {
            "category": venue.category,
            "restriction": None,
            "name": labels(venue.names, ""),
            "alt_name": None,
            "hours": venue.hours or None,
            "phone": None,
            "website": None,
            "address_id": _key("address", venue.id),
            "display_point": None,
            OURS: ours,
        }
        return _feature("venue", venue.id, _shape(venue.outline or self._ground()), properties)

    def _ground(self) -> tuple[Polygon, ...]:
        """For a venue without an outline: that of the level nearest the ground."""
        level = min(self._plan.levels, key=lambda one: abs(one.ordinal))
        return self._frames[level.id].polygons_to_degrees(level.outline)

    def _building(self, one: Building) -> Properties:
        return {
            "category": "unspecified",
            "restriction": None,
            "name": labels(one.names, "building"),
            "alt_name": None,
            "address_id": _key("address", self._plan.venue.id),
            "display_point": None,
            OURS: {"id": one.id},
        }

    def _level(self, level: Level) -> Properties:
        short = level.short_name or str(level.ordinal)
        properties = {
            "category": "unspecified",
            "restriction": None,
            "outdoor": level.outdoor,
            "ordinal": level.ordinal,
            "name": labels(level.names, "level"),
            "short_name": {"ar": short, "en": short},
            "display_point": None,
            "address_id": None,
            "building_ids": [_key("building", level.building)] if level.building else None,
            OURS: {"id": level.id, "anchor": _said(level.anchor), "elevation_m": level.elevation_m, "height_m": level.height_m},
        }
        return _feature("level", level.id, _shape(self._frames[level.id].polygons_to_degrees(level.outline)), properties)

    def _zone(self, collection: str, zone: Zone) -> Properties:
        own = SECTION_CATEGORY.get(zone.kind) or UNIT_CATEGORY.get(zone.kind) or "unspecified"
        properties = {
            "category": zone.category or ("concourse" if collection == "geofence" else own),
            "restriction": "employeesonly" if zone.kind == "staff" else None,
            "accessibility": None,
            "name": labels(zone.names, zone.kind),
            "alt_name": None,
            **({"level_ids": [_key("level", zone.level)]} if collection == "geofence" else {}),
            "level_id": _key("level", zone.level),
            "display_point": None,
            OURS: {"id": zone.id, "kind": zone.kind, "parent": zone.parent, "category": zone.category},
        }
        return _feature(collection, zone.id, _shape(self._frames[zone.level].polygons_to_degrees(zone.polygons)), properties)

    def _fixture(self, collection: str, one: Fixture) -> Properties:
        properties = {
            "category": one.category or FIXTURE_CATEGORY[one.kind],
            "name": labels(one.names, ""),
            "alt_name": None,
            "anchor_id": None,
            "level_id": _key("level", one.level),
            "display_point": None,
            OURS: {"id": one.id, "kind": one.kind, "bays": one.bays, "facing_deg": one.facing_deg, "category": one.category},
        }
        return _feature(collection, one.id, _shape(self._frames[one.level].polygons_to_degrees(one.polygons)), properties)

    def _opening(self, one: Opening) -> Properties:
        properties = {
            "category": one.category or OPENING_CATEGORY[one.kind],
            "accessibility": ["wheelchair"] if one.step_free else None,
            "access_control": None,
            "door": None,
            "name": labels(one.names, ""),
            "alt_name": None,
            "display_point": None,
            "level_id": _key("level", one.level),
            OURS: {"id": one.id, "kind": one.kind, "step_free": one.step_free, "category": one.category},
        }
        return _feature("opening", one.id, _line(self._frames[one.level].ring_to_degrees(one.line)), properties)

    def _occupant(self, point: PlacePoint) -> Properties:
        properties = {
            "category": point.category.partition(":")[2],
            "name": labels(point.names, ""),
            "anchor_id": _key("anchor", point.id),
            "hours": None,
            "phone": None,
            "website": None,
            "validity": None,
            "correlation_id": None,
            OURS: {"id": point.id},
        }
        return _feature("occupant", point.id, None, properties)

    def _anchor(self, point: PlacePoint) -> Properties:
        properties = {"address_id": None, "unit_id": _key("unit", point.zone or "")}
        return _feature("anchor", point.id, self._place(point.level, point.x_m, point.y_m), properties)

    def _amenity(self, point: PlacePoint) -> Properties:
        unit = _key("unit", point.zone) if point.zone in self._unit_level and point.zone else None
        properties = {
            "category": point.category,
            "accessibility": None,
            "name": labels(point.names, ""),
            "alt_name": None,
            "hours": None,
            "phone": None,
            "website": None,
            "unit_ids": [unit] if unit else [],
            "address_id": None,
            "correlation_id": None,
            OURS: {"id": point.id, "level": point.level},
        }
        return _feature("amenity", point.id, self._place(point.level, point.x_m, point.y_m), properties)

    def _link(self, link: Link) -> Properties:
        properties = {
            "category": LINK_CATEGORY[link.kind],
            "direction": "directed" if link.one_way else "undirected",
            "origin": self._end(link.origin),
            "intermediary": None,
            "destination": self._end(link.destination),
            "hours": None,
            OURS: {"id": link.id, "step_free": link.step_free},
        }
        return _feature("relationship", link.id, None, properties)

    def _end(self, name: str) -> Properties:
        kind = self._ends.get(name, "level")
        return {"id": _key(kind, name), "feature_type": kind}

    def _details(self) -> list[Properties]:
        found = []
        for number, one in enumerate(self._plan.details):
            frame = self._frames[one.level]
            shape = {"type": "MultiLineString", "coordinates": [frame.ring_to_degrees(line) for line in one.lines]}
            found.append(
                _feature("detail", f"{one.level}:{number}", shape, {"level_id": _key("level", one.level), OURS: {"layer": one.layer}})
            )
        return found

    def _placement(self, one: Placement) -> Properties:
        ours = {"kind": one.kind, "subject": one.subject, "z_m": one.z_m, "from_ms": one.from_ms, "facing_deg": one.facing_deg}
        properties = {"level_id": _key("level", one.level), OURS: ours}
        shape = self._place(one.level, one.x_m, one.y_m)
        return _feature(f"{OURS}:placement", f"{one.kind}:{one.subject}:{one.from_ms}", shape, properties)

    def _place(self, level: LevelId, x_m: float, y_m: float) -> Properties:
        return {"type": "Point", "coordinates": self._frames[level].to_degrees(x_m, y_m)}


def _obstacles(plan: Plan) -> Iterable[Fixture]:
    """A level's obstacles, which IMDF knows as fixtures: reading them again gives fixtures too."""
    for level in plan.levels:
        for number, polygon in enumerate(level.obstacles):
            yield Fixture(f"{level.id}:obstacle-{number}"[:64], level.id, "obstruction", (polygon,))


def _collection_of(zone: Zone) -> str:
    if zone.kind in UNIT_KINDS:
        return "unit"
    return {"offer": "geofence", "kiosk": "kiosk"}.get(zone.kind, "section")


def _key(kind: str, name: str) -> str:
    """The UUID of a feature: the id itself where that is one, else made of kind and id, so the same tomorrow."""
    if _UUID.fullmatch(name) and kind not in ("anchor", "footprint", "address"):
        return name
    digest = hashlib.blake2b(f"{kind}:{name}".encode(), digest_size=16, person=b"aislecast-imdf").digest()
    return str(uuid.UUID(bytes=digest, version=5))


def _feature(kind: str, name: str, geometry: Properties | None, properties: Properties) -> Properties:
    return {"id": _key(kind, name), "type": "Feature", "feature_type": kind, "geometry": geometry, "properties": properties}


def _collection(features: Sequence[Properties]) -> Properties:
    return {"type": "FeatureCollection", "features": list(features)}


def _shape(polygons: Sequence[Polygon]) -> Properties | None:
    if not polygons:
        return None
    drawn = [[_closed(one.outer, True), *(_closed(hole, False) for hole in one.holes)] for one in polygons]
    return {"type": "Polygon", "coordinates": drawn[0]} if len(drawn) == 1 else {"type": "MultiPolygon", "coordinates": drawn}


def _closed(ring: Ring, counterclockwise: bool) -> list[Point]:
    """As RFC 7946 wants it: outer rings counterclockwise, holes clockwise, the first point again at the end."""
    turn = sum(x * v - u * y for (x, y), (u, v) in zip(ring, (*ring[1:], ring[0]), strict=True))
    kept = list(ring) if (turn > 0) == counterclockwise else [ring[0], *reversed(ring[1:])]
    return [*kept, kept[0]]


def _line(points: Iterable[Point]) -> Properties:
    return {"type": "LineString", "coordinates": list(points)}


def _said(one: Any) -> Mapping[str, Any]:
    """A dataclass as a table."""
    return {name: getattr(one, name) for name in one.__dataclass_fields__}


def _zip(files: Mapping[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for name, raw in files.items():
            archive.writestr(zipfile.ZipInfo(name, ZIP_TIME), raw, zipfile.ZIP_DEFLATED, 9)
    return packed.getvalue()
