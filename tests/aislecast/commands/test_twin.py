"""`aislecast twin run`: a recording that can be read again."""

import shlex
from pathlib import Path

import pytest

from aislecast import exits
from aislecast.cli import main
from aislecast.demo import shop as demo
from aislecast.twin.record import run_to_recording
from aislecast.twin.recording import read_recording
from aislecast.twin.shop import demo_plan, products

SMALL = ["twin", "run", "--shoppers", "2", "--minutes", "0.5"]


def test_the_same_seed_makes_the_same_recording(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one/twin", "two/twin"):
        (tmp_path / name).parent.mkdir()
        assert main([*SMALL, "--seed", "7", "--out", str(tmp_path / name)]) == exits.OK
    assert str(tmp_path / "two") in capsys.readouterr().out
    one, two = (sorted(path for path in (tmp_path / name).rglob("*") if path.is_file()) for name in ("one", "two"))
    assert len(one) >= 4
    assert [path.read_bytes() for path in one] == [path.read_bytes() for path in two]
    assert len(read_recording(tmp_path / "one" / "twin").anchors) == 12


def test_the_command_to_replay_it_can_be_copied(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "a walk"
    assert main([*SMALL, "--out", str(out), "--lang", "ar"]) == exits.OK
    command = capsys.readouterr().out.splitlines()[-1]
    assert shlex.split(command) == ["aislecast", "replay", str(out), "--score"]


def test_the_shoppers_walk_to_what_the_demo_shop_sells(tmp_path: Path) -> None:
    assert main([*SMALL, "--seed", "7", "--out", str(tmp_path / "typed")]) == exits.OK
    plan = demo_plan(demo.TENANT, demo.VENUE)
    run_to_recording(plan, 7, 2, 0.5, tmp_path / "made", shelved=products())
    assert (tmp_path / "typed/run/truth.csv.gz").read_bytes() == (tmp_path / "made/run/truth.csv.gz").read_bytes()


def test_its_gateways_are_those_of_the_demo_shop(tmp_path: Path) -> None:
    assert main([*SMALL, "--out", str(tmp_path / "walk")]) == exits.OK
    hung = {(place.subject, place.level, place.x_m, place.y_m) for place in demo.plan().placements if place.kind == "gateway"}
    assert {(anchor.id, anchor.floor, anchor.x_m, anchor.y_m) for anchor in read_recording(tmp_path / "walk").anchors} == hung


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine").write_text("mine")
    assert main([*SMALL, "--out", str(tmp_path)]) == exits.BAD_INPUT
    assert main([*SMALL, "--out", str(tmp_path / "mine")]) == exits.BAD_INPUT
    assert capsys.readouterr().err.count("is not empty") == 2
    assert (tmp_path / "mine").read_text() == "mine"
