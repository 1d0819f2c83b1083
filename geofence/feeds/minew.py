"""Minew G1, MG3, MG4: a second of adverts in one payload, as a JSON array or in binary, over MQTT (`/gw/<box>/status`) or HTTP.

JSON-LONG: the first object is the box (`"type": "Gateway"`), the others are adverts with `rawData`, or with an iBeacon's fields in the
clear, or with neither: then the sender's address is all. JSON-RAW: the first object has `gateway`, the others no bytes at all.
Binary long: BB01, length, box, senders; each with its adverts, each of these with an RSSI byte in two's complement:

    BB01 | length u32 | box 6 | senders u16 | sender 6 | adverts u16 | length u8 | bytes | response u8 | RSSI i8 | ... | DD    (big-endian)

Short binary (BB00) and MINEW-CONNECT (BB02) name no box and are refused.
Source: real payloads in public repositories, and reelyactive/barnowl-minew's tests for the binary form (facts, no code).
"""

from collections import Counter
from datetime import datetime
from typing import Any, Final

from geofence.feeding.feed import (
    MOST_BYTES,
    MOST_HEARD,
    UNREADABLE_ENTRY,
    Entry,
    Feed,
    FeedError,
    Heard,
    Said,
    address_of,
    ibeacon_bytes,
    json_of,
    number,
    raw,
    text,
)

_BINARY: Final = 0xBB
_LONG: Final = b"\xbb\x01"
_TAIL: Final = 0xDD
_HEAD_BYTES: Final = 14
_LATEST_MS: Final = 1 << 52


def read(topic: str, payload: bytes) -> Said:
    """What the payload says, in either form."""
    if payload[:1] == bytes((_BINARY,)):
        return _binary(payload)
    entries = json_of(payload)
    if not isinstance(entries, list):
        got = type(entries).__name__
        raise FeedError(f"expected a JSON array, got {got}", f"المتوقع قائمة JSON، والمعطى {got}")
    if len(entries) > MOST_HEARD:
        count = len(entries)
        raise FeedError(f"expected {MOST_HEARD} entries at most, got {count}", f"الحد الأقصى للمدخلات {MOST_HEARD}، والمعطى {count}")
    return _of_array(entries, _box(entries, topic))


def _box(entries: list[Any], topic: str) -> str:
    """Who sends: as the first object says, else the topic. Raises FeedError where neither does."""
    first = entries[0] if entries and isinstance(entries[0], dict) else {}
    said = text(first, "gateway") or (text(first, "mac") if first.get("type") == "Gateway" else "")
    found = address_of(said) or next((address for part in topic.split("/") if (address := address_of(part))), "")
    if not found:
        raise FeedError(
            "neither the payload's first object nor its topic names the box that sends",
            "لا أول كائن في الحمولة ولا موضوعها يذكر الصندوق المُرسِل",
        )
    return found


def _of_array(entries: list[Any], box: str) -> Said:
    said = Said([], Counter())
    for entry in entries:
        if isinstance(entry, dict) and (entry.get("type") == "Gateway" or "gateway" in entry):
            continue
        heard = _heard(box, entry) if isinstance(entry, dict) else None
        if heard is None:
            said.refused[UNREADABLE_ENTRY] += 1
        else:
            said.heard.append(heard)
    return said


def _heard(box: str, entry: Entry) -> Heard | None:
    rssi_dbm = number(entry, "rssi")
    address = address_of(text(entry, "mac"))
    ad = raw(entry, "rawData") or ibeacon_bytes(
        text(entry, "ibeaconUuid"), number(entry, "ibeaconMajor"), number(entry, "ibeaconMinor"), number(entry, "ibeaconTxPower")
    )
    if rssi_dbm is None or not (ad or address):
        return None
    return Heard(box, rssi_dbm, ad, address, _at_ms(text(entry, "timestamp")))


def _at_ms(said: str) -> int | None:
    """`2019-08-13T06:06:20Z`, with or without fractions, in ms since 1970; None where it is no time."""
    try:
        at = datetime.fromisoformat(said)
        at_ms = round(at.timestamp() * 1000) if at.tzinfo is not None else -1
    except (ValueError, OverflowError, OSError):
        return None
    return at_ms if 0 <= at_ms < _LATEST_MS else None


def _binary(payload: bytes) -> Said:
    if payload[:2] != _LONG:
        got = payload[:2].hex()
        raise FeedError(f"expected binary long (bb01), got {got}", f"المتوقع الصيغة الثنائية الطويلة (bb01)، والمعطى {got}")
    whole = len(payload) <= MOST_BYTES and len(payload) == int.from_bytes(payload[2:6], "big") and payload[-1] == _TAIL
    if not whole or len(payload) <= _HEAD_BYTES:
        size = len(payload)
        raise FeedError(f"a binary payload of {size} bytes is cut short or damaged", f"حمولة ثنائية حجمها {size} بايت مبتورة أو تالفة")
    box, said, at = payload[6:12].hex(), Said(), _HEAD_BYTES
    for _ in range(int.from_bytes(payload[12:14], "big")):
        at = _sender(payload, at, box, said)
    return said


def _sender(payload: bytes, at: int, box: str, said: Said) -> int:
    """Adds one sender's adverts; where the next one begins. Raises FeedError where they run past the end."""
    address, adverts = payload[at : at + 6].hex(), int.from_bytes(payload[at + 6 : at + 8], "big")
    at += 8
    for _ in range(adverts):
        end = at + 1 + payload[at] if at < len(payload) else len(payload)
        if end + 2 >= len(payload):  # two bytes follow each advert, and the tail after all of them
            raise FeedError("an advert runs past the end of its payload", "إعلان يتجاوز نهاية حمولته")
        rssi = payload[end + 1]
        said.heard.append(Heard(box, float(rssi - 256 if rssi > 127 else rssi), payload[at + 1 : end], address))
        at = end + 2
    return at


FEED: Final = Feed("minew", read, "/gw/+/status", timed=True, box=lambda name: address_of(name) or name)
