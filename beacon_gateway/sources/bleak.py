"""Bleak: the box's own Bluetooth adapters, scanned actively with duplicates on. The one door to bleak.

Every callback is stamped at once, by the gateway's clock, and waits here until the pipeline asks. BlueZ hands over parsed and merged data,
so the AD structures are put together again: what is decoded is the same as from any other source. Passive scanning is never used:
BlueZ then reports an RSSI change only from 8 dB on, which is useless for ranging.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData
from bleak.exc import BleakError

from beacon_gateway import words
from beacon_gateway.exits import Stop
from beacon_gateway.source import OVERRUN, Heard
from groundwork.adverts.ad_structures import LONGEST_VALUE, MANUFACTURER_DATA, SERVICE_DATA_16, structure
from groundwork.adverts.advert import Advert
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import Clock

_MOST_WAITING: Final = 100_000
"""Ten seconds of the busiest air seen; more means the pipeline stands, and old adverts are worth less than new ones."""
_SIG_UUID_END: Final = "-0000-1000-8000-00805f9b34fb"
_START_S: Final = 15.0


class BleakSource:
    """Scans on each of `radios`: gateway id to adapter (`hci0`, empty for the default one)."""

    rewindable = False
    ended = False
    next_ms = None

    def __init__(self, radios: Mapping[GatewayId, str], clock: Clock) -> None:
        self._radios = radios
        self._clock = clock
        self._scanners: list[BleakScanner] = []
        self._waiting: deque[Advert] = deque()
        self._overrun = 0

    async def start(self) -> None:
        """Starts every scanner; raises Stop naming the adapter and BlueZ's reason, with all of them stopped again."""
        for radio, adapter in self._radios.items():
            scanner = scanner_on(adapter, partial(self.heard, radio))
            try:
                await asyncio.wait_for(scanner.start(), _START_S)
            except (BleakError, OSError, TimeoutError) as error:
                await self.close()
                raise Stop(words.ADAPTER, adapter=adapter or "default", radio=radio, problem=repr(error)) from error
            self._scanners.append(scanner)

    def heard(self, radio: GatewayId, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Bleak's callback. An error here would vanish in bleak's log, so it does nothing that can fail."""
        data = ad_structures_of(advertisement)
        self._waiting.append(Advert(radio, self._clock.now_ms(), float(advertisement.rssi), data, device.address))
        if len(self._waiting) > _MOST_WAITING:
            self._waiting.popleft()
            self._overrun += 1

    def read(self, now_ms: int) -> Heard:
        """All that waits, whatever its stamp: the pipeline keeps adverts of windows to come."""
        heard = Heard(list(self._waiting), [(now_ms, OVERRUN)] * self._overrun)
        self._waiting.clear()
        self._overrun = 0
        return heard

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        """Stops scanning; a bluetoothd that has gone needs no stopping."""
        scanners, self._scanners = self._scanners, []
        for scanner in scanners:
            try:
                await asyncio.wait_for(scanner.stop(), _START_S / 3)
            except (BleakError, OSError, TimeoutError):
                continue


def scanner_on(adapter: str, heard: Callable[[BLEDevice, AdvertisementData], None]) -> BleakScanner:
    """An active scanner that reports every advert, not only the first of each device."""
    bluez = {"filters": {"DuplicateData": True}, **({"adapter": adapter} if adapter else {})}
    return BleakScanner(detection_callback=heard, scanning_mode="active", bluez=bluez)  # type: ignore[arg-type] # a TypedDict built in parts


def ad_structures_of(advertisement: AdvertisementData) -> bytes:
    """The manufacturer and 16-bit service data as they went over the air; other structures identify no beacon."""
    parts = [(MANUFACTURER_DATA, company.to_bytes(2, "little") + value) for company, value in advertisement.manufacturer_data.items()]
    parts += [
        (SERVICE_DATA_16, int(uuid[4:8], 16).to_bytes(2, "little") + value)
        for uuid, value in advertisement.service_data.items()
        if uuid.startswith("0000") and uuid.endswith(_SIG_UUID_END)
    ]
    return b"".join(structure(ad_type, value) for ad_type, value in parts if len(value) <= LONGEST_VALUE)
