"""Bleak: the box's own Bluetooth adapters, scanned actively with duplicates on. The one door to bleak.

Every callback is stamped at once, by the gateway's clock, and waits here until the pipeline asks. BlueZ hands over parsed data merged with
what it remembers of the device; `Fresh` tells the two apart, and the AD structures are put together again, so what is decoded is the
same as from any other source. Passive scanning is never used, not even in need: BlueZ then reports an RSSI change only from 8 dB on,
which is useless for ranging. A radio that does not scan ends nothing; noticing and repairing is for `beacon_gateway.recover`.
"""

import asyncio
from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

from bleak import BleakScanner
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from beacon_gateway.source import CACHED, MALFORMED, Heard, Radio, Waiting
from groundwork.adverts.ad_structures import LONGEST_VALUE, MANUFACTURER_DATA, SERVICE_DATA_16, structure
from groundwork.adverts.advert import Advert
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import Clock

_SIG_UUID_END: Final = "-0000-1000-8000-00805f9b34fb"
_START_S: Final = 15.0
_STOP_S: Final = 5.0
_MOST_DEVICES: Final = 4_096
"""Devices whose last callback is remembered; BlueZ itself forgets most after 30 s. About 4 MB."""


class BleakSource:
    """Scans on each of `radios`: gateway id to adapter (`hci0`, empty for the default one)."""

    rewindable = False
    ended = False
    next_ms = None

    def __init__(self, radios: Mapping[GatewayId, str], clock: Clock, *, keep: bool = True) -> None:
        """With `keep` False it scans and hands nothing over: another source hears, and this one keeps the radios awake."""
        self.radios = [Radio(radio, adapter, heard_s=clock.monotonic_s()) for radio, adapter in radios.items()]
        self._clock = clock
        self._keep = keep
        self._scanners: dict[GatewayId, BleakScanner] = {}
        self._fresh = Fresh()
        self._waiting = Waiting()

    async def start(self) -> None:
        """Begins to scan on every radio; those that do not scan say why in `radios`."""
        for radio in self.radios:
            await self.scan(radio)

    async def scan(self, radio: Radio) -> None:
        """Ends the radio's scan, if there is one, and begins another on the same bus."""
        await self._stop(radio)
        scanner = scanner_on(radio.adapter, partial(self.heard, radio))
        try:
            await asyncio.wait_for(scanner.start(), _START_S)
        except Exception as error:  # bleak's own, and those of D-Bus and the system that it lets through
            radio.trouble = str(error) or repr(error)
            return
        self._scanners[radio.gateway] = scanner
        radio.scanning, radio.trouble = True, ""

    async def begin_anew(self) -> None:
        """Leaves the bus and all scans, and begins them on a new one."""
        for radio in self.radios:
            await self._stop(radio)
        await _leave_bus()
        self._fresh = Fresh()
        await self.start()

    def heard(self, radio: Radio, device: BLEDevice, advertisement: AdvertisementData) -> None:
        """Bleak's callback. An error here would end as a line in bleak's log, so whatever happens is counted instead."""
        if not self._keep:
            return
        at_ms, radio.heard_s = self._clock.now_ms(), self._clock.monotonic_s()
        radio.heard += 1
        try:
            data = self._fresh.of(advertisement)
            if data is None:
                self._waiting.refuse(CACHED)
            else:
                self._waiting.hear((Advert(radio.gateway, at_ms, float(advertisement.rssi), data, device.address),))
        except Exception:  # whatever BlueZ made of a stranger's bytes
            self._waiting.refuse(MALFORMED)

    def read(self, now_ms: int) -> Heard:
        return self._waiting.handed_over(now_ms)

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        """Stops scanning; a bluetoothd that has gone needs no stopping."""
        for radio in self.radios:
            await self._stop(radio)

    async def _stop(self, radio: Radio) -> None:
        radio.scanning = False
        scanner = self._scanners.pop(radio.gateway, None)
        if scanner is None:
            return
        try:
            await asyncio.wait_for(scanner.stop(), _STOP_S)
        except Exception:  # as above; what scanned there has gone
            return


async def _leave_bus() -> None:
    """Ends bleak's connection to the bus, which all scanners of a process share; it makes a new one when it is next needed.

    Bleak has no public word for this, and some faults (a signal match that was lost, a broken socket) pass only with the connection.
    """
    try:
        from bleak.backends.bluezdbus.manager import get_global_bluez_manager  # on Linux only

        shared = await asyncio.wait_for(get_global_bluez_manager(), _STOP_S)
    except Exception:  # no bus is as good as one that was left
        return
    if shared._bus is not None:
        shared._bus.disconnect()


def scanner_on(adapter: str, heard: Callable[[BLEDevice, AdvertisementData], None]) -> BleakScanner:
    """An active scanner that reports every advert, not only the first of each device."""
    bluez = {"filters": {"DuplicateData": True}, **({"adapter": adapter} if adapter else {})}
    return BleakScanner(detection_callback=heard, scanning_mode="active", bluez=bluez)  # type: ignore[arg-type] # a TypedDict built in parts


class Fresh:
    """Tells what a callback is about from what BlueZ only remembers.

    After one iBeacon, BlueZ shows it with every later advert of that address, also when only a TLM was heard. But it sends a property anew
    when an advert held it, and bleak then hands over a new mapping; one that is the very same as last time was not in the advert.
    """

    def __init__(self) -> None:
        self._last: dict[str, tuple[object, object]] = {}

    def of(self, advertisement: AdvertisementData) -> bytes | None:
        """The AD structures that were heard; None where several are remembered and nothing says which was.

        Where an address has only ever sent one structure, that one was heard.
        """
        if len(advertisement.platform_data) < 2:
            return ad_structures_of(advertisement.manufacturer_data, advertisement.service_data)
        path, shown = advertisement.platform_data[:2]
        now = shown.get("ManufacturerData"), shown.get("ServiceData")
        before = self._last.pop(path, (None, None))
        if len(self._last) >= _MOST_DEVICES:
            del self._last[next(iter(self._last))]
        self._last[path] = now
        manufacturer = advertisement.manufacturer_data if now[0] is not before[0] else {}
        service = advertisement.service_data if now[1] is not before[1] else {}
        if not manufacturer and not service:
            manufacturer, service = advertisement.manufacturer_data, advertisement.service_data
            if len(manufacturer) + len(service) > 1:
                return None
        return ad_structures_of(manufacturer, service)


def ad_structures_of(manufacturer: Mapping[int, bytes], service: Mapping[str, bytes]) -> bytes:
    """The manufacturer and 16-bit service data as they went over the air; other structures identify no beacon."""
    parts = [(MANUFACTURER_DATA, company.to_bytes(2, "little") + value) for company, value in manufacturer.items()]
    parts += [
        (SERVICE_DATA_16, int(uuid[4:8], 16).to_bytes(2, "little") + value)
        for uuid, value in service.items()
        if uuid.startswith("0000") and uuid.endswith(_SIG_UUID_END)
    ]
    return b"".join(structure(ad_type, value) for ad_type, value in parts if len(value) <= LONGEST_VALUE)
