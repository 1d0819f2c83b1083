"""The gateway's sources and its repairs against the real bluetoothd and the real kernel, with an adapter of our own on the virtual bus."""

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable

import pytest

from beacon_gateway.bluez import Bluez
from beacon_gateway.recover import Recover
from beacon_gateway.source import Source
from beacon_gateway.sources.bleak import BleakSource
from beacon_gateway.sources.monitor import MonitorSource
from groundwork.adverts.advert import Advert
from groundwork.adverts.decode import decode
from groundwork.adverts.formats.eddystone_tlm import encode_eddystone_tlm
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.plumbing.clock import SystemClock
from tests.beacon_gateway.build import BOX, UUID, key
from tests.faults.real_bluez.controller import Controller

IBEACON, TLM = encode_ibeacon(UUID, 1, 7), encode_eddystone_tlm(3_000, 21.0, 5, 600)
TIMES = 10
PATIENCE_S = 40.0
"""An emulated machine is many times slower than a box."""


class Bluetoothd:
    """The real one."""

    def __init__(self) -> None:
        self._running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._running = subprocess.Popen(["/usr/sbin/bluetoothd", "-n"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def kill(self) -> None:
        assert self._running is not None, "start comes first"
        self._running.kill()
        self._running.wait()


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not holds():
            await asyncio.sleep(0.05)


async def powered(host: Bluez) -> None:
    """Returns once there is an adapter, switched on."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            try:
                shown = await host.adapters()
                if shown and shown[0].powered:
                    return
                if shown:
                    await host.power_cycle(shown[0].name)
            except Exception:  # bluetoothd is still on its way
                await asyncio.sleep(0.1)


@pytest.fixture
async def host() -> AsyncIterator[Bluez]:
    made = Bluez()
    yield made
    await made.close()


@pytest.fixture
async def daemon() -> AsyncIterator[Bluetoothd]:
    made = Bluetoothd()
    made.start()
    yield made
    made.kill()


@pytest.fixture
async def radio(daemon: Bluetoothd, host: Bluez) -> AsyncIterator[Controller]:
    made = Controller()
    made.plug_in()
    await powered(host)
    yield made
    made.pull_out()


async def heard(source: Source, tell: Callable[[], bool], times: int = TIMES) -> list[Advert]:
    """What `source` hears of `times` reports, a little apart; the kernel stops scanning for a moment now and then, and then hears none."""
    found: list[Advert] = []
    for _ in range(times):
        await until(tell)
        await asyncio.sleep(0.05)
    async with asyncio.timeout(PATIENCE_S):
        while len(found) < times:
            found += source.read(SystemClock().now_ms()).adverts
            await asyncio.sleep(0.05)
    return found


async def begun(source: BleakSource | MonitorSource, radio: Controller) -> None:
    await source.start()
    assert [each.trouble for each in source.radios] == [""]
    await until(lambda: radio.scanning)


async def test_every_report_of_a_beacon_is_heard(radio: Controller) -> None:
    source = BleakSource({BOX: ""}, SystemClock())
    await begun(source, radio)
    adverts = await heard(source, lambda: radio.advert("C0:00:00:00:00:01", IBEACON, -61))
    assert [(each.rssi_dbm, decode(each.data)[0].beacon) for each in adverts] == [(-61.0, key(7))] * TIMES
    await source.close()


async def test_a_frame_ages_by_itself_and_not_with_its_address(radio: Controller) -> None:
    source = BleakSource({BOX: ""}, SystemClock())
    await begun(source, radio)
    address = "C0:00:00:00:00:02"
    adverts = await heard(source, lambda: radio.advert(address, IBEACON), 1)
    adverts += await heard(source, lambda: radio.advert(address, TLM), TIMES - 1)
    formats = [frame.format for each in adverts for frame in decode(each.data)]
    assert formats == ["ibeacon", *["eddystone_tlm"] * (TIMES - 1)]
    await source.close()


@pytest.mark.parametrize("connectable", [True, False])
async def test_the_monitor_hears_every_report_with_its_bytes(radio: Controller, connectable: bool) -> None:
    source = MonitorSource(BleakSource({BOX: ""}, SystemClock(), keep=False), SystemClock())
    await begun(source, radio)
    adverts = await heard(source, lambda: radio.advert("C0:00:00:00:00:03", IBEACON, -70, connectable=connectable))
    assert [(each.address, each.rssi_dbm, each.data) for each in adverts] == [("C0:00:00:00:00:03", -70.0, IBEACON)] * TIMES
    await source.close()


async def repaired(source: BleakSource, host: Bluez, radio: Controller) -> None:
    """Lets the gateway repair itself until it hears again."""
    recover = Recover(source, host, SystemClock(), "radio")
    async with asyncio.timeout(3 * PATIENCE_S):
        while not source.read(SystemClock().now_ms()).adverts:
            await recover.step()
            radio.advert("C0:00:00:00:00:04", IBEACON)
            await asyncio.sleep(0.2)


async def test_after_bluetoothd_was_killed_and_came_back_the_gateway_hears_again(
    radio: Controller, daemon: Bluetoothd, host: Bluez
) -> None:
    source = BleakSource({BOX: ""}, SystemClock())
    await begun(source, radio)
    daemon.kill()
    daemon.start()
    await powered(host)
    await repaired(source, host, radio)
    await source.close()


async def test_after_the_adapter_was_pulled_out_and_put_back_the_gateway_hears_again(radio: Controller, host: Bluez) -> None:
    source = BleakSource({BOX: ""}, SystemClock())
    await begun(source, radio)
    radio.pull_out()
    await asyncio.sleep(1.0)
    radio.plug_in()
    await powered(host)
    await repaired(source, host, radio)
    await source.close()


async def test_a_radio_that_fell_silent_without_a_word_hears_again_after_its_scan_was_begun_anew(radio: Controller) -> None:
    source = BleakSource({BOX: ""}, SystemClock())
    await begun(source, radio)
    radio.deaf = True
    assert not radio.advert("C0:00:00:00:00:05", IBEACON)
    await source.scan(source.radios[0])
    await until(lambda: radio.scanning)
    assert len(await heard(source, lambda: radio.advert("C0:00:00:00:00:05", IBEACON))) == TIMES
    await source.close()
