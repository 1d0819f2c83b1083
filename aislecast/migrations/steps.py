"""How a revision runs: its packages' files in order, each making its new tables before it changes old ones; and all of it backwards."""

from collections.abc import Sequence
from types import ModuleType

from alembic import op


def up(packages: Sequence[ModuleType]) -> None:
    """Makes every file's `TABLES`, then does its `CHANGES`."""
    for package in packages:
        for make in package.TABLES:
            make()
        for change, _ in getattr(package, "CHANGES", ()):
            change()


def down(packages: Sequence[ModuleType]) -> None:
    """Takes back what `up` did; what was in the new tables is gone."""
    for package in reversed(packages):
        for _, restore in reversed(getattr(package, "CHANGES", ())):
            restore()
        for made in reversed(package.TABLES):
            op.drop_table(made.__name__)
