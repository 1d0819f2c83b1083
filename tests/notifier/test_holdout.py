"""The holdout: frozen, fair, and apart for each campaign."""

import pytest

from groundwork.contracts.ids import ShopperId
from notifier.holdout import BUCKETS, bucket, held_out

SHOPPERS = [ShopperId(f"shopper {number}") for number in range(20_000)]


@pytest.mark.parametrize(
    ("salt", "shopper", "expected"),
    [
        ("", "", 1019),
        ("global", "amal", 3821),
        ("campaign/bread", "amal", 9251),
        ("campaign/bread", "badr", 1119),
        ("campaign/bread", "dana", 7354),
        ("00ff/global", "0193d6f0-0000-7000-8000-000000000001", 3888),
        ("00ff/campaign/خبز", "أمل", 2911),
        (
            "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy",
            4033,
        ),
    ],
)
def test_buckets_never_move(salt: str, shopper: str, expected: int) -> None:
    """These numbers are a promise: with others, shoppers would change arms in the middle of a campaign."""
    assert bucket(salt, ShopperId(shopper)) == expected


def test_salt_and_shopper_cannot_run_together() -> None:
    assert bucket("ab", ShopperId("c")) != bucket("a", ShopperId("bc"))


@pytest.mark.parametrize("share", [0.05, 0.10, 0.5])
def test_the_share_held_out_is_the_share_asked_for(share: float) -> None:
    held = sum(held_out("a campaign", shopper, share) for shopper in SHOPPERS)
    deviation = (len(SHOPPERS) * share * (1 - share)) ** 0.5
    assert abs(held - len(SHOPPERS) * share) < 4 * deviation  # outside that once in 16,000 salts


def test_buckets_are_uniform() -> None:
    counts = [0] * 100
    for shopper in SHOPPERS:
        counts[bucket("uniform", shopper) * 100 // BUCKETS] += 1
    expected = len(SHOPPERS) / 100
    chi_square = sum((count - expected) ** 2 / expected for count in counts)
    assert chi_square < 149  # 99 degrees of freedom, p = 0.001


def test_one_campaign_s_holdout_says_nothing_of_another_s() -> None:
    both = sum(held_out("one", shopper, 0.1) and held_out("other", shopper, 0.1) for shopper in SHOPPERS)
    assert 140 < both < 260  # 200 expected, 4.3 standard deviations either way


def test_a_larger_share_keeps_who_was_held_out() -> None:
    assert all(held_out("s", shopper, 0.2) for shopper in SHOPPERS[:5_000] if held_out("s", shopper, 0.1))


def test_nobody_and_everybody() -> None:
    assert not any(held_out("s", shopper, 0.0) for shopper in SHOPPERS[:1_000])
    assert all(held_out("s", shopper, 1.0) for shopper in SHOPPERS[:1_000])


@pytest.mark.parametrize("share", [-0.01, 1.01, float("nan")])
def test_a_share_lies_between_0_and_1(share: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        held_out("s", SHOPPERS[0], share)
