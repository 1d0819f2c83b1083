"""Eddystone-EID: the published values, tables that follow a tag's own clock, and ids that mean nothing without a binding."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from groundwork.contracts.ids import BeaconKey
from groundwork.people.eid import DRIFT_S, EidKey, EidTables, eid, identity_key, sent
from tests.data import data_folder

IDENTITY = bytes.fromhex("0102030405060708090a111213141516")
NOW_S = 1_793_516_400
CART = BeaconKey("tag:cart-7")


def _vectors(name: str) -> list[dict[str, Any]]:
    found = json.loads((data_folder("plans").parent / "ble-vectors.json").read_bytes())["vectors"]
    return [vector for vector in found if vector["format"] == name]


def test_the_published_ids_are_computed() -> None:
    assert eid(IDENTITY, 10, 0).hex() == "a9b76a71c5f89290"  # RadiusNetworks/ephemeral_calc, spec/encryptor_spec.rb
    vectors = _vectors("eid")
    assert len(vectors) >= 4
    for vector in vectors:
        said = vector["expect"]
        assert eid(bytes.fromhex(vector["input"]), said["rotation_exponent"], said["counter"]).hex() == said["eid"]


def test_the_published_registration_gives_its_identity_key() -> None:
    for vector in _vectors("eid_registration"):
        said = {name: bytes.fromhex(text) for name, text in vector["expect"].items()}
        own = X25519PrivateKey.from_private_bytes(said["resolver_private"])
        assert own.public_key().public_bytes_raw() == said["resolver_public"]
        assert identity_key(own, said["beacon_public"]) == said["identity_key"]


def test_a_public_key_that_leads_to_no_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="shared key"):
        identity_key(X25519PrivateKey.from_private_bytes(b"\x01" * 32), bytes(32))


@pytest.mark.parametrize("exponent", [0, 4, 10, 15])
def test_a_tags_ids_follow_one_another_without_a_gap(exponent: int) -> None:
    key = EidKey(IDENTITY, exponent, NOW_S - 65_536 - 100)  # a new temporary key falls into the span
    ids = list(sent(key, NOW_S, NOW_S + 2_000))
    assert [one.from_s - ids[0].from_s for one in ids] == [n << exponent for n in range(len(ids))]
    assert ids[0].from_s <= NOW_S < ids[0].from_s + (1 << exponent)
    assert all(one.eid == eid(IDENTITY, exponent, one.from_s - key.offset_s) for one in ids)


def test_a_clock_that_was_never_started_sends_nothing() -> None:
    assert list(sent(EidKey(IDENTITY, 10, NOW_S), NOW_S - 5_000, NOW_S)) == []
    assert [one.from_s for one in sent(EidKey(IDENTITY, 10, NOW_S), NOW_S - 5_000, NOW_S + 1)] == [NOW_S]


@pytest.mark.parametrize("exponent", [0, 10, 15])
def test_an_id_is_found_while_the_tag_sends_it_give_or_take_its_drift(exponent: int) -> None:
    key = EidKey(IDENTITY, exponent, NOW_S - 1_000_003)
    tables = EidTables()
    tables.put(CART, key)
    one = next(sent(key, NOW_S, NOW_S + 1))
    beacon = BeaconKey(f"eid:{one.eid.hex()}")
    until_s = one.from_s + (1 << exponent)
    for at_s, found in (
        (one.from_s - DRIFT_S - 1, None),
        (one.from_s - DRIFT_S, CART),
        (NOW_S, CART),
        (until_s + DRIFT_S - 1, CART),
        (until_s + DRIFT_S, None),
        (NOW_S + 86_400, None),
    ):
        assert tables.find(beacon, at_s * 1000) == found, at_s - one.from_s


def test_a_tag_that_joins_or_leaves_is_known_or_forgotten_at_once() -> None:
    tables, key = EidTables(), EidKey(IDENTITY, 10, NOW_S - 5_000)
    beacon = BeaconKey(f"eid:{eid(IDENTITY, 10, 5_000).hex()}")
    tables.put(BeaconKey("tag:other"), EidKey(bytes(16), 10, NOW_S))
    assert tables.find(beacon, NOW_S * 1000) is None
    tables.put(CART, key)
    assert tables.find(beacon, NOW_S * 1000) == CART
    tables.drop(CART)
    assert tables.find(beacon, NOW_S * 1000) is None
    tables.put(CART, EidKey(bytes(range(16)), 10, NOW_S - 5_000))  # given another key
    assert tables.find(beacon, NOW_S * 1000) is None


@pytest.mark.parametrize("text", ["eid:", "eid:zz", "eid:a9b76a71c5f8929", "eid:a9b76a71c5f8929000"])
def test_what_is_no_id_is_a_strangers(text: str) -> None:
    tables = EidTables()
    tables.put(CART, EidKey(IDENTITY, 10, 0))
    assert tables.find(BeaconKey(text), 0) is None


def test_an_impossible_key_is_refused_with_what_was_expected() -> None:
    with pytest.raises(ValueError, match="16 bytes, got 15"):
        EidKey(bytes(15), 10, 0)
    with pytest.raises(ValueError, match="0 to 15, got 16"):
        EidKey(bytes(16), 16, 0)
