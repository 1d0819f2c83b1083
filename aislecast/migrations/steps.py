"""How a revision runs: its packages' files in order, each making its new tables before it changes old ones; and all of it backwards.

A revision's folder may hold a file `rows`, written by hand, whose `change` brings rows up to what the code expects once the tables are.
The version before must be able to live with what it does: on the way down it is left as it is.
"""

from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from alembic import op


def up(packages: Sequence[ModuleType]) -> None:
    """Makes every file's `TABLES`, then does its `CHANGES`; and then what is to be done to rows."""
    for package in packages:
        for make in package.TABLES:
            make()
        for change, _ in getattr(package, "CHANGES", ()):
            change()
    rows = f"{packages[0].__name__.rpartition('.')[0]}.rows"
    if find_spec(rows) is not None:
        import_module(rows).change()


def down(packages: Sequence[ModuleType]) -> None:
    """Takes back what `up` did; what was in the new tables is gone."""
    for package in reversed(packages):
        for _, restore in reversed(getattr(package, "CHANGES", ())):
            restore()
        for made in reversed(package.TABLES):
            op.drop_table(made.__name__)
