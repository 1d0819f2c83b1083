"""The earth under a level: a degree's metres are right, and there and back again is the same place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floorplans.earth import WGS84_M, Frame, anchor_under, degree_at
from floorplans.model import Anchor

FRAMES = st.builds(
    Anchor,
    lon=st.floats(-179, 179),
    lat=st.floats(-70, 70),
    rotation_deg=st.floats(-180, 180),
    scale=st.floats(0.5, 2.0),
    sphere_m=st.sampled_from([None, WGS84_M]),
)


@pytest.mark.parametrize(
    ("lat", "east_m", "north_m"), [(0.0, 111_319.5, 110_574.3), (45.0, 78_846.8, 111_131.8), (60.0, 55_800.0, 111_412.2)]
)
def test_a_degree_is_as_long_as_geodesy_says(lat: float, east_m: float, north_m: float) -> None:
    """Lengths of a degree on WGS 84, as every table of them has it."""
    degree = degree_at(lat)
    assert degree.east_m == pytest.approx(east_m, abs=0.5)
    assert degree.north_m == pytest.approx(north_m, abs=0.5)


@given(FRAMES, st.floats(-500, 500), st.floats(-500, 500))
def test_metres_to_degrees_and_back_is_within_half_a_millimetre(anchor: Anchor, x: float, y: float) -> None:
    frame = Frame(anchor)
    assert frame.to_metres(*frame.to_degrees(x, y)) == pytest.approx((x, y), abs=5e-4)


@given(FRAMES, st.floats(-500, 500), st.floats(-500, 500))
def test_degrees_that_were_written_once_are_written_again_alike(anchor: Anchor, x: float, y: float) -> None:
    """What export, import, export being the same bytes stands on."""
    frame = Frame(anchor)
    written = frame.to_degrees(x, y)
    assert frame.to_degrees(*frame.to_metres(*written)) == written


def test_a_frame_that_is_turned_left_has_its_x_to_the_north() -> None:
    lon, lat = Frame(Anchor(46.0, 24.0, rotation_deg=90.0)).to_degrees(100.0, 0.0)
    assert lon == 46.0
    assert lat == pytest.approx(24.0 + 100 / degree_at(24.0).north_m)


def test_a_frame_is_laid_under_the_south_western_corner() -> None:
    assert anchor_under([((46.2, 24.5), (46.1, 24.6))]) == Anchor(46.1, 24.5)
    with pytest.raises(ValueError, match="no point"):
        anchor_under([])
