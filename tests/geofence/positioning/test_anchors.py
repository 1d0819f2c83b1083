"""Anchors: what hangs where on a plan, and what is read of it at a distance."""

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from floorplans.model import Placement
from geofence.positioning.anchors import GENERIC, anchors_of, path_dbm, placed
from tests.geofence.venues import FLOOR, two_rooms


def hung(*spots: tuple[str, float, int]) -> tuple[Placement, ...]:
    """Gateways by subject, x and since when."""
    return tuple(Placement("gateway", subject, FLOOR, x, 1.0, from_ms=from_ms) for subject, x, from_ms in spots)


NEWEST_LAST = [("g", 1.0, 10), ("g", 2.0, 20)]


@pytest.mark.parametrize(("spots", "x"), [(NEWEST_LAST, 2.0), (NEWEST_LAST[::-1], 2.0), ([("g", 1.0, 10), ("g", 2.0, 10)], 2.0)])
def test_of_an_anchor_that_was_moved_the_newest_place_counts_and_of_equals_the_last(spots: list[tuple[str, float, int]], x: float) -> None:
    plan = dataclasses.replace(two_rooms(), placements=hung(*spots, ("h", 5.0, 0)))
    assert [(subject, spot.x_m) for subject, spot in placed(plan).items()] == [("g", x), ("h", 5.0)]
    assert anchors_of(plan).x_m.tolist() == [x, 5.0]


def test_at_a_metre_the_reference_is_read_and_at_ten_less_by_ten_times_the_exponent() -> None:
    radio = replace(GENERIC, reference_dbm=-60.0, exponent=2.5)
    assert path_dbm(np.array([1.0, 10.0, 100.0]), radio).tolist() == pytest.approx([-60.0, -85.0, -110.0])
