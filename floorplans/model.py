"""The nouns of places: a venue, its levels, zones and placements, and the plan that holds one consistent version of them.

Coordinates are plan-frame metres of a level, x right and y up; where they are degrees on the earth instead, the field says so.
Pure data; `queries/` stores it, `formats/` reads it from files, `earth.py` takes a level's frame to the earth and back.
"""

from dataclasses import dataclass
from typing import Final, Literal

from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

Point = tuple[float, float]
Ring = tuple[Point, ...]

UNIT_KINDS: Final = (
    "room", "shop", "corridor", "restroom", "staff", "stairs", "elevator", "escalator", "ramp", "parking", "void",
)  # fmt: skip
"""Zones that divide the floor among them: two of a level do not overlap."""

AREA_KINDS: Final = (
    "department", "aisle", "shelf", "entrance", "checkout", "pickup", "kiosk", "seating", "prayer", "offer", "venue",
)  # fmt: skip
"""Zones that lie over the floor: a shelf face in an aisle, that in a department, an offer across them all."""

ZONE_KINDS: Final = (*AREA_KINDS, *UNIT_KINDS)
"""What a zone can be; an unknown kind is refused with this list."""

FIXTURE_KINDS: Final = ("shelf", "freezer", "checkout", "furniture", "equipment", "obstruction", "wall", "window", "column")
"""What stands on the floor and is walked around."""

OPENING_KINDS: Final = ("door", "entrance", "emergency", "service", "vehicle")
"""What a wall is passed by."""

LINK_KINDS: Final = ("stairs", "elevator", "escalator", "ramp", "walkway", "path")
"""What leads from one level, or one zone, to another."""

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
    """A named area on one level; which zones may overlap depends on their kinds (UNIT_KINDS, AREA_KINDS)."""

    id: ZoneId
    level: LevelId
    kind: str
    names: Names
    polygons: tuple[Polygon, ...]
    parent: ZoneId | None = None
    category: str = ""
    """The word of the file it came from, kept so that it goes out again as it came in: `restroom.family`."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a level's frame lies on the earth."""

    lon: float
    lat: float
    """Of the frame's origin, in degrees (WGS 84)."""
    rotation_deg: float = 0.0
    """Counterclockwise from east to the frame's x."""
    scale: float = 1.0
    """Metres on the ground per metre of the frame."""
    sphere_m: float | None = None
    """Radius of the sphere the source measured on; None where it measured on the earth as WGS 84 has it."""


@dataclass(frozen=True, slots=True)
class Level:
    """One floor: its outline, and what one cannot walk through."""

    id: LevelId
    ordinal: int
    names: Names
    outline: tuple[Polygon, ...]
    obstacles: tuple[Polygon, ...] = ()
    anchor: Anchor | None = None
    """None until the level is georeferenced; each level may have a frame of its own."""
    elevation_m: float | None = None
    """The floor's height over the ground of the building's main entrance."""
    height_m: float | None = None
    """From the floor to the ceiling."""
    building: str | None = None
    short_name: str = ""
    """What is on the lift's button."""
    outdoor: bool = False


@dataclass(frozen=True, slots=True)
class Building:
    """A building of the venue; its outline is in degrees, longitude first."""

    id: str
    names: Names
    outline: tuple[Polygon, ...] = ()


@dataclass(frozen=True, slots=True)
class Fixture:
    """What stands on the floor: a shelf with its bays, a till's desk, a wall."""

    id: str
    level: LevelId
    kind: str
    polygons: tuple[Polygon, ...]
    names: Names | None = None
    bays: int = 0
    """A shelf's bays are counted from 1, left to right as one faces it; 0: not divided."""
    facing_deg: float | None = None
    """Where one looks when one stands before it, counterclockwise from the frame's x; None: from all sides."""
    category: str = ""


@dataclass(frozen=True, slots=True)
class Opening:
    """A door, or a gap in a wall: the line one crosses."""

    id: str
    level: LevelId
    kind: str
    line: tuple[Point, ...]
    names: Names | None = None
    step_free: bool | None = None
    """None where the file does not say."""
    category: str = ""


@dataclass(frozen=True, slots=True)
class PlacePoint:
    """A point of interest: a lift's button, a cash machine, the name of the shop in a unit."""

    id: str
    level: LevelId
    category: str
    x_m: float
    y_m: float
    names: Names | None = None
    zone: ZoneId | None = None
    """The zone it is in or stands for."""


@dataclass(frozen=True, slots=True)
class Link:
    """A way from one level or zone to another. `origin` and `destination` are ids of zones, openings, points or levels."""

    id: str
    kind: str
    origin: str
    destination: str
    one_way: bool = False
    step_free: bool | None = None


@dataclass(frozen=True, slots=True)
class Detail:
    """Lines of the drawing that mean nothing to us and much to the eye."""

    level: LevelId
    lines: tuple[Ring, ...]
    layer: str = ""


@dataclass(frozen=True, slots=True)
class Shelving:
    """Where a product stands: in which bay of which shelf, on which board from the floor up."""

    product: str
    """Its id in the catalogue: a GTIN or SKU."""
    fixture: str
    bay: int = 1
    board: int = 1


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
    facing_deg: float | None = None
    """Where its antenna looks, counterclockwise from the frame's x; None: to all sides."""


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
class Approach:
    """A ring around a venue: who comes nearer within it is on her way there. Polygons, or a circle; all on the earth, in degrees."""

    id: str = "near"
    radius_m: float = 300.0
    """Of the circle: around `centre`, or where there is none around the whole outline, so many metres beyond its farthest point."""
    centre: Point | None = None
    """Longitude, latitude."""
    polygons: tuple[Polygon, ...] = ()
    """Where there are any, they are the ring, and the circle is not looked at. What crosses the antimeridian is cut there (RFC 7946)."""


@dataclass(frozen=True, slots=True)
class Venue:
    """One shop or centre."""

    id: VenueId
    tenant: TenantId
    names: Names
    time_zone: str
    country: str = "SA"
    policy: Policy = Policy()
    outline: tuple[Polygon, ...] = ()
    """On the earth: degrees, longitude first."""
    hours: str = ""
    """When it is open, as OpenStreetMap and IMDF write it: `Sa-Th 09:00-23:00; Fr 14:00-24:00`."""
    category: str = "retailstore"
    """As IMDF says it."""
    address: str = ""
    approaches: tuple[Approach, ...] = (Approach(),)
    """Rings around it, each with an id of its own; none: nobody is on her way."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One version of a venue's plan; events cite `version`."""

    venue: Venue
    version: PlanVersionId
    levels: tuple[Level, ...]
    zones: tuple[Zone, ...] = ()
    placements: tuple[Placement, ...] = ()
    fixtures: tuple[Fixture, ...] = ()
    openings: tuple[Opening, ...] = ()
    points: tuple[PlacePoint, ...] = ()
    links: tuple[Link, ...] = ()
    buildings: tuple[Building, ...] = ()
    details: tuple[Detail, ...] = ()
    shelved: tuple[Shelving, ...] = ()
