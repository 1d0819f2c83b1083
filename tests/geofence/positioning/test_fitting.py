"""How far a calibration fits a plan: what of both does not belong together is told, and what is known to be wrong is left out."""

import msgspec
import pytest

from geofence.positioning.anchors import Calibration, Found, Prints, RadioMap, read_calibration, write_calibration
from geofence.positioning.fitting import Misfit, fitted, misfit
from tests.geofence.venues import plan, rectangle, zone

FLOOR = "F1"
PLACED = {"g1": (5.0, 5.0), "g2": (20.0, 12.0), "g3": (35.0, 20.0)}
PLAN = plan([zone("all", rectangle(0, 0, 40, 25))], PLACED)
MAP = RadioMap(level=FLOOR, x_m=[1.0, 2.0], y_m=[1.0, 2.0], residual_ddb={"g1": [10, 20], "g2": [-10, 5]})


def hung(**elsewhere: tuple[float, float]) -> dict[str, Found]:
    return {name: Found(level=FLOOR, x_m=x, y_m=y) for name, (x, y) in (PLACED | elsewhere).items()}


def walked(**elsewhere: tuple[float, float]) -> Calibration:
    return Calibration(gains_db={"g1": 1.0, "g2": 2.0, "g3": 3.0}, maps=[MAP], anchors=hung(**elsewhere))


def test_a_file_made_on_this_very_plan_fits_and_is_used_as_it_stands() -> None:
    calibration = walked()
    assert misfit(calibration, PLAN) == Misfit((), (), (), ())
    assert fitted(calibration, PLAN) is calibration


def test_what_the_plan_does_not_have_and_what_the_file_does_not_know_are_told_apart() -> None:
    gone = RadioMap(level="F9", x_m=[1.0], y_m=[1.0], residual_ddb={"g7": [3]})
    calibration = Calibration(gains_db={"g1": 1.0, "g8": 2.0}, maps=[gone])
    assert misfit(calibration, PLAN) == Misfit(("g7", "g8"), ("g2", "g3"), (), ("F9",))
    assert fitted(calibration, PLAN) is calibration


@pytest.mark.parametrize(("apart_m", "stays"), [(0.4, True), (0.6, False)])
def test_a_radio_that_was_moved_keeps_its_gain_and_loses_its_map(apart_m: float, stays: bool) -> None:
    calibration = walked(g2=(20.0 + apart_m, 12.0))
    used = fitted(calibration, PLAN)
    assert used.gains_db == calibration.gains_db
    assert ("g2" in used.maps[0].residual_ddb) == stays
    assert used.maps[0].residual_ddb["g1"] == [10, 20]
    assert misfit(calibration, PLAN).moved == (() if stays else ("g2",))


def test_a_radio_on_another_level_was_moved() -> None:
    anchors = hung() | {"g1": Found(level="F2", x_m=5.0, y_m=5.0)}
    assert misfit(Calibration(maps=[MAP], anchors=anchors), PLAN) == Misfit((), (), ("g1",), ("F2",))


def test_a_file_that_does_not_say_where_its_radios_hung_is_taken_at_its_word() -> None:
    calibration = Calibration(maps=[MAP])
    assert fitted(calibration, PLAN) is calibration


@pytest.mark.parametrize(
    ("raw", "told"),
    [
        (b'{"gains_db": {"g1": "loud"}}', r"gains_db"),
        (b'{"gains_db": {"g1": 400}}', r"gains_db"),
        (b'{"noise_db": 0}', r"noise_db"),
        (b'{"maps": [{"level": "F1", "x_m": [1], "y_m": [1, 2], "residual_ddb": {}}]}', r"y_m.*maps\[0\]"),
        (b'{"maps": [{"level": "F1", "x_m": [1], "y_m": [1], "residual_ddb": {"g1": []}}]}', r"g1.*maps\[0\]"),
        (b'{"gain": {}}', r"gain"),
    ],
)
def test_a_file_that_no_engine_could_use_is_refused_by_its_reader_with_the_place(raw: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        read_calibration(raw)


PRINTS = {"subjects": ["a"], "levels": ["F1"], "level": [0], "x_m": [1.0], "y_m": [1.0], "starts": [0, 1], "beacon": [0], "share": [1000]}


@pytest.mark.parametrize(
    ("name", "value"),
    [("x_m", []), ("share", []), ("starts", [0]), ("starts", [0, 2]), ("starts", [1, 1]), ("level", [1]), ("beacon", [1]), ("level", [-1])],
)
def test_prints_that_point_nowhere_are_refused(name: str, value: list[int]) -> None:
    assert msgspec.convert(PRINTS, Prints).weight == 3.0
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(PRINTS | {name: value}, Prints)


def test_what_was_written_is_read_back() -> None:
    assert read_calibration(write_calibration(walked())) == walked()
