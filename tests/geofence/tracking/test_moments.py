"""Moments: where felt steps led, into which window they fall, and when a device that is silent of steps stands still."""

import math

import numpy as np
import pytest
from msgspec.structs import replace

from geofence.columns import Indices
from geofence.device_columns import DeviceColumns
from geofence.positioning.anchors import GENERIC
from geofence.positioning.locator import NO_STEPS, UNKNOWN_MS, Hearings
from geofence.tracking.moments import STEP, STILL_MS, known_moments, sort_out, step_rows, strides
from geofence.tracking.pending import Rows, Wave, waves
from tests.geofence.venues import START_MS

METRE = replace(GENERIC, step_m=1.0)
NORTH, EAST = (0.0, 1.0), (1.0, 0.0)


@pytest.mark.parametrize(
    ("heading", "declination", "rotation", "led"),
    [(0, 0, 0, NORTH), (90, 0, 0, EAST), (10, 10, 0, NORTH), (0, 0, 90, EAST), (90, 0, 90, (0.0, -1.0))],
)
def test_a_step_leads_where_the_heading_says_in_the_levels_own_frame(
    heading: float, declination: float, rotation: float, led: tuple[float, float]
) -> None:
    """`rotation` is how far the frame's x is turned from east, counterclockwise: at 90 degrees it points north."""
    radio = replace(METRE, declination_deg=declination)
    assert strides(np.array([heading], np.float32), radio, rotation)[0].tolist() == pytest.approx(led, abs=1e-6)


@pytest.mark.parametrize(("felt_ms", "end_ms"), [(0, 500), (499, 500), (500, 1_000)])
def test_a_step_belongs_to_the_window_in_which_it_was_felt(felt_ms: int, end_ms: int) -> None:
    one = np.zeros(1, np.int64)
    who = Rows(one.astype(np.uint64), np.array([b"layla"], "S32"), one, one, np.zeros(1, np.float32))
    found = step_rows(who, one + felt_ms, np.array([90.0], np.float32), 500)
    assert (found.end_ms.tolist(), found.anchor.tolist(), found.rssi_dbm.tolist()) == ([end_ms], [STEP], [90.0])


def moment(at_ms: int, *rows: tuple[int, float]) -> Wave:
    """One moment of device 1: anchors with dBm, or STEP with a heading."""
    count = len(rows)
    track, shopper = np.ones(count, np.uint64), np.full(count, b"layla", "S32")
    anchor, rssi = np.array([row[0] for row in rows], np.int64), np.array([row[1] for row in rows], np.float32)
    (found,) = waves(Rows(track, shopper, np.full(count, START_MS + at_ms), anchor, rssi).in_order())
    return found


def someone() -> tuple[DeviceColumns, Indices]:
    devices = DeviceColumns(3, 1)
    return devices, devices.slots_of(np.array([1], np.uint64), ["layla"])


def heard(devices: DeviceColumns, slots: Indices, at_ms: int, *rows: tuple[int, float]) -> Hearings:
    return sort_out(devices, slots, moment(at_ms, *rows), METRE, 0.0)


def test_steps_alone_say_where_a_phone_is_for_as_long_as_it_read_something_lately() -> None:
    devices, slots = someone()
    assert not known_moments(devices, slots, moment(500, (STEP, 0.0))).any()
    heard(devices, slots, 1_000, (0, -50.0))
    assert known_moments(devices, slots, moment(1_000 + UNKNOWN_MS, (STEP, 0.0))).all()
    assert not known_moments(devices, slots, moment(1_001 + UNKNOWN_MS, (STEP, 0.0))).any()
    assert known_moments(devices, slots, moment(1_001 + UNKNOWN_MS, (STEP, 0.0), (1, -50.0))).all()


def test_steps_of_one_moment_add_up() -> None:
    devices, slots = someone()
    found = heard(devices, slots, 500, (STEP, 0.0), (STEP, 90.0), (0, -50.0))
    assert (found.steps.tolist(), found.stride_m[0].tolist()) == ([2], pytest.approx([1.0, 1.0], abs=1e-6))


def test_who_told_of_steps_within_a_minute_stands_still_and_nobody_knows_of_the_others() -> None:
    devices, slots = someone()
    assert heard(devices, slots, 500, (0, -50.0)).steps.tolist() == [NO_STEPS]
    heard(devices, slots, 1_000, (STEP, 0.0))
    assert heard(devices, slots, 1_000 + STILL_MS, (0, -50.0)).steps.tolist() == [0]
    assert heard(devices, slots, 1_001 + STILL_MS, (0, -50.0)).steps.tolist() == [NO_STEPS]


def test_steps_in_an_unknown_direction_are_no_steps() -> None:
    devices, slots = someone()
    found = heard(devices, slots, 500, (STEP, 0.0), (STEP, math.nan), (0, -50.0))
    assert (found.steps.tolist(), found.stride_m.tolist()) == ([NO_STEPS], [[0.0, 0.0]])


def test_of_what_one_radio_read_twice_in_a_moment_the_louder_counts() -> None:
    devices, slots = someone()
    found = heard(devices, slots, 500, (1, -50.0), (1, -70.0), (0, -60.0))
    assert (found.anchor.tolist(), found.rssi_dbm.tolist(), found.starts.tolist()) == ([0, 1], [-60.0, -50.0], [0, 2])
