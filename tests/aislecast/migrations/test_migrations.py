"""The one history, on both engines: up, down and up again, equal to the tables in the code, whole or not at all."""

import asyncio
import itertools
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy import Connection

from aislecast import exits, migrations
from aislecast.cli import main
from aislecast.exits import Stop
from aislecast.folder import Folder
from aislecast.migrations import writer
from aislecast.migrations.prepare import prepare, upgrade_older
from aislecast.migrations.schema import PACKAGES, metadata
from aislecast.upkeep.backup import read_manifest
from aislecast.words import Voice
from groundwork.people.model import DEVICE_GRANTS, FIND_WAYS, TILL_GRANTS
from groundwork.plumbing.db import Base

_count = itertools.count(1)
PLACE = Path(migrations.__file__).parent


def _in_postgres(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of each engine."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"migrated_{os.getpid()}_{next(_count)}"
    _in_postgres(server.get_uri(), f"CREATE DATABASE {name}")
    yield server.get_uri(name)
    _in_postgres(server.get_uri(), f"DROP DATABASE {name} WITH (FORCE)")


def _tables(url: str) -> set[str]:
    return set(migrations.counts(url)) - {"alembic_version"}


def test_up_down_and_up_again(url: str) -> None:
    migrations.upgrade(url)
    assert _tables(url) == set(metadata.tables)
    assert migrations.current(url) == migrations.head()
    migrations.downgrade(url, migrations.BASE)
    assert _tables(url) == set()
    assert migrations.current(url) is None
    migrations.upgrade(url)
    assert migrations.check(url) == []


def test_the_migrated_schema_is_the_one_in_the_code(url: str) -> None:
    migrations.upgrade(url)
    assert migrations.check(url) == []


def test_a_difference_is_named(url: str) -> None:
    migrations.upgrade(url)

    def change(conn: Connection) -> None:
        conn.execute(sa.text("ALTER TABLE topic ADD COLUMN stray INTEGER"))
        conn.execute(sa.text("DROP TABLE dead_letter"))

    migrations.with_connection(url, change)
    assert migrations.check(url) == ["add_table dead_letter", "remove_column topic stray"]


def test_a_revision_is_applied_whole_or_not_at_all(url: str) -> None:
    """The second half of the work fails; nothing of the first half is left."""

    def half(conn: Connection) -> None:
        command.upgrade(migrations.config(conn), "head")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError, match="power cut"):
        migrations.with_connection(url, half)
    assert _tables(url) == set()
    migrations.upgrade(url)
    assert migrations.check(url) == []


def test_every_constraint_has_a_name() -> None:
    """A constraint without one cannot be changed later, on SQLite not at all."""
    nameless = [f"{table.name}: {each!r}" for table in metadata.sorted_tables for each in table.constraints if each.name is None]
    assert not nameless


def test_every_table_belongs_to_a_package_that_lists_it() -> None:
    listed = {table for package in PACKAGES for table in _tables_of(package.__name__)}
    assert listed == set(metadata.tables)


def _tables_of(module: str) -> list[str]:
    return [str(mapper.local_table.description) for mapper in Base.registry.mappers if mapper.class_.__module__ == module]


def test_the_newest_revision_is_what_the_writer_writes(tmp_path: Path) -> None:
    """So that `python -m aislecast.migrations again` may be run without fear. Formatting aside: that is ruff's."""
    newest = max((PLACE / "versions").glob("[0-9]*.py"))
    revision, _, slug = newest.stem.partition("_")
    (tmp_path / "versions").mkdir()
    url = f"sqlite:///{tmp_path / 'before.db'}"
    migrations.upgrade(url, f"{int(revision) - 1:04}")
    written = writer.write_revision(url, revision, slug, tmp_path)
    assert newest.name in {path.name for path in written}
    for path in written:
        kept = PLACE / path.relative_to(tmp_path)
        assert _bare(path.read_text()) == _bare(kept.read_text()), path.name


def test_with_nothing_new_in_the_code_no_revision_is_written(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'newest.db'}"
    migrations.upgrade(url)
    with pytest.raises(ValueError, match="nothing to write"):
        writer.write_revision(url, "9999", "nothing", tmp_path)


def _bare(text: str) -> str:
    return "".join(text.split()).replace("'", '"').replace(",)", ")").replace(",]", "]")


def test_an_app_that_was_signed_in_before_may_do_what_a_new_one_may(url: str) -> None:
    """Of phones' keys alone: a till and a system are given what an admin gives them."""
    phone, till, system = b"p" * 32, b"t" * 32, b"s" * 32
    before = {phone: sorted(DEVICE_GRANTS - {FIND_WAYS}), till: sorted(TILL_GRANTS), system: ["status.read"]}

    def enrolled(conn: Connection) -> None:
        tenant = "INSERT INTO tenant (id, name_ar, name_en, salt, people_version, gateway_version, consent_seq, consent_hash, created_ms)"
        conn.execute(sa.text(f"{tenant} VALUES ('t', '', '', :salt, 0, 0, 0, :salt, 0)"), {"salt": b"s" * 32})
        row = "INSERT INTO access_key (token_hash, tenant, subject, grants, scopes, created_ms) VALUES (:hash, 't', 's', :grants, '', 0)"
        conn.execute(sa.text(row), [{"hash": key, "grants": " ".join(grants)} for key, grants in before.items()])

    migrations.upgrade(url, "0002")
    migrations.with_connection(url, enrolled)
    migrations.upgrade(url)

    def grants(conn: Connection) -> dict[bytes, list[str]]:
        return {bytes(row[0]): row[1].split() for row in conn.execute(sa.text("SELECT token_hash, grants FROM access_key"))}

    assert migrations.with_connection(url, grants) == before | {phone: sorted(DEVICE_GRANTS)}


def test_a_database_that_is_not_there_is_not_made_by_asking(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'nothing.db'}"
    assert migrations.current(url) is None
    assert migrations.counts(url) == {}
    assert not (tmp_path / "nothing.db").exists()


def test_a_new_database_file_is_for_this_account_alone(tmp_path: Path) -> None:
    migrations.upgrade(f"sqlite:///{tmp_path / 'new.db'}")
    assert (tmp_path / "new.db").stat().st_mode & 0o777 == 0o600


def test_asking_does_not_wait_for_a_writer(folder: Folder) -> None:
    with closing(sqlite3.connect(folder.database, isolation_level=None)) as server:
        server.execute("BEGIN IMMEDIATE")
        assert migrations.current(folder.database_url) == migrations.head()
        assert migrations.check(folder.database_url) == []


# What `up` does with the schema it finds.


def _prepared(folder: Folder) -> list[str]:
    said: list[str] = []
    prepare(folder.database_url, folder, said.append, Voice("en"))
    return said


def _stamp(folder: Folder, revision: str) -> None:
    with closing(sqlite3.connect(folder.database, isolation_level=None)) as conn:
        conn.execute("UPDATE alembic_version SET version_num = ?", (revision,))


def test_a_new_folder_gets_the_newest_schema_without_a_word(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "new")
    folder.make()
    assert _prepared(folder) == []
    assert migrations.current(folder.database_url) == migrations.head()
    assert not any(folder.backups.iterdir())


def test_the_newest_schema_is_left_alone(folder: Folder) -> None:
    before = folder.database.read_bytes()
    assert _prepared(folder) == []
    assert folder.database.read_bytes() == before


def test_an_older_schema_is_backed_up_and_upgraded(folder: Folder) -> None:
    said: list[str] = []
    upgrade_older(folder.database_url, folder, "0000", said.append, Voice("en"))
    [backup] = folder.backups.iterdir()
    assert said == [f"The database was brought from schema 0000 to {migrations.head()}. A backup from before is in {backup}."]
    assert read_manifest(backup).schema == migrations.head()


def test_an_older_schema_on_postgresql_is_left_to_its_own_backup(folder: Folder) -> None:
    said: list[str] = []
    with pytest.raises(Stop, match="pg_dump") as caught:
        upgrade_older("postgresql://host/aislecast", folder, "0000", said.append, Voice("en"))
    assert caught.value.code == exits.ENVIRONMENT


def test_a_newer_schema_is_refused_and_left_alone(folder: Folder) -> None:
    _stamp(folder, "0999")
    with pytest.raises(Stop, match=r"newer Aislecast \(its schema is 0999, this version knows up to \d{4}\)") as caught:
        _prepared(folder)
    assert caught.value.code == exits.ENVIRONMENT
    assert not any(folder.backups.iterdir())


@pytest.mark.parametrize("action", ["upgrade", "check"])
def test_the_commands_refuse_a_newer_schema(folder: Folder, action: str, capsys: pytest.CaptureFixture[str]) -> None:
    _stamp(folder, "0999")
    assert main(["db", action, "--data", str(folder.root)]) == exits.ENVIRONMENT
    assert "newer Aislecast" in capsys.readouterr().err


# The commands.


def test_db_upgrade_and_check_on_an_address(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "check", "--url", url]) == exits.FAILED
    assert f"an empty database, this version needs {migrations.head()}" in capsys.readouterr().out
    assert main(["db", "upgrade", "--url", url]) == exits.OK
    assert main(["db", "upgrade", "--url", url]) == exits.OK
    assert "already the newest" in capsys.readouterr().out
    assert main(["db", "check", "--url", url]) == exits.OK


def test_db_check_lists_what_differs(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    with closing(sqlite3.connect(folder.database, isolation_level=None)) as conn:
        conn.execute("DROP TABLE dead_letter")
    assert main(["db", "check", "--data", str(folder.root)]) == exits.FAILED
    assert "  add_table dead_letter\n" in capsys.readouterr().out


def test_db_upgrade_keeps_off_a_folder_in_use(folder: Folder, capsys: pytest.CaptureFixture[str]) -> None:
    with folder.locked():
        assert main(["db", "upgrade", "--data", str(folder.root)]) == exits.ENVIRONMENT
    assert "is in use" in capsys.readouterr().err


def test_another_kind_of_address_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "check", "--url", "mysql://root:secret@host/db"]) == exits.BAD_INPUT
    said = capsys.readouterr().err
    assert "sqlite:///" in said
    assert "secret" not in said


def test_a_database_that_cannot_be_reached_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.db").write_text("this is no database, but it is long enough to look like one" * 20)
    for address in ("postgresql://127.0.0.1:1/aislecast", f"sqlite:///{tmp_path}/text.db", "sqlite:////sys/aislecast.db"):
        assert main(["db", "upgrade", "--url", address]) == exits.ENVIRONMENT
        said = capsys.readouterr().err
        assert said.startswith("The database is in the way: ")
        assert said.count("\n") == 1


def test_a_wrong_name_of_a_postgresql_database_is_one_sentence(postgres: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["db", "check", "--url", postgres.get_uri("nowhere")]) == exits.ENVIRONMENT
    assert "nowhere" in capsys.readouterr().err
