"""How a revision is written: what Alembic finds different, sorted so that it can be read: a folder per revision, a file per package,
a function per table.

A file's `TABLES` are made by the functions named like them, and dropped on the way down; its `CHANGES` are pairs of functions, there and
back, one pair for each table that was there before. `versions/NNNN_slug.py` runs them in order.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Final

from alembic.autogenerate import produce_migrations, render_python_code
from alembic.operations.ops import CreateTableOp, MigrateOperation, ModifyTableOps, OpContainer, UpgradeOps
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection

from aislecast import migrations
from aislecast.migrations.schema import PACKAGES, metadata
from groundwork.plumbing.db import Base

Operations = dict[str, list[MigrateOperation]]

_VERSION: Final = '''"""{title}: each package's part stands in `aislecast/migrations/{slug}/`."""

{imports}

revision = "{revision}"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    up(PACKAGES)


def downgrade() -> None:
    down(PACKAGES)
'''
_INIT: Final = '''"""What revision {revision} makes and changes, a file per package. Written by `new`; never changed once released."""

from aislecast.migrations.{slug} import {imported}

PACKAGES = ({names},)
'''


def write_revision(url: str, revision: str, slug: str, place: Path) -> list[Path]:
    """Writes what the code has and the database at `url` has not into `place`/versions and `place`/`slug`; returns the files.

    The database stands at the revision before. Raises ValueError where there is nothing to write.
    """
    parts = migrations.with_connection(url, lambda conn: packages_of(conn, revision))
    if not parts:
        raise ValueError("the tables in the code are those of the newest revision: there is nothing to write")
    folder = place / slug
    folder.mkdir(exist_ok=True)
    texts = {folder / f"{name}.py": text for name, text in parts.items()}
    texts[folder / "__init__.py"] = _INIT.format(revision=revision, slug=slug, imported=", ".join(sorted(parts)), names=", ".join(parts))
    imports = sorted([f"from aislecast.migrations.{slug} import PACKAGES", "from aislecast.migrations.steps import down, up"])
    values = {
        "imports": "\n".join(imports),
        "title": slug.replace("_", " ").capitalize(),
        "slug": slug,
        "revision": revision,
        "before": f"{int(revision) - 1:04}",
    }
    texts[place / "versions" / f"{revision}_{slug}.py"] = _VERSION.format(**values)
    for path, text in texts.items():
        path.write_text(text)
    return list(texts)


def packages_of(conn: Connection, revision: str) -> dict[str, str]:
    """The text of each package's file, by its name, in the order in which packages may depend on one another."""
    context = MigrationContext.configure(conn, opts={"target_metadata": metadata, "compare_type": True, "render_as_batch": True})
    made = produce_migrations(context, metadata).upgrade_ops
    found = _by_table(made.ops if made else ())
    texts = {package.__name__: _text(package, found, context, revision) for package in PACKAGES}
    return {module.removesuffix(".tables").rpartition(".")[2]: text for module, text in texts.items() if text}


def _by_table(operations: Iterable[MigrateOperation]) -> Operations:
    found: Operations = defaultdict(list)
    for operation in operations:
        if not isinstance(operation, CreateTableOp | ModifyTableOps):
            raise TypeError(f"a revision adds and changes tables; {operation!r} must be written by hand")
        found[operation.table_name].append(operation)
    return found


def _text(package: ModuleType, found: Operations, context: MigrationContext, revision: str) -> str:
    """The file of one package; empty where nothing of it changes."""
    own = {mapper.local_table.description for mapper in Base.registry.mappers if mapper.class_.__module__ == package.__name__}
    tables = [table.name for table in metadata.sorted_tables if table.name in own and table.name in found]
    new = [name for name in tables if any(isinstance(each, CreateTableOp) for each in found[name])]
    changed = [name for name in tables if name not in new]
    if not tables:
        return ""
    title = package.__name__.removesuffix(".tables")
    parts = [f'"""Tables of `{title}` in revision {revision}."""\n\nimport sqlalchemy as sa\nfrom alembic import op']
    parts += [f"def {name}() -> None:\n{_body(list(_flat(found[name])), context)}" for name in new]
    for name in changed:
        parts.append(f"def change_{name}() -> None:\n{_body(found[name], context)}")
        parts.append(f"def restore_{name}() -> None:\n{_body([_reverse(each) for each in reversed(found[name])], context)}")
    parts.append(f"TABLES = ({''.join(f'{name}, ' for name in new)})")
    if changed:
        parts[-1] += f"\nCHANGES = ({''.join(f'(change_{name}, restore_{name}), ' for name in changed)})"
    return "\n\n\n".join(parts) + "\n"


def _flat(operations: Iterable[MigrateOperation]) -> Iterator[MigrateOperation]:
    """The operations one by one: Alembic bundles those of one table, which for a new one need no batch."""
    for operation in operations:
        if isinstance(operation, ModifyTableOps):
            yield from operation.ops
        else:
            yield operation


def _reverse(operation: MigrateOperation) -> MigrateOperation:
    if isinstance(operation, OpContainer):
        assert isinstance(operation, ModifyTableOps)
        return ModifyTableOps(operation.table_name, ops=[each.reverse() for each in reversed(operation.ops)], schema=operation.schema)
    return operation.reverse()


def _body(operations: list[MigrateOperation], context: MigrationContext) -> str:
    text = render_python_code(UpgradeOps(ops=operations), render_as_batch=True, migration_context=context)
    return "\n".join(line for line in text.splitlines() if not line.lstrip().startswith("# ###"))
