"""Tables of `geofence` in revision 0001."""

import sqlalchemy as sa
from alembic import op


def visit() -> None:
    op.create_table(
        "visit",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("shopper", sa.String(length=32), nullable=False),
        sa.Column("track", sa.String(length=20), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), nullable=False),
        sa.Column("end_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_visit")),
    )
    op.create_index("ix_visit_tenant_shopper", "visit", ["tenant", "shopper"], unique=False)
    op.create_index("ix_visit_tenant_venue_start_ms", "visit", ["tenant", "venue", "start_ms"], unique=False)


def zone_event() -> None:
    op.create_table(
        "zone_event",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("zone_kind", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("dwell_s", sa.Integer(), nullable=False),
        sa.Column("shopper", sa.String(length=32), nullable=False),
        sa.Column("track", sa.String(length=20), nullable=False),
        sa.Column("visit", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("stay_start_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("probability", sa.Float(precision=53), nullable=False),
        sa.Column("plan_version", sa.String(length=64), nullable=False),
        sa.Column("late", sa.Boolean(), nullable=False),
        sa.Column("uncertain", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_zone_event")),
    )
    op.create_index("ix_zone_event_tenant_shopper", "zone_event", ["tenant", "shopper"], unique=False)
    op.create_index("ix_zone_event_tenant_venue_at_ms", "zone_event", ["tenant", "venue", "at_ms"], unique=False)


TABLES = (
    visit,
    zone_event,
)
