"""The demo shop: a plan that can be walked, heard and told apart, and products that tills accept."""

import shapely

from aislecast.twin.shop import FIXED_BEACON_UUID, demo_plan, products
from aislecast.twin.shoppers import Premises
from aislecast.twin.walkways import shape_of
from floorplans.model import ZONE_KINDS
from groundwork.contracts.ids import TenantId, VenueId

PLAN = demo_plan(TenantId("t"), VenueId("shop"))
LEVEL = PLAN.levels[0]


def test_it_has_eight_aisles_an_entrance_a_checkout_and_a_bakery() -> None:
    kinds = [zone.kind for zone in PLAN.zones]
    assert kinds == ["aisle"] * 8 + ["entrance", "checkout", "department"]
    assert set(kinds) <= set(ZONE_KINDS)


def test_every_place_has_a_name_in_both_languages() -> None:
    names = [PLAN.venue.names, *(level.names for level in PLAN.levels), *(zone.names for zone in PLAN.zones)]
    assert all(any("\u0621" <= letter <= "\u064a" for letter in name.ar) and name.en.isascii() for name in names)


def test_zones_and_obstacles_lie_inside_the_outline() -> None:
    outline = shape_of(LEVEL.outline)
    assert all(outline.covers(shape_of(zone.polygons)) for zone in PLAN.zones)
    assert all(outline.covers(shape_of([obstacle])) for obstacle in LEVEL.obstacles)


def test_no_two_zones_overlap() -> None:
    shapes = [shape_of(zone.polygons) for zone in PLAN.zones]
    assert sum(shape.area for shape in shapes) - shapely.union_all(shapes).area < 1e-9


def test_every_polygon_is_valid_and_no_point_is_repeated() -> None:
    polygons = [*LEVEL.outline, *LEVEL.obstacles, *(polygon for zone in PLAN.zones for polygon in zone.polygons)]
    assert all(shapely.Polygon(polygon.outer).is_valid and len(set(polygon.outer)) == len(polygon.outer) for polygon in polygons)


def test_each_aisle_has_a_gateway_of_its_own_above_it() -> None:
    gateways = [placement for placement in PLAN.placements if placement.kind == "gateway"]
    above = [
        sum(shape_of(zone.polygons).contains(shapely.Point(g.x_m, g.y_m)) for g in gateways) for zone in PLAN.zones if zone.kind == "aisle"
    ]
    assert len(gateways) == 12
    assert above == [1] * 8


def test_twenty_eight_fixed_beacons_have_keys_of_their_own() -> None:
    keys = [placement.subject for placement in PLAN.placements if placement.kind == "beacon"]
    assert len(set(keys)) == len(keys) == 28
    assert all(key.startswith(f"ibeacon:{FIXED_BEACON_UUID}:1:") for key in keys)


def test_every_zone_can_be_walked_to() -> None:
    ways = Premises(PLAN).ways
    assert all(len(ways.within(zone.polygons)) for zone in PLAN.zones)


def test_every_product_stands_in_a_zone_and_can_be_reached() -> None:
    shelved = products()
    assert {zone for _, zone in shelved} <= {zone.id for zone in PLAN.zones}
    assert [product for _, product in Premises(PLAN, shelved).shelves] == [product for product, _ in shelved]


def test_gtins_are_unique_and_carry_their_check_digit() -> None:
    gtins = [product.id for product, _ in products()]
    assert len(set(gtins)) == len(gtins) >= 24
    assert all(len(gtin) == 13 and sum(int(digit) * (1, 3)[place % 2] for place, digit in enumerate(gtin)) % 10 == 0 for gtin in gtins)


def test_products_have_names_in_both_languages_a_price_and_a_category() -> None:
    assert all(p.name_ar and p.name_en and p.price_minor > 0 and p.currency == "SAR" and p.category for p, _ in products())
