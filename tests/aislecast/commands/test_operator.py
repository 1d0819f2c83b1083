"""`aislecast operator`: accounts kept from the machine, for when nobody can sign in; and `aislecast audit`, which has it on record."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import floorplans.queries
from aislecast import exits
from aislecast.cli import main
from floorplans.model import Names, Venue
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people import queries
from groundwork.plumbing import audit
from groundwork.plumbing.audit import Act
from groundwork.plumbing.db import Connection, create_tables, open_database

NOW_MS = 1_793_516_400_000


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A data folder whose database has every table, one tenant and one venue."""
    (tmp_path / "home").mkdir()

    def work(conn: Connection) -> None:
        create_tables(conn)
        queries.add_tenant(conn, tenant=TenantId("tamim"), name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=NOW_MS)
        floorplans.queries.add_venue(conn, Venue(VenueId("a"), TenantId("tamim"), Names("فرع", "Branch"), "Asia/Riyadh"), NOW_MS)
        audit.record(conn, "tamim", NOW_MS, Act("anna", "made", "thing", None, {"a": 1}))

    _do(tmp_path / "home", work)
    return tmp_path / "home"


def _do(home: Path, work: Any) -> None:
    async def run() -> None:
        db = await open_database(f"sqlite:///{home / 'aislecast.db'}")
        await db.write(work)
        await db.close()

    asyncio.run(run())


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_an_account_is_made_with_a_link_listed_disabled_and_enabled(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["operator", "add", "Layla", "--role", "viewer", "--venue", "a", "--json", "--server", "https://shop.example/"]) == exits.OK
    made = _json(capsys)
    assert made["link"].startswith("https://shop.example/welcome#")
    assert (made["login"], made["roles"], made["venues"], made["state"]) == ("layla", ["viewer"], ["a"], "invited")
    for action, state in (("disable", "disabled"), ("disable", "disabled"), ("enable", "invited")):
        assert main(["operator", action, "LAYLA", "--json"]) == exits.OK
        assert _json(capsys)["state"] == state
    assert main(["operator", "reset-link", "layla", "--json"]) == exits.OK
    assert _json(capsys)["link"] != made["link"]
    assert main(["operator", "list", "--lang", "ar"]) == exits.OK
    assert "layla" in capsys.readouterr().out


def test_a_link_is_printed_on_a_line_of_its_own(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["operator", "add", "layla"]) == exits.OK
    assert capsys.readouterr().out.splitlines()[-1].startswith("http://127.0.0.1:8000/welcome#")


@pytest.mark.parametrize(
    ("typed", "code", "said"),
    [
        (["disable", "nobody"], exits.FAILED, "no operator with the login"),
        (["add", "layla", "--role", "king"], exits.BAD_INPUT, "no role king"),
        (["add", "layla", "--tenant", "dana"], exits.BAD_INPUT, "`--tenant`"),
        (["add", "layla", "--venue", "nowhere"], exits.BAD_INPUT, "no venue nowhere"),
        (["add", "x y"], exits.BAD_INPUT, "The login is x y"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    home: Path, capsys: pytest.CaptureFixture[str], typed: list[str], code: int, said: str
) -> None:
    assert main(["operator", *typed]) == code
    assert said in capsys.readouterr().err


def test_without_a_database_none_is_made(tmp_path: Path) -> None:
    assert main(["operator", "list", "--data", str(tmp_path)]) == exits.BAD_INPUT
    assert main(["audit", "verify", "--data", str(tmp_path)]) == exits.BAD_INPUT
    assert list(tmp_path.glob("*.db")) == []


def test_the_machines_acts_are_on_record_and_the_record_holds(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["operator", "add", "layla", "--json"])
    _json(capsys)
    assert main(["audit", "verify", "--json"]) == exits.OK
    end = _json(capsys)["tamim"]["end"]
    assert end.startswith("2:")
    assert main(["audit", "verify", "--tenant", "tamim", "--end", end]) == exits.OK
    assert "tamim: ok, 2 rows" in capsys.readouterr().out
    _do(home, lambda conn: conn.execute(text("delete from audit where number = 2")))
    assert main(["audit", "verify"]) == exits.OK  # nothing in the chain tells
    assert main(["audit", "verify", "--tenant", "tamim", "--end", end]) == exits.FAILED
    assert "no longer in the chain" in capsys.readouterr().out


def test_an_edited_row_is_found_in_the_database_and_in_an_export(
    home: Path, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main(["audit", "export"]) == exits.OK
    file = tmp_path / "audit.jsonl"
    file.write_bytes(capsysbinary.readouterr().out)
    assert main(["audit", "verify", "--file", str(file)]) == exits.OK
    file.write_bytes(file.read_bytes().replace(b"anna", b"bob"))
    assert main(["audit", "verify", "--file", str(file)]) == exits.FAILED
    assert b"row 1 is missing or not as it was written" in capsysbinary.readouterr().out
    _do(home, lambda conn: conn.execute(text("update audit set actor = 'bob'")))
    assert main(["audit", "verify"]) == exits.FAILED
    file.write_bytes(b"{}\n")
    assert main(["audit", "verify", "--file", str(file)]) == exits.BAD_INPUT


@pytest.mark.parametrize(
    "typed", [["--end", "1:x", "--tenant", "tamim"], ["--end", f"1:{'0' * 64}"], ["--tenant", "nobody"], ["--file", "/none"]]
)
def test_a_wrong_word_for_the_record_is_refused(home: Path, typed: list[str]) -> None:
    assert main(["audit", "verify", *typed]) == exits.BAD_INPUT
