"""Latency: from the close of the window that makes a zone event due until its decision is on disk, and until its push is handed over.

The whole product in this one process, as `aislecast up --demo` runs it: server on SQLite, twelve gateway boxes that condense, keep on disk,
sign and POST over the loopback, engines, decisions, outbox. Shoppers carry static beacons; some walk to and fro between two far aisles, so
that enters keep coming, and a campaign of the service class answers each. What enter delay and positioning take lies before the window
closes and is not counted: it is a matter of hysteresis, not of speed.

Goals, unloaded: p95 <= 150 ms to the decision, <= 300 ms to the push. Yardstick: the least that must happen in between on this machine,
which is one POST and four durable commits to the decision (box, log, zone event, decision), a fifth to the push (claim).
"""

import asyncio
import math
import random
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

import aiohttp
from aiohttp import web

from aislecast.boxes import Hearing, RunningBox
from aislecast.configuration import Configuration
from aislecast.deployment import Deployment, Keys, deploy, parts_of
from aislecast.listening import on_loopback
from aislecast.migrations import upgrade
from aislecast.runner import runner
from aislecast.scene import Person, Scene, Script, Secrets, set_scene
from aislecast.twin.shop import demo_plan
from benchmarks.decide import bare_commits
from benchmarks.table import Figure, Table, spread
from floorplans.model import Placement, Plan
from geofence.settings import Settings
from groundwork.adverts.advert import Advert
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.gate import gate
from groundwork.contracts.decision import Decision
from groundwork.contracts.ids import BeaconKey, CampaignId, GatewayId, GrantId, TenantId, VenueId
from groundwork.contracts.push import Push, PushReceipt
from groundwork.plumbing.clock import SystemClock
from groundwork.plumbing.db import Connection, Database, open_database
from groundwork.plumbing.ids import SystemIds
from groundwork.plumbing.lifecycle import Lifecycle
from notifier import channels, queries
from notifier.campaigns import Campaign, Offer, Percent, Texts
from notifier.channels.dry_run import DryRun
from notifier.pipeline import Ran
from notifier.rules import Entered

T = TypeVar("T")

SEED = 1
TENANT, VENUE = TenantId("bench"), VenueId("shop")
UUID = "a15eca570000400080000000000000cc"
WINDOW_MS = 500
STEP_MS, ADVERT_MS = 50, 250
"""How often the world moves on, and how often each beacon advertises."""
STAY_MS = 5_000
"""How long a walker stays in an aisle: an enter takes two to four seconds."""
SETTLE_S = 6.0
REACH_M, NOISE_DB = 16.0, 2.0
CAMPAIGNS = 12
"""Each gives a visit one offer, so this is how many pushes a walker can get."""
WALKERS = 10
BACKGROUND = 200


def wall_ms() -> float:
    return time.time() * 1e3


def closed_ms(at_ms: int) -> int:
    """When the window closed that made an event of `at_ms` due."""
    return math.ceil(at_ms / WINDOW_MS) * WINDOW_MS


# --- what is watched -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Watched:
    """The database, and a note of when each decision's transaction was on disk."""

    db: Database
    committed: list[tuple[Decision, float]] = field(default_factory=list)

    @property
    def dialect(self) -> str:
        return self.db.dialect

    async def write(self, work: Callable[[Connection], T]) -> T:
        result = await self.db.write(work)
        if isinstance(result, Ran):
            now = wall_ms()
            self.committed += [(decision, now) for decision in result.decisions]
        return result

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.db.read(work)

    async def compact(self) -> bool:
        return await self.db.compact()

    async def close(self) -> None:
        await self.db.close()

    def enters(self, since_ms: float) -> list[tuple[Decision, float]]:
        """What was decided on enters of windows that closed after `since_ms`."""
        return [(made, at) for made, at in self.committed if made.at_ms > since_ms and "exit_event" not in made.reasons]


class Receiver(DryRun):
    """A provider that notes when it was handed each push."""

    def __init__(self) -> None:
        super().__init__(SystemClock())
        self.handed: dict[GrantId, float] = {}

    async def send(self, push: Push) -> PushReceipt:
        self.handed.setdefault(push.grant, wall_ms())
        return await super().send(push)


# --- the shop --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shopper:
    """Someone with a beacon; `walks` says whether she goes to and fro."""

    number: int
    walks: bool

    @property
    def payload(self) -> bytes:
        return encode_ibeacon(UUID, 1, self.number)

    @property
    def person(self) -> Person:
        return Person(f"{self.number:03d}", beacon=BeaconKey(f"ibeacon:{UUID}:1:{self.number}"))

    def aisle(self, at_ms: int) -> int:
        """In which of the eight aisles she stands; walkers change sides, each at a moment of her own."""
        side = (at_ms + self.number * 1_370) // STAY_MS % 2 if self.walks else 0
        return int(self.number + 4 * side) % 8


def shop() -> Plan:
    """The demo's plan without quiet hours."""
    plan = demo_plan(TENANT, VENUE)
    policy = replace(plan.venue.policy, window_ms=WINDOW_MS, quiet_from="00:00", quiet_until="00:00")
    return replace(plan, venue=replace(plan.venue, policy=policy))


def set_shop(conn: Connection, shoppers: list[Shopper], now_ms: int) -> Scene:
    plan = shop()
    boxes = {GatewayId(placed.subject): (GatewayId(placed.subject),) for placed in plan.placements if placed.kind == "gateway"}
    scene = set_scene(conn, Script(plan, boxes, [shopper.person for shopper in shoppers]), Secrets(b"bench"), now_ms)
    texts = Texts("خصم {value}", "{value} off")
    for number in range(CAMPAIGNS):
        campaign = Campaign(
            id=CampaignId(f"welcome-{number:02d}"),
            tenant=TENANT,
            names=texts,
            offer=Offer(title=texts, body=Texts("الرمز {code}", "Code {code}"), value=Percent(10)),
            trigger=Entered(),
            state="live",
            budget_class="service",
        )
        queries.add_campaign(conn, campaign, now_ms)
    return scene


@dataclass(slots=True)
class Air:
    """Who advertises and which box hears it, in real time."""

    shoppers: list[Shopper]
    boxes: dict[GatewayId, RunningBox]
    placed: list[Placement]
    rng: random.Random
    payloads: dict[int, bytes] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.payloads = {shopper.number: shopper.payload for shopper in self.shoppers}

    async def blow(self, stopping: asyncio.Event) -> None:
        """Lets beacons advertise and windows close until told to stop."""
        tick_ms = math.ceil(wall_ms() / WINDOW_MS) * WINDOW_MS
        while not stopping.is_set():
            await asyncio.sleep(max(0.0, (tick_ms - wall_ms()) / 1e3))
            for shopper in self.shoppers:
                if (tick_ms // STEP_MS + shopper.number) % (ADVERT_MS // STEP_MS) == 0:
                    self._advertise(shopper, tick_ms - 1)
            if tick_ms % WINDOW_MS == 0:
                for box in self.boxes.values():
                    box.advance(tick_ms)
            tick_ms += STEP_MS

    def _advertise(self, shopper: Shopper, at_ms: int) -> None:
        here = self.placed[shopper.aisle(at_ms)]
        for box in self.placed:
            distance = math.dist((here.x_m, here.y_m, 1.2), (box.x_m, box.y_m, 3.0))
            if distance <= REACH_M:
                rssi = round(-59 - 22 * math.log10(distance) + self.rng.gauss(0, NOISE_DB))
                gateway = GatewayId(box.subject)
                self.boxes[gateway].hear((Advert(gateway, at_ms, rssi, self.payloads[shopper.number]),))


# --- measuring -------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delays:
    """Milliseconds from the close of the window, and the bare cost of a commit and of a POST beside them."""

    decided: list[float]
    handed: list[float]
    commit_ms: float
    post_ms: float


async def delays(folder: Path, shoppers: list[Shopper], wanted: int) -> Delays:
    """Runs the shop until `wanted` decisions were made on enters, after everybody has come in."""
    file, clock = folder / "aislecast.db", SystemClock()
    await asyncio.to_thread(upgrade, f"sqlite:///{file}")
    db = Watched(await open_database(f"sqlite:///{file}"))
    parts = parts_of(db, clock, SystemIds(clock), "bench")
    scene = await db.write(lambda conn: set_shop(conn, shoppers, clock.now_ms()))
    receiver = Receiver()
    channels.CHANNELS["dry_run"] = lambda _parts: receiver
    deployment = deploy(parts, Configuration(geofence=Settings(dwell_s=(), locator="weighted_centroid")), Keys(bytes(32), bytes(32)))
    life = Lifecycle(deployment.services, parts.bus, db, (deployment.bus.loop(),))
    await life.start()
    host, port = await life.serve(deployment.app, "127.0.0.1", 0)
    boxes = _boxes(scene, f"http://{host}:{port}", folder, deployment)
    life.add(*boxes.values())
    placed = [placed for placed in shop().placements if placed.kind == "gateway"]
    stopping = asyncio.Event()
    air = asyncio.create_task(Air(shoppers, boxes, placed, random.Random(SEED)).blow(stopping))
    await asyncio.sleep(SETTLE_S)  # everybody comes in at once; that is not what is measured
    since_ms = wall_ms()
    while len(db.enters(since_ms)) < wanted and life.failure is None and not air.done():  # noqa: ASYNC110 # what was committed is all there is to look at
        await asyncio.sleep(0.1)
    stopping.set()
    await air
    await asyncio.sleep(1.0)  # what is decided is still to be handed over
    await life.stop()
    if life.failure is not None:
        raise life.failure
    return await _measured(db.enters(since_ms), receiver, file)


def _boxes(scene: Scene, server: str, folder: Path, deployment: Deployment) -> dict[GatewayId, RunningBox]:
    hearing = Hearing(TENANT, server, gate(ibeacon_uuids=[UUID]), window_ms=WINDOW_MS)
    return {box.gateway: RunningBox(box, hearing, folder / f"{box.gateway}.spool", deployment.parts) for box in scene.boxes}


async def _measured(made: list[tuple[Decision, float]], receiver: Receiver, file: Path) -> Delays:
    decided = [committed - closed_ms(decision.at_ms) for decision, committed in made]
    handed = [
        receiver.handed[decision.grant] - closed_ms(decision.at_ms)
        for decision, _ in made
        if decision.grant is not None and decision.grant in receiver.handed
    ]
    return Delays(decided, handed, 1e3 * spread(bare_commits(file, 200)).p50, await _bare_post_ms())


async def _bare_post_ms() -> float:
    """Median of an empty POST to a server that does nothing, both ends on this event loop."""

    async def nothing(_request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application()
    app.router.add_post("/", nothing)
    taken = []
    async with on_loopback(app) as server, aiohttp.ClientSession() as http:
        for _ in range(200):
            began = time.perf_counter()
            async with http.post(server, data=b"") as answer:
                await answer.read()
            taken.append(1e3 * (time.perf_counter() - began))
    return spread(taken).p50


def measured(quick: bool = False) -> Table:
    """Unloaded, and with the shop full."""
    wanted = 30 if quick else 100
    figures: list[Figure] = []
    crowds = {
        "unloaded": [Shopper(number, walks=True) for number in range(WALKERS)],
        f"{BACKGROUND} shoppers": [Shopper(number, walks=number % 5 == 0) for number in range(BACKGROUND)],
    }
    for crowd, shoppers in crowds.items():
        with tempfile.TemporaryDirectory(prefix="aislecast-bench-") as folder:
            found = runner()(delays(Path(folder), shoppers, wanted))
        figures += _figures(crowd, found, goals=crowd == "unloaded")
    return Table("latency", f"from the window's close, one process with twelve boxes; {wanted} decisions or more each", figures)


def _figures(crowd: str, found: Delays, *, goals: bool) -> list[Figure]:
    figures = []
    for name, delays_ms, commits, goal in (("decision", found.decided, 4, 150), ("push", found.handed, 5, 300)):
        floor = found.post_ms + commits * found.commit_ms
        p50, p95 = spread(delays_ms)
        beside = f"POST and {commits} commits"
        figures.append(Figure(f"{crowd}: {name}", p50, "ms", beside, floor, p95, f"p95 <= {goal}" if goals else ""))
    return figures
