"""Rules of the radio source, with bleak's own types: stamped at once, put together as on the air, never more than memory allows."""

from collections.abc import Mapping

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from beacon_gateway import source as sources
from beacon_gateway.sources.bleak import BleakSource, Fresh, ad_structures_of
from groundwork.adverts.decode import decode
from groundwork.adverts.formats.eddystone_uid import encode_eddystone_uid
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from tests.beacon_gateway.build import BOX, START_MS, UUID, clock, key

DEVICE = BLEDevice("AA:BB:CC:DD:EE:FF", None, {})
APPLE, EDDYSTONE = 0x004C, "0000feaa-0000-1000-8000-00805f9b34fb"


def heard(rssi: int = -60, manufacturer: dict[int, bytes] | None = None, service: dict[str, bytes] | None = None) -> AdvertisementData:
    """What bleak hands to a callback."""
    return AdvertisementData(
        local_name=None,
        manufacturer_data=manufacturer or {},
        service_data=service or {},
        service_uuids=[],
        tx_power=None,
        rssi=rssi,
        platform_data=(),
    )


def test_manufacturer_data_becomes_what_was_on_the_air() -> None:
    sent = encode_ibeacon(UUID, 1, 7)
    frames = decode(ad_structures_of({APPLE: sent[7:]}, {}))
    assert frames == decode(sent)


def test_service_data_becomes_what_was_on_the_air() -> None:
    sent = encode_eddystone_uid("12345678901234678901", "000000000001")
    frames = decode(ad_structures_of({}, {EDDYSTONE: sent[11:]}))
    assert frames == decode(sent)


def test_service_data_of_a_vendors_own_uuid_is_left_out() -> None:
    assert ad_structures_of({}, {"6e400001-b5a3-f393-e0a9-e50e24dcca9e": b"x"}) == b""


def test_what_no_structure_holds_is_left_out() -> None:
    assert ad_structures_of({1: bytes(300), APPLE: b"a"}, {}) == b"\x04\xff\x4c\x00a"


def test_an_advert_is_stamped_when_it_is_heard() -> None:
    now = clock()
    source = BleakSource({BOX: "hci0"}, now)
    source.heard(source.radios[0], DEVICE, heard(-61, {APPLE: encode_ibeacon(UUID, 1, 7)[7:]}))
    now.advance(3)
    (advert,) = source.read(now.now_ms()).adverts
    assert (advert.gateway, advert.at_ms, advert.rssi_dbm) == (BOX, START_MS, -61.0)
    assert [frame.beacon for frame in decode(advert.data)] == [key(7)]
    assert source.read(now.now_ms()).adverts == []


def test_when_the_pipeline_stands_the_oldest_make_way_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_MOST_WAITING", 2)
    source = BleakSource({BOX: ""}, clock())
    for rssi in (-1, -2, -3):
        source.heard(source.radios[0], DEVICE, heard(rssi))
    taken = source.read(START_MS)
    assert [advert.rssi_dbm for advert in taken.adverts] == [-2.0, -3.0]
    assert taken.refused == [(START_MS, "source_overrun")]


async def test_an_adapter_that_does_not_scan_says_why_and_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    source = BleakSource({BOX: "hci7"}, clock())
    await source.start()
    (radio,) = source.radios
    assert (radio.adapter, radio.scanning) == ("hci7", False)
    assert "No such file" in radio.trouble
    await source.close()


def test_a_callback_that_makes_no_sense_is_counted() -> None:
    source = BleakSource({BOX: ""}, clock())
    source.heard(source.radios[0], DEVICE, heard(service={"0000zzzz-0000-1000-8000-00805f9b34fb": b"x"}))
    assert source.read(START_MS).refused == [(START_MS, "malformed_line")]


def shown(properties: Mapping[str, object], rssi: int = -60) -> AdvertisementData:
    """What bleak makes of the properties BlueZ remembers of one device."""
    return heard(rssi, properties.get("ManufacturerData"), properties.get("ServiceData"))._replace(  # type: ignore[arg-type] # as bleak has it
        platform_data=("/org/bluez/hci0/dev_1", properties)
    )


def test_what_bluez_only_remembers_is_not_heard_again() -> None:
    ibeacon, tlm = {APPLE: b"\x02\x15" + bytes(21)}, {EDDYSTONE: b"\x20" + bytes(13)}
    fresh = Fresh()
    first = fresh.of(shown({"ManufacturerData": ibeacon}))
    second = fresh.of(shown({"ManufacturerData": ibeacon, "ServiceData": tlm}))
    third = fresh.of(shown({"ManufacturerData": dict(ibeacon), "ServiceData": tlm}))
    assert [decode(data or b"")[0].format for data in (first, second, third)] == ["ibeacon", "eddystone_tlm", "ibeacon"]


def test_a_signal_that_names_none_of_several_frames_is_counted_for_none() -> None:
    both = {"ManufacturerData": {APPLE: b"\x02\x15" + bytes(21)}, "ServiceData": {EDDYSTONE: b"\x20" + bytes(13)}}
    fresh = Fresh()
    assert fresh.of(shown(both)) is not None
    assert fresh.of(shown(both, -61)) is None


def test_the_only_frame_of_an_address_is_what_was_heard() -> None:
    one = {"ManufacturerData": {APPLE: b"a"}}
    fresh = Fresh()
    assert fresh.of(shown(one)) == fresh.of(shown(one, -61)) == b"\x04\xff\x4c\x00a"


def test_a_crowd_of_rotating_addresses_takes_no_memory() -> None:
    fresh = Fresh()
    for number in range(10_000):
        one = heard(manufacturer={APPLE: b"a"})._replace(
            platform_data=(f"/org/bluez/hci0/dev_{number}", {"ManufacturerData": {APPLE: b"a"}})
        )
        assert fresh.of(one) is not None
    assert len(fresh._last) <= 4_096
