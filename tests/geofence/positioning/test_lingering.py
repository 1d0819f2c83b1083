"""Who stands: the compiled arithmetic against the plain one, what counts once, and whom it is asked of."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from geofence.columns import Floats
from geofence.device_columns import DeviceColumns, Kind
from geofence.locate import grid
from geofence.positioning import lingering
from geofence.positioning.anchors import GENERIC, Calibration, RadioMap
from geofence.positioning.belief import FRESH, Seen
from geofence.positioning.lingering import Field, Lately
from geofence.positioning.locator import Standing
from tests.geofence.positioning.test_belief import ANCHORS, COUNT, GROUND, SHOP

FIELD = Field(GROUND, 6.0, 9.0)
RADIOS = len(ANCHORS)
SINGLE = np.dtype(np.float32)


def believed(devices: int, chance: np.random.Generator) -> Seen:
    place = np.stack([np.zeros(devices), *chance.uniform(0, 20, (2, devices)), np.ones(devices), np.zeros(devices)], axis=1)
    left = chance.random(devices)
    return Seen(place, np.stack([left, 1 - left], axis=1))


def heard_at(x_m: float, y_m: float, quieter_db: float = 0.0) -> Lately:
    """What is expected there, all of it quieter by so much."""
    cell = int(np.hypot(GROUND.x_m - x_m, GROUND.y_m - y_m).argmin())
    return Lately(GROUND.expected_dbm[None, :, cell] - np.float32(quieter_db), np.full((1, RADIOS), 2.0, np.float32))


def mixed(heard: Lately, standing: float) -> Seen:
    weight = np.full((1, COUNT), 1 / COUNT, np.float32)
    return lingering.seen(FIELD, heard, np.array([standing]), weight, Seen(np.array([[0.0, 10, 12, 9, 0]]), np.array([[0.5, 0.5]])))


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), levels=st.sampled_from([1, 2]))
def test_the_compiled_mixture_is_the_plain_one(seed: int, levels: int) -> None:
    chance = np.random.default_rng(seed)
    ground = GROUND._replace(level=(GROUND.y_m > 12.5).astype(np.int64)) if levels == 2 else GROUND
    mean = chance.uniform(-90, -50, (4, RADIOS)).astype(np.float32)
    certainty = np.where(chance.random(mean.shape) < 0.7, chance.uniform(0.05, 0.2, mean.shape), 0).astype(np.float32)
    weight, standing = chance.random((4, COUNT)).astype(np.float32), np.array([0.0, 0.3, 1.0, 1.0])
    before = believed(4, chance)
    one = lingering.seen(Field(ground, 6.0, 9.0), Lately(mean, certainty), standing, weight / weight.sum(axis=1, keepdims=True), before)
    other = Seen(before.place.copy(), before.probability.copy())
    columns = (ground.x_m, ground.y_m, ground.level, ground.prior, ground.expected_dbm, ground.zone_starts, ground.zone, ground.share)
    plain: Callable[..., None] = lingering.plain
    plain(*columns, mean, certainty, standing, weight / weight.sum(axis=1, keepdims=True), *other)
    assert np.allclose(one.place, other.place, atol=2e-2)
    assert np.allclose(one.probability, other.probability, atol=2e-3)
    assert (one.place[0] == before.place[0]).all(), "who walks is left alone"


def test_who_stands_is_where_the_means_fit() -> None:
    seen = mixed(heard_at(5.0, 6.0), 1.0)
    assert seen.place[0, 1:3] == pytest.approx([5.0, 6.0], abs=1.0)
    assert seen.probability[0, 0] > 0.9
    half = mixed(heard_at(5.0, 6.0), 0.5)
    assert half.probability[0] == pytest.approx((seen.probability[0] + 0.5) / 2)


def test_a_quieter_tag_stands_where_a_loud_one_does() -> None:
    here, quieter = mixed(heard_at(5.0, 6.0), 1.0), mixed(heard_at(5.0, 6.0, quieter_db=1.0), 1.0)
    assert np.hypot(*(here.place[0, 1:3] - quieter.place[0, 1:3])) < 0.7


def remembered(devices: int) -> DeviceColumns:
    kinds = {name: Kind(SINGLE, 0.0, (RADIOS,)) for name in ("lately_dbm", "lately_windows")}
    columns = DeviceColumns(RADIOS, 1, kinds)
    columns.slots_of(np.arange(devices, dtype=np.uint64), ["a"] * devices)
    return columns


def take(columns: DeviceColumns, elapsed_s: float, *readings: tuple[int, float]) -> None:
    anchor, rssi = np.array([radio for radio, _ in readings], np.int64), np.array([dbm for _, dbm in readings], np.float32)
    lingering.take(columns, np.array([0]), np.array([elapsed_s], np.float32), np.array([0, len(readings)]), anchor, rssi)


def lately(columns: DeviceColumns, offset_db: float = 0.0) -> tuple[Floats, Floats]:
    told = lingering.lately(columns, np.array([0]), np.zeros(RADIOS), np.array([offset_db]), FIELD)
    return told.mean_dbm[0].astype(np.float64), told.certainty[0].astype(np.float64)


def test_ever_more_of_the_same_never_tells_more_than_the_place_allows() -> None:
    columns = remembered(1)
    take(columns, FRESH, (3, -70.0))
    _, first = lately(columns)
    for _ in range(500):
        take(columns, 0.5, (3, -70.0))
    mean, certainty = lately(columns)
    assert mean[3] == pytest.approx(-70.0, abs=1e-3)
    assert first[3] == pytest.approx(1 / 15.0)
    assert first[3] < certainty[3] < 1 / FIELD.place_bound_db2


def test_what_was_read_long_ago_counts_no_more() -> None:
    columns = remembered(1)
    take(columns, FRESH, (3, -70.0), (4, -60.0))
    take(columns, 20.0, (4, -80.0))
    mean, certainty = lately(columns)
    assert certainty[3] == 0.0
    assert mean[4] == pytest.approx(-80.0, abs=0.5)


def test_of_a_tags_own_only_what_tags_do_not_differ_by_is_taken_off() -> None:
    columns = remembered(1)
    take(columns, FRESH, (3, -70.0))
    assert lately(columns, 1.8)[0][3] == -70.0
    assert lately(columns, -5.0)[0][3] == -67.0


def test_it_is_asked_only_where_a_map_says_what_is_bound_to_a_place() -> None:
    level = str(SHOP.levels[0].id)
    radio_map = RadioMap(level=level, x_m=[5.0], y_m=[5.0], residual_ddb={ANCHORS.subjects[0]: [10]}, unknown_ddb2=[30])
    mapped = replace(GENERIC, maps=[radio_map], place_bound_db2=6.0, scatter_db2=9.0)
    assert _asks(mapped)
    assert not _asks(replace(mapped, place_bound_db2=0.0)), "a file of before"
    assert not _asks(replace(mapped, maps=[]))


def _asks(calibration: Calibration) -> bool:
    return "lately_dbm" in grid.locate(Standing(SHOP, SHOP.zones, ANCHORS, calibration)).kinds


@pytest.mark.parametrize("prior", [0.0, 1.0], ids=["nobody is there", "belief says no"])
def test_a_level_that_fits_far_better_takes_nothing_from_the_one_believed_in(prior: float) -> None:
    """Beside it the believed level's cells were 0 all over in single precision, and place and probabilities not a number."""
    radios, level = 12, np.repeat([0, 1], 4).astype(np.int64)
    expected = np.full((radios, 8), -90, np.float32)
    expected[::2, :4], expected[:, 4:] = -45, -60
    column = np.arange(8, dtype=np.float32)
    zones = (np.arange(9), level, np.ones(8, np.float32))
    there = np.where(level == 0, 1.0, prior).astype(np.float32)
    ground = GROUND._replace(
        x_m=column, y_m=0 * column, level=level, prior=there, expected_dbm=expected, zone_starts=zones[0], zone=zones[1], share=zones[2]
    )
    heard = Lately(np.full((1, radios), -60, np.float32), np.full((1, radios), 1 / 8, np.float32))
    weight = np.where(level == 0, 0.25, 0.0).astype(np.float32)[None]
    said = lingering.seen(Field(ground, 6.0, 9.0), heard, np.ones(1), weight, Seen(np.array([[0.0, 1, 0, 2, 0]]), np.array([[0.5, 0.5]])))
    assert np.allclose(said.probability, [[1.0, 0.0]])
    assert said.place[0, 1] == pytest.approx(1.5)
