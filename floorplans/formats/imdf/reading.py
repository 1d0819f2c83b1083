"""IMDF in: from the archive's collections to what was drawn, one feature type after the other, venue first.

A feature at fault is left out with a remark; a reference that leads nowhere too. Only an archive without a level is refused.
"""

import dataclasses
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

import msgspec

from floorplans.archive import members
from floorplans.draft import LONGEST_ID, Draft, on_levels
from floorplans.drawing import Choice, Drawn, PlanFileError, Premises
from floorplans.earth import Frame, anchor_under
from floorplans.features import Collection, Feature, all_points, decode, each, lines_of, point_of, polygons_of
from floorplans.formats.imdf.words import FIXTURE_KIND, LINK_KIND, OPENING_KIND, OURS, SECTION_KIND, STRUCTURE, unit_kind
from floorplans.model import Anchor, Building, Fixture, Level, Link, Names, Opening, Placement, PlacePoint, Shelving, Zone
from floorplans.naming import labelled
from groundwork.contracts.ids import LevelId, ZoneId

VERSION: Final = "1.0.0"
SUFFIXES: Final = (".geojson", ".json")


class _Ours(msgspec.Struct, frozen=True):
    """What one of our own archives adds to a feature."""

    id: str = ""
    kind: str = ""
    parent: str | None = None
    category: str | None = None
    level: str = ""
    layer: str = ""
    anchor: Anchor | None = None
    elevation_m: float | None = None
    height_m: float | None = None
    bays: int = 0
    facing_deg: float | None = None
    step_free: bool | None = None
    subject: str = ""
    z_m: float = 2.5
    from_ms: int = 0
    time_zone: str = ""
    shelved: tuple[Shelving, ...] = ()


class _Manifest(msgspec.Struct, frozen=True):
    version: str = "-"


_NOTHING: Final = _Ours()


def knows(path: Path) -> bool:
    """Whether it is a zip with a level collection."""
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as archive:
        return any(name.lower().endswith(("level.geojson", "level.json", "manifest.json")) for name in archive.namelist())


def read(path: Path, choice: Choice) -> Drawn:
    """The archive's venue. Raises PlanFileError where it is no zip, too large, or has no level."""
    files = {name.rsplit(".", 1)[0]: raw for name, raw in members(path, SUFFIXES).items()}
    collections = {name: decode(raw, name) for name, raw in files.items() if name != "manifest"}
    if not collections.get("level", Collection([])).features:
        raise PlanFileError("no_level", path.name)
    reading = _Reading(collections, choice)
    reading.note_version(files.get("manifest", b"{}"))
    return reading.drawn()


class _Reading:
    """One archive on its way in."""

    def __init__(self, collections: Mapping[str, Collection], choice: Choice) -> None:
        self._collections = collections
        self._draft = Draft()
        points = [tuple(all_points(collections[name])) for name in ("level", "unit", "venue") if name in collections]
        drawn = next(filter(None, points), None)
        if drawn is None:
            raise PlanFileError("no_geometry", "level.geojson")
        self._anchor = choice.anchor or anchor_under([drawn])
        self._ids: dict[str, str] = {}
        """Our id of each feature, by its UUID."""
        self._frames: dict[LevelId, Frame] = {}
        self._level_of: dict[str, LevelId] = {}
        """The level a unit or opening is on, by its UUID."""
        self._address: dict[str, tuple[str, str]] = {}
        """Street and town, and the country, of each address by its UUID."""
        self._occupants: dict[str, Feature] = {}
        self._placements: list[Placement] = []
        self._shelved: tuple[Shelving, ...] = ()

    def note_version(self, manifest: bytes) -> None:
        """Archives of other versions are read as if they were of this one: drafts differ in a few categories."""
        try:
            version = msgspec.json.decode(manifest, type=_Manifest).version
        except msgspec.MsgspecError:
            version = "-"
        if version != VERSION:
            self._draft.remarks.add("other_version", "manifest.json", found=version, known=VERSION)

    def drawn(self) -> Drawn:
        steps: Sequence[tuple[str, Callable[[Feature, str], None]]] = (
            ("address", self._take_address),
            ("venue", self._take_venue),
            ("building", self._take_building),
            ("footprint", self._take_footprint),
            ("level", self._take_level),
            ("unit", self._take_unit),
            ("section", self._take_section),
            ("geofence", self._take_geofence),
            ("kiosk", self._take_kiosk),
            ("fixture", self._take_fixture),
            ("opening", self._take_opening),
            ("occupant", self._take_occupant),
            ("anchor", self._take_anchor),
            ("amenity", self._take_amenity),
            ("relationship", self._take_relationship),
            ("detail", self._take_detail),
            (OURS, self._take_placement),
        )
        for name, take in steps:
            if name in self._collections:
                self._draft.found[name] = len(self._collections[name].features)
                each(self._collections[name], f"{name}.geojson", self._draft.remarks, take)
        if not self._draft.levels:
            raise PlanFileError("no_level", "level.geojson")
        return dataclasses.replace(self._draft.finish(), placements=tuple(self._placements), shelved=self._shelved)

    def _id(self, feature: Feature, what: str, at: str) -> str:
        """Our id of a feature: as we wrote it, or its UUID."""
        wanted = _ours(feature).id or feature.name()
        taken = self._draft.take_id(wanted, what, at)
        self._ids.setdefault(feature.name(), taken)
        return taken

    def _level(self, feature: Feature, at: str) -> LevelId:
        level = self._ids.get(feature.say("level_id"))
        if level is None or LevelId(level) not in self._frames:
            raise PlanFileError("unknown_reference", at, key="level_id", found=feature.say("level_id"))
        self._level_of[feature.name()] = LevelId(level)
        return LevelId(level)

    def _levels(self, feature: Feature, at: str) -> list[LevelId]:
        """The levels of what may be on several."""
        named = (feature.properties or {}).get("level_ids")
        found = [LevelId(self._ids[name]) for name in named if name in self._ids] if isinstance(named, list) else []
        return found or [self._level(feature, at)]

    def _take_address(self, feature: Feature, _at: str) -> None:
        parts = (feature.say(key) for key in ("address", "unit", "locality", "province", "postal_code"))
        self._address[feature.name()] = ", ".join(part for part in parts if part), feature.say("country")

    def _take_venue(self, feature: Feature, _at: str) -> None:
        ours = _ours(feature)
        address, country = self._address.get(feature.say("address_id"), ("", ""))
        self._draft.premises = Premises(
            id=ours.id or feature.name(),
            names=labelled(_property(feature, "name"), "venue"),
            outline=polygons_of(feature.geometry) if feature.geometry else (),
            hours=feature.say("hours"),
            category=feature.say("category"),
            address=address,
            country=country,
            time_zone=ours.time_zone,
        )
        self._shelved = ours.shelved

    def _take_building(self, feature: Feature, at: str) -> None:
        self._draft.buildings.append(Building(self._id(feature, "building", at), labelled(_property(feature, "name"), "building")))

    def _take_footprint(self, feature: Feature, _at: str) -> None:
        """The ground's outline of each building it names; what is under the ground or in the air is not kept."""
        if feature.say("category") not in ("ground", ""):
            return
        named = {self._ids.get(name) for name in _property(feature, "building_ids") or ()}
        outline = polygons_of(feature.geometry)
        self._draft.buildings = [
            Building(one.id, one.names, one.outline + outline) if one.id in named else one for one in self._draft.buildings
        ]

    def _take_level(self, feature: Feature, at: str) -> None:
        ours = _ours(feature)
        anchor = ours.anchor or self._anchor
        outline = polygons_of(feature.geometry) if feature.geometry else ()
        level = LevelId(self._id(feature, "level", at))
        self._frames[level] = Frame(anchor)
        buildings = [self._ids.get(name) for name in _property(feature, "building_ids") or ()]
        self._draft.levels.append(
            Level(
                id=level,
                ordinal=self._ordinal(feature, at),
                names=labelled(_property(feature, "name"), "level"),
                outline=self._frames[level].polygons_to_metres(outline),
                anchor=anchor,
                elevation_m=ours.elevation_m,
                height_m=ours.height_m,
                building=next((one for one in buildings if one), None),
                short_name=_any_label(_property(feature, "short_name")),
                outdoor=_property(feature, "outdoor") is True,
            )
        )

    def _ordinal(self, feature: Feature, at: str) -> int:
        ordinal = _property(feature, "ordinal")
        if isinstance(ordinal, int | float):
            return int(ordinal)
        self._draft.remarks.add("no_ordinal", at)
        return 0

    def _take_unit(self, feature: Feature, at: str) -> None:
        category = feature.say("category")
        if category in STRUCTURE:
            self._add_fixture(feature, at, "column" if category == "column" else "wall")
        else:
            self._add_zone(feature, at, [self._level(feature, at)], unit_kind(category))

    def _take_section(self, feature: Feature, at: str) -> None:
        self._add_zone(feature, at, [self._level(feature, at)], SECTION_KIND.get(feature.say("category"), "department"))

    def _take_geofence(self, feature: Feature, at: str) -> None:
        self._add_zone(feature, at, self._levels(feature, at), "offer")

    def _take_kiosk(self, feature: Feature, at: str) -> None:
        self._add_zone(feature, at, [self._level(feature, at)], "kiosk")

    def _add_zone(self, feature: Feature, at: str, levels: Sequence[LevelId], kind: str) -> None:
        ours = _ours(feature)
        drawn = polygons_of(feature.geometry)
        kind = ours.kind or kind
        for name, level in on_levels(self._id(feature, "zone", at), levels):
            zone = Zone(
                ZoneId(name[:LONGEST_ID]),
                level,
                kind,
                labelled(_property(feature, "name"), kind),
                self._frames[level].polygons_to_metres(drawn),
                ZoneId(ours.parent) if ours.parent else None,
                _category(feature),
            )
            self._draft.zones.append(zone)

    def _take_fixture(self, feature: Feature, at: str) -> None:
        self._add_fixture(feature, at, FIXTURE_KIND.get(feature.say("category"), "obstruction"))

    def _add_fixture(self, feature: Feature, at: str, kind: str) -> None:
        ours, level = _ours(feature), self._level(feature, at)
        drawn = self._frames[level].polygons_to_metres(polygons_of(feature.geometry))
        fixture = Fixture(
            self._id(feature, "fixture", at),
            level,
            ours.kind or kind,
            drawn,
            _own_names(feature),
            ours.bays,
            ours.facing_deg,
            _category(feature),
        )
        self._draft.fixtures.append(fixture)

    def _take_opening(self, feature: Feature, at: str) -> None:
        ours, level = _ours(feature), self._level(feature, at)
        access = _property(feature, "accessibility")
        category = feature.say("category")
        line = self._frames[level].ring_to_metres(lines_of(feature.geometry)[0])
        opening = Opening(
            self._id(feature, "opening", at),
            level,
            ours.kind or OPENING_KIND.get(category, "door"),
            line,
            _own_names(feature),
            True if isinstance(access, list) and "wheelchair" in access else ours.step_free,
            _category(feature),
        )
        self._draft.openings.append(opening)

    def _take_occupant(self, feature: Feature, _at: str) -> None:
        self._occupants[feature.say("anchor_id")] = feature

    def _take_anchor(self, feature: Feature, at: str) -> None:
        """With its occupant the name of what is in the unit, which is then a shop; without one nothing that we keep."""
        occupant = self._occupants.pop(feature.name(), None)
        if occupant is None:
            return
        unit = feature.say("unit_id")
        if unit not in self._level_of:
            raise PlanFileError("unknown_reference", at, key="unit_id", found=unit)
        category = occupant.say("category") or "unspecified"
        self._add_point(occupant, at, f"occupant:{category}", self._level_of[unit], point_of(feature.geometry), unit)

    def _take_amenity(self, feature: Feature, at: str) -> None:
        units = [unit for unit in _property(feature, "unit_ids") or () if unit in self._level_of]
        ours = _ours(feature)
        level = LevelId(ours.level) if ours.level in self._frames else None
        if level is None and not units:
            raise PlanFileError("unknown_reference", at, key="unit_ids", found=_property(feature, "unit_ids"))
        on = level or self._level_of[units[0]]
        self._add_point(feature, at, feature.say("category"), on, point_of(feature.geometry), units[0] if units else "")

    def _add_point(self, feature: Feature, at: str, category: str, level: LevelId, where: tuple[float, float], unit: str) -> None:
        x, y = self._frames[level].to_metres(*where)
        names = _own_names(feature)
        zone = self._ids.get(unit)
        point = PlacePoint(self._id(feature, "point", at), level, category, x, y, names, ZoneId(zone) if zone else None)
        self._draft.points.append(point)

    def _take_relationship(self, feature: Feature, at: str) -> None:
        ends = [(_property(feature, key) or {}).get("id", "") for key in ("origin", "destination")]
        known = [self._ids.get(end) for end in ends]
        if None in known:
            raise PlanFileError("unknown_reference", at, key="origin, destination", found=", ".join(map(str, ends)))
        kind = LINK_KIND.get(feature.say("category"), "path")
        one_way = feature.say("direction") == "directed"
        self._draft.links.append(Link(self._id(feature, "link", at), kind, str(known[0]), str(known[1]), one_way, _ours(feature).step_free))

    def _take_detail(self, feature: Feature, at: str) -> None:
        level = self._level(feature, at)
        lines = [self._frames[level].ring_to_metres(line) for line in lines_of(feature.geometry)]
        self._draft.add_detail(level, lines, _ours(feature).layer)

    def _take_placement(self, feature: Feature, at: str) -> None:
        level = self._level(feature, at)
        ours = _ours(feature)
        kind: Literal["gateway", "beacon"] = "gateway" if ours.kind == "gateway" else "beacon"
        x, y = self._frames[level].to_metres(*point_of(feature.geometry))
        self._placements.append(Placement(kind, ours.subject, level, x, y, ours.z_m, ours.from_ms, ours.facing_deg))


def _property(feature: Feature, key: str) -> Any:
    return (feature.properties or {}).get(key)


def _ours(feature: Feature) -> _Ours:
    """Raises PlanFileError where somebody else wrote something else under our name."""
    found = _property(feature, OURS)
    if found is None:
        return _NOTHING
    try:
        return msgspec.convert(found, _Ours)
    except msgspec.ValidationError as error:
        raise PlanFileError("wrong_value", key=OURS, problem=error) from error


def _category(feature: Feature) -> str:
    ours = _ours(feature).category
    return feature.say("category")[:64] if ours is None else ours


def _own_names(feature: Feature) -> Names | None:
    given = _property(feature, "name")
    return labelled(given, "room") if given else None


def _any_label(given: Any) -> str:
    return labelled(given, "level").en[:64] if given else ""
