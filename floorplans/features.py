"""GeoJSON features as files have them, taken apart with care: a fault in one is a Remark, and the others are read all the same.

Used by every format that is GeoJSON underneath (our own, IMDF, OpenStreetMap, the malls'). Coordinates come out as they went in: whether
they are degrees or metres is for the format to know.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

import msgspec

from floorplans.drawing import MOST_REMARKS, PlanFileError, Remark
from floorplans.model import Point, Polygon, Ring

MOST_FEATURES: Final = 200_000
MOST_POINTS: Final = 2_000_000
"""Of one file. A mall of eight floors has 3,000 features; a drawing office's plan has 50,000 lines."""

Polygons = tuple[Polygon, ...]


class Geometry(msgspec.Struct):
    """A geometry not yet looked into."""

    type: str
    coordinates: Any = None


class Feature(msgspec.Struct):
    """A feature; `properties` are the file's own."""

    properties: dict[str, Any] | None = None
    geometry: Geometry | None = None
    id: Any = None
    feature_type: Any = None
    fault: str = ""
    """Why it could not be taken apart; `each` makes a remark of it."""

    def say(self, key: str) -> str:
        """A property as text; empty where it is missing, null or no plain value."""
        value = (self.properties or {}).get(key)
        return str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""

    def name(self) -> str:
        """Its id, wherever the file keeps it; empty where it has none."""
        return str(self.id) if isinstance(self.id, str | int) else self.say("id") or self.say("@id")


class Collection(msgspec.Struct):
    """A feature collection, with the rest of the file as it is."""

    features: list[Feature]
    type: str = "FeatureCollection"


class _Loose(msgspec.Struct):
    features: list[Any]


class Remarks:
    """Collects what is wrong, up to MOST_REMARKS."""

    def __init__(self) -> None:
        self._remarks: list[Remark] = []

    def add(self, code: str, at: str, **values: object) -> None:
        if len(self._remarks) < MOST_REMARKS:
            self._remarks.append(Remark(code, at, {key: str(value)[:200] for key, value in values.items()}))

    def all(self) -> tuple[Remark, ...]:
        return tuple(self._remarks)


def decode(raw: bytes, at: str) -> Collection:
    """The features of a file. Raises PlanFileError where it is no feature collection or holds too much."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        found = _tolerant(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise PlanFileError("no_geojson", at, problem=error) from error
    if len(found.features) > MOST_FEATURES:
        raise PlanFileError("too_many", at, what="features", found=len(found.features), most=MOST_FEATURES)
    return found


def _tolerant(raw: bytes) -> Collection:
    """As strictly as it goes at once, and where that fails feature by feature."""
    try:
        return msgspec.json.decode(raw, type=Collection)
    except msgspec.ValidationError:
        return Collection([_feature(one) for one in msgspec.json.decode(raw, type=_Loose).features])


def _feature(one: Any) -> Feature:
    try:
        return msgspec.convert(one, Feature)
    except msgspec.ValidationError as error:
        return Feature(id=one.get("id") if isinstance(one, dict) else None, fault=str(error))


def polygons_of(geometry: Geometry | None) -> Polygons:
    """Of a Polygon or MultiPolygon, or of a line that ends where it began. Raises PlanFileError naming the fault."""
    if geometry is None:
        raise PlanFileError("no_geometry")
    match geometry.type:
        case "Polygon":
            return (_polygon(geometry.coordinates),)
        case "MultiPolygon":
            return tuple(_polygon(rings) for rings in _list(geometry.coordinates))
        case "LineString":
            return (_polygon([geometry.coordinates]),)
    raise PlanFileError("wrong_geometry", found=geometry.type, expected="Polygon, MultiPolygon")


def lines_of(geometry: Geometry | None) -> tuple[Ring, ...]:
    """Of a LineString or MultiLineString, or the rings of a polygon. Raises PlanFileError."""
    if geometry is None:
        raise PlanFileError("no_geometry")
    match geometry.type:
        case "LineString":
            return (_points(geometry.coordinates),)
        case "MultiLineString" | "Polygon":
            return tuple(_points(line) for line in _list(geometry.coordinates))
        case "MultiPolygon":
            return tuple(_points(ring) for rings in _list(geometry.coordinates) for ring in _list(rings))
    raise PlanFileError("wrong_geometry", found=geometry.type, expected="LineString, MultiLineString")


def point_of(geometry: Geometry | None) -> Point:
    """Of a Point; of anything else the middle of its box. Raises PlanFileError."""
    if geometry is None:
        raise PlanFileError("no_geometry")
    if geometry.type == "Point":
        return _point(geometry.coordinates)
    points = [point for line in lines_of(geometry) for point in line]
    return middle(points)


def middle(points: Iterable[Point]) -> Point:
    """The middle of the box around the points; raises ValueError on none."""
    xs, ys = zip(*points, strict=True)
    return ((min(xs) + max(xs)) / 2, (min(ys) + max(ys)) / 2)


def each(collection: Collection, at: str, remarks: Remarks, take: Callable[[Feature, str], None]) -> None:
    """Gives each feature to `take`; one that is at fault is left out with a remark naming it."""
    for number, feature in enumerate(collection.features):
        where = f"{at}, feature {number}" + (f" ({feature.name()})" if feature.name() else "")
        try:
            if feature.fault:
                raise PlanFileError("wrong_value", key="feature", problem=feature.fault)
            take(feature, where)
        except PlanFileError as fault:
            remarks.add(fault.remark.code, fault.remark.at or where, **fault.remark.values)
        except (TypeError, AttributeError, LookupError, ValueError) as error:  # a property of a type nobody would expect there
            remarks.add("wrong_value", where, key="properties", problem=error)


def all_points(collection: Collection, limit: int = MOST_POINTS) -> Iterator[Point]:
    """Every point there is, skipping what cannot be read. Raises PlanFileError over the limit."""
    seen = 0
    for feature in collection.features:
        try:
            lines = (_points([feature.geometry.coordinates]),) if _is_point(feature.geometry) else lines_of(feature.geometry)  # type: ignore[union-attr] # _is_point saw one
        except PlanFileError:
            continue
        for line in lines:
            seen += len(line)
            if seen > limit:
                raise PlanFileError("too_many", what="points", found=seen, most=limit)
            yield from line


def _is_point(geometry: Geometry | None) -> bool:
    return geometry is not None and geometry.type == "Point"


def _polygon(rings: Any) -> Polygon:
    outer, *holes = [_ring(ring) for ring in _list(rings)] or [()]
    if not outer:
        raise PlanFileError("short_ring", found=0)
    return Polygon(outer, tuple(holes))


def _ring(positions: Any) -> Ring:
    """Without the last point that GeoJSON repeats and the model does not, and without points that stand still."""
    points = _points(positions)
    kept = [point for number, point in enumerate(points) if number == 0 or point != points[number - 1]]
    if len(kept) > 1 and kept[0] == kept[-1]:
        kept.pop()
    if len(kept) < 3:
        raise PlanFileError("short_ring", found=len(kept))
    return tuple(kept)


def _points(positions: Any) -> Ring:
    return tuple(_point(position) for position in _list(positions))


def _point(position: Any) -> Point:
    match position:
        case [int() | float() as x, int() | float() as y, *_] if math.isfinite(x) and math.isfinite(y):
            return (float(x), float(y))
    raise PlanFileError("wrong_point", found=position)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list):
        raise PlanFileError("wrong_point", found=value)
    return value
