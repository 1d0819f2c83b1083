"""systemd: tells it that the gateway is ready, alive, or stopping, and says in a line how it does. Silent where nobody asked.

Source: sd_notify(3), sd_watchdog_enabled(3).
"""

import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
ALIVE: Final = "WATCHDOG=1"
STOPPING: Final = "STOPPING=1"


class Systemd:
    """The service manager that started this process, if one did; `environ` says so."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._address = environ.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):  # a name in Linux' abstract space
            self._address = "\0" + self._address[1:]
        ours = environ.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        usec = environ.get("WATCHDOG_USEC", "")
        self.alive_every_s = int(usec) / 3e6 if ours and usec.isdecimal() else 0.0
        """How often it wants to hear that we are alive, thrice per time-out; 0 where it does not care."""

    def tell(self, *lines: str) -> None:
        """Sends `lines`; a manager that cannot be reached is no reason to stop listening."""
        if not self._address:
            return
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as opened:
            try:
                opened.sendto("\n".join(lines).encode(), self._address)
            except OSError:
                return
