"""Coupon codes: strong, readable at a till, and every slip of one letter is caught."""

import itertools
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.contracts.ids import GrantId, TenantId
from notifier.coupons import ALPHABET, LETTERS, Codes, MalformedCode, parse, shown
from tests.notifier.shop import CODES, KEY, TENANT

codes = st.text(st.characters(codec="ascii"), min_size=1, max_size=20).map(lambda grant: CODES.code(TENANT, GrantId(grant)))


@given(code=codes)
def test_every_wrong_letter_is_caught(code: str) -> None:
    for place, letter in itertools.product(range(len(code)), ALPHABET):
        if letter != code[place]:
            with pytest.raises(MalformedCode):
                parse(code[:place] + letter + code[place + 1 :])


@given(code=codes)
def test_every_swap_of_two_letters_is_caught(code: str) -> None:
    for one, other in itertools.combinations(range(len(code)), 2):
        if code[one] != code[other]:
            swapped = list(code)
            swapped[one], swapped[other] = swapped[other], swapped[one]
            with pytest.raises(MalformedCode):
                parse("".join(swapped))


@given(code=codes)
def test_a_code_is_read_however_it_is_typed(code: str) -> None:
    look_alikes = code.replace("0", "O").replace("1", "l")
    arabic = "".join(chr(0x660 + int(letter)) if letter.isdigit() else letter for letter in code)
    isolated = f"\u2066{shown(code)}\u2069"
    for typed in (code, code.lower(), shown(code), f"  {shown(code)} ".replace("-", " – "), look_alikes, arabic, isolated):
        assert parse(typed) == code


@pytest.mark.parametrize(
    "typed", ["", "-", "ABC", "U" * (LETTERS + 1), "!" * (LETTERS + 1), "0" * LETTERS, "0" * (LETTERS + 2), "ß" * 15, "ﬀ" * 15]
)
def test_what_is_no_code_is_malformed(typed: str) -> None:
    with pytest.raises(MalformedCode):
        parse(typed)


@given(typed=st.text(max_size=40))
def test_no_text_breaks_the_reader(typed: str) -> None:
    with suppress(MalformedCode):
        assert len(parse(typed)) == LETTERS + 1


def test_a_code_has_sixty_bits_and_no_look_alikes() -> None:
    assert 5 * LETTERS >= 60
    assert not set("ILOU") & set(ALPHABET)
    assert len(set(ALPHABET)) == 32


def test_codes_never_move() -> None:
    """A golden vector: were it to change, coupons already given out would be worth nothing."""
    code = CODES.code(TENANT, GrantId("a grant"))
    assert shown(code) == "FNJQ8-SNK6C-1R7BB"
    assert CODES.lookup(TENANT, code).hex() == "a8a37951f80d26ef309f18db1ef5cc7bfc52a0e12253a5aef8ecdd97c2fe4f54"


def test_codes_differ_by_grant_tenant_and_key() -> None:
    made = {
        CODES.code(TENANT, GrantId("1")),
        CODES.code(TENANT, GrantId("2")),
        CODES.code(TenantId("other"), GrantId("1")),
        Codes(KEY[::-1]).code(TENANT, GrantId("1")),
    }
    assert len(made) == 4


def test_letters_are_uniform() -> None:
    counts = dict.fromkeys(ALPHABET, 0)
    for number in range(2_000):
        for letter in CODES.code(TENANT, GrantId(str(number))):
            counts[letter] += 1
    expected = 2_000 * (LETTERS + 1) / 32
    assert sum((count - expected) ** 2 / expected for count in counts.values()) < 62  # 31 degrees of freedom, p = 0.001


def test_one_tenant_s_code_means_nothing_to_another() -> None:
    code = CODES.code(TENANT, GrantId("1"))
    assert CODES.lookup(TENANT, code) != CODES.lookup(TenantId("other"), code)


def test_a_short_key_is_refused_and_no_key_is_shown() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Codes(b"short")
    assert KEY.decode() not in repr(CODES)
