"""Eddystone: what its frame types share. Each has a file of its own in `formats/`.

Frames are service data of UUID FEAA; the byte after the UUID is the frame type. Other vendors send types of their own under FEAA.
Source: google/eddystone, protocol-specification.md.
"""

from typing import Final

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, SERVICE_DATA_16, structure

UUID: Final = b"\xaa\xfe"
"""FEAA, little-endian."""
LOSS_OF_FIRST_METRE_DB: Final = 41
"""Eddystone gives the power at 0 m; the specification says to subtract this for 1 m."""
_SERVICE_UUIDS: Final = b"\x03\x03" + UUID


def signed(byte: int) -> int:
    """A byte in two's complement."""
    return byte - 256 if byte > 127 else byte


def advert_of(frame: bytes) -> bytes:
    """An advert's AD structures with `frame`, which begins with its type: flags, service UUID, service data. Frames have up to 20 bytes."""
    return GENERAL_DISCOVERABLE + _SERVICE_UUIDS + structure(SERVICE_DATA_16, UUID + frame)
