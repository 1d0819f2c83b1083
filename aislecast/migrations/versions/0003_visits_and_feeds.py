"""Visits and feeds: each package's part stands in `aislecast/migrations/visits_and_feeds/`."""

from aislecast.migrations.steps import down, up
from aislecast.migrations.visits_and_feeds import PACKAGES

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    up(PACKAGES)


def downgrade() -> None:
    down(PACKAGES)
