"""The goals table: what is judged was never taught, and what is judged is judged once."""

import fnmatch

import numpy as np
import pytest

from aislecast.replaying import report
from aislecast.replaying.score import score
from aislecast.twin.recording import Recording, read_recording
from benchmarks.positioning import CASES, Case, apart, of_sessions, predicted, taught, without
from geofence.settings import Settings
from tests.data import data_folder

CASE = {case.name: case for case in CASES}
TURNS = [case for case in CASES if case.turn_s]


@pytest.fixture(scope="module")
def office() -> Recording:
    return read_recording(data_folder("tetam-office"))


def test_names_of_cases_are_distinct() -> None:
    assert len(CASE) == len(CASES)


@pytest.mark.parametrize("case", TURNS, ids=lambda case: case.name)
def test_a_turn_is_kept_from_calibration_and_all_turns_together_are_everything(case: Case) -> None:
    recording = read_recording(data_folder(case.folder))
    judged = [at for at, name in enumerate(recording.sessions) if name.startswith("survey-")]
    kept = 0
    for turn in range(case.turns):
        rest = without(recording, judged, case, turn)
        of_judged = np.isin(rest.truth.session, judged)
        assert not (case.turn_of(rest.truth.t_ms[of_judged]) == turn).any()
        assert not (case.turn_of(rest.sightings.t_ms[np.isin(rest.sightings.session, judged)]) == turn).any()
        kept += len(recording.sightings.t_ms) - len(rest.sightings.t_ms)
    assert kept == np.isin(recording.sightings.session, judged).sum()


def test_no_point_is_held_back_with_its_neighbour(office: Recording) -> None:
    points = [at for at, name in enumerate(office.sessions) if name.startswith("survey-")]
    rows = [int(np.flatnonzero(office.truth.session == point)[0]) for point in points]
    x, y = office.truth.x_m[rows], office.truth.y_m[rows]
    fold = np.array([apart(office, point) for point in points])
    together = (fold[:, None] == fold) & ~np.eye(len(points), dtype=np.bool_)
    assert np.hypot(x[:, None] - x, y[:, None] - y)[together].min() > 2.6


def test_other_months_judge_only_places_on_a_track(office: Recording) -> None:
    case = CASE["tetam-office standing, other months"]
    assert len(_judged(case, office)) == 19


def test_who_stands_at_a_walked_place_is_found_months_later(office: Recording) -> None:
    case = CASE["tetam-office standing, other months"]
    judged = _judged(case, office)
    every, names = report.truth_rows(office), {office.sessions[at] for at in judged}
    truth = of_sessions(every, np.array([walk.split("\n")[0] in names for walk in every.session]))
    told = score(truth, predicted(office, judged, Settings(locator="grid"), taught(case, office, judged)))
    error, zone_share = told["error_m"], told["zone_share"]
    assert isinstance(error, dict)
    assert isinstance(zone_share, float)
    assert (error["median"] <= 1.8, error["p95"] <= 5.0, zone_share >= 0.67) == (True, True, True), told


def _judged(case: Case, recording: Recording) -> list[int]:
    return [at for at, name in enumerate(recording.sessions) if fnmatch.fnmatchcase(name, case.judged) and case.judges(recording, at)]
