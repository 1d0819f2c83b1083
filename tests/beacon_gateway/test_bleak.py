"""Rules of the radio source, with bleak's own types: stamped at once, put together as on the air, never more than memory allows."""

import pytest
from bleak.backends.device import BLEDevice
from bleak.backends.scanner import AdvertisementData

from beacon_gateway.exits import Stop
from beacon_gateway.sources import bleak
from beacon_gateway.sources.bleak import BleakSource, ad_structures_of
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
    frames = decode(ad_structures_of(heard(manufacturer={APPLE: sent[7:]})))
    assert frames == decode(sent)


def test_service_data_becomes_what_was_on_the_air() -> None:
    sent = encode_eddystone_uid("12345678901234678901", "000000000001")
    frames = decode(ad_structures_of(heard(service={EDDYSTONE: sent[11:]})))
    assert frames == decode(sent)


def test_service_data_of_a_vendors_own_uuid_is_left_out() -> None:
    assert ad_structures_of(heard(service={"6e400001-b5a3-f393-e0a9-e50e24dcca9e": b"x"})) == b""


def test_what_no_structure_holds_is_left_out() -> None:
    assert ad_structures_of(heard(manufacturer={1: bytes(300), APPLE: b"a"})) == b"\x04\xff\x4c\x00a"


def test_an_advert_is_stamped_when_it_is_heard() -> None:
    now = clock()
    source = BleakSource({BOX: "hci0"}, now)
    source.heard(BOX, DEVICE, heard(-61, {APPLE: encode_ibeacon(UUID, 1, 7)[7:]}))
    now.advance(3)
    (advert,) = source.read(now.now_ms()).adverts
    assert (advert.gateway, advert.at_ms, advert.rssi_dbm) == (BOX, START_MS, -61.0)
    assert [frame.beacon for frame in decode(advert.data)] == [key(7)]
    assert source.read(now.now_ms()).adverts == []


def test_when_the_pipeline_stands_the_oldest_make_way_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bleak, "_MOST_WAITING", 2)
    source = BleakSource({BOX: ""}, clock())
    for rssi in (-1, -2, -3):
        source.heard(BOX, DEVICE, heard(rssi))
    taken = source.read(START_MS)
    assert [advert.rssi_dbm for advert in taken.adverts] == [-2.0, -3.0]
    assert taken.refused == [(START_MS, "source_overrun")]


async def test_an_adapter_that_does_not_scan_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nonexistent")
    with pytest.raises(Stop, match="adapter hci7 of box does not scan"):
        await BleakSource({BOX: "hci7"}, clock()).start()
