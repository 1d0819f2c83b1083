"""An arena for races: people, geofence and notifier as they are, on a database and a channel whose every await a seed decides about."""

import asyncio
import random
import sqlite3
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

import geofence.app
import groundwork.people.app
import notifier.app
from aislecast.configuration import Configuration
from aislecast.deployment import SENDS, estate
from geofence.intake.accept import Ingest
from geofence.places import Places
from geofence.settings import Settings as GeofenceSettings
from groundwork.contracts.ids import BeaconKey, BootId, ShopperId
from groundwork.contracts.push import Push, PushOutcome, PushReceipt
from groundwork.contracts.ranging import RangingColumns, RangingReport
from groundwork.contracts.subjects import STREAMS
from groundwork.people import queries
from groundwork.people.credentials import LiveCredentials
from groundwork.people.erasure import SHOPPER as BY_HERSELF
from groundwork.people.erasure import Asked, Erasures
from groundwork.people.holding import Person
from groundwork.people.model import DEVICE_GRANTS, Subject
from groundwork.people.registry import People
from groundwork.people.rights import Rights
from groundwork.people.settings import Retention
from groundwork.people.settings import Settings as PeopleSettings
from groundwork.people.withdrawal import Answer, Consents
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Loop, Parts, settle
from groundwork.plumbing.vault import Vault
from notifier.settings import Settings as NotifierSettings
from tests.faults.interleaving import Died, GatedDatabase, Schedule, copy_of
from tests.geofence.venues import START_MS, VENUE
from tests.journeys.leaver import KEYS, TENANT

SECONDS: Final = 12
"""Long enough in front of a shelf to be offered something."""
QUIET: Final = {"credentials", "retention", "pauses", "geofence plans", "geofence gateways", "push targets", "day keys"} | {
    "geofence chronicles",
    "geofence statistics",
    "geofence fences",
    "geofence outdoor ticker",
}
"""Loops that have nothing to do with a push; each would only make every run longer."""
LIGHT: Final = GeofenceSettings(locator="weighted_centroid", engine_threads=False)
"""Where they stand is not the question here; and what a thread does, no schedule decides."""
_FOREVER_MS: Final = 10**12


class Provider:
    """A channel that takes its time, and now and then answers unclearly."""

    name = "dry_run"

    def __init__(self, gate: Callable[[], Awaitable[None]], clock: ManualClock, chance: random.Random) -> None:
        self.gate = gate
        self.sent: list[Push] = []
        self._clock = clock
        self._random = chance

    async def send(self, push: Push) -> PushReceipt:
        await self.gate()
        self.sent.append(push)  # from here on the phone may show it
        await self.gate()
        outcome: PushOutcome = "delivered" if self._random.random() < 0.7 else "retry"  # often enough to be met
        return PushReceipt(tenant=push.tenant, push=push.id, channel=self.name, outcome=outcome, at_ms=self._clock.now_ms())

    def count(self, subject: Subject) -> int:
        """How many of her pushes it has been handed."""
        return sum(push.device == subject.device for push in self.sent)


@dataclass
class Arena:
    """One run: two shoppers stand in front of a shelf, and one of them says stop."""

    seed: int
    raw: sqlite3.Connection
    her: Subject
    other: Subject
    dies_at: int | None = None
    clock: ManualClock = field(init=False)
    schedule: Schedule = field(init=False)
    db: GatedDatabase = field(init=False)

    def __post_init__(self) -> None:
        self.clock = ManualClock(START_MS + SECONDS * 1000)
        self.schedule = Schedule(self.seed, self.clock, self.dies_at)
        self.db = GatedDatabase(copy_of(self.raw), _at_once)
        self.chance = random.Random(self.seed)
        self.provider = Provider(_at_once, self.clock, self.chance)
        self.answered = False
        """Whether the one who said stop was answered 200."""
        self.sent_before = 0
        """Of her pushes, when she was answered."""

    async def build(self) -> None:
        """Everything that one process has in memory."""
        bus = LocalBus(self.db, self.clock, "arena", dict.fromkeys(STREAMS, 1), lease_ms=_FOREVER_MS, poll_ms=_FOREVER_MS)
        self.parts = Parts(self.db, bus, self.clock, SeededIds(self.clock, self.seed), Hops(), random.Random(self.seed).randbytes)
        settings = NotifierSettings(global_holdout=0, outbox_patience_s=1e-6)  # the schedule decides who waits for whom
        people, places = People(self.db, self.clock), Places(self.db)
        vault, estate_ = Vault(KEYS.vault, self.parts.randbytes), estate(Configuration())
        services = (
            groundwork.people.app.build(self.parts, PeopleSettings(), people, LiveCredentials(self.db), vault, SENDS, estate_),
            geofence.app.build(self.parts, LIGHT, people),
            notifier.app.build(self.parts, settings, KEYS.coupons, {"dry_run": self.provider}),
        )
        for service in services:
            await service.start()
        await places.renew_plans()
        self.loops: list[Loop] = [loop for service in services for loop in service.loops]
        self.ingest = Ingest(self.parts, LIGHT, places, people)
        self.consents = Consents(self.db, bus, self.clock, SENDS)
        self.rights = Rights(self.parts, estate_.holdings, Retention(), SENDS, 5_000)
        self.erasures = Erasures(self.parts, estate_.services, SENDS, 5_000)

    async def race(self, stop: Callable[["Arena"], Awaitable[bool]]) -> bool:
        """Both report while all loops run and she says stop at some moment; False where the process died on the way."""
        await self.build()
        self.db.gate = self.provider.gate = self.schedule.gate
        actors = [self._reports(self.her), self._reports(self.other), self._stops(stop)]
        try:
            await self.schedule.run(actors, [self._loops(loop) for loop in self.loops if loop.name not in QUIET])
        except Died:
            return False
        finally:
            self.db.gate = self.provider.gate = _at_once
        return True

    async def rest(self, seconds: int = 40) -> None:
        """Lets everything come to its end, undisturbed."""
        for _ in range(seconds):
            await settle(self.loops)
            self.clock.advance(1)
        await settle(self.loops)

    async def stop_again(self, stop: Callable[["Arena"], Awaitable[bool]]) -> None:
        """She says stop once more, undisturbed, while time goes on."""
        asked = asyncio.ensure_future(stop(self))
        while not asked.done():
            self.clock.advance(0.05)
            await asyncio.sleep(0)
        await asked

    async def _reports(self, subject: Subject) -> None:
        for number, until_s in enumerate((6, SECONDS), 1):
            try:
                await self.ingest.ranging(Caller(TENANT, subject.device, DEVICE_GRANTS), report(number, until_s))
            except Refusal:  # she has said stop
                return

    async def _stops(self, stop: Callable[["Arena"], Awaitable[bool]]) -> None:
        for _ in range(self.chance.randrange(60)):
            await self.schedule.gate()
        self.answered = await stop(self)
        self.sent_before = self.provider.count(self.her)
        for _ in range(40):  # what was wrong to leave would leave now
            await self.schedule.gate()

    async def _loops(self, loop: Loop) -> None:
        while not self.schedule.over:
            if not await loop.step():
                await self.clock.sleep(0.05)
            await self.schedule.gate()


async def withdraws(arena: Arena, purpose: str) -> bool:
    """She withdraws her consent to `purpose`; True for an answer of 200."""
    answer = Answer(purpose, granted=False, text_version="v1", source="app", at_ms=arena.clock.now_ms())
    await arena.consents.change(arena.her, answer)
    return await arena.consents.settled(arena.her)


async def pauses(arena: Arena) -> bool:
    """She pauses for an hour; True for an answer of 200."""
    _, settled = await arena.rights.pause(person(arena.her), arena.clock.now_ms() + 3_600_000)
    return settled


async def erases(arena: Arena) -> bool:
    """She has herself erased; True where no push of hers was left with a provider."""
    erasure = await arena.erasures.request(TENANT, ShopperId(arena.her.shopper), Asked(BY_HERSELF))
    now_ms = arena.clock.now_ms()
    return not arena.db.look(lambda conn: SENDS.in_flight(conn, erasure.tenant, arena.her.shopper, now_ms))


async def is_erased(arena: Arena) -> bool:
    """She has herself erased, and waits for the proof."""
    answered = await erases(arena)
    while await arena.db.read(queries.unfinished_erasures):
        await arena.clock.sleep(0.25)
    return answered


def person(subject: Subject) -> Person:
    return Person(subject.tenant, subject.shopper, subject.pseudonym)


def report(number: int, until_s: int) -> RangingReport:
    """What a phone heard in the left room in the six seconds before `until_s`."""
    ends = [START_MS + second * 1000 for second in range(until_s - 5, until_s + 1)]
    return RangingReport(
        tenant=TENANT,
        venue=VENUE,
        boot=BootId("app"),
        batch=number,
        sent_ms=ends[-1],
        covered_until_ms=ends[-1],
        beacons=[BeaconKey("g-left")],
        columns=RangingColumns(
            beacon=[0] * len(ends),
            window_start_ms=[end - 1_000 for end in ends],
            window_ms=[1_000] * len(ends),
            adverts=[3] * len(ends),
            rssi_median_dbm=[-48.0] * len(ends),
        ),
    )


async def _at_once() -> None:
    """No gate."""
