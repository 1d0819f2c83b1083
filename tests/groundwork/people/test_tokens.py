"""Shopper tokens: sealed by the day's key, accepted one window early or late, and nothing a stranger could send by chance."""

import random

import pytest

from groundwork.people.model import DayKey
from groundwork.people.tokens import TOKEN_BYTES, WINDOW_MS, WINDOWS_A_DAY, Opened, issue, open_bulk, window_of
from tests.groundwork.people.register import NOW_MS

DAY = NOW_MS // 86_400_000
KEY = DayKey(DAY, bytes(range(16)), 0xDEADBEEF)
OTHER_DAY = DayKey(DAY + 1, bytes(range(16, 32)), 0x01020304)
ENROLMENT = (1 << 64) - 2


def test_a_day_has_96_different_tokens_that_open_in_their_own_window() -> None:
    tokens = issue(KEY, ENROLMENT)
    assert len(set(tokens)) == WINDOWS_A_DAY
    assert {len(token) for token in tokens} == {TOKEN_BYTES}
    for number, token in enumerate(tokens):
        window = DAY * WINDOWS_A_DAY + number
        assert open_bulk([KEY], token, window * WINDOW_MS) == [Opened(ENROLMENT, window)]


@pytest.mark.parametrize(("off", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_token_is_accepted_one_window_early_or_late(off: int, accepted: bool) -> None:
    token = issue(KEY, 7)[50]
    window = DAY * WINDOWS_A_DAY + 50
    for at_ms in ((window + off) * WINDOW_MS, (window + off + 1) * WINDOW_MS - 1):
        assert (open_bulk([KEY], token, at_ms) == [Opened(7, window)]) is accepted


def test_tokens_open_over_midnight_with_either_days_key() -> None:
    last, first = issue(KEY, 7)[-1], issue(OTHER_DAY, 7)[0]
    for at_ms in (OTHER_DAY.day * 86_400_000 - 1, OTHER_DAY.day * 86_400_000):
        opened = open_bulk([KEY, OTHER_DAY], last + first, at_ms)
        assert opened == [Opened(7, window_of(OTHER_DAY.day * 86_400_000) - 1), Opened(7, window_of(OTHER_DAY.day * 86_400_000))]


def test_a_key_opens_no_window_outside_its_own_day() -> None:
    stretched = DayKey(DAY + 1, KEY.key, KEY.check)
    late = (DAY + 1) * 86_400_000
    assert open_bulk([KEY], issue(stretched, 7)[0], late) == [None]


def test_a_destroyed_key_opens_nothing() -> None:
    assert open_bulk([], issue(KEY, 7)[0], DAY * 86_400_000) == [None]


def test_strangers_are_told_apart_in_bulk() -> None:
    """Seeded: 200,000 random identities, as strangers' iBeacons carry them, with one real token in a thousand among them."""
    generator = random.Random(7)
    at_ms = DAY * 86_400_000 + 40 * WINDOW_MS
    rows = [generator.randbytes(TOKEN_BYTES) for _ in range(200_000)]
    real = {row: generator.getrandbits(64) for row in range(0, len(rows), 1_000)}
    for row, enrolment in real.items():
        rows[row] = issue(KEY, enrolment)[40]
    opened = open_bulk([KEY, OTHER_DAY], b"".join(rows), at_ms)
    assert {row: token.enrolment for row, token in enumerate(opened) if token is not None} == real


@pytest.mark.long
def test_of_a_million_strangers_none_opens() -> None:
    generator = random.Random(8)
    assert not any(open_bulk([KEY], generator.randbytes(TOKEN_BYTES * 1_000_000), NOW_MS))


def test_bytes_that_are_no_whole_tokens_are_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes each, got 17 bytes in all"):
        open_bulk([KEY], bytes(17), NOW_MS)
    assert open_bulk([KEY], b"", NOW_MS) == []


@pytest.mark.parametrize("enrolment", [-1, 1 << 64])
def test_an_enrolment_is_an_unsigned_64_bit_number(enrolment: int) -> None:
    with pytest.raises(ValueError, match="unsigned 64-bit number"):
        issue(KEY, enrolment)
