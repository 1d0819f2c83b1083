"""IMDF in: from the archive's collections to what was drawn, one feature type after the other, venue first.

A feature at fault is left out with a remark; a reference that leads nowhere too. Only an archive without a level is refused.
"""

import contextlib
import dataclasses
import math
import zipfile
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, Literal

import msgspec
import shapely

from floorplans.archive import members
from floorplans.draft import LONGEST_ID, Draft, on_levels
from floorplans.drawing import Choice, Drawn, PlanFileError, Premises
from floorplans.earth import Frame, anchor_under
from floorplans.features import Collection, Feature, all_points, decode, each, lines_of, point_of, polygons_of
from floorplans.formats.imdf import said
from floorplans.formats.imdf.words import FIXTURE_KIND, LINK_KIND, OPENING_KIND, OURS, SECTION_KIND, STRUCTURE, unit_kind
from floorplans.model import Building, Fixture, Level, Link, Opening, Placement, PlacePoint, Point, Ring, Shelving, Zone
from floorplans.naming import labelled
from floorplans.shapes import shape_of
from groundwork.contracts.ids import LevelId, ZoneId

VERSION: Final = "1.0.0"
BOM: Final = b"\xef\xbb\xbf"
SUFFIXES: Final = (".geojson", ".json")
TYPES: Final = (
    "address", "venue", "building", "footprint", "level", "unit", "section", "geofence", "kiosk",
    "fixture", "opening", "occupant", "anchor", "amenity", "relationship", "detail",
)  # fmt: skip
"""Of features, in the order in which they are read: each before those that name it."""


class _Manifest(msgspec.Struct, frozen=True):
    version: str = "-"


def knows(path: Path) -> bool:
    """Whether it is a zip with a level collection."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.lower().endswith(("level.geojson", "level.json", "manifest.json")) for name in archive.namelist())


def read(path: Path, choice: Choice) -> Drawn:
    """The archive's venue. Raises PlanFileError where it is no zip, too large, or has no level."""
    files = {name.rsplit(".", 1)[0]: raw for name, raw in members(path, SUFFIXES).items()}
    collections = _by_type({name: decode(raw, name) for name, raw in sorted(files.items()) if name != "manifest"})
    if not collections.get("level", Collection([])).features:
        raise PlanFileError("no_level", path.name)
    reading = _Reading(collections, choice)
    reading.note_version(files.get("manifest", b"{}"))
    return reading.drawn()


def _by_type(files: Mapping[str, Collection]) -> Mapping[str, Collection]:
    """The features by what they say they are, whatever their file is called: `Units.geojson`, or one file for all."""
    found: dict[str, list[Feature]] = {}
    for name, collection in files.items():
        of_file = name if name in TYPES else name.removesuffix("s")
        for feature in collection.features:
            kind = feature.feature_type if feature.feature_type in TYPES else of_file
            found.setdefault(str(kind), []).append(feature)
    return {name: Collection(features) for name, features in found.items()}


class _Reading:
    """One archive on its way in."""

    def __init__(self, collections: Mapping[str, Collection], choice: Choice) -> None:
        self._collections = collections
        self._draft = Draft()
        points = (tuple(all_points(collections[name])) for name in ("level", "unit", "venue") if name in collections)
        drawn = next(filter(None, points), None)
        if drawn is None:
            raise PlanFileError("no_geometry", "level.geojson")
        self._anchor = choice.anchor or anchor_under([drawn])
        self._ids: dict[str, str] = {}
        """Our id of each feature, by its UUID."""
        self._frames: dict[LevelId, Frame] = {}
        self._level_of: dict[str, LevelId] = {}
        """The level a unit or opening is on, by its UUID."""
        self._zones: set[str] = set()
        self._address: dict[str, tuple[str, str]] = {}
        """Street and town, and the country, of each address by its UUID."""
        self._occupants: dict[str, list[Feature]] = {}
        """By their anchor: several tenants may share one."""
        self._placements: list[Placement] = []
        self._shelved: tuple[Shelving, ...] = ()

    def note_version(self, manifest: bytes) -> None:
        """Archives of other versions are read as if they were of this one: drafts differ in a few categories."""
        try:
            version = msgspec.json.decode(manifest.removeprefix(BOM), type=_Manifest).version
        except (msgspec.MsgspecError, UnicodeDecodeError):
            version = "-"
        if version != VERSION:
            self._draft.remarks.add("other_version", "manifest.json", found=version, known=VERSION)

    def drawn(self) -> Drawn:
        takes = (
            self._take_address, self._take_venue, self._take_building, self._take_footprint, self._take_level, self._take_unit,
            self._take_section, self._take_geofence, self._take_kiosk, self._take_fixture, self._take_opening, self._take_occupant,
            self._take_anchor, self._take_amenity, self._take_relationship, self._take_detail,
        )  # fmt: skip
        steps: list[tuple[str, Callable[[Feature, str], None]]] = [*zip(TYPES, takes, strict=True), (OURS, self._take_placement)]
        for name, take in steps:
            if name in self._collections:
                self._draft.found[name] = len(self._collections[name].features)
                each(self._collections[name], f"{name}.geojson", self._draft.remarks, take)
        for key, occupants in self._occupants.items():  # an anchor would have taken them away
            for occupant in occupants:
                self._draft.remarks.add("unknown_reference", f"occupant {occupant.name()}", key="anchor_id", found=key or "null")
        if not self._draft.levels:
            raise PlanFileError("no_level", "level.geojson")
        return dataclasses.replace(self._draft.finish(), placements=tuple(self._placements), shelved=self._shelved)

    def _id(self, feature: Feature, what: str, at: str) -> str:
        """Our id of a feature: as we wrote it, or its UUID."""
        wanted = said.ours_of(feature).id or feature.name()
        taken = self._draft.take_id(wanted, what, at)
        self._ids.setdefault(said.key_of(feature.name()), taken)
        return taken

    def _level(self, feature: Feature, at: str) -> LevelId:
        level = self._ids.get(said.key_of(feature.say("level_id")))
        if level is None or LevelId(level) not in self._frames:
            raise PlanFileError("unknown_reference", at, key="level_id", found=feature.say("level_id"))
        self._level_of[said.key_of(feature.name())] = LevelId(level)
        return LevelId(level)

    def _levels(self, feature: Feature, at: str) -> list[LevelId]:
        """The levels of what may be on several: those it names, else those of the buildings it names."""
        found = [LevelId(level) for level in self._named(feature, "level_ids") if level in self._frames]
        buildings = self._named(feature, "building_ids")
        found = found or [level.id for level in self._draft.levels if level.building in buildings]
        return found or [self._level(feature, at)]

    def _named(self, feature: Feature, key: str) -> list[str]:
        """Our ids of the features that a list names, those that are there."""
        named = said.value_of(feature, key)
        return [self._ids[said.key_of(name)] for name in named if said.key_of(name) in self._ids] if isinstance(named, list) else []

    def _take_address(self, feature: Feature, _at: str) -> None:
        parts = (feature.say(key) for key in ("address", "unit", "locality", "province", "postal_code"))
        self._address[said.key_of(feature.name())] = ", ".join(part for part in parts if part), feature.say("country")

    def _take_venue(self, feature: Feature, _at: str) -> None:
        ours = said.ours_of(feature)
        address, country = self._address.get(said.key_of(feature.say("address_id")), ("", ""))
        self._draft.premises = Premises(
            id=ours.id or feature.name(),
            names=labelled(said.label_of(feature), "venue"),
            outline=polygons_of(feature.geometry) if feature.geometry else (),
            hours=feature.say("hours"),
            category=said.category_of(feature),
            address=address,
            country=country,
            time_zone=ours.time_zone,
        )
        self._shelved = ours.shelved

    def _take_building(self, feature: Feature, at: str) -> None:
        self._draft.buildings.append(Building(self._id(feature, "building", at), labelled(said.label_of(feature), "building")))

    def _take_footprint(self, feature: Feature, _at: str) -> None:
        """The ground's outline of each building it names; what is under the ground or in the air is not kept."""
        if said.category_of(feature) not in ("ground", ""):
            return
        named = self._named(feature, "building_ids")
        outline = polygons_of(feature.geometry)
        self._draft.buildings = [
            Building(one.id, one.names, one.outline + outline) if one.id in named else one for one in self._draft.buildings
        ]

    def _take_level(self, feature: Feature, at: str) -> None:
        ours = said.ours_of(feature)
        anchor = ours.anchor or self._anchor
        outline = polygons_of(feature.geometry) if feature.geometry else ()
        level = LevelId(self._id(feature, "level", at))
        self._frames[level] = Frame(anchor)
        buildings = self._named(feature, "building_ids")
        self._draft.levels.append(
            Level(
                id=level,
                ordinal=self._ordinal(feature, at),
                names=labelled(said.label_of(feature) or said.value_of(feature, "short_name"), "level"),
                outline=self._frames[level].polygons_to_metres(outline),
                anchor=anchor,
                elevation_m=ours.elevation_m,
                height_m=ours.height_m,
                building=next(iter(buildings), None),
                short_name=said.any_label(said.value_of(feature, "short_name")),
                outdoor=said.value_of(feature, "outdoor") is True,
            )
        )

    def _ordinal(self, feature: Feature, at: str) -> int:
        with contextlib.suppress(ValueError, OverflowError):
            return math.floor(float(feature.say("ordinal")))
        self._draft.remarks.add("no_ordinal", at)
        return 0

    def _take_unit(self, feature: Feature, at: str) -> None:
        category = said.category_of(feature)
        if category in STRUCTURE:
            self._add_fixture(feature, at, "column" if category == "column" else "wall")
        else:
            self._add_zone(feature, at, [self._level(feature, at)], unit_kind(category))

    def _take_section(self, feature: Feature, at: str) -> None:
        self._add_zone(feature, at, [self._level(feature, at)], SECTION_KIND.get(said.category_of(feature), "department"))

    def _take_geofence(self, feature: Feature, at: str) -> None:
        self._add_zone(feature, at, self._levels(feature, at), "offer")

    def _take_kiosk(self, feature: Feature, at: str) -> None:
        self._add_zone(feature, at, [self._level(feature, at)], "kiosk")

    def _add_zone(self, feature: Feature, at: str, levels: Sequence[LevelId], kind: str) -> None:
        ours = said.ours_of(feature)
        drawn = polygons_of(feature.geometry)
        kind = ours.kind or kind
        for name, level in on_levels(self._id(feature, "zone", at), levels):
            zone = Zone(
                ZoneId(name[:LONGEST_ID]),
                level,
                kind,
                labelled(said.label_of(feature), kind),
                self._frames[level].polygons_to_metres(drawn),
                ZoneId(ours.parent) if ours.parent else None,
                said.kept_category(feature),
            )
            self._draft.zones.append(zone)
            self._zones.add(name)

    def _take_fixture(self, feature: Feature, at: str) -> None:
        self._add_fixture(feature, at, FIXTURE_KIND.get(said.category_of(feature), "obstruction"))

    def _add_fixture(self, feature: Feature, at: str, kind: str) -> None:
        ours, level = said.ours_of(feature), self._level(feature, at)
        drawn = self._frames[level].polygons_to_metres(polygons_of(feature.geometry))
        fixture = Fixture(
            self._id(feature, "fixture", at),
            level,
            ours.kind or kind,
            drawn,
            said.own_names(feature),
            ours.bays,
            ours.facing_deg,
            said.kept_category(feature),
        )
        self._draft.fixtures.append(fixture)

    def _take_opening(self, feature: Feature, at: str) -> None:
        ours, level = said.ours_of(feature), self._level(feature, at)
        access = said.value_of(feature, "accessibility")
        category = said.category_of(feature)
        drawn = max((self._frames[level].ring_to_metres(line) for line in lines_of(feature.geometry)), key=_length, default=())
        if not drawn:
            raise PlanFileError("no_geometry")
        opening = Opening(
            self._id(feature, "opening", at),
            level,
            ours.kind or OPENING_KIND.get(category, "door"),
            drawn,
            said.own_names(feature),
            True if isinstance(access, list) and "wheelchair" in access else ours.step_free,
            said.kept_category(feature),
        )
        self._draft.openings.append(opening)

    def _take_occupant(self, feature: Feature, _at: str) -> None:
        self._occupants.setdefault(said.key_of(feature.say("anchor_id")), []).append(feature)

    def _take_anchor(self, feature: Feature, at: str) -> None:
        """With its occupants the names of what is in the unit, which is then a shop; without one nothing that we keep."""
        occupants = self._occupants.pop(said.key_of(feature.name()), [])
        if not occupants:
            return
        where, unit = point_of(feature.geometry), said.key_of(feature.say("unit_id"))
        level = self._level_of.get(unit) or self._level_at(feature, where, at)
        for occupant in occupants:
            self._add_point(occupant, at, f"occupant:{said.category_of(occupant) or 'unspecified'}", level, where, unit)

    def _take_amenity(self, feature: Feature, at: str) -> None:
        named = said.value_of(feature, "unit_ids")
        units = [said.key_of(unit) for unit in named if said.key_of(unit) in self._level_of] if isinstance(named, list) else []
        ours, where = said.ours_of(feature), point_of(feature.geometry)
        level = LevelId(ours.level) if ours.level in self._frames else self._level_of[units[0]] if units else None
        category = said.category_of(feature)
        self._add_point(feature, at, category, level or self._level_at(feature, where, at), where, units[0] if units else "")

    def _level_at(self, feature: Feature, where: tuple[float, float], at: str) -> LevelId:
        """The level of a point that names no unit: its own, or of those it lies over the one nearest the ground, with a remark."""
        own = self._ids.get(said.key_of(feature.say("level_id")))
        if own is not None and LevelId(own) in self._frames:
            return LevelId(own)
        over = [level for level in self._draft.levels if _covers(level, self._frames[level.id].to_metres(*where))]
        if not over:
            raise PlanFileError("unknown_reference", at, key="unit_id", found=feature.say("unit_id") or said.value_of(feature, "unit_ids"))
        level = min(over, key=lambda one: (abs(one.ordinal), one.id))
        self._draft.remarks.add("level_guessed", at, found=level.id)
        return level.id

    def _add_point(self, feature: Feature, at: str, category: str, level: LevelId, where: tuple[float, float], unit: str) -> None:
        x, y = self._frames[level].to_metres(*where)
        names = said.own_names(feature)
        zone = self._ids.get(unit)
        zone = zone if zone in self._zones else None  # a unit may be a column
        point = PlacePoint(self._id(feature, "point", at), level, category, x, y, names, ZoneId(zone) if zone else None)
        self._draft.points.append(point)

    def _take_relationship(self, feature: Feature, at: str) -> None:
        ends = [(said.value_of(feature, key) or {}).get("id", "") for key in ("origin", "destination")]
        known = [self._ids.get(said.key_of(end)) for end in ends]
        if None in known:
            raise PlanFileError("unknown_reference", at, key="origin, destination", found=", ".join(map(str, ends)))
        kind = LINK_KIND.get(said.category_of(feature), "path")
        one_way = feature.say("direction") == "directed"
        self._draft.links.append(
            Link(self._id(feature, "link", at), kind, str(known[0]), str(known[1]), one_way, said.ours_of(feature).step_free)
        )

    def _take_detail(self, feature: Feature, at: str) -> None:
        level = self._level(feature, at)
        lines = [self._frames[level].ring_to_metres(line) for line in lines_of(feature.geometry)]
        self._draft.add_detail(level, lines, said.ours_of(feature).layer)

    def _take_placement(self, feature: Feature, at: str) -> None:
        level = self._level(feature, at)
        ours = said.ours_of(feature)
        kind: Literal["gateway", "beacon"] = "gateway" if ours.kind == "gateway" else "beacon"
        x, y = self._frames[level].to_metres(*point_of(feature.geometry))
        self._placements.append(Placement(kind, ours.subject, level, x, y, ours.z_m, ours.from_ms, ours.facing_deg))


def _length(line: Ring) -> float:
    return sum(math.dist(a, b) for a, b in pairwise(line))


def _covers(level: Level, at: Point) -> bool:
    return bool(level.outline) and bool(shape_of(level.outline).covers(shapely.Point(at)))
