"""Locators: what they promise in general, and how far off they are on recorded walks."""

from collections.abc import Callable

import numpy as np
import pytest

from geofence.locate import locator, nearest, weighted_centroid
from geofence.positioning.anchors import Calibration, anchors_of, read_calibration
from geofence.positioning.locator import Anchors, Heard, Places
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.outcome import Observed
from tests.data import data_folder
from tests.geofence.venues import START_MS, entry, plan, recorded_entries, recorded_plan, recorded_truth


def square() -> Anchors:
    """Four anchors at the corners of 10 x 10 m on level 0, and one above on level 1."""
    x, y = np.array([0.0, 10.0, 10.0, 0.0, 5.0]), np.array([0.0, 0.0, 10.0, 10.0, 5.0])
    return Anchors(("a", "b", "c", "d", "up"), np.array([0, 0, 0, 0, 1]), x, y, np.zeros(5))


def heard(*rows: list[float | None]) -> Heard:
    rssi = np.array([[-200.0 if value is None else value for value in row] for row in rows])
    return Heard(rssi, np.zeros(rssi.shape), rssi > -200)


METHODS = (nearest.locate, weighted_centroid.locate)
Method = Callable[[Heard, Anchors], Places]


@pytest.mark.parametrize("method", METHODS)
def test_a_device_heard_by_one_anchor_is_at_it(method: Method) -> None:
    places = method(heard([None, -60.0, None, None, None]), square())
    assert (places.x_m.tolist(), places.y_m.tolist(), places.level.tolist()) == ([10.0], [0.0], [0])


@pytest.mark.parametrize("method", METHODS)
def test_the_loudest_level_wins(method: Method) -> None:
    assert method(heard([-70.0, -72.0, None, None, -50.0]), square()).level.tolist() == [1]


@pytest.mark.parametrize("method", METHODS)
def test_a_row_gives_the_same_bits_whatever_stands_beside_it(method: Method) -> None:
    chance = np.random.default_rng(1)
    rows = [[*chance.uniform(-90, -40, 4).tolist(), None] for _ in range(257)]
    together = method(heard(*rows), square())
    for at in (0, 100, 256):
        alone = method(heard(rows[at]), square())
        assert [column[at].tobytes() for column in together] == [column[0].tobytes() for column in alone]


def test_the_centroid_of_four_equal_anchors_is_their_middle() -> None:
    places = weighted_centroid.locate(heard([-60.0, -60.0, -60.0, -60.0, None]), square())
    assert (places.x_m[0], places.y_m[0]) == pytest.approx((5.0, 5.0))


def test_a_fix_is_less_sure_the_further_its_anchors_are_apart() -> None:
    near = weighted_centroid.locate(heard([-40.0, -80.0, -80.0, -80.0, None]), square()).radius_m[0]
    far = weighted_centroid.locate(heard([-80.0, -80.0, -80.0, -80.0, None]), square()).radius_m[0]
    assert near < far


def test_an_unknown_locator_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="weighted_centroid, nearest"):
        locator("gps")


def test_a_calibration_file_gives_gains_by_anchor() -> None:
    calibration = read_calibration(b'{"version": 1, "gains_db": {"g2": 4.5, "elsewhere": 1.0}}')
    assert anchors_of(plan([], {"g1": (0, 0), "g2": (1, 0)}), calibration).gain_db.tolist() == [0.0, 4.5]
    with pytest.raises(ValueError, match="gains_db"):
        read_calibration(b'{"gains_db": {"g2": "loud"}}')


def test_a_loud_anchor_pulls_less_once_its_gain_is_known() -> None:
    shop = plan([], {"g1": (0.0, 0.0), "g2": (10.0, 0.0)})
    x = []
    for calibration in (None, Calibration(gains_db={"g2": 10.0})):
        seen: list[Observed] = []
        Engine(shop, Settings(locator="weighted_centroid"), calibration, seen.append).feed(
            [entry([(1, "g1", 500, -60.0), (1, "g2", 500, -50.0)], 500)]
        )
        x.append(float(seen[0].x_m[0]))
    assert x[0] > 9
    assert x[1] == pytest.approx(5.0)


def walk_errors(name: str, sessions: str, window_ms: int) -> tuple[np.ndarray[tuple[int], np.dtype[np.float64]], float, float]:
    """Errors in metres over the truth rows, the share of them in the most probable zone, and the share within the radius."""
    folder = data_folder(name)
    errors, right, within = [], [], []
    for session, entries in recorded_entries(folder, sessions, window_ms=window_ms):
        seen: list[Observed] = []
        Engine(recorded_plan(folder), Settings(locator="weighted_centroid"), observe=seen.append).feed(entries)
        at_ms = np.concatenate([o.at_ms for o in seen]) - START_MS
        times, places, zones = recorded_truth(folder, session)
        newest = np.searchsorted(at_ms, times, side="right") - 1
        x, y = np.concatenate([o.x_m for o in seen]), np.concatenate([o.y_m for o in seen])
        radius, raw = np.concatenate([o.radius_m for o in seen]), np.concatenate([o.zone_raw for o in seen])
        for row, fix in enumerate(newest.tolist()):
            if fix >= 0:
                errors.append(float(np.hypot(x[fix] - places[row, 0], y[fix] - places[row, 1])))
                right.append(seen[0].zones[raw[fix]] == zones[row])
                within.append(errors[-1] <= radius[fix])
    return np.array(errors), float(np.mean(right)), float(np.mean(within))


def test_on_a_recorded_walk_the_centroid_is_within_what_is_known_of_it() -> None:
    errors, right, within = walk_errors("tetam-office", "track-", 500)
    assert len(errors) > 400
    assert np.median(errors) <= 2.4
    assert np.quantile(errors, 0.95) <= 5.6
    assert right >= 0.55
    assert 0.58 <= within <= 0.78


def test_in_a_flat_the_centroid_finds_the_room_more_often_than_not() -> None:
    errors, right, within = walk_errors("warsaw-flat", "survey-1", 500)
    assert len(errors) > 300
    assert np.median(errors) <= 1.85
    assert right >= 0.6
    assert 0.55 <= within <= 0.8
