"""AD structures: an advert's bytes taken apart into (type, value) pairs.

Tolerant, because radios and vendors are not strict: a structure that runs past the end is dropped and the earlier ones are kept, so
a trailing RSSI byte or a packet cut short costs nothing that was whole. Never raises, whatever the bytes.
Which values mean something is for `formats/`. Source: Bluetooth Core Specification 5.4, vol. 3, part C, section 11.
"""

from collections.abc import Container
from typing import Final

MANUFACTURER_DATA: Final = 0xFF
SERVICE_DATA_16: Final = 0x16
FLAGS: Final = 0x01
SHORT_NAME: Final = 0x08
COMPLETE_NAME: Final = 0x09
TX_POWER: Final = 0x0A
GENERAL_DISCOVERABLE: Final = b"\x02\x01\x06"
"""The flags structure nearly every beacon sends first: general discoverable, no classic Bluetooth."""
LONGEST_VALUE: Final = 254
"""The length byte counts the type byte too."""


def structures(data: bytes, wanted: Container[int] = range(256)) -> list[tuple[int, bytes]]:
    """The (AD type, value) pairs in `data` of the types `wanted`, in order, up to zero padding or what runs past the end."""
    found = []
    at, last = 0, len(data) - 1
    while at < last:
        length = data[at]
        if not 0 < length <= last - at:
            break
        ad_type = data[at + 1]
        if ad_type in wanted:
            found.append((ad_type, data[at + 2 : at + 1 + length]))
        at += 1 + length
    return found


def structure(ad_type: int, value: bytes) -> bytes:
    """One AD structure; raises ValueError where `value` is longer than a structure can hold."""
    if len(value) > LONGEST_VALUE:
        raise ValueError(f"an AD structure holds {LONGEST_VALUE} bytes, got {len(value)}")
    return bytes((len(value) + 1, ad_type)) + value
