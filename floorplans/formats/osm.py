"""OpenStreetMap's Simple Indoor Tagging, as GeoJSON: rooms, corridors, areas, doors and shops of a building, on levels that tags name.

Read only. Tags (wiki.openstreetmap.org, Simple Indoor Tagging): `indoor=room|corridor|area|wall|column|level`, `level=0;1` or `-1-2`,
`repeat_on`, `door`, `entrance`, `name`, `name:ar`. What has neither `indoor` nor `door` nor a `level` is the street outside and is passed
over; a room without a level is put on level 0 with a remark, for so most of them are meant. Credit: (c) OpenStreetMap contributors, ODbL.
"""

import math
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from typing import Any, Final

import shapely

from floorplans.archive import raw_bytes
from floorplans.draft import Draft, on_levels
from floorplans.drawing import Choice, Drawn, PlanFileError
from floorplans.earth import Frame, anchor_under
from floorplans.features import Collection, Feature, all_points, decode, each, lines_of, point_of, polygons_of
from floorplans.model import Fixture, Level, Link, Names, Opening, PlacePoint, Point, Polygon, Zone
from floorplans.naming import names
from floorplans.shapes import Walls, outline_of, shape_of, thick
from groundwork.contracts.ids import LevelId, ZoneId

STEPS: Final = ("steps", "footway", "corridor", "path")
"""Lines on two levels or more that one walks up or down; `conveying` makes them an escalator."""
SHAFT_M: Final = 2.0
"""How far from a lift's room its point may lie."""
UNITS: Final = ("room", "corridor", "area", "yes")
MOST_LEVELS: Final = 100
"""Of one tag; `0-99999` is a slip of the hand or worse."""
_NUMBER: Final = r"-?\d{1,4}(?:\.\d{1,2})?"
_RANGE: Final = re.compile(rf"({_NUMBER})-({_NUMBER})")
_POINTS: Final = ("amenity", "shop", "tourism", "vending", "information", "emergency", "highway")
"""Tags that make a node a point of interest."""


def knows(features: Collection) -> bool:
    """Whether any feature is tagged the way OpenStreetMap tags indoors."""
    return any("indoor" in _tags(feature) for feature in features.features)


def read(path: Path, choice: Choice) -> Drawn:
    """What is tagged as indoors. Raises PlanFileError where nothing is."""
    collection = decode(raw_bytes(path), path.name)
    inside = Collection([feature for feature in collection.features if _is_inside(_tags(feature))])
    if not inside.features:
        raise PlanFileError("no_level", path.name)
    return _Reading(inside, choice, path.name).drawn()


class _Reading:
    """One extract on its way in."""

    def __init__(self, inside: Collection, choice: Choice, at: str) -> None:
        self._inside, self._at = inside, at
        rooms = Collection([feature for feature in inside.features if "indoor" in _tags(feature)])
        self._anchor = choice.anchor or anchor_under([tuple(all_points(rooms))])
        self._frame = Frame(self._anchor)
        self._draft = Draft()
        self._rooms: dict[float, list[Polygon]] = defaultdict(list)
        self._outlines: dict[float, list[Polygon]] = defaultdict(list)
        self._steps: list[tuple[Feature, str]] = []

    def drawn(self) -> Drawn:
        each(self._inside, self._at, self._draft.remarks, self._take_area)
        walls = {level: Walls(polygons) for level, polygons in self._rooms.items()}
        each(self._inside, self._at, self._draft.remarks, lambda feature, at: self._take_node(feature, at, walls))
        for feature, at in self._steps:
            self._take_steps(feature, _tags(feature), at)
        for level in sorted({*self._rooms, *self._outlines}):
            outline = self._outlines[level] or outline_of(self._rooms[level])
            self._draft.levels.append(Level(_level_id(level), math.floor(level), _level_names(level), tuple(outline), anchor=self._anchor))
        kept = {level.id for level in self._draft.levels}
        self._draft.openings = [one for one in self._draft.openings if one.level in kept]
        self._draft.points = [one for one in self._draft.points if one.level in kept]
        there = {one.id for one in self._draft.points}
        self._draft.links = [one for one in self._draft.links if {one.origin, one.destination} <= there]
        return self._draft.finish()

    def _take_area(self, feature: Feature, at: str) -> None:
        tags = _tags(feature)
        indoor = tags.get("indoor", "")
        if indoor == "level":
            for level in self._levels(tags, at):
                self._outlines[level] += self._polygons(feature, at)
        elif indoor in ("wall", "column"):
            self._take_wall(feature, at, indoor)
        elif not indoor and tags.get("highway") in STEPS and feature.geometry is not None and feature.geometry.type == "LineString":
            self._steps.append((feature, at))
        elif indoor in UNITS and feature.geometry is not None and feature.geometry.type != "Point":
            self._draft.found[indoor] += 1
            self._take_unit(feature, tags, at)

    def _take_unit(self, feature: Feature, tags: Mapping[str, str], at: str) -> None:
        polygons = self._polygons(feature, at)
        kind = _kind(tags)
        named = names(tags.get("name:ar"), tags.get("name:en") or tags.get("name") or tags.get("ref"), kind)
        category = next((f"{key}:{tags[key]}" for key in ("shop", "amenity", "room") if key in tags), "")[:64]
        levels = self._levels(tags, at)
        wanted = self._draft.take_id(_id(feature), "zone", at)
        for (name, level), number in zip(on_levels(wanted, [_level_id(one) for one in levels]), levels, strict=True):
            self._rooms[number] += polygons
            self._draft.zones.append(Zone(ZoneId(name), level, kind, named, polygons, None, category))

    def _take_steps(self, feature: Feature, tags: Mapping[str, str], at: str) -> None:
        """Steps that are a line: a point at its lower and at its upper end, joined; in its middle where nobody said which is which."""
        levels = self._levels(tags, at)
        if len(levels) < 2:
            return
        kind, line = _kind(tags), self._frame.ring_to_metres(lines_of(feature.geometry)[0])
        middle = shapely.LineString(line).interpolate(0.5, normalized=True)
        ends = {"up": (line[0], line[-1]), "down": (line[-1], line[0])}.get(tags.get("incline", ""), ((middle.x, middle.y),) * 2)
        self._draft.found[kind] += 1
        wanted = self._draft.take_id(_id(feature), "point", at)
        made = [
            PlacePoint(name, level, kind, x, y, _names(tags))
            for (name, level), (x, y) in zip(
                on_levels(wanted, [_level_id(one) for one in levels]), (ends[0], *(ends[1],) * (len(levels) - 1)), strict=True
            )
        ]
        self._draft.points += made
        self._join(kind, made, pairwise(made))

    def _join(self, kind: str, made: Sequence[PlacePoint], pairs: Iterable[tuple[PlacePoint, PlacePoint]]) -> None:
        """Links from level to level, where no room on these is already that shaft."""
        at = shapely.Point(made[0].x_m, made[0].y_m)
        drawn = {zone.level for zone in self._draft.zones if zone.kind == kind and shape_of(zone.polygons).dwithin(at, SHAFT_M)}
        for low, high in pairs:
            if not {low.level, high.level} <= drawn:
                self._draft.links.append(Link(f"{low.id}..{high.id}"[:64], kind, low.id, high.id))

    def _take_wall(self, feature: Feature, at: str, kind: str) -> None:
        levels = [_level_id(level) for level in self._levels(_tags(feature), at)]
        is_line = feature.geometry is not None and feature.geometry.type == "LineString"
        drawn = thick(self._frame.ring_to_metres(lines_of(feature.geometry)[0])) if is_line else self._polygons(feature, at)
        self._draft.found[kind] += 1
        wanted = self._draft.take_id(_id(feature), "fixture", at)
        self._draft.fixtures += [Fixture(name, level, kind, drawn) for name, level in on_levels(wanted, levels)]

    def _take_node(self, feature: Feature, at: str, walls: Mapping[float, Walls]) -> None:
        tags = _tags(feature)
        if feature.geometry is None or (feature.geometry.type != "Point" and "door" not in tags):
            return
        where = self._frame.to_metres(*point_of(feature.geometry))
        if "door" in tags or "entrance" in tags:
            self._take_door(feature, tags, at, where, walls)
        elif any(key in tags for key in _POINTS) and "level" in tags:
            category = next(tags[key] for key in _POINTS if key in tags)
            self._draft.found["point"] += 1
            wanted = self._draft.take_id(_id(feature), "point", at)
            levels = [_level_id(one) for one in self._levels(tags, at)]
            made = [PlacePoint(name, level, category, *where, _names(tags)) for name, level in on_levels(wanted, levels)]
            self._draft.points += made
            if tags.get("highway") == "elevator":
                self._join("elevator", made, combinations(made, 2))

    def _take_door(self, feature: Feature, tags: Mapping[str, str], at: str, where: Point, walls: Mapping[float, Walls]) -> None:
        kind = {"main": "entrance", "yes": "entrance", "emergency": "emergency", "service": "service", "garage": "vehicle"}
        levels = [level for level in self._levels(tags, at) if level in walls]
        self._draft.found["door" if "door" in tags else "entrance"] += 1
        step_free = {"yes": True, "no": False}.get(tags.get("wheelchair", ""))
        wanted = self._draft.take_id(_id(feature), "opening", at)
        for (name, level), number in zip(on_levels(wanted, [_level_id(one) for one in levels]), levels, strict=True):
            line = walls[number].door_at(where, _width(tags))
            opening = kind.get(tags.get("entrance", ""), "door")
            self._draft.openings.append(Opening(name, level, opening, line, _names(tags), step_free, tags.get("door", "")))

    def _polygons(self, feature: Feature, at: str) -> tuple[Polygon, ...]:
        """In metres; a way that was not closed is, with a remark, for so it is drawn."""
        if feature.geometry is not None and feature.geometry.type == "LineString":
            ends = lines_of(feature.geometry)[0]
            if ends and ends[0] != ends[-1]:
                self._draft.remarks.add("closed_ring", at)
        return self._frame.polygons_to_metres(polygons_of(feature.geometry))

    def _levels(self, tags: Mapping[str, str], at: str) -> list[float]:
        text = ";".join(tags[key] for key in ("level", "repeat_on") if key in tags)
        if not text:
            self._draft.remarks.add("no_level_tag", at)
            return [0.0]
        return levels_in(text)


def levels_in(text: str) -> list[float]:
    """The levels a tag names, lowest first: `0;1`, `-3--1`, `0.5`. Raises PlanFileError on any other writing."""
    found: set[float] = set()
    for part in filter(None, (part.strip() for part in text.replace(",", ";").split(";"))):
        if re.fullmatch(_NUMBER, part):
            found.add(float(part))
            continue
        span = _RANGE.fullmatch(part)
        if span is None or not 0 <= float(span[2]) - float(span[1]) < MOST_LEVELS:
            raise PlanFileError("wrong_value", key="level", problem=text)
        found.update(float(span[1]) + step for step in range(int(float(span[2]) - float(span[1])) + 1))
    return sorted(found)


def _tags(feature: Feature) -> Mapping[str, str]:
    """The tags, also where an export keeps them in a table of their own."""
    said: Mapping[str, Any] = feature.properties or {}
    tags = said.get("tags", said)
    return {key: str(value) for key, value in tags.items() if isinstance(value, str | int | float)} if isinstance(tags, dict) else {}


def _is_inside(tags: Mapping[str, str]) -> bool:
    return "indoor" in tags or "door" in tags or "entrance" in tags or ("level" in tags and any(key in tags for key in _POINTS))


def _id(feature: Feature) -> str:
    return feature.name()


def _kind(tags: Mapping[str, str]) -> str:
    room, amenity = tags.get("room", ""), tags.get("amenity", "")
    if "elevator" in (tags.get("highway"), room) or tags.get("elevator") == "yes":
        return "elevator"
    if tags.get("conveying", "no") != "no":
        return "escalator"
    if "steps" in (tags.get("highway"), room) or room in ("stairs", "stairwell") or tags.get("stairs") == "yes":
        return "stairs"
    if amenity == "toilets" or room.startswith("toilet") or room in ("restroom", "wc"):
        return "restroom"
    if amenity == "parking" or room == "parking":
        return "parking"
    if "shop" in tags or room in ("shop", "restaurant") or amenity in ("restaurant", "cafe", "fast_food", "bar", "bank", "pharmacy"):
        return "shop"
    if tags.get("access") in ("private", "no"):
        return "staff"
    return "corridor" if tags.get("indoor") in ("corridor", "area") else "room"


def _names(tags: Mapping[str, str]) -> Names | None:
    given = tags.get("name:ar"), tags.get("name:en") or tags.get("name")
    return names(*given, "room") if any(given) else None


def _width(tags: Mapping[str, str]) -> float:
    try:
        return min(max(float(tags.get("width", "0.9").removesuffix("m")), 0.5), 20.0)
    except ValueError:
        return 0.9


def _level_id(level: float) -> LevelId:
    return LevelId(f"{level:g}")


def _level_names(level: float) -> Names:
    return Names(f"الطابق {level:g}", f"Level {level:g}")
