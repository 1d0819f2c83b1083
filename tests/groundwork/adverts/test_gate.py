"""Rules of the gate: who is named passes, nobody else."""

import math

import pytest

from groundwork.adverts.ad_structures import structures
from groundwork.adverts.gate import address_key, gate, lasting_key, personal, possible
from groundwork.contracts.ids import BeaconKey
from groundwork.contracts.unfit import Unfit

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


@pytest.mark.parametrize("written", ["CB:B8:33:4C:88:4F", "cb-b8-33-4c-88-4f", "cbb8334c884f"])
def test_an_address_lets_its_sender_pass_however_it_is_written(written: str) -> None:
    opened = gate(addresses=[written])
    assert opened.admits(address_key("CB:B8:33:4C:88:4F"))
    assert not opened.admits(address_key("CB:B8:33:4C:88:50"))
    assert opened.by_address


def test_a_single_key_may_name_an_address() -> None:
    assert gate(keys=["address:cbb8334c884f"]).by_address
    assert not gate(keys=["ibeacon:x:1:1"]).by_address


def test_a_company_rule_names_manufacturer_structures_of_that_company_only() -> None:
    opened = gate(companies=[0x0499])
    assert opened.admits_company(0xFF, b"\x99\x04\x05")
    assert not opened.admits_company(0xFF, b"\x04\x99\x05")
    assert not opened.admits_company(0x16, b"\x99\x04\x05")


@pytest.mark.parametrize("company", [0x004C, 0x0006])
def test_no_rule_may_let_all_phones_pass(company: int) -> None:
    with pytest.raises(ValueError, match="people's own devices"):
        gate(companies=[0x0499, company])


def test_the_refused_maker_is_the_one_that_was_named() -> None:
    with pytest.raises(Unfit) as caught:
        gate(companies=[0x0499, 0x0006])
    assert caught.value.value == "0x0006"


def test_ephemeral_ids_pass_only_where_they_are_allowed() -> None:
    assert gate(eids=True).admits(key("eid:0011223344556677"))
    assert not gate(tokens=True).admits(key("eid:0011223344556677"))


@pytest.mark.parametrize(
    ("packet", "whose"),
    [
        ("02011a0bff4c001006031a4a3d5c6f", True),  # Apple: nearby
        ("1eff4c00121900" + "11" * 24, True),  # Apple: Find My
        ("1aff4c000215" + "11" * 21, False),  # an iBeacon
        ("1dff060001092002ac6d90ec0132b3204cd39c7ced3e48436ba15dc63147", True),  # Microsoft CDP
        ("02011a03036ffd17166ffd" + "11" * 20, True),  # exposure notification
        ("1816aafe40" + "11" * 20, True),  # Google's Find My Device network
        ("1516aafe00" + "11" * 17, False),  # Eddystone
        ("0716b2fc01020304", True),  # a tracker away from its owner
        ("05ff9904ffff", False),
        ("03ff4c00", True),
    ],
)
def test_a_persons_own_device_is_told_from_a_beacon(packet: str, *, whose: bool) -> None:
    assert any(personal(*part) for part in structures(bytes.fromhex(packet))) is whose


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (" iBeacon:426C7565-4368-6172-6D42-6561636F6E73:1:7", "ibeacon:426c7565436861726d426561636f6e73:1:7"),
        ("address:C0-11-22-33-44-55", "address:c01122334455"),
        ("address:c0:11:22:33:44:55", "address:c01122334455"),
        ("eddystone:0123456789abcdef0123:0123456789ab", "eddystone:0123456789abcdef0123:0123456789ab"),
        ("token:0123456789abcdef", None),
        ("url:https://a.sa", None),
        ("tag 7", None),
        (":1:7", None),
    ],
)
def test_a_key_that_was_typed_is_taken_as_adverts_have_it_unless_it_does_not_last(typed: str, key: str | None) -> None:
    assert lasting_key(typed) == key
