"""Webhooks: a signature that receivers can check by the convention and by our own documentation, and when to try again."""

import ast
import base64
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest

from groundwork.plumbing.webhooks import (
    ID,
    MOST_WAIT_S,
    SIGNATURE,
    TIMESTAMP,
    holds,
    new_secret,
    retry_after_ms,
    signature,
    signed_headers,
    wait_ms,
)

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW_S = 1_614_265_330
DOCS = Path(__file__).parents[3] / "docs" / "webhooks.md"


def test_the_signature_is_that_of_the_convention() -> None:
    """The vector of the Standard Webhooks reference libraries."""
    signed = signature(SECRET, "msg_p5jXN8AQM9LWM0D4loKWxJek", NOW_S, b'{"test": 2432232314}')
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_a_fresh_secret_has_256_bits_and_a_prefix() -> None:
    secret = new_secret(lambda count: bytes(range(count)))
    assert base64.b64decode(secret.removeprefix("whsec_")) == bytes(range(32))


def documented() -> Any:
    """What the documentation tells receivers to do."""
    code = DOCS.read_text(encoding="utf-8").split("```python\n")[1].split("```")[0]
    assert {node.name for node in ast.parse(code).body if isinstance(node, ast.FunctionDef)} == {"is_ours"}
    names: dict[str, Any] = {}
    exec(compile(code, str(DOCS), "exec"), names)  # our own page
    return names["is_ours"]


def ours(secret: str, headers: dict[str, str], body: bytes, now_s: int) -> bool:
    return holds(secret, headers, body, now_s)


@pytest.mark.parametrize("check", [ours, documented()], ids=["ours", "documented"])
def test_a_receiver_takes_what_we_sign_and_nothing_else(check: Any) -> None:
    body = '{"said": "نعم"}'.encode()
    headers = signed_headers([SECRET], "id-1", NOW_S, body)
    assert check(SECRET, headers, body, NOW_S + 299)
    assert not check(SECRET, headers, body, NOW_S + 301)
    assert not check(SECRET, headers, body, NOW_S - 301)
    assert not check(SECRET, headers, body + b" ", NOW_S)
    assert not check(SECRET, {**headers, ID: "id-2"}, body, NOW_S)
    assert not check(SECRET, {**headers, TIMESTAMP: str(NOW_S + 1)}, body, NOW_S)
    assert not check(SECRET, {**headers, SIGNATURE: "v1,AAAA v1a,x"}, body, NOW_S)
    assert not check(new_secret(bytes), headers, body, NOW_S)


@pytest.mark.parametrize("check", [ours, documented()], ids=["ours", "documented"])
def test_with_two_secrets_either_is_enough(check: Any) -> None:
    other = new_secret(bytes)
    headers = signed_headers([other, SECRET], "id-1", NOW_S, b"x")
    assert check(SECRET, headers, b"x", NOW_S)
    assert check(other, headers, b"x", NOW_S)


def test_waits_double_up_to_four_hours_and_are_spread_by_the_id() -> None:
    for attempt in range(1, 60):
        full_ms = min(5_000 * 2 ** (attempt - 1), MOST_WAIT_S * 1_000)
        waits = {wait_ms(5.0, f"id-{one}", attempt) for one in range(50)}
        assert all(full_ms / 2 <= wait <= full_ms for wait in waits)
        assert len(waits) > 40
    assert wait_ms(5.0, "id", 3) == wait_ms(5.0, "id", 3)


@pytest.mark.parametrize(
    ("said", "expected_ms"),
    [
        ("120", 120_000),
        ("0", 0),
        ("", 0),
        ("soon", 0),
        ("-5", 0),
        ("99999999999999999999", 0),
        ("999999", 14_400_000),
        (format_datetime(datetime.fromtimestamp(NOW_S + 60, UTC), usegmt=True), 60_000),
        (format_datetime(datetime.fromtimestamp(NOW_S - 60, UTC), usegmt=True), 0),
        ("٣", 0),
    ],
)
def test_when_to_come_again_is_read_as_seconds_or_as_a_date(said: str, expected_ms: int) -> None:
    assert retry_after_ms(said, NOW_S * 1000) == expected_ms
