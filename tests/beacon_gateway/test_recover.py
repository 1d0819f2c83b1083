"""The box repairs itself: the real bleak, an `org.bluez` of our own with the faults of the real one, and time that is moved by hand."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from beacon_gateway.bluez import Bluez
from beacon_gateway.host import BusTrouble
from beacon_gateway.recover import LOOK_S, Recover, Watched
from beacon_gateway.sources.bleak import BleakSource
from beacon_gateway.watchdog import Step
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import settle
from tests.beacon_gateway.build import BOX, START_MS, UUID, clock
from tests.beacon_gateway.sources.fake_bluez import FakeBluez, private_bus

TAG = "C0:00:00:00:00:01"
LEFT = GatewayId("left")
IBEACON = {0x004C: encode_ibeacon(UUID, 1, 7)[7:]}
NOTICED_S = 90.0


@dataclass
class Shop:
    """A box with one radio on each of two adapters, and the air around it."""

    bluez: FakeBluez
    source: BleakSource
    recover: Recover
    now: ManualClock
    adverts: int = 0

    async def passes(self, seconds: float, *, silent: bool = False) -> None:
        """Time passes, look by look; before each, a tag is heard on every adapter that works, unless the air is `silent`."""
        for _ in range(round(seconds / LOOK_S)):
            self.now.advance(LOOK_S)
            if not silent:
                await self._heard()
            await settle([self.recover])

    async def until_hearing(self, within_s: float) -> float:
        """Lets time pass until both radios hear; returns how long that took. Fails when it takes longer than `within_s`."""
        began_s = self.now.monotonic_s()
        while True:
            before = [radio.heard for radio in self.source.radios]
            await self.passes(LOOK_S)
            if all(radio.heard > count for radio, count in zip(self.source.radios, before, strict=True)):
                return self.now.monotonic_s() - began_s
            assert self.now.monotonic_s() - began_s < within_s, "still deaf"

    async def noticed(self, watched: Watched) -> float:
        """Lets time pass until a repair is made; returns how long that took."""
        began_s, before = self.now.monotonic_s(), watched.steps.total()
        while watched.steps.total() == before:
            await self.passes(LOOK_S)
            assert self.now.monotonic_s() - began_s <= NOTICED_S, "not noticed"
        return self.now.monotonic_s() - began_s

    async def _heard(self) -> None:
        """An advert on each adapter; waits until bleak has handed over what was sent."""
        adapters = {radio.adapter: radio for radio in self.source.radios}
        hearing = {name for name in adapters if self.bluez.runs and self.bluez.scans(name) and name not in self.bluez.deaf}
        expected = {name: adapters[name].heard + 1 for name in hearing}
        for name in hearing:
            await self.bluez.advert(TAG, IBEACON, adapter=name)
        async with asyncio.timeout(5):
            while any(adapters[name].heard < count for name, count in expected.items()):
                await asyncio.sleep(0.001)
        self.source.read(START_MS)

    def watched(self, radio: GatewayId = BOX) -> Watched:
        return self.recover.watched[radio]


@asynccontextmanager
async def shop(folder: Path, monkeypatch: pytest.MonkeyPatch, repair: str, *, fails: str = "") -> AsyncIterator[Shop]:
    async with private_bus(folder) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        bluez = FakeBluez(address, "hci0", "hci1")
        await bluez.start()
        if fails:
            bluez.fail["StartDiscovery"] = fails
        now = clock()
        source = BleakSource({BOX: "hci0", LEFT: "hci1"}, now)
        await source.start()
        recover = Recover(source, Bluez(), now, repair)
        try:
            yield Shop(bluez, source, recover, now)
        finally:
            await recover.close()
            await source.close()
            await bluez.vanish()


@pytest.fixture
async def busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Shop]:
    """A shop whose usual silences the box has learned."""
    async with shop(tmp_path, monkeypatch, "reboot") as made:
        await made.passes(150)
        assert [each.steps for each in made.recover.watched.values()] == [{}, {}]
        yield made


@pytest.mark.parametrize("error", ["org.bluez.Error.InProgress", "org.bluez.Error.NotReady"])
async def test_a_radio_that_cannot_start_is_started_once_it_can(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: str) -> None:
    async with shop(tmp_path, monkeypatch, "radio", fails=error) as made:
        await made.passes(60)
        assert made.watched().steps[Step.SCAN] >= 1
        assert error in made.watched().radio.trouble
        made.bluez.fail.clear()
        assert await made.until_hearing(NOTICED_S) <= NOTICED_S


async def test_bluetoothd_vanishes_and_returns(busy: Shop) -> None:
    await busy.bluez.vanish()
    assert await busy.noticed(busy.watched()) <= NOTICED_S
    await busy.passes(60)
    assert busy.recover.host_trouble
    await busy.bluez.start()
    assert await busy.until_hearing(NOTICED_S) <= NOTICED_S
    assert busy.recover.host_trouble == ""


async def test_bluetoothd_restarts_between_two_looks(busy: Shop) -> None:
    """Nobody is told, and BlueZ is there again at the next look; but nothing scans."""
    await busy.bluez.vanish()
    await busy.bluez.start()
    assert await busy.until_hearing(NOTICED_S) <= NOTICED_S


async def test_bluetoothd_restarts_where_there_is_nothing_to_hear(busy: Shop) -> None:
    await busy.bluez.vanish()
    await busy.bluez.start()
    await busy.passes(30, silent=True)
    assert busy.bluez.scans("hci0")
    assert busy.bluez.scans("hci1")


async def test_an_adapter_is_removed_and_plugged_in_again(busy: Shop) -> None:
    await busy.bluez.remove("hci0")
    assert await busy.noticed(busy.watched()) <= NOTICED_S
    await busy.passes(600)
    assert "hci0" in busy.watched().radio.trouble
    heard = busy.watched(LEFT).radio.heard
    await busy.passes(60)
    assert busy.watched(LEFT).radio.heard > heard
    await busy.bluez.add("hci0")
    assert await busy.until_hearing(NOTICED_S) <= NOTICED_S


CURES = [("StartDiscovery", Step.SCAN), ("Hello", Step.BUS), ("Powered", Step.POWER), ("RestartUnit", Step.SERVICE)]


@pytest.mark.parametrize(("cure", "step"), CURES)
async def test_a_silent_radio_is_noticed_and_repaired_by_the_lightest_step_that_helps(busy: Shop, cure: str, step: Step) -> None:
    """It scans, says so, and hears nothing; BlueZ sees nothing wrong."""
    busy.bluez.deaf, busy.bluez.cured_by = {"hci0"}, cure
    assert await busy.noticed(busy.watched()) <= NOTICED_S
    await busy.until_hearing(600)
    ladder = [Step.SCAN, Step.BUS, Step.POWER, Step.SERVICE]
    assert [each for each in ladder if busy.watched().steps[each]] == ladder[: ladder.index(step) + 1]
    await busy.passes(300)
    assert busy.watched().steps.total() == ladder.index(step) + 1
    assert not busy.watched().ailing


async def test_the_other_radio_hears_on_while_one_is_repaired(busy: Shop) -> None:
    busy.bluez.deaf, busy.bluez.cured_by = {"hci0"}, "Powered"
    await busy.until_hearing(600)
    assert busy.watched(LEFT).steps.total() == 0


async def test_the_machine_is_restarted_last_and_only_where_it_is_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with shop(tmp_path, monkeypatch, "service") as made:
        await made.passes(150)
        made.bluez.deaf = {"hci0", "hci1"}
        await made.passes(3_600)
        assert made.bluez.calls["RestartUnit"] >= 1
        assert made.bluez.calls["Reboot"] == 0


async def test_the_machine_is_restarted_where_it_is_allowed_and_nothing_else_helped(busy: Shop) -> None:
    busy.bluez.deaf = {"hci0", "hci1"}
    await busy.passes(1_800)
    assert busy.bluez.calls["Reboot"] >= 1
    assert busy.watched().steps[Step.REBOOT] == 1


async def test_what_polkit_does_not_allow_is_a_trouble_and_no_end(busy: Shop) -> None:
    busy.bluez.fail["RestartUnit"] = "org.freedesktop.DBus.Error.InteractiveAuthorizationRequired"
    busy.bluez.deaf = {"hci0"}
    await busy.passes(900)
    assert busy.watched().steps[Step.SERVICE] == 1
    host = Bluez()
    with pytest.raises(BusTrouble, match="InteractiveAuthorizationRequired"):
        await host.restart_bluetooth()
    await host.close()


async def test_an_empty_shop_at_night_is_left_in_peace(busy: Shop) -> None:
    await busy.passes(6 * 3_600, silent=True)
    assert busy.watched().steps.total() < 12
    assert busy.watched().radio.scanning


async def test_a_scan_is_begun_afresh_once_a_day(busy: Shop) -> None:
    before = busy.bluez.calls["StartDiscovery"]
    busy.now.advance(86_400)
    await busy.passes(10)
    await busy.passes(10)
    assert busy.bluez.calls["StartDiscovery"] > before
    assert not busy.watched().ailing
