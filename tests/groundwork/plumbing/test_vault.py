"""The vault: what is sealed opens only under its key and in its place, and equal values are found without being readable."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groundwork.plumbing.vault import KEY_BYTES, Vault, VaultError

KEY = bytes(range(32))
TOKEN = b"fcm-token-of-layla"
PLACE = ("push_target", "tamim", "phone")


def _vault(key: bytes = KEY, seed: int = 1) -> Vault:
    return Vault(key, random.Random(seed).randbytes)


@given(st.binary(max_size=300), st.lists(st.text(max_size=8), max_size=3))
def test_what_is_sealed_opens_again(plain: bytes, place: list[str]) -> None:
    assert _vault(seed=1).open(_vault(seed=2).seal(plain, *place), *place) == plain


def test_a_sealed_value_does_not_show_what_it_holds_nor_that_two_are_equal() -> None:
    vault = _vault()
    first, second = vault.seal(TOKEN, *PLACE), vault.seal(TOKEN, *PLACE)
    assert TOKEN not in first
    assert first != second


@pytest.mark.parametrize(
    "place", [("push_target", "tamim", "phone-2"), ("push_target", "tamimphone"), ("push_target", "tami", "mphone"), ()]
)
def test_a_value_moved_to_another_place_does_not_open(place: tuple[str, ...]) -> None:
    with pytest.raises(VaultError):
        _vault().open(_vault().seal(TOKEN, *PLACE), *place)


def test_another_key_opens_nothing() -> None:
    with pytest.raises(VaultError):
        _vault(bytes(32)).open(_vault().seal(TOKEN, *PLACE), *PLACE)


def test_no_damage_goes_unnoticed() -> None:
    sealed = _vault().seal(TOKEN, *PLACE)
    for at in range(len(sealed)):
        with pytest.raises(VaultError):
            _vault().open(sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :], *PLACE)
        with pytest.raises(VaultError):
            _vault().open(sealed[:at], *PLACE)


def test_equal_values_have_equal_tags_in_one_place_only() -> None:
    assert _vault(seed=1).tag(TOKEN, "a", "b") == _vault(seed=2).tag(TOKEN, "a", "b")
    assert len({_vault().tag(TOKEN, *place) for place in [("a", "b"), ("ab",), ()]} | {_vault(bytes(32)).tag(TOKEN)}) == 4


def test_a_key_of_the_wrong_length_is_refused_by_its_length() -> None:
    with pytest.raises(ValueError, match=f"{KEY_BYTES} bytes, got 16"):
        Vault(bytes(16), random.Random(1).randbytes)
