"""Foundation: every table of the first release, package by package; each stands in `aislecast/migrations/foundation/`."""

from aislecast.migrations.foundation import PACKAGES
from aislecast.migrations.steps import down, up

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    up(PACKAGES)


def downgrade() -> None:
    down(PACKAGES)
