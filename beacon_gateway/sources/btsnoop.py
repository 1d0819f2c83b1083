"""btsnoop: what `btmon -w FILE` and Android's Bluetooth log write, as a recording; on a pipe as well (`btmon -w /dev/stdout`).

Every HCI event with adverts becomes adverts of the radio whose adapter it names; all other traffic is passed over and kept nowhere.
Opening, pacing and reading on after a restart are for `beacon_gateway.recording`, events for `beacon_gateway.hci`.
Source: BlueZ, src/shared/btsnoop.c; RFC 1761, on which the format is built.
"""

import struct
from collections.abc import Mapping
from typing import Final

from beacon_gateway import words
from beacon_gateway.hci import Reports
from beacon_gateway.recording import Recording
from groundwork.adverts.advert import Advert
from groundwork.contracts.ids import GatewayId
from groundwork.contracts.unfit import Wrong

HEAD: Final = struct.Struct(">8sII")
RECORD: Final = struct.Struct(">IIIIq")
MAGIC: Final = b"btsnoop\0"
VERSION: Final = 1
HCI: Final = 1001
"""Packets without a type byte: the flags tell commands and events from all else."""
UART: Final = 1002
"""Packets with their H4 type byte first, as Android writes them."""
MONITOR: Final = 2001
"""Linux' own: the flags hold adapter and kind, as on the monitor channel."""
_UART_EVENT: Final = b"\x04"
_RECEIVED_EVENT: Final = 0b11
MONITOR_EVENT: Final = 3
EPOCH_US: Final = 0x00DCDDB30F2F8000
"""Microseconds from the year 0, from which btsnoop counts, to 1970."""
_YEAR_10000_US: Final = 253_402_300_800_000_000
_LONGEST: Final = 1 << 16
"""An HCI packet is far shorter; a length beyond it says that we are reading something else."""


class Packets:
    """The form of btsnoop. `radios` are gateway ids by adapter index; `box` hears through all others."""

    head_bytes = HEAD.size
    wrong = words.SOURCE_RECORD

    def __init__(self, radios: Mapping[int, GatewayId], box: GatewayId) -> None:
        self._radios = radios
        self._box = box
        self._link = 0
        self._reports: dict[int, Reports] = {}

    def begin(self, head: bytes) -> None:
        """Raises ValueError unless these are btsnoop's first bytes, of a kind that can hold HCI events."""
        magic, version, link = HEAD.unpack(head) if len(head) == HEAD.size else (head, 0, 0)
        if magic != MAGIC or version != VERSION:
            raise Wrong(
                f"begins with {head[:8]!r}; a btsnoop file begins with {MAGIC!r} and version {VERSION}",
                f"أوله {head[:8]!r}؛ وأول ملف btsnoop هو {MAGIC!r} والإصدار {VERSION}",
            )
        if link not in (HCI, UART, MONITOR):
            raise Wrong(
                f"btsnoop of link type {link}; expected {HCI}, {UART} or {MONITOR}",
                f"ملف btsnoop نوع وصلته {link}؛ والمتوقع {HCI} أو {UART} أو {MONITOR}",
            )
        self._link = link

    def record_bytes(self, buffer: bytearray, _searched: int, *, at_end: bool) -> int:
        """By the length the record gives; a torn last one is what is left."""
        size = RECORD.size
        if len(buffer) >= RECORD.size:
            size += RECORD.unpack_from(buffer)[1]
            if size > _LONGEST:
                raise ValueError(f"a packet of {size - RECORD.size} bytes; expected at most {_LONGEST}")
        if len(buffer) >= size:
            return size
        return len(buffer) if at_end else 0

    def adverts(self, raw: bytes) -> list[Advert]:
        """Raises ValueError for a torn record, an event cut short and an impossible time."""
        packet = raw[RECORD.size :]
        if len(raw) < RECORD.size or len(packet) != RECORD.unpack_from(raw)[1]:
            raise ValueError(f"a record of {len(raw)} bytes; the recording ends within it")
        _, _, flags, _, stamp_us = RECORD.unpack_from(raw)
        event, adapter = self._event(flags, packet)
        reports, whole = self._reports.setdefault(adapter, Reports()).of(event)
        if not whole:
            raise ValueError(f"an advertising report cut short: {packet[:16].hex()}")
        if not reports:
            return []
        at_us = stamp_us - EPOCH_US
        if not 0 <= at_us < _YEAR_10000_US:
            raise ValueError(f"the time {stamp_us}; expected one between 1970 and 9999")
        radio = self._radios.get(adapter, self._box)
        return [Advert(radio, at_us // 1000, float(report.rssi_dbm), report.data, report.address) for report in reports]

    def _event(self, flags: int, packet: bytes) -> tuple[bytes, int]:
        """The HCI event in a packet, empty for anything else, and the index of its adapter."""
        if self._link == MONITOR:
            return (packet if flags & 0xFFFF == MONITOR_EVENT else b""), flags >> 16
        if self._link == UART:
            return (packet[1:] if packet[:1] == _UART_EVENT else b""), 0
        return (packet if flags & _RECEIVED_EVENT == _RECEIVED_EVENT else b""), 0


class BtsnoopSource(Recording):
    """Adverts of the btsnoop recording at `path`, or of standard input for `-`."""

    def __init__(self, path: str, radios: Mapping[int, GatewayId], box: GatewayId, resume: str = "", *, strict: bool = False) -> None:
        super().__init__(path, Packets(radios, box), resume, strict=strict)
