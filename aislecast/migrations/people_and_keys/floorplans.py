"""Tables of `floorplans` in revision 0002."""

import sqlalchemy as sa
from alembic import op


def draft() -> None:
    op.create_table(
        "draft",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("body_revision", sa.Integer(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"], name=op.f("fk_draft_tenant_venue_id_venue")),
        sa.PrimaryKeyConstraint("tenant", "venue_id", name=op.f("pk_draft")),
    )


def draft_command() -> None:
    op.create_table(
        "draft_command",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("of_revision", sa.Integer(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.Column("changes", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "venue_id"], ["draft.tenant", "draft.venue_id"], name=op.f("fk_draft_command_tenant_venue_id_draft")
        ),
        sa.PrimaryKeyConstraint("tenant", "venue_id", "revision", name=op.f("pk_draft_command")),
        sa.UniqueConstraint("tenant", "venue_id", "id", name=op.f("uq_draft_command_tenant_venue_id_id")),
    )


def plan_part() -> None:
    op.create_table(
        "plan_part",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("part", sa.String(length=16), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "version"], ["plan_version.tenant", "plan_version.id"], name=op.f("fk_plan_part_tenant_version_plan_version")
        ),
        sa.PrimaryKeyConstraint("tenant", "version", "part", name=op.f("pk_plan_part")),
    )


def publication() -> None:
    op.create_table(
        "publication",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("due_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("asked_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.String(length=500), nullable=False),
        sa.Column("restores", sa.String(length=64), nullable=True),
        sa.Column("premises", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "venue_id"], ["venue.tenant", "venue.id"], name=op.f("fk_publication_tenant_venue_id_venue")),
        sa.ForeignKeyConstraint(
            ["tenant", "version"], ["plan_version.tenant", "plan_version.id"], name=op.f("fk_publication_tenant_version_plan_version")
        ),
        sa.PrimaryKeyConstraint("tenant", "venue_id", "id", name=op.f("pk_publication")),
    )
    op.create_index(op.f("ix_publication_state"), "publication", ["state"], unique=False)


def change_venue() -> None:
    with op.batch_alter_table("venue", schema=None) as batch_op:
        batch_op.add_column(sa.Column("premises", sa.Text(), nullable=True))


def restore_venue() -> None:
    with op.batch_alter_table("venue", schema=None) as batch_op:
        batch_op.drop_column("premises")


def change_level() -> None:
    with op.batch_alter_table("level", schema=None) as batch_op:
        batch_op.add_column(sa.Column("frame", sa.Text(), nullable=True))


def restore_level() -> None:
    with op.batch_alter_table("level", schema=None) as batch_op:
        batch_op.drop_column("frame")


def change_placement() -> None:
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.add_column(sa.Column("facing_deg", sa.Float(), nullable=True))


def restore_placement() -> None:
    with op.batch_alter_table("placement", schema=None) as batch_op:
        batch_op.drop_column("facing_deg")


def change_zone() -> None:
    with op.batch_alter_table("zone", schema=None) as batch_op:
        batch_op.add_column(sa.Column("category", sa.String(length=64), nullable=True))


def restore_zone() -> None:
    with op.batch_alter_table("zone", schema=None) as batch_op:
        batch_op.drop_column("category")


TABLES = (
    draft,
    draft_command,
    plan_part,
    publication,
)
CHANGES = (
    (change_venue, restore_venue),
    (change_level, restore_level),
    (change_placement, restore_placement),
    (change_zone, restore_zone),
)
