"""The whole product as a process: it starts, serves, shows the demo at work, and stops in order, whatever it was told to be."""

import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

import pytest

from aislecast import exits
from aislecast.all_in_one import names, open_to_whoever_comes
from aislecast.configuration import Configuration
from groundwork.people.settings import Settings as PeopleSettings
from groundwork.plumbing.clock import SystemClock

pytestmark = pytest.mark.faults
PATIENCE_S = 60
"""The demo's promise: the first push is seen within a minute."""
WALL = SystemClock()


class Up:
    """A running `aislecast up`."""

    def __init__(self, folder: Path, *typed: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port: int = probe.getsockname()[1]
        self.printed = folder.with_name(f"{folder.name}.printed")
        command = [sys.executable, "-m", "aislecast.cli", "up", "--plain", "--data", str(folder), "--port", str(self.port), *typed]
        with self.printed.open("wb") as out:
            self.process = subprocess.Popen(command, stdout=out, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)

    def until(self, pattern: str) -> str:
        """What was printed, once it has `pattern` in it."""
        until = WALL.monotonic_s() + PATIENCE_S
        while WALL.monotonic_s() < until:
            if re.search(pattern, text := self.printed.read_text(encoding="utf-8")):
                return text
            assert self.process.poll() is None, text
            sleep(0.01)
        raise AssertionError(f"no {pattern!r} within {PATIENCE_S} s in:\n{self.printed.read_text(encoding='utf-8')}")

    def get(self, path: str, scheme: str = "http", ca: Path | None = None) -> int:
        context = ssl.create_default_context(cafile=ca) if ca else None
        with urllib.request.urlopen(f"{scheme}://127.0.0.1:{self.port}{path}", timeout=5, context=context) as answer:
            status: int = answer.status
            return status

    def stop(self, by: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(by)
        return self.process.wait(timeout=20)


@contextmanager
def running(folder: Path, *typed: str) -> Iterator[Up]:
    up = Up(folder, *typed)
    try:
        yield up
    finally:
        if up.process.poll() is None:
            up.process.kill()
            up.process.wait()


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGINT])
def test_an_empty_installation_serves_and_stops(tmp_path: Path, by: signal.Signals) -> None:
    with running(tmp_path / "data") as up:
        assert "There is no venue yet" in up.until("There is no venue yet")
        assert up.get("/readyz") == 200
        assert up.stop(by) == exits.OK
    assert "Traceback" not in up.printed.read_text()


def test_the_demo_behind_its_own_certificate_sends_a_first_push_and_starts_again(tmp_path: Path) -> None:
    folder = tmp_path / "data"
    with running(folder, "--demo", "--tls", "self") as up:
        up.until("push to shopper .* by in-app inbox")
        assert up.get("/readyz", "https", folder / "tls" / "ca.pem") == 200
        with pytest.raises(urllib.error.URLError, match="CERTIFICATE_VERIFY_FAILED"):
            up.get("/readyz", "https")
        assert up.stop() == exits.OK
    kept = {path.name: path.read_bytes() for path in (folder / "keys").iterdir()}
    assert {"coupons", "demo", "demo-till"} <= kept.keys()
    with running(folder, "--demo") as up:
        up.until(r"\d shopper \w+ entered")
        assert up.stop() == exits.OK
    assert {path.name: path.read_bytes() for path in (folder / "keys").iterdir()} == kept
    log = (folder / "logs" / "aislecast.log").read_text()
    assert '"level": "error"' not in log


def test_settings_that_cannot_be_used_stop_it_before_anything_is_shown(tmp_path: Path) -> None:
    (tmp_path / "aislecast.toml").write_text("[notifier]\nlease_s = 1\n")
    with running(tmp_path) as up:
        assert up.process.wait(timeout=PATIENCE_S) == exits.BAD_INPUT
    [sentence] = up.printed.read_text().splitlines()
    assert "expected above send_timeout_s" in sentence


def test_a_reader_that_goes_away_ends_it_without_a_trace(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "aislecast.cli", "up", "--demo", "--plain", "--data", str(tmp_path), "--port", "1"]
    with socket.create_server(("127.0.0.1", 0)) as probe:
        command[-1] = str(probe.getsockname()[1])
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, "PYTHONUNBUFFERED": "1"})
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=PATIENCE_S) == exits.OK
        assert b"Traceback" not in process.stderr.read()
        process.stderr.close()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


@pytest.mark.parametrize(("host", "own"), [("127.0.0.1", []), ("0.0.0.0", []), ("192.0.2.7", ["192.0.2.7"])])
def test_a_certificate_is_made_out_to_every_name_of_this_machine(host: str, own: list[str]) -> None:
    made_out_to = names(host)
    assert {"localhost", "127.0.0.1", socket.gethostname(), *own} == set(made_out_to)


def test_only_the_demo_takes_whoever_comes_and_a_tenant_named_in_the_settings_stays() -> None:
    assert Configuration().people.demo_sign_up_tenant == ""
    assert open_to_whoever_comes(Configuration()).people.demo_sign_up_tenant == "demo"
    named = Configuration(people=PeopleSettings(demo_sign_up_tenant="mine"))
    assert open_to_whoever_comes(named) == named
