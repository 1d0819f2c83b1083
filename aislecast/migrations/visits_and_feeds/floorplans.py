"""Tables of `floorplans` in revision 0003."""

import sqlalchemy as sa
from alembic import op


def plan_import() -> None:
    op.create_table(
        "plan_import",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("step", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"], name=op.f("fk_plan_import_tenant_venue_id_venue")),
        sa.PrimaryKeyConstraint("tenant", "venue_id", "id", name=op.f("pk_plan_import")),
    )
    op.create_index(op.f("ix_plan_import_at_ms"), "plan_import", ["at_ms"], unique=False)


def sheet() -> None:
    op.create_table(
        "sheet",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("level_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.String(length=32), nullable=False),
        sa.Column("media", sa.String(length=16), nullable=False),
        sa.Column("unit", sa.String(length=8), nullable=False),
        sa.Column("width", sa.Float(), nullable=False),
        sa.Column("height", sa.Float(), nullable=False),
        sa.Column("placing", sa.Text(), nullable=False),
        sa.Column("picture", sa.LargeBinary(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"], name=op.f("fk_sheet_tenant_venue_id_venue")),
        sa.PrimaryKeyConstraint("tenant", "venue_id", "level_id", name=op.f("pk_sheet")),
    )


TABLES = (
    plan_import,
    sheet,
)
