"""A fix: our estimate of where a device is at a time.

Fixes stay in the geofence's columns; this form is for replay, live views and export.
"""

import msgspec

from groundwork.contracts.ids import LevelId, TenantId, Track, VenueId, ZoneId


class Fix(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Where a device was estimated to be at the end of a window; no zone means "inside the level, in no zone"."""

    version: int = 1
    tenant: TenantId
    venue: VenueId
    track: Track
    at_ms: int
    level: LevelId
    x_m: float
    y_m: float
    radius_m: float
    """68 % of the belief lies within this distance of the point."""
    locator: str
    zone: ZoneId | None = None
    """The zone presence holds after hysteresis."""
    zone_raw: ZoneId | None = None
    """The most probable zone of this fix alone."""
    probability: float = 0.0
    """Of `zone_raw`, 0 to 1."""
