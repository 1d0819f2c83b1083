"""ESPresense: one JSON object for each report on a device, under `espresense/devices/<device>/<room>`; the room is the box.

A device that is an iBeacon is called `iBeacon:<uuid>-<major>-<minor>`; for every other kind only its radio address is read, which is `mac`.
`rssi` is the box's own smoothed value, corrected by the receiver's offset, and is sent when the device has moved or a time is over. No raw
bytes, no time. Source: the firmware's own `devices` reports (facts, no code); espresense.com, "configuration".
"""

import re
from typing import Final

from geofence.feeding.feed import Entry, Feed, FeedError, Heard, Said, address_of, ibeacon_bytes, json_of, number, text

_MARK: Final = "devices"
_LEVELS: Final = 3
"""`devices/<device>/<room>`."""
_IBEACON: Final = re.compile(r"iBeacon:([0-9a-fA-F-]{32,36})-([0-9]{1,5})-([0-9]{1,5})")


def read(topic: str, payload: bytes) -> Said:
    """What the payload says; nothing for rooms' telemetry and settings."""
    parts = topic.split("/")
    if len(parts) < _LEVELS or parts[-_LEVELS] != _MARK:
        return Said()
    entry = json_of(payload)
    if not isinstance(entry, dict):
        got = type(entry).__name__
        raise FeedError(f"expected a JSON object, got {got}", f"المتوقع كائن JSON، والمعطى {got}")
    rssi_dbm = number(entry, "rssi")
    if rssi_dbm is None:
        return Said()
    device = text(entry, "id") or parts[-2]
    return Said([Heard(parts[-1], rssi_dbm, _ad(device, entry), address_of(text(entry, "mac")))])


def _ad(device: str, entry: Entry) -> bytes:
    found = _IBEACON.fullmatch(device)
    return ibeacon_bytes(found[1], float(found[2]), float(found[3]), number(entry, "rssi@1m")) if found else b""


FEED: Final = Feed("espresense", read, "espresense/devices/+/+", by_topic=True)
