"""`aislecast calibrate`: what can be learned is written, and what cannot is said in the operator's language."""

from pathlib import Path

import pytest

from aislecast import exits
from aislecast.cli import main
from geofence.positioning.anchors import read_calibration

TRUTH = "session,t_s,device_id,x_m,y_m,floor,zone\n"
SIGHTINGS = "session,t_s,receiver_id,device_id,rssi_dbm\n"


def _mall(folder: Path, heard: str) -> Path:
    """Ten minutes on one spot of a place whose list has two beacons; `heard` is what the phone hears each half second."""
    (folder / "dev").mkdir(parents=True)
    (folder / "beacons.csv").write_text("device_id,fleet\nours,1\nours-too,1\nearphones,0\n")
    square = "[[[0,0],[9,0],[9,9],[0,9],[0,0]]]"
    outline = f'{{"properties":{{"kind":"floor","floor":"F1"}},"geometry":{{"type":"Polygon","coordinates":{square}}}}}'
    (folder / "floor.geojson").write_text(f'{{"features":[{outline}]}}')
    (folder / "dev" / "truth.csv").write_text(TRUTH + "".join(f"s1,{second},phone,4,4,F1,\n" for second in range(600)))
    rows = (f"s1,{tick / 2},phone,{heard},{-60 - tick % 3}\n" for tick in range(1_200))
    (folder / "dev" / "sightings.csv").write_text(SIGHTINGS + "".join(rows))
    return folder


def _calibrated(folder: Path, language: str, *more: str) -> int:
    return main(["calibrate", str(folder), "--out", str(folder / "walk.json"), "--lang", language, *more])


def _shop(folder: Path) -> Path:
    """Ten minutes on one spot of a place with two gateways that hear a tag, or a phone, every half second."""
    (folder / "dev").mkdir(parents=True)
    (folder / "anchors.csv").write_text("anchor_id,role,x_m,y_m,floor\nnear,receiver,1,1,F1\nfar,receiver,9,9,F1\n")
    (folder / "dev" / "truth.csv").write_text(TRUTH + "".join(f"s1,{second},hers,3,3,F1,\n" for second in range(600)))
    rows = (f"s1,{tick / 2},near,hers,{-60 - tick % 3}\ns1,{tick / 2},far,hers,{-70 - tick % 3}\n" for tick in range(1_200))
    (folder / "dev" / "sightings.csv").write_text(SIGHTINGS + "".join(rows))
    return folder


def test_phones_that_send_are_taken_to_differ_and_tags_to_be_alike(tmp_path: Path) -> None:
    folder = _shop(tmp_path / "shop")
    found = []
    for more in ((), ("--phones",)):
        assert _calibrated(folder, "en", *more) == exits.OK
        found.append(read_calibration((folder / "walk.json").read_bytes()).offset_sd_db)
    tags, phones = found
    assert tags <= 1.0 < 10.0 < phones


@pytest.mark.parametrize(("language", "said"), [("en", "at no moment was something listed heard"), ("ar", "لم تأتِ لحظة")])
def test_a_walk_past_strangers_transmitters_teaches_nothing_and_says_so(
    tmp_path: Path, language: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _calibrated(_mall(tmp_path / "mall", "earphones"), language) == exits.BAD_INPUT
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("language", "said"), [("en", "1 of 2 listed beacons were found"), ("ar", "عدد المنارات التي عُرف موضعها")])
def test_notes_of_what_was_learned_are_in_the_operators_language(
    tmp_path: Path, language: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _calibrated(_mall(tmp_path / "mall", "ours"), language) == exits.OK
    assert said in capsys.readouterr().out
