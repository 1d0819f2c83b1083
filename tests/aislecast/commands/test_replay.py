"""`aislecast replay` as a command: its options, and what it refuses before it reads anything."""

import re
from pathlib import Path

import pytest

from aislecast import exits
from aislecast.cli import build_parser, main
from aislecast.commands import replay
from aislecast.settings import ReplayOptions
from aislecast.words import Voice


def test_without_options_everything_is_replayed_as_fast_as_it_goes(tmp_path: Path) -> None:
    options = replay.options_of(build_parser(Voice("en")).parse_args(["replay", str(tmp_path)]), Voice("en"))
    assert options == ReplayOptions(
        recording=tmp_path,
        part=None,
        sessions="*",
        calibration=None,
        window_ms=500,
        speed="max",
        score=False,
        predictions=None,
        json=False,
        language="en",
    )


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (["{tmp}/nowhere"], "nowhere is not a folder; a recording is a folder with `anchors.csv`"),
        (["{tmp}", "--speed", "fast"], "`--speed` takes `max` or a number above 0; got fast."),
        (["{tmp}", "--speed", "0"], "`--speed` takes"),
        (["{tmp}", "--speed", "nan"], "`--speed` takes"),
        (["{tmp}", "--speed", "inf"], "`--speed` takes"),
        (["{tmp}", "--calibration", "{tmp}/none.json"], "none.json does not exist"),
        (["{tmp}", "--predictions", "{tmp}/no/out.csv"], "out.csv does not exist; make it first"),
        (["{tmp}", "--predictions", "{tmp}"], "is a folder; name a file in it."),
        (["{tmp}", "--window-ms", "99"], "--window-ms: expected a whole number from 100 to 1000, got '99'."),
        (["{tmp}", "--window-ms", "1001"], "from 100 to 1000"),
    ],
)
def test_what_it_cannot_use_is_exit_code_2(tmp_path: Path, typed: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", *(word.format(tmp=tmp_path) for word in typed)]) == exits.BAD_INPUT
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("speed", ["max", "1", "0.5", "60"])
def test_a_speed_is_max_or_a_number(speed: str) -> None:
    replay.check_speed(speed)


def test_a_bad_recording_names_the_file_and_what_was_expected(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(tmp_path)]) == exits.BAD_INPUT
    said = capsys.readouterr().err
    assert str(tmp_path) in said
    assert "expected" in said
    assert "Traceback" not in said


def test_a_bad_row_names_file_line_and_expectation(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "dev").mkdir()
    (tmp_path / "anchors.csv").write_text("anchor_id,role,x_m,y_m,floor\nr1,receiver,here,2.0,0\n")
    (tmp_path / "dev" / "sightings.csv").write_text("session,t_s,receiver_id,device_id,rssi_dbm\ns1,0.0,r1,d1,-60\n")
    assert main(["replay", str(tmp_path)]) == exits.BAD_INPUT
    said = capsys.readouterr().err
    assert re.search(r"anchors\.csv(:|, line )2", said)
    assert "expected a finite number" in said
