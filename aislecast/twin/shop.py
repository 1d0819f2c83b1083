"""The demo shop: a supermarket of 40 x 25 m with eight aisles, as a plan, and what stands on its shelves.

Pure: nothing here is random, so that pictures, tests and docs can name its places. People are in `shoppers.py`, radio in `radio.py`.
All coordinates are plan-frame metres, x right and y up; the entrance is at the bottom left.
"""

from typing import NamedTuple

from floorplans.model import Level, Names, Placement, Plan, Point, Polygon, Venue, Zone
from groundwork.catalogue.model import Product
from groundwork.contracts.ids import BeaconKey, GatewayId, LevelId, PlanVersionId, ProductId, TenantId, VenueId, ZoneId

WIDTH_M, DEPTH_M = 40.0, 25.0
GROUND = LevelId("ground")

SHELF_M, CORRIDOR_M = 1.3, 2.6
"""Depth of a two-sided gondola and width of an aisle: common supermarket practice; narrower aisles cannot be told apart by radio."""
AISLE_FROM_M, AISLE_UNTIL_M = 7.0, 20.0
GATEWAY_HEIGHT_M = 3.0
"""Under a suspended ceiling; lower ones are shadowed by the shelves (2.0 m)."""
BEACON_HEIGHT_M = 1.8

FIXED_BEACON_UUID = "a15eca570000400080000000000000aa"
"""The iBeacon UUID of the shop's own fixed beacons; the major is the venue's running number, the minor the beacon's."""

VAT_PERCENT = 15.0
"""Saudi Arabia since July 2020."""

_AISLES = (
    ("فواكه وخضار", "Fruit and vegetables"),
    ("ألبان وأجبان", "Dairy and cheese"),
    ("قهوة وشاي", "Coffee and tea"),
    ("أرز ومعكرونة", "Rice and pasta"),
    ("معلبات وزيوت", "Canned food and oils"),
    ("مشروبات وعصائر", "Drinks and juices"),
    ("حلويات ومكسرات", "Sweets and nuts"),
    ("منظفات", "Household cleaning"),
)

_SHELVES: tuple[tuple[str, str, str, int], ...] = (
    ("aisle-1", "تمر سكري 1 كجم", "Sukkari dates 1 kg", 2495),
    ("aisle-1", "موز 1 كجم", "Bananas 1 kg", 645),
    ("aisle-1", "طماطم 1 كجم", "Tomatoes 1 kg", 595),
    ("aisle-2", "حليب طازج كامل الدسم 2 لتر", "Fresh full-fat milk 2 l", 1150),
    ("aisle-2", "لبنة 400 جم", "Labneh 400 g", 895),
    ("aisle-2", "جبنة بيضاء 500 جم", "White cheese 500 g", 1795),
    ("aisle-3", "قهوة عربية 500 جم", "Arabic coffee 500 g", 3495),
    ("aisle-3", "شاي أسود 100 كيس", "Black tea 100 bags", 1650),
    ("aisle-3", "هيل 100 جم", "Cardamom 100 g", 2250),
    ("aisle-4", "أرز بسمتي 5 كجم", "Basmati rice 5 kg", 4595),
    ("aisle-4", "معكرونة 500 جم", "Pasta 500 g", 475),
    ("aisle-4", "برغل 1 كجم", "Bulgur 1 kg", 995),
    ("aisle-5", "زيت زيتون بكر ممتاز 1 لتر", "Extra virgin olive oil 1 l", 3995),
    ("aisle-5", "فول مدمس 400 جم", "Fava beans 400 g", 395),
    ("aisle-5", "تونة بالماء 170 جم", "Tuna in water 170 g", 745),
    ("aisle-6", "عصير برتقال 1 لتر", "Orange juice 1 l", 1095),
    ("aisle-6", "مياه شرب 12 × 330 مل", "Drinking water 12 x 330 ml", 1295),
    ("aisle-6", "شراب التوت المركز 710 مل", "Berry cordial 710 ml", 1375),
    ("aisle-7", "معمول بالتمر 500 جم", "Date maamoul 500 g", 1995),
    ("aisle-7", "فستق محمص 250 جم", "Roasted pistachios 250 g", 2895),
    ("aisle-7", "حلاوة طحينية 500 جم", "Tahini halva 500 g", 1450),
    ("aisle-8", "مسحوق غسيل 3 كجم", "Washing powder 3 kg", 3350),
    ("aisle-8", "سائل غسيل الصحون 1 لتر", "Dishwashing liquid 1 l", 1225),
    ("aisle-8", "مناديل ورقية 10 علب", "Tissues 10 boxes", 1895),
    ("bakery", "خبز عربي 6 أرغفة", "Arabic bread 6 loaves", 200),
    ("bakery", "كعك بالسمسم 4 حبات", "Sesame kaak 4 pieces", 700),
)


class Shelved(NamedTuple):
    """A product of the demo shop and the zone it stands in."""

    product: Product
    zone: ZoneId


def products() -> tuple[Shelved, ...]:
    """What the demo shop sells: three products an aisle, two in the bakery. Prices are in halalas (1/100 SAR), VAT included."""
    category = {f"aisle-{n}": en.lower() for n, (_, en) in enumerate(_AISLES, 1)} | {"bakery": "bakery"}
    return tuple(
        Shelved(Product(_gtin(number), ar, en, price, "SAR", VAT_PERCENT, category[zone]), ZoneId(zone))
        for number, (zone, ar, en, price) in enumerate(_SHELVES, 1)
    )


def demo_plan(tenant: TenantId, venue: VenueId) -> Plan:
    """The demo supermarket as version 1 of `venue`'s plan, its gateways named `VENUE-gw-01` to `VENUE-gw-12`."""
    return Plan(
        venue=Venue(id=venue, tenant=tenant, names=Names("سوق النخيل", "Palm Market"), time_zone="Asia/Riyadh"),
        version=PlanVersionId(f"{venue}-v1"),
        levels=(Level(GROUND, 0, Names("الطابق الأرضي", "Ground floor"), (_box(0.0, 0.0, WIDTH_M, DEPTH_M),), _obstacles()),),
        zones=_zones(),
        placements=(*_gateways(venue), *_beacons()),
    )


def _gtin(number: int) -> ProductId:
    """A GTIN-13 with its check digit (GS1 General Specifications, section 7.9: weights 1 and 3 in turn).

    Its prefix 20 is one that GS1 leaves for use inside a shop: no real article has it.
    """
    body = f"20{number:010d}"
    weighted = sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(body))
    return ProductId(f"{body}{-weighted % 10}")


def _box(left: float, bottom: float, right: float, top: float) -> Polygon:
    return Polygon(((left, bottom), (right, bottom), (right, top), (left, top)))


def _corridor_m(aisle: int) -> float:
    """Where aisle 1 to 8's corridor has its middle, along x."""
    return aisle * (SHELF_M + CORRIDOR_M) - CORRIDOR_M / 2


def _zones() -> tuple[Zone, ...]:
    reach = (SHELF_M + CORRIDOR_M) / 2  # to the middle of the shelf: whoever leans in is still in this aisle
    aisles = (
        (f"aisle-{n}", "aisle", names, _box(_corridor_m(n) - reach, AISLE_FROM_M, _corridor_m(n) + reach, AISLE_UNTIL_M))
        for n, names in enumerate(_AISLES, 1)
    )
    others = (
        ("entrance", "entrance", ("المدخل", "Entrance"), _box(0.5, 0.0, 7.5, 5.0)),
        ("checkout", "checkout", ("صناديق الدفع", "Checkout"), _box(10.0, 0.0, 30.0, 5.0)),
        ("bakery", "department", ("المخبز", "Bakery"), _box(33.5, 13.0, 40.0, 25.0)),
    )
    return tuple(Zone(ZoneId(id_), GROUND, kind, Names(*names), (polygon,)) for id_, kind, names, polygon in (*aisles, *others))


def _obstacles() -> tuple[Polygon, ...]:
    """Nine gondolas, five till counters, and the bakery's counter with its ovens behind."""
    pitch = SHELF_M + CORRIDOR_M
    gondolas = (_box(n * pitch, AISLE_FROM_M, n * pitch + SHELF_M, AISLE_UNTIL_M) for n in range(len(_AISLES) + 1))
    tills = (_box(x, 1.5, x + 1.0, 4.0) for x in (12.0, 16.0, 20.0, 24.0, 28.0))
    return (*gondolas, *tills, _box(37.5, 14.5, 40.0, 23.5))


def _gateways(venue: VenueId) -> tuple[Placement, ...]:
    """One above each aisle, and one each above entrance, checkout, bakery and the corridor at the back."""
    middle_m = (AISLE_FROM_M + AISLE_UNTIL_M) / 2
    above: tuple[Point, ...] = (*((_corridor_m(n), middle_m) for n in range(1, 9)), (4.0, 2.5), (20.0, 5.2), (36.0, 18.0), (16.0, 22.8))
    return tuple(
        Placement("gateway", GatewayId(f"{venue}-gw-{number:02d}"), GROUND, round(x, 2), round(y, 2), GATEWAY_HEIGHT_M)
        for number, (x, y) in enumerate(above, 1)
    )


def _beacons() -> tuple[Placement, ...]:
    """Three to an aisle, on the shelf at its right, and one each at entrance, checkout, bakery and back: 28 for phones that range."""
    on_shelves = ((_corridor_m(n) + CORRIDOR_M / 2, y) for n in range(1, 9) for y in (8.5, 13.5, 18.5))
    spots: tuple[Point, ...] = (*on_shelves, (0.5, 4.0), (20.5, 4.0), (37.5, 18.0), (20.0, 24.8))
    return tuple(
        Placement("beacon", BeaconKey(f"ibeacon:{FIXED_BEACON_UUID}:1:{minor}"), GROUND, round(x, 2), round(y, 2), BEACON_HEIGHT_M)
        for minor, (x, y) in enumerate(spots, 1)
    )
