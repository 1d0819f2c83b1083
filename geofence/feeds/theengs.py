"""Theengs Gateway and OpenMQTTGateway: one JSON object for each advert, under `<base>/<box>/BTtoMQTT/<sender>`.

Read are `uuid`, `major` and `minor` of an iBeacon; `manufacturerdata` and `servicedata` with `servicedatauuid`, which a box sends beside
what it has decoded only where it is told to (`pubadvdata`, `publish_advdata`); and the sender's address, `mac` or `id`. Nothing says when.
Source: docs.openmqttgateway.com and gateway.theengs.io, "use" pages; payloads seen in their issues.
"""

from typing import Final

from geofence.feeding.feed import (
    Entry,
    Feed,
    FeedError,
    Heard,
    Said,
    address_of,
    ibeacon_bytes,
    json_of,
    manufacturer,
    number,
    raw,
    service,
    text,
)

_MARK: Final = "BTtoMQTT"


def read(topic: str, payload: bytes) -> Said:
    """What the payload says; nothing where it tells of the box itself or of an absence."""
    parts = topic.split("/")
    if _MARK not in parts[1:]:
        return Said()
    box = parts[parts.index(_MARK, 1) - 1]
    entry = json_of(payload)
    if not isinstance(entry, dict):
        got = type(entry).__name__
        raise FeedError(f"expected a JSON object, got {got}", f"المتوقع كائن JSON، والمعطى {got}")
    rssi_dbm = number(entry, "rssi")
    if rssi_dbm is None:  # `{"id": ..., "presence": "absent"}`
        return Said()
    return Said([Heard(box, rssi_dbm, _ad(entry), address_of(text(entry, "mac")) or address_of(text(entry, "id")))])


def _ad(entry: Entry) -> bytes:
    beacon = ibeacon_bytes(text(entry, "uuid"), number(entry, "major"), number(entry, "minor"), number(entry, "txpower"))
    as_sent = manufacturer(raw(entry, "manufacturerdata")) + service(text(entry, "servicedatauuid"), raw(entry, "servicedata"))
    return beacon + as_sent


FEED: Final = Feed("theengs", read, "+/+/BTtoMQTT/+", by_topic=True)
