"""Rules of the gate: who is named passes, nobody else."""

import math

import pytest

from beacon_gateway.gate import gate, possible
from groundwork.contracts.ids import BeaconKey

UUID = "426c7565436861726d426561636f6e73"


def key(text: str) -> BeaconKey:
    return BeaconKey(text)


def test_without_rules_nobody_passes() -> None:
    assert not gate().admits(key(f"ibeacon:{UUID}:1:2"))


@pytest.mark.parametrize("written", [UUID, "426C7565-4368-6172-6D42-6561636F6E73"])
def test_a_uuid_lets_all_its_beacons_pass_however_it_is_written(written: str) -> None:
    assert gate(ibeacon_uuids=[written]).admits(key(f"ibeacon:{UUID}:65535:0"))


def test_a_uuid_of_one_format_does_not_open_another() -> None:
    assert not gate(ibeacon_uuids=[UUID]).admits(key(f"altbeacon:{UUID}:1:2"))
    assert gate(altbeacon_ids=[UUID]).admits(key(f"altbeacon:{UUID}:1:2"))


def test_a_uuid_that_only_begins_alike_is_a_stranger() -> None:
    assert not gate(ibeacon_uuids=[UUID]).admits(key(f"ibeacon:{UUID}00:1:2"))


def test_a_namespace_lets_all_its_instances_pass() -> None:
    opened = gate(eddystone_namespaces=["1234567890123456789A"])
    assert opened.admits(key("eddystone:1234567890123456789a:000000000001"))


def test_tokens_pass_only_where_tokens_are_allowed() -> None:
    assert gate(tokens=True).admits(key(f"token:{UUID}"))
    assert not gate(ibeacon_uuids=[UUID]).admits(key(f"token:{UUID}"))


def test_an_exact_key_lets_only_that_beacon_pass() -> None:
    opened = gate(keys=[f"ibeacon:{UUID}:1:2"])
    assert opened.admits(key(f"ibeacon:{UUID}:1:2"))
    assert not opened.admits(key(f"ibeacon:{UUID}:1:3"))


@pytest.mark.parametrize(
    ("rssi", "can_be"), [(-127.0, True), (-0.5, True), (0.0, False), (20.0, False), (-127.5, False), (math.nan, False)]
)
def test_an_rssi_lies_from_minus_127_to_below_0(rssi: float, *, can_be: bool) -> None:
    assert possible(rssi) is can_be
