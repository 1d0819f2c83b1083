"""The doctor: one finding per thing that has to be right on this machine, and what to do where it is not.

Every check looks and touches nothing (the database is opened read-only). A check that breaks becomes a bad finding, so that one
broken part does not hide the others. Adding a check is a function and a line in CHECKS.
"""

import errno
import json
import os
import socket
import sqlite3
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from aislecast.folder import NEEDED_BYTES, Folder, free_bytes
from aislecast.upkeep import doctor_words as say
from aislecast.upkeep.ports import why_not
from aislecast.words import Voice
from groundwork.plumbing.clock import Clock, SystemClock, as_datetime
from groundwork.plumbing.reasons import Words

Level = Literal["ok", "warn", "bad"]

_OLDEST_PYTHON: Final = (3, 11)
_OLDEST_SQLITE: Final = (3, 35, 0)
"""The first with RETURNING."""
_NOT_BEFORE_MS: Final = 1_793_000_000_000
"""October 2026, when this was written: a clock that shows less is wrong, and signatures and expiries with it."""
_RENEW_BEFORE: Final = timedelta(days=21)
_ZONES: Final = ("Asia/Riyadh", "Asia/Dubai")
_MAX_FORWARD_MS: Final = 60_000
"""How far in the future a file we wrote ourselves may seem to be before the clock has visibly run back."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at: how it is, in a sentence, and what to do about it where that is anything."""

    name: str
    level: Level
    words: Words
    values: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined: a data folder, its database, and the address its server would listen on."""

    folder: Folder
    database: str | None
    host: str
    port: int
    clock: Clock = field(default_factory=SystemClock)

    @property
    def database_url(self) -> str:
        return self.database or self.folder.database_url


def examine(patient: Patient) -> list[Finding]:
    """Every check's finding, in the order of CHECKS."""
    return [_looked(name, check, patient) for name, check in CHECKS.items()]


def as_text(findings: list[Finding], voice: Voice) -> str:
    """One line per finding, and a last one that sums up."""
    lines = [f"{voice.say(say.LEVELS[finding.level]):<6} {voice.say(finding.words, **finding.values)}" for finding in findings]
    worst = "bad" if any(finding.level == "bad" for finding in findings) else "ok"
    return "\n".join([*lines, voice.say(say.VERDICTS[worst])])


def as_json(findings: list[Finding], voice: Voice) -> str:
    """The findings as a JSON list."""
    rows = [{"name": each.name, "level": each.level, "sentence": voice.say(each.words, **each.values)} for each in findings]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _looked(name: str, check: "Check", patient: Patient) -> Finding:
    try:
        level, words, values = check(patient)
    except Exception as error:  # a check that breaks is a finding too
        level, words, values = "bad", say.BROKE, {"name": name, "error": f"{type(error).__name__}: {error}"}
    return Finding(name, level, words, values)


Result = tuple[Level, Words, Mapping[str, object]]
Check = Callable[[Patient], Result]


def check_python(_: Patient) -> Result:
    found = ".".join(map(str, sys.version_info[:3]))
    if sys.version_info < _OLDEST_PYTHON:
        return "bad", say.PYTHON_OLD, {"found": found}
    return "ok", say.PYTHON, {"found": found}


def check_sqlite(_: Patient) -> Result:
    values = {"found": sqlite3.sqlite_version}
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        return "bad", say.SQLITE_OLD, values
    return "ok", say.SQLITE, values


def check_folder(patient: Patient) -> Result:
    root = patient.folder.root
    values = {"folder": root}
    if not root.exists():
        return "ok", say.FOLDER_NEW, values
    if not root.is_dir() or not os.access(root, os.W_OK | os.X_OK):
        return "bad", say.FOLDER_SHUT, values
    if root.stat().st_mode & 0o077:
        return "warn", say.FOLDER_OPEN, values
    return "ok", say.FOLDER, values


def check_keys(patient: Patient) -> Result:
    files = [path for folder in (patient.folder.keys, patient.folder.tls) if folder.is_dir() for path in sorted(folder.iterdir())]
    open_ones = [path for path in files if path.stat().st_mode & 0o077]
    if open_ones:
        return "bad", say.KEYS_OPEN, {"path": open_ones[0]}
    return "ok", say.KEYS, {"count": len(files)}


def check_wal(patient: Patient) -> Result:
    """Whether the file system keeps what SQLite's WAL needs: network file systems do not."""
    database = patient.folder.database
    if patient.database or not database.is_file():
        return "ok", say.WAL_LATER, {}
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as conn:
        mode = str(conn.execute("PRAGMA journal_mode").fetchone()[0])
        whole = str(conn.execute("PRAGMA quick_check(1)").fetchone()[0])
    if whole != "ok":
        return "bad", say.DATABASE_DAMAGED, {"why": whole}
    return ("ok", say.WAL, {}) if mode == "wal" else ("warn", say.NO_WAL, {"mode": mode})


def check_schema(patient: Patient) -> Result:
    from aislecast import migrations

    if not patient.database and not patient.folder.database.is_file():
        return "ok", say.SCHEMA_LATER, {}
    found, known = migrations.current(patient.database_url), migrations.head()
    if found == known:
        return "ok", say.SCHEMA, {"found": found}
    if found is not None and not migrations.knows(found):
        return "bad", say.SCHEMA_NEWER, {"found": found, "known": known}
    return "warn", say.SCHEMA_OLDER, {"found": found or "-", "known": known}


def check_disk(patient: Patient) -> Result:
    free = free_bytes(patient.folder.root)
    values = {"gb": free / 1e9, "folder": patient.folder.root}
    if free < NEEDED_BYTES:
        return "bad", say.DISK_FULL, values
    return ("warn", say.DISK_LOW, values) if free < 10 * NEEDED_BYTES else ("ok", say.DISK, values)


def check_clock(patient: Patient) -> Result:
    now_ms = patient.clock.now_ms()
    values = {"now": f"{as_datetime(now_ms):%Y-%m-%d %H:%M:%S}"}
    if now_ms < _NOT_BEFORE_MS:
        return "bad", say.CLOCK_WRONG, values
    files = (patient.folder.database, patient.folder.log)
    newest_ms = max((path.stat().st_mtime_ns // 1_000_000 for path in files if path.is_file()), default=0)
    return ("bad", say.CLOCK_BACK, values) if newest_ms > now_ms + _MAX_FORWARD_MS else ("ok", say.CLOCK, values)


def check_time_zones(_: Patient) -> Result:
    for name in _ZONES:
        try:
            ZoneInfo(name)
        except ZoneInfoNotFoundError:
            return "bad", say.NO_ZONES, {"name": name}
    return "ok", say.ZONES, {}


def check_port(patient: Patient) -> Result:
    values = {"host": patient.host, "port": patient.port}
    error = why_not(patient.host, patient.port)
    if error is None:
        return "ok", say.PORT, values
    return ("warn", say.PORT_BUSY, values) if error.errno == errno.EADDRINUSE else ("bad", say.PORT_SHUT, values)


def check_certificate(patient: Patient) -> Result:
    """The certificate that ends first."""
    files = sorted(patient.folder.tls.iterdir()) if patient.folder.tls.is_dir() else []
    ends = [(end, path) for path in files if path.is_file() for end in _ends_of(path)]
    if not ends:
        return "ok", say.NO_CERTIFICATE, {}
    end, path = min(ends)
    values = {"path": path, "end": f"{end:%Y-%m-%d}"}
    now = as_datetime(patient.clock.now_ms())
    if end < now:
        return "bad", say.CERTIFICATE_ENDED, values
    return ("warn", say.CERTIFICATE_ENDS, values) if end - now < _RENEW_BEFORE else ("ok", say.CERTIFICATE, values)


def check_bluetooth(_: Patient, adapters: Path = Path("/sys/class/bluetooth")) -> Result:
    """Only a gateway needs a radio, so the worst that is said here is a warning."""
    family = getattr(socket, "AF_BLUETOOTH", None)
    if family is None:
        return "warn", say.BLUETOOTH_PYTHON, {}
    try:
        socket.socket(family, socket.SOCK_RAW, socket.BTPROTO_HCI).close()
    except PermissionError:
        pass  # the kernel has Bluetooth; bleak goes through BlueZ and needs no raw socket
    except OSError:
        return "warn", say.BLUETOOTH_KERNEL, {}
    found = sorted(path.name for path in adapters.glob("hci*"))
    return ("ok", say.BLUETOOTH, {"names": ", ".join(found)}) if found else ("warn", say.BLUETOOTH_ADAPTER, {})


def _ends_of(path: Path) -> list[datetime]:
    """When the certificates in a PEM file end; none where it holds none, as a key's does."""
    from cryptography import x509

    try:
        return [certificate.not_valid_after_utc for certificate in x509.load_pem_x509_certificates(path.read_bytes())]
    except ValueError:
        return []


CHECKS: Mapping[str, Check] = {
    "python": check_python,
    "sqlite": check_sqlite,
    "folder": check_folder,
    "keys": check_keys,
    "disk": check_disk,
    "wal": check_wal,
    "schema": check_schema,
    "clock": check_clock,
    "time_zones": check_time_zones,
    "port": check_port,
    "certificate": check_certificate,
    "bluetooth": check_bluetooth,
}
