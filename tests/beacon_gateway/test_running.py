"""The gateway as systemd runs it, with the real bleak: it says when it is ready and alive, shows how it does, and survives bluetoothd."""

import asyncio
import json
import signal
import socket
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import aiohttp
import pytest

from beacon_gateway.keys import write_key
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.plumbing.clock import SystemClock
from tests.beacon_gateway.backend import KEY, Backend, backend
from tests.beacon_gateway.build import START_MS, UUID
from tests.beacon_gateway.sources.fake_bluez import FakeBluez, private_bus
from tests.data import PROJECT

SPEED = 20
TAG = "C0:00:00:00:00:01"
IBEACON = {0x004C: encode_ibeacon(UUID, 1, 7)[7:]}
LONGEST_S = 30


def free_port() -> int:
    with socket.socket() as opened:
        opened.bind(("127.0.0.1", 0))
        return int(opened.getsockname()[1])


def configure(folder: Path, server: str, port: int) -> Path:
    write_key(folder / "key.pem", KEY)
    config = folder / "gateway.toml"
    config.write_text(
        f"""
        [gateway]
        server = "{server}"
        gateway = "box"
        key_file = "key.pem"
        spool_file = "box.spool"
        allow_ibeacon = ["{UUID}"]
        status_address = "127.0.0.1:{port}"
        clock = "{START_MS}@{SystemClock().now_ms()}x{SPEED}"
        """
    )
    return config


@asynccontextmanager
async def started(folder: Path, config: Path, bus: str) -> AsyncIterator[tuple[Process, socket.socket]]:
    """The process, and what systemd would hear of it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(str(folder / "notify"))
        manager.setblocking(False)
        environ = {
            "PYTHONPATH": str(PROJECT),
            "DBUS_SYSTEM_BUS_ADDRESS": bus,
            "NOTIFY_SOCKET": str(folder / "notify"),
            "WATCHDOG_USEC": "600000",
        }
        command = [sys.executable, "-m", "beacon_gateway.cli", "run", "--config", str(config), "--lang", "en"]
        process = await asyncio.create_subprocess_exec(*command, cwd=folder, env=environ, stderr=PIPE)
        try:
            yield process, manager
        finally:
            if process.returncode is None:
                process.kill()
            await process.communicate()


async def told(manager: socket.socket, line: str) -> None:
    """Returns once systemd has heard `line`."""
    async with asyncio.timeout(LONGEST_S):
        while (await asyncio.get_running_loop().sock_recv(manager, 1_000)).decode() != line:
            pass


async def scanned(bluez: FakeBluez) -> None:
    """Returns once somebody scans."""
    async with asyncio.timeout(LONGEST_S):
        while not bluez.scans():
            await asyncio.sleep(0.01)


async def sent(bluez: FakeBluez, heard: Backend) -> None:
    """A tag goes on sending until the backend has a new row of it."""
    before = sum(frame.rows for frame in heard.frames)
    async with asyncio.timeout(LONGEST_S):
        while sum(frame.rows for frame in heard.frames) <= before:
            await bluez.advert(TAG, IBEACON)
            await asyncio.sleep(0.01)


@pytest.mark.faults
async def test_what_bluez_hears_is_sent_and_bluetoothd_may_die_meanwhile(tmp_path: Path) -> None:
    port = free_port()
    async with private_bus(tmp_path) as bus, backend() as heard:
        bluez = FakeBluez(bus)
        await bluez.start()
        async with started(tmp_path, configure(tmp_path, heard.url, port), bus) as (process, manager):
            await told(manager, "READY=1")
            await sent(bluez, heard)
            await bluez.vanish()
            await bluez.start()
            await scanned(bluez)
            await sent(bluez, heard)
            await told(manager, "WATCHDOG=1")
            async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/health") as response:
                (radio,) = (await response.json())["radios"]
            assert radio["repairs"] == {"scan": 1}
            process.send_signal(signal.SIGTERM)
            await told(manager, "STOPPING=1")
            _, log = await asyncio.wait_for(process.communicate(), 10)
            assert process.returncode == 0
        await bluez.vanish()
    events = [json.loads(line)["event"] for line in log.decode().splitlines() if line.startswith("{")]
    assert events.count("radio repair") == 1
    assert "Traceback" not in log.decode()


@pytest.mark.faults
async def test_without_any_bluetooth_the_box_runs_and_says_what_is_wrong(tmp_path: Path) -> None:
    """What waits in the spool is sent all the same, and a radio may come later."""
    port = free_port()
    async with (
        private_bus(tmp_path) as bus,
        backend() as heard,
        started(tmp_path, configure(tmp_path, heard.url, port), bus) as (process, manager),
    ):
        await told(manager, "READY=1")
        async with aiohttp.ClientSession() as client, client.get(f"http://127.0.0.1:{port}/?lang=en") as response:
            assert "These radios hear nothing: box" in await response.text()
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.communicate(), 10)
        assert process.returncode == 0
