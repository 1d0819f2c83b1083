"""Pace: a replay keeps to its speed whatever its steps take, and never waits out the night between two sessions."""

import pytest

from aislecast.replaying.pace import Pace


class Wall:
    """A wall clock on which waiting is all that takes time, beside what the test spends."""

    def __init__(self) -> None:
        self.s = 100.0
        self.waits: list[float] = []

    def now_ms(self) -> int:
        return round(self.s * 1000)

    def monotonic_s(self) -> float:
        return self.s

    async def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.s += seconds


@pytest.mark.parametrize(("speed", "seconds"), [("1", 60.0), ("0.5", 120.0), ("20", 3.0)])
async def test_a_minute_takes_a_minute_through_the_speed(speed: str, seconds: float) -> None:
    wall = Wall()
    pace = Pace(wall, speed)
    for _session in range(2):
        pace.begin()
        began_s = wall.s
        for session_ms in range(500, 60_001, 500):
            await pace.reach(session_ms)
        assert wall.s - began_s == pytest.approx(seconds)


async def test_what_a_step_takes_is_not_waited_for_again() -> None:
    wall = Wall()
    pace = Pace(wall, "1")
    pace.begin()
    for session_ms in (1_000, 2_000, 3_000):
        wall.s += 0.4
        await pace.reach(session_ms)
    assert wall.waits == pytest.approx([0.6, 0.6, 0.6])
    wall.s += 5
    await pace.reach(4_000)
    assert len(wall.waits) == 3, "behind: no wait at all"


async def test_at_full_speed_nothing_is_waited_for() -> None:
    wall = Wall()
    pace = Pace(wall, "max")
    pace.begin()
    await pace.reach(3_600_000)
    assert wall.waits == []
