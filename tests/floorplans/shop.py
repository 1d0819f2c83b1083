"""A small plan for these tests."""

from floorplans.model import Level, Names, Placement, Plan, Policy, Polygon, Venue, Zone
from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

NOW_MS = 1_793_516_400_000
TAMIM = TenantId("tamim")
DANA = TenantId("dana")
OLAYA = VenueId("olaya")
GROUND = LevelId("F1")


def square(x: float, y: float, side: float) -> Polygon:
    return Polygon(((x, y), (x + side, y), (x + side, y + side), (x, y + side)))


def venue(tenant: TenantId = TAMIM, venue_id: VenueId = OLAYA) -> Venue:
    return Venue(venue_id, tenant, Names("العليا", "Olaya"), "Asia/Riyadh", "SA", Policy(window_ms=250))


def plan(version: str = "v1", tenant: TenantId = TAMIM, zones: tuple[Zone, ...] | None = None) -> Plan:
    bakery = Zone(ZoneId("z2"), GROUND, "department", Names("المخبز", "Bakery"), (square(5, 5, 3), square(0.1, 0.2, 1 / 3)))
    shelf = Zone(
        ZoneId("z1"), GROUND, "shelf", Names("رف", "Shelf"), (Polygon(square(6, 6, 1).outer, (square(6.2, 6.2, 0.1).outer,)),), bakery.id
    )
    levels = (
        Level(GROUND, 0, Names("الأرضي", "Ground"), (square(0, 0, 20),), (square(1, 1, 1),)),
        Level(LevelId("B1"), -1, Names("القبو", "Basement"), (square(0, 0, 9),)),
    )
    placements = (
        Placement("gateway", "gw-1", GROUND, 1.5, 2.5),
        Placement("beacon", "ibeacon:00112233445566778899aabbccddeeff:1:7", GROUND, 0.1, 0.2, 1.1, from_ms=5),
        Placement("gateway", "gw-1", GROUND, 9.5, 2.5, from_ms=9),
    )
    return Plan(venue(tenant), PlanVersionId(version), levels, (bakery, shelf) if zones is None else zones, placements)
