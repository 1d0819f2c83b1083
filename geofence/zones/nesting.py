"""Nesting: which zone of a plan lies in which, for presence: venue around department around aisle.

Pure. A zone's outer one is the one its plan names as parent, where that is of its level and of a later layer of the zone map; else the
smallest zone of a later layer that holds nearly all of it. Most plans name no parents, and those drawn by hand stick out a little.
"""

from typing import Final

import numpy as np
from shapely import area, intersection
from shapely.geometry.base import BaseGeometry

from floorplans.model import Zone
from geofence.columns import NONE
from geofence.zones.match import ZoneMap, outline
from geofence.zones.presence import Nesting

WITHIN: Final = 0.9
"""Of a zone's area, at least so much lies in the zone that is around it: with less, someone may well be in the one and not in the other."""


def nesting_of(zones: ZoneMap) -> Nesting:
    """The outer zone of each zone of the map, and each one's layer."""
    places = {zone.id: at for at, zone in enumerate(zones.zones)}
    layer = np.searchsorted(zones.layer_starts, np.arange(len(zones.zones)), side="right") - 1
    shapes = [outline(zone) for zone in zones.zones]
    parent = np.full(len(shapes) + 1, NONE, np.int64)
    for at, zone in enumerate(zones.zones):
        named = places.get(zone.parent, NONE) if zone.parent is not None else NONE
        if named != NONE and _outer(zones.zones, at, named) and layer[named] > layer[at]:
            parent[at] = named
            continue
        later = (i for i in range(at + 1, len(shapes)) if layer[i] > layer[at] and _outer(zones.zones, at, i))
        around = [i for i in later if _lies_in(shapes[at], shapes[i])]
        parent[at] = min(around, key=lambda i: (shapes[i].area, i), default=NONE)
    return Nesting(parent, np.append(layer, NONE).astype(np.int64))


def _outer(zones: tuple[Zone, ...], inner: int, outer: int) -> bool:
    return zones[inner].level == zones[outer].level


def _lies_in(inner: BaseGeometry, outer: BaseGeometry) -> bool:
    return bool(inner.intersects(outer) and area(intersection(inner, outer)) >= WITHIN * inner.area)
