"""Databases: one execution model over two engines.

Every query is a synchronous function `f(conn, ...)` on SQLAlchemy Core. On SQLite it runs in the one writer thread, where many calls
share a commit and callers are answered after it (`writer.py`); on PostgreSQL through `AsyncConnection.run_sync` on asyncpg.
A transaction may call another package's query functions, never its tables.
"""

from collections.abc import Callable
from typing import Protocol, TypeVar

from sqlalchemy import Connection, MetaData
from sqlalchemy.orm import DeclarativeBase

__all__ = ["Base", "Connection", "Database"]

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


class Database(Protocol):
    """One database of one deployment, opened by `open_database`."""

    @property
    def dialect(self) -> str:
        """`sqlite` or `postgresql`."""
        ...

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` in a transaction of its own and returns once it is durable. An exception in `work` undoes its own writes only.

        `work` must be repeatable: on a serialisation failure or a lost connection before commit it is run again.
        """
        ...

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Runs `work` on a consistent, committed snapshot; it must not write."""
        ...

    async def close(self) -> None:
        """Finishes what was accepted, then closes."""
        ...
