"""Databases: one execution model over two engines.

Every query is a synchronous function `f(conn, ...)` on SQLAlchemy Core, and every transaction runs as if it were alone. On SQLite it runs
in the one writer thread, where many calls share a commit and callers are answered after it (`writer.py`); on PostgreSQL through
`AsyncConnection.run_sync` on asyncpg, SERIALIZABLE, and again where PostgreSQL found two transactions in each other's way.
A transaction may call another package's query functions, never its tables.

On a hot path build the statement once, at the top of `queries.py`, with `bindparam`s: building costs several times what running does.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, Final, Protocol, TypeVar

from sqlalchemy import ColumnElement, Connection, LargeBinary, MetaData, delete, func, select, tuple_
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase

from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.service import Trouble

__all__ = [
    "Base",
    "Connection",
    "Database",
    "DatabaseBroken",
    "DatabaseTrouble",
    "create_tables",
    "delete_some",
    "insert_all_once",
    "insert_once",
    "open_database",
    "page_of",
    "upsert",
    "upsert_all",
]

T = TypeVar("T")


class Base(DeclarativeBase):
    """The parent of every table; constraints are named, so that a migration can find them on both engines."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )


class DatabaseTrouble(Trouble):
    """The database, not the work, failed: disk full, connection lost, contention without end. Nothing was applied; try again later."""

    def __init__(self, said: Words | str, **values: object) -> None:
        """`said` is a phrase in both languages, filled in with `values`, or a driver's own English."""
        self.phrase = Words(said.said("en", **values), said.said("ar", **values)) if isinstance(said, Words) else Words(said, said)
        super().__init__(self.phrase.en)


class DatabaseBroken(DatabaseTrouble):
    """A write to disk failed in a way that makes every later promise doubtful: nothing is acknowledged until the process starts anew."""

    passing = False


class Database(Protocol):
    """One database of one deployment, opened by `open_database`."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in a transaction of its own and returns once it is durable. An exception in `work` undoes its own writes only.

        `work` must be repeatable: on a serialisation failure or a lost connection before commit it is run again. It runs in another
        thread on SQLite, so it touches nothing that the event loop changes. Raises DatabaseTrouble where the database itself failed.
        """
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` on a consistent, committed snapshot; it must not write."""
        ...

    async def compact(self) -> bool:
        """Rewrites what deleted rows have left behind, so that no copy of them stays in the database's own files; False to try again later.

        On SQLite writes wait meanwhile (and none is lost): it copies the whole file. On PostgreSQL it is a VACUUM, which blocks nobody and
        leaves it to later writes to cover the pages. Raises DatabaseTrouble where there is no room for it.
        """
        ...

    async def close(self) -> None:
        """Finishes what was accepted, then closes."""
        ...


async def open_database(url: str, *, durable: bool = True) -> Database:
    """Opens `sqlite:////folder/file.db` or `postgresql://...`; raises ValueError on another form, DatabaseTrouble on failure.

    Without `durable`, SQLite does not wait for the disk: for replays, whose database goes with them.
    """
    if url.startswith("sqlite:///") and len(url) > len("sqlite:///"):
        from groundwork.plumbing.writer import SqliteDatabase

        return await asyncio.to_thread(SqliteDatabase, url.removeprefix("sqlite:///"), durable)
    if url.startswith("postgresql://"):
        return await PostgresDatabase.open(url)
    scheme = url.partition("://")[0]
    raise ValueError(f"expected a database url `sqlite:////folder/file.db` or `postgresql://...`, got one starting {scheme!r}")


def create_tables(conn: Connection) -> None:
    """Makes every table of every imported `tables` module that is not there yet; a deployment uses migrations instead."""
    Base.metadata.create_all(conn)


_INSERTS: Final[Mapping[str, Callable[[Any], Any]]] = {"sqlite": sqlite.insert, "postgresql": postgresql.insert}


# Building a statement costs several times what running it does, so these are built once per table.


@cache
def _insert_once(dialect: str, table: type[Base]) -> Any:
    return _INSERTS[dialect](table).on_conflict_do_nothing()


@cache
def _upsert(dialect: str, table: type[Base], names: tuple[str, ...], key: tuple[str, ...]) -> Any:
    statement = _INSERTS[dialect](table)
    rest = {name: statement.excluded[name] for name in names if name not in key}
    return statement.on_conflict_do_update(index_elements=list(key), set_=rest)


def insert_once(conn: Connection, table: type[Base], values: Mapping[str, Any]) -> bool:
    """Inserts the row unless one with the same key (primary or any unique one) is there; True when this call inserted it."""
    return bool(conn.execute(_insert_once(conn.dialect.name, table), dict(values)).rowcount == 1)


def insert_all_once(conn: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]]) -> None:
    """Inserts the rows in one go, leaving out those whose key (primary or any unique one) is there."""
    if rows:
        conn.execute(_insert_once(conn.dialect.name, table), [dict(row) for row in rows])


def upsert(conn: Connection, table: type[Base], values: Mapping[str, Any], key: Sequence[str]) -> None:
    """Inserts the row, or sets its other columns where a row with the same `key` columns is there."""
    conn.execute(_upsert(conn.dialect.name, table, tuple(values), tuple(key)), dict(values))


def upsert_all(conn: Connection, table: type[Base], rows: Sequence[Mapping[str, Any]], key: Sequence[str]) -> None:
    """`upsert` for many rows in one go; all have the same columns."""
    if rows:
        conn.execute(_upsert(conn.dialect.name, table, tuple(rows[0]), tuple(key)), [dict(row) for row in rows])


def page_of(
    conn: Connection, table: type[Base], hers: Sequence[ColumnElement[bool]], offset: int, limit: int, readable: Sequence[str] = ()
) -> tuple[int, list[dict[str, Any]]]:
    """How many rows match, and a page of them in the order of their key, column by column. Of binary columns only those `readable`."""
    columns = [column for column in table.__table__.columns if column.name in readable or not isinstance(column.type, LargeBinary)]
    total = conn.scalar(select(func.count()).select_from(table).where(*hers)) or 0
    wanted = select(*columns).where(*hers).order_by(*table.__table__.primary_key).offset(offset).limit(limit)
    return total, [dict(row) for row in conn.execute(wanted).mappings()]


def delete_some(conn: Connection, table: type[Base], old: Sequence[ColumnElement[bool]], limit: int) -> int:
    """Deletes up to `limit` of the rows that match; returns how many. Small batches keep others from waiting."""
    key = list(table.__table__.primary_key)
    some = select(*key).where(*old).limit(limit)
    return conn.execute(delete(table).where(tuple_(*key).in_(some)).execution_options(synchronize_session=False)).rowcount


_SERIALISATION: Final = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialisation failure and of a deadlock: run it again and it may well succeed."""
_GONE: Final = frozenset({"08", "57"})
"""Classes of SQLSTATE: connection lost, and the server shut down or not yet up."""
_CANCELLED: Final = "57014"
"""A statement took longer than it may: the work's own mistake."""
_READ_ONLY: Final = "25"
_TROUBLE: Final = frozenset({_READ_ONLY, "53", "58", "XX"})
"""Read-only after a failover, out of disk or memory, input or output failed, broken inside."""
_IDLE_MS: Final = 5_000
"""A frozen process would hold its rows locked as long as it sleeps; after this the server undoes its transaction."""
_UNKNOWN: Final = Words(
    "the connection was lost during commit, so whether it was applied is not known: {why}",
    "انقطع الاتصال أثناء التثبيت فلا يُعرف هل نُفّذ التغيير: {why}",
)
_NO_POSTGRES: Final = Words("cannot open the PostgreSQL database: {why}", "تعذر فتح قاعدة بيانات PostgreSQL: {why}")
_PROMISES_LITTLE: Final = Words(
    "PostgreSQL has synchronous_commit, fsync = {promises}: what it acknowledges could be lost; turn both on",
    "قيم PostgreSQL هي synchronous_commit, fsync = {promises}: وقد يضيع ما يؤكده؛ فعّل الاثنين",
)
_GAVE_UP: Final = Words("gave up after {tries} tries: {why}", "توقفت المحاولة بعد {tries:مرة}: {why}")
_NO_CONNECTION: Final = Words("no connection came free: {why}", "لم يتوفر اتصال: {why}")
_UNREADABLE: Final = Words("PostgreSQL cannot be read now: {why}", "تتعذر القراءة من PostgreSQL الآن: {why}")
_UNWRITABLE: Final = Words("PostgreSQL cannot take this now: {why}", "لا يقبل PostgreSQL هذا الآن: {why}")
_NO_VACUUM: Final = Words("PostgreSQL cannot be vacuumed now: {why}", "يتعذر ضغط PostgreSQL الآن: {why}")
_TRIES: Final = 40
"""At least one of several colliding transactions commits in each round, so this many colliding processes get through."""


class PostgresDatabase:
    """PostgreSQL through asyncpg; up to `pool` transactions at a time from this process."""

    dialect: Final = "postgresql"

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._turn = asyncio.Lock()
        self._writing = engine.execution_options(isolation_level="SERIALIZABLE")
        self._reading = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    @classmethod
    async def open(cls, url: str, pool: int = 8) -> "PostgresDatabase":
        """Connects once, so that a wrong address shows at start, as does a server that acknowledges before it has written."""
        settings = {"idle_in_transaction_session_timeout": str(_IDLE_MS), "application_name": "aislecast"}
        address = url.replace("postgresql://", "postgresql+asyncpg://", 1)
        engine = create_async_engine(
            address, pool_size=pool, max_overflow=0, hide_parameters=True, connect_args={"server_settings": settings}
        )
        database = cls(engine)
        try:
            promises = await database.read(_promises)
        except (OSError, DBAPIError, DatabaseTrouble) as error:
            await engine.dispose()
            raise DatabaseTrouble(_NO_POSTGRES, why=phrase_of(error)) from error
        if "off" in promises:
            await engine.dispose()
            raise DatabaseTrouble(_PROMISES_LITTLE, promises=promises)
        return database

    async def write(self, work: Callable[[Connection], T]) -> T:
        try:
            return await self._once(work)
        except _Again:
            pass
        async with self._turn:  # those that collided go one by one, else they would collide again
            return await self._again(work)

    async def _again(self, work: Callable[[Connection], T]) -> T:
        last: BaseException | None = None
        for tried in range(_TRIES):
            await asyncio.sleep(0.001 * tried)  # another process may be in the way
            try:
                return await self._once(work)
            except _Again as again:
                last = again.__cause__
        raise DatabaseTrouble(_GAVE_UP, tries=_TRIES, why=last) from last

    async def _once(self, work: Callable[[Connection], T]) -> T:
        """One try; raises _Again where nothing was applied and another try may succeed."""
        committing = False
        try:
            async with self._writing.connect() as conn:
                result = await conn.run_sync(work)
                committing = True
                await conn.commit()
                return result
        except DBAPIError as error:
            raise _judged(error, committing) from error
        except PoolTimeout as error:
            raise DatabaseTrouble(_NO_CONNECTION, why=error) from error
        except OSError as error:
            raise (DatabaseTrouble(_UNKNOWN, why=phrase_of(error)) if committing else _Again()) from error

    async def read(self, work: Callable[[Connection], T]) -> T:
        try:
            async with self._reading.connect() as conn:
                return await conn.run_sync(work)
        except (OSError, PoolTimeout) as error:
            raise DatabaseTrouble(_UNREADABLE, why=phrase_of(error)) from error
        except DBAPIError as error:
            if _judged(error, committing=True) is error or _state(error)[:2] == _READ_ONLY:  # read-only is how we asked for it
                raise
            raise DatabaseTrouble(_UNREADABLE, why=error.orig) from error

    async def compact(self) -> bool:
        try:
            async with self._engine.connect() as conn:
                await conn.execution_options(isolation_level="AUTOCOMMIT")
                await conn.exec_driver_sql("VACUUM")
        except (OSError, PoolTimeout, DBAPIError) as error:
            raise DatabaseTrouble(_NO_VACUUM, why=error) from error
        return True

    async def close(self) -> None:
        await self._engine.dispose()


def _promises(conn: Connection) -> tuple[str, ...]:
    row = conn.exec_driver_sql("SELECT current_setting('synchronous_commit'), current_setting('fsync')").one()
    return tuple(map(str, row))


class _Again(Exception):
    """Nothing was applied; the cause says why."""


def _state(error: DBAPIError) -> str:
    return getattr(error.orig, "sqlstate", None) or ""


def _judged(error: DBAPIError, committing: bool) -> Exception:
    """What a failed try means: run again, the database's trouble, or the work's own mistake (`error` itself)."""
    state = _state(error)
    if state in _SERIALISATION:
        return _Again()
    if error.connection_invalidated or (state[:2] in _GONE and state != _CANCELLED):
        return DatabaseTrouble(_UNKNOWN, why=error.orig) if committing else _Again()
    if state[:2] in _TROUBLE:
        return DatabaseTrouble(_UNWRITABLE, why=error.orig)
    return error
