"""The plan of a recording: its floors, zones and fixed radios as a venue, so that a real walk runs through the same code as the shop.

Pure. Gateway ids are the recording's receiver ids; beacons and devices get iBeacon keys made of their names, so they are the same in
every run. Zone ids are the recording's zone names, which is what predictions are scored by.
"""

import hashlib
from collections.abc import Iterable, Sequence

import numpy as np
import shapely

from aislecast.twin.recording import Anchor, Outline, Recording
from aislecast.twin.walkways import shape_of
from floorplans.model import ZONE_KINDS, Level, Names, Placement, Plan, Polygon, Venue, Zone
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


def known_beacon(name: str) -> IBeacon:
    """The test beacon that stands for the recording's radio `name`; its `.beacon` is the key."""
    digest = hashlib.blake2b(name.encode(), digest_size=4).digest()
    return IBeacon(RECORDED_UUID, int.from_bytes(digest[:2], "big"), int.from_bytes(digest[2:], "big"), -59)


def advert_bytes(name: str) -> bytes:
    """What the test beacon of the recording's radio `name` sends."""
    beacon = known_beacon(name)
    return encode_ibeacon(beacon.uuid, beacon.major, beacon.minor, beacon.power)


def plan_of(recording: Recording, tenant: TenantId, venue: VenueId, time_zone: str = "Asia/Riyadh") -> Plan:
    """The recording's place as version 1 of `venue`'s plan: a level for each floor with anchors; zones of unknown kind are rooms."""
    floors = list(dict.fromkeys(anchor.floor for anchor in recording.anchors))
    title = Names(recording.name, recording.name)
    return Plan(
        venue=Venue(id=venue, tenant=tenant, names=title, time_zone=time_zone),
        version=PlanVersionId(f"{venue}-v1"),
        levels=tuple(_level(recording, floor, ordinal) for ordinal, floor in enumerate(floors)),
        zones=tuple(
            _zone(name, [zone for zone in recording.zones if zone.zone == name]) for name in dict.fromkeys(z.zone for z in recording.zones)
        ),
        placements=tuple(_placement(anchor) for anchor in recording.anchors),
    )


def _level(recording: Recording, floor: str, ordinal: int) -> Level:
    drawn = [outline for outline in recording.floors if outline.floor == floor]
    outline = tuple(polygon for part in drawn if part.kind == "floor" for polygon in part.polygons) or (_hull(recording, floor),)
    covered = MOST_COVERED * shape_of(outline).area
    solid = (polygon for part in drawn if part.kind != "floor" for polygon in part.polygons)
    obstacles = tuple(polygon for polygon in solid if shape_of([polygon]).area <= covered)
    return Level(LevelId(floor), ordinal, Names(floor, floor), outline, obstacles)


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


def _placement(anchor: Anchor) -> Placement:
    height_m = UNKNOWN_HEIGHT_M if np.isnan(anchor.z_m) else anchor.z_m
    if anchor.role == "receiver":
        return Placement("gateway", anchor.id, LevelId(anchor.floor), anchor.x_m, anchor.y_m, height_m)
    return Placement("beacon", known_beacon(anchor.id).beacon, LevelId(anchor.floor), anchor.x_m, anchor.y_m, height_m)
