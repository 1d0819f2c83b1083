"""Who passes the sieve, by whose word, and when it was."""

import msgspec
import pytest

from geofence.feeding.sieve import MOST_AHEAD_MS, MOST_BEHIND_MS, Kept, Sieve, Sifted, gate_of
from geofence.feeds import FEEDS
from groundwork.contracts.gateway import GatewayRules
from groundwork.contracts.ids import BeaconKey, GatewayId
from tests.geofence.feeds import payloads as real
from tests.geofence.venues import START_MS

UUID = "1de4b189115e45f6b44e509352269977"
KEY = BeaconKey(f"ibeacon:{UUID}:1:2")
RULES = GatewayRules(allow_ibeacon=[UUID])
ROOM = GatewayId("esp:kitchen")
BOX = GatewayId("minew:ac233fc001ea")


def sift(payload: bytes, rules: GatewayRules | None = RULES, kind: str = "espresense", topic: str = real.ESPRESENSE_TOPIC) -> Sifted:
    return Sieve(FEEDS[kind], {"kitchen": ROOM, "AC:23:3F:C0:01:EA": BOX}, rules).sift(topic, payload, START_MS)


def minew(at: str, rules: GatewayRules | None = RULES, *, received: bool = False) -> Sifted:
    entry = {"mac": "C0FFEE000001", "rssi": -60, "timestamp": at, "ibeaconUuid": UUID, "ibeaconMajor": 1, "ibeaconMinor": 2}
    sieve = Sieve(FEEDS["minew"], {"AC:23:3F:C0:01:EA": BOX}, rules, received=received)
    return sieve.sift(real.MINEW_TOPIC, msgspec.json.encode([entry]), START_MS)


def test_a_beacon_that_a_rule_names_is_kept_with_its_box_and_the_moment_it_came_in() -> None:
    assert sift(real.ESPRESENSE_IBEACON) == Sifted([Kept(ROOM, KEY, START_MS, -84.0)], spoke={ROOM})


def test_without_rules_nobody_passes() -> None:
    for rules in (None, GatewayRules()):
        assert dict(sift(real.ESPRESENSE_IBEACON, rules).refused) == {"stranger": 1}


def test_others_pass_by_a_listed_address_only() -> None:
    listed = GatewayRules(allow_addresses=["dc234d08c8ea"])
    assert [kept.beacon for kept in sift(real.ESPRESENSE_KNOWN, listed).kept] == ["address:dc234d08c8ea"]
    assert dict(sift(real.ESPRESENSE_APPLE, listed).refused) == {"stranger": 1}


def test_a_persons_own_device_is_dropped_whatever_the_rules_say() -> None:
    findmy = b'{"id":"6A:60:82:1A:2B:3C","rssi":-60,"manufacturerdata":"4c00121910ffeeddccbbaa99887766554433221100ffeeddccbbaa"}'
    rules = GatewayRules(allow_ibeacon=[UUID])
    topic = "home/kitchen/BTtoMQTT/6A60821A2B3C"
    assert dict(sift(findmy, rules, "theengs", topic).refused) == {"personal_device": 1}


def test_a_shopper_token_in_an_ibeacon_is_told_by_the_marker() -> None:
    rules = GatewayRules(token_marker=[1, 2])
    assert [kept.beacon for kept in sift(real.ESPRESENSE_IBEACON, rules).kept] == [f"token:{UUID}"]


def test_a_box_that_is_not_listed_is_not_believed() -> None:
    said = sift(real.ESPRESENSE_IBEACON, topic=real.ESPRESENSE_TOPIC.replace("kitchen", "attic"))
    assert (said.kept, dict(said.refused)) == ([], {"feed_unknown_box": 1})


def test_of_a_box_that_is_not_listed_a_stranger_is_still_a_stranger() -> None:
    said = sift(real.ESPRESENSE_APPLE, topic="espresense/devices/x/attic")
    assert dict(said.refused) == {"stranger": 1}


@pytest.mark.parametrize("rssi", ["0", "4", "-200"])
def test_what_no_radio_measures_is_refused(rssi: str) -> None:
    payload = real.ESPRESENSE_IBEACON.replace(b"-84.00", rssi.encode())
    assert dict(sift(payload).refused) == {"impossible_rssi": 1}


def test_a_boxs_clock_is_believed_where_it_agrees_with_ours() -> None:
    assert [kept.at_ms for kept in minew("2026-11-01T06:59:59.250Z").kept] == [START_MS - 750]
    assert [kept.at_ms for kept in minew("2026-11-01T10:00:01+03:00").kept] == [START_MS]  # never later than it came in


@pytest.mark.parametrize("at", ["2026-11-01T05:00:00Z", "2026-11-01T06:59:54Z", "2026-11-01T07:00:03Z", "1970-01-01T00:00:00Z"])
def test_what_waited_in_a_queue_or_comes_by_a_wrong_clock_is_refused(at: str) -> None:
    assert (MOST_BEHIND_MS, MOST_AHEAD_MS) == (5_000, 2_000)
    assert dict(minew(at).refused) == {"feed_stale": 1}
    assert [kept.at_ms for kept in minew(at, received=True).kept] == [START_MS]  # where no box's clock is to be believed


def test_what_cannot_be_read_is_refused_with_words_that_tell_of_nobody() -> None:
    said = sift(b'{"id": "58:78:20:76:BC:24"')
    assert (said.payload_refused, said.problem, said.adverts) == ("feed_unreadable", ("the payload is no JSON", "الحمولة ليست JSON"), 0)
    assert sift(real.ESPRESENSE_ROOM, topic=real.ESPRESENSE_ROOM_TOPIC).payload_refused == "feed_nothing_heard"


def test_every_advert_of_a_payload_is_kept_or_counted() -> None:
    rules = GatewayRules(allow_ibeacon=["fda50693a4e24fb1afcfc6eb07647825"], allow_eddystone=["00112233445566778899"])
    said = Sieve(FEEDS["minew"], {"ac233fc02f87": BOX}, rules).sift("", real.MINEW_BINARY, START_MS)
    assert (len(said.kept), said.adverts) == (2, 28)
    assert set(said.refused) == {"stranger", "personal_device", "telemetry_only"} & set(said.refused)


def test_the_gate_is_the_one_of_the_venues_own_boxes() -> None:
    rules = GatewayRules(allow_companies=[0xFFFF], allow_beacons=[str(KEY)], token_company=0x1234, allow_eid=True)
    admitted, options = gate_of(rules)
    assert admitted.admits(KEY)
    assert (admitted.companies, options.token_company) == (frozenset({b"\xff\xff"}), 0x1234)
