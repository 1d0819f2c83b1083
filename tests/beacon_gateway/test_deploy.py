"""What stands in deploy/systemd is accepted by systemd itself, and the base dependencies are there for 64-bit ARM."""

import configparser
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from beacon_gateway.bluez import BLUETOOTH_UNIT
from tests.data import PROJECT

FOLDER = PROJECT / "deploy" / "systemd"
UNIT = "beacon-gateway.service"
DROP_INS = ("monitor.conf", "recovery.conf")
MOST_EXPOSED = 2.0
"""Of 10, by systemd's own count; an ordinary service has 9.6."""
NO_INDEX = ("NewConnectionError", "ConnectTimeoutError", "ReadTimeoutError", "ProxyError", "Temporary failure", "Network is unreachable")


def systemd_analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs it; skips the test where it is absent."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("needs systemd-analyze, which is in the Debian package systemd")
    return subprocess.run(["systemd-analyze", *map(str, arguments)], capture_output=True, text=True, check=False)


def installed(folder: Path, *drop_ins: str) -> Path:
    """A copy of the unit whose program is there, with `drop_ins` beside it."""
    unit = folder / UNIT
    text = (FOLDER / UNIT).read_text(encoding="utf-8")
    assert "ExecStart=/opt/aislecast/bin/beacon-gateway run " in text
    unit.write_text(text.replace("/opt/aislecast/bin/beacon-gateway", sys.executable), encoding="utf-8")
    (folder / f"{UNIT}.d").mkdir()
    for name in drop_ins:
        shutil.copy(FOLDER / name, folder / f"{UNIT}.d" / name)
    return unit


@pytest.mark.parametrize("drop_ins", [(), *((name,) for name in DROP_INS), DROP_INS], ids=" ".join)
def test_systemd_takes_the_unit_without_a_word(tmp_path: Path, drop_ins: tuple[str, ...]) -> None:
    done = systemd_analyze("verify", installed(tmp_path, *drop_ins))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_systemd_finds_the_unit_hardened(tmp_path: Path) -> None:
    done = systemd_analyze("security", "--offline=true", "--no-pager", f"--threshold={MOST_EXPOSED * 10:.0f}", installed(tmp_path))
    assert done.returncode == 0, done.stdout


def test_the_unit_is_told_that_we_are_alive_and_is_always_started_again() -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign] # systemd's names have capitals
    unit.read(FOLDER / UNIT)
    service = unit["Service"]
    assert (service["Type"], service["Restart"], service["NotifyAccess"]) == ("notify", "always", "main")
    assert int(service["WatchdogSec"]) > 30
    assert int(service["TimeoutStopSec"]) > 10


def test_polkit_lets_the_account_of_the_unit_restart_bluetooth_and_nothing_else() -> None:
    rules = (FOLDER / "beacon-gateway.rules").read_text(encoding="utf-8")
    lines = [line.strip() for line in rules.splitlines() if not line.strip().startswith("//")]
    spoken = "\n".join(lines)
    assert f'"{BLUETOOTH_UNIT}"' in spoken
    assert spoken.count("polkit.Result.YES") == 1
    account = next(line.removeprefix("User=") for line in (FOLDER / UNIT).read_text().splitlines() if line.startswith("User="))
    assert f'"{account}"' in spoken
    assert f"u {account} " in (FOLDER / "beacon-gateway.sysusers").read_text(encoding="utf-8")


def test_the_base_is_there_for_64_bit_raspberry_pi_os(tmp_path: Path) -> None:
    """Every wheel, none to be compiled on the box. About 10 MB."""
    wanted = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["dependencies"]
    platform = ["--only-binary=:all:", "--platform=manylinux2014_aarch64", "--implementation=cp", "--python-version=3.11"]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--retries=1", *platform]
    done = subprocess.run(
        [*command, f"--constraint={PROJECT / 'constraints.txt'}", f"--dest={tmp_path}", *wanted],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode and any(word in done.stderr for word in NO_INDEX):
        pytest.skip(f"needs a package index; pip says: {done.stderr.strip().splitlines()[-1]}")
    assert done.returncode == 0, done.stderr
    assert {path.name.split("-")[0] for path in tmp_path.glob("*.whl")} >= {"aiohttp", "bleak", "cryptography", "dbus_fast", "msgspec"}
