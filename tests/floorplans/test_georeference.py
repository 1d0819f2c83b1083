"""Fits: exact points are met exactly, noisy ones within what was promised, and what looks wrong is said."""

import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from floorplans.earth import Frame
from floorplans.georeference import ControlPoint, FitKind, KnownDistance, Pair, aligned, fitted, georeferenced, scale_of
from floorplans.model import Anchor, Point
from floorplans.sentences import OF_FITS, phrases

CORNERS: tuple[Point, ...] = ((0.0, 0.0), (57.9, 0.0), (57.9, 27.9), (0.0, 27.9))
"""Of the real office drawing, in metres."""
RIYADH = Anchor(46.6753, 24.7136, 31.5)


def _controls(noise_m: float = 0.0, seed: int = 1, anchor: Anchor = RIYADH) -> list[ControlPoint]:
    chance = random.Random(seed)
    frame = Frame(anchor)
    off = [(x + chance.gauss(0, noise_m), y + chance.gauss(0, noise_m)) for x, y in CORNERS]
    return [ControlPoint(x, y, *frame.to_degrees(u, v)) for (x, y), (u, v) in zip(CORNERS, off, strict=True)]


@given(st.floats(-180, 180), st.floats(0.2, 5.0), st.floats(-1e4, 1e4), st.floats(-1e4, 1e4), st.sampled_from(["similarity", "affine"]))
def test_points_without_noise_are_met_exactly(turn: float, scale: float, east: float, north: float, kind: FitKind) -> None:
    c, s = scale * math.cos(math.radians(turn)), scale * math.sin(math.radians(turn))
    pairs = [Pair((x, y), (c * x - s * y + east, s * x + c * y + north)) for x, y in CORNERS]
    fit = fitted(pairs, kind)
    assert fit.rms_m < 1e-6
    assert fit.scale == pytest.approx(scale)
    assert math.cos(math.radians(fit.rotation_deg - turn)) == pytest.approx(1.0)


def test_four_points_off_by_a_foot_tie_the_office_down_within_half_a_metre() -> None:
    """The goal: RMS at most 0.5 m on the DXF plan with 4 noisy points (0.3 m along each axis); and each corner lands near where it is."""
    fits = [georeferenced(_controls(0.3, seed)) for seed in range(200)]
    assert statistics.median(fit.rms_m for _, fit in fits) < 0.35
    assert statistics.quantiles([fit.rms_m for _, fit in fits], n=10)[-1] < 0.5
    there = Frame(RIYADH)
    for anchor, _ in fits:
        for corner in CORNERS:
            assert math.dist(there.to_metres(*Frame(anchor).to_degrees(*corner)), corner) < 1.5


def test_the_anchor_of_a_fit_puts_points_where_the_fit_does() -> None:
    anchor, fit = georeferenced(_controls(), "similarity")
    assert anchor.rotation_deg == pytest.approx(31.5, abs=1e-3)
    assert anchor.scale == pytest.approx(1.0, abs=1e-5)
    assert (anchor.lon, anchor.lat) == pytest.approx((RIYADH.lon, RIYADH.lat), abs=1e-8)
    assert fit.warnings == ()


def test_a_level_is_laid_over_another_one() -> None:
    """The upper level's frame is turned by 90 degrees and begins elsewhere; two lift shafts are known in both."""
    shafts: list[Pair] = [Pair((x, y), (10 - y, 5 + x)) for x, y in ((0.0, 0.0), (30.0, 0.0), (30.0, 20.0))]
    anchor, fit = aligned(shafts, RIYADH)
    assert fit.rms_m < 1e-9
    assert anchor.rotation_deg == pytest.approx(121.5)
    assert Frame(anchor).to_degrees(3.0, 4.0) == pytest.approx(Frame(RIYADH).to_degrees(6.0, 8.0), abs=2e-9)


def test_two_distances_give_the_scale_within_a_percent_and_say_how_far_they_disagree() -> None:
    """A drawing of 100 px a metre, measured with a tape to 5 cm."""
    scale = scale_of([KnownDistance((0, 0), (5_790, 0), 57.95), KnownDistance((0, 0), (0, 2_790), 27.85)])
    assert scale.metres_per_unit == pytest.approx(0.01, rel=0.01)
    assert scale.disagreement_percent == pytest.approx(0.27, abs=0.01)
    assert scale.warnings == ()
    assert scale.errors_m == pytest.approx((-0.019, 0.065), abs=0.03)


@pytest.mark.parametrize(
    ("distances", "warnings"),
    [
        ([KnownDistance((0, 0), (10, 0), 1.0)], ("one_distance",)),
        ([KnownDistance((0, 0), (10, 0), 1.0), KnownDistance((0, 0), (0, 10), 1.1)], ("distances_disagree",)),
    ],
)
def test_a_scale_that_nothing_confirms_is_said_to_be_so(distances: list[KnownDistance], warnings: tuple[str, ...]) -> None:
    assert scale_of(distances).warnings == warnings


def test_what_looks_wrong_with_a_fit_is_said() -> None:
    off = [*_controls(), ControlPoint(20.0, 10.0, *Frame(RIYADH).to_degrees(28.0, 10.0))]
    mirrored = [Pair((x, -y), (x, y)) for x, y in CORNERS]
    assert georeferenced(off)[1].warnings == ("high_rms", "one_point_off")
    assert fitted(mirrored).warnings == ("high_rms", "mirrored")
    assert fitted(mirrored[:2]).warnings == ("no_spare_point",)


@pytest.mark.parametrize(
    ("pairs", "kind", "words"),
    [
        ([Pair((0, 0), (0, 0))], "rigid", "a rigid fit needs 2 points, got 1"),
        ([Pair((0, 0), (0, 0)), Pair((0, 0), (1, 1))], "similarity", "all control points are in one place"),
        ([Pair((n, n), (n, n)) for n in range(4)], "affine", "lie on one line"),
        ([Pair((0, 0), (0, 0)), Pair((math.nan, 0), (1, 1))], "rigid", "not finite"),
    ],
)
def test_points_that_fit_nothing_are_refused(pairs: list[Pair], kind: FitKind, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fitted(pairs, kind)
    with pytest.raises(ValueError, match="a distance must be over 0"):
        scale_of([KnownDistance((0, 0), (0, 0), 1.0)])


def test_every_warning_has_its_sentence() -> None:
    for code in OF_FITS:
        assert phrases(code, {}, "ar") != phrases(code, {}, "en")
