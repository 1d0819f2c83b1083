"""The nouns of places: a venue, its levels, zones and placements, and the plan that holds one consistent version of them.

Coordinates are plan-frame metres of a level, x right and y up. Pure data; `queries.py` stores it, `formats/` reads it from files.
"""

from dataclasses import dataclass
from typing import Literal

from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

Point = tuple[float, float]
Ring = tuple[Point, ...]

ZONE_KINDS = ("department", "aisle", "shelf", "entrance", "checkout", "pickup", "restroom", "staff", "room")
"""What a zone can be; an unknown kind is refused with this list."""

PlacementKind = Literal["gateway", "beacon"]


@dataclass(frozen=True, slots=True)
class Names:
    """What a place is called in Arabic and in English; neither is ever empty."""

    ar: str
    en: str


@dataclass(frozen=True, slots=True)
class Polygon:
    """A closed ring with holes; the first point is not repeated at the end."""

    outer: Ring
    holes: tuple[Ring, ...] = ()


@dataclass(frozen=True, slots=True)
class Zone:
    """A named area on one level; zones may overlap."""

    id: ZoneId
    level: LevelId
    kind: str
    names: Names
    polygons: tuple[Polygon, ...]
    parent: ZoneId | None = None


@dataclass(frozen=True, slots=True)
class Level:
    """One floor: its outline, and what one cannot walk through."""

    id: LevelId
    ordinal: int
    names: Names
    outline: tuple[Polygon, ...]
    obstacles: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a gateway or a fixed beacon is mounted, and since when. `subject` is a gateway id or a beacon key."""

    kind: PlacementKind
    subject: str
    level: LevelId
    x_m: float
    y_m: float
    z_m: float = 2.5
    from_ms: int = 0


@dataclass(frozen=True, slots=True)
class Policy:
    """What a venue decides for itself."""

    window_ms: int = 500
    """Condensing window of its gateways, 100 to 1,000; a longer one spends the latency budget."""
    allowed_lateness_ms: int = 1_000
    """How long the watermark waits for a gateway that was heard a moment ago; late rows are recorded, never pushed."""
    quiet_from: str = "22:00"
    """Venue-local `HH:MM`; equal ends mean there are no quiet hours."""
    quiet_until: str = "09:00"
    pushes_per_visit: int = 1
    """The attention budget for marketing, over all campaigns and channels; 2 at most."""


@dataclass(frozen=True, slots=True)
class Venue:
    """One shop or centre."""

    id: VenueId
    tenant: TenantId
    names: Names
    time_zone: str
    country: str = "SA"
    policy: Policy = Policy()


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a venue's plan; events cite `version`."""

    venue: Venue
    version: PlanVersionId
    levels: tuple[Level, ...]
    zones: tuple[Zone, ...] = ()
    placements: tuple[Placement, ...] = ()
