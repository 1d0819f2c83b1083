"""Signatures: they hold for exactly what was signed, and no header can break the parser."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from groundwork.plumbing.signatures import Signature, holds, parse, sign, signed_text

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
SIGNED = sign(KEY, "box-1", "POST", "/v1/x", 1_700_000_000_000, b"body")


def test_what_is_signed_is_written_down() -> None:
    digest = "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5"  # sha256 of `body`
    assert signed_text("POST", "/v1/x", "box-1", 17, b"body") == f"POST\n/v1/x\nbox-1\n17\n{digest}".encode()


def test_a_signature_is_the_same_in_every_release() -> None:
    """Ed25519 is deterministic: a box of an older release signs what this one accepts."""
    found = parse(SIGNED)
    assert found is not None
    assert (found.key_id, found.at_ms, len(found.value)) == ("box-1", 1_700_000_000_000, 64)
    assert sign(KEY, "box-1", "POST", "/v1/x", 1_700_000_000_000, b"body") == SIGNED
    assert holds(found, PUBLIC, "POST", "/v1/x", b"body")


def test_any_change_ends_it() -> None:
    found = parse(SIGNED)
    assert found is not None
    assert not holds(found, PUBLIC, "PUT", "/v1/x", b"body")
    assert not holds(found, PUBLIC, "POST", "/v1/y", b"body")
    assert not holds(found, PUBLIC, "POST", "/v1/x", b"Body")
    assert not holds(Signature("box-2", found.at_ms, found.value), PUBLIC, "POST", "/v1/x", b"body")
    assert not holds(Signature("box-1", found.at_ms + 1, found.value), PUBLIC, "POST", "/v1/x", b"body")
    assert not holds(found, bytes(32), "POST", "/v1/x", b"body")
    assert not holds(found, b"short", "POST", "/v1/x", b"body")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "key=a",
        SIGNED[:-3],
        SIGNED + "x" * 9,
        SIGNED.replace(", ", ","),
        SIGNED.replace("box-1", "b x"),
        SIGNED.replace("at=1", "at=-1"),
    ],
)
def test_a_malformed_header_is_no_signature(header: str) -> None:
    assert parse(header) is None


@given(st.text())
def test_no_header_breaks_the_parser(header: str) -> None:
    parse(header)


@given(st.from_regex(r"\Akey=[a-z0-9]{1,9}, at=[0-9]{1,15}, sig=[A-Za-z0-9_=-]{86,88}\Z"))
def test_no_header_of_the_right_form_breaks_the_check(header: str) -> None:
    found = parse(header)
    assert found is None or not holds(found, PUBLIC, "GET", "/", b"")
