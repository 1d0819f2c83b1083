"""The demo shop: who shops there, what marketing has planned, and the scene they play in. `world.py` lets them play.

Its tenant is `demo`, apart from a retailer's own. Its people, plan and campaigns are the same in every installation; its secrets are not.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from aislecast.scene import Person, Scene, Script, Secrets, set_scene
from aislecast.twin.shop import Shelved, demo_plan, products
from floorplans.earth import Frame
from floorplans.model import Anchor, Approach, Plan
from groundwork.catalogue import queries as catalogue
from groundwork.contracts.ids import CampaignId, GatewayId, PlanVersionId, ProductId, TenantId, VenueId, ZoneId
from groundwork.people.model import MEASUREMENT, POSITIONING, PURPOSES
from groundwork.plumbing.db import Connection
from notifier import queries as campaigns
from notifier.campaigns import Campaign, Offer, Percent, Texts
from notifier.rules import Dwelt, Entered, InZone, OfKind

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

ON_THE_WAY: Final = CampaignId("on-the-way")
_OVEN: Final = ZoneId("bakery")
WALKS_UP: Final = SHOPPERS - 1
"""The phone, counted from 0, that says where it is outside; hers is the visit that begins last, a minute after the demo does."""
ANCHOR: Final = Anchor(lon=46.6753, lat=24.7136, rotation_deg=8.0)
"""Where the shop's plan lies on the earth: a block of Riyadh's Olaya, where no such shop stands."""
APPROACH_M: Final = 250.0
"""The ring: beyond the farthest corner, about four minutes on foot."""


def plan() -> Plan:
    """The demo shop's plan. It never sleeps: whoever starts the demo at night would otherwise see quiet hours and nothing else."""
    drawn = demo_plan(TENANT, VENUE)
    policy = replace(drawn.venue.policy, quiet_from="00:00", quiet_until="00:00")
    levels = tuple(replace(level, anchor=ANCHOR) for level in drawn.levels)
    outline = Frame(ANCHOR).polygons_to_degrees(levels[0].outline)
    venue = replace(drawn.venue, policy=policy, outline=outline, approaches=(Approach("near", APPROACH_M),))
    return replace(drawn, version=PlanVersionId(f"{VENUE}-v2"), venue=venue, levels=levels)  # v1 was tied to no place on the earth


def people() -> list[Person]:
    """The shoppers: two thirds read Arabic, one wants no offers, one takes part in nothing, the first ranges beacons by her phone.

    The last one's phone says where it is while she walks up to the shop and away from it.
    """
    return [Person(f"{number:02d}", "en" if number % 3 == 2 else "ar", _purposes(number)) for number in range(1, SHOPPERS + 1)]


def ranges(number: int) -> bool:
    """Whether phone `number`, counted from 0, ranges beacons instead of sending tokens."""
    return number == 0


def _purposes(number: int) -> tuple[str, ...]:
    return {5: (POSITIONING, MEASUREMENT), 9: ()}.get(number, PURPOSES)


def deals() -> list[Campaign]:
    """One campaign for each deal."""
    return [_deal(ZoneId(zone), percent, Texts(*names), dwell_s) for zone, percent, names, dwell_s in _DEALS]


def on_the_way() -> Campaign:
    """For who comes nearer outside: what waits for her inside. Nobody is held out, because there is but one of her."""
    bread = Texts("الخبز الطازج", "fresh bread")
    title = Texts("اقتربت: خصم {value} على {product}", "Nearly there: {value} off {product}")
    body = Texts(
        "{product} في انتظارك في {venue}: أظهر الرمز {code} عند الدفع.", "{product} awaits you at {venue}: show {code} at the till."
    )
    return Campaign(
        id=ON_THE_WAY,
        tenant=TENANT,
        names=Texts("ترحيب على الطريق", "Welcome on the way"),
        offer=Offer(title=title, body=body, value=Percent(15), product=bread),
        trigger=Entered(),
        rules=(OfKind(("approach",)),),
        state="live",
        channels=(),
        category=str(_OVEN),
        holdout_share=0.0,
    )


def shelf_of(campaign: str, shelved: Sequence[Shelved]) -> ProductId | None:
    """A product of the zone that `campaign` is about."""
    about = _OVEN if campaign == ON_THE_WAY else campaign.removeprefix("deal-")
    return next((product.id for product, zone in shelved if zone == about), None)


def set_demo(conn: Connection, secrets: Secrets, now_ms: int) -> Scene:
    """Sets the demo's scene, products and campaigns; may be repeated."""
    drawn = plan()
    boxes = {GatewayId(placed.subject): (GatewayId(placed.subject),) for placed in drawn.placements if placed.kind == "gateway"}
    scene = set_scene(conn, Script(drawn, boxes, people()), secrets, now_ms)
    for product, _ in products():
        catalogue.put_product(conn, TENANT, product)
    for campaign in (*deals(), on_the_way()):
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
