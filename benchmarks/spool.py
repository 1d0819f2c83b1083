"""The spool: what a sighting costs on the box's disk and on the wire, how fast it is kept, and how fast a backlog is worked off.

A box with two radios hears 100 beacons of one UUID for ten simulated minutes (a seeded random walk of RSSI) and seals every window, each
synced to disk. Yardsticks, on the same rows and the same disk: a table with one insert a sighting, synced as often; raw JSON, uncompressed:
an object for each sighting, which is the stricter, and one for each advert behind them, which is what gateways commonly send. Back-fill:
the uplink sends the backlog to an HTTP server on the loopback that checks nothing and acknowledges; real time over the time that took.
Goals: 95 % fewer bytes than raw JSON, 20 times real time.
"""

import asyncio
import json
import random
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.batch import Batch, Sender, Stamp, seal
from beacon_gateway.line import Signing
from beacon_gateway.spool import Progress, Spool
from beacon_gateway.transport import HttpTransport
from beacon_gateway.uplink import Uplink
from benchmarks.table import Figure, Table
from groundwork.adverts.condense import Columns
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.contracts.codec import decode_frame
from groundwork.contracts.ids import BeaconKey, GatewayId, TenantId
from groundwork.contracts.sighting import BatchAnswer
from groundwork.plumbing.clock import SystemClock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SystemIds

_SENDER: Final = Sender(TenantId("default"), GatewayId("box"))
_RADIOS: Final = (GatewayId("r1"), GatewayId("r2"))
_BEACONS: Final = [BeaconKey(f"ibeacon:426c7565436861726d426561636f6e73:1:{minor}") for minor in range(100)]
_WINDOW_MS: Final = 500
_START_MS: Final = 1_793_516_400_000
_SEEN: Final = 0.5
"""Share of beacon and radio pairs that a window hears: a beacon sends once a second."""
_FIELDS: Final = ("gateway", "beacon", "window_start_ms", "adverts", "rssi_median_dbm", "rssi_min_dbm", "rssi_max_dbm", "rssi_last_dbm")


def measured(quick: bool) -> Table:
    """The figures; ten minutes of a shop, or two where `quick`."""
    windows = list(_windows(120 * 2 if quick else 600 * 2))
    rows = sum(len(window) for window in windows)
    with tempfile.TemporaryDirectory(prefix="aislecast-spool-") as name:
        folder = Path(name)
        kept_s, stored = _kept(folder / "spool", windows)
        plain_s, plain = _one_insert_each(folder / "plain.db", windows)
        sent_s, sent = asyncio.run(_worked_off(folder / "spool"))
    raw = sum(len(json.dumps(row)) for window in windows for row in _objects(window))
    adverts = sum(sum(window.adverts) for window in windows)
    raw_adverts = sum(len(json.dumps(one)) for window in windows for one in _adverts(window))
    real_s = len(windows) * _WINDOW_MS / 1000
    json_name, insert_name = "raw JSON", "one insert a sighting"
    return Table(
        "spool",
        f"{rows:,} sightings of {real_s:.0f} s, {rows / real_s:.0f} a second",
        [
            Figure("on disk", stored / rows, "bytes a sighting", insert_name, plain / rows),
            Figure("on the wire", sent / rows, "bytes a sighting", json_name, raw / rows, goal="x 0.05"),
            Figure("on the wire, by advert", sent / adverts, "bytes an advert", json_name, raw_adverts / adverts, goal="x 0.05"),
            Figure("kept, synced", rows / kept_s, "sightings a second", insert_name, rows / plain_s),
            Figure("worked off", real_s / sent_s, "times real time", goal="20"),
        ],
    )


def _windows(count: int) -> Iterator[Columns]:
    """What each window heard; RSSI walks by a few dB and is a whole number, as radios report it."""
    rng = random.Random(6)
    level = {(radio, beacon): rng.uniform(-95, -55) for radio in _RADIOS for beacon in _BEACONS}
    for number in range(count):
        window = Columns()
        for pair in sorted(level):
            if rng.random() > _SEEN:
                continue
            level[pair] = min(max(level[pair] + rng.gauss(0, 2), -100), -40)
            heard = sorted(round(rng.gauss(level[pair], 3)) for _ in range(rng.randint(1, 3)))
            values = (*pair, _START_MS + number * _WINDOW_MS, len(heard), heard[len(heard) // 2], heard[0], heard[-1], rng.choice(heard))
            for field, value in zip(_FIELDS, values, strict=True):
                getattr(window, field).append(value)
        yield window


def _kept(path: Path, windows: list[Columns]) -> tuple[float, int]:
    """Seconds to encode and keep every window, and bytes of the file."""
    clock = SystemClock()
    spool = Spool(path, SystemIds(clock), clock, machine="bench")
    began_s = time.perf_counter()
    for window in windows:
        spool.seal([_batch(spool, window)], Progress(window.window_start_ms[-1], window.window_start_ms[-1]))
    took_s = time.perf_counter() - began_s
    spool.close()
    return took_s, path.stat().st_size


def _batch(spool: Spool, window: Columns) -> Batch:
    end_ms = window.window_start_ms[-1] + _WINDOW_MS
    return seal(_SENDER, Stamp(spool.boot, spool.next_number, end_ms, end_ms, {}), _WINDOW_MS, window)


def _one_insert_each(path: Path, windows: list[Columns]) -> tuple[float, int]:
    """The same with a row and a statement a sighting, a commit a window."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("PRAGMA journal_mode=WAL")
    conn.execute("PRAGMA synchronous=FULL")
    conn.execute(f"CREATE TABLE sighting (seq INTEGER PRIMARY KEY, {', '.join(_FIELDS)})")
    statement = f"INSERT INTO sighting ({', '.join(_FIELDS)}) VALUES ({', '.join('?' * len(_FIELDS))})"  # names of ours
    began_s = time.perf_counter()
    for window in windows:
        conn.execute("BEGIN IMMEDIATE")
        for row in zip(*(getattr(window, field) for field in _FIELDS), strict=True):
            conn.execute(statement, row)
        conn.execute("COMMIT")
    took_s = time.perf_counter() - began_s
    conn.close()
    return took_s, path.stat().st_size


def _objects(window: Columns) -> Iterator[dict[str, object]]:
    for row in zip(*(getattr(window, field) for field in _FIELDS), strict=True):
        yield dict(zip(_FIELDS, row, strict=True))


def _adverts(window: Columns) -> Iterator[dict[str, object]]:
    """An object for each advert of the window: what `beacon-gateway` itself reads as JSON lines."""
    for radio, beacon, start_ms, adverts, rssi in zip(
        window.gateway, window.beacon, window.window_start_ms, window.adverts, window.rssi_last_dbm, strict=True
    ):
        _, uuid, major, minor = beacon.split(":")
        data = encode_ibeacon(uuid, int(major), int(minor)).hex()
        for number in range(adverts):
            address = f"C0:00:00:00:00:{int(minor):02X}"
            yield {"gateway": radio, "at_ms": start_ms + number, "rssi_dbm": rssi, "address": address, "data": data}


async def _worked_off(path: Path) -> tuple[float, int]:
    """Seconds until a server on the loopback has the whole spool, and the bytes of the bodies."""
    sent = 0

    async def take(request: web.Request) -> web.Response:
        nonlocal sent
        sent += request.content_length or 0
        header = decode_frame(await request.read()).header
        answer = BatchAnswer(tenant=header.tenant, gateway=header.gateway, boot=header.boot, batch=header.batch, accepted=0)
        return web.Response(body=msgspec.json.encode(answer), content_type="application/json")

    app = web.Application()
    app.router.add_post("/v1/sightings", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    clock = SystemClock()
    spool = Spool(path, SystemIds(clock), clock, machine="bench")
    transport = HttpTransport(f"http://127.0.0.1:{runner.addresses[0][1]}")
    uplink = Uplink(spool, transport, Signing(Ed25519PrivateKey.generate(), "bench"), clock, random.Random(1), Hops())
    began_s = time.perf_counter()
    while not uplink.empty.is_set():
        if not await uplink.step() and not uplink.empty.is_set():
            await uplink.wait()
    took_s = time.perf_counter() - began_s
    await uplink.close()
    spool.close()
    await runner.cleanup()
    return took_s, sent
