"""Prints: what places sound like, and what a device's hearing says by them."""

from dataclasses import replace

import numpy as np
import pytest

from geofence.columns import Floats
from geofence.device_columns import DeviceColumns
from geofence.locate import grid
from geofence.positioning.anchors import GENERIC, Calibration, Prints, anchors_of, read_calibration, write_calibration
from geofence.positioning.belief import NO_STEPS
from geofence.positioning.calibrate import Samples
from geofence.positioning.cells import cells_of
from geofence.positioning.hearing import take
from geofence.positioning.locator import Heard, Hearings, Standing
from geofence.positioning.placing import Place
from geofence.positioning.prints import loudness, print_map, prints_of
from groundwork.contracts.ids import LevelId
from groundwork.contracts.unfit import Wrong
from tests.geofence.venues import plan, rectangle, zone

BEACONS = {"b0": (2.0, 2.0), "b1": (18.0, 2.0), "b2": (2.0, 18.0), "b3": (18.0, 18.0)}
HALL = plan([zone("west", rectangle(0, 0, 10, 20)), zone("east", rectangle(10, 0, 20, 20))], BEACONS)
ANCHORS, CELLS = anchors_of(HALL), cells_of(HALL, HALL.zones)
LEVELS = [str(level.id) for level in HALL.levels]
ELSEWHERE = replace(HALL, levels=(replace(HALL.levels[0], id=LevelId("another")),))
UNPLACED = [None] * len(ANCHORS)
PLACED = [Place(0, x_m, y_m, 60.0 - 66.0) for x_m, y_m in BEACONS.values()]


def read_at(x: Floats, y: Floats) -> Floats:
    """What is read there of each beacon; below -90 dBm nothing."""
    apart = np.hypot(x[:, None] - ANCHORS.x_m, y[:, None] - ANCHORS.y_m)
    rssi = -60.0 - 20.0 * np.log10(np.maximum(apart, 1.0))
    return np.where(rssi < -90.0, np.nan, rssi)


def surveyed() -> Samples:
    """A walk over the whole hall."""
    x, y = (axis.reshape(-1) for axis in np.meshgrid(np.arange(1.0, 20.0), np.arange(1.0, 20.0)))
    none = np.zeros(len(x), np.int64)
    return Samples(none, x, y, none, none, np.full(len(x), np.nan), read_at(x, y))


def learned() -> Prints:
    return prints_of(surveyed(), ANCHORS.subjects, HALL, UNPLACED)


def heard_at(x_m: float, y_m: float, louder_db: float = 0.0) -> Heard:
    rssi = read_at(np.array([x_m]), np.array([y_m])) + louder_db
    return Heard(np.nan_to_num(rssi), np.zeros_like(rssi), np.isfinite(rssi))


@pytest.mark.parametrize("louder_db", [0.0, 6.0, -6.0])
def test_a_place_is_known_by_its_sound_whatever_the_phone(louder_db: float) -> None:
    said = print_map(learned(), ANCHORS, CELLS, LEVELS).likelihood(heard_at(5.0, 14.0, louder_db))[0][0]
    best = int(said.argmax())
    assert np.hypot(CELLS.x_m[best] - 5.0, CELLS.y_m[best] - 14.0) < 4.0


def test_the_best_cell_counts_fully_and_no_cell_for_nothing() -> None:
    said, _ = print_map(learned(), ANCHORS, CELLS, LEVELS).likelihood(heard_at(5.0, 14.0))
    assert said.shape == (1, len(CELLS))
    assert said.max() == pytest.approx(1.0)
    assert said.min() > 0


def test_a_row_gives_the_same_bits_whatever_rows_stand_beside_it() -> None:
    told, here, there = print_map(learned(), ANCHORS, CELLS, LEVELS), heard_at(5.0, 14.0), heard_at(15.0, 3.0)
    both = Heard(*(np.concatenate(columns) for columns in zip(here, there, strict=True)))
    (places, levels), (place, level) = told.likelihood(both), told.likelihood(here)
    assert np.array_equal(places[0], place[0])
    assert np.array_equal(levels[0], level[0])


def test_beacons_and_levels_that_are_not_on_the_plan_are_left_out() -> None:
    strange = prints_of(surveyed(), ("b0", "gone", "b2", "b3"), HALL, UNPLACED)
    assert print_map(strange, ANCHORS, CELLS, LEVELS).share[1].max() == 0
    elsewhere = print_map(prints_of(surveyed(), ANCHORS.subjects, ELSEWHERE, UNPLACED), ANCHORS, CELLS, LEVELS)
    assert np.unique(elsewhere.likelihood(heard_at(5.0, 14.0))[0]).tolist() == [1.0]


def test_a_level_is_told_by_what_is_heard_on_it() -> None:
    on = replace(HALL.levels[0], id=LevelId("up"), ordinal=1)
    two = replace(
        HALL,
        levels=(*HALL.levels, on),
        placements=tuple(replace(p, level=on.id) if p.subject in ("b2", "b3") else p for p in HALL.placements),
    )
    levels, walk = [*LEVELS, "up"], surveyed()
    heard_below, heard_above = walk.rssi_dbm.copy(), walk.rssi_dbm.copy()
    heard_below[:, 2:], heard_above[:, :2] = np.nan, np.nan
    both = Samples(*(np.concatenate([column, column]) for column in walk))
    both = both._replace(level=np.repeat([0, 1], len(walk.level)), rssi_dbm=np.concatenate([heard_below, heard_above]))
    told = print_map(prints_of(both, ANCHORS.subjects, two, UNPLACED), anchors_of(two), cells_of(two, two.zones), levels)
    heard = heard_at(5.0, 4.0)
    said = told.likelihood(heard._replace(known=heard.known & np.array([True, True, False, False])))[1]
    assert said.argmax() == 0
    assert np.exp(said).sum() == pytest.approx(1.0, abs=0.02)


def test_without_a_print_of_any_level_all_are_alike() -> None:
    elsewhere = print_map(prints_of(surveyed(), ANCHORS.subjects, ELSEWHERE, UNPLACED), ANCHORS, CELLS, LEVELS)
    assert elsewhere.likelihood(heard_at(5.0, 14.0))[1].tolist() == [[0.0]]


def test_prints_survive_the_calibration_file() -> None:
    calibration = Calibration(prints=learned())
    assert read_calibration(write_calibration(calibration)) == calibration


def test_an_unheard_beacon_weighs_nothing() -> None:
    assert loudness(np.array([np.nan, -120.0, -65.0])).tolist() == [0.0, 0.0, 1.0]


def test_the_grid_filter_follows_prints_where_the_path_loss_knows_nothing() -> None:
    deaf = Calibration(prints=learned(), noise_db=100.0, reference_dbm=GENERIC.reference_dbm)
    locate = grid.locate(Standing(HALL, HALL.zones, ANCHORS, deaf))
    devices = DeviceColumns(len(ANCHORS), 1, locate.kinds)
    slot = devices.slots_of(np.array([7], np.uint64), ["p" * 32])
    rssi = read_at(np.array([16.0]), np.array([15.0]))[0]
    anchor = np.flatnonzero(np.isfinite(rssi))
    for at_ms in range(10_000, 16_000, 500):
        take(devices, np.repeat(slot, len(anchor)), anchor, np.full(len(anchor), at_ms), rssi[anchor].astype(np.float32))
        said = locate(
            Hearings(
                slot,
                np.array([at_ms]),
                np.array([0, len(anchor)]),
                anchor,
                rssi[anchor].astype(np.float32),
                np.array([NO_STEPS]),
                np.zeros((1, 2), np.float32),
            ),
            devices,
        )
    assert said.probability is not None
    assert said.probability[0].argmax() == 1
    assert np.hypot(said.places.x_m[0] - 16.0, said.places.y_m[0] - 15.0) < 4.0


def test_a_place_nobody_walked_is_known_by_where_the_beacons_hang() -> None:
    walk = surveyed()
    half = walk.where(walk.x_m < 8.0)
    said = print_map(prints_of(half, ANCHORS.subjects, HALL, PLACED), ANCHORS, CELLS, LEVELS).likelihood(heard_at(16.0, 14.0))[0][0]
    best = int(said.argmax())
    assert np.hypot(CELLS.x_m[best] - 16.0, CELLS.y_m[best] - 14.0) < 5.0


def test_prints_lie_on_the_floor_or_next_to_it() -> None:
    walk = surveyed()
    made = prints_of(walk.where(walk.x_m < 3.0), ANCHORS.subjects, HALL, PLACED)
    assert max(made.x_m) <= 20.0 + 2.5
    assert min(made.x_m) >= -2.5


def test_a_file_holds_so_many_places_and_what_lies_beside_the_walk_gives_way_first() -> None:
    walk = surveyed()
    strip = walk.where(walk.x_m < 3.0)
    all_around = len(prints_of(strip, ANCHORS.subjects, HALL, PLACED).level)
    near = len(prints_of(strip, ANCHORS.subjects, HALL, PLACED, all_around - 1).level)
    assert near < all_around
    with pytest.raises(Wrong, match=f"passes {near} places 2.5 m wide, expected at most 5") as told:
        prints_of(strip, ANCHORS.subjects, HALL, PLACED, 5)
    assert "والحد الأقصى 5" in told.value.phrase[1]


def test_a_walk_beside_every_floor_is_refused() -> None:
    """What it would give, a file of no place, could not be read again."""
    walk = surveyed()
    with pytest.raises(Wrong, match="passes no place on a floor"):
        prints_of(walk._replace(x_m=walk.x_m + 1_000.0), ANCHORS.subjects, HALL, PLACED)
