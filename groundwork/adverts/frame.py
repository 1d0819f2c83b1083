"""Frames: what one AD structure says once a format has recognised it, and what a format is.

Each file in `formats/` has a frame class of its own with typed fields, named as in the format's specification; this file says what
all of them offer. `decode.py` tries the formats on an advert's bytes.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from groundwork.contracts.ids import BeaconKey


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


@dataclass(frozen=True, slots=True)
class Options:
    """What a decoder must be told, because the bytes alone do not say it."""

    token_company: int | None = None
    """The company id under which phones send shopper tokens as manufacturer data; None where they do not."""
    token_marker: tuple[int, int] | None = None
    """The major and minor that mark an iBeacon whose UUID is a shopper token; None where there is no marker."""


NO_OPTIONS = Options()


class Format(NamedTuple):
    """A beacon format: its name, the AD type it travels in, and its decoder, which never raises and gives None for what is not its own."""

    name: str
    ad_type: int
    decode: Callable[[bytes, Options], Frame | None]
