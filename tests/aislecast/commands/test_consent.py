"""`aislecast consent verify`: says how far the chain holds and ends with 1 where it does not."""

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Connection

from aislecast import exits
from aislecast.cli import main
from aislecast.folder import Folder
from groundwork.people.model import OFFERS, POSITIONING
from groundwork.plumbing.db import create_tables, open_database
from tests.groundwork.people.register import LAYLA, TAMIM, add_tenants, consent, sign_up


def _chain(conn: Connection) -> None:
    add_tenants(conn)
    sign_up(conn, TAMIM, LAYLA)
    for purpose in (POSITIONING, OFFERS):
        consent(conn, TAMIM, LAYLA, purpose)


@pytest.fixture
def chained(tmp_path: Path) -> Folder:
    """A data folder in which one tenant's chain has two entries and the other's none."""
    folder = Folder(tmp_path / "home")
    folder.make()

    async def fill() -> None:
        db = await open_database(folder.database_url)
        await db.write(create_tables)
        await db.write(_chain)
        await db.close()

    asyncio.run(fill())
    return folder


def _verified(capsys: pytest.CaptureFixture[str], *more: str) -> tuple[int, dict[str, dict[str, object]]]:
    code = main(["consent", "verify", "--json", *more])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.usefixtures("chained")
def test_a_chain_that_holds_is_said_with_its_entries_and_its_end(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _verified(capsys)
    assert (code, list(said)) == (exits.OK, ["dana", "tamim"])
    end = str(said["tamim"]["end"])
    assert (said["tamim"]["ok"], end.partition(":")[0]) == (True, "2")
    assert _verified(capsys, "--tenant", "tamim", "--end", end)[0] == exits.OK
    assert main(["consent", "verify", "--tenant", "tamim", "--lang", "en"]) == exits.OK
    assert capsys.readouterr().out == f"tamim: ok, 2 entries, end {end}\n"


def test_an_edit_in_the_file_is_found(chained: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(chained.database)) as raw:
        raw.execute("UPDATE consent SET granted = 0 WHERE seq = 2")
        raw.commit()
    code, said = _verified(capsys)
    assert code == exits.FAILED
    assert (said["tamim"]["ok"], said["tamim"]["fault"], said["dana"]["ok"]) == (False, 2, True)
    assert main(["consent", "verify", "--lang", "ar"]) == exits.FAILED
    assert "القيد" in capsys.readouterr().out


@pytest.mark.usefixtures("chained")
def test_a_chain_without_the_end_that_was_kept_is_broken(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = _verified(capsys, "--tenant", "tamim", "--end", f"3:{'0' * 64}")
    assert (code, said["tamim"]["fault"]) == (exits.FAILED, 3)


@pytest.mark.usefixtures("chained")
@pytest.mark.parametrize("line", [["--tenant", "nobody"], ["--end", "2:00"], ["--end", f"2:{'0' * 64}"]])
def test_what_is_no_tenant_or_end_is_bad_input(line: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["consent", "verify", *line]) == exits.BAD_INPUT
    assert capsys.readouterr().err


def test_without_a_database_nothing_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["consent", "verify"]) == exits.BAD_INPUT
    assert capsys.readouterr().err
