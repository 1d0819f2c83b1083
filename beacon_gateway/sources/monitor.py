"""Monitor: the kernel's copy of all that the Bluetooth controllers say, so every advert with its raw bytes. Linux only.

BlueZ holds back connectable adverts and drops repeats; here nothing is dropped (measured with 10 equal adverts: BlueZ 1, this 10).
The channel only listens; another source (`keeper`, bleak) keeps the scan alive, and is what is repaired when the radio falls silent.
It needs the capability CAP_NET_RAW. Events are for `beacon_gateway.hci`.
Source: Linux, include/net/bluetooth/hci_mon.h and net/bluetooth/hci_sock.c.
"""

import asyncio
import ctypes
import os
import socket
import struct
from collections.abc import Callable, Sequence
from typing import Final, Protocol

from beacon_gateway import words
from beacon_gateway.exits import Stop
from beacon_gateway.hci import Reports
from beacon_gateway.source import MALFORMED, OVERRUN, Heard, Radio, Repairable, Source, Waiting
from groundwork.adverts.advert import Advert
from groundwork.plumbing.clock import Clock

FRAME: Final = struct.Struct("<HHH")
"""Kind, adapter index and length of what follows."""
EVENT_FRAME: Final = 3
_AF_BLUETOOTH: Final = 31
_BTPROTO_HCI: Final = 1
_NO_DEVICE: Final = 0xFFFF
_CHANNEL_MONITOR: Final = 2
_KERNEL_BUFFER: Final = 1 << 20
"""A second of the busiest air, should the loop stand for so long."""
_LONGEST_FRAME: Final = 4_096
_AT_ONCE: Final = 2_000
"""Frames read before others get their turn."""


class Keeper(Source, Repairable, Protocol):
    """A source that keeps the radios scanning."""


def monitor_channel() -> socket.socket:
    """The open channel. Raises OSError where the kernel has no Bluetooth or the process may not listen."""
    opened = socket.socket(_AF_BLUETOOTH, socket.SOCK_RAW | socket.SOCK_NONBLOCK, _BTPROTO_HCI)
    address = FRAME.pack(_AF_BLUETOOTH, _NO_DEVICE, _CHANNEL_MONITOR)
    libc = ctypes.CDLL(None, use_errno=True)  # socket.bind of this Python knows no channels
    if libc.bind(opened.fileno(), address, len(address)):
        number = ctypes.get_errno()
        opened.close()
        raise OSError(number, os.strerror(number))
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _KERNEL_BUFFER)
    return opened


class MonitorSource:
    """Hears on the monitor channel what `keeper`'s radios receive."""

    rewindable = False
    ended = False
    next_ms = None

    def __init__(self, keeper: Keeper, clock: Clock, channel: Callable[[], socket.socket] = monitor_channel) -> None:
        self._keeper = keeper
        self._clock = clock
        self._channel = channel
        self._socket: socket.socket | None = None
        self._reports: dict[int, Reports] = {}
        self._waiting = Waiting()

    @property
    def radios(self) -> Sequence[Radio]:
        return self._keeper.radios

    async def start(self) -> None:
        """Opens the channel, then begins to scan. Raises Stop where the channel cannot be opened."""
        try:
            self._socket = self._channel()
        except OSError as error:
            raise Stop(words.MONITOR, problem=error.strerror or repr(error)) from error
        asyncio.get_running_loop().add_reader(self._socket.fileno(), self._readable)
        await self._keeper.start()

    async def scan(self, radio: Radio) -> None:
        await self._keeper.scan(radio)

    async def begin_anew(self) -> None:
        await self._keeper.begin_anew()

    def read(self, now_ms: int) -> Heard:
        """All that waits; the keeper's own count of refusals is of things heard here too, and is left."""
        self._keeper.read(now_ms)
        return self._waiting.handed_over(now_ms)

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        if self._socket is not None:
            asyncio.get_running_loop().remove_reader(self._socket.fileno())
            self._socket.close()
            self._socket = None
        await self._keeper.close()

    def _readable(self) -> None:
        """Takes what the kernel has, and stamps it at once."""
        assert self._socket is not None, "the reader is removed before the socket is closed"
        for _ in range(_AT_ONCE):
            try:
                frame = self._socket.recv(_LONGEST_FRAME)
            except BlockingIOError:
                return
            except OSError:  # the kernel's buffer overran; what it dropped cannot be counted
                self._waiting.refuse(OVERRUN)
                return
            if not frame:
                return
            self._take(frame)

    def _take(self, frame: bytes) -> None:
        if len(frame) < FRAME.size:
            self._waiting.refuse(MALFORMED)
            return
        kind, adapter, length = FRAME.unpack_from(frame)
        radio = self._radio(adapter) if kind == EVENT_FRAME else None
        if radio is None:
            return
        reports, whole = self._reports.setdefault(adapter, Reports()).of(frame[FRAME.size :])
        if not whole or length != len(frame) - FRAME.size:
            self._waiting.refuse(MALFORMED)
        if not reports:
            return
        at_ms, radio.heard_s = self._clock.now_ms(), self._clock.monotonic_s()
        radio.heard += len(reports)
        self._waiting.hear(Advert(radio.gateway, at_ms, float(each.rssi_dbm), each.data, each.address) for each in reports)

    def _radio(self, adapter: int) -> Radio | None:
        """Whose adapter this is; the radio on the default adapter has all that no other names."""
        name = f"hci{adapter}"
        named = next((radio for radio in self.radios if radio.adapter == name), None)
        return named or next((radio for radio in self.radios if not radio.adapter), None)
