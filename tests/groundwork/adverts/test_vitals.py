"""Rules of telemetry: told at first and when it changes, the sensors' noise never, in whatever order frames come."""

import random

from groundwork.adverts.condense import Condenser
from groundwork.adverts.frame import Telemetry
from groundwork.adverts.vitals import Measured, Vitals
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.contracts.sighting import BeaconTelemetry

A, X = GatewayId("a"), BeaconKey("eddystone:x:1")


def changes(*said: Telemetry) -> list[tuple[float | None, int | None, float | None]]:
    """What is told when a beacon says one thing after the other, a window each."""
    vitals, told = Vitals(), []
    for at_ms, telemetry in enumerate(said):
        change = vitals.changed(X, [Measured(at_ms, A, telemetry)])
        if change is not None:
            told.append((change.battery_pct, change.battery_mv, change.temperature_c))
    return told


def test_the_first_word_is_told_and_the_same_again_is_not() -> None:
    assert changes(*[Telemetry(90, None, 21.0)] * 5) == [(90, None, 21.0)]


def test_noise_is_not_told_and_a_slow_drift_is() -> None:
    noise = [Telemetry(None, 2_900 + step, 21.0 + step / 100) for step in (0, 10, -10, 19, 0)]
    assert changes(*noise) == [(None, 2_900, 21.0)]
    assert changes(*(Telemetry(None, None, 21 + step / 10) for step in range(11))) == [(None, None, t) for t in (21.0, 21.5, 22.0)]


def test_every_per_cent_of_battery_is_told() -> None:
    assert [told[0] for told in changes(*(Telemetry(pct) for pct in (90, 90, 89, 100)))] == [90, 89, 100]


def test_what_a_frame_does_not_say_is_as_it_was() -> None:
    assert changes(Telemetry(90), Telemetry(None, None, 21.0), Telemetry(90)) == [(90, None, None), (90, None, 21.0)]


def test_a_frame_that_says_nothing_is_no_change() -> None:
    assert changes(Telemetry(), Telemetry()) == []


def test_the_latest_of_a_window_counts_in_whatever_order_frames_come() -> None:
    measured = [Measured(at_ms, A, Telemetry(None, 2_000 + 100 * at_ms)) for at_ms in range(5)] + [Measured(4, A, Telemetry(50))]
    for seed in range(10):
        random.Random(seed).shuffle(measured)
        assert Vitals().changed(X, measured) == BeaconTelemetry(gateway=A, beacon=X, at_ms=4, battery_pct=50, battery_mv=2_400)


def test_telemetry_comes_with_the_window_it_was_heard_in_and_never_late() -> None:
    condenser = Condenser(500)
    condenser.measure(A, X, 600, Telemetry(90))
    closed = condenser.advance(500)
    assert closed is not None
    assert closed.telemetry == []
    closed = condenser.advance(1_000)
    assert closed is not None
    assert [each.at_ms for each in closed.telemetry] == [600]
    condenser.measure(A, X, 999, Telemetry(10))
    closed = condenser.advance(1_500)
    assert closed is not None
    assert closed.telemetry == []
