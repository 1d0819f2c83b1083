"""Rules of leaving: once, after the set silence, however windows are closed."""

import random

import pytest

from groundwork.adverts import leaving
from groundwork.adverts.condense import Condenser
from groundwork.adverts.leaving import Leaving
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.contracts.sighting import Left

A, B = GatewayId("a"), GatewayId("b")
X, Y = BeaconKey("ibeacon:x:1:1"), BeaconKey("ibeacon:y:1:1")


def told(condenser: Condenser, until_ms: int) -> list[tuple[str, int]]:
    closed = condenser.advance(until_ms)
    return [] if closed is None else [(left.beacon, left.heard_until_ms) for left in closed.left]


def test_a_beacon_unheard_for_the_set_time_has_left_and_that_is_told_once() -> None:
    condenser = Condenser(500, left_after_ms=2_000)
    condenser.add(A, X, 100, -60.0)
    assert told(condenser, 2_000) == []
    assert told(condenser, 2_500) == [(X, 500)]
    assert told(condenser, 60_000) == []


def test_a_beacon_heard_by_any_radio_is_still_here() -> None:
    condenser = Condenser(500, left_after_ms=2_000)
    condenser.add(A, X, 100, -60.0)
    condenser.add(B, X, 1_900, -60.0)
    assert told(condenser, 3_500) == []
    assert told(condenser, 4_000) == [(X, 2_000)]


def test_the_radio_that_heard_it_best_in_the_last_window_is_named() -> None:
    condenser = Condenser(500, left_after_ms=2_000)
    for radio, rssi in ((A, -50.0), (B, -80.0), (B, -40.0)):
        condenser.add(radio, X, 100, rssi)
    closed = condenser.advance(10_000)
    assert closed is not None
    assert closed.left == [Left(gateway=B, beacon=X, heard_until_ms=500, silent_ms=2_000)]


def test_a_beacon_that_comes_again_leaves_again() -> None:
    condenser = Condenser(500, left_after_ms=2_000)
    condenser.add(A, X, 100, -60.0)
    condenser.add(A, X, 5_100, -60.0)
    assert told(condenser, 20_000) == [(X, 500), (X, 5_500)]


def test_nobody_leaves_where_nobody_asks() -> None:
    condenser = Condenser(500)
    condenser.add(A, X, 100, -60.0)
    assert told(condenser, 10_000_000) == []


def test_after_the_clock_was_set_back_nobody_has_left() -> None:
    condenser = Condenser(500, left_after_ms=2_000)
    condenser.add(A, X, 100_000, -60.0)
    told(condenser, 100_500)
    condenser.turn_back(1_000)
    assert told(condenser, 200_000) == []


def test_a_crowd_beyond_memory_is_forgotten_unsaid(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leaving, "MOST_REMEMBERED", 1)
    here = Leaving(1_000)
    here.heard(0, 500, [(X, A), (Y, A)])
    assert [left.beacon for left in here.silent(9_000)] == [Y]


@pytest.mark.parametrize("seed", range(5))
def test_it_does_not_matter_how_many_windows_are_closed_at_once(seed: int) -> None:
    rng = random.Random(seed)
    heard = sorted((rng.randrange(60_000), rng.choice([X, Y]), rng.choice([A, B])) for _ in range(25))
    answers = []
    for steps in ([120_000], list(range(0, 120_001, 500)), [*sorted(rng.sample(range(120_000), 9)), 120_000]):
        condenser, found = Condenser(500, left_after_ms=3_000), []
        left_to_hear = list(heard)
        for until_ms in steps:
            while left_to_hear and left_to_hear[0][0] < until_ms:
                at_ms, beacon, radio = left_to_hear.pop(0)
                assert condenser.add(radio, beacon, at_ms, -60.0) == ""
            found += told(condenser, until_ms)
        answers.append(found)
    assert answers[0] == answers[1] == answers[2] != []
