"""Quiet hours in venue-local time: every time zone, every change of the clocks, over midnight or not."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifier.calendar import Window, local_time, minute_of

ZONES = sorted(zone for zone in available_timezones() if not zone.startswith(("posix", "right", "localtime")))
QUIET = Window.parse("22:00", "09:00")
instants = st.integers(min_value=0, max_value=2_500_000_000_000)  # 1970 to 2049
times = st.builds(lambda hour, minute: f"{hour:02}:{minute:02}", st.integers(0, 23), st.integers(0, 59))


@given(at_ms=instants, zone=st.sampled_from(ZONES))
def test_quiet_hours_hold_exactly_when_the_wall_clock_there_says_so(at_ms: int, zone: str) -> None:
    wall = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=at_ms)).astimezone(ZoneInfo(zone))
    assert QUIET.holds(local_time(at_ms, zone)) == (wall.hour >= 22 or wall.hour < 9)


@given(at_ms=instants, zone=st.sampled_from(ZONES), start=times, until=times)
def test_a_window_and_the_rest_of_the_day_share_every_instant(at_ms: int, zone: str, start: str, until: str) -> None:
    local = local_time(at_ms, zone)
    if start == until:
        assert not Window.parse(start, until).holds(local)
    else:
        assert Window.parse(start, until).holds(local) != Window.parse(until, start).holds(local)


@given(at_ms=instants, start=times, until=times)
def test_a_window_belongs_to_the_day_on_which_it_began(at_ms: int, start: str, until: str) -> None:
    local, window = local_time(at_ms, "Asia/Riyadh"), Window.parse(start, until)
    if window.holds(local):
        began = window.began(local)
        opened = datetime(began.year, began.month, began.day, window.start // 60, window.start % 60, tzinfo=local.tzinfo)
        assert timedelta(0) <= local - opened < timedelta(days=1)


@pytest.mark.parametrize(
    ("utc", "zone", "quiet"),
    [
        ("2026-11-21T18:59:59", "Asia/Riyadh", False),
        ("2026-11-21T19:00:00", "Asia/Riyadh", True),
        ("2026-11-22T05:59:59", "Asia/Riyadh", True),
        ("2026-11-22T06:00:00", "Asia/Riyadh", False),
        # Cairo skips 00:00 to 01:00 on 2026-04-24, and has 23:00 to 24:00 twice on 2026-10-29.
        ("2026-04-23T21:59:59", "Africa/Cairo", True),
        ("2026-04-23T22:00:00", "Africa/Cairo", True),
        ("2026-04-24T05:59:59", "Africa/Cairo", True),
        ("2026-04-24T06:00:00", "Africa/Cairo", False),
        ("2026-10-29T18:59:59", "Africa/Cairo", False),
        ("2026-10-29T19:00:00", "Africa/Cairo", True),
        ("2026-10-29T20:30:00", "Africa/Cairo", True),
        ("2026-10-29T21:30:00", "Africa/Cairo", True),
        # Casablanca runs at +0 in Ramadan (2026-02-15 to 2026-03-22), else at +1.
        ("2026-03-01T21:30:00", "Africa/Casablanca", False),
        ("2026-04-01T21:30:00", "Africa/Casablanca", True),
    ],
)
def test_quiet_hours_on_named_nights(utc: str, zone: str, quiet: bool) -> None:
    at_ms = round(datetime.fromisoformat(utc).replace(tzinfo=UTC).timestamp() * 1000)
    assert QUIET.holds(local_time(at_ms, zone)) is quiet


@pytest.mark.parametrize("text", ["24:00", "9:00", "09:60", "0900", "", "09:00:00", "٠٩:٠٠"])
def test_a_time_of_day_is_hh_mm(text: str) -> None:
    with pytest.raises(ValueError, match="HH:MM"):
        minute_of(text)


@pytest.mark.parametrize("zone", ["Riyadh", "", "../etc/passwd"])
def test_a_time_zone_nobody_lists_is_refused(zone: str) -> None:
    with pytest.raises(ValueError, match="IANA"):
        local_time(0, zone)
