"""The beacon formats, in the order they are tried. To add one: a file here and a line below.

A shopper token may wear an iBeacon, so it is tried first: read as a beacon it would be a stranger.
"""

from groundwork.adverts.formats import (
    altbeacon,
    bthome_v2,
    eddystone_eid,
    eddystone_etlm,
    eddystone_tlm,
    eddystone_uid,
    eddystone_url,
    ibeacon,
    minew,
    ruuvi_rawv1,
    ruuvi_rawv2,
    shopper_token,
)
from groundwork.adverts.frame import Format

FORMATS: tuple[Format, ...] = (
    shopper_token.FORMAT,
    ibeacon.FORMAT,
    ruuvi_rawv2.FORMAT,
    ruuvi_rawv1.FORMAT,
    altbeacon.FORMAT,
    eddystone_uid.FORMAT,
    eddystone_tlm.FORMAT,
    eddystone_eid.FORMAT,
    eddystone_url.FORMAT,
    eddystone_etlm.FORMAT,
    bthome_v2.FORMAT,
    minew.FORMAT,
)
