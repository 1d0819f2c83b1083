"""Rules of telling systemd: over its socket, of either kind, and never in the gateway's way."""

import os
import socket
from pathlib import Path

import pytest

from beacon_gateway.systemd import ALIVE, READY, Systemd


@pytest.mark.parametrize("name", ["{folder}/notify", "@aislecast-test-{pid}"])
def test_the_manager_is_told_over_its_socket(tmp_path: Path, name: str) -> None:
    address = name.format(folder=tmp_path, pid=os.getpid())
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        manager.bind(address.replace("@", "\0"))
        Systemd({"NOTIFY_SOCKET": address}).tell(READY, "STATUS=well")
        assert manager.recv(100) == b"READY=1\nSTATUS=well"


def test_a_manager_that_has_gone_is_no_trouble(tmp_path: Path) -> None:
    Systemd({"NOTIFY_SOCKET": str(tmp_path / "gone")}).tell(ALIVE)
    Systemd({}).tell(ALIVE)


@pytest.mark.parametrize(
    ("environ", "every_s"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "60000000"}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 20.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_it_hears_that_we_are_alive_thrice_per_time_out(environ: dict[str, str], every_s: float) -> None:
    assert Systemd(environ).alive_every_s == every_s
