"""The real bleak against an `org.bluez` of our own: what is heard, and what each fault of the real one looks like."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from beacon_gateway.source import Radio
from beacon_gateway.sources.bleak import BleakSource
from beacon_gateway.sources.jsonl import JsonlSource
from groundwork.adverts.advert import Advert
from groundwork.adverts.decode import decode
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.contracts.ids import GatewayId
from tests.beacon_gateway.build import BOX, START_MS, UUID, clock, key
from tests.beacon_gateway.sources.fake_bluez import FakeBluez, private_bus

TAG = "C0:00:00:00:00:01"
LEFT = GatewayId("left")
IBEACON = {0x004C: encode_ibeacon(UUID, 1, 7)[7:]}
TLM = {"0000feaa-0000-1000-8000-00805f9b34fb": b"\x20\x00\x0b\xb8\x15\x80" + bytes(8)}


@pytest.fixture
async def bluez(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakeBluez]:
    """A running one with two adapters, on the bus that bleak takes for the system's."""
    async with private_bus(tmp_path) as address:
        monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", address)
        fake = FakeBluez(address, "hci0", "hci1")
        await fake.start()
        yield fake
        await fake.vanish()


async def heard(source: BleakSource, count: int) -> list[Advert]:
    """What the source hears, once it is so many."""
    found: list[Advert] = []
    async with asyncio.timeout(5):
        while len(found) < count:
            found += source.read(START_MS).adverts
            await asyncio.sleep(0.001)
    return found


async def test_every_advert_is_heard_on_the_adapter_that_heard_it(bluez: FakeBluez) -> None:
    now = clock()
    source = BleakSource({BOX: "hci0", LEFT: "hci1"}, now)
    await source.start()
    for _ in range(3):
        await bluez.advert(TAG, IBEACON)
    await bluez.advert(TAG, IBEACON, rssi=-70, adapter="hci1")
    adverts = await heard(source, 4)
    assert sorted((each.gateway, each.rssi_dbm) for each in adverts) == [(BOX, -60.0)] * 3 + [(LEFT, -70.0)]
    assert {frame.beacon for each in adverts for frame in decode(each.data)} == {key(7)}
    assert [(radio.heard, radio.scanning, radio.heard_s) for radio in source.radios] == [
        (3, True, now.monotonic_s()),
        (1, True, now.monotonic_s()),
    ]
    await source.close()
    assert not bluez.scans("hci0")
    assert not bluez.scans("hci1")


async def test_the_scan_is_active_and_reports_duplicates(bluez: FakeBluez) -> None:
    source = BleakSource({BOX: "hci0"}, clock())
    await source.start()
    assert bluez.filters == {"Transport": "le", "DuplicateData": True}
    assert bluez.calls["RegisterMonitor"] == 0
    await source.close()


async def test_the_default_adapter_is_the_first_that_has_power(bluez: FakeBluez) -> None:
    source = BleakSource({BOX: ""}, clock())
    await source.start()
    assert bluez.scans("hci0") or bluez.scans("hci1")
    await source.close()


async def test_a_frame_ages_by_itself_and_not_with_its_address(bluez: FakeBluez) -> None:
    """BlueZ shows the iBeacon with every later advert of the address; it was heard once."""
    source = BleakSource({BOX: "hci0"}, clock())
    await source.start()
    await bluez.advert(TAG, IBEACON)
    for _ in range(3):
        await bluez.advert(TAG, service=TLM)
    await bluez.advert(TAG, IBEACON)
    formats = [[frame.format for frame in decode(each.data)] for each in await heard(source, 5)]
    assert formats == [["ibeacon"], ["eddystone_tlm"], ["eddystone_tlm"], ["eddystone_tlm"], ["ibeacon"]]
    await source.close()


@pytest.mark.parametrize("error", ["org.bluez.Error.InProgress", "org.bluez.Error.NotReady", "org.bluez.Error.Failed"])
async def test_a_start_error_stands_with_the_radio_and_the_next_try_begins_afresh(bluez: FakeBluez, error: str) -> None:
    source = BleakSource({BOX: "hci0", LEFT: "hci1"}, clock())
    bluez.fail["StartDiscovery"] = error
    await source.start()
    assert [radio.scanning for radio in source.radios] == [False, False]
    assert all(error in radio.trouble for radio in source.radios)
    bluez.fail.clear()
    await source.scan(source.radios[0])
    assert [(radio.scanning, bool(radio.trouble)) for radio in source.radios] == [(True, False), (False, True)]
    await bluez.advert(TAG, IBEACON)
    assert len(await heard(source, 1)) == 1
    await source.close()


async def test_no_bluetoothd_is_said(bluez: FakeBluez) -> None:
    await bluez.vanish()
    source = BleakSource({BOX: "hci0"}, clock())
    await source.start()
    assert source.radios[0].trouble
    await source.close()


async def test_one_missing_adapter_does_not_hinder_the_other(bluez: FakeBluez) -> None:
    source = BleakSource({BOX: "hci5", LEFT: "hci1"}, clock())
    await source.start()
    assert [radio.scanning for radio in source.radios] == [False, True]
    assert "'hci5' not found" in source.radios[0].trouble
    await source.close()


async def test_after_bluetoothd_has_gone_and_come_back_a_new_scan_hears(bluez: FakeBluez) -> None:
    source = BleakSource({BOX: "hci0"}, clock())
    await source.start()
    await bluez.vanish()
    await bluez.start()
    await source.scan(source.radios[0])
    await bluez.advert(TAG, IBEACON)
    assert len(await heard(source, 1)) == 1
    await source.close()


async def test_beginning_anew_leaves_the_bus_and_all_scans(bluez: FakeBluez) -> None:
    source = BleakSource({BOX: "hci0", LEFT: "hci1"}, clock())
    await source.start()
    bluez.deaf, bluez.cured_by = {"hci0"}, "Hello"
    await source.begin_anew()
    assert [radio.scanning for radio in source.radios] == [True, True]
    for adapter in ("hci0", "hci1"):
        await bluez.advert(TAG, IBEACON, adapter=adapter)
    assert len(await heard(source, 2)) == 2
    await source.close()


async def test_a_lost_bus_is_survived(bluez: FakeBluez, monkeypatch: pytest.MonkeyPatch) -> None:
    source = BleakSource({BOX: "hci0"}, clock())
    await source.start()
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    await source.begin_anew()
    assert not source.radios[0].scanning
    await source.begin_anew()
    assert isinstance(source.radios[0], Radio)
    await source.close()


async def test_a_survey_with_keep_goes_on_beside_a_running_gateway_and_takes_nothing_from_it(bluez: FakeBluez, tmp_path: Path) -> None:
    """Two processes, two clients of bluetoothd on one adapter, as on a box where somebody walks the shop."""
    gateway = BleakSource({BOX: "hci0"}, clock())
    await gateway.start()
    kept, config = tmp_path / "walk.jsonl", tmp_path / "gateway.toml"
    config.write_text(f'[gateway]\nradios = {{"{BOX}" = "hci0"}}\n')
    typed = ["survey", "--config", str(config), "--plain", "--keep", str(kept), "--tag", f"ibeacon:{UUID}:1:7"]
    survey = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "beacon_gateway.cli", *typed, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE
    )
    assert survey.stderr is not None
    try:
        async with asyncio.timeout(60):
            sent = 0
            while not (kept.exists() and kept.read_bytes()):
                assert survey.returncode is None, (await survey.stderr.read()).decode()
                await bluez.advert(TAG, IBEACON)
                await bluez.advert("C0:00:00:00:00:02", {0x004C: encode_ibeacon(UUID, 1, 8)[7:]})
                sent += 2
                await asyncio.sleep(0.01)
            assert bluez.calls["StartDiscovery"] == 2
            survey.send_signal(signal.SIGINT)
            assert await survey.wait() == 130, (await survey.stderr.read()).decode()  # ended by Ctrl-C
    finally:
        if survey.returncode is None:
            survey.kill()
            await survey.wait()
    assert bluez.scans("hci0"), "who leaves ends only her own scan"
    await bluez.advert(TAG, IBEACON)
    adverts = await heard(gateway, sent + 1)
    assert len(adverts) == sent + 1, "the gateway heard each, before, during and after"
    assert gateway.radios[0].scanning
    await gateway.close()
    source = JsonlSource(str(kept), BOX, strict=True)
    await source.start()
    found = source.read(10**14).adverts
    await source.close()
    assert found
    assert {frame.beacon for each in found for frame in decode(each.data)} == {key(7)}, "the other tag's adverts were not asked for"
