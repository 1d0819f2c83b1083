"""The support bundle: what helps to help, without a secret and without anybody's traces; and the note a crash leaves in the log.

In: versions, settings, schema, rows per table, the doctor's findings, the hops a running server reports, the last log lines.
Never in: the contents of any row, key or certificate. What could be a secret by its name or by its form is blackened, and of an
opaque id only the first six characters stay, enough to follow it through the log and no more.
"""

import http.client
import json
import os
import platform
import re
import sqlite3
import sys
import tomllib
import traceback
import zipfile
from collections.abc import Callable, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, Final

from aislecast import __version__
from aislecast.exits import BAD_INPUT, Stop
from aislecast.folder import Folder
from aislecast.settings import DEFAULT_HOST, DEFAULT_PORT
from aislecast.upkeep import doctor
from aislecast.upkeep.backup import NO_FOLDER, stamp
from aislecast.words import Voice
from groundwork.plumbing.clock import Clock, SystemClock
from groundwork.plumbing.reasons import Words

BLACK: Final = "[removed]"
_LOG_BYTES: Final = 2_000_000
"""The end of the log that is looked at: a few thousand lines."""
_LOG_LINES: Final = 5_000
_PATIENCE_S: Final = 3.0
EXISTS = Words("{path} already exists. Choose another name with `--out`.", "{path} موجود. اختر اسمًا آخر بالخيار `--out`.")

_SECRET_NAME: Final = re.compile(
    r"secret|token|passw|passphrase|private|credential|authorization|cookie|signature|api_?key|^key$|_key$|^sig$|coupon|^code_|_code$"
    r"|e?mail|phone|address$|^names?$|^title$|^body$",
    re.IGNORECASE,
)
"""Names whose values never leave, whatever they look like. A bare `code` is a reason's and is judged by its form."""

_FORMS: Final[tuple[tuple[re.Pattern[str], str], ...]] = (
    (re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|\Z)", re.DOTALL), BLACK),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]+"), rf"\1 {BLACK}"),
    (re.compile(r"(?i)\b(\w*(?:secret|token|passw\w*|api_?key|authorization))\b(\s*[=:]\s*|'\s*:\s*)[\"']?[^\s\"',;}]+"), rf"\1\2{BLACK}"),
    (re.compile(r"(?i)\b(sig=)[A-Za-z0-9_=-]+"), rf"\1{BLACK}"),
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^\s/@]+@"), rf"\1{BLACK}@"),
    (re.compile(r"[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\.[A-Za-z0-9.-]+"), BLACK),
    (re.compile(r"\+\d[\d ()-]{7,17}\d|(?<!\d)(?:(?:00)?(?:966|971)[ -]?)?0?5\d[ -]?\d{3}[ -]?\d{4}(?!\d)"), BLACK),
    (re.compile(r"(?i)\b[0-9A-Z]{5}-[0-9A-Z]{5}-[0-9A-Z]{5}\b"), BLACK),
)
"""PEM, bearer tokens, `secret=...`, signatures, passwords in URLs, mail addresses, phone numbers (any with a plus; Saudi and Emirati
mobile numbers without), coupon codes."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_OPAQUE: Final = re.compile(r"(?<![\w+=-])(?=[\w+=-]*\d)(?=[\w+=-]*[A-Za-z])[\w+=-]{15,}(?![\w+=-])", re.ASCII)
"""A long run of letters with digits: may be a token, may be an id; nobody can tell."""


def make_bundle(folder: Folder, database: str | None, out: Path | None, clock: Clock | None = None, *, port: int = DEFAULT_PORT) -> Path:
    """Writes the zip (0600) and returns it. Raises Stop where the file is there already. What cannot be found out is named, not fatal.

    `port` is where on this machine the server listens that is asked for its state and its counts.
    """
    clock = clock or SystemClock()
    path = out or Path(f"aislecast-support-{stamp(clock.now_ms())}.zip")
    parts: Mapping[str, Callable[[], object]] = {
        "versions.json": versions,
        "settings.json": lambda: settings(folder, database, os.environ),
        "doctor.json": lambda: _doctor(folder, database, port, clock),
        "database.json": lambda: database_facts(database or folder.database_url, folder, database),
        "ready.json": lambda: redact(asked("/readyz", port)),
        "metrics.txt": lambda: redact(asked("/metrics", port)),
        "log.txt": lambda: redact("\n".join(last_lines(folder.log))),
    }
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        raise Stop(EXISTS, BAD_INPUT, path=path) from None
    except FileNotFoundError:
        raise Stop(NO_FOLDER, BAD_INPUT, path=path.absolute().parent) from None
    with os.fdopen(descriptor, "wb") as raw, zipfile.ZipFile(raw, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, make in parts.items():
            bundle.writestr(name, _text(make))
    return path


def versions() -> dict[str, object]:
    """Of Aislecast, Python, SQLite, the system, and every installed package."""
    packages = {each.metadata["Name"]: each.version for each in distributions()}
    return {
        "aislecast": __version__,
        "python": sys.version,
        "sqlite": sqlite3.sqlite_version,
        "system": platform.platform(),
        "packages": dict(sorted(packages.items())),
    }


def settings(folder: Folder, database: str | None, environment: Mapping[str, str]) -> dict[str, object]:
    """What was set, and which files there are with their size and mode; secrets by name only."""
    ours = {name: value for name, value in sorted(environment.items()) if name.startswith(("AISLECAST_", "LC_", "LANG", "TZ"))}
    files = sorted(path for path in folder.root.rglob("*") if path.is_file()) if folder.root.is_dir() else []
    return {
        "environment": blackened(ours),
        "database": redact(database) if database else "sqlite",
        "aislecast.toml": blackened(_settings_file(folder)),
        "files": {str(path.relative_to(folder.root)): f"{path.stat().st_size} {path.stat().st_mode & 0o777:o}" for path in files},
    }


def _settings_file(folder: Folder) -> dict[str, Any]:
    path = folder.root / "aislecast.toml"
    try:
        return tomllib.loads(path.read_text()) if path.is_file() else {}
    except (OSError, ValueError) as error:
        return {"could not be read": str(error)}


def database_facts(url: str, folder: Folder, database: str | None) -> dict[str, object]:
    """The schema's revision, how it differs from this version's, and how many rows each table has; no row itself."""
    from aislecast import migrations

    if database is None and not folder.database.is_file():
        return {"database": "none yet"}
    return {
        "revision": migrations.current(url),
        "known": migrations.head(),
        "differences": migrations.check(url),
        "rows": migrations.counts(url),
    }


def asked(path: str, port: int) -> str:
    """What the server on this machine answers to `GET path`. Raises OSError where none listens."""
    connection = http.client.HTTPConnection(DEFAULT_HOST, port, timeout=_PATIENCE_S)
    try:
        connection.request("GET", path)
        return connection.getresponse().read(_LOG_BYTES).decode(errors="replace")
    except http.client.HTTPException as error:  # TLS, or not a web server at all
        raise ConnectionError(f"port {port} does not speak plain HTTP ({type(error).__name__})") from error
    finally:
        connection.close()


def last_lines(log: Path) -> list[str]:
    """The end of the log, whole lines only; empty where there is none."""
    if not log.is_file():
        return []
    with log.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LOG_BYTES))
        lines = file.read().decode(errors="replace").splitlines()
    return lines[1:][-_LOG_LINES:] if size > _LOG_BYTES else lines[-_LOG_LINES:]


def redact(text: str) -> str:
    """`text` line by line: a JSON line by the names and forms in it, any other by form alone."""
    whole = _FORMS[0][0].sub(BLACK, text)
    return "\n".join(_redact_line(line) for line in whole.splitlines())


def blackened(value: Any) -> Any:
    """A JSON value without what is secret by name or by form."""
    if isinstance(value, dict):
        return {name: BLACK if _SECRET_NAME.search(name) and part not in (None, "", 0) else blackened(part) for name, part in value.items()}
    if isinstance(value, list):
        return [blackened(part) for part in value]
    return _redact_text(value) if isinstance(value, str) else value


def note_crash(error: BaseException, folder: Folder) -> str:
    """Appends the error with its stack to the folder's log and says where that is; on the terminal where it cannot be written."""
    stack = "".join(traceback.format_exception(error))
    line = json.dumps({"level": "error", "event": "unexpected", "error": repr(error), "stack": stack, "at_ms": SystemClock().now_ms()})
    try:
        folder.logs.mkdir(mode=0o700, parents=True, exist_ok=True)
        with folder.log.open("a") as log:
            log.write(line + "\n")
    except OSError:
        print(stack, file=sys.stderr)
        return "-"
    return str(folder.log)


def _redact_line(line: str) -> str:
    try:
        value = json.loads(line)
    except ValueError:
        return _redact_text(line)
    return json.dumps(blackened(value), ensure_ascii=False) if isinstance(value, dict) else _redact_text(line)


def _redact_text(text: str) -> str:
    for form, instead in _FORMS:
        text = form.sub(instead, text)
    return _OPAQUE.sub(lambda run: run[0] if _UUID.fullmatch(run[0]) else f"{run[0][:6]}...", text)


def _doctor(folder: Folder, database: str | None, port: int, clock: Clock) -> object:
    patient = doctor.Patient(folder, database, DEFAULT_HOST, port, clock)
    return json.loads(redact(doctor.as_json(doctor.examine(patient), Voice("en"))))


def _text(make: Callable[[], object]) -> str:
    try:
        made = make()
    except Exception as error:  # a bundle with a gap helps more than none
        made = {"could not be found out": f"{type(error).__name__}: {redact(str(error))}"}
    return made if isinstance(made, str) else json.dumps(made, ensure_ascii=False, indent=2)
