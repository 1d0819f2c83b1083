"""How a revision is written: by Alembic's comparison for every revision, and table by table, so that it can be read, for the first."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from alembic import command
from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import CreateIndexOp, CreateTableOp, MigrateOperation, ModifyTableOps, UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from aislecast import migrations
from aislecast.migrations.schema import PACKAGES, metadata
from groundwork.plumbing.db import Base


def write_revision(url: str, revision: str, title: str) -> None:
    """Writes the file of `revision`: what the code has and the database at `url`, which stands at the newest revision, has not."""
    migrations.with_connection(url, lambda conn: command.revision(migrations.config(conn), title, autogenerate=True, rev_id=revision))


def write_foundation(folder: Path) -> list[Path]:
    """Writes the tables of every package as they are in the code now, one file per package, and returns the files."""
    return migrations.with_connection("sqlite:///", lambda conn: _write_packages(conn, folder))


def _write_packages(conn: Connection, folder: Path) -> list[Path]:
    context = MigrationContext.configure(conn, opts={"target_metadata": metadata})
    made = produce_migrations(context, metadata).upgrade_ops
    by_table: dict[str, list[MigrateOperation]] = defaultdict(list)
    for operation in _flat(made.ops if made else ()):
        if not isinstance(operation, CreateTableOp | CreateIndexOp):
            raise TypeError(f"an empty database needs tables and indexes only, got {operation!r}")
        by_table[operation.table_name].append(operation)
    return [_write_package(package.__name__, by_table, context, folder) for package in PACKAGES]


def _flat(operations: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
    """The operations one by one: Alembic bundles those of one table."""
    for operation in operations:
        if isinstance(operation, ModifyTableOps):
            yield from operation.ops
        else:
            yield operation


def _write_package(module: str, by_table: dict[str, list[MigrateOperation]], context: MigrationContext, folder: Path) -> Path:
    own = {mapper.local_table.description for mapper in Base.registry.mappers if mapper.class_.__module__ == module}
    tables = [table.name for table in metadata.sorted_tables if table.name in own]
    package = module.removesuffix(".tables")
    parts = [f'"""Tables of `{package}` in revision 0001."""\n\nimport sqlalchemy as sa\nfrom alembic import op']
    parts += [f"def {name}() -> None:\n{_body(by_table[name], context)}" for name in tables]
    parts.append(f"TABLES = ({''.join(f'{name}, ' for name in tables)})")
    path = folder / f"{package.rpartition('.')[2]}.py"
    path.write_text("\n\n\n".join(parts) + "\n")
    return path


def _body(operations: list[MigrateOperation], context: MigrationContext) -> str:
    text = render_python_code(UpgradeOps(ops=operations), migration_context=context)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("# ###"))
