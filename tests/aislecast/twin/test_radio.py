"""The twin's radio beside real radio: tetam-office's own geometry and walks, and each of the four effects alone."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from aislecast.twin.columns import Floats
from aislecast.twin.radio import Air, Physics
from aislecast.twin.recording import Recording, read_recording
from floorplans.model import Level, Names, Placement, Polygon
from groundwork.contracts.ids import LevelId
from tests.aislecast.twin.figures import Figures, centroid_errors_m, figures_of, twin_of
from tests.data import data_folder

SEEDS = (1, 2, 3, 4, 5, 6)
HALL = Level(LevelId("hall"), 0, Names("صالة", "Hall"), (Polygon(((0, 0), (30, 0), (30, 30), (0, 30))),))
QUIET = Physics(shadow_db=0.0, rician_k=1e9, noise_db=0.0, handset_sd_db=0.0, gain_sd_db=0.0, body_db=0.0)


@cache
def recorded() -> Recording:
    return read_recording(data_folder("tetam-office"))


@cache
def real(kind: str) -> Figures:
    return figures_of(recorded(), kind)


@cache
def _twins() -> tuple[Recording, ...]:
    return tuple(twin_of(recorded(), seed) for seed in SEEDS)


@cache
def simulated(kind: str) -> tuple[Figures, ...]:
    return tuple(figures_of(twin, kind) for twin in _twins())


def mean(kind: str, name: str) -> Floats:
    """A figure of the twins, averaged over the seeds."""
    return np.asarray(np.mean([getattr(figures, name) for figures in simulated(kind)], axis=0))


KINDS = pytest.mark.parametrize("kind", ["track", "survey"])


@KINDS
def test_the_distance_slope_is_tetams_within_a_quarter(kind: str) -> None:
    assert mean(kind, "exponent") == pytest.approx(real(kind).exponent, abs=0.25)


@KINDS
def test_the_level_at_a_metre_is_tetams_within_2_db(kind: str) -> None:
    assert mean(kind, "constant_dbm") == pytest.approx(real(kind).constant_dbm, abs=2.0)


@KINDS
def test_receivers_differ_as_much_as_tetams_within_1_db_of_sd(kind: str) -> None:
    assert mean(kind, "gain_sd_db") == pytest.approx(real(kind).gain_sd_db, abs=1.0)


@KINDS
def test_what_distance_does_not_explain_has_tetams_sd_within_a_tenth(kind: str) -> None:
    assert mean(kind, "residual_sd_db") == pytest.approx(real(kind).residual_sd_db, rel=0.1)


def test_the_residual_splits_into_place_and_packets_as_tetams_within_half_a_db() -> None:
    assert mean("survey", "between_sd_db") == pytest.approx(real("survey").between_sd_db, abs=0.5)
    assert mean("survey", "within_sd_db") == pytest.approx(real("survey").within_sd_db, abs=0.5)


def test_a_walkers_residuals_correlate_over_half_a_second_to_eight_as_tetams_within_a_tenth() -> None:
    assert mean("track", "correlation") == pytest.approx(real("track").correlation, abs=0.1)


def test_a_standing_tags_packets_take_turns_between_channels_as_tetams_within_a_fifth() -> None:
    """One to four packets apart; later the receivers' own clocks differ."""
    assert mean("survey", "packet_correlation")[:4] == pytest.approx(real("survey").packet_correlation[:4], abs=0.2)


@KINDS
def test_a_receiver_hears_as_many_packets_a_second_as_tetams_within_5_percent(kind: str) -> None:
    assert mean(kind, "packets_per_s") == pytest.approx(real(kind).packets_per_s, rel=0.05)


def test_weaker_packets_are_lost_more_often_as_tetams_within_4_points() -> None:
    assert mean("survey", "delivery") == pytest.approx(real("survey").delivery, abs=0.04)
    assert (np.diff(mean("survey", "delivery")) > 0).all()


@KINDS
def test_rssi_quantiles_are_tetams_within_2_db(kind: str) -> None:
    assert mean(kind, "rssi_dbm") == pytest.approx(real(kind).rssi_dbm, abs=2.0)


@pytest.mark.parametrize(("kind", "window_ms"), [("track", 5_000), ("survey", 10_000)])
def test_a_weighted_centroid_errs_in_the_twin_as_in_tetam_within_15_percent(kind: str, window_ms: int) -> None:
    """Median, 75 and 95 % quantile, averaged over the seeds: what must hold before figures of the simulated shop count."""
    twins = np.mean([centroid_errors_m(twin, kind, window_ms) for twin in _twins()], axis=0)
    assert np.asarray(twins) == pytest.approx(centroid_errors_m(recorded(), kind, window_ms), rel=0.15)


def air(physics: Physics, people: int = 1, radios: int = 1, seed: int = 1) -> Air:
    placements = [Placement("gateway", f"gw-{n}", HALL.id, 15.0, 15.0, physics.carried_m) for n in range(radios)]
    return Air(HALL, placements, people, physics, np.random.default_rng(seed))


def levels(there: Air, x_m: list[float], facing_rad: float = 0.0) -> Floats:
    """Mean RSSI at the first radio of person 0 at each x, 15 m up the hall."""
    n = len(x_m)
    return there.mean_dbm(np.zeros(n, dtype=np.int64), np.array(x_m), np.full(n, 15.0), np.full(n, facing_rad))[:, 0]


def test_ten_times_the_distance_costs_ten_times_the_exponent() -> None:
    near, far = levels(air(QUIET), [16.0, 25.0])
    assert near - far == pytest.approx(10.0 * QUIET.exponent)


def test_a_body_between_costs_its_loss_and_a_body_behind_nothing() -> None:
    there = air(replace(QUIET, body_db=5.0))
    assert levels(there, [25.0], np.pi) - levels(there, [25.0], 0.0) == pytest.approx([5.0])


def test_each_shelf_between_costs_its_loss() -> None:
    shelves = tuple(Polygon(((x, 0), (x + 1, 0), (x + 1, 30), (x, 30))) for x in (20.0, 23.0))
    there = Air(replace(HALL, obstacles=shelves), [Placement("gateway", "g", HALL.id, 15.0, 15.0)], 1, QUIET, np.random.default_rng(1))
    bare = Air(HALL, [Placement("gateway", "g", HALL.id, 15.0, 15.0)], 1, QUIET, np.random.default_rng(1))
    assert levels(bare, [18.0, 22.0, 26.0]) - levels(there, [18.0, 22.0, 26.0]) == pytest.approx([0.0, QUIET.shelf_db, 2 * QUIET.shelf_db])


def test_handsets_and_receivers_differ_by_their_sd() -> None:
    there = air(Physics(), people=4000, radios=1)
    assert there.handset_db.std() == pytest.approx(Physics().handset_sd_db, rel=0.05)
    many = air(replace(Physics(), shadow_db=0.0), radios=400)
    assert many.gain_db.std() == pytest.approx(Physics().gain_sd_db, rel=0.15)


def test_shadowing_falls_off_with_distance_as_it_says() -> None:
    """Correlation 1/e at `shadow_m` and 1/e^2 at twice that, within 0.15, over 300 receivers."""
    physics = replace(QUIET, shadow_db=3.0, exponent=1e-9)
    there = air(physics, radios=300)
    x_m = np.array([10.0, 10.0 + physics.shadow_m, 10.0 + 2 * physics.shadow_m])
    level = there.mean_dbm(np.zeros(3, dtype=np.int64), x_m, np.full(3, 15.0), np.zeros(3))
    found = np.asarray(np.corrcoef(level))
    assert found[0, 1:] == pytest.approx([np.exp(-1.0), np.exp(-2.0)], abs=0.15)
    assert level.std() == pytest.approx(3.0, rel=0.15)


def test_a_hand_that_holds_still_hears_the_same_reflections_and_a_step_away_others() -> None:
    physics = replace(Physics(), noise_db=0.0, delivery=1.0, floor_dbm=-300.0, hand_mps=0.0, scan_ms=10**9)
    there, rng, me = air(physics, radios=200), np.random.default_rng(5), np.zeros(1, dtype=np.int64)
    heard = [
        there.heard_dbm(rng, me, np.array([at]), np.array([x]), np.array([10.0]), np.zeros(1))[0]
        for at, x in ((0, 10.0), (500, 10.0), (1000, 10.4))
    ]
    assert np.array_equal(heard[0], heard[1])
    assert abs(np.corrcoef(heard[1] - heard[1].mean(), heard[2] - heard[2].mean())[0, 1]) < 0.75


def test_a_phones_scan_misses_beacons_and_sometimes_all() -> None:
    there, rng = air(replace(Physics(), handset_sd_db=0.0), people=2000, radios=24), np.random.default_rng(6)
    who = np.arange(2000)
    heard = (
        ~np.isnan(there.scanned_dbm(rng, who, np.zeros(2000, dtype=np.int64), np.full(2000, 13.0), np.full(2000, 15.0), np.zeros(2000)))
    ).sum(axis=1)
    assert (heard == 0).mean() == pytest.approx(Physics().scan_empty, abs=0.03)
    assert 8 <= np.median(heard[heard > 0]) <= 16  # of 24, as uji-library's phones


def test_rssi_is_whole_dbm() -> None:
    there = air(Physics(), radios=50)
    heard = there.heard_dbm(
        np.random.default_rng(7), np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64), np.array([25.0]), np.array([30.0]), np.zeros(1)
    )
    found = heard[~np.isnan(heard)]
    assert len(found) > 0
    assert (found == np.rint(found)).all()
