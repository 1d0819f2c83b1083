"""Compaction: nothing of a deleted row stays in the database's files, and writes that wait for it are lost as little as any other."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import delete, func, insert, select

from groundwork.plumbing.db import Connection, Database, DatabaseTrouble, create_tables, delete_some, open_database
from groundwork.plumbing.tables import TopicRow
from groundwork.plumbing.writer import SqliteDatabase

MARK = "planted-mark-"


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path / 'test.db'}")
    await opened.write(create_tables)
    yield opened
    await opened.close()


def plant(conn: Connection, count: int = 3_000) -> None:
    rows = [{"topic": f"{'stays' if number % 2 else MARK}{number}", "version": number} for number in range(count)]
    conn.execute(insert(TopicRow), rows)


def remove(conn: Connection) -> None:
    conn.execute(delete(TopicRow).where(TopicRow.topic.startswith(MARK)))


def left(folder: Path) -> int:
    """How often the mark stands in the files."""
    return sum(path.read_bytes().count(MARK.encode()) for path in folder.iterdir())


async def test_no_copy_of_a_deleted_row_stays_in_the_files(sqlite: Database, tmp_path: Path) -> None:
    await sqlite.write(plant)
    await sqlite.write(remove)
    assert left(tmp_path) > 0, "the log still has what was deleted"
    assert await sqlite.compact()
    assert left(tmp_path) == 0
    assert await sqlite.read(lambda conn: conn.scalar(select(func.count()).select_from(TopicRow))) == 1_500


async def test_writes_that_wait_for_it_are_done_and_answered(sqlite: Database) -> None:
    await sqlite.write(plant)
    names = [f"late {number}" for number in range(50)]
    one = [sqlite.write(lambda conn, name=name: conn.execute(insert(TopicRow).values(topic=name, version=1)) and None) for name in names]  # type: ignore[misc] # a lambda's default has no type
    done = await asyncio.gather(*one[:25], sqlite.compact(), *one[25:])
    assert done[25] is True
    found = await sqlite.read(lambda conn: set(conn.execute(select(TopicRow.topic)).scalars()))
    assert set(names) <= found


async def test_while_a_reader_looks_at_the_log_it_says_to_try_again(sqlite: Database, tmp_path: Path) -> None:
    await sqlite.write(plant)
    with closing(sqlite3.connect(tmp_path / "test.db", isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM topic").fetchone()
        await sqlite.write(remove)
        assert not await sqlite.compact()
        reader.execute("ROLLBACK")
    assert await sqlite.compact()
    assert left(tmp_path) == 0


async def test_it_works_on_both_databases_and_not_on_a_closed_one(database: Database) -> None:
    await database.write(plant)
    await database.write(remove)
    assert await database.compact()
    if isinstance(database, SqliteDatabase):
        await database.close()
        with pytest.raises(DatabaseTrouble, match="closed"):
            await database.compact()


async def test_some_rows_are_deleted_at_a_time(database: Database) -> None:
    await database.write(lambda conn: plant(conn, 10))
    old = (TopicRow.version < 7,)
    gone = [await database.write(lambda conn: delete_some(conn, TopicRow, old, 3)) for _ in range(4)]
    assert gone == [3, 3, 1, 0]
