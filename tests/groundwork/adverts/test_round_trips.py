"""What an encoder makes, the decoder reads back the same, for whatever values the format holds."""

import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.adverts.decode import decode
from groundwork.adverts.formats.altbeacon import AltBeacon, encode_altbeacon
from groundwork.adverts.formats.bthome_v2 import BtHome, encode_bthome
from groundwork.adverts.formats.eddystone_eid import EddystoneEid, encode_eddystone_eid
from groundwork.adverts.formats.eddystone_etlm import EddystoneEtlm, encode_eddystone_etlm
from groundwork.adverts.formats.eddystone_tlm import EddystoneTlm, encode_eddystone_tlm
from groundwork.adverts.formats.eddystone_uid import EddystoneUid, encode_eddystone_uid
from groundwork.adverts.formats.eddystone_url import EXPANSIONS, EddystoneUrl, decode_url, encode_eddystone_url, encode_url
from groundwork.adverts.formats.ibeacon import IBeacon, encode_ibeacon
from groundwork.adverts.formats.minew import Minew, encode_minew_climate
from groundwork.adverts.formats.ruuvi_rawv1 import RuuviRawV1, encode_ruuvi_rawv1
from groundwork.adverts.formats.ruuvi_rawv2 import RuuviRawV2, encode_ruuvi_rawv2
from groundwork.adverts.formats.shopper_token import ShopperToken, encode_shopper_token
from groundwork.adverts.frame import Frame, Options

BYTE, U16, U32 = st.integers(-128, 127), st.integers(0, 0xFFFF), st.integers(0, 0xFFFFFFFF)
AXIS = st.integers(-0x7FFF, 0x7FFF).map(lambda raw: raw / 1000)
ADDRESS = st.binary(min_size=6, max_size=6)


def identity(length: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=length, max_size=length)


def only(data: bytes, options: Options | None = None) -> Frame:
    """The one frame in an advert that fits the air."""
    (frame,) = decode(data, options or Options())
    return frame


def colons(address: bytes) -> str:
    return address.hex(":").upper()


@given(identity(16), U16, U16, BYTE)
def test_an_ibeacon_is_read_as_written(uuid: bytes, major: int, minor: int, power: int) -> None:
    assert only(encode_ibeacon(uuid.hex(), major, minor, power)) == IBeacon(uuid.hex(), major, minor, power)


@given(identity(16), U16, U16, BYTE, U16)
def test_an_altbeacon_is_read_as_written(id1: bytes, id2: int, id3: int, power: int, company: int) -> None:
    frame = decode(encode_altbeacon(id1.hex(), id2, id3, power, company))
    assert frame == [AltBeacon(company, id1.hex(), id2, id3, power, 0)]


@given(identity(10), identity(6), BYTE)
def test_an_eddystone_uid_is_read_as_written(namespace: bytes, instance: bytes, power: int) -> None:
    frame = only(encode_eddystone_uid(namespace.hex(), instance.hex(), power))
    assert frame == EddystoneUid(power, namespace.hex(), instance.hex())


@given(identity(8), BYTE)
def test_an_eddystone_eid_is_read_as_written(eid: bytes, power: int) -> None:
    assert only(encode_eddystone_eid(eid, power)) == EddystoneEid(power, eid.hex())


@given(identity(12), identity(2), identity(2))
def test_an_encrypted_tlm_is_read_as_written(encrypted: bytes, salt: bytes, mic: bytes) -> None:
    frame = only(encode_eddystone_etlm(encrypted, salt, mic))
    assert frame == EddystoneEtlm(encrypted.hex(), salt.hex(), mic.hex())


@given(U16, st.none() | st.integers(-0x7FFF, 0x7FFF).map(lambda raw: raw / 256), U32, U32)
def test_a_tlm_is_read_as_written(battery: int, celsius: float | None, adverts: int, uptime: int) -> None:
    assert only(encode_eddystone_tlm(battery, celsius, adverts, uptime)) == EddystoneTlm(battery, celsius, adverts, uptime)


WEB = st.builds(
    "{}{}{}{}".format,
    st.sampled_from(["http://", "https://", "http://www.", "https://www."]),
    st.text("abc.-0123", max_size=12),
    st.sampled_from(EXPANSIONS),
    st.text("abcXYZ/#?=%~!", max_size=12),
)


@given(WEB)
def test_a_web_address_is_read_as_written(url: str) -> None:
    assert decode_url(encode_url(url)) == url


@given(WEB.filter(lambda url: len(encode_url(url)) <= 18), BYTE)
def test_an_eddystone_url_is_read_as_written(url: str, power: int) -> None:
    assert only(encode_eddystone_url(url, power)) == EddystoneUrl(power, url)


@given(identity(16), U16)
def test_a_token_is_read_as_written(token: bytes, company: int) -> None:
    frame = only(encode_shopper_token(token, company), Options(token_company=company))
    assert frame == ShopperToken(token.hex(), "company", None)


@given(st.integers(-0x7FFF, 0x7FFF), U16, ADDRESS, st.booleans(), identity(16), U32)
def test_bthome_is_read_as_written_plain_and_encrypted(
    celsius: int, humidity: int, address: bytes, inside: bool, key: bytes, counter: int
) -> None:
    objects = b"\x02" + celsius.to_bytes(2, "little", signed=True) + b"\x03" + humidity.to_bytes(2, "little")
    where = {"address": address.hex()} if inside else {"sender": address.hex()}
    plain = only(encode_bthome(objects, address=where.get("address", "")))
    options = Options(address=address.hex(), bind_keys={address.hex(): key})
    opened = only(encode_bthome(objects, key=key, counter=counter, **where), options)
    assert isinstance(plain, BtHome)
    assert isinstance(opened, BtHome)
    assert (opened.measured, opened.counter) == (plain.measured, counter)
    assert [each.value for each in plain.measured] == [celsius / 100, humidity / 100]


RAWV1 = st.builds(
    RuuviRawV1,
    st.integers(0, 255).map(lambda raw: raw / 2),
    st.integers(-12_799, 12_799).map(lambda raw: raw / 100),
    st.integers(50_000, 115_535).map(lambda raw: raw / 100),
    st.tuples(AXIS, AXIS, AXIS),
    U16.map(lambda raw: raw / 1000),
)


@given(RAWV1)
def test_a_ruuvi_reading_of_format_3_is_read_as_written(reading: RuuviRawV1) -> None:
    assert only(encode_ruuvi_rawv1(reading)) == reading


RAWV2 = st.builds(
    RuuviRawV2,
    st.none() | st.integers(-0x7FFF, 0x7FFF).map(lambda raw: raw / 200),
    st.none() | st.integers(0, 65_534).map(lambda raw: raw / 400),
    st.none() | st.integers(50_000, 115_534),
    st.tuples(*[st.none() | AXIS] * 3),
    st.none() | st.integers(1_600, 3_646).map(lambda raw: raw / 1000),
    st.none() | st.integers(0, 30).map(lambda raw: 2 * raw - 40),
    st.none() | st.integers(0, 254),
    st.none() | st.integers(0, 65_534),
    st.none() | ADDRESS.filter(lambda raw: raw != b"\xff" * 6).map(colons),
)


@given(RAWV2)
def test_a_ruuvi_reading_of_format_5_is_read_as_written(reading: RuuviRawV2) -> None:
    data = encode_ruuvi_rawv2(reading)
    assert only(data) == reading
    assert len(data) == 31


@given(ADDRESS, st.integers(0, 255), st.integers(-0x8000, 0x7FFF), st.integers(-0x8000, 0x7FFF))
def test_a_minew_climate_frame_is_read_as_written(address: bytes, battery: int, celsius: int, humidity: int) -> None:
    frame = only(encode_minew_climate(colons(address), battery, celsius / 256, humidity / 256))
    assert frame == Minew(1, battery, colons(address), {"temperature_c": celsius / 256, "humidity_pct": humidity / 256})


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda: encode_eddystone_url("ftp://a.com"), "expected http"),
        (lambda: encode_eddystone_url("http://a b"), "printable ASCII"),
        (lambda: encode_eddystone_url("http://" + "a" * 18), "holds 17 bytes"),
        (lambda: encode_eddystone_tlm(70_000, 0, 0, 0), "70000 mV"),
        (lambda: encode_eddystone_tlm(0, 128.0, 0, 0), "128.0 C"),
        (lambda: encode_eddystone_eid(b""), "8 bytes, got 0"),
        (lambda: encode_eddystone_etlm(b"", b"", b""), "12, 2 and 2"),
        (lambda: encode_ruuvi_rawv1(RuuviRawV1(0, 0, 2_000, (0, 0, 0), 0)), "format 3 cannot hold"),
        (lambda: encode_ruuvi_rawv2(RuuviRawV2(None, None, None, (None, None, None), 9.9, None, None, None, None)), "9.9 V"),
        (lambda: encode_ruuvi_rawv2(RuuviRawV2(200, None, None, (None, None, None), None, None, None, None, None)), "format 5 cannot"),
    ],
)
def test_what_a_format_cannot_hold_is_refused_by_name(make: Callable[[], bytes], why: str) -> None:
    with pytest.raises(ValueError, match=re.escape(why)):
        make()
