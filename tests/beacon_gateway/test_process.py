"""The gateway as a process: killed and started again it loses and doubles nothing; told to stop it stops in order and in time."""

import asyncio
import json
import random
import sys
from array import array
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import pytest
from aiohttp import web

from beacon_gateway.keys import write_key
from groundwork.contracts.codec import COLUMNS, Frame
from groundwork.plumbing.clock import SystemClock
from tests.beacon_gateway.backend import KEY, Backend, backend, cut_off, refuses, taken
from tests.beacon_gateway.build import START_MS, STRANGER, UUID, advert
from tests.data import PROJECT

SECONDS = 40
"""Event time of the recorded walk."""
SPEED = 20


def record_walk(path: Path) -> None:
    """A walk of SECONDS past two radios, with strangers and a little disorder."""
    rng, lines = random.Random(4), []
    for at_ms in range(0, SECONDS * 1_000, 25):
        uuid = STRANGER if rng.randrange(4) == 0 else UUID
        one = advert(at_ms - rng.randrange(min(at_ms + 1, 40)), rng.uniform(-90, -50), minor=rng.randrange(4), uuid=uuid)
        radio = rng.choice(["r1", "r2"])
        lines.append(json.dumps({"gateway": radio, "at_ms": one.at_ms, "rssi_dbm": one.rssi_dbm, "data": one.data.hex()}))
    path.write_text("\n".join(lines))


def configure(folder: Path, url: str, *, speed: int = SPEED) -> Path:
    """A folder with walk, key and settings."""
    record_walk(folder / "walk.jsonl")
    write_key(folder / "key.pem", KEY)
    config = folder / "gateway.toml"
    config.write_text(
        f"""
        [gateway]
        server = "{url}"
        gateway = "box"
        key_id = "k1"
        key_file = "key.pem"
        spool_file = "box.spool"
        radios = {{ r1 = "", r2 = "" }}
        source = "jsonl"
        source_file = "walk.jsonl"
        allow_ibeacon = ["{UUID}"]
        clock = "{START_MS}@{SystemClock().now_ms()}x{speed}"
        """
    )
    return config


async def start(config: Path, *more: str) -> Process:
    command = [sys.executable, "-m", "beacon_gateway.cli", "run", "--config", str(config), *more]
    return await asyncio.create_subprocess_exec(*command, cwd=config.parent, env={"PYTHONPATH": str(PROJECT)}, stderr=PIPE)


def rows_of(frames: Iterable[Frame]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for frame in frames:
        values = {column.name: array(column.typecode, frame.columns[column.name].tobytes()) for column in COLUMNS}
        gateways = [frame.header.gateways[index] for index in values.pop("gateway")]
        beacons = [frame.header.beacons[index] for index in values.pop("beacon")]
        rows += zip(gateways, beacons, *values.values(), strict=True)
    return sorted(rows)


def accepted(heard: Backend) -> tuple[list[tuple[object, ...]], Counter[str]]:
    """What an inbox keyed by boot and batch makes of all bodies: their rows and refusals, once."""
    once: dict[tuple[str, int], bytes] = {}
    for body, frame in zip(heard.bodies, heard.frames, strict=True):
        name = (frame.header.boot, frame.header.batch)
        assert once.setdefault(name, body) == body, f"batch {name} came with other bytes"
    kept = Backend(bodies=list(once.values())).frames
    refused: Counter[str] = Counter()
    for frame in kept:
        refused.update(frame.header.refused)
    return rows_of(kept), refused


async def undisturbed(folder: Path) -> tuple[list[tuple[object, ...]], Counter[str]]:
    folder.mkdir()
    async with backend() as heard:
        process = await start(configure(folder, heard.url, speed=200), "--until-drained")
        assert await asyncio.wait_for(process.wait(), 60) == 0
        return accepted(heard)


@pytest.mark.faults
async def test_kills_lose_nothing_and_double_nothing(tmp_path: Path) -> None:
    rng = random.Random(11)
    expected = await undisturbed(tmp_path / "a")
    (tmp_path / "b").mkdir()
    async with backend() as heard:
        heard.script = [rng.choice([refuses(500), cut_off, acknowledges]) for _ in range(30)]
        config = configure(tmp_path / "b", heard.url)
        for _ in range(6):
            process = await start(config, "--until-drained")
            ended = asyncio.create_task(process.wait())
            more = asyncio.create_task(heard.has(len(heard.bodies) + rng.randrange(1, 12)))
            await asyncio.wait({ended, more}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                process.kill()
            more.cancel()
            await ended
        process = await start(config, "--until-drained")
        assert await asyncio.wait_for(process.wait(), 180) == 0  # six refusals in a row may be left, and the pauses between them double
        assert accepted(heard) == expected
    assert len(expected[0]) > 200


async def acknowledges(_request: object, frame: Frame) -> web.StreamResponse:
    return taken(frame)


@pytest.mark.faults
async def test_told_to_stop_it_sends_what_it_can_and_goes(tmp_path: Path) -> None:
    async with backend() as heard:
        process = await start(configure(tmp_path, heard.url))
        await heard.has(3)
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 10) == 0
        assert process.stderr is not None
        assert " 0 still on disk." in (await process.stderr.read()).decode()


@pytest.mark.faults
async def test_told_to_stop_while_the_backend_is_away_it_keeps_everything(tmp_path: Path, unused_tcp_port: int) -> None:
    config = configure(tmp_path, f"http://127.0.0.1:{unused_tcp_port}")
    process = await start(config)
    log = tmp_path / "box.spool-wal"
    while not log.exists() or log.stat().st_size < 150_000:
        await asyncio.sleep(0.01)
    process.terminate()
    assert await asyncio.wait_for(process.wait(), 10) == 0
    async with backend(unused_tcp_port) as heard:
        process = await start(config, "--until-drained")
        assert await asyncio.wait_for(process.wait(), 60) == 0
        assert accepted(heard) == await undisturbed(tmp_path / "again")
