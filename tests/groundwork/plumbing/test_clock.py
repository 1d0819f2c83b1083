"""Clocks: moved by hand, run faster than the world, named in settings."""

import asyncio

import pytest

from groundwork.plumbing.clock import ManualClock, RehearsalClock, SystemClock, as_datetime, clock_from


async def test_sleepers_of_a_manual_clock_wake_in_order_when_it_passes_them() -> None:
    clock = ManualClock(0)
    woken: list[float] = []

    async def sleep(seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(seconds)

    sleepers = [asyncio.create_task(sleep(seconds)) for seconds in (3, 1, 2, 0)]
    await asyncio.sleep(0)
    clock.advance(2)
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert woken == [0, 1, 2]
    clock.advance(1)
    await asyncio.gather(*sleepers)
    assert woken == [0, 1, 2, 3]


def test_a_manual_clock_does_not_run_back() -> None:
    clock = ManualClock(1_000)
    with pytest.raises(ValueError, match="it shows 1000, asked for 999"):
        clock.set(999)
    clock.set(1_500)
    assert (clock.now_ms(), clock.monotonic_s()) == (1_500, 1.5)


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = ManualClock(0)
    sleeper = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0)
    sleeper.cancel()
    await asyncio.sleep(0)
    clock.advance(2)
    assert sleeper.cancelled()


async def test_a_rehearsal_runs_at_its_speed_and_is_the_same_for_every_process() -> None:
    wall = SystemClock().now_ms()
    one, two = RehearsalClock(1_000_000, wall, 100.0), RehearsalClock(1_000_000, wall, 100.0)
    before = one.now_ms()
    await one.sleep(1)
    assert one.now_ms() - before >= 1_000
    assert abs(one.now_ms() - two.now_ms()) < 1_000


def test_a_clock_is_named_in_settings() -> None:
    assert isinstance(clock_from("system"), SystemClock)
    assert clock_from("1000@2000x4") == RehearsalClock(1000, 2000, 4.0)
    for text in ("", "x", "1@2", "1@2xfast", "1@2x0", "1@2x-3"):
        with pytest.raises(ValueError, match=r"expected `system`|above 0"):
            clock_from(text)


def test_milliseconds_become_an_aware_time() -> None:
    assert as_datetime(1_793_516_400_000).isoformat() == "2026-11-01T07:00:00+00:00"
