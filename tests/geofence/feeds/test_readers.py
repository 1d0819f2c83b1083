"""What each kind of box says, by real payloads; and that no bytes bring a reader down."""

import contextlib
import json
import random
from collections.abc import Iterator

import pytest

from geofence.feeding.feed import MOST_BYTES, MOST_HEARD, FeedError, Heard, Said, address_of, ibeacon_bytes, manufacturer, service
from geofence.feeds import FEEDS, feed
from groundwork.adverts.decode import decode
from tests.geofence.feeds import payloads as real

SEEDS = [
    ("theengs", real.THEENGS_TOPIC, real.THEENGS_IBEACON),
    ("theengs", real.THEENGS_TOPIC, real.THEENGS_RAW),
    ("theengs", real.THEENGS_TOPIC, real.THEENGS_SENSOR),
    ("espresense", real.ESPRESENSE_TOPIC, real.ESPRESENSE_IBEACON),
    ("espresense", real.ESPRESENSE_TOPIC, real.ESPRESENSE_APPLE),
    ("minew", real.MINEW_TOPIC, real.MINEW_LONG),
    ("minew", real.MINEW_TOPIC, real.MINEW_IBEACONS),
    ("minew", real.MINEW_TOPIC, real.MINEW_RAW),
    ("minew", real.MINEW_TOPIC, real.MINEW_BINARY),
]


def read(kind: str, topic: str, payload: bytes) -> Said:
    return FEEDS[kind].read(topic, payload)


def beacons(heard: Heard) -> list[str | None]:
    return [frame.beacon for frame in decode(heard.ad)]


# --- Theengs ----------------------------------------------------------------------------------------------------------------------


def test_theengs_names_box_beacon_and_level_of_an_ibeacon() -> None:
    (heard,) = read("theengs", real.THEENGS_TOPIC, real.THEENGS_IBEACON).heard
    assert (heard.box, heard.rssi_dbm, heard.address, heard.at_ms) == ("OpenMQTTGateway", -79.0, "58782076bc24", None)
    assert beacons(heard) == ["ibeacon:1de4b189115e45f6b44e509352269977:0:0"]
    (other,) = read("theengs", "shop/TheengsGateway/BTtoMQTT/45F68A7686C5", real.THEENGS_BEACON).heard
    assert (other.box, beacons(other)) == ("TheengsGateway", ["ibeacon:00112233445566778899aabbccddeeff:1:2"])


def test_theengs_raw_bytes_go_through_our_own_decoder() -> None:
    (heard,) = read("theengs", real.THEENGS_TOPIC, real.THEENGS_RAW).heard
    assert beacons(heard) == ["ibeacon:fda50693a4e24fb1afcfc6eb07647825:10001:19641", "eddystone:00112233445566778899:000000000000"]


def test_theengs_a_sensor_is_known_by_its_address_alone() -> None:
    (heard,) = read("theengs", real.THEENGS_TOPIC, real.THEENGS_SENSOR).heard
    assert (heard.ad, heard.address) == (b"", "d4d8d8cb346c")


@pytest.mark.parametrize(
    ("topic", "payload"),
    [
        (real.THEENGS_TOPIC, real.THEENGS_ABSENT),
        ("home/OpenMQTTGateway/LWT", b"online"),
        ("home/OpenMQTTGateway/SYStoMQTT", b'{"rssi":-61}'),
    ],
)
def test_theengs_says_nothing_of_adverts_elsewhere(topic: str, payload: bytes) -> None:
    assert read("theengs", topic, payload) == Said()


# --- ESPresense -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("payload", [real.ESPRESENSE_IBEACON, real.ESPRESENSE_OLD])
def test_espresense_tells_an_ibeacon_by_its_id_and_the_room_is_the_box(payload: bytes) -> None:
    (heard,) = read("espresense", real.ESPRESENSE_TOPIC, payload).heard
    assert (heard.box, heard.rssi_dbm, heard.address) == ("kitchen", -84.0, "58782076bc24")
    assert beacons(heard) == ["ibeacon:1de4b189115e45f6b44e509352269977:1:2"]


def test_espresense_tells_any_other_device_by_its_address() -> None:
    for payload, address in ((real.ESPRESENSE_APPLE, "6a60821a2b3c"), (real.ESPRESENSE_KNOWN, "dc234d08c8ea")):
        (heard,) = read("espresense", "espresense/devices/x/kitchen", payload).heard
        assert (heard.ad, heard.address) == (b"", address)


def test_espresense_a_room_that_tells_of_itself_hears_nobody() -> None:
    assert read("espresense", real.ESPRESENSE_ROOM_TOPIC, real.ESPRESENSE_ROOM) == Said()
    assert read("espresense", "espresense/rooms/kitchen/status", b"online") == Said()


# --- Minew ------------------------------------------------------------------------------------------------------------------------


def test_minew_json_long_carries_raw_adverts_with_their_time() -> None:
    said = read("minew", "", real.MINEW_LONG)
    assert [(heard.box, heard.rssi_dbm, heard.address) for heard in said.heard] == [
        ("ac233fc001ea", -79.0, "ac233fa03208"),
        ("ac233fc001ea", -54.0, "ac233fa018e3"),
        ("ac233fc001ea", -53.0, "ac233fa018e3"),
    ]
    assert said.heard[0].ad == bytes.fromhex("0201060303E1FF0D16E1FFA10264000832A03F23AC")
    assert {heard.at_ms for heard in said.heard} == {1_564_638_865_000}
    assert not said.refused


def test_minew_ibeacons_in_the_clear_become_beacon_keys() -> None:
    said = read("minew", real.MINEW_TOPIC, real.MINEW_IBEACONS)
    assert [beacons(heard) for heard in said.heard] == [["ibeacon:e2c56db5dffb48d2b060d0f5a71096e0:0:0"]] * 2
    assert [heard.at_ms for heard in said.heard] == [1_642_684_969_519, 1_642_684_969_431]


def test_minew_without_a_box_in_the_payload_goes_by_its_topic() -> None:
    (heard,) = read("minew", real.MINEW_TOPIC, real.MINEW_WITHOUT_BOX).heard
    assert heard.box == "ac233fc001ea"
    with pytest.raises(FeedError, match="names the box"):
        read("minew", "", real.MINEW_WITHOUT_BOX)


def test_minew_json_raw_has_addresses_alone() -> None:
    (heard,) = read("minew", "", real.MINEW_RAW).heard
    assert (heard.box, heard.ad, heard.address, heard.rssi_dbm) == ("ac233fc0bc43", b"", "ac233f8c7cee", -61.0)


def test_minew_binary_gives_every_advert_of_every_sender() -> None:
    said = read("minew", "", real.MINEW_BINARY)
    assert len(said.heard) == 28
    assert {heard.box for heard in said.heard} == {"ac233fc02f87"}
    assert {heard.rssi_dbm for heard in said.heard} == {-49.0, -48.0, -47.0, -46.0, -45.0, -44.0, -43.0, -39.0}
    known = [beacon for heard in said.heard for beacon in beacons(heard) if beacon is not None]
    assert "ibeacon:fda50693a4e24fb1afcfc6eb07647825:10001:19641" in known
    assert "eddystone:00112233445566778899:000000000000" in known


@pytest.mark.parametrize(
    "payload",
    [
        real.MINEW_BINARY[:-1],
        real.MINEW_BINARY[:200] + real.MINEW_BINARY[-1:],
        b"\xbb\x00" + real.MINEW_BINARY[2:],
        b"\xbb\x02" + bytes(40),
        b"\xbb",
        bytes.fromhex("bb0100000010ac233fc02f8700ffdd00dd"[:32]),
    ],
)
def test_minew_binary_that_is_cut_short_or_of_another_form_is_refused_whole(payload: bytes) -> None:
    with pytest.raises(FeedError):
        read("minew", "", payload)


def test_minew_entries_that_cannot_be_read_are_counted_and_the_others_go_on() -> None:
    entries = [{"type": "Gateway", "mac": "AC233FC001EA"}, {"mac": "AC233FA03208", "rssi": -60}, {"rssi": -60}, 7, {"mac": "AC233FA03208"}]
    said = read("minew", "", json.dumps(entries).encode())
    assert (len(said.heard), dict(said.refused)) == (1, {"feed_unreadable_entry": 3})


def test_a_time_that_is_none_is_not_said() -> None:
    for said in ("", "yesterday", "2019-08-13T06:06:20", "9999-99-99T00:00:00Z", "0001-01-01T00:00:00+23:59"):
        entry = {"mac": "AC233FA03208", "rssi": -60, "timestamp": said}
        (heard,) = read("minew", real.MINEW_TOPIC, json.dumps([entry]).encode()).heard
        assert heard.at_ms is None


# --- all of them ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "topic", "_payload"), SEEDS)
@pytest.mark.parametrize("payload", [b"", b"{", b"null", b"12", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}" * 3, b'{"rssi": 1e999}'])
def test_what_is_no_such_payload_raises_one_error_or_says_nothing(kind: str, topic: str, _payload: bytes, payload: bytes) -> None:
    with contextlib.suppress(FeedError):
        assert read(kind, topic, payload).heard == []


def test_a_payload_beyond_all_measure_is_refused() -> None:
    with pytest.raises(FeedError, match="at most"):
        read("theengs", real.THEENGS_TOPIC, b" " * MOST_BYTES + b"{}")
    with pytest.raises(FeedError, match="at most"):
        read("minew", real.MINEW_TOPIC, b"[" + b"1," * MOST_HEARD + b"1]")


def _spoilt(rng: random.Random, payload: bytes) -> bytes:
    """The payload with some bytes changed, dropped, doubled or cut off."""
    spoilt = bytearray(payload)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(spoilt) + 1)
        match rng.randrange(5):
            case 0:
                spoilt[at : at + 1] = bytes((rng.randrange(256),))
            case 1:
                del spoilt[at : at + rng.randrange(1, 9)]
            case 2:
                spoilt[at:at] = spoilt[at : at + rng.randrange(1, 40)]
            case 3:
                spoilt[at : at + 1] = rng.choice([b"-", b"1e9", b"[", b"}", b"null", b'"', b"NaN", b"\\u0000", b"99999999999999999999"])
            case _:
                del spoilt[at:]
    return bytes(spoilt)


def _fuzz(count: int, seed: int) -> Iterator[tuple[str, str, bytes]]:
    rng = random.Random(seed)
    for _ in range(count):
        kind, topic, payload = rng.choice(SEEDS)
        if rng.random() < 0.1:
            topic = "/".join(rng.choice(["", "devices", "BTtoMQTT", "+", "é", "ac233fc001ea"]) for _ in range(rng.randrange(6)))
        yield kind, topic, rng.randbytes(rng.randrange(64)) if rng.random() < 0.1 else _spoilt(rng, payload)


def test_no_spoilt_payload_of_twenty_thousand_raises_anything_else() -> None:
    refused = 0
    for kind, topic, payload in _fuzz(20_000, 5):
        try:
            said = read(kind, topic, payload)
        except FeedError:
            refused += 1
            continue
        for heard in said.heard:
            decode(heard.ad)
            assert heard.address == address_of(heard.address)
    assert 5_000 < refused < 19_000


def test_fields_that_make_no_advert_make_none() -> None:
    uuid = "1de4b189115e45f6b44e509352269977"
    assert ibeacon_bytes(uuid, 1, 2, -60)
    assert not any(
        (ibeacon_bytes(uuid[:-1], 1, 2), ibeacon_bytes(uuid, 65_536, 2), ibeacon_bytes(uuid, 1.5, 2), ibeacon_bytes(uuid, None, 2))
    )
    assert not any(
        (manufacturer(b"\x01"), manufacturer(bytes(300)), service("zz", b"1"), service("0xfeaa", b""), service("feaa", bytes(300)))
    )
    assert service("0000feaa-0000-1000-8000-00805f9b34fb", b"\x00") == service("0xFEAA", b"\x00") == bytes.fromhex("0416aafe00")


def test_an_unknown_kind_names_the_known_ones() -> None:
    with pytest.raises(ValueError, match="expected one of theengs, espresense, minew"):
        feed("cassia")
