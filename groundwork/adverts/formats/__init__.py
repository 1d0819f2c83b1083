"""The beacon formats, in the order they are tried. To add one: a file here and a line below.

A shopper token may wear an iBeacon, so it is tried first: read as a beacon it would be a stranger.
"""

from groundwork.adverts.formats import altbeacon, eddystone_uid, ibeacon, shopper_token
from groundwork.adverts.frame import Format

FORMATS: tuple[Format, ...] = (
    shopper_token.FORMAT,
    ibeacon.FORMAT,
    altbeacon.FORMAT,
    eddystone_uid.FORMAT,
)
