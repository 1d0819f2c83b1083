"""Decoding: an advert's bytes to the frames in it. The one entry to `formats/`; never raises, whatever the bytes.

Which frames may go on is for the gateway's gate, and whose token it is for the server.
"""

from typing import Final

from groundwork.adverts.ad_structures import COMPLETE_NAME, SERVICE_DATA_16, SHORT_NAME, TX_POWER, structures
from groundwork.adverts.formats import FORMATS
from groundwork.adverts.frame import NO_OPTIONS, Format, Frame, Options

_OWNER_BYTES: Final = 2
_SHORT_ETLM: Final = b"\x11\x16\xaa\xfe\x20\x01"
"""Beacons are about that give their encrypted telemetry the length of a plain one, so that salt and check hang over the end."""
_ETLM_LENGTH: Final = 0x15


def _table(ad_type: int) -> tuple[dict[bytes, tuple[Format, ...]], tuple[Format, ...]]:
    """The formats to try on a structure of `ad_type`, in the order listed: by the owner its value begins with, and for any other owner."""
    here = [each for each in FORMATS if each.ad_type == ad_type]
    owners = {each.owner for each in here if each.owner}
    return {owner: tuple(each for each in here if each.owner in (b"", owner)) for owner in owners}, tuple(x for x in here if not x.owner)


_TABLES = {ad_type: _table(ad_type) for ad_type in {each.ad_type for each in FORMATS}}
_DECODERS = {
    ad_type: ({owner: tuple(each.decode for each in formats) for owner, formats in owned.items()}, tuple(each.decode for each in free))
    for ad_type, (owned, free) in _TABLES.items()
}


def decode(data: bytes, options: Options = NO_OPTIONS) -> list[Frame]:
    """The frames in the AD structures `data`, in the order sent; empty where nothing is recognised."""
    found = []
    for ad_type, value in structures(data, _DECODERS):
        owned, free = _DECODERS[ad_type]
        for decoder in owned.get(value[:_OWNER_BYTES], free):
            frame = decoder(value, options)
            if frame is not None:
                found.append(frame)
                break
    return found if found or _SHORT_ETLM not in data else _hanging_over(data, options)


def _hanging_over(data: bytes, options: Options) -> list[Frame]:
    at = data.index(_SHORT_ETLM)
    frame = decode_structure(SERVICE_DATA_16, data[at + 2 : at + 1 + _ETLM_LENGTH], options)
    return [] if frame is None else [frame]


def decode_structure(ad_type: int, value: bytes, options: Options = NO_OPTIONS) -> Frame | None:
    """The frame in one AD structure that has already been taken apart, as radio libraries hand it over."""
    owned, free = _DECODERS.get(ad_type, ({}, ()))
    for decoder in owned.get(value[:_OWNER_BYTES], free):
        frame = decoder(value, options)
        if frame is not None:
            return frame
    return None


def spoken_beside(data: bytes) -> dict[str, object]:
    """What an advert says beside its frames: `local_name`, and `tx_power_level` in dBm as sent."""
    said: dict[str, object] = {}
    for ad_type, value in structures(data, (SHORT_NAME, COMPLETE_NAME, TX_POWER)):
        if ad_type != TX_POWER:
            said["local_name"] = value.decode("utf-8", "replace")
        elif len(value) == 1:
            said["tx_power_level"] = int.from_bytes(value, "big", signed=True)
    return said
