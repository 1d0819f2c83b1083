"""Replay: what goes in is accounted for, twice the same is equal to the last bit, and a recording of nothing is no crash."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from aislecast import exits
from aislecast.cli import main
from aislecast.progress import Progress
from aislecast.replaying import replay
from aislecast.replaying.pace import Pace
from aislecast.replaying.predictions import COLUMNS
from aislecast.settings import ReplayOptions
from aislecast.twin.record import run_to_recording
from aislecast.twin.recording import read_recording
from aislecast.twin.shop import demo_plan, products
from aislecast.words import Voice
from geofence.positioning.anchors import GENERIC, write_calibration
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.plumbing.clock import SystemClock
from tests.aislecast.replaying.test_pace import Wall

SHOPPERS = 2
MINUTES = 1.5
HEADER = "session,t_s,receiver_id,device_id,rssi_dbm\n"


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A minute and a half of two shoppers in the demo shop."""
    folder = tmp_path_factory.mktemp("recordings") / "walk"
    run_to_recording(demo_plan(TenantId("default"), VenueId("demo")), 7, SHOPPERS, MINUTES, folder, shelved=products())
    return folder


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A recording with one receiver and no rows yet."""
    (tmp_path / "bare" / "dev").mkdir(parents=True)
    (tmp_path / "bare" / "anchors.csv").write_text("anchor_id,role,x_m,y_m,floor\nr1,receiver,1.0,2.0,0\n")
    return tmp_path / "bare"


def _replayed(capsys: pytest.CaptureFixture[str], *typed: str | Path) -> dict[str, Any]:
    assert main(["replay", *map(str, typed), "--json"]) == exits.OK
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _options(recording: Path, **changes: Any) -> ReplayOptions:
    plain: dict[str, Any] = {"part": None, "sessions": "*", "calibration": None, "window_ms": 500, "speed": "max", "score": False}
    return ReplayOptions(**{"recording": recording, **plain, "predictions": None, "json": True, "language": "en", **changes})


@pytest.mark.faults
def test_two_runs_are_equal_to_the_last_bit(walk: Path, tmp_path: Path) -> None:
    """In processes of their own, in which texts hash differently."""
    told = []
    for seed in ("1", "2"):
        command = [sys.executable, "-m", "aislecast.cli", "replay", str(walk), "--score", "--json", "--predictions", str(tmp_path / seed)]
        done = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, check=True, timeout=120)
        told.append({name: value for name, value in json.loads(done.stdout).items() if name != "seconds"})
    assert told[0] == told[1]
    assert (tmp_path / "1").read_bytes() == (tmp_path / "2").read_bytes()


async def test_keys_and_nonces_are_drawn_alike_in_every_replay(walk: Path, tmp_path: Path) -> None:
    drawn = []
    for name in ("first", "second"):
        (folder := tmp_path / name).mkdir()
        pace, silent = Pace(SystemClock(), "max"), Progress(Voice("en"), shown=False, monotonic_s=SystemClock().monotonic_s)
        async with replay._stage(read_recording(walk), _options(walk), pace, silent, folder) as stage:
            drawn.append(stage.deployment.parts.randbytes(32))
    assert drawn[0] == drawn[1]


def test_every_hop_accounts_for_what_it_took(walk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _replayed(capsys, walk, "--score")
    hops = {hop["hop"]: hop for hop in told["hops"]}
    for hop in hops.values():
        assert hop["in"] == hop["out"] + hop["held"] + sum(hop["refused"].values()), hop
        assert (hop["held"], hop["missing"]) == (0, 0), hop
    assert told["adverts"] == hops["gateway.gate"]["in"] > 100
    assert hops["gateway.spool"]["out"] == hops["ingest"]["in"] == told["sightings"]
    assert hops["decide"]["out"] == hops["grant"]["in"] == told["decisions"]
    assert told["redemptions"] == hops["redeem"]["out"] >= 1
    assert {"median", "p75", "p95"} <= told["error_m"].keys()


def test_predictions_are_every_fix_in_the_scorer_s_form(walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = _replayed(capsys, walk, "--predictions", tmp_path / "fixes.csv")
    rows = _rows(tmp_path / "fixes.csv")
    assert tuple(rows[0]) == COLUMNS
    assert len(rows) == told["fixes"]
    zones = {zone.id for zone in demo_plan(TenantId("default"), VenueId("demo")).zones} | {""}
    assert {row["session"] for row in rows} == {"twin-7"}
    assert {row["device_id"] for row in rows} == {"phone-01", "phone-02"}
    assert {row["zone"] for row in rows} | {row["zone_raw"] for row in rows} <= zones
    assert all(0 <= float(row["t_s"]) <= MINUTES * 60 + 1 and 0 <= float(row["probability"]) <= 1 for row in rows)


def test_a_longer_window_sends_fewer_sightings_of_the_same_adverts(walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    short = _replayed(capsys, walk, "--window-ms", "250", "--predictions", tmp_path / "250")
    long = _replayed(capsys, walk, "--window-ms", "1000", "--predictions", tmp_path / "1000")
    assert short["adverts"] == long["adverts"]
    assert short["sightings"] > long["sightings"]
    assert {round(float(row["t_s"]) * 1000) % 1_000 for row in _rows(tmp_path / "1000")} == {0}
    assert {round(float(row["t_s"]) * 1000) % 250 for row in _rows(tmp_path / "250")} == {0}


@pytest.mark.parametrize(
    ("rows", "adverts", "sightings"),
    [("s1,0.0,r1,d1,-600\ns1,1.0,r1,d1,20\n", 2, 0), ("s1,-5.0,r1,d1,-60\n", 1, 1), ("s1,0.0,r1,d1,-60\n", 1, 1)],
    ids=["impossible RSSI", "before its session", "one row"],
)
def test_a_recording_of_next_to_nothing_is_replayed(
    bare: Path, rows: str, adverts: int, sightings: int, capsys: pytest.CaptureFixture[str]
) -> None:
    (bare / "dev" / "sightings.csv").write_text(HEADER + rows)
    told = _replayed(capsys, bare, "--score")
    assert (told["adverts"], told["sightings"], told["decisions"]) == (adverts, sightings, 0)
    assert (told["rows"], "answered_share" in told) == (0, False), "no truth to compare with"


def test_truth_of_a_session_in_which_nothing_was_heard_counts_as_unanswered(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bare / "dev" / "sightings.csv").write_text(HEADER + "s1,0.0,r1,d1,-60\ns1,1.0,r1,d1,-60\n")
    (bare / "dev" / "truth.csv").write_text("session,t_s,device_id,x_m,y_m,floor,zone\ns1,1.0,d1,1,2,0,\ns2,1.0,d1,1,2,0,\n")
    told = _replayed(capsys, bare, "--score")
    assert (told["sessions"], told["rows"], told["answered_share"]) == (2, 2, 0.5)
    told = _replayed(capsys, bare, "--score", "--sessions", "s2")
    assert (told["rows"], told["answered_share"], told["error_m"]["median"]) == (1, 0.0, None)


@pytest.mark.parametrize(("radio", "code"), [("r1", exits.OK), ("r9", exits.BAD_INPUT)])
def test_a_calibration_of_another_place_is_not_used(bare: Path, radio: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    (bare / "dev" / "sightings.csv").write_text(HEADER + "s1,0.0,r1,d1,-60\n")
    (bare / "walk.json").write_bytes(write_calibration(replace(GENERIC, gains_db={radio: 3.0})))
    assert main(["replay", str(bare), "--calibration", str(bare / "walk.json"), "--json"]) == code
    assert ("another place" in capsys.readouterr().err) == (code != exits.OK)


def test_a_speed_is_kept_by_the_clock_and_nights_are_skipped(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bare / "dev" / "sightings.csv").write_text(HEADER + "s1,0.0,r1,d1,-60\ns1,29.9,r1,d1,-60\ns2,0.0,r1,d1,-60\ns2,19.9,r1,d1,-60\n")
    wall = Wall()
    assert replay.run(_options(bare, speed="10"), wall) == exits.OK
    assert sum(wall.waits) == pytest.approx((30 + 20) / 10)
    assert json.loads(capsys.readouterr().out)["sessions"] == 2


def test_a_session_whose_time_begins_late_is_played_from_its_first_row(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A recorder may count from midnight: the hours before anything was heard are neither waited for nor worked off."""
    (bare / "dev" / "sightings.csv").write_text(HEADER + "s1,80000.2,r1,d1,-60\ns1,80029.9,r1,d1,-60\n")
    wall = Wall()
    assert replay.run(_options(bare, speed="10", progress=True), wall) == exits.OK
    assert sum(wall.waits) == pytest.approx(30 / 10)
    told = capsys.readouterr()
    assert json.loads(told.out)["adverts"] == 2
    assert next(line for line in told.err.splitlines() if "minute" in line) == "  session 1 of 1, minute 1333"


def test_progress_is_said_beside_the_answer_where_it_is_asked_for(bare: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (bare / "dev" / "sightings.csv").write_text(HEADER + "s1,0.0,r1,d1,-60\ns1,149.9,r1,d1,-60\n")
    assert replay.run(_options(bare, speed="10", score=True, progress=True), Wall()) == exits.OK
    told = capsys.readouterr()
    assert json.loads(told.out)["sessions"] == 1
    lines = told.err.splitlines()
    assert [lines[0][:9], lines[1], lines[-1]] == ["  reading", "  playing 1 sessions", "  comparing with the truth"]
    assert "  session 1 of 1, minute 1" in lines
    assert len(lines) < 12, "a line every few seconds, not one a step"
    assert replay.run(_options(bare, speed="10", score=True), Wall()) == exits.OK
    assert capsys.readouterr().err == ""


def test_at_full_speed_the_same_is_decided_as_in_real_time(walk: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = []
    for speed in ("max", "1"):
        assert replay.run(_options(walk, speed=speed, predictions=tmp_path / speed), Wall()) == exits.OK
        told.append(json.loads(capsys.readouterr().out))
    for name in ("adverts", "sightings", "fixes", "zone_events", "decisions", "redemptions"):
        assert told[0][name] == told[1][name], name
    assert sorted((tmp_path / "max").read_text().splitlines()) == sorted((tmp_path / "1").read_text().splitlines())


@pytest.mark.parametrize("language", ["ar", "en"])
def test_without_json_it_is_told_in_tables(bare: Path, language: str, capsys: pytest.CaptureFixture[str]) -> None:
    (bare / "dev" / "sightings.csv").write_text(HEADER + "s1,0.0,r1,d1,-60\n")
    assert main(["replay", str(bare), "--lang", language]) == exits.OK
    assert ("الإعلانات المسموعة" if language == "ar" else "adverts heard") in capsys.readouterr().out
