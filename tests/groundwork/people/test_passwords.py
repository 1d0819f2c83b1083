"""Passwords: what cannot be taken, and that checking one costs the same whether or not there is anything to check against."""

import random

import pytest
from argon2 import PasswordHasher, extract_parameters

from groundwork.people import passwords
from groundwork.people.guessable import worth
from groundwork.people.passwords import LANES, MEMORY_KIB, PASSES, Passwords, is_outdated, refusal_of
from groundwork.plumbing.clock import SystemClock

GOOD = (
    "four unrelated quiet words",
    "correct horse battery staple",
    "tJ9#vq!Lm2zR",
    "قهوة تركض فوق سحاب أخضر",
    "مظلة بنفسجية تعبر الصحراء",
)
COMMON = (
    "P@ssw0rd2026!!",
    "password1234!", "qwertyuiop12", "aislecast2026!", "123456789012", "aaaaaaaaaaaaaaa", "welcome12345", "Riyadh2026Summer",
    "abcabcabcabcabc", "layla.layla.layla", "zxcvbnm,asdfgh", "administrator1", "1qaz2wsx3edc4rfv", "مرحبا12345678", "محمد محمد محمد",
    "iloveyouforever", "ضصثقفغعهخحجد", "january31january",
)  # fmt: skip
KNOWN = ("layla@palm-market.example", "Layla Haddad", "palm-market")


def _passwords() -> Passwords:
    return Passwords(random.Random(1).randbytes)


@pytest.mark.parametrize("password", GOOD)
def test_a_few_unrelated_words_are_taken(password: str) -> None:
    assert refusal_of(password, KNOWN) is None


@pytest.mark.parametrize("password", COMMON)
def test_what_is_tried_first_is_not(password: str) -> None:
    reason = refusal_of(password, KNOWN)
    assert reason is not None, worth(password, KNOWN)
    assert reason.code == "guessable_password"


@pytest.mark.parametrize("password", ["palm-market-2026", "Haddad.Layla!!", "palmmarketlayla"])
def test_neither_are_her_own_name_and_the_shops(password: str) -> None:
    assert refusal_of(password, KNOWN) is not None


@pytest.mark.parametrize(("password", "code"), [("tJ9#vq!Lm2z", "short_password"), ("x y" * 90, "long_password")])
def test_length_has_two_ends(password: str, code: str) -> None:
    reason = refusal_of(password, ())
    assert reason is not None
    assert reason.code == code


def test_judging_the_longest_one_takes_no_time() -> None:
    letters = random.Random(7).choices("abcdefghijklmnopqrstuvwxyz0123456789", k=256)
    assert worth("".join(letters)) > 200


async def test_a_password_fits_its_own_hash_alone() -> None:
    checks = _passwords()
    stored, other = await checks.hash(GOOD[0]), await checks.hash(GOOD[0])
    assert stored != other
    assert stored.startswith("$argon2id$")
    assert await checks.fits(GOOD[0], stored)
    assert not await checks.fits(GOOD[1], stored)
    assert not await checks.fits(GOOD[0], "no hash at all")
    assert not await checks.fits(GOOD[0], None)


async def test_a_password_fits_however_the_keyboard_composes_it() -> None:
    checks = _passwords()
    assert await checks.fits("cafe\u0301 au lait tou\u0301jours", await checks.hash("caf\u00e9 au lait to\u00fajours"))


async def test_where_there_is_no_account_the_same_is_computed() -> None:
    ours, nobodys = extract_parameters(await _passwords().hash(GOOD[0])), extract_parameters(passwords._NOBODYS)
    assert ours == nobodys
    assert (ours.memory_cost, ours.time_cost, ours.parallelism) == (MEMORY_KIB, PASSES, LANES)
    assert MEMORY_KIB >= 19_456  # OWASP's least for two passes


async def test_it_takes_as_long_where_there_is_no_account() -> None:
    """The quickest of five each; without the work for nobody it would be hundreds of times quicker, so half is a wide margin."""
    checks, clock = _passwords(), SystemClock()
    stored = await checks.hash(GOOD[0])

    async def quickest_s(held: str | None) -> float:
        took_s = []
        for _ in range(5):
            began_s = clock.monotonic_s()
            assert not await checks.fits(GOOD[1], held)
            took_s.append(clock.monotonic_s() - began_s)
        return min(took_s)

    assert await quickest_s(None) > await quickest_s(stored) / 2


async def test_a_hash_of_other_parameters_is_outdated() -> None:
    assert not is_outdated(await _passwords().hash(GOOD[0]))
    assert is_outdated(PasswordHasher(1, 8_192, 1).hash(GOOD[0]))
