"""The twin at work: moves everybody on and gives what the shop's radios, its phones and its tills would have told since the last time.

Time goes in ticks of 500 ms inside, so what comes out depends on the seed and on the offers made, never on the steps of `advance`.
Ground truth comes with it. The demo plugs real shopper tokens in by way of `Phone.payload`.
"""

import hashlib
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter

import numpy as np
import shapely

from aislecast.twin.columns import Floats, Indices, Ints
from aislecast.twin.radio import Air, Physics
from aislecast.twin.shop import Shelved
from aislecast.twin.shoppers import Crowd, Premises, Visit
from aislecast.twin.walkways import shape_of
from floorplans.model import Placement, Plan
from groundwork.adverts.ad_structures import MANUFACTURER_DATA, SERVICE_DATA_16, structure
from groundwork.adverts.advert import Advert
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.catalogue.model import Product
from groundwork.contracts.ids import BeaconKey, GatewayId, ProductId

TICK_MS = 500
"""How often truth is written and generators are started anew; other values give another run of the same seed."""
FASTEST_ADVERT_MS, SLOWEST_ADVERT_MS = 200.0, 500.0
"""2 to 5 adverts a second: Android's low-latency and balanced modes are 100 and 250 ms, less under load."""
ADVERT_DELAY_MS = 10
"""Each advert is put off by up to this, at random (Bluetooth Core 5.4, vol. 6, part B, section 4.4.2.2)."""
RANGING_MS = 1000
"""How often iOS reports ranged beacons."""
REDEEMS = 0.6
"""Chance that an offer made on this visit is used at the till: a demo's figure, real ones are a tenth of it."""
STRANGERS = 4
"""Phones that say nothing we know, beside our own."""
ADDRESS_MS = 15 * 60 * 1000
"""How long a phone keeps a radio address (Bluetooth Core 5.4, vol. 3, part C, appendix A)."""


@dataclass(frozen=True, slots=True)
class Phone:
    """An opted-in phone: what it sends at a time, or that it ranges the fixed beacons instead of sending."""

    payload: Callable[[int], bytes]
    """The advert's AD structures at a time in ms since 1970 UTC; not asked of a phone that ranges."""
    ranges: bool = False


@dataclass(frozen=True, slots=True)
class Ranged:
    """One fixed beacon as one phone heard it in one scan."""

    phone: int
    at_ms: int
    beacon: BeaconKey
    rssi_dbm: float


@dataclass(frozen=True, slots=True)
class BasketLine:
    """One product at the till."""

    product: ProductId
    quantity: int
    price_minor: int
    """Of one, VAT included."""


@dataclass(frozen=True, slots=True)
class Checkout:
    """A shopper has paid."""

    phone: int
    at_ms: int
    basket: tuple[BasketLine, ...]
    used_offer: bool


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Ground truth: where each phone in the shop was at the end of each tick; columns of one length, ordered by time and phone."""

    phone: Indices
    at_ms: Ints
    x_m: Floats
    y_m: Floats
    zone: Indices
    """Indexes the plan's zones, the first that holds the point; -1 for none."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Everything that happened after the previous `advance` and up to this one's time, each list in order of time."""

    adverts: list[Advert]
    carriers: list[int]
    """The phone of each advert; -1 for a stranger's. Ground truth: no gateway knows it."""
    ranged: list[Ranged]
    truth: Whereabouts
    checkouts: list[Checkout]


@dataclass(frozen=True, slots=True)
class _Paying:
    at_ms: int
    phone: int
    visit: Visit


@dataclass(slots=True)
class _Pending:
    """What has been worked out and not yet been told: whole ticks, each kind in order of time."""

    adverts: list[Advert] = field(default_factory=list)
    carriers: list[int] = field(default_factory=list)
    ranged: list[Ranged] = field(default_factory=list)
    truth: list[tuple[int, int, float, float, int]] = field(default_factory=list)  # at_ms, phone, x, y, zone
    paying: list[_Paying] = field(default_factory=list)


class Twin:
    """A shop with one shopper per phone, and strangers. Runs from `start_ms` (ms since 1970 UTC); the first shopper is at the door then."""

    def __init__(
        self,
        plan: Plan,
        seed: int,
        phones: Sequence[Phone],
        start_ms: int,
        *,
        shelved: Sequence[Shelved] = (),
        strangers: int = STRANGERS,
        physics: Physics | None = None,
    ) -> None:
        self.plan, self._seed, self._phones, self._start_ms = plan, seed, tuple(phones), start_ms
        self._prices: dict[ProductId, Product] = {product.id: product for product, _ in shelved}
        premises = Premises(plan, shelved)
        people = len(self._phones) + strangers
        self._crowd = Crowd(premises, people, seed)
        self._gateways, self._beacons = (radios_of(plan, kind) for kind in ("gateway", "beacon"))
        self._zones = [shape_of(zone.polygons) if zone.level == premises.level.id else shapely.Polygon() for zone in plan.zones]
        self._air = air_of(plan, seed, people, physics)
        self._scans = [number for number, phone in enumerate(self._phones) if phone.ranges]
        heard = self._beacons if self._scans else ()
        self._beacon_air = Air(premises.level, heard, people, physics or Physics(), np.random.default_rng([seed, 4]))
        rng = np.random.default_rng([seed, 5])
        self._every_ms: Floats = rng.uniform(FASTEST_ADVERT_MS, SLOWEST_ADVERT_MS, people)
        self._every_ms[self._scans] = RANGING_MS
        self._phase_ms: Floats = rng.random(people) * self._every_ms
        self._strange = [_strange_payload(rng, number) for number in range(strangers)]
        self._ticked = 0  # ticks worked out
        self._until_ms = start_ms
        self._pending = _Pending()
        self._offers: dict[int, tuple[int, ProductId | None]] = {}

    @property
    def handset_db(self) -> Floats:
        """Each phone's offset, in the phones' order: what a locator has to learn."""
        return self._air.handset_db[: len(self._phones)]

    @property
    def gain_db(self) -> Floats:
        """Each gateway's gain, in the order of the plan's placements: what calibration has to find."""
        return self._air.gain_db

    def offered(self, phone: int, at_ms: int, product: ProductId | None = None) -> None:
        """Tells the shopper of a coupon. She may use it at this visit's checkout, and then also takes `product`, if it is on a shelf."""
        self._offers[phone] = (at_ms, product)

    def visit(self, phone: int) -> Visit:
        """The shopper's present visit, or her next one where she is not in the shop; its times are ms since the start (`since_start`)."""
        return self._crowd.people[phone].visit

    def since_start(self, at_ms: int) -> int:
        """A time in ms since 1970 UTC as the twin counts it."""
        return at_ms - self._start_ms

    def advance(self, until_ms: int) -> Heard:
        """Everything in (previous, `until_ms`]; times are ms since 1970 UTC. Raises ValueError when asked to go back."""
        if until_ms < self._until_ms:
            raise ValueError(f"the twin is at {self._until_ms} ms and cannot go back to {until_ms}")
        self._until_ms = until_ms
        while self._start_ms + self._ticked * TICK_MS < until_ms:
            self._tick(self._ticked * TICK_MS, (self._ticked + 1) * TICK_MS)
            self._ticked += 1
        return self._told(until_ms)

    def _told(self, until_ms: int) -> Heard:
        """Takes what lies up to `until_ms` out of what is pending."""
        pending = self._pending
        count = bisect_right(pending.adverts, until_ms, key=attrgetter("at_ms"))
        adverts, pending.adverts = pending.adverts[:count], pending.adverts[count:]
        carriers, pending.carriers = pending.carriers[:count], pending.carriers[count:]
        count = bisect_right(pending.ranged, until_ms, key=attrgetter("at_ms"))
        ranged, pending.ranged = pending.ranged[:count], pending.ranged[count:]
        count = bisect_right(pending.truth, until_ms, key=lambda row: row[0])
        truth, pending.truth = pending.truth[:count], pending.truth[count:]
        count = bisect_right(pending.paying, until_ms, key=attrgetter("at_ms"))
        paying, pending.paying = pending.paying[:count], pending.paying[count:]
        return Heard(adverts, carriers, ranged, _whereabouts(truth), [self._checkout(who) for who in paying])

    def _tick(self, from_ms: int, until_ms: int) -> None:
        """Works out one tick; times are ms since the start."""
        self._crowd.move_on(from_ms)
        inside = self._crowd.inside(from_ms, until_ms)
        if not len(inside):
            return
        rng = np.random.default_rng([self._seed, 6, self._ticked])
        scanning = np.isin(inside, self._scans)
        self._pending.ranged += self._range(rng, inside[scanning], from_ms, until_ms)
        heard = sorted(self._advertise(rng, inside[~scanning], from_ms, until_ms), key=lambda one: one[0].at_ms)
        self._pending.adverts += [advert for advert, _ in heard]
        self._pending.carriers += [carrier for _, carrier in heard]
        phones = inside[inside < len(self._phones)]
        self._pending.truth += self._locate(phones, until_ms)
        visits = ((int(phone), self._crowd.people[phone].visit) for phone in phones)
        paying = ((visit.checkout_ms, phone, visit) for phone, visit in visits if visit.checkout_ms is not None)
        now = [_Paying(self._start_ms + at, phone, visit) for at, phone, visit in paying if from_ms < at <= until_ms]
        self._pending.paying += sorted(now, key=attrgetter("at_ms"))

    def _moments(self, people: Ints, from_ms: int, until_ms: int) -> Iterator[tuple[Ints, Ints]]:
        """Who of `people` sends (or scans) when in (from, until]: one pair of columns for each one's first, second ... time."""
        every, phase = self._every_ms[people], self._phase_ms[people]
        at = phase + (np.floor((from_ms - phase) / every) + 1.0) * every
        while (due := at <= until_ms).any():
            yield people[due], np.maximum(np.floor(at[due]), from_ms + 1).astype(np.int64)
            at = at + every

    def _advertise(self, rng: np.random.Generator, people: Ints, from_ms: int, until_ms: int) -> Iterator[tuple[Advert, int]]:
        for who, base_ms in self._moments(people, from_ms, until_ms):
            at_ms = np.minimum(base_ms + rng.integers(0, ADVERT_DELAY_MS + 1, len(who)), until_ms)
            x_m, y_m, facing_rad = self._crowd.places(who, at_ms)
            here = np.flatnonzero(~np.isnan(x_m))
            rssi_dbm = self._air.heard_dbm(rng, who[here], at_ms[here], x_m[here], y_m[here], facing_rad[here])
            for row, person, at in zip(rssi_dbm, who[here].tolist(), (at_ms[here] + self._start_ms).tolist(), strict=True):
                yield from self._packets(person, at, row)

    def _packets(self, person: int, at_ms: int, rssi_dbm: Floats) -> Iterator[tuple[Advert, int]]:
        """One packet as every gateway that caught it heard it."""
        mine = person < len(self._phones)
        payload = self._phones[person].payload(at_ms) if mine else self._strange[person - len(self._phones)]
        address = self._address(person, at_ms)
        for number in np.flatnonzero(~np.isnan(rssi_dbm)):
            gateway = GatewayId(self._gateways[number].subject)
            yield Advert(gateway, at_ms, float(rssi_dbm[number]), payload, address), person if mine else -1

    def _range(self, rng: np.random.Generator, people: Ints, from_ms: int, until_ms: int) -> list[Ranged]:
        rows: list[Ranged] = []
        for who, at_ms in self._moments(people, from_ms, until_ms):
            x_m, y_m, facing_rad = self._crowd.places(who, at_ms)
            here = np.flatnonzero(~np.isnan(x_m))
            rssi_dbm = self._beacon_air.scanned_dbm(rng, who[here], at_ms[here], x_m[here], y_m[here], facing_rad[here])
            phones, times = who[here].tolist(), (at_ms[here] + self._start_ms).tolist()
            for row, number in np.argwhere(~np.isnan(rssi_dbm)):
                rows.append(Ranged(phones[row], times[row], BeaconKey(self._beacons[number].subject), float(rssi_dbm[row, number])))
        return sorted(rows, key=attrgetter("at_ms"))

    def _locate(self, phones: Ints, at_ms: int) -> list[tuple[int, int, float, float, int]]:
        x_m, y_m, _ = self._crowd.places(phones, np.full(len(phones), at_ms))
        here = np.flatnonzero(~np.isnan(x_m))
        zone = np.full(len(here), -1)
        for number, shape in reversed(list(enumerate(self._zones))):  # the first zone wins, as it is written last
            zone[shapely.intersects_xy(shape, x_m[here], y_m[here])] = number
        rows = zip(phones[here].tolist(), x_m[here].tolist(), y_m[here].tolist(), zone.tolist(), strict=True)
        return [(self._start_ms + at_ms, phone, x, y, number) for phone, x, y, number in rows]

    def _checkout(self, paying: _Paying) -> Checkout:
        """What she pays for, and whether with a coupon; decided by a generator of its own, so that offers change nothing else."""
        rng = np.random.default_rng([self._seed, 7, paying.phone, paying.visit.starts_ms])
        offered_ms, extra = self._offers.get(paying.phone, (-1, None))
        current = self._start_ms + paying.visit.starts_ms <= offered_ms <= paying.at_ms
        used = bool(current and rng.random() < REDEEMS)
        if used:
            del self._offers[paying.phone]
        taken = list(paying.visit.basket)
        if used and extra in self._prices and all(product.id != extra for product in taken):
            taken.append(self._prices[extra])
        basket = tuple(BasketLine(product.id, int(rng.integers(1, 3)), product.price_minor) for product in taken)
        return Checkout(paying.phone, paying.at_ms, basket, used)

    def _address(self, person: int, at_ms: int) -> str:
        """A resolvable private address, as phones change it: no identity, and here so that nothing mistakes it for one."""
        digest = hashlib.blake2b(f"{self._seed}/{person}/{at_ms // ADDRESS_MS}".encode(), digest_size=6).digest()
        return ":".join(f"{byte:02X}" for byte in (0x40 | digest[0] & 0x3F, *digest[1:]))


def radios_of(plan: Plan, kind: str) -> tuple[Placement, ...]:
    """The gateways or the beacons of the level that is walked on, the first one."""
    return tuple(placed for placed in plan.placements if placed.level == plan.levels[0].id and placed.kind == kind)


def air_of(plan: Plan, seed: int, people: int, physics: Physics | None = None) -> Air:
    """The air between gateways and people: the same for the same arguments, `people` being our own phones and the strangers."""
    return Air(plan.levels[0], radios_of(plan, "gateway"), people, physics or Physics(), np.random.default_rng([seed, 3]))


def beacon_phones(count: int, uuid: str = "a15eca570000400080000000000000cc") -> tuple[Phone, ...]:
    """Phones that send static iBeacons `uuid`:1:1, :1:2 ...: for runs without shoppers' tokens."""
    return tuple(_static(encode_ibeacon(uuid, 1, number)) for number in range(1, count + 1))


def ranging_phones(count: int) -> tuple[Phone, ...]:
    """Phones that send nothing and range the fixed beacons."""
    return tuple(Phone(lambda _at_ms: b"", ranges=True) for _ in range(count))


def _static(payload: bytes) -> Phone:
    return Phone(lambda _at_ms: payload)


def _strange_payload(rng: np.random.Generator, number: int) -> bytes:
    """What passers-by send: Apple's Nearby Info, an iBeacon of somebody else's, or Google's Fast Pair."""
    if number % 3 == 0:
        return structure(MANUFACTURER_DATA, b"\x4c\x00\x10\x05" + rng.bytes(5))
    if number % 3 == 1:
        return encode_ibeacon(rng.bytes(16).hex(), int(rng.integers(1 << 16)), int(rng.integers(1 << 16)))
    return structure(SERVICE_DATA_16, b"\x2c\xfe" + rng.bytes(3))


def _whereabouts(rows: Sequence[tuple[int, int, float, float, int]]) -> Whereabouts:
    at_ms, phone, x_m, y_m, zone = zip(*rows, strict=True) if rows else ((), (), (), (), ())
    return Whereabouts(
        np.array(phone, dtype=np.int32),
        np.array(at_ms, dtype=np.int64),
        np.array(x_m, dtype=np.float64),
        np.array(y_m, dtype=np.float64),
        np.array(zone, dtype=np.int32),
    )
