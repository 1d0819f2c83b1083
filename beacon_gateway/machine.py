"""The machine under the gateway: temperature, disk, whether its clock is set, how much memory we use. Linux; None where it does not say.

Reads files of the kernel; what the numbers mean for the gateway is for `health.py` and `check.py`.
"""

import ctypes
import errno
import os
from pathlib import Path
from typing import Final, NamedTuple

THERMAL: Final = Path("/sys/class/thermal")
TIMESYNC: Final = Path("/run/systemd/timesync/synchronized")
_STATM: Final = Path("/proc/self/statm")
_TIME_ERROR: Final = 5
"""adjtimex(2): the clock is not synchronised."""
_TIMEX_BYTES: Final = 512
"""More than struct timex takes on any architecture."""


class Disk(NamedTuple):
    """The file system that a path is on."""

    free_bytes: int
    """What we may still write."""
    total_bytes: int


def run_id(path: Path = Path("/proc/sys/kernel/random/boot_id")) -> str:
    """The kernel's name for this run of the machine, another after each start; empty where it has none."""
    try:
        return path.read_text().strip()
    except OSError:
        return ""


def temperature_c(folder: Path = THERMAL) -> float | None:
    """The hottest of the machine's sensors, in degrees Celsius."""
    found = []
    for path in sorted(folder.glob("thermal_zone*/temp")):
        try:
            found.append(int(path.read_text()) / 1000)
        except (OSError, ValueError):
            continue
    return max(found, default=None)


def disk(path: Path) -> Disk | None:
    """The room where `path` is or shall be."""
    try:
        shown = os.statvfs(path if path.exists() else path.absolute().parent)
    except OSError:
        return None
    return Disk(shown.f_bavail * shown.f_frsize, shown.f_blocks * shown.f_frsize)


def clock_synced(told: Path = TIMESYNC) -> bool | None:
    """Whether the kernel's clock follows a time server, as chrony, ntpd and systemd-timesyncd tell it.

    A hardened service may not ask the kernel; then the file `told`, which timesyncd makes once it has set the clock, can say yes.
    """
    try:
        state: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        state = -1
    if state >= 0:
        return state != _TIME_ERROR
    return True if told.exists() else None


def memory_bytes() -> int | None:
    """The resident memory of this process."""
    try:
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return None


def unusable(folder: Path) -> str:
    """Why files cannot be made in `folder`; empty where they can."""
    if not folder.is_dir():
        return os.strerror(errno.ENOENT)
    return "" if os.access(folder, os.W_OK | os.X_OK) else os.strerror(errno.EACCES)
