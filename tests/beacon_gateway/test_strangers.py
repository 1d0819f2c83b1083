"""Rules of counting strangers: about right, by the quarter hour, and nothing that leads back to anybody."""

import random

import pytest

from beacon_gateway.strangers import PERIOD_MS, Strangers

DAY_MS = 86_400_000


def counter(seed: int = 1) -> Strangers:
    rng = random.Random(seed)
    return Strangers(lambda: rng.randbytes(16))


@pytest.mark.parametrize("devices", [0, 1, 50, 1_000, 20_000, 200_000])
def test_the_estimate_is_within_a_few_per_cent(devices: int) -> None:
    rng, many = random.Random(2), counter()
    addresses = [rng.randbytes(6).hex(":") for _ in range(devices)]
    for address in addresses + addresses[:100]:
        many.hear(address, 1_000)
    counts = many.close(PERIOD_MS)
    assert [each.devices for each in counts] == ([pytest.approx(devices, rel=0.03, abs=1)] if devices else [])


def test_a_device_is_counted_once_in_each_quarter_of_an_hour() -> None:
    many = counter()
    for at_ms in (0, 1, PERIOD_MS - 1, PERIOD_MS):
        many.hear("a", at_ms)
    assert many.close(PERIOD_MS - 1) == []
    assert [(each.from_ms, each.until_ms, each.devices) for each in many.close(2 * PERIOD_MS)] == [
        (0, PERIOD_MS, 1),
        (PERIOD_MS, 2 * PERIOD_MS, 1),
    ]
    assert many.close(3 * PERIOD_MS) == []


def test_what_is_late_or_has_no_address_is_not_counted() -> None:
    many = counter()
    many.close(2 * PERIOD_MS)
    many.hear("a", PERIOD_MS)
    many.hear("", 2 * PERIOD_MS)
    assert many.close(4 * PERIOD_MS) == []


def test_no_address_and_no_whole_hash_is_kept() -> None:
    many = counter()
    many.hear("aa:bb:cc:dd:ee:ff", 0)
    (bits,) = many._open.values()
    assert int.from_bytes(bits, "little").bit_count() == 1
    assert "aa:bb" not in str(vars(many))


def test_a_days_key_is_thrown_away_so_that_days_cannot_be_compared() -> None:
    many = counter()
    for day in range(5):
        many.hear("a", day * DAY_MS)
    assert len(many._keys) == 2
    assert len({bytes(bits) for bits in many._open.values()}) > 1
    many.close(5 * DAY_MS)
    assert many._open == {}


def test_times_that_jump_about_take_no_memory() -> None:
    many = counter()
    for at_ms in range(0, 1_000 * PERIOD_MS, PERIOD_MS):
        many.hear("a", at_ms)
    assert len(many._open) <= 16


def test_a_clock_set_back_opens_time_again_for_counting() -> None:
    many = counter()
    many.close(10 * PERIOD_MS)
    many.turn_back(PERIOD_MS + 5)
    many.hear("a", PERIOD_MS)
    assert [each.devices for each in many.close(2 * PERIOD_MS)] == [1]
