"""Tables of `geofence` in revision 0004."""

import sqlalchemy as sa
from alembic import op


def calibration() -> None:
    op.create_table(
        "calibration",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("made_ms", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.String(length=128), nullable=False),
        sa.Column("recording", sa.String(length=200), nullable=False),
        sa.Column("recording_hash", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "venue", "id", name=op.f("pk_calibration")),
    )


def calibration_use() -> None:
    op.create_table(
        "calibration_use",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("calibration", sa.String(length=32), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "venue", "number", name=op.f("pk_calibration_use")),
    )


TABLES = (
    calibration,
    calibration_use,
)
