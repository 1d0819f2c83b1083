"""A Bluetooth controller of our own on the kernel's virtual bus (/dev/vhci): kernel and bluetoothd take it for a real one.

It answers what a kernel asks of a controller for Low Energy alone, and reports the adverts it is told to while the kernel scans.
Needs Linux with hci_vhci, and root. Running it without hardware is for `boot.sh`.
Source: Bluetooth Core Specification 5.4, vol. 4, part E, section 7; Linux, drivers/bluetooth/hci_vhci.c.
"""

import asyncio
import os
import struct
from collections import Counter
from pathlib import Path
from types import MappingProxyType
from typing import Final

from beacon_gateway.hci import report_event

DEVICE: Final = Path("/dev/vhci")
_NEW: Final = b"\xff\x00"
"""Vendor packet: make a primary controller."""
_COMMAND, _EVENT, _VENDOR = 0x01, 0x04, 0xFF
_LONGEST: Final = 1_024
_COMPLETE: Final = 0x0E
_SET_SCAN: Final = 0x200C
_LE_ONLY: Final = bytes((0, 0, 0, 0, 0x60, 0, 0, 0))
"""Features: Low Energy, and nothing of classic Bluetooth."""
_CONNECTABLE, _NOT_CONNECTABLE = 0, 3
_SAID: Final = MappingProxyType(
    {
        0x1001: struct.pack("<BHBHH", 9, 0, 9, 0xFFFF, 0),  # version 5.0, no company
        0x1002: bytes(64),  # of the commands that may be there, none
        0x1003: _LE_ONLY,
        0x1009: bytes.fromhex("1371da7d1a00"),  # 00:1A:7D:DA:71:13
        0x2002: struct.pack("<HB", 251, 4),  # buffers
        0x2003: bytes(8),
        0x2007: b"\x00",
        0x200F: b"\x08",
        0x201C: b"\xff" * 8,
        0x0C14: bytes(248),
    }
)
"""By command: what is answered after the status; nothing for all others."""


class Controller:
    """One adapter; plugged in while it is open."""

    def __init__(self) -> None:
        self._fd = -1
        self.scanning = False
        self.commands = Counter[int]()
        self.deaf = False
        """Hears nothing, and says nothing of it, until a scan is begun anew."""

    def plug_in(self) -> None:
        """Puts the adapter there. Raises OSError where the kernel has no virtual bus or we may not use it."""
        self._fd = os.open(DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
        asyncio.get_running_loop().add_reader(self._fd, self._readable)
        os.write(self._fd, _NEW)

    def pull_out(self) -> None:
        """Takes the adapter away, as a hand does."""
        if self._fd >= 0:
            asyncio.get_running_loop().remove_reader(self._fd)
            os.close(self._fd)
        self._fd, self.scanning = -1, False

    def advert(self, address: str, data: bytes, rssi_dbm: int = -60, *, connectable: bool = False) -> bool:
        """Reports an advert; False where nobody scans, or the radio is deaf."""
        if not self.scanning or self.deaf:
            return False
        event = report_event(address, rssi_dbm, data, _CONNECTABLE if connectable else _NOT_CONNECTABLE)
        os.write(self._fd, bytes((_EVENT,)) + event)
        return True

    def _readable(self) -> None:
        try:
            packet = os.read(self._fd, _LONGEST)
        except BlockingIOError:
            return
        if len(packet) < 4 or packet[0] != _COMMAND:
            return
        (opcode,) = struct.unpack_from("<H", packet, 1)
        self.commands[opcode] += 1
        if opcode == _SET_SCAN:
            begins = packet[4] == 1
            self.deaf = self.deaf and not (begins and not self.scanning)
            self.scanning = begins
        answer = struct.pack("<BH", 1, opcode) + b"\x00" + _SAID.get(opcode, b"")
        os.write(self._fd, bytes((_EVENT, _COMPLETE, len(answer))) + answer)
