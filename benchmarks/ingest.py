"""Ingest: signed POSTs through real HTTP, inbox and durable commit to zone events, beside a plain-Python loop on the same rows.

One server process (routes, log, engines, SQLite with every commit on disk) and one sending process on the loopback, in which twelve boxes
send one batch after the other each, as after an outage. A round is timed from the first POST until the last row has gone through presence
and its zone events are committed. The yardstick is `geofence.zones.reference`: the same rows, one moment of one device at a time, without
HTTP, signatures, database or log; its zone shares are the same numpy function, called a fix at a time. Both must find as many zone events.
"""

import asyncio
import multiprocessing
import random
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import NamedTuple

import aiohttp
import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import Connection

import groundwork.people.tables
import groundwork.plumbing.tables  # noqa: F401 # makes the tables known to create_tables
from aislecast.runner import runner
from benchmarks.table import Figure, Table
from floorplans import queries as floorplan_queries
from floorplans.model import Level, Names, Placement, Plan, Policy, Polygon, Venue, Zone
from geofence.app import build
from geofence.settings import Settings
from geofence.zones.reference import Reference
from groundwork.contracts.codec import encode_frame
from groundwork.contracts.ids import (
    BeaconKey,
    BootId,
    DeviceId,
    GatewayId,
    GatewayKeyId,
    LevelId,
    PlanVersionId,
    ShopperId,
    TenantId,
    VenueId,
    ZoneId,
)
from groundwork.contracts.sighting import FRAME_TYPE, JSON_TYPE, SightingBatch, SightingColumns, SightingHeader
from groundwork.contracts.subjects import STREAMS
from groundwork.people import queries as people_queries
from groundwork.people.credentials import LiveCredentials
from groundwork.people.model import POSITIONING
from groundwork.people.registry import People
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import create_tables, open_database
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.http_app import build_app
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.service import Parts, run_loop
from groundwork.plumbing.signatures import HEADER, sign

START_MS = 1_793_516_400_000
PATH = "/v1/sightings"
TENANT, VENUE = TenantId("bench"), VenueId("shop")
SEED = 1
DEVICES, RADIOS, WINDOW_MS = 200, 12, 500

Row = tuple[int, int, int, float]
"""Device, radio, end of window in ms after the start, dBm."""


def shop() -> Plan:
    """40 x 25 m, 8 aisles, an entrance, 12 radios."""
    names, level = Names("متجر", "shop"), LevelId("F1")

    def box(x0: float, y0: float, x1: float, y1: float) -> Polygon:
        return Polygon(((x0, y0), (x1, y0), (x1, y1), (x0, y1)))

    aisles = [Zone(ZoneId(f"a{i}"), level, "aisle", names, (box(5.0 * i, 4, 5.0 * i + 5, 25),)) for i in range(8)]
    zones = (*aisles, Zone(ZoneId("door"), level, "entrance", names, (box(0, 0, 40, 4),)))
    placements = tuple(Placement("gateway", f"r{i}", level, 5 + 10.0 * (i % 4), 4 + 8.0 * (i // 4)) for i in range(RADIOS))
    # Event time runs as fast as it can here, so that a box is minutes behind in a moment: it is waited for.
    venue = Venue(VENUE, TENANT, names, "Asia/Riyadh", policy=Policy(allowed_lateness_ms=1 << 40))
    return Plan(venue, PlanVersionId("v1"), (Level(level, 0, names, (box(0, 0, 40, 25),)),), zones, placements)


def beacon(device: int) -> BeaconKey:
    return BeaconKey(f"ibeacon:{'0' * 32}:1:{device}")


def walk(rows: int, seed: int) -> list[Row]:
    """Devices that stroll along the shop; each window each is heard by about 5 of the radios."""
    chance = random.Random(seed)
    place = [chance.uniform(0, 40) for _ in range(DEVICES)]
    found: list[Row] = []
    end_ms = 0
    while len(found) < rows:
        end_ms += WINDOW_MS
        for device in range(DEVICES):
            place[device] = min(40.0, max(0.0, place[device] + chance.uniform(-0.6, 0.6)))
            for radio in chance.sample(range(RADIOS), 5):
                distance = abs(place[device] - (5 + 10 * (radio % 4))) + 3
                found.append((device, radio, end_ms, round(max(-100.0, -45 - 2.2 * distance + chance.gauss(0, 4)), 1)))
    return found[:rows]


def batches(rows: Sequence[Row], radio: int, size: int, boot: str) -> Iterable[SightingBatch]:
    """What the box with this radio heard, in order, `size` rows a batch: first an empty one, by which the venue gets to know the box.

    The last batch reaches as far as everybody's, so that all windows close.
    """
    mine = [row for row in rows if row[1] == radio]
    parts = [mine[start : start + size] for start in range(0, len(mine), size)]
    yield batch_of([], radio, 1, boot, 0)
    for number, part in enumerate(parts, 2):
        covered_ms = rows[-1][2] if part is parts[-1] else part[-1][2] - WINDOW_MS
        yield batch_of(part, radio, number, boot, covered_ms)


def batch_of(part: Sequence[Row], radio: int, number: int, boot: str, covered_ms: int) -> SightingBatch:
    devices = sorted({row[0] for row in part})
    place = {device: at for at, device in enumerate(devices)}
    rssi = [row[3] for row in part]
    return SightingBatch(
        tenant=TENANT,
        gateway=GatewayId(f"r{radio}"),
        boot=BootId(boot),
        batch=number,
        sent_ms=START_MS,
        covered_until_ms=START_MS + covered_ms,
        gateways=[GatewayId(f"r{radio}")],
        beacons=[beacon(device) for device in devices],
        columns=SightingColumns(
            gateway=[0] * len(part),
            beacon=[place[row[0]] for row in part],
            window_start_ms=[START_MS + row[2] - WINDOW_MS for row in part],
            window_ms=[WINDOW_MS] * len(part),
            adverts=[1] * len(part),
            rssi_median_dbm=rssi,
            rssi_min_dbm=rssi,
            rssi_max_dbm=rssi,
            rssi_last_dbm=rssi,
        ),
    )


def body_of(batch: SightingBatch, frame: bool) -> bytes:
    if not frame:
        return msgspec.json.encode(batch)
    assert batch.columns is not None
    return encode_frame(SightingHeader(**{name: getattr(batch, name) for name in SightingHeader.__struct_fields__}), batch.columns)


def private_key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(b"benchmark".ljust(32, b"."))


# --- the sending process ---------------------------------------------------------------------------------------------------------


def send_all(pipe: Pipe) -> None:
    """Gets (port, media, bodies of each box), signs them, sends each box's first, says so, and at the word all others."""
    while (work := pipe.recv()) is not None:
        asyncio.run(_send(pipe, *work))


async def _send(pipe: Pipe, port: int, media: str, boxes: list[list[bytes]]) -> None:
    signed = [[(body, sign(private_key(), f"k{box}", "POST", PATH, START_MS, body)) for body in bodies] for box, bodies in enumerate(boxes)]

    async def post(http: aiohttp.ClientSession, bodies: Sequence[tuple[bytes, str]]) -> None:
        for body, signature in bodies:  # a box sends one after the other
            headers = {HEADER: signature, "Content-Type": media}
            async with http.post(f"http://127.0.0.1:{port}{PATH}", data=body, headers=headers) as answer:
                if answer.status != 200:
                    raise RuntimeError(f"{answer.status}: {await answer.text()}")

    async with aiohttp.ClientSession() as http:
        await asyncio.gather(*(post(http, bodies[:1]) for bodies in signed))
        pipe.send(None)
        pipe.recv()
        await asyncio.gather(*(post(http, bodies[1:]) for bodies in signed))
        pipe.send(None)


# --- the server ------------------------------------------------------------------------------------------------------------------


def _register(conn: Connection) -> None:
    create_tables(conn)
    people_queries.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="shop", salt=bytes(32), now_ms=START_MS)
    floorplan_queries.add_venue(conn, shop().venue, START_MS)
    floorplan_queries.publish(conn, shop(), START_MS)
    public = private_key().public_key().public_bytes_raw()
    for radio in range(RADIOS):
        gateway, key_id = GatewayId(f"r{radio}"), GatewayKeyId(f"k{radio}")
        people_queries.add_gateway(conn, tenant=TENANT, gateway=gateway, venue=VENUE, name=gateway, now_ms=START_MS)
        people_queries.add_gateway_key(conn, tenant=TENANT, gateway=gateway, key=key_id, public_key=public, valid_from_ms=0)
    for device in range(DEVICES):
        who = {"tenant": TENANT, "shopper": ShopperId(f"s{device}")}
        phone, key = DeviceId(f"d{device}"), device.to_bytes(32, "big")
        people_queries.sign_up(conn, **who, device=phone, shopper_key=key, enrolment=device + 1, language="en", now_ms=START_MS)  # type: ignore[arg-type] # distinct id types
        people_queries.bind_beacon(conn, TENANT, phone, beacon(device), 0)
        said = {"purpose": POSITIONING, "granted": True, "text_version": "1", "source": "app", "at_ms": START_MS}
        people_queries.record_consent(conn, **who, **said)  # type: ignore[arg-type] # distinct id types


@dataclass(slots=True)
class Server:
    """Routes, log and engines in this process."""

    parts: Parts
    port: int
    runner: web.AppRunner
    stopping: asyncio.Event
    tasks: list[asyncio.Task[None]]

    @classmethod
    async def start(cls, folder: Path) -> "Server":
        db, clock = await open_database(f"sqlite:///{folder / 'bench.db'}"), ManualClock(START_MS)
        await db.write(_register)
        parts = Parts(db, LocalBus(db, clock, "bench", dict.fromkeys(STREAMS, 1)), clock, SeededIds(clock, 1), Hops())
        people, credentials = People(db, clock), LiveCredentials(db)
        await people.renew()
        await credentials.renew()
        # The clock stands still and event time runs as fast as it can, so every batch reaches into the future.
        service = build(parts, Settings(max_ahead_ms=1 << 40, locator="weighted_centroid"), people)
        await service.start()
        app = build_app(service.routes, credentials, clock, parts.ids, parts.hops, list)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        stopping = asyncio.Event()
        tasks = [asyncio.ensure_future(run_loop(loop, stopping)) for loop in service.loops]
        port: int = runner.addresses[0][1]
        return cls(parts, port, runner, stopping, tasks)

    def done(self) -> int:
        """Rows that have left the engines, used or late."""
        hop = self.parts.hops.hop("locate", "sightings")
        return hop.out + hop.refused.total()

    def events(self) -> int:
        return self.parts.hops.hop("zone_events", "zone events").out

    async def close(self) -> None:
        self.stopping.set()
        await asyncio.gather(*self.tasks)
        await self.runner.cleanup()
        await self.parts.db.close()


class Round(NamedTuple):
    """What one round came to."""

    rows: int
    wall_s: float
    cpu_s: float
    """Processor time of the server's process, all threads."""
    events: int


async def round_of(pipe: Pipe, rows: Sequence[Row], size: int, frame: bool) -> Round:
    """From the first POST until the last row has gone through presence and its zone events are committed."""
    media = FRAME_TYPE if frame else JSON_TYPE
    bodies = [[body_of(batch, frame) for batch in batches(rows, radio, size, "boot")] for radio in range(RADIOS)]
    with tempfile.TemporaryDirectory(prefix="aislecast-bench-") as folder:
        server = await Server.start(Path(folder))
        pipe.send((server.port, media, bodies))
        await asyncio.to_thread(pipe.recv)  # signed and known
        began, worked = time.perf_counter(), time.process_time()
        pipe.send(None)
        await asyncio.to_thread(pipe.recv)
        while server.done() < len(rows):  # noqa: ASYNC110 # counters are all there is to look at
            await asyncio.sleep(0.001)
        taken = time.perf_counter() - began, time.process_time() - worked
        events = server.events()
        await server.close()
    return Round(len(rows), *taken, events)


def looped(rows: Sequence[Row]) -> Round:
    """The same rows through the plain loop."""
    moments: dict[tuple[int, int], list[tuple[str, float]]] = defaultdict(list)
    for device, radio, end_ms, rssi in rows:
        moments[end_ms, device].append((f"r{radio}", rssi))
    reference, events, newest = Reference(shop(), Settings(locator="weighted_centroid")), 0, 0
    began, worked = time.perf_counter(), time.process_time()
    for (end_ms, device), heard in sorted(moments.items()):
        if end_ms > newest:
            events += len(reference.pass_time(START_MS + newest))
            newest = end_ms
        events += len(reference.hear(device, START_MS + end_ms, heard))
    events += len(reference.pass_time(START_MS + newest))
    return Round(len(rows), time.perf_counter() - began, time.process_time() - worked, events)


def measured(quick: bool = False) -> Table:
    """1, 50 and 500 rows a POST, as JSON and as a column frame; the plain loop runs between the rounds."""
    scale, rounds = (2, 1) if quick else (1, 3)
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe()
    sender = spawn.Process(target=send_all, args=(theirs,), daemon=True)
    sender.start()
    figures: list[Figure] = []
    for size, count in ((1, 400), (50, 10_000), (500, 50_000)):
        rows = walk(count // scale, SEED)
        for form in ("json", "frame"):
            figures += _compared(f"{size} a POST, {form}", ours, rows, size, form, rounds)
    ours.send(None)
    sender.join()
    return Table("ingest", "sightings through HTTP, signature and durable commit to zone events, one server process", figures)


def _compared(name: str, pipe: Pipe, rows: Sequence[Row], size: int, form: str, rounds: int) -> list[Figure]:
    """By the clock on the wall, and by processor time alone, which a busy machine disturbs less."""
    ran, loops = [], []
    for _ in range(rounds):
        ran.append(runner()(round_of(pipe, rows, size, form == "frame")))
        loops.append(looped(rows))
        if ran[-1].events != loops[-1].events:
            raise RuntimeError(f"{name}: {ran[-1].events} zone events, but the plain loop has {loops[-1].events}")
    goal = {"json": ">= 1 M, x 20", "frame": ">= 3 M"}[form] if size == 500 else ""
    by_wall, by_cpu = ([statistics.median(one.rows / one[at] for one in of) for of in (ran, loops)] for at in (1, 2))
    return [
        Figure(f"{name}, wall", by_wall[0], "sightings/s", "plain loop", by_wall[1], goal=goal),
        Figure(f"{name}, one core", by_cpu[0], "sightings/s", "plain loop", by_cpu[1], goal=goal),
    ]
