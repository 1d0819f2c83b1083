"""What the commands hand to the code that does the work: one frozen value per command, complete and checked.

The command line fills them; the variables named here stand behind the options that were not typed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

LANGUAGE = "AISLECAST_LANG"
"""`ar` or `en`, where `--lang` is not given; without it the locale decides."""
HOME = "AISLECAST_HOME"
"""The data folder where `--data` is not given."""
DATABASE = "AISLECAST_DATABASE"
"""A PostgreSQL address where `--database` is not given; a password belongs here and not on the command line."""
CLOCK = "AISLECAST_CLOCK"
"""`system`, or a rehearsal's `START_MS@WALL_MSxSPEED`, where `--clock` is not given."""
SERVER = "AISLECAST_SERVER"
"""The server a till talks to where `--server` is not given."""
VENUE = "AISLECAST_VENUE"
"""The venue a till stands in where `--venue` is not given."""
TILL_TOKEN = "AISLECAST_TILL_TOKEN"  # noqa: S105 # the name of a variable, not a token
"""A till's bearer token; there is no option for it, since other accounts can read a command line."""

DEFAULT_PORT = 8000
DEFAULT_HOST = "127.0.0.1"
DEFAULT_TENANT = "default"
"""The tenant of a fresh installation."""


@dataclass(frozen=True, slots=True)
class UpOptions:
    """What `aislecast up` was asked for."""

    demo: bool
    """Whether the demo shop and its simulated shoppers run."""
    port: int
    host: str
    data: Path
    """The data folder; made, locked and migrated before the server starts."""
    tls: str
    """`off`, `self`, or `CERT,KEY`: two PEM files."""
    insecure: bool
    """Whether plain HTTP off the loopback was asked for in so many words."""
    language: str
    """`ar` or `en`, of the terminal."""
    plain: bool
    """Plain lines instead of the live view; always so when the output is not a terminal."""
    database: str | None
    """A PostgreSQL address; None for the SQLite file in the data folder."""
    clock: str
    """See `groundwork.plumbing.clock.clock_from`."""


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What `aislecast replay` was asked for."""

    recording: Path
    part: str | None
    """The recording's part, for example `dev`; None where it has only one."""
    sessions: str
    """A glob over session names; `*` for all."""
    calibration: Path | None
    window_ms: int
    speed: str
    """`max`, or a number above 0: how many times as fast as it was recorded."""
    score: bool
    predictions: Path | None
    json: bool
    language: str
    progress: bool = False
    """Whether to say on standard error how far it is."""


@dataclass(frozen=True, slots=True)
class TwinOptions:
    """What `aislecast twin run` was asked for."""

    seed: int
    shoppers: int
    minutes: float
    out: Path
    language: str


def default_home(environment: Mapping[str, str]) -> Path:
    """The data folder nobody named: AISLECAST_HOME, else `aislecast` where the XDG base directories put an account's data."""
    if environment.get(HOME):
        return Path(environment[HOME])
    shared = environment.get("XDG_DATA_HOME") or str(Path(environment.get("HOME", "~")).expanduser() / ".local" / "share")
    return Path(shared) / "aislecast"
