"""Rules of reading: who an advert is from by the rules, what its sender says of itself, and that nobody else is remembered."""

import random
import secrets

import pytest

from groundwork.adverts.formats.bthome_v2 import encode_bthome
from groundwork.adverts.formats.eddystone_tlm import encode_eddystone_tlm
from groundwork.adverts.formats.eddystone_uid import encode_eddystone_uid
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.adverts.formats.minew import encode_minew_climate
from groundwork.adverts.formats.ruuvi_rawv1 import RuuviRawV1, encode_ruuvi_rawv1
from groundwork.adverts.formats.shopper_token import encode_shopper_token
from groundwork.adverts.frame import NO_OPTIONS, Options, Telemetry
from groundwork.adverts.gate import Gate, gate
from groundwork.adverts.reader import PERSONAL, STRANGER, TELEMETRY_ONLY, Reader, Reading
from groundwork.contracts.ids import BeaconKey
from tests.groundwork.adverts.fuzz import bent_packets

NAMESPACE, INSTANCE = "12345678901234678901", "000000000001"
UID = encode_eddystone_uid(NAMESPACE, INSTANCE)
TLM = encode_eddystone_tlm(2_840, 19.0, 5_223, 10_948)
HERE, THERE = "A4:C1:38:8D:18:B2", "A4:C1:38:8D:18:B3"
BEACON = BeaconKey(f"eddystone:{NAMESPACE}:{INSTANCE}")
TAG, OTHER_TAG = BeaconKey("address:a4c1388d18b2"), BeaconKey("address:a4c1388d18b3")
MARKER = (4_660, 22_136)


def reader(rules: Gate | None = None, options: Options = NO_OPTIONS) -> Reader:
    return Reader(rules or gate(eddystone_namespaces=[NAMESPACE]), options)


def test_an_admitted_beacon_is_named_and_any_other_is_a_stranger() -> None:
    read = reader().read
    assert read(UID, HERE) == Reading(BEACON)
    assert read(encode_eddystone_uid("00" * 10, INSTANCE), HERE) == Reading(None, None, STRANGER)
    assert read(b"", "") == Reading(None, None, STRANGER)


def test_telemetry_is_laid_to_the_beacon_of_the_same_address_and_is_no_sighting() -> None:
    read = reader().read
    assert read(TLM, HERE).refusal == STRANGER
    read(UID, HERE)
    assert read(TLM, HERE) == Reading(BEACON, Telemetry(None, 2_840, 19.0), TELEMETRY_ONLY)
    assert read(TLM, THERE).refusal == STRANGER
    assert read(TLM, "").refusal == STRANGER


def test_another_identity_from_a_beacons_address_is_not_laid_to_it() -> None:
    read = reader().read
    read(UID, HERE)
    assert read(encode_ibeacon("00" * 16, 1, 2), HERE) == Reading(None, None, STRANGER)


def test_telemetry_beside_an_identity_belongs_to_it() -> None:
    assert reader().read(UID + TLM[7:], HERE) == Reading(BEACON, Telemetry(None, 2_840, 19.0))


def test_the_address_of_a_shopper_is_not_kept() -> None:
    options = Options(token_company=0x1234)
    read = reader(gate(tokens=True), options).read
    assert read(encode_shopper_token(bytes(16), 0x1234), HERE).refusal == ""
    assert read(TLM, HERE).refusal == STRANGER


def test_a_tag_passes_by_its_address_whether_the_frame_or_the_radio_says_it() -> None:
    read = reader(gate(addresses=[HERE])).read
    inside = encode_minew_climate(HERE, 99, 21.5, 50.0)
    silent = encode_ruuvi_rawv1(RuuviRawV1(50, 21.5, 1_000, (0, 0, 1), 2.9))
    assert read(inside, THERE) == Reading(TAG, Telemetry(99, None, 21.5))
    assert read(silent, HERE) == Reading(TAG, Telemetry(None, 2_900, 21.5))
    assert read(silent, "00:00:00:00:00:00").refusal == STRANGER
    assert read(b"\x02\x01\x06", HERE).beacon == TAG


def test_a_company_rule_lets_its_senders_pass_by_their_address() -> None:
    read = reader(gate(companies=[0x0499])).read
    assert read(b"\x06\xff\x99\x04abc", HERE) == Reading(TAG)
    assert read(b"\x06\xff\x98\x04abc", HERE).refusal == STRANGER
    assert read(b"\x06\xff\x99\x04abc", "").refusal == STRANGER


def test_a_persons_own_device_is_dropped_even_where_its_address_is_allowed() -> None:
    find_my = b"\x1e\xff\x4c\x00\x12\x19" + bytes(25)
    assert reader(gate(addresses=[HERE])).read(find_my, HERE) == Reading(None, None, PERSONAL)


def test_an_encrypted_sensor_is_opened_with_the_key_of_its_address() -> None:
    key, other = bytes(range(16)), bytes(16)
    options = Options(bind_keys={"a4c1388d18b2": key, "a4c1388d18b3": other})
    read = reader(gate(addresses=[HERE, THERE]), options).read
    data = encode_bthome(bytes.fromhex("015d02ca09"), key=key, sender="a4c1388d18b2", counter=1)
    assert read(data, THERE) == Reading(OTHER_TAG)
    assert read(data, HERE) == Reading(TAG, Telemetry(93, None, 25.06))
    assert read(data, "00:00:00:00:00:00").refusal == STRANGER


@pytest.mark.parametrize("inside", ["", "a4c1388d18b2"], ids=["address of the radio", "address in the frame"])
def test_an_encrypted_frame_sent_again_is_heard_and_is_telemetry_once(inside: str) -> None:
    key, sender = bytes(range(16)), "a4c1388d18b2"
    read = reader(gate(addresses=[HERE]), Options(bind_keys={sender: key})).read
    old, new = (
        encode_bthome(values, key=key, address=inside, sender=sender, counter=counter)
        for values, counter in ((bytes.fromhex("015d"), 7), (bytes.fromhex("015c"), 8))
    )
    told = [read(data, HERE) for data in (old, old, new, old, new)]
    assert [reading.beacon for reading in told] == [TAG] * 5
    assert [reading.telemetry and reading.telemetry.battery_pct for reading in told] == [93, None, 92, None, None]
    plain = encode_bthome(bytes.fromhex("015d"))
    assert read(plain, HERE).telemetry is None, "whoever has a key is believed by it alone"


def test_memory_is_bounded_whatever_comes() -> None:
    rng = random.Random(5)
    many = reader(gate(eddystone_namespaces=[NAMESPACE], companies=[0x0499]))
    for _ in range(20_000):
        address = rng.randbytes(6).hex(":")
        many.read(encode_eddystone_uid(NAMESPACE, rng.randbytes(6).hex()), address)
        many.read(rng.randbytes(31), address)
    assert len(many._said) <= 8_192
    assert len(many._senders) <= 4_096


def passed(rounds: int, marker: tuple[int, int], highest: int) -> tuple[int, int]:
    """How many of `rounds` random iBeacons, majors and minors up to `highest`, pass a gate for tokens; and how many bear the marker."""
    rng = random.Random(8)
    read = reader(gate(tokens=True), Options(token_company=0x1234, token_marker=marker)).read
    admitted = marked = 0
    for _ in range(rounds):
        major, minor = rng.randint(0, highest), rng.randint(0, highest)
        marked += (major, minor) == marker
        admitted += read(encode_ibeacon(rng.randbytes(16).hex(), major, minor), "").beacon is not None
    return admitted, marked


@pytest.mark.parametrize("rounds", [100_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_of_random_ibeacons_no_more_pass_than_bear_the_marker_by_chance(rounds: int) -> None:
    assert passed(rounds, MARKER, 0xFFFF) == (0, 0)  # chance: one in 4,294,967,296 each
    admitted, marked = passed(rounds // 10, (3, 4), 15)
    assert admitted == marked > 0


def test_no_bytes_make_the_reader_raise() -> None:
    rules = gate(tokens=True, eids=True, companies=[0x0499], addresses=[HERE])
    many = reader(rules, Options(token_company=1, token_marker=(1, 2), bind_keys={"a4c1388d18b2": bytes(16)}))
    for at, data in enumerate(bent_packets(secrets.randbits(32), 20_000)):
        reading = many.read(data, ("", HERE, THERE)[at % 3])
        assert bool(reading.refusal) != (reading.beacon is not None) or reading.refusal == TELEMETRY_ONLY, data.hex()
