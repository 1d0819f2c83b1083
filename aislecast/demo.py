"""The demo shop: who shops there, what marketing has planned, and the scene they play in. `demo_world.py` lets them play.

Its tenant is `demo`, apart from a retailer's own. Its people, plan and campaigns are the same in every installation; its secrets are not.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aislecast.scene import Person, Scene, Script, Secrets, set_scene
from aislecast.twin.shop import Shelved, demo_plan, products
from floorplans.model import Plan
from groundwork.catalogue import queries as catalogue
from groundwork.contracts.ids import CampaignId, GatewayId, ProductId, TenantId, VenueId, ZoneId
from groundwork.people.model import MEASUREMENT, POSITIONING, PURPOSES
from groundwork.plumbing.db import Connection
from notifier import queries as campaigns
from notifier.campaigns import Campaign, Offer, Percent, Texts
from notifier.rules import Dwelt, InZone

TENANT: Final = TenantId("demo")
VENUE: Final = VenueId("palm-market")
SHOPPERS: Final = 18
TOKEN_COMPANY: Final = 0xFFFF
"""The company id that Bluetooth's Assigned Numbers keep for tests."""

_DEALS: Final = (
    ("aisle-2", 20, ("لبنة 400 جم", "labneh 400 g"), 10),
    ("aisle-3", 15, ("القهوة العربية", "Arabic coffee"), 10),
    ("aisle-5", 10, ("زيت الزيتون", "olive oil"), 10),
    ("aisle-6", 25, ("عصير البرتقال", "orange juice"), 10),
    ("aisle-7", 20, ("المعمول بالتمر", "date maamoul"), 10),
    ("bakery", 30, ("كعك السمسم", "sesame kaak"), 10),
)
"""Zone, per cent off, what on, and the dwell in seconds that shows interest."""


def plan() -> Plan:
    """The demo shop's plan. It never sleeps: whoever starts the demo at night would otherwise see quiet hours and nothing else."""
    drawn = demo_plan(TENANT, VENUE)
    policy = replace(drawn.venue.policy, quiet_from="00:00", quiet_until="00:00")
    return replace(drawn, venue=replace(drawn.venue, policy=policy))


def people() -> list[Person]:
    """The shoppers: two thirds read Arabic, one wants no offers, one takes part in nothing, the first ranges beacons by her phone."""
    return [Person(f"{number:02d}", "en" if number % 3 == 2 else "ar", _purposes(number)) for number in range(1, SHOPPERS + 1)]


def ranges(number: int) -> bool:
    """Whether phone `number`, counted from 0, ranges beacons instead of sending tokens."""
    return number == 0


def _purposes(number: int) -> tuple[str, ...]:
    return {5: (POSITIONING, MEASUREMENT), 9: ()}.get(number, PURPOSES)


def deals() -> list[Campaign]:
    """One campaign for each deal."""
    return [_deal(ZoneId(zone), percent, Texts(*names), dwell_s) for zone, percent, names, dwell_s in _DEALS]


def shelf_of(campaign: str, shelved: Sequence[Shelved]) -> ProductId | None:
    """A product of the zone that `campaign` is about."""
    return next((product.id for product, zone in shelved if campaign == f"deal-{zone}"), None)


def set_demo(conn: Connection, secrets: Secrets, now_ms: int) -> Scene:
    """Sets the demo's scene, products and campaigns; may be repeated."""
    drawn = plan()
    boxes = {GatewayId(placed.subject): (GatewayId(placed.subject),) for placed in drawn.placements if placed.kind == "gateway"}
    scene = set_scene(conn, Script(drawn, boxes, people()), secrets, now_ms)
    for product, _ in products():
        catalogue.put_product(conn, TENANT, product)
    for campaign in deals():
        if campaigns.campaign(conn, TENANT, campaign.id) is None:  # what was paused or changed since stays so
            campaigns.add_campaign(conn, campaign, now_ms)
    return scene


def _deal(zone: ZoneId, percent: int, names: Texts, dwell_s: int) -> Campaign:
    return Campaign(
        id=CampaignId(f"deal-{zone}"),
        tenant=TENANT,
        names=Texts(f"خصم على {names.ar}", f"Deal on {names.en}"),
        offer=Offer(
            title=Texts("خصم {value} على {product}", "{value} off {product}"),
            body=Texts("لأنك أمام الرف الآن: أظهر الرمز {code} عند الدفع.", "You are right beside it: show {code} at the till."),
            value=Percent(percent),
            product=names,
        ),
        trigger=Dwelt(dwell_s),
        rules=(InZone((zone,)),),
        state="live",
        channels=(),  # the in-app inbox alone, so that who watches sees each offer once
        category=str(zone),
    )
