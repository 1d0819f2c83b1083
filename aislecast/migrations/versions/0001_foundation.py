"""Foundation: every table of the first release, package by package; each stands in `aislecast/migrations/foundation/`."""

from alembic import op

from aislecast.migrations.foundation import PACKAGES

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    for package in PACKAGES:
        for make in package.TABLES:
            make()


def downgrade() -> None:
    for package in reversed(PACKAGES):
        for made in reversed(package.TABLES):
            op.drop_table(made.__name__)
