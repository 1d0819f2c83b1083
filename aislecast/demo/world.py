"""The demo at work: the twin's shoppers walk, twelve real gateway boxes hear their phones, one of which says where it is on the way to the
shop, offers are read, and tills take coupons.

Everything goes over HTTP to the server beside it, as it would from a shop. Runs in real time under `up --demo`, and on a manual clock in
the tests; a server that does not answer costs nothing but time.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp

from aislecast.boxes import Hearing, RunningBox
from aislecast.demo import shop as demo
from aislecast.demo.walk import WalkUp
from aislecast.exits import Stop
from aislecast.phone import Account, Phone
from aislecast.scene import Carried, Scene
from aislecast.till import Till
from aislecast.twin import twin
from aislecast.twin.shop import products
from aislecast.twin.twin import Checkout, Twin
from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.adverts.frame import Options
from groundwork.adverts.gate import gate
from groundwork.contracts.ids import BootId
from groundwork.contracts.purchase import PurchaseLine, PurchaseRequest
from groundwork.contracts.redemption import RedemptionRequest
from groundwork.plumbing.service import Parts
from notifier.inbox import FeedEntry

SEED: Final = 7
"""Of the twin: with it the first shopper stands in front of a shelf half a minute after the start."""
STEP_MS: Final = 100
"""How often the world moves on; a fifth of a window, so that windows close punctually."""
LOOK_MS: Final = 1_000
"""How often shoppers look at their phones."""
WARM_UP_MS: Final = 60_000
"""The shop opens so long before the demo starts, so that there is someone to see."""
VAT_SHARE: Final = 15 / 115
"""Of a Saudi shelf price, which includes 15 % VAT."""


@dataclass(frozen=True, slots=True)
class Sold:
    """What the demo's tills did, for whoever watches."""

    at_ms: int
    receipt: str
    redeemed: bool
    total_minor: int
    discount_minor: int


@dataclass(slots=True)
class World:
    """The demo shop, its shoppers and its tills; a Loop (see `plumbing/service.py`)."""

    parts: Parts
    twin: Twin
    boxes: dict[str, RunningBox]
    phones: list[Phone]
    devices: Sequence[Carried]
    till: Till
    http: aiohttp.ClientSession
    walk: WalkUp
    sold: Callable[[Sold], None] = lambda _sold: None
    name: str = "demo"
    receipts: int = 0
    redemptions: int = 0
    _offers: dict[int, FeedEntry] = field(default_factory=dict)
    _moved_ms: int = 0
    _looked_ms: int = 0

    async def step(self) -> bool:
        """Moves the world on to now."""
        now_ms = self.parts.clock.now_ms()
        if now_ms - self._moved_ms < STEP_MS:
            return False
        self._moved_ms = now_ms
        for phone in self.phones:
            await phone.fetch_tokens(now_ms)
        heard = self.twin.advance(now_ms)
        for advert in heard.adverts:
            self.boxes[advert.gateway].hear((advert,))
        for ranged in heard.ranged:
            self.phones[ranged.phone].hear(ranged.beacon, ranged.at_ms, ranged.rssi_dbm)
        if (place := self.walk.report(now_ms)) is not None:
            self.phones[self.walk.phone].found(place)
        for box in self.boxes.values():
            box.advance(now_ms)
        for phone in self.phones:
            phone.advance(now_ms)
            await phone.report()
        if now_ms - self._looked_ms >= LOOK_MS:
            self._looked_ms = now_ms
            await self._look(now_ms)
        for checkout in heard.checkouts:
            await self._check_out(checkout)
        return True

    async def wait(self) -> None:
        await self.parts.clock.sleep(STEP_MS / 1000)

    async def close(self) -> None:
        """Hangs up; the boxes are loops of their own and close themselves."""
        await self.http.close()

    async def _look(self, now_ms: int) -> None:
        """Every shopper looks at her phone; what she was offered she may use when she pays."""
        for number, phone in enumerate(self.phones):
            for entry in await phone.offers():
                if entry.expires_ms < now_ms:  # of an earlier run of the demo
                    continue
                self._offers[number] = entry
                self.twin.offered(number, now_ms, demo.shelf_of(entry.campaign, products()))

    async def _check_out(self, checkout: Checkout) -> None:
        """She pays: the till takes her coupon first, then reports the receipt."""
        receipt = f"R-{checkout.at_ms}-{checkout.phone}"
        self.receipts += 1
        total_minor = sum(line.quantity * line.price_minor for line in checkout.basket)
        offer = self._offers.pop(checkout.phone, None) if checkout.used_offer else None
        discount_minor = await self._redeem(offer, receipt, total_minor) if offer else 0
        lines = [
            PurchaseLine(
                product=line.product,
                quantity=line.quantity,
                net_minor=round(line.quantity * line.price_minor * (1 - VAT_SHARE)),
                vat_minor=round(line.quantity * line.price_minor * VAT_SHARE),
            )
            for line in checkout.basket
        ]
        if not lines:
            return
        shopper = self.devices[checkout.phone].subject.pseudonym
        request = PurchaseRequest(receipt=receipt, venue=demo.VENUE, at_ms=checkout.at_ms, currency="SAR", lines=lines, shopper_ref=shopper)
        try:
            await self.till.buy(request)
        except Stop:  # the server is away or refuses; a till would say so, the demo goes on
            return
        self.sold(Sold(checkout.at_ms, receipt, offer is not None, total_minor, discount_minor))

    async def _redeem(self, offer: FeedEntry, receipt: str, basket_minor: int) -> int:
        request = RedemptionRequest(code=offer.code, receipt=receipt, venue=demo.VENUE, basket_minor=basket_minor)
        try:
            redemption = await self.till.redeem(request)
        except Stop:
            return 0
        self.redemptions += 1
        return redemption.discount_minor


def open_world(parts: Parts, scene: Scene, server: str, spool: Path, language: str, *, seed: int = SEED) -> World:
    """The demo's world against the server at `server`, its spools in `spool`; call it with the event loop running."""
    drawn = demo.plan()
    http, boot = aiohttp.ClientSession(), BootId(parts.ids.new())
    accounts = (Account(server, carried.token, scene.tenant, scene.venue, boot) for carried in scene.devices)
    phones = [Phone(account, http, parts.hops, drawn.venue.policy.window_ms) for account in accounts]
    carried = [_twin_phone(number, phone) for number, phone in enumerate(phones)]
    walkers = Twin(drawn, seed, carried, parts.clock.now_ms() - WARM_UP_MS, shelved=products())
    walkers.advance(parts.clock.now_ms())
    hearing = Hearing(
        scene.tenant,
        server,
        gate(tokens=True),
        Options(token_company=demo.TOKEN_COMPANY),
        drawn.venue.policy.window_ms,
    )
    boxes: dict[str, RunningBox] = {box.gateway: RunningBox(box, hearing, spool / f"{box.gateway}.spool", parts) for box in scene.boxes}
    return World(
        parts,
        walkers,
        boxes,
        phones,
        scene.devices,
        Till(server, scene.till_token, language),
        http,
        WalkUp(walkers, demo.WALKS_UP, demo.ANCHOR, seed),
    )


def _twin_phone(number: int, phone: Phone) -> twin.Phone:
    """A phone that ranges, or one that sends the shopper token of the moment; without tokens its adverts say nothing."""

    def payload(at_ms: int) -> bytes:
        token = phone.token(at_ms)
        return GENERAL_DISCOVERABLE if token is None else encode_shopper_token(token, demo.TOKEN_COMPANY)

    return twin.Phone(payload, demo.ranges(number))
