"""GeoJSON in and out: our own, which holds a whole plan, and anybody's, of which we take what the geometry and a few properties say.

Our own says so in the foreign member `aislecast`, with everything that has no geometry, and whether coordinates are degrees (`wgs84`, RFC
7946) or metres of each level's frame (`local`, which RFC 7946 does not know: say so when you hand it on). The same plan is the same bytes.
Of anybody's: polygons become rooms, lines details, points points of interest; properties `level` or `floor`, `kind`, `name`, `name_ar`.
"""

import dataclasses
import json
import math
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from floorplans.archive import raw_bytes
from floorplans.draft import Draft
from floorplans.drawing import Choice, Drawn, PlanFileError, Premises
from floorplans.earth import PLACES_M, Frame, anchor_under
from floorplans.features import Collection, Feature, all_points, decode, each, lines_of, point_of, polygons_of
from floorplans.model import (
    ZONE_KINDS,
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
    Ring,
    Shelving,
    Zone,
)
from floorplans.naming import names
from floorplans.shapes import outline_of
from groundwork.contracts.ids import LevelId, ZoneId

WIDEST_DEG: Final = 0.5
"""What spans less than this both ways, inside the earth's degrees, is in degrees: no floor is half a metre wide."""

Crs = Literal["local", "wgs84"]
Json = dict[str, Any]


class _Whole(msgspec.Struct):
    """The foreign member: what has no geometry of its own."""

    version: int
    crs: Crs
    venue: Premises
    levels: tuple[Level, ...]
    buildings: tuple[Building, ...] = ()
    links: tuple[Link, ...] = ()
    shelved: tuple[Shelving, ...] = ()


class _Ours(msgspec.Struct):
    features: list[Feature]
    aislecast: _Whole


def knows(path: Path, features: Collection | None) -> bool:
    """Any feature collection will do, so this is asked last."""
    del path
    return features is not None


def read(path: Path, choice: Choice) -> Drawn:
    """Our own or anybody's. Raises PlanFileError where it is no feature collection, or one of ours that was broken."""
    raw = raw_bytes(path)
    collection = decode(raw, path.name)
    if b'"aislecast"' not in raw:
        return _Foreign(collection, choice, path.name).drawn()
    try:
        ours = msgspec.json.decode(raw, type=_Ours)
    except msgspec.MsgspecError as error:
        raise PlanFileError("wrong_value", path.name, key="aislecast", problem=error) from error
    return _Reading(ours.aislecast, path.name).drawn(collection)


class _Reading:
    """One of our own on its way in."""

    def __init__(self, whole: _Whole, at: str) -> None:
        self._whole, self._at = whole, at
        self._frames = {level.id: Frame(level.anchor) for level in whole.levels if level.anchor}
        self._outlines: dict[LevelId, tuple[tuple[Polygon, ...], tuple[Polygon, ...]]] = {}
        self._placements: list[Placement] = []
        self._details: list[Detail] = []
        self._draft = Draft()

    def drawn(self, collection: Collection) -> Drawn:
        each(collection, self._at, self._draft.remarks, self._take)
        whole, draft = self._whole, self._draft
        levels = (self._shaped(level) for level in whole.levels)
        return Drawn(
            levels=tuple(levels),
            zones=tuple(draft.zones),
            placements=tuple(self._placements),
            fixtures=tuple(draft.fixtures),
            openings=tuple(draft.openings),
            points=tuple(draft.points),
            links=whole.links,
            buildings=whole.buildings,
            details=tuple(self._details),
            shelved=whole.shelved,
            premises=whole.venue,
            found=dict(sorted(draft.found.items())),
            remarks=draft.remarks.all(),
        )

    def _shaped(self, level: Level) -> Level:
        outline, obstacles = self._outlines.get(level.id, ((), ()))
        return dataclasses.replace(level, outline=outline, obstacles=obstacles)

    def _take(self, feature: Feature, at: str) -> None:
        said = dict(feature.properties or {})
        kind = str(said.pop("feature", ""))
        takes: Mapping[str, Callable[[LevelId, Feature, Json], None]] = {
            "level": self._take_level,
            "obstacle": self._take_level,
            "zone": self._take_zone,
            "fixture": self._take_fixture,
            "opening": self._take_opening,
            "point": self._take_point,
            "placement": self._take_placement,
            "detail": self._take_detail,
        }
        if kind not in takes:
            raise PlanFileError("unknown_kind", at, found=kind, known=", ".join(takes))
        level = LevelId(str(said.get("level", "")))
        if level not in {one.id for one in self._whole.levels}:
            raise PlanFileError("unknown_reference", at, key="level", found=level)
        self._draft.found[kind] += 1
        try:
            takes[kind](level, feature, said)
        except (msgspec.ValidationError, TypeError) as error:
            raise PlanFileError("wrong_value", at, key="properties", problem=error) from error

    def _take_level(self, level: LevelId, feature: Feature, said: Json) -> None:
        outline, obstacles = self._outlines.get(level, ((), ()))
        drawn = self._polygons(level, feature)
        self._outlines[level] = (outline, drawn) if "obstacles" in said else (drawn, obstacles)

    def _take_zone(self, level: LevelId, feature: Feature, said: Json) -> None:
        self._draft.zones.append(msgspec.convert({**said, "polygons": self._polygons(level, feature)}, Zone))

    def _take_fixture(self, level: LevelId, feature: Feature, said: Json) -> None:
        self._draft.fixtures.append(msgspec.convert({**said, "polygons": self._polygons(level, feature)}, Fixture))

    def _take_opening(self, level: LevelId, feature: Feature, said: Json) -> None:
        self._draft.openings.append(msgspec.convert({**said, "line": self._lines(level, feature)[0]}, Opening))

    def _take_point(self, level: LevelId, feature: Feature, said: Json) -> None:
        ((x, y),) = self._ring(level, (point_of(feature.geometry),))
        self._draft.points.append(msgspec.convert({**said, "x_m": x, "y_m": y}, PlacePoint))

    def _take_placement(self, level: LevelId, feature: Feature, said: Json) -> None:
        ((x, y),) = self._ring(level, (point_of(feature.geometry),))
        self._placements.append(msgspec.convert({**said, "x_m": x, "y_m": y}, Placement))

    def _take_detail(self, level: LevelId, feature: Feature, said: Json) -> None:
        self._details.append(Detail(level, self._lines(level, feature), str(said.get("layer", ""))))

    def _ring(self, level: LevelId, ring: Ring) -> Ring:
        return self._frames[level].ring_to_metres(ring) if self._whole.crs == "wgs84" else ring

    def _lines(self, level: LevelId, feature: Feature) -> tuple[Ring, ...]:
        return tuple(self._ring(level, line) for line in lines_of(feature.geometry))

    def _polygons(self, level: LevelId, feature: Feature) -> tuple[Polygon, ...]:
        drawn = polygons_of(feature.geometry)
        return tuple(Polygon(self._ring(level, one.outer), tuple(self._ring(level, hole) for hole in one.holes)) for one in drawn)


class _Foreign:
    """Somebody else's on its way in."""

    def __init__(self, collection: Collection, choice: Choice, at: str) -> None:
        self._collection, self._at, self._choice = collection, at, choice
        points = tuple(all_points(collection))
        if not points:
            raise PlanFileError("no_level", at)
        self._anchor = choice.anchor or (anchor_under([points]) if _in_degrees(points) else None)
        self._frame = Frame(self._anchor) if self._anchor else None
        self._draft = Draft()

    def drawn(self) -> Drawn:
        each(self._collection, self._at, self._draft.remarks, self._take)
        on_them = {zone.level for zone in self._draft.zones} | {point.level for point in self._draft.points}
        on_them |= {level for level, _ in self._draft.details}
        for level in sorted(on_them):
            outline = outline_of(polygon for zone in self._draft.zones if zone.level == level for polygon in zone.polygons)
            self._draft.levels.append(Level(level, _ordinal(level), Names(level, level), outline, anchor=self._anchor))
        return self._draft.finish()

    def _take(self, feature: Feature, at: str) -> None:
        level = LevelId((self._choice.level or feature.say("level") or feature.say("floor") or "0")[:64])
        shape = feature.geometry.type if feature.geometry else ""
        self._draft.found[shape.lower() or "no_geometry"] += 1
        if shape == "Point":
            self._take_point(feature, level, at)
        elif shape in ("Polygon", "MultiPolygon"):
            self._take_polygon(feature, level, at)
        else:
            self._draft.add_detail(level, [self._ring(line) for line in lines_of(feature.geometry)], feature.say("layer"))

    def _take_point(self, feature: Feature, level: LevelId, at: str) -> None:
        ((x, y),) = self._ring((point_of(feature.geometry),))
        named = names(feature.say("name_ar"), feature.say("name"), "room") if feature.say("name") else None
        category = feature.say("kind") or feature.say("type") or "unspecified"
        self._draft.points.append(PlacePoint(self._draft.take_id(feature.name(), "point", at), level, category[:64], x, y, named))

    def _take_polygon(self, feature: Feature, level: LevelId, at: str) -> None:
        said = feature.say("kind") or feature.say("type")
        kind = said if said in ZONE_KINDS else "room"
        drawn = tuple(Polygon(self._ring(one.outer), tuple(map(self._ring, one.holes))) for one in polygons_of(feature.geometry))
        zone = ZoneId(self._draft.take_id(feature.name(), "zone", at))
        self._draft.zones.append(Zone(zone, level, kind, names(feature.say("name_ar"), feature.say("name"), kind), drawn, None, said[:64]))

    def _ring(self, ring: Ring) -> Ring:
        return self._frame.ring_to_metres(ring) if self._frame else ring


def write(plan: Plan, crs: Crs = "local") -> bytes:
    """The whole plan. Raises PlanFileError where degrees are asked for and a level is not tied to the earth."""
    if crs == "wgs84":
        for level in plan.levels:
            if level.anchor is None:
                raise PlanFileError("no_anchor", level.id)
    return json.dumps(_Writing(plan, crs).collection(), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


class _Writing:
    """One plan on its way out."""

    def __init__(self, plan: Plan, crs: Crs) -> None:
        self._plan, self._crs = plan, crs
        self._frames = {level.id: Frame(level.anchor) for level in plan.levels if level.anchor and crs == "wgs84"}

    def collection(self) -> Json:
        venue = self._plan.venue
        premises = Premises(
            venue.id, venue.names, venue.outline, venue.hours, venue.category, venue.address, venue.country, venue.time_zone
        )
        whole = {
            "version": 1,
            "crs": self._crs,
            "venue": msgspec.to_builtins(premises),
            "levels": [msgspec.to_builtins(level) | {"outline": [], "obstacles": []} for level in self._plan.levels],
            "buildings": msgspec.to_builtins(self._plan.buildings),
            "links": msgspec.to_builtins(self._plan.links),
            "shelved": msgspec.to_builtins(self._plan.shelved),
        }
        return {"type": "FeatureCollection", "aislecast": whole, "features": list(self._features())}

    def _features(self) -> Iterable[Json]:
        for level in self._plan.levels:
            yield _feature("level", self._areas(level.id, level.outline), {"level": level.id})
            if level.obstacles:
                yield _feature("obstacle", self._areas(level.id, level.obstacles), {"level": level.id, "obstacles": True})
        for zone in self._plan.zones:
            yield _feature("zone", self._areas(zone.level, zone.polygons), _fields(zone, "polygons"))
        for fixture in self._plan.fixtures:
            yield _feature("fixture", self._areas(fixture.level, fixture.polygons), _fields(fixture, "polygons"))
        for opening in self._plan.openings:
            yield _feature(
                "opening", {"type": "LineString", "coordinates": self._ring(opening.level, opening.line)}, _fields(opening, "line")
            )
        for point in self._plan.points:
            yield _feature("point", self._place(point), _fields(point, "x_m", "y_m"))
        for placement in self._plan.placements:
            yield _feature("placement", self._place(placement), _fields(placement, "x_m", "y_m"))
        for detail in self._plan.details:
            shape = {"type": "MultiLineString", "coordinates": [self._ring(detail.level, line) for line in detail.lines]}
            yield _feature("detail", shape, _fields(detail, "lines"))

    def _place(self, one: PlacePoint | Placement) -> Json:
        return {"type": "Point", "coordinates": self._ring(one.level, ((one.x_m, one.y_m),))[0]}

    def _areas(self, level: LevelId, polygons: Iterable[Polygon]) -> Json | None:
        drawn = [[self._closed(level, one.outer), *(self._closed(level, hole) for hole in one.holes)] for one in polygons]
        if not drawn:
            return None
        return {"type": "Polygon", "coordinates": drawn[0]} if len(drawn) == 1 else {"type": "MultiPolygon", "coordinates": drawn}

    def _closed(self, level: LevelId, ring: Ring) -> list[tuple[float, float]]:
        points = self._ring(level, ring)
        return [*points, points[0]]

    def _ring(self, level: LevelId, ring: Ring) -> Ring:
        if level in self._frames:
            return self._frames[level].ring_to_degrees(ring)
        return tuple((round(x, PLACES_M) + 0.0, round(y, PLACES_M) + 0.0) for x, y in ring)


def _feature(kind: str, geometry: Json | None, properties: Json) -> Json:
    return {"type": "Feature", "properties": {"feature": kind, **properties}, "geometry": geometry}


def _fields(one: Any, *without: str) -> Json:
    """A dataclass as plain JSON, but for its geometry."""
    return {key: value for key, value in msgspec.to_builtins(one).items() if key not in without}


def _in_degrees(points: Iterable[tuple[float, float]]) -> bool:
    xs, ys = zip(*points, strict=True)
    on_earth = max(map(abs, xs)) <= 180 and max(map(abs, ys)) <= 90
    return bool(on_earth and max(xs) - min(xs) < WIDEST_DEG and max(ys) - min(ys) < WIDEST_DEG)


def _ordinal(level: str) -> int:
    try:
        return math.floor(float(level))
    except ValueError:
        return 0
