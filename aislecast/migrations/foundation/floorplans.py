"""Tables of `floorplans` in revision 0001."""

import sqlalchemy as sa
from alembic import op


def venue() -> None:
    op.create_table(
        "venue",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("time_zone", sa.String(length=64), nullable=False),
        sa.Column("country", sa.String(length=2), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("published", sa.String(length=64), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_venue")),
    )


def plan_version() -> None:
    op.create_table(
        "plan_version",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("published_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"], name=op.f("fk_plan_version_tenant_venue_id_venue")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_plan_version")),
    )


def level() -> None:
    op.create_table(
        "level",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("ordinal", sa.Integer(), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("outline", sa.Text(), nullable=False),
        sa.Column("obstacles", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "version"], ["plan_version.tenant", "plan_version.id"], name=op.f("fk_level_tenant_version_plan_version")
        ),
        sa.PrimaryKeyConstraint("tenant", "version", "id", name=op.f("pk_level")),
    )


def placement() -> None:
    op.create_table(
        "placement",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("level_id", sa.String(length=64), nullable=False),
        sa.Column("x_m", sa.Float(), nullable=False),
        sa.Column("y_m", sa.Float(), nullable=False),
        sa.Column("z_m", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "version", "level_id"],
            ["level.tenant", "level.version", "level.id"],
            name=op.f("fk_placement_tenant_version_level_id_level"),
        ),
        sa.PrimaryKeyConstraint("tenant", "version", "kind", "subject", "from_ms", name=op.f("pk_placement")),
    )


def zone() -> None:
    op.create_table(
        "zone",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("level_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("polygons", sa.Text(), nullable=False),
        sa.Column("parent", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "version", "level_id"],
            ["level.tenant", "level.version", "level.id"],
            name=op.f("fk_zone_tenant_version_level_id_level"),
        ),
        sa.PrimaryKeyConstraint("tenant", "version", "id", name=op.f("pk_zone")),
    )


TABLES = (
    venue,
    plan_version,
    level,
    placement,
    zone,
)
