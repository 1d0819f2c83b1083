"""Calibrations: each package's part stands in `aislecast/migrations/calibrations/`."""

from aislecast.migrations.calibrations import PACKAGES
from aislecast.migrations.steps import down, up

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    up(PACKAGES)


def downgrade() -> None:
    down(PACKAGES)
