"""Match: fixes to zones. For each fix how probable every zone is, which is the most probable, and which zones hold the point itself.

Pure. `ZoneMap` is one plan version's zones, arranged for this; `presence.py` decides with hysteresis what is held.
"""

from typing import NamedTuple

import numpy as np
from shapely import area, intersection, normalize
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from floorplans.model import Plan, Zone
from geofence.columns import NONE, Floats, Indices
from geofence.positioning.locator import Fixes
from geofence.zones.zone_index import ZoneIndex
from geofence.zones.zone_share import ZoneShare
from groundwork.contracts.ids import ZoneId

SHARED_AREA = 0.1
"""Two zones that share less than this part of the smaller one are taken as side by side: plans are drawn by hand."""


class Matches(NamedTuple):
    """What n fixes say about the zones, in the zone map's order; columns of shape (n,), `probability` (n, zones)."""

    probability: Floats
    best: Indices
    """The most probable zone, -1 where no zone has any probability."""
    best_probability: Floats


class Pairs(NamedTuple):
    """Point in zone, exactly: pairs of a fix's and a zone's position, by fix, then zone."""

    fix: Indices
    zone: Indices


class ZoneMap:
    """The zones of one plan, sorted by level and layer. Zones of one layer lie side by side: a device is in at most one of them."""

    __slots__ = ("_indices", "_polygons", "_shares", "_zones_of_level", "layer_levels", "layer_starts", "layers", "levels", "zones")

    def __init__(self, plan: Plan) -> None:
        self.levels = tuple(level.id for level in plan.levels)
        shapes = {zone.id: outline(zone) for zone in plan.zones}
        layer_of: dict[ZoneId, tuple[int, int]] = {}
        for position, level in enumerate(self.levels):
            of_level = [zone for zone in plan.zones if zone.level == level]
            layer_of |= {zone: (position, layer) for zone, layer in _layers(of_level, shapes).items()}
        self.zones = tuple(sorted(plan.zones, key=lambda zone: layer_of[zone.id]))
        ranks = [layer_of[zone.id] for zone in self.zones]
        starts = [at for at, rank in enumerate(ranks) if at == 0 or rank != ranks[at - 1]]
        self.layer_starts: Indices = np.array(starts, np.int64)
        self.layers = len(starts)
        self.layer_levels: Indices = np.array([ranks[at][0] for at in starts], np.int64)
        self._zones_of_level = [np.array([i for i, z in enumerate(self.zones) if z.level == level], np.int64) for level in self.levels]
        polygons = [[shapes[self.zones[i].id] for i in of_level.tolist()] for of_level in self._zones_of_level]
        self._shares = [ZoneShare(of_level) for of_level in polygons]
        self._polygons = polygons
        self._indices: list[ZoneIndex] = []

    def match(self, fixes: Fixes, believed: Floats | None = None) -> Matches:
        """How probable each zone is for each fix: as the locator believes, (n, zones), or else as the fix's radius says.

        By the radius, zones of another level than the fix's have probability 0.
        """
        probability = self._by_radius(fixes) if believed is None else believed
        if not self.zones:
            return Matches(probability, np.full(len(probability), NONE, np.int64), np.zeros(len(probability)))
        best = probability.argmax(axis=1)
        best_probability = probability[np.arange(len(best)), best]
        return Matches(probability, np.where(best_probability > 0, best, NONE), best_probability)

    def _by_radius(self, fixes: Fixes) -> Floats:
        probability = np.zeros((len(fixes.level), len(self.zones)))
        for level, (zones, share) in enumerate(zip(self._zones_of_level, self._shares, strict=True)):
            here = np.flatnonzero(fixes.level == level)
            if len(here) and len(zones):
                probability[np.ix_(here, zones)] = share.of(fixes.x_m[here], fixes.y_m[here], fixes.radius_m[here])
        return probability

    def pairs(self, fixes: Fixes) -> Pairs:
        """Which zones hold which fixes' points, boundary included: the point alone, without its radius."""
        if not self._indices:  # made when first asked for: half a second for a large level, and presence does without
            self._indices = [ZoneIndex(of_level) for of_level in self._polygons]
        fix: list[Indices] = [np.empty(0, np.int64)]
        zone: list[Indices] = [np.empty(0, np.int64)]
        for level, (zones, index) in enumerate(zip(self._zones_of_level, self._indices, strict=True)):
            here = np.flatnonzero(fixes.level == level)
            row, column = np.nonzero(index.inside(fixes.x_m[here], fixes.y_m[here]))
            fix.append(here[row])
            zone.append(zones[column])
        fixes_at, zones_at = np.concatenate(fix), np.concatenate(zone)
        order = np.lexsort((zones_at, fixes_at))
        return Pairs(fixes_at[order], zones_at[order])


def outline(zone: Zone) -> BaseGeometry:
    """The zone's area as one shapely geometry, in a fixed order of rings."""
    parts = [Polygon(polygon.outer, polygon.holes) for polygon in zone.polygons]
    shape: BaseGeometry = normalize(parts[0] if len(parts) == 1 else MultiPolygon(parts))
    return shape


def _layers(zones: list[Zone], shapes: dict[ZoneId, BaseGeometry]) -> dict[ZoneId, int]:
    """The layer of each zone of one level: small zones first, each in the lowest layer where it overlaps nobody.

    So aisles, entrance and checkout compete with each other, and the department that contains an aisle is held beside it.
    """
    layers: list[list[Zone]] = []
    found: dict[ZoneId, int] = {}
    for zone in sorted(zones, key=lambda z: (shapes[z.id].area, z.id)):
        free = (i for i, layer in enumerate(layers) if not any(_overlap(shapes[zone.id], shapes[other.id]) for other in layer))
        layer = next(free, len(layers))
        if layer == len(layers):
            layers.append([])
        layers[layer].append(zone)
        found[zone.id] = layer
    return found


def _overlap(a: BaseGeometry, b: BaseGeometry) -> bool:
    return bool(area(intersection(a, b)) > SHARED_AREA * min(a.area, b.area))
