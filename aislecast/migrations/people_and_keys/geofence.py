"""Tables of `geofence` in revision 0002."""

import sqlalchemy as sa
from alembic import op


def forgetting() -> None:
    op.create_table(
        "forgetting",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("erasure_id", sa.String(length=36), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "erasure_id", "venue", name=op.f("pk_forgetting")),
    )


TABLES = (forgetting,)
