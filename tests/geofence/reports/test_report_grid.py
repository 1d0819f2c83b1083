"""The grid of reports: cells as the venue's clocks show them, also where clocks are set."""

from datetime import UTC, datetime
from itertools import pairwise

import pytest

from geofence.reports.report_grid import Grid, Step

HOUR_MS = 3_600_000
ZONES = ("Asia/Riyadh", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe", "Africa/Cairo", "America/St_Johns")


def ms(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)


@pytest.mark.parametrize("time_zone", ZONES)
@pytest.mark.parametrize("step", ["quarter", "hour", "day", "week"])
def test_cells_follow_one_another_and_every_moment_is_in_one(time_zone: str, step: Step) -> None:
    grid = Grid(time_zone)
    from_ms, to_ms = (round(datetime(2026, month, 1, tzinfo=UTC).timestamp() * 1000) for month in (3, 12))
    if step == "quarter":
        from_ms, to_ms = ms("2026-10-23T00:00+00:00"), ms("2026-10-27T00:00+00:00")
    cells = list(grid.cells(step, from_ms, to_ms))
    for begins, ends in pairwise(cells):
        assert grid.end_ms(step, begins) == ends
        for at_ms in (begins, begins + 60_000, ends - 1):
            assert grid.start_ms(step, at_ms) == begins


def test_a_day_has_as_many_hours_as_its_clocks_show() -> None:
    grid = Grid("Europe/Berlin")

    def hours(day: str) -> int:
        begins = grid.start_ms("day", ms(f"{day}T12:00+02:00"))
        return len(list(grid.cells("hour", begins, grid.end_ms("day", begins))))

    assert [hours(day) for day in ("2026-03-29", "2026-06-01", "2026-10-25")] == [23, 24, 25]


def test_the_hour_that_comes_twice_is_two_cells() -> None:
    grid = Grid("Europe/Berlin")
    first, second = ms("2026-10-25T02:30+02:00"), ms("2026-10-25T02:30+01:00")
    assert grid.start_ms("hour", second) - grid.start_ms("hour", first) == HOUR_MS
    assert [grid.shown(grid.start_ms("hour", at)) for at in (first, second)] == ["2026-10-25T02:00:00+02:00", "2026-10-25T02:00:00+01:00"]


def test_a_day_that_skips_midnight_begins_when_it_does() -> None:
    grid = Grid("Africa/Cairo")  # clocks go from 00:00 to 01:00 on the last Friday of April
    begins = grid.start_ms("day", ms("2026-04-24T12:00+03:00"))
    assert grid.shown(begins) == "2026-04-24T01:00:00+03:00"
    assert grid.end_ms("day", grid.start_ms("day", begins - 1)) == begins


def test_a_week_begins_on_a_monday() -> None:
    grid = Grid("Asia/Riyadh")
    assert grid.shown(grid.start_ms("week", ms("2026-11-01T10:00+03:00"))) == "2026-10-26T00:00:00+03:00"
