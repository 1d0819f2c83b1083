"""HCI: what a Bluetooth controller tells the kernel, byte for byte; here, the events that carry adverts.

Never raises, whatever the bytes; of an event cut short, the reports that were whole are kept. Pure.
Where events come from is for `sources/monitor.py` and `sources/btsnoop.py`; what is inside an advert, for `groundwork.adverts`.
Source: Bluetooth Core Specification 5.4, vol. 4, part E, sections 7.7.65.2 (advertising report) and 7.7.65.13 (extended).
"""

import struct
from typing import Final, NamedTuple

LE_META: Final = 0x3E
"""The event code under which everything Low Energy arrives."""
_REPORT: Final = 0x02
_EXTENDED_REPORT: Final = 0x0D
_LEGACY_HEAD: Final = struct.Struct("<BB6sB")
_EXTENDED_HEAD: Final = struct.Struct("<HB6s4xbH7xB")
_MORE: Final = 0b01
_MOST_UNFINISHED: Final = 64
"""Long adverts that wait for their rest; a radio hears a handful at once."""
_LONGEST: Final = 1_650
"""The most that an extended advert may hold (section 7.8.54)."""


class Report(NamedTuple):
    """One advert as the controller reports it. `rssi_dbm` 127 means that it was not measured."""

    address: str
    rssi_dbm: int
    data: bytes


class Reports:
    """Takes the events of one controller in order, and puts adverts together that came in several parts."""

    def __init__(self) -> None:
        self._unfinished: dict[tuple[bytes, int], bytes] = {}

    def of(self, event: bytes) -> tuple[list[Report], bool]:
        """The adverts in `event` (code, length, parameters), and whether it was as the specification says.

        Other events give none and are in order.
        """
        if len(event) < 4 or event[0] != LE_META or event[2] not in (_REPORT, _EXTENDED_REPORT):
            return [], True
        whole = event[1] == len(event) - 2
        found: list[Report] = []
        at = 4
        for _ in range(event[3]):
            read = self._legacy(event, at, found) if event[2] == _REPORT else self._extended(event, at, found)
            if not read:
                return found, False
            at += read
        return found, whole

    def _legacy(self, event: bytes, at: int, found: list[Report]) -> int:
        """Reads the report at `at`; returns its bytes, 0 where it runs past the end."""
        size = _LEGACY_HEAD.size
        if at + size > len(event):
            return 0
        _, _, address, length = _LEGACY_HEAD.unpack_from(event, at)
        end: int = at + size + length
        if end >= len(event):
            return 0
        found.append(Report(_text(address), _signed(event[end]), event[at + size : end]))
        return end + 1 - at

    def _extended(self, event: bytes, at: int, found: list[Report]) -> int:
        size = _EXTENDED_HEAD.size
        if at + size > len(event):
            return 0
        kind, _, address, rssi, _, length = _EXTENDED_HEAD.unpack_from(event, at)
        end: int = at + size + length
        if end > len(event):
            return 0
        part = event[at + size : end]
        advert = self._joined((address, event[at + 11]), part, kind >> 5 & 0b11)
        if advert is not None:
            found.append(Report(_text(address), rssi, advert))
        return end - at

    def _joined(self, key: tuple[bytes, int], part: bytes, status: int) -> bytes | None:
        """What came of one advertising set so far; None while more is to come. What the radio lost the end of counts as it is."""
        so_far = self._unfinished.pop(key, b"") + part
        if status != _MORE or len(so_far) > _LONGEST:
            return so_far
        if len(self._unfinished) >= _MOST_UNFINISHED:
            del self._unfinished[next(iter(self._unfinished))]
        self._unfinished[key] = so_far
        return None


def report_event(address: str, rssi_dbm: int, data: bytes, kind: int = 3) -> bytes:
    """The event of one legacy advert, for tests and simulations; `kind` 3 is an advert that takes no connections."""
    head = _LEGACY_HEAD.pack(kind, 1, _bytes(address), len(data))
    return _event(_REPORT, head + data + struct.pack("b", rssi_dbm))


def extended_event(address: str, rssi_dbm: int, data: bytes, *, more: bool = False) -> bytes:
    """The event of an extended advert, or with `more` of a part that is not the last."""
    kind = (_MORE if more else 0) << 5
    return _event(_EXTENDED_REPORT, _EXTENDED_HEAD.pack(kind, 1, _bytes(address), rssi_dbm, 0, len(data)) + data)


def _event(kind: int, report: bytes) -> bytes:
    return bytes((LE_META, len(report) + 2, kind, 1)) + report


def _text(address: bytes) -> str:
    return address[::-1].hex(":").upper()


def _bytes(address: str) -> bytes:
    return bytes.fromhex(address.replace(":", ""))[::-1]


def _signed(byte: int) -> int:
    return byte - 256 if byte > 127 else byte
