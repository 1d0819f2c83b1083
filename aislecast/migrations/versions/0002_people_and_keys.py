"""People and keys: each package's part stands in `aislecast/migrations/people_and_keys/`."""

from aislecast.migrations.people_and_keys import PACKAGES
from aislecast.migrations.steps import down, up

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    up(PACKAGES)


def downgrade() -> None:
    down(PACKAGES)
