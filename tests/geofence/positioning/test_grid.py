"""The grid filter in the engine: snapshots, steps, unknown, and recorded walks that calibration had not seen."""

import numpy as np
import pytest

from aislecast.replaying import report
from aislecast.replaying.score import score
from aislecast.replaying.survey import TENANT, VENUE, plan_with, windows_of
from aislecast.replaying.walks import Walked, walk
from aislecast.surveying.calibration import calibration_of
from aislecast.twin.recording import read_recording
from benchmarks.positioning import of_sessions, restricted
from geofence.admitted import Admitted
from geofence.positioning.anchors import Calibration, Prints
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.outcome import Observed
from tests.data import data_folder
from tests.geofence.venues import START_MS, Row, entry, tick, two_rooms

GRID = Settings(locator="grid")


def left_then_right() -> list[Row]:
    """A device that stands left for 20 s, then right."""
    chance = np.random.default_rng(1)
    rows: list[Row] = []
    for end_ms in range(500, 40_000, 500):
        near, far = ("g-left", "g-right") if end_ms < 20_000 else ("g-right", "g-left")
        rows += [(1, near, end_ms, float(chance.normal(-60, 3))), (1, far, end_ms, float(chance.normal(-84, 3)))]
    return rows


def seen_of(engine: Engine, entries: list[Admitted]) -> list[bytes]:
    seen: list[Observed] = []
    engine.observe = seen.append
    for one in entries:
        engine.feed([one])
    return [b"".join(np.ascontiguousarray(column).tobytes() for column in (o.at_ms, o.x_m, o.y_m, o.radius_m, o.shares)) for o in seen]


def batches() -> list[Admitted]:
    rows = left_then_right()
    return [entry([row for row in rows if at - 1_000 < row[2] <= at], at) for at in range(1_000, 40_000, 1_000)]


def test_a_snapshot_in_the_middle_of_a_walk_changes_no_bit() -> None:
    entries = batches()
    straight = seen_of(Engine(two_rooms(), GRID), entries)
    first = Engine(two_rooms(), GRID)
    before = seen_of(first, entries[:17])
    second = Engine(two_rooms(), GRID)
    second.restore(first.state())
    assert before + seen_of(second, entries[17:]) == straight


def test_a_snapshot_keeps_what_is_known_of_levels() -> None:
    level = str(two_rooms().levels[0].id)
    prints = Prints(
        subjects=["g-left", "g-right"],
        levels=[level],
        level=[0, 0],
        x_m=[5.0, 35.0],
        y_m=[5.0, 5.0],
        starts=[0, 1, 2],
        beacon=[0, 1],
        share=[1000, 1000],
    )
    entries, known = batches(), Calibration(prints=prints)
    straight = seen_of(Engine(two_rooms(), GRID, known), entries)
    first = Engine(two_rooms(), GRID, known)
    before = seen_of(first, entries[:17])
    second = Engine(two_rooms(), GRID, known)
    second.restore(first.state())
    assert before + seen_of(second, entries[17:]) == straight
    untold = Engine(two_rooms(), GRID)
    seen_of(untold, entries[:17])
    second.restore(untold.state())
    assert seen_of(second, entries[17:])


def test_a_snapshot_of_another_locator_is_taken_over_without_its_belief() -> None:
    entries = batches()
    light = Engine(two_rooms(), Settings(locator="weighted_centroid"))
    seen_of(light, entries[:10])
    heavy = Engine(two_rooms(), GRID)
    heavy.restore(light.state())
    assert seen_of(heavy, entries[10:12])


def test_the_rooms_are_told_apart_with_confidence() -> None:
    seen: list[Observed] = []
    engine = Engine(two_rooms(), GRID, observe=seen.append)
    for one in batches():
        engine.feed([one])
    zones = [(int(o.at_ms[0]) - START_MS, o.zones[int(o.zone_likely[0])], float(o.probability[0])) for o in seen]
    assert {zone for at, zone, _ in zones if 3_000 < at < 20_000} == {"left"}
    assert {zone for at, zone, _ in zones if at > 30_000} == {"right"}
    assert zones[30][2] > 0.8


def test_what_is_not_heard_gives_no_fix() -> None:
    seen: list[Observed] = []
    engine = Engine(two_rooms(), GRID, observe=seen.append)
    engine.feed([entry([(1, "g-left", 500, -60.0)], 500)])
    engine.feed([tick(60_000)])
    assert len(seen) == 1


def cross_validated(name: str, held: str, *, others: str = "*") -> dict[str, object]:
    """The score of the held sessions with a calibration from the others."""
    recording = read_recording(data_folder(name), sessions=others)
    judged = [at for at, session in enumerate(recording.sessions) if session.startswith(held)]
    rest = np.array([at for at in range(len(recording.sessions)) if at not in judged])
    calibration = calibration_of(restricted(recording, rest))
    walked = Walked(recording)
    walk(walked, windows_of(recording), plan_with(recording, calibration, TENANT, VENUE), judged, Settings(locator="grid"), calibration)
    truth = report.truth_rows(recording)
    return score(of_sessions(truth, np.array([session.startswith(held) for session in truth.session])), walked.rows())


@pytest.mark.parametrize(
    ("name", "held", "median", "p95", "zone"),
    [("tetam-office", "track-zigzag", 1.6, 3.6, 0.73), ("uji-library", "bq", 1.4, 3.6, 0.52)],
)
def test_on_walks_that_calibration_has_not_seen_the_goals_hold(name: str, held: str, median: float, p95: float, zone: float) -> None:
    told = cross_validated(name, held)
    error = told["error_m"]
    assert isinstance(error, dict)
    assert error["median"] <= median
    assert error["p95"] <= p95
    assert told["zone_share"] >= zone  # type: ignore[operator] # a number where there is truth


def test_a_door_learned_from_three_runs_is_crossed_rightly_in_the_fourth() -> None:
    told = cross_validated("sal-door", "car_sensor_1_measurement_3")["door"]
    assert isinstance(told, dict)
    assert told["found"] == told["crossings"] > 5
    assert told["false"] <= 1
