"""A shop of real processes: `aislecast up` and `beacon-gateway run`, to be killed and started again while a recording plays.

Both run on one rehearsal clock, so a run's event times do not depend on when it is made, and two runs can be compared row by row.
"""

import asyncio
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import msgspec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from aislecast.folder import write_secret
from aislecast.migrations import upgrade
from aislecast.replaying.replay import campaign
from aislecast.scene import Person, Scene, Script, Secrets, set_scene
from aislecast.twin.record import run_to_recording, write_adverts_jsonl
from aislecast.twin.recorded_plan import RECORDED_UUID, known_beacon, plan_of
from aislecast.twin.recording import session_start_ms
from aislecast.twin.shop import demo_plan
from groundwork.contracts.ids import GatewayId, TenantId, VenueId
from groundwork.plumbing.clock import Clock, SystemClock, clock_from
from groundwork.plumbing.db import open_database
from notifier import queries as campaigns

TENANT = TenantId("replay")
VENUE = VenueId("recorded")
BOX = GatewayId("box")
TIME_ZONE = "Asia/Riyadh"
WALL = SystemClock()
"""Processes are waited for by the wall clock; what they do is timed by their own."""
PATIENCE_MS = 600_000
"""How long the venue waits for its one box, and how long an offer may be decided on: an outage then delays, and drops nothing as late."""
LEAD_MS = 6_000
"""Event time between the start of the processes and the first advert."""


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@dataclass(slots=True)
class Process:
    """One process of the shop, started again after each kill with the same arguments."""

    arguments: Sequence[str]
    environment: dict[str, str]
    log: Path
    starts: int = 0
    _running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.starts += 1
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(self.arguments, env=self.environment, stdout=log, stderr=log, stdin=subprocess.DEVNULL)

    def kill(self) -> None:
        """SIGKILL: no handler runs, no buffer is flushed."""
        running = self._expect()
        running.kill()
        running.wait()

    def stop(self) -> int:
        """SIGTERM, and the exit code."""
        running = self._expect()
        running.send_signal(signal.SIGTERM)
        return running.wait(timeout=20)

    def exit_code(self) -> int | None:
        return self._expect().poll()

    @property
    def pid(self) -> int:
        return self._expect().pid

    def _expect(self) -> subprocess.Popen[bytes]:
        assert self._running is not None, "start comes first"
        return self._running


@dataclass(slots=True)
class Shop:
    """Server, gateway and what the test does as phones and till, in one folder."""

    folder: Path
    speed: float
    scene: Scene
    port: int
    end_ms: int
    server: Process
    gateway: Process
    clock: Clock
    redeemed: dict[str, int] = field(default_factory=dict)
    """Status of the till's answer by receipt."""
    _after: dict[str, int] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def now_ms(self) -> int:
        """What the clock of server and gateway shows."""
        return self.clock.now_ms()

    @property
    def database(self) -> Path:
        return self.folder / "data" / "aislecast.db"

    def close(self) -> None:
        for process in (self.gateway, self.server):
            if process.starts and process.exit_code() is None:
                process.kill()

    async def until_ready(self, http: aiohttp.ClientSession, seconds: float = 120.0) -> None:
        """Returns once the server welcomes requests; raises AssertionError with its log when it does not. The very first start compiles."""
        until = WALL.monotonic_s() + seconds
        while WALL.monotonic_s() < until:
            try:
                async with http.get(f"{self.url}/readyz") as answer:
                    if answer.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            assert self.server.exit_code() is None, self.server.log.read_text()[-2_000:]
            await asyncio.sleep(0.05)
        raise AssertionError(self.server.log.read_text()[-2_000:])

    async def redeem_offers(self, http: aiohttp.ClientSession) -> None:
        """Every phone looks at its feed, and the till spends what is new; without an answer both try again the next time."""
        for carried in self.scene.devices:
            try:
                await self._redeem_of(http, carried.token)
            except (aiohttp.ClientError, TimeoutError):
                return

    async def _redeem_of(self, http: aiohttp.ClientSession, token: str) -> None:
        after = {"after": str(self._after.get(token, 0))}
        async with http.get(f"{self.url}/v1/feed", params=after, headers={"Authorization": f"Bearer {token}"}) as answer:
            if answer.status != 200:
                return
            page = await answer.json()
        for entry in page["entries"]:
            receipt = f"R-{entry['push'][:16]}"
            body = {"code": entry["code"], "receipt": receipt, "venue": VENUE, "basket_minor": 10_000}
            headers = {"Authorization": f"Bearer {self.scene.till_token}"}
            async with http.post(f"{self.url}/v1/redemptions", json=body, headers=headers) as answer:
                if answer.status >= 500:
                    return
                self.redeemed[receipt] = answer.status
            self._after[token] = entry["sequence"]

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(f"file:{self.database}?mode=ro", uri=True) as conn:
            return list(conn.execute(query))

    def until_end(self, query: str) -> list[tuple[Any, ...]]:
        """The rows of `query`, whose `{end}` is when the recording ends, in event time."""
        return self.rows(query.format(end=self.end_ms))

    def settled(self) -> bool:
        """Whether everything that was accepted has been worked off."""
        behind = self.rows(
            "SELECT count(*) FROM log_head h LEFT JOIN shard s ON s.stream = h.stream AND s.shard = h.shard"
            " WHERE coalesce(s.position, 0) < h.head"
        )
        still_open = self.rows("SELECT count(*) FROM push WHERE ended_ms IS NULL")
        return (behind[0][0], still_open[0][0]) == (0, 0)


async def open_shop(folder: Path, *, seed: int, shoppers: int, minutes: float, speed: float) -> Shop:
    """A shop in `folder` with a simulated recording to be played; nothing runs yet."""
    recording = run_to_recording(demo_plan(TENANT, VENUE), seed, shoppers, minutes, folder / "recording")
    write_adverts_jsonl(recording, folder / "adverts.jsonl", TIME_ZONE)
    plan = plan_of(recording, TENANT, VENUE, TIME_ZONE)
    policy = replace(plan.venue.policy, allowed_lateness_ms=PATIENCE_MS)
    plan = replace(plan, venue=replace(plan.venue, policy=policy))
    data = folder / "data"
    (data / "keys").mkdir(mode=0o700, parents=True)
    write_secret(data / "keys" / "coupons", b"the same codes in every run".ljust(32))
    url = f"sqlite:///{data / 'aislecast.db'}"
    await asyncio.to_thread(upgrade, url)
    database = await open_database(url)
    people = [Person(name, beacon=known_beacon(name).beacon) for name in recording.carried]
    script = Script(plan, {BOX: tuple(GatewayId(name) for name in recording.receivers)}, people)
    start_ms = session_start_ms(0, TIME_ZONE)
    scene = await database.write(lambda conn: set_scene(conn, script, Secrets(b"faults"), start_ms - 60_000))
    lasting = msgspec.structs.replace(campaign(), ttl_s=PATIENCE_MS // 1000)
    await database.write(lambda conn: campaigns.add_campaign(conn, lasting, start_ms))
    await database.close()
    port = free_port()
    clock = f"{start_ms - LEAD_MS}@{WALL.now_ms()}x{speed:g}"
    environment = {**os.environ, "AISLECAST_NOTIFIER_GLOBAL_HOLDOUT": "0", "AISLECAST_LANG": "en"}
    server = Process(
        [sys.executable, "-m", "aislecast.cli", "up", "--no-demo", "--plain", "--port", str(port), "--data", str(data), "--clock", clock],
        environment,
        folder / "server.log",
    )
    configuration = _gateway_configuration(folder, scene, port, clock)
    gateway = Process(
        [sys.executable, "-m", "beacon_gateway.cli", "run", "--config", str(configuration), "--until-drained"],
        environment,
        folder / "gateway.log",
    )
    return Shop(folder, speed, scene, port, start_ms + round(minutes * 60_000), server, gateway, clock_from(clock))


def _gateway_configuration(folder: Path, scene: Scene, port: int, clock: str) -> Path:
    box = scene.boxes[0]
    key = folder / "box.pem"
    key.write_bytes(box.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    key.chmod(0o600)
    radios = "\n".join(f'"{radio}" = ""' for radio in box.radios)
    path = folder / "gateway.toml"
    path.write_text(
        f"""[gateway]
server = "http://127.0.0.1:{port}"
tenant = "{TENANT}"
gateway = "{box.gateway}"
key_id = "{box.key_id}"
key_file = "{key}"
source = "jsonl"
source_file = "{folder / "adverts.jsonl"}"
spool_file = "{folder / "box.spool"}"
allow_ibeacon = ["{RECORDED_UUID}"]
clock = "{clock}"
[gateway.radios]
{radios}
"""
    )
    return path
