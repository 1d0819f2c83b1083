"""Signatures and shopper tokens: other programs make them too, so the vectors are checked against the documented layout, byte by byte."""

import hashlib
import json
import struct
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from groundwork.people.enrolment import ENROL, ROTATE, key_id_of
from groundwork.people.model import DayKey
from groundwork.people.tokens import WINDOW_MS, Opened, issue, open_bulk
from groundwork.plumbing import proofs, signatures
from tests.contracts.messages import GOLDEN

SIGNATURES: list[dict[str, Any]] = json.loads((GOLDEN / "signatures.json").read_bytes())
PROOFS: list[dict[str, Any]] = json.loads((GOLDEN / "gateway_proofs.json").read_bytes())
TOKENS: list[dict[str, Any]] = json.loads((GOLDEN / "shopper_tokens.json").read_bytes())


@pytest.mark.parametrize("vector", SIGNATURES, ids=lambda vector: vector["path"])
def test_a_signature_vector_is_made_and_held_again(vector: dict[str, Any]) -> None:
    key = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"]))
    body, public = bytes.fromhex(vector["body"]), bytes.fromhex(vector["public_key"])
    method, path, key_id, at_ms = vector["method"], vector["path"], vector["key_id"], vector["at_ms"]
    assert vector["signed_text"] == "\n".join([method, path, key_id, str(at_ms), hashlib.sha256(body).hexdigest()])
    assert key.public_key().public_bytes_raw() == public
    assert signatures.sign(key, key_id, method, path, at_ms, body) == vector["header"]
    parsed = signatures.parse(vector["header"])
    assert parsed is not None
    assert (parsed.key_id, parsed.at_ms) == (key_id, at_ms)
    assert signatures.holds(parsed, public, method, path, body)


@pytest.mark.parametrize("change", ["method", "path", "body", "at_ms", "key_id", "public_key"])
def test_a_signature_holds_for_nothing_else(change: str) -> None:
    vector = dict(SIGNATURES[0])
    vector[change] = {
        "method": "PUT",
        "path": "/v1/sightings/",
        "body": "00",
        "at_ms": 1,
        "key_id": "x",
        "public_key": SIGNATURES[1]["public_key"],
    }[change]
    parsed = signatures.parse(SIGNATURES[0]["header"])
    assert parsed is not None
    said = signatures.Signature(vector["key_id"], vector["at_ms"], parsed.value)
    assert not signatures.holds(said, bytes.fromhex(vector["public_key"]), vector["method"], vector["path"], bytes.fromhex(vector["body"]))


@pytest.mark.parametrize(
    "header", ["", "key=a", "key=a, at=1, sig=short", "key=a b, at=1, sig=" + "A" * 86, "key=a, at=-1, sig=" + "A" * 86]
)
def test_a_header_of_another_form_is_no_signature(header: str) -> None:
    assert signatures.parse(header) is None


@pytest.mark.parametrize("vector", TOKENS, ids=lambda vector: f"enrolment {vector['enrolment']}")
def test_a_shopper_token_vector_is_one_aes_block_of_the_documented_layout(vector: dict[str, Any]) -> None:
    key = DayKey(vector["day"], bytes.fromhex(vector["key"]), vector["check"])
    issued = issue(key, vector["enrolment"])
    for text, token in vector["tokens"].items():
        window = int(text)
        plain = struct.pack(">QII", vector["enrolment"], window, vector["check"])
        encryptor = Cipher(algorithms.AES128(key.key), modes.ECB()).encryptor()
        assert encryptor.update(plain).hex() == token == issued[window - 96 * key.day].hex()
        assert open_bulk([key], bytes.fromhex(token), window * WINDOW_MS) == [Opened(vector["enrolment"], window)]


@pytest.mark.parametrize("vector", PROOFS, ids=lambda vector: vector["purpose"])
def test_a_proof_vector_is_made_and_held_again(vector: dict[str, Any]) -> None:
    key, public = Ed25519PrivateKey.from_private_bytes(bytes.fromhex(vector["private_key"])), bytes.fromhex(vector["public_key"])
    purpose, occasion = vector["purpose"], vector["occasion"]
    assert key.public_key().public_bytes_raw() == public
    assert vector["proof_text"] == f"aislecast-proof\n{purpose}\n{occasion}\n{vector['public_key']}"
    assert key_id_of(public) == vector["key_id"] == hashlib.sha256(public).hexdigest()[:32]
    assert proofs.prove(key, purpose, occasion) == vector["proof"]
    assert proofs.proves(vector["proof"], public, purpose, occasion)
    assert proofs.proves(vector["proof"] + "==", public, purpose, occasion)
    assert purpose in (ENROL, ROTATE)


@pytest.mark.parametrize("change", ["purpose", "occasion", "public_key", "proof"])
def test_a_proof_holds_for_nothing_else(change: str) -> None:
    vector = {**PROOFS[0], change: PROOFS[1][change]}
    assert not proofs.proves(vector["proof"], bytes.fromhex(vector["public_key"]), vector["purpose"], vector["occasion"])
    assert not proofs.proves("no base64!", bytes(32), "", "")
