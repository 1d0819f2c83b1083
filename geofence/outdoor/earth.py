"""Distances on the earth: along the ellipsoid between two places that are near one another, and in a plane laid on a venue.

Pure. `arc_m` is the geodesic on WGS 84, from the chord through the earth and the ellipsoid's bend in that direction: within 0.1 mm of the
exact solution up to 50 km at any latitude, across the antimeridian and over the poles, without iterating (a sphere is off by up to 0.5 %).
Source of the radii: Rapp, Geometric Geodesy Part I (1991), sections 3.1 to 3.4; the tests compare with Karney's method.
"""

import math
from typing import Any, Final

import numpy as np

from floorplans.earth import WGS84_M, degree_at
from geofence.columns import Floats
from geofence.outdoor.compiled import compiled, f8, f8_1

E2: Final = 6.694379990141316e-3
"""First eccentricity squared of WGS 84 (NIMA TR8350.2, table 3.3)."""
FARTHEST_M: Final = 50_000.0
"""Up to where `arc_m` keeps its promise; no ring is larger."""
CENTRE_COLUMNS: Final = 10
"""What `centre` gives."""


def centre(lon: float, lat: float) -> Floats:
    """What `arc_m` needs of one place, in degrees: its point in space, its east and north, and the bend of the earth there."""
    phi, lam = math.radians(lat), math.radians(lon)
    bend = 1.0 - E2 * math.sin(phi) ** 2
    across, along = WGS84_M / math.sqrt(bend), WGS84_M * (1.0 - E2) / bend**1.5
    east = (-math.sin(lam), math.cos(lam))
    north = (-math.sin(phi) * math.cos(lam), -math.sin(phi) * math.sin(lam), math.cos(phi))
    point = (across * math.cos(phi) * math.cos(lam), across * math.cos(phi) * math.sin(lam), across * (1.0 - E2) * math.sin(phi))
    return np.array([*point, *east, *north, 1.0 / across, 1.0 / along])


@compiled(f8(f8_1, f8, f8))
def arc_m(c: Any, lon: float, lat: float) -> float:
    """Metres along the earth from the place `c` stands for (see `centre`) to this one, in degrees."""
    phi, lam = math.radians(lat), math.radians(lon)
    sine, cosine = math.sin(phi), math.cos(phi)
    across = WGS84_M / math.sqrt(1.0 - E2 * sine * sine)
    dx = across * cosine * math.cos(lam) - c[0]
    dy = across * cosine * math.sin(lam) - c[1]
    dz = across * (1.0 - E2) * sine - c[2]
    east, north = dx * c[3] + dy * c[4], dx * c[5] + dy * c[6] + dz * c[7]
    flat = east * east + north * north
    chord2 = dx * dx + dy * dy + dz * dz
    if flat == 0.0:
        return float(math.sqrt(chord2))
    bend = (east * east * c[8] + north * north * c[9]) / flat  # Euler: the bend in this direction
    q = chord2 * bend * bend / 4.0
    return float(math.sqrt(chord2) * (1.0 + q / 6.0 + 3.0 * q * q / 40.0))


def plane(lat: float) -> tuple[float, float]:
    """Metres a degree counts for to the east and to the north at a latitude: a plane that is off by 0.1 % a few kilometres away."""
    degree = degree_at(lat)
    return degree.east_m, degree.north_m
