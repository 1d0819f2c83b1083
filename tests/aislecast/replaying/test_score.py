"""Scoring: small cases worked by hand, and the recordings' own script on the same files."""

import csv
import json
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aislecast.replaying.score import Beliefs, Rows, score
from tests.data import data_folder

TRUTH = ("session", "t_s", "x_m", "y_m", "zone")


def rows(*cells: tuple[str, float, float, float, str]) -> Rows:
    session, t_s, x_m, y_m, zone = zip(*cells, strict=True) if cells else ((), (), (), (), ())
    return Rows(session, np.array(t_s, dtype=float), np.array(x_m, dtype=float), np.array(y_m, dtype=float), zone)


def written(path: Path, header: Sequence[str], cells: Sequence[Sequence[object]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *cells])
    return path


def read(path: Path) -> Rows:
    """Truth or predictions, as the recordings' own script reads them."""
    with path.open(newline="") as file:
        lines = list(csv.DictReader(file))
    t_s, x_m, y_m = (np.array([float(line.get(name) or "nan") for line in lines]) for name in ("t_s", "x_m", "y_m"))
    return Rows(tuple(line["session"] for line in lines), t_s, x_m, y_m, tuple(line["zone"] for line in lines), "x_m" in lines[0])


def test_the_newest_prediction_that_is_not_later_counts() -> None:
    truth = rows(("a", 10.0, 0.0, 0.0, "z"))
    figures = score(truth, rows(("a", 9.0, 3.0, 4.0, "z"), ("a", 9.5, 0.0, 1.0, "z"), ("a", 10.1, 0.0, 0.0, "z")))
    assert figures["error_m"] == {"median": 1.0, "p75": 1.0, "p95": 1.0, "mean": 1.0}


def test_a_prediction_at_the_oldest_age_still_counts_and_an_older_one_does_not() -> None:
    truth = rows(("a", 10.0, 0.0, 0.0, "z"), ("a", 10.5, 0.0, 0.0, "z"))
    assert score(truth, rows(("a", 0.0, 0.0, 0.0, "z")))["answered_share"] == 0.5


def test_another_sessions_predictions_do_not_count() -> None:
    assert score(rows(("a", 1.0, 0.0, 0.0, "z")), rows(("b", 1.0, 0.0, 0.0, "z")))["answered_share"] == 0.0


def test_truth_before_the_session_is_left_out() -> None:
    truth = rows(("a", -1.0, 0.0, 0.0, "z"), ("a", 1.0, 0.0, 0.0, "z"))
    assert score(truth, rows(("a", 0.0, 0.0, 0.0, "z")))["rows"] == 1


def test_an_unanswered_row_is_a_wrong_zone_and_no_error() -> None:
    truth = rows(("a", 0.0, 0.0, 0.0, "z"), ("a", 50.0, 0.0, 0.0, "z"))
    figures = score(truth, rows(("a", 0.0, 2.0, 0.0, "z")))
    assert (figures["zone_share"], figures["error_m"]) == (0.5, {"median": 2.0, "p75": 2.0, "p95": 2.0, "mean": 2.0})


def test_a_switch_is_false_only_while_the_true_zone_stays() -> None:
    truth = rows(*(("a", 30.0 * n, 0.0, 0.0, zone) for n, zone in enumerate("zzzyy")))
    predictions = rows(*(("a", 30.0 * n, 0.0, 0.0, zone) for n, zone in enumerate("zyyzz")))
    assert score(truth, predictions)["false_switches_per_hour"] == 30.0  # one in 120 s; the one at the true change does not count


def test_rows_a_minute_apart_say_nothing_about_switches() -> None:
    truth = rows(("a", 0.0, 0.0, 0.0, "z"), ("a", 60.0, 0.0, 0.0, "z"))
    predictions = rows(("a", 0.0, 0.0, 0.0, "z"), ("a", 60.0, 0.0, 0.0, "y"))
    assert score(truth, predictions)["false_switches_per_hour"] == 0.0


def every_s(zones: str, first_s: float = 0.0) -> Rows:
    """One row a second; a space is no zone."""
    return rows(*(("a", first_s + n, 0.0, 0.0, zone.strip()) for n, zone in enumerate(zones)))


@pytest.mark.parametrize(
    ("true", "said", "share"),
    [
        ("zzyyyyyyyy", "zzyyyyyyyy", 1.0),
        ("zzyyyyyyyy", "yyyyyyyyyy", 1.0),  # said before it was so, and still said
        ("zzyyyyyyyy", "zzzzzzzyyy", 1.0),  # 5 s late: on the border
        ("zzyyyyyyyy", "zzzzzzzzyy", 0.0),  # 6 s late
        ("zzyyxxxxxx", "zzzzyyxxxx", 0.5),  # when it was said, she had gone on
        ("zz yyyyyyy", "zzzyyyyyyy", None),  # from nowhere is no switch
        ("zzzz", "zyzy", None),
    ],
)
def test_a_true_switch_is_found_if_the_new_zone_is_said_in_time_and_while_it_is_true(true: str, said: str, share: float | None) -> None:
    assert score(every_s(true), every_s(said))["true_switch_recall"] == share


@pytest.mark.parametrize(("later_s", "share"), [(59.0, 1.0), (60.0, None)])
def test_between_rows_a_minute_apart_nobody_knows_of_a_switch(later_s: float, share: float | None) -> None:
    truth = rows(("a", 0.0, 0.0, 0.0, "z"), ("a", later_s, 0.0, 0.0, "y"))
    assert score(truth, truth)["true_switch_recall"] == share


def test_what_is_said_of_another_session_finds_no_switch() -> None:
    truth = every_s("zzyy")
    said = replace(truth, session=("b",) * 4)
    assert score(truth, said)["true_switch_recall"] == 0.0


def believed(rows: Rows, held: str) -> Rows:
    """The rows as predictions that are sure of nothing, with what presence held after each."""
    count = len(rows.session)
    beliefs = Beliefs(((),) * count, np.zeros(count), ("",) * count, tuple((zone.strip(),) for zone in held))
    return replace(rows, beliefs=beliefs)


def told(true: str, held: str) -> object:
    return score(every_s(true), believed(every_s(true), held))["presence"]


def test_an_enter_is_right_if_the_device_was_there() -> None:
    assert told("z" * 12 + "y" * 11, "   " + "z" * 11 + "y" * 9) == {"enters": 2, "precision": 1.0, "recall": 1.0, "delay_s": 2.5}


def test_an_enter_after_the_device_had_left_is_wrong_and_finds_no_stay() -> None:
    assert told("z" * 12 + "y" * 11, " " * 12 + "z" * 11) == {"enters": 1, "precision": 0.0, "recall": 0.0, "delay_s": None}


def test_what_was_held_before_a_stay_finds_it_at_once_and_is_entered_once() -> None:
    assert told("y" * 3 + "z" * 12, "z" * 15) == {"enters": 1, "precision": 0.0, "recall": 1.0, "delay_s": 0.0}


def test_a_zone_that_is_given_up_and_entered_again_is_entered_twice() -> None:
    assert told("z" * 12, "zzz zzzzzzzz") == {"enters": 2, "precision": 1.0, "recall": 1.0, "delay_s": 0.0}


def test_who_is_in_an_aisle_is_in_its_department() -> None:
    truth = replace(every_s("z" * 12), around={"z": frozenset({"department"})})
    beliefs = Beliefs(((),) * 12, np.zeros(12), ("",) * 12, (("", "department"),) * 12)
    figures = score(truth, replace(every_s("z" * 12), beliefs=beliefs))
    assert figures["presence"] == {"enters": 1, "precision": 1.0, "recall": 0.0, "delay_s": None}


def test_a_walk_of_which_nothing_was_said_has_stays_that_were_missed() -> None:
    truth = rows(*(("a", float(n), 0.0, 0.0, "z") for n in range(12)), *(("b", float(n), 0.0, 0.0, "z") for n in range(12)))
    figures = score(truth, believed(every_s("z" * 12), "z" * 12))
    assert figures["presence"] == {"enters": 1, "precision": 1.0, "recall": 0.5, "delay_s": 0.0}


def test_a_decision_needs_as_many_fixes_as_presence_asks_for_or_twice_the_time() -> None:
    def delay_s(times: Sequence[float]) -> object:
        true = rows(*(("a", float(n), 0.0, 0.0, "z") for n in range(12)))
        said = rows(*(("a", at, 0.0, 0.0, "z") for at in times))
        sure = Beliefs((("z",),) * len(times), np.ones(len(times)), ("",) * len(times))
        curve = score(true, replace(said, beliefs=sure))["push_precision"]
        assert isinstance(curve, list)
        return curve[-1]["delay_s"]

    assert delay_s([0.0, 0.5, 1.0, 1.5, 2.0]) == 1.5
    assert delay_s([0.0, 0.75, 1.5, 2.25, 3.0]) == 2.25  # 1.5 s are over at the third fix, and the fourth is asked for
    assert delay_s([0.0, 1.5, 3.0]) == 3.0


def test_quantiles_interpolate_linearly() -> None:
    truth = rows(*(("a", float(n), 0.0, 0.0, "z") for n in range(5)))
    predictions = rows(*(("a", float(n), float(n), 0.0, "z") for n in range(5)))
    assert score(truth, predictions)["error_m"] == {"median": 2.0, "p75": 3.0, "p95": 3.8, "mean": 2.0}


def test_where_nothing_can_be_said_there_is_no_figure() -> None:
    figures = score(rows(("a", 5.0, 0.0, 0.0, "z")), rows())
    assert figures["error_m"] == {"median": None, "p75": None, "p95": None, "mean": None}
    assert figures["false_switches_per_hour"] is None
    assert score(rows(), rows())["answered_share"] is None


def test_truth_without_places_knows_no_errors() -> None:
    truth = replace(rows(("a", 1.0, 0.0, 0.0, "z")), places=False)
    assert list(score(truth, truth)) == ["rows", "answered_share", "zone_share", "false_switches_per_hour", "true_switch_recall"]


def test_a_replay_that_answers_nothing_has_the_same_keys_as_any_other() -> None:
    truth = replace(rows(("a", 5.0, 0.0, 0.0, "z")), floor=("F1",), aisles={"z": "1"})
    nothing = score(truth, replace(rows(), beliefs=Beliefs((), np.zeros(0), ())))
    place = replace(rows(("a", 5.0, 0.0, 0.0, "z")), floor=("F1",), beliefs=Beliefs((("z",),), np.ones(1), ("1",), (("",),)))
    assert list(nothing) == list(score(truth, place))
    assert (nothing["floor_share"], nothing["aisle_share"], nothing["best3_share"], nothing["ece"]) == (None, None, 0.0, None)


@pytest.mark.parametrize("name", ["tetam-office", "uji-library", "warsaw-flat", "sal-door"])
def test_the_figures_are_those_of_the_recordings_own_script(name: str, tmp_path: Path) -> None:
    """Predictions: the truth, late by up to 4 s, off by 2 m, one zone in five wrong, one in twenty empty, one in ten missing."""
    pytest.importorskip("pandas", reason="the recordings' scoring script needs pandas")
    folder = data_folder(name)
    script = folder.parent.parent / "tools" / "score_positions.py"
    if not script.is_file():
        pytest.skip(f"no scoring script at {script}")
    truth = read(folder / "dev" / "truth.csv")
    predictions = _disturbed(truth, tmp_path / "predictions.csv")
    command = [sys.executable, str(script), str(folder / "dev" / "truth.csv"), str(predictions), "--json"]
    said = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    told = score(truth, read(predictions))
    assert told.pop("true_switch_recall") is not None  # which the script does not know
    assert told == said


def _disturbed(truth: Rows, path: Path) -> Path:
    chance = random.Random(1)
    zones = sorted(set(truth.zone))
    cells = []
    for number, session in enumerate(truth.session):
        if chance.random() < 0.1:
            continue
        zone = chance.choice(zones) if chance.random() < 0.2 else truth.zone[number]
        place = [truth.x_m[number] + chance.gauss(0, 2), truth.y_m[number] + chance.gauss(0, 2)] if truth.places else []
        cells.append((session, round(truth.t_s[number] + chance.random() * 4, 6), *place, "" if chance.random() < 0.05 else zone))
    header = TRUTH if truth.places else ("session", "t_s", "zone")
    return written(path, header, cells)
