"""The plan of a recording: its floors, zones and fixed radios as a venue, so that a real walk runs through the same code as the shop.

Pure. Gateway ids are the recording's receiver ids; beacons and devices get iBeacon keys made of their names, so they are the same in
every run. Zone ids are the recording's zone names, which is what predictions are scored by.
"""

import hashlib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import shapely

from aislecast.twin.recording import Anchor, Outline, Recording
from aislecast.twin.walkways import shape_of
from floorplans.model import ZONE_KINDS, Level, Names, Placement, PlacementKind, Plan, Polygon, Venue, Zone
from floorplans.model import Anchor as Earth
from groundwork.adverts.formats.ibeacon import IBeacon, encode_ibeacon
from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

RECORDED_UUID = "a15eca570000400080000000000000bb"
"""The iBeacon UUID of everything in a recording; no real installation has it."""
MARGIN_M = 1.0
"""Where no floor was drawn: how far the floor reaches beyond the hull of anchors and zones."""
UNKNOWN_HEIGHT_M = 2.5
"""Where an anchor has no z_m."""
MOST_COVERED = 0.5
"""An `obstacle` over more of its floor than this is the free space drawn the wrong way round, as tetam-office's is (81 %)."""

SHOP = "shop"
"""Zones of a mall; its people were recorded in front of them, never inside."""
TWO_SIDES = 2


def known_beacon(name: str) -> IBeacon:
    """The test beacon that stands for the recording's radio `name`; its `.beacon` is the key."""
    digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
    return IBeacon(RECORDED_UUID, int.from_bytes(digest[:2], "big"), int.from_bytes(digest[2:], "big"), -59)


def advert_bytes(name: str) -> bytes:
    """What the test beacon of the recording's radio `name` sends."""
    beacon = known_beacon(name)
    return encode_ibeacon(beacon.uuid, beacon.major, beacon.minor, beacon.power)


class Located(NamedTuple):
    """Where a radio hangs that the recording itself has placed nowhere."""

    floor: str
    x_m: float
    y_m: float


def plan_of(
    recording: Recording, tenant: TenantId, venue: VenueId, time_zone: str = "Asia/Riyadh", found: Mapping[str, Located] | None = None
) -> Plan:
    """The recording's place as version 1 of `venue`'s plan: a level for each floor with anchors; zones of unknown kind are rooms.

    `found` says by beacon key where listed beacons hang that nobody placed. Without a single placed anchor all floors are levels.
    """
    placements = tuple(_placements(recording, found or {}))
    floors = list(dict.fromkeys(placement.level for placement in placements)) or [LevelId(floor) for floor in recording.floor_names]
    floors.sort(key=lambda floor: recording.floor_names.index(floor) if floor in recording.floor_names else -1)
    title = Names(recording.name, recording.name)
    return Plan(
        venue=Venue(id=venue, tenant=tenant, names=title, time_zone=time_zone),
        version=PlanVersionId(f"{venue}-v1"),
        levels=tuple(_level(recording, floor, ordinal) for ordinal, floor in enumerate(floors)),
        zones=tuple(_zones(recording, frozenset(floors))),
        placements=placements,
    )


def _zones(recording: Recording, floors: Collection[str]) -> Iterator[Zone]:
    """The zones of these floors: in a mall its shops, otherwise all; by both sides of a door where nothing else is drawn."""
    drawn = [zone for zone in recording.zones if zone.floor in floors]
    if any(zone.kind == SHOP for zone in drawn):
        drawn = [zone for zone in drawn if zone.kind == SHOP]
    parts: dict[str, list[Outline]] = {}
    for zone in drawn or _sides(recording):
        parts.setdefault(zone.zone, []).append(zone)
    return (_zone(name, outlines) for name, outlines in parts.items())


def _sides(recording: Recording) -> Iterator[Outline]:
    """Each side of a door: what is nearer to its own anchors than to the others', within the hull of all."""
    sides = sorted({anchor.side for anchor in recording.anchors if anchor.side})
    if len(sides) != TWO_SIDES:
        return
    floor = recording.anchors[0].floor
    hull = shapely.Polygon(_hull(recording, floor).outer)
    places = {(anchor.x_m, anchor.y_m): anchor.side for anchor in recording.anchors}
    near = shapely.voronoi_polygons(shapely.MultiPoint(list(places)), extend_to=hull)
    cells = [(cell, next(side for place, side in places.items() if cell.intersects(shapely.Point(place)))) for cell in near.geoms]
    for side in sides:
        area = shapely.union_all([cell for cell, of in cells if of == side]).intersection(hull)
        for part in shapely.get_parts(area):
            corners = tuple((round(float(x), 3), round(float(y), 3)) for x, y in shapely.get_coordinates(part.exterior)[:-1])
            yield Outline(side, "room", floor, (Polygon(corners),))


def sides_of(recording: Recording) -> tuple[str, str] | None:
    """The names of a door's two sides, where the recording is about one."""
    sides = sorted({anchor.side for anchor in recording.anchors if anchor.side})
    return (sides[0], sides[1]) if len(sides) == TWO_SIDES and not recording.zones else None


def _level(recording: Recording, floor: str, ordinal: int) -> Level:
    """The level of a floor. Where shops are drawn, walls stand around them and all else that is drawn: people walk between."""
    drawn = [outline for outline in recording.floors if outline.floor == floor]
    outline = tuple(polygon for part in drawn if part.kind == "floor" for polygon in part.polygons) or (_hull(recording, floor),)
    covered = MOST_COVERED * shape_of(outline).area
    solid = (polygon for part in drawn if part.kind != "floor" for polygon in part.polygons)
    obstacles = tuple(polygon for polygon in solid if shape_of([polygon]).area <= covered)
    of_floor = [zone for zone in recording.zones if zone.floor == floor]
    if any(zone.kind == SHOP for zone in of_floor):
        obstacles += tuple(_polygons(of_floor))
    origin = recording.origins.get(floor)
    return Level(LevelId(floor), ordinal, Names(floor, floor), outline, obstacles, anchor=Earth(*origin) if origin else None)


def _hull(recording: Recording, floor: str) -> Polygon:
    """The convex hull of the floor's anchors and zones, and a margin around it, rounded to centimetres."""
    corners = [(anchor.x_m, anchor.y_m) for anchor in recording.anchors if anchor.floor == floor]
    corners += [point for zone in recording.zones if zone.floor == floor for polygon in zone.polygons for point in polygon.outer]
    hull = shapely.MultiPoint(corners).convex_hull.buffer(MARGIN_M, join_style="mitre")
    return Polygon(tuple((round(float(x), 2), round(float(y), 2)) for x, y in shapely.get_coordinates(hull)[:-1]))


def _zone(name: str, parts: Sequence[Outline]) -> Zone:
    kind = parts[0].kind if parts[0].kind in ZONE_KINDS else "room"
    return Zone(ZoneId(name), LevelId(parts[0].floor), kind, Names(name, name), tuple(_polygons(parts)))


def _polygons(parts: Iterable[Outline]) -> Iterable[Polygon]:
    return (polygon for part in parts for polygon in part.polygons)


def subject_of(anchor: Anchor) -> str:
    """What the plan calls this radio: a gateway by the recording's own id, a beacon by its key."""
    return anchor.id if anchor.role == "receiver" else str(known_beacon(anchor.id).beacon)


def _placements(recording: Recording, found: Mapping[str, Located]) -> Iterator[Placement]:
    for anchor in recording.anchors:
        kind: PlacementKind = "gateway" if anchor.role == "receiver" else "beacon"
        subject = subject_of(anchor)
        place = Located(anchor.floor, anchor.x_m, anchor.y_m) if anchor.placed else found.get(subject)
        if place is not None:
            height_m = UNKNOWN_HEIGHT_M if np.isnan(anchor.z_m) else anchor.z_m
            yield Placement(kind, subject, LevelId(place.floor), place.x_m, place.y_m, height_m)
