"""Intervals and comparisons of runs: paired, on the same rows, and only of what was said."""

from pathlib import Path

import numpy as np
import pytest

from aislecast.replaying.score import Rows
from benchmarks import faults, positioning
from benchmarks.bootstrap import FIGURES, Judged, against, intervals, judged, keep, kept
from benchmarks.positioning import compared

COUNT = 600


def run(better_m: float = 0.0, seed: int = 1, count: int = COUNT) -> Judged:
    """Rows a second apart, in ten blocks; errors of 2 m about a mean that differs by block."""
    chance, block = np.random.default_rng(seed), np.arange(count) // 60
    error = np.abs(chance.normal(5 + block % 3, 2.0)) - better_m
    flag = (chance.random(count) < 0.1).astype(np.float64)
    return Judged(block, error, (error < 5).astype(np.float64), np.ones(count), flag, flag, flag)


def named(judged_rows: Judged) -> dict[str, float]:
    return dict(zip(FIGURES, judged_rows.figures(np.arange(len(judged_rows.block))).tolist(), strict=True))


def test_what_became_of_each_row_is_told_by_hand() -> None:
    truth = Rows(("a",) * 4, np.array([-1.0, 0.0, 30.0, 70.0]), np.array([0.0, 0, 0, 0]), np.zeros(4), ("z", "z", "z", "y"))
    said = Rows(("a",) * 3, np.array([0.0, 25.0, 50.0]), np.array([3.0, 0, 0]), np.array([4.0, 0, 0]), ("z", "y", "y"))
    rows = judged(truth, said)
    assert rows.block.tolist() == [0, 0, 1]  # what was before the walk is left out; a block is a minute
    assert rows.error_m[:2].tolist() == [5.0, 0.0]
    assert np.isnan(rows.error_m[2])  # the newest answer is older than ten seconds
    assert rows.right.tolist() == [1.0, 0.0, 0.0]
    assert rows.false.tolist() == [0.0, 1.0, 0.0]


def test_an_interval_holds_the_figure_and_of_nothing_nothing_is_said() -> None:
    [around] = intervals(run())
    figures = named(run())
    for name, (low, high) in around.items():
        assert low <= figures[name] <= high, name
    silent = Judged(*(np.full(COUNT, np.nan) if name == "error_m" else getattr(run(), name) for name in Judged.__dataclass_fields__))
    assert np.isnan(intervals(silent)[0]["median"]).all()
    assert np.isnan(named(silent)["median"])


def test_a_difference_is_judged_on_the_same_draws_so_that_a_small_one_shows() -> None:
    """Alone, the two intervals overlap: blocks differ by metres. Paired, half a metre is sure."""
    before, after = run(), run(better_m=0.5)
    alone = [intervals(one)[0]["mean"] for one in (before, after)]
    assert alone[1][1] > alone[0][0]
    low, high = intervals(before, after)[1]["mean"]
    assert low == pytest.approx(-0.5) == high
    assert "mean -0.50 (-0.50 to -0.50)" in against(before, after)
    assert "mean +0.00 (+0.00 to +0.00)" in against(before, before)


def test_runs_on_other_rows_are_not_compared() -> None:
    with pytest.raises(ValueError, match="600 before, 540 now"):
        against(run(), run(count=540))


@pytest.mark.parametrize("name", ["kept.npz", "kept"])
def test_a_kept_run_is_read_again_from_where_it_was_said_to_be(name: str, tmp_path: Path) -> None:
    runs = {"case one, grid, calibrated": run(), "case two, grid": run(seed=2)}
    keep(tmp_path / name, runs)
    again = kept(tmp_path / name)
    assert list(again) == list(runs)
    for case, rows in runs.items():
        for column in Judged.__dataclass_fields__:
            assert np.array_equal(getattr(again[case], column), getattr(rows, column)), (case, column)


def test_each_line_is_compared_with_its_own_and_what_cannot_be_is_said() -> None:
    before = {"same": run(), "shorter": run(count=540)}
    told = list(compared(before, {"same": run(), "shorter": run(), "new": run()}))
    assert [line.split(":")[0] for line in told] == ["same", "shorter", "new"]
    assert "median +0.00" in told[0]
    assert "judged on other rows" in told[1]
    assert told[2] == "new: not in the kept run"


@pytest.mark.parametrize("main", [positioning.main, faults.main])
def test_what_is_not_there_is_named_and_nothing_is_run(main: object, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert callable(main)
    assert main(["--folder", str(tmp_path / "nowhere")]) == 2
    assert "nowhere" in capsys.readouterr().err
    assert main(["--folder", str(tmp_path), "no such case"]) == 2
    assert "no such case" in capsys.readouterr().err


def test_a_kept_run_that_is_not_there_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert positioning.main(["--folder", str(tmp_path), "--against", str(tmp_path / "gone.npz")]) == 2
    assert "gone.npz" in capsys.readouterr().err
