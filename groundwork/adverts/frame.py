"""Frames: what one AD structure says once a format has recognised it, and what a format is.

Each file in `formats/` has a frame class of its own with typed fields, named as in the format's specification; this file says what
all of them offer. `decode.py` tries the formats on an advert's bytes.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Protocol, runtime_checkable

from groundwork.contracts.ids import BeaconKey

ALTBEACON_CODE: Final = b"\xbe\xac"


class Frame(Protocol):
    """A recognised AD structure."""

    @property
    def format(self) -> str:
        """The format's name, as `formats/` lists it."""
        ...

    @property
    def beacon(self) -> BeaconKey | None:
        """Who sent it; None for a frame that identifies nobody (telemetry)."""
        ...

    @property
    def power_1m_dbm(self) -> int | None:
        """The RSSI expected at 1 m, for ranging; None where the frame does not say or cannot be believed."""
        ...

    def said(self) -> dict[str, object]:
        """Every field by its name, as JSON can hold it."""
        ...


class Telemetry(NamedTuple):
    """How a beacon does, as far as one frame says; None is "not said"."""

    battery_pct: float | None = None
    battery_mv: int | None = None
    temperature_c: float | None = None

    def over(self, earlier: "Telemetry") -> "Telemetry":
        """This, with what it does not say taken from `earlier`."""
        return Telemetry(
            earlier.battery_pct if self.battery_pct is None else self.battery_pct,
            earlier.battery_mv if self.battery_mv is None else self.battery_mv,
            earlier.temperature_c if self.temperature_c is None else self.temperature_c,
        )


@runtime_checkable
class Measuring(Protocol):
    """A frame that tells how its sender does."""

    @property
    def telemetry(self) -> Telemetry:
        """Battery and temperature."""
        ...


@runtime_checkable
class Counted(Protocol):
    """A frame that may bear a count which rises with each its sender makes, and which nobody else can make."""

    @property
    def counter(self) -> int | None:
        """None where it bears none."""
        ...

    @property
    def address(self) -> str:
        """The sender's own word for its address, 12 hex digits; empty where it does not give it."""
        ...


@dataclass(frozen=True, slots=True)
class Options:
    """What a decoder must be told, because the bytes alone do not say it."""

    token_company: int | None = None
    """The company id under which phones send shopper tokens as manufacturer data; None where they do not."""
    token_marker: tuple[int, int] | None = None
    """The major and minor that mark an iBeacon whose UUID is a shopper token; None where there is no marker."""
    altbeacon_code: bytes = ALTBEACON_CODE
    """The two bytes after the company id that make an AltBeacon; some fleets have a code of their own."""
    address: str = ""
    """The sender's address, 12 lower-case hex digits, where it is known: encrypted frames that do not repeat it need it."""
    bind_keys: Mapping[str, bytes] = field(default_factory=dict)
    """The 16-byte bind keys of encrypted BTHome senders by address; the key under the empty address is tried for all others."""


NO_OPTIONS = Options()


class Format(NamedTuple):
    """A beacon format: its name, the AD type it travels in, its decoder, and whose structures it reads.

    The decoder takes a structure's whole value, never raises, and gives None for what is not its own.
    """

    name: str
    ad_type: int
    decode: Callable[[bytes, Options], Frame | None]
    owner: bytes = b""
    """The company id or service UUID the value begins with, little-endian; empty for a format that any company may send."""
