"""Feeds: what a third-party box's payload says, in the one form that the sieve judges; one file in `feeds/` for each kind of box.

Pure: a topic and bytes in, what was heard out. A payload that cannot be read raises FeedError and nothing else, whatever the bytes; an
entry of a readable payload that cannot be read is counted, and the others go on. What is believed of it is for `sieve.py`.

Raw bytes of an advert are handed on as they came. A beacon whose fields stand in the clear is put back into the bytes it was sent in, so
that everything heard passes through the same decoder and the same gate.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from math import isfinite
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from groundwork.adverts.ad_structures import LONGEST_VALUE, MANUFACTURER_DATA, SERVICE_DATA_16, structure
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.contracts.unfit import Wrong

UNREADABLE: Final = "feed_unreadable"
UNREADABLE_ENTRY: Final = "feed_unreadable_entry"
MOST_BYTES: Final = 256 * 1024
"""Of a payload. A busy box's second of adverts has 30 kB; more would hold the event loop while it is read."""
MOST_HEARD: Final = 5_000
"""Adverts in one payload: what 256 kB can hold, with room."""
_NUMBERS: Final = 65_535
_UUID_DIGITS: Final = 32
_ADDRESS_DIGITS: Final = 12
_HEX: Final = frozenset("0123456789abcdef")

Entry: TypeAlias = dict[str, Any]
"""A JSON object as it came."""


class FeedError(Wrong):
    """A payload that cannot be read at all: what stands there and what was expected. The phrase quotes nothing that tells of a sender."""


class Heard(NamedTuple):
    """One advert as a third party's box tells of it."""

    box: str
    """The box that heard it, by the name it gives itself, as `Feed.box` writes it."""
    rssi_dbm: float
    ad: bytes
    """AD structures; empty where the payload has only the sender's address."""
    address: str = ""
    at_ms: int | None = None
    """When, by the box's own clock; None where it does not say."""


@dataclass(frozen=True, slots=True)
class Said:
    """What one payload says. Both may be empty: boxes also tell how they do."""

    heard: list[Heard] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    """Entries that could not be read, by reason."""


def _as_it_is(name: str) -> str:
    return name


class Feed(NamedTuple):
    """A kind of box: its name, its reader, and what it is usually set up with."""

    name: str
    read: Callable[[str, bytes], Said]
    """Reads a payload that came under a topic; raises FeedError and nothing else."""
    topic: str
    """The filter that catches the kind's adverts where its settings were left alone."""
    timed: bool = False
    """Whether payloads say when an advert was heard."""
    by_topic: bool = False
    """Whether only the topic says which box it is, so that a payload posted without one says nothing."""
    box: Callable[[str], str] = _as_it_is
    """A box's name as readers write it: addresses come in capitals, with colons or without."""


def json_of(payload: bytes) -> Any:
    """`payload` as JSON; raises FeedError."""
    if len(payload) > MOST_BYTES:
        raise FeedError(
            f"a payload has {MOST_BYTES} bytes at most, got {len(payload)}",
            f"الحد الأقصى للحمولة {MOST_BYTES} بايت، وحجم هذه {len(payload)}",
        )
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise FeedError("the payload is no JSON", "الحمولة ليست JSON") from None


def text(entry: Entry, name: str) -> str:
    """The text of that name; empty where there is none."""
    found = entry.get(name)
    return found if isinstance(found, str) else ""


def number(entry: Entry, name: str) -> float | None:
    """The number of that name, also one written as a text; None where there is none."""
    found = entry.get(name)
    if isinstance(found, str):
        try:
            found = float(found)
        except ValueError:
            return None
    if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e6:
        return None
    return float(found) if isfinite(found) else None


def raw(entry: Entry, name: str) -> bytes:
    """The bytes of that name, in hex; empty where there are none or they are no hex."""
    try:
        return bytes.fromhex(text(entry, name))
    except ValueError:
        return b""


def address_of(said: str) -> str:
    """The 12 lower-case hex digits of a radio address, however it is written; empty where it is none."""
    digits = said.lower().replace(":", "").replace("-", "")
    return digits if len(digits) == _ADDRESS_DIGITS and _HEX.issuperset(digits) else ""


def ibeacon_bytes(uuid: str, major: float | None, minor: float | None, power: float | None = None) -> bytes:
    """The advert in which an iBeacon of these fields was sent; empty where they are none."""
    digits = uuid.lower().replace("-", "")
    if len(digits) != _UUID_DIGITS or not _HEX.issuperset(digits) or not (_sixteen(major) and _sixteen(minor)):
        return b""
    assert major is not None
    assert minor is not None
    sent = int(power) if power is not None and -128 <= power <= 127 else 0  # 0: do not range by it
    return encode_ibeacon(digits, int(major), int(minor), sent)


def _sixteen(value: float | None) -> bool:
    return value is not None and value == int(value) and 0 <= value <= _NUMBERS


def manufacturer(value: bytes) -> bytes:
    """Manufacturer data, company id first, as the AD structure it came in; empty for none, and for more than one can hold."""
    return structure(MANUFACTURER_DATA, value) if 2 <= len(value) <= LONGEST_VALUE else b""


def service(uuid: str, value: bytes) -> bytes:
    """Service data of a 16-bit UUID, written `0xfeaa`, `feaa` or in full, as the AD structure it came in; empty for anything else."""
    digits = uuid.lower().removeprefix("0x").replace("-", "")
    if len(digits) == _UUID_DIGITS and digits.startswith("0000") and digits.endswith("00001000800000805f9b34fb"):
        digits = digits[4:8]
    if len(digits) != 4 or not _HEX.issuperset(digits) or not value or len(value) > LONGEST_VALUE - 2:
        return b""
    return structure(SERVICE_DATA_16, bytes.fromhex(digits)[::-1] + value)
