"""`aislecast calibration`: a venue's calibrations kept and switched from the machine, over the data folder's own database."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

import floorplans.queries
from aislecast import exits
from aislecast.cli import main
from floorplans.model import Names, Venue
from geofence.positioning.anchors import Calibration, Source, write_calibration
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people import queries
from groundwork.plumbing import audit
from groundwork.plumbing.db import Connection, create_tables, open_database
from groundwork.plumbing.queries import topics

NOW_MS = 1_793_516_400_000
TENANT = TenantId("tamim")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose database has every table, one tenant and one venue."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.setenv("AISLECAST_HOME", str(folder))

    def work(conn: Connection) -> None:
        create_tables(conn)
        queries.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=NOW_MS)
        floorplans.queries.add_venue(conn, Venue(VenueId("a"), TENANT, Names("فرع", "Branch"), "Asia/Riyadh"), NOW_MS)

    _in(folder, work)
    return folder


@pytest.fixture
def walked(tmp_path: Path) -> Path:
    file = tmp_path / "walked.json"
    file.write_bytes(write_calibration(Calibration(gains_db={"gw-1": 2.5}, source=Source(recording="walk"))))
    return file


def _in(home: Path, work: Any) -> Any:
    async def run() -> Any:
        db = await open_database(f"sqlite:///{home / 'aislecast.db'}")
        found = await db.write(work)
        await db.close()
        return found

    return asyncio.run(run())


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_file_is_kept_used_listed_and_taken_back(home: Path, walked: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["calibration", "put", str(walked), "--venue", "a", "--json"]) == exits.OK
    kept = _json(capsys)
    assert (kept["in_force"], kept["gains"], kept["kept"]["recording"], kept["kept"]["made_by"]) == (False, 1, "walk", "machine")
    wanted = kept["kept"]["id"]
    for typed, in_force in ((wanted[:6], wanted), ("none", None), (wanted, wanted)):
        assert main(["calibration", "use", typed, "--venue", "a", "--json"]) == exits.OK
        assert _json(capsys)["in_force"]["id"] == in_force
    assert main(["calibration", "use", wanted[:3], "--venue", "a"]) == exits.FAILED
    assert wanted[:3] in capsys.readouterr().err
    assert main(["calibration", "list", "--venue", "a", "--tenant", TENANT, "--json"]) == exits.OK
    listed = _json(capsys)
    assert ([one["id"] for one in listed["calibrations"]], len(listed["history"])) == ([wanted], 3)
    assert main(["calibration", "drop", wanted, "--venue", "a"]) == exits.FAILED
    assert "is in force" in capsys.readouterr().err
    other = walked.with_name("other.json")
    other.write_bytes(write_calibration(Calibration(noise_db=6.0)))
    assert main(["calibration", "put", str(other), "--venue", "a", "--json"]) == exits.OK
    assert main(["calibration", "drop", _json(capsys)["kept"]["id"][:8], "--venue", "a", "--json"]) == exits.OK
    assert [one["id"] for one in _json(capsys)["calibrations"]] == [wanted]
    chain = _in(home, lambda conn: audit.rows(conn, TENANT, 0, 100))
    assert [(row.action, row.actor) for row in chain] == [("calibration.add", "machine")] + [("calibration.use", "machine")] * 3 + [
        ("calibration.add", "machine"),
        ("calibration.remove", "machine"),
    ]


def test_with_use_it_is_in_force_at_once_and_a_running_server_is_told(home: Path, walked: Path) -> None:
    assert main(["calibration", "put", str(walked), "--venue", "a", "--use"]) == exits.OK
    assert _in(home, topics).get("calibration_changed") == 1


@pytest.mark.parametrize(("language", "word"), [("en", "In force"), ("ar", "المعمول به")])
def test_it_is_told_in_both_languages(home: Path, walked: Path, language: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--lang", language, "calibration", "put", str(walked), "--venue", "a"]) == exits.OK
    said = capsys.readouterr().out
    command = said.splitlines()[-1].split()
    assert command[:3] == ["aislecast", "calibration", "use"]
    assert main([*command[1:], "--lang", language]) == exits.OK
    assert word in capsys.readouterr().out
    assert home.is_dir()


def test_what_cannot_be_kept_or_used_is_said_with_the_name_and_changes_nothing(
    home: Path, walked: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = tmp_path / "bad.json"
    bad.write_bytes(b'{"noise_db": -3}')
    for line, code, word in (
        (["put", str(bad), "--venue", "a"], exits.BAD_INPUT, "noise_db"),
        (["put", str(tmp_path / "none.json"), "--venue", "a"], exits.BAD_INPUT, "none.json"),
        (["put", str(walked), "--venue", "nowhere"], exits.FAILED, "nowhere"),
        (["put", str(walked), "--venue", "a", "--tenant", "dana"], exits.BAD_INPUT, "--tenant"),
        (["use", "ffff", "--venue", "a"], exits.FAILED, "ffff"),
    ):
        assert main(["calibration", *line]) == code
        assert word in capsys.readouterr().err
    assert main(["calibration", "list", "--venue", "a", "--json"]) == exits.OK
    listed = _json(capsys)
    assert (listed["calibrations"], listed["history"]) == ([], [])
    assert home.is_dir()


@pytest.mark.parametrize(("language", "said"), [("en", ": it is no JSON: it ends too early."), ("ar", "سليمًا: انقطع قبل تمامه.")])
def test_a_file_that_is_no_json_is_not_called_the_body_of_a_request(
    home: Path, capsys: pytest.CaptureFixture[str], language: str, said: str
) -> None:
    (home / "cut.json").write_text('{"gains_db":')
    assert main(["calibration", "put", str(home / "cut.json"), "--venue", "a", "--lang", language]) == exits.BAD_INPUT
    assert said in capsys.readouterr().err
