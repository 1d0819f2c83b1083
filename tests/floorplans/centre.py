"""A small shopping centre of two levels to find ways in: stairs, a lift and an escalator that runs up; a shop with a door; a shelf."""

from dataclasses import replace

from floorplans.model import Anchor, Fixture, Level, Link, Names, Opening, Plan, Polygon, Shelving, Venue, Zone
from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

GROUND, FIRST = LevelId("G"), LevelId("1")
RIYADH = Anchor(46.6753, 24.7136, 31.5)


def box(left: float, bottom: float, right: float, top: float) -> Polygon:
    return Polygon(((left, bottom), (right, bottom), (right, top), (left, top)))


def zone(name: str, level: LevelId, kind: str, polygon: Polygon, ar: str, en: str) -> Zone:
    return Zone(ZoneId(name), level, kind, Names(ar, en), (polygon,))


def centre() -> Plan:
    """Ground: a hall of 40 x 20 m with a walled shop at the right and a shelf in the middle. First: the same hall, empty."""
    return Plan(
        venue=Venue(VenueId("noor"), TenantId("default"), Names("مجمع نور", "Noor Mall"), "Asia/Riyadh"),
        version=PlanVersionId("v1"),
        levels=(
            Level(GROUND, 0, Names("الأرضي", "Ground"), (box(0, 0, 40, 20),), anchor=RIYADH, elevation_m=0.0),
            Level(FIRST, 1, Names("الأول", "First"), (box(0, 0, 40, 20),), anchor=RIYADH, elevation_m=5.0),
        ),
        zones=(
            zone("stairs-g", GROUND, "stairs", box(0, 16, 3, 20), "درج", "Stairs"),
            zone("stairs-1", FIRST, "stairs", box(0, 16, 3, 20), "درج", "Stairs"),
            zone("lift-g", GROUND, "elevator", box(20, 18, 22, 20), "مصعد", "Lift"),
            zone("lift-1", FIRST, "elevator", box(20, 18, 22, 20), "مصعد", "Lift"),
            zone("up-g", GROUND, "escalator", box(10, 16, 12, 20), "سلم", "Escalator"),
            zone("up-1", FIRST, "escalator", box(14, 16, 16, 20), "سلم", "Escalator"),
            zone("bakery", GROUND, "shop", box(30, 0, 40, 10), "المخبز", "Bakery"),
            zone("storeroom", GROUND, "staff", box(30, 14, 40, 20), "المستودع", "Stock room"),
            zone("cafe", FIRST, "kiosk", box(34, 2, 38, 6), "المقهى", "Café"),
        ),
        fixtures=(
            Fixture("rack", GROUND, "shelf", (box(10, 8, 20, 9),), Names("رف التمور", "Dates"), 5, 90.0),
            Fixture("back", GROUND, "shelf", (box(10, 9, 20, 10),), Names("رف القهوة", "Coffee"), 5, -90.0),
        ),
        openings=(Opening("door", GROUND, "door", ((30, 4), (30, 5))),),
        links=(Link("escalator-up", "escalator", "up-g", "up-1", one_way=True),),
        shelved=(Shelving("dates", "rack", 1), Shelving("more-dates", "rack", 5), Shelving("coffee", "back", 1)),
    )


def without(plan: Plan, *kinds: str) -> Plan:
    """The plan without what leads up in these ways."""
    links = tuple(link for link in plan.links if link.kind not in kinds)
    return replace(plan, zones=tuple(one for one in plan.zones if one.kind not in kinds), links=links)
