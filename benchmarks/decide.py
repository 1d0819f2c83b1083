"""Deciding, redeeming, sending: how long each takes on one SQLite file with every commit fsynced, beside bare SQL on the same disk.

Goals: a whole decision (read the case, decide, write it down) at most 2 ms at p95; a redemption at most 25 ms at p95; at least 2,000
pushes a second from the outbox to the channel. Yardsticks: the same number of bare one-row commits by `sqlite3` on the same disk (the
floor for anything durable). Compare ratios; absolute figures are the machine's.
"""

import asyncio
import random
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import Figure, Table, spread
from floorplans import queries as places
from floorplans import tables as _places_tables  # noqa: F401 # tables register themselves
from floorplans.model import Names, Venue
from groundwork.catalogue import tables as _catalogue_tables  # noqa: F401 # tables register themselves
from groundwork.contracts.ids import (
    CampaignId,
    DeviceId,
    LevelId,
    PlanVersionId,
    ShopperId,
    TenantId,
    VenueId,
    VisitId,
    ZoneEventId,
    ZoneId,
)
from groundwork.contracts.redemption import RedemptionRequest
from groundwork.contracts.subjects import STREAMS
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.people.model import PURPOSES, TILL_GRANTS, Subject
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Connection, create_tables, open_database
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.service import Parts
from notifier import queries
from notifier.campaigns import Amount, Campaign, Offer, Texts
from notifier.case import Reader
from notifier.channels.dry_run import DryRun
from notifier.coupons import Codes
from notifier.decide import decide
from notifier.issue import Desk
from notifier.outbox import Sender
from notifier.pipeline import Pipeline
from notifier.redeem import Coupons
from notifier.rules import Dwelt, InZone, OfKind, Schedule
from notifier.settings import Settings

TENANT, VENUE = TenantId("default"), VenueId("souq")
SEED, TILLS = 1, 8
BATCH = 64
"""Zone events a shard commits together under load."""
START_MS = 1_793_516_400_000
CODES = Codes(b"a key of benchmarks only, 32 bytes")
TILL = Caller(TENANT, "till", TILL_GRANTS, frozenset({VENUE}))


@dataclass(frozen=True, slots=True)
class Scene:
    """What is measured on."""

    parts: Parts
    folder: Path
    subjects: Sequence[Subject]
    rng: random.Random


def campaigns(count: int) -> list[Campaign]:
    """`count` campaigns with three rules each, of which one fits the events below."""
    offer = Offer(title=Texts("خصم {value}", "{value} off"), body=Texts("الرمز {code}", "Code {code}"), value=Amount(1_500))
    made = []
    for number in range(count):
        zone = ZoneId("dairy" if number == 0 else f"zone {number}")
        rules = (InZone((zone,)), OfKind(("aisle",)), Schedule(start="08:00", until="23:00"))
        names = Texts("حملة", "Campaign")
        made.append(
            Campaign(id=CampaignId(f"c{number}"), tenant=TENANT, names=names, offer=offer, trigger=Dwelt(10), rules=rules, state="live")
        )
    return made


async def scene(folder: Path, seed: int, shoppers: int, count: int) -> Scene:
    """A database with consenting shoppers and live campaigns."""
    clock = ManualClock(START_MS)
    db = await open_database(f"sqlite:///{folder / 'bench.db'}")
    bus = LocalBus(db, clock, "bench", dict.fromkeys(STREAMS, 1))

    def work(conn: Connection) -> list[Subject]:
        create_tables(conn)
        people.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=START_MS)
        places.add_venue(conn, Venue(VENUE, TENANT, Names("السوق", "The souq"), "Asia/Riyadh"), START_MS)
        for campaign in campaigns(count):
            queries.add_campaign(conn, campaign, START_MS)
        return [_sign_up(conn, number) for number in range(shoppers)]

    return Scene(Parts(db, bus, clock, SeededIds(clock, seed), Hops()), folder, await db.write(work), random.Random(seed))


def _sign_up(conn: Connection, number: int) -> Subject:
    shopper, key = ShopperId(f"s{number}"), number.to_bytes(32, "big")
    subject = people.sign_up(
        conn,
        tenant=TENANT,
        shopper=shopper,
        device=DeviceId(f"d{number}"),
        shopper_key=key,
        enrolment=number,
        language="ar",
        now_ms=START_MS,
    )
    for purpose in PURPOSES:
        people.record_consent(
            conn, tenant=TENANT, shopper=shopper, purpose=purpose, granted=True, text_version="1", source="bench", at_ms=START_MS
        )
    return subject


def event(subject: Subject) -> ZoneEvent:
    """The shopper has dwelt among the dairy."""
    return ZoneEvent(
        id=ZoneEventId(f"event of {subject.shopper}"),
        tenant=TENANT,
        venue=VENUE,
        level=LevelId("ground"),
        zone=ZoneId("dairy"),
        zone_kind="aisle",
        kind="dwell",
        dwell_s=10,
        shopper=subject.pseudonym,
        track=subject.track,
        visit=VisitId(f"visit of {subject.shopper}"),
        at_ms=START_MS,
        stay_start_ms=START_MS - 10_000,
        decided_ms=START_MS,
        probability=0.9,
        plan_version=PlanVersionId("1"),
    )


class Taken(NamedTuple):
    """Seconds of each call: by the wall, and of this thread on a processor, which a busy machine disturbs less."""

    wall: list[float]
    cpu: list[float]


def timed(calls: int, call: Callable[[int], object]) -> Taken:
    """How long each of `calls` calls takes."""
    taken = Taken([], [])
    for number in range(calls):
        began, worked = time.perf_counter(), time.thread_time()
        call(number)
        taken.cpu.append(time.thread_time() - worked)
        taken.wall.append(time.perf_counter() - began)
    return taken


def bare_commits(file: Path, count: int) -> list[float]:
    """Seconds of each durable one-row commit into a table of its own in `file`: the floor on this disk."""
    conn = sqlite3.connect(file, isolation_level=None)
    conn.executescript("PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; DROP TABLE IF EXISTS bare")
    conn.execute("CREATE TABLE bare (id INTEGER PRIMARY KEY, at INTEGER)")

    def commit(number: int) -> None:
        conn.execute("BEGIN IMMEDIATE")
        conn.execute("INSERT INTO bare VALUES (?, ?)", (number, number))
        conn.execute("COMMIT")

    taken = timed(count, commit)
    conn.close()
    return taken.wall


async def decisions(s: Scene) -> list[Figure]:
    """Deciding alone, the whole decision within a transaction, and with a commit of its own."""
    pipeline = Pipeline(s.parts.clock, Desk(CODES, frozenset({"dry_run", "inbox"})), 0.05)
    third = len(s.subjects) // 3

    def pure(conn: Connection) -> Taken:
        case = Reader(conn, 0.05).read(event(s.subjects[0]), START_MS).case
        assert case is not None
        return timed(2_000, lambda _number: decide(case))

    def whole(conn: Connection) -> Taken:
        return timed(third, lambda number: pipeline.run(conn, [event(s.subjects[number])]))

    def batched(conn: Connection) -> Taken:
        batches = [s.subjects[start : start + BATCH] for start in range(third, 2 * third, BATCH)]
        taken = timed(len(batches), lambda number: pipeline.run(conn, [event(subject) for subject in batches[number]]))
        sizes = [len(batch) for batch in batches]
        return Taken(*([seconds / size for seconds, size in zip(column, sizes, strict=True)] for column in taken))

    alone, within, in_batches = await s.parts.db.read(pure), await s.parts.db.write(whole), await s.parts.db.write(batched)
    durable = []
    for subject in s.subjects[2 * third :]:
        began = time.perf_counter()
        await s.parts.db.write(lambda conn, subject=subject: pipeline.run(conn, [event(subject)]))  # type: ignore[misc] # the default binds it now
        durable.append(time.perf_counter() - began)
    floor = spread(bare_commits(s.folder / "bare.db", third)).p50
    return [
        in_ms("pure part of a decision", alone.wall, floor),
        in_ms("whole decision", within.wall, floor, "p95 <= 2"),
        in_ms(f"whole decision, {BATCH} at once", in_batches.wall, floor),
        in_ms("whole decision with its own commit", durable, floor),
    ]


def in_ms(name: str, seconds: Sequence[float], floor_s: float, goal: str = "") -> Figure:
    """A duration beside that of a bare commit."""
    p50, p95 = spread(seconds)
    return Figure(name, 1e3 * p50, "ms", "bare commit", 1e3 * floor_s, 1e3 * p95, goal)


async def sending(s: Scene) -> list[Figure]:
    """Pushes a second from the outbox to the dry run, which costs 3 us a push itself."""
    channel = DryRun(s.parts.clock, kept=100_000)
    sender = Sender(s.parts, channel, CODES, Settings())
    began = time.perf_counter()
    while await sender.step():
        pass
    per_s = channel.count / (time.perf_counter() - began)
    floor = channel.count / sum(bare_commits(s.folder / "bare.db", channel.count))
    return [Figure("outbox to channel", per_s, "pushes/s", "one bare commit a push", floor, goal=">= 2,000")]


async def redemptions(s: Scene) -> list[Figure]:
    """One redemption after another, and eight tills at once."""
    coupons = Coupons(s.parts.db, s.parts.clock, s.parts.hops, CODES, 5)
    grants = await s.parts.db.read(lambda conn: queries.grants_of(conn, TENANT))
    codes = [CODES.code(TENANT, grant.id) for grant in grants if grant.kind == "offer"]
    s.rng.shuffle(codes)

    async def redeem(number: int, code: str) -> float:
        began = time.perf_counter()
        await coupons.redeem(TILL, RedemptionRequest(code=code, receipt=str(number), venue=VENUE))
        return time.perf_counter() - began

    half = len(codes) // 2
    alone = [await redeem(number, code) for number, code in enumerate(codes[:half])]
    together: list[float] = []
    for start in range(half, len(codes), TILLS):
        together += await asyncio.gather(*(redeem(start + n, code) for n, code in enumerate(codes[start : start + TILLS])))
    floor = spread(bare_commits(s.folder / "bare.db", half)).p50
    return [in_ms("redemption, one till", alone, floor, "p95 <= 25"), in_ms("redemption, eight tills", together, floor, "p95 <= 25")]


def measured(quick: bool = False) -> Table:
    """The figures for 1,000 shoppers and 20 live campaigns."""
    shoppers, count = (300 if quick else 1_000), 20
    figures = asyncio.run(_measured(shoppers, count))
    return Table("decide", f"{shoppers:,} shoppers, {count} live campaigns, SQLite with every commit on disk", figures)


async def _measured(shoppers: int, count: int) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="aislecast-bench-") as folder:
        s = await scene(Path(folder), SEED, shoppers, count)
        try:
            return [*await decisions(s), *await sending(s), *await redemptions(s)]
        finally:
            await s.parts.db.close()
