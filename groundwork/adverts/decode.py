"""Decoding: an advert's bytes to the frames in it. The one entry to `formats/`; never raises, whatever the bytes.

Which frames may go on is for the gateway's gate, and whose token it is for the server.
"""

from groundwork.adverts.ad_structures import structures
from groundwork.adverts.formats import FORMATS
from groundwork.adverts.frame import NO_OPTIONS, Frame, Options

_DECODERS = {ad_type: tuple(f.decode for f in FORMATS if f.ad_type == ad_type) for ad_type in {f.ad_type for f in FORMATS}}


def decode(data: bytes, options: Options = NO_OPTIONS) -> list[Frame]:
    """The frames in the AD structures `data`, in the order sent; empty where nothing is recognised."""
    found = []
    for ad_type, value in structures(data, _DECODERS):
        for decoder in _DECODERS[ad_type]:
            frame = decoder(value, options)
            if frame is not None:
                found.append(frame)
                break
    return found


def decode_structure(ad_type: int, value: bytes, options: Options = NO_OPTIONS) -> Frame | None:
    """The frame in one AD structure that has already been taken apart, as radio libraries hand it over."""
    for decoder in _DECODERS.get(ad_type, ()):
        frame = decoder(value, options)
        if frame is not None:
            return frame
    return None
