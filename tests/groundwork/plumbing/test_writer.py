"""SQLite's writer thread: group commit, isolation of failing calls, full disks, broken disks, snapshots for readers."""

import asyncio
import os
import sqlite3
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from functools import partial
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import insert, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.util import await_only

from groundwork.plumbing import queries, writer
from groundwork.plumbing.bus import Entry
from groundwork.plumbing.db import Connection, Database, DatabaseBroken, DatabaseTrouble, create_tables, insert_once, open_database, upsert
from groundwork.plumbing.queries import Placed
from groundwork.plumbing.tables import SnapshotRow, TopicRow
from groundwork.plumbing.writer import SqliteDatabase


@pytest.fixture
async def sqlite(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    opened = await open_database(f"sqlite:///{tmp_path / 'one.db'}")
    assert isinstance(opened, SqliteDatabase)
    await opened.write(create_tables)
    yield opened
    await opened.close()


def put(value: int) -> queries.Placed:
    return Placed(0, Entry("s", "k", str(value).encode()))


def write(conn: Connection, value: int) -> int:
    queries.append(conn, [put(value)], 0)
    return value


def stored(conn: Connection) -> list[int]:
    return [int(e.payload) for e in queries.entries_after(conn, "s", 0, 0, 10_000)]


async def test_many_writes_share_commits_and_keep_their_order(sqlite: SqliteDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    commits: list[str] = []
    sqlite._raw.set_trace_callback(lambda statement: commits.append(statement) if statement.startswith("COMMIT") else None)
    answers = await asyncio.gather(*(sqlite.write(partial(write, value=n)) for n in range(500)))
    assert answers == list(range(500))
    assert await sqlite.read(stored) == list(range(500))
    assert 2 <= len(commits) < 250


async def test_a_failing_call_undoes_only_itself(sqlite: SqliteDatabase) -> None:
    def fail(conn: Connection) -> None:
        write(conn, 99)
        raise ValueError("mine alone")

    results = await asyncio.gather(
        sqlite.write(lambda conn: write(conn, 1)), sqlite.write(fail), sqlite.write(lambda conn: write(conn, 2)), return_exceptions=True
    )
    assert [type(r) for r in results] == [int, ValueError, int]
    assert await sqlite.read(stored) == [1, 2]


async def test_a_read_sees_one_snapshot_while_writes_go_on(sqlite: SqliteDatabase) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def look_twice(conn: Connection) -> tuple[list[int], list[int]]:
        before = stored(conn)
        inside.set()
        go_on.wait(5)
        return before, stored(conn)

    looking = asyncio.create_task(sqlite.read(look_twice))
    await asyncio.to_thread(inside.wait, 5)
    await sqlite.write(lambda conn: write(conn, 1))
    go_on.set()
    assert await looking == ([], [])
    assert await sqlite.read(stored) == [1]


async def test_reading_connections_cannot_write(database: Database) -> None:
    with pytest.raises(DBAPIError, match=r"readonly|read-only"):
        await database.read(partial(write, value=1))
    assert await database.read(stored) == []


async def test_work_may_nest_a_savepoint_of_its_own(database: Database) -> None:
    def work(conn: Connection) -> None:
        write(conn, 1)
        nested = conn.begin_nested()
        write(conn, 2)
        nested.rollback()
        with conn.begin_nested():
            write(conn, 3)

    await database.write(work)
    assert await database.read(stored) == [1, 3]


async def test_a_mistake_of_the_work_reaches_its_caller_as_it_is(database: Database) -> None:
    with pytest.raises(DBAPIError):
        await database.write(lambda conn: conn.execute(text("select * from no_such_table")))
    assert await database.write(partial(write, value=1)) == 1


async def test_durability_is_full_and_foreign_keys_hold(sqlite: SqliteDatabase) -> None:
    asked = ("journal_mode", "synchronous", "foreign_keys", "secure_delete", "wal_autocheckpoint")
    found = await sqlite.write(lambda conn: [conn.exec_driver_sql(f"PRAGMA {name}").scalar() for name in asked])
    assert found == ["wal", 2, 1, 1, 0]


async def test_the_file_is_readable_by_its_owner_alone(sqlite: SqliteDatabase, tmp_path: Path) -> None:
    assert (tmp_path / "one.db").stat().st_mode & 0o077 == 0


async def test_another_process_holding_the_write_lock_is_waited_for(sqlite: SqliteDatabase, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "one.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    writing = asyncio.create_task(sqlite.write(lambda conn: write(conn, 1)))
    assert await asyncio.wait({writing}, timeout=0.05) == (set(), {writing})
    other.execute("COMMIT")
    other.close()
    assert await writing == 1


async def test_a_closed_database_finishes_what_it_accepted_and_takes_no_more(tmp_path: Path) -> None:
    path = f"sqlite:///{tmp_path / 'one.db'}"
    first = await open_database(path)
    await first.write(create_tables)
    writing = [asyncio.ensure_future(first.write(partial(write, value=n))) for n in range(300)]
    await asyncio.sleep(0)
    await first.close()
    assert await asyncio.gather(*writing) == list(range(300))
    with pytest.raises(DatabaseTrouble, match="closed"):
        await first.write(lambda conn: write(conn, 1))
    second = await open_database(path)
    assert len(await second.read(stored)) == 300
    await second.close()


async def test_an_error_says_nothing_of_the_values_it_was_about(database: Database) -> None:
    def twice(conn: Connection) -> None:
        for _ in range(2):
            conn.execute(text("INSERT INTO topic (topic, version) VALUES ('t', :version)"), {"version": 987_654_321})

    with pytest.raises(DBAPIError) as raised:
        await database.write(twice)
    assert "987654321" not in str(raised.value)


async def test_a_file_that_cannot_be_read_is_the_databases_own_trouble(sqlite: SqliteDatabase, tmp_path: Path) -> None:
    await sqlite.write(lambda conn: [write(conn, n) for n in range(2_000)])
    await sqlite.close()
    with (tmp_path / "one.db").open("r+b") as file:
        file.seek(-40_960, os.SEEK_END)  # rows: the schema, without which it cannot be opened, comes first
        file.write(b"\xff" * 40_960)
    spoilt = await open_database(f"sqlite:///{tmp_path / 'one.db'}")
    with pytest.raises(DatabaseTrouble, match="malformed"):
        await spoilt.read(stored)
    await spoilt.close()
    with pytest.raises(DatabaseTrouble, match="is closed"):
        await spoilt.read(stored)


async def test_a_failed_commit_fails_all_its_callers_and_nothing_is_acknowledged_afterwards(sqlite: SqliteDatabase) -> None:
    failing = _FailingCommit(sqlite, "SQLITE_IOERR_FSYNC")
    results = await asyncio.gather(
        *(sqlite.write(partial(write, value=n)) for n in range(3)),
        return_exceptions=True,
    )
    assert all(isinstance(r, DatabaseBroken) for r in results)
    failing.stop()
    with pytest.raises(DatabaseBroken, match="until the process starts anew"):
        await sqlite.write(lambda conn: write(conn, 4))
    assert await sqlite.read(stored) == []


async def test_a_commit_without_room_fails_its_callers_and_later_ones_succeed(sqlite: SqliteDatabase) -> None:
    failing = _FailingCommit(sqlite, "SQLITE_FULL")
    with pytest.raises(DatabaseTrouble, match="cannot be used now"):
        await sqlite.write(lambda conn: write(conn, 1))
    failing.stop()
    assert await sqlite.write(lambda conn: write(conn, 2)) == 2
    assert await sqlite.read(stored) == [2]


class _FailingCommit:
    """Makes the writer's commits fail as SQLite would."""

    def __init__(self, database: SqliteDatabase, name: str) -> None:
        error = sqlite3.OperationalError(f"made to fail: {name}")
        error.sqlite_errorname = name
        self._dialect = database._writing.dialect
        self._real = self._dialect.do_commit

        def fail(connection: object) -> None:
            raise error

        self._dialect.do_commit = fail  # type: ignore[method-assign,assignment] # the disk's part is played here

    def stop(self) -> None:
        self._dialect.do_commit = self._real  # type: ignore[method-assign] # the disk is well again


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    mounted = os.geteuid() == 0 and subprocess.run(mount, check=False, capture_output=True).returncode == 0
    if not mounted:
        pytest.skip("mounting a small file system needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


async def test_on_a_full_disk_what_was_acknowledged_stays_and_writing_goes_on_once_there_is_room(small_disk: Path) -> None:
    database = await open_database(f"sqlite:///{small_disk / 'one.db'}")
    filler = small_disk / "filler"
    filler.write_bytes(bytes(100_000))
    await database.write(create_tables)
    acknowledged: list[int] = []

    async def fill() -> None:
        while True:
            acknowledged.append(await database.write(partial(_fat, n=len(acknowledged))))

    with pytest.raises(DatabaseTrouble):
        await fill()
    assert acknowledged
    assert [int(e) for e in await database.read(_numbers)] == acknowledged
    with pytest.raises(DatabaseTrouble):
        await database.write(lambda conn: _fat(conn, -1))
    filler.unlink()
    assert await database.write(lambda conn: _fat(conn, 99_999)) == 99_999
    await database.close()
    again = await open_database(f"sqlite:///{small_disk / 'one.db'}")
    assert [int(e) for e in await again.read(_numbers)] == [*acknowledged, 99_999]
    assert await again.read(lambda conn: conn.exec_driver_sql("PRAGMA integrity_check").scalar()) == "ok"
    await again.close()


def _fat(conn: Connection, n: int, size: int = 3_000) -> int:
    queries.append(conn, [Placed(0, Entry("s", str(n), bytes(size)))], 0)
    return n


def _numbers(conn: Connection) -> list[str]:
    return [e.key for e in queries.entries_after(conn, "s", 0, 0, 100_000)]


async def test_the_log_file_is_checkpointed_so_that_it_does_not_grow_without_end(sqlite: SqliteDatabase, tmp_path: Path) -> None:
    for n in range(120):
        await sqlite.write(partial(_fat, n=n, size=100_000))
    assert (tmp_path / "one.db-wal").stat().st_size < 2 * writer._CHECKPOINT_BYTES


async def test_an_unusable_address_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a database url `sqlite:"):
        await open_database("mysql://here")
    with pytest.raises(DatabaseTrouble, match="cannot open the SQLite database"):
        await open_database(f"sqlite:///{tmp_path / 'missing' / 'one.db'}")
    with pytest.raises(DatabaseTrouble, match="cannot open the PostgreSQL database"):
        await open_database(f"postgresql://postgres@/x?host={tmp_path}")


async def test_a_transaction_runs_as_if_alone_on_both_engines(database: Database) -> None:
    """Read, then write what was read plus one: a lost update would end below 24."""
    await database.write(lambda conn: insert_once(conn, TopicRow, {"topic": "t", "version": 0}))

    def raise_by_one(conn: Connection) -> None:
        version = queries.topics(conn)["t"]
        upsert(conn, TopicRow, {"topic": "t", "version": version + 1}, ("topic",))

    await asyncio.gather(*(database.write(raise_by_one) for _ in range(24)))
    assert await database.read(queries.topics) == {"t": 24}


async def test_inserting_once_says_whether_it_did(database: Database) -> None:
    row = {"stream": "s", "shard": 1, "position": 2, "state": b"x"}
    assert await database.write(lambda conn: insert_once(conn, SnapshotRow, row))
    assert not await database.write(lambda conn: insert_once(conn, SnapshotRow, {**row, "position": 3}))
    assert (await database.read(lambda conn: queries.snapshot(conn, "s", 1))) is not None


class TopicTaken(ValueError):
    pass


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # on SQLite one writes after the other
async def test_of_two_that_find_a_key_free_the_later_one_looks_again(database: Database) -> None:
    """PostgreSQL tells it of a failure to serialise and not of a broken key, because it had looked."""
    both = asyncio.Barrier(2)
    looked: list[str] = []

    def add(conn: Connection, who: str) -> str:
        looked.append(who)
        if "t" in queries.topics(conn):
            raise TopicTaken
        if len(looked) <= 2:
            await_only(both.wait())
        conn.execute(insert(TopicRow).values(topic="t", version=0))
        return who

    done = await asyncio.gather(*(database.write(partial(add, who=who)) for who in "ab"), return_exceptions=True)
    assert [type(each) for each in done if not isinstance(each, str)] == [TopicTaken]
    assert len(looked) == 3


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite has no connection to lose
async def test_a_lost_connection_before_commit_is_tried_again(database: Database) -> None:
    tries: list[int] = []

    def work(conn: Connection) -> int:
        tries.append(1)
        if len(tries) == 1:
            conn.execute(text("select pg_terminate_backend(pg_backend_pid())"))
        return write(conn, 5)

    assert await database.write(work) == 5
    assert len(tries) == 2
    assert await database.read(stored) == [5]


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)  # SQLite is set to FULL when it is opened
async def test_a_server_that_acknowledges_before_it_has_written_is_refused(database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    name = await connection.fetchval("select current_database()")
    await connection.execute(f"alter database {name} set synchronous_commit = off")
    await connection.close()
    with pytest.raises(DatabaseTrouble, match="could be lost; turn both on"):
        await open_database(database_url)
