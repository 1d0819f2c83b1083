"""Migrations: one history for SQLite and PostgreSQL, run from code; there is no alembic.ini.

    upgrade(url)   downgrade(url, to)   check(url) -> differences   head()   current(url)   counts(url)

Every function blocks, and opens and closes a connection of its own; from an event loop call it through `asyncio.to_thread`.
A revision runs in one transaction on both engines: it is applied whole or not at all. On SQLite foreign keys are off meanwhile,
because a table is changed there by copying it. How to add a revision is told in `__main__.py`; what `up` does with an older
or newer schema, in `prepare.py`.
"""

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from asyncpg import PostgresError
from sqlalchemy import Connection, MetaData, Table, create_engine, event, func, inspect, select
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from aislecast.migrations.schema import metadata
from groundwork.plumbing.db import DatabaseTrouble
from groundwork.plumbing.phrases import phrase_of

T = TypeVar("T")

BASE: Final = "base"
"""The revision before the first: no tables."""
_HERE = Path(__file__).parent
_SQLITE: Final = "sqlite:///"
_READ: Final = "BEGIN"
_WRITE: Final = "BEGIN IMMEDIATE"


def upgrade(url: str, to: str = "head") -> None:
    """Brings the database at `url` to revision `to`, making it where there is none."""
    with_connection(url, lambda conn: command.upgrade(config(conn), to))


def downgrade(url: str, to: str) -> None:
    """Takes the database back to revision `to`; `base` removes every table and what is in it."""
    with_connection(url, lambda conn: command.downgrade(config(conn), to))


def check(url: str) -> list[str]:
    """How the database at `url` differs from the tables in the code, one line each; empty when it does not."""
    return [_told(difference) for difference in with_connection(url, differences, begin=_READ)]


def head() -> str:
    """The newest revision this version knows."""
    revision = ScriptDirectory.from_config(config()).get_current_head()
    if revision is None:
        raise CommandError("there is no revision in the package; it was packed without its versions folder")
    return revision


def knows(revision: str) -> bool:
    """Whether this version has the revision; a database written by a newer version has one it has not."""
    return any(script.revision == revision for script in ScriptDirectory.from_config(config()).walk_revisions())


def current(url: str) -> str | None:
    """The revision the database stands at; None for one that was never migrated, or is not there."""
    if not _is_there(url):
        return None
    return with_connection(url, lambda conn: MigrationContext.configure(conn).get_current_revision(), begin=_READ)


def counts(url: str) -> dict[str, int]:
    """Rows per table, of every table in the database; empty where it is not there."""
    return with_connection(url, _counts, begin=_READ) if _is_there(url) else {}


def differences(conn: Connection) -> list[Any]:
    """Alembic's own list of what would have to be done to make the database equal to the code."""
    context = MigrationContext.configure(conn, opts={"compare_type": True, "render_as_batch": True})
    return list(compare_metadata(context, metadata))


def config(conn: Connection | None = None) -> Config:
    """Alembic's configuration, with the connection that `env.py` runs on."""
    made = Config()
    made.set_main_option("script_location", str(_HERE))
    made.attributes["connection"] = conn
    return made


def with_connection(url: str, work: Callable[[Connection], T], begin: str = _WRITE) -> T:
    """Runs `work` in one transaction on the database at `url`; a SQLite file that is not there is made, for this account alone.

    Raises DatabaseTrouble where the database cannot be reached, opened or written.
    """
    try:
        return asyncio.run(_on_postgres(url, work)) if url.startswith("postgresql://") else _on_sqlite(url, work, begin)
    except DBAPIError as error:
        raise DatabaseTrouble(phrase_of(error.orig or error)) from error
    except (OSError, PostgresError) as error:
        raise DatabaseTrouble(phrase_of(error)) from error


def _on_sqlite(url: str, work: Callable[[Connection], T], begin: str) -> T:
    if url.removeprefix(_SQLITE):
        os.close(os.open(url.removeprefix(_SQLITE), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600))
    engine = create_engine(url, poolclass=NullPool)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", lambda conn: conn.exec_driver_sql(begin))
    with engine.begin() as conn:
        return work(conn)


def _is_there(url: str) -> bool:
    return not url.startswith(_SQLITE) or Path(url.removeprefix(_SQLITE)).is_file()


def _prepare_sqlite(raw: DBAPIConnection, _: object) -> None:
    """The driver must not open transactions on its own, or a schema change would commit half way."""
    raw.isolation_level = None
    for pragma in ("foreign_keys=OFF", "synchronous=FULL", "journal_mode=WAL"):
        raw.execute(f"PRAGMA {pragma}")


async def _on_postgres(url: str, work: Callable[[Connection], T]) -> T:
    engine = create_async_engine(url.replace("postgresql://", "postgresql+asyncpg://", 1), poolclass=NullPool)
    try:
        async with engine.begin() as conn:
            return await conn.run_sync(work)
    finally:
        await engine.dispose()


def _counts(conn: Connection) -> dict[str, int]:
    found = MetaData()
    tables = (Table(name, found, autoload_with=conn, resolve_fks=False) for name in sorted(inspect(conn).get_table_names()))
    return {table.name: conn.execute(select(func.count()).select_from(table)).scalar_one() for table in tables}


def _told(difference: Any) -> str:
    """`add_column push expires_ms`, and the like; a list of changes to one column becomes its first."""
    first = difference[0] if isinstance(difference, list) else difference
    return " ".join(getattr(part, "name", None) or str(part) for part in first if part is not None and not isinstance(part, dict))
