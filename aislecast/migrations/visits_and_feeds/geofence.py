"""Tables of `geofence` in revision 0003."""

import sqlalchemy as sa
from alembic import op


def arrival() -> None:
    op.create_table(
        "arrival",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("shopper", sa.String(length=32), nullable=False),
        sa.Column("track", sa.String(length=20), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("arrives_ms", sa.BigInteger(), nullable=True),
        sa.Column("heard_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "visit", name=op.f("pk_arrival")),
    )
    op.create_index("ix_arrival_tenant_shopper", "arrival", ["tenant", "shopper"], unique=False)
    op.create_index("ix_arrival_tenant_venue_since_ms", "arrival", ["tenant", "venue", "since_ms"], unique=False)


def chronicle() -> None:
    op.create_table(
        "chronicle",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "venue", name=op.f("pk_chronicle")),
    )


def counted() -> None:
    op.create_table(
        "counted",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "venue", name=op.f("pk_counted")),
    )


def feed() -> None:
    op.create_table(
        "feed",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=24), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("times", sa.String(length=16), nullable=False),
        sa.Column("url", sa.String(length=300), nullable=False),
        sa.Column("topic", sa.String(length=256), nullable=False),
        sa.Column("login", sa.String(length=200), nullable=False),
        sa.Column("password", sa.LargeBinary(), nullable=True),
        sa.Column("authorities", sa.Text(), nullable=False),
        sa.Column("client", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_feed")),
    )


def feed_receipt() -> None:
    op.create_table(
        "feed_receipt",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("feed", sa.String(length=24), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("tag", sa.LargeBinary(length=16), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "feed", "number", name=op.f("pk_feed_receipt")),
    )


def gateway_clock() -> None:
    op.create_table(
        "gateway_clock",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gateway", sa.String(length=64), nullable=False),
        sa.Column("offset_ms", sa.BigInteger(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "gateway", name=op.f("pk_gateway_clock")),
    )


def statistic() -> None:
    op.create_table(
        "statistic",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("figure", sa.String(length=16), nullable=False),
        sa.Column("step", sa.String(length=8), nullable=False),
        sa.Column("start_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("origin", sa.String(length=64), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("shoppers", sa.BigInteger(), nullable=False),
        sa.Column("spread", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "venue", "figure", "step", "start_ms", "zone", "origin", name=op.f("pk_statistic")),
    )


def webhook() -> None:
    op.create_table(
        "webhook",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("url", sa.String(length=2048), nullable=False),
        sa.Column("kinds", sa.Text(), nullable=False),
        sa.Column("venues", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("failing_since_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_webhook")),
    )


def webhook_attempt() -> None:
    op.create_table(
        "webhook_attempt",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("delivery", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("latency_ms", sa.BigInteger(), nullable=False),
        sa.Column("problem", sa.String(length=64), nullable=False),
        sa.Column("excerpt", sa.String(length=256), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "delivery", "at_ms", "attempt", name=op.f("pk_webhook_attempt")),
    )


def webhook_delivery() -> None:
    op.create_table(
        "webhook_delivery",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("webhook", sa.String(length=36), nullable=False),
        sa.Column("told_id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("shopper", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("queued_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_webhook_delivery")),
    )
    op.create_index("ix_webhook_delivery_due", "webhook_delivery", ["tenant", "webhook", "state", "next_ms"], unique=False)
    op.create_index("ix_webhook_delivery_shopper", "webhook_delivery", ["tenant", "shopper"], unique=False)
    op.create_index("ix_webhook_delivery_webhook_created", "webhook_delivery", ["tenant", "webhook", "created_ms"], unique=False)


def webhook_position() -> None:
    op.create_table(
        "webhook_position",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("webhook", sa.String(length=36), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "webhook", "venue", name=op.f("pk_webhook_position")),
    )


def change_visit() -> None:
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.add_column(sa.Column("number", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("end_number", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("measured", sa.Boolean(), nullable=True))
        batch_op.create_index("ix_visit_tenant_venue_end_number", ["tenant", "venue", "end_number"], unique=False)
        batch_op.create_index("ix_visit_tenant_venue_number", ["tenant", "venue", "number"], unique=False)


def restore_visit() -> None:
    with op.batch_alter_table("visit", schema=None) as batch_op:
        batch_op.drop_index("ix_visit_tenant_venue_number")
        batch_op.drop_index("ix_visit_tenant_venue_end_number")
        batch_op.drop_column("measured")
        batch_op.drop_column("end_number")
        batch_op.drop_column("number")


def change_zone_event() -> None:
    with op.batch_alter_table("zone_event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("arrives_ms", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("number", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("measured", sa.Boolean(), nullable=True))
        batch_op.create_index("ix_zone_event_tenant_venue_number", ["tenant", "venue", "number"], unique=False)


def restore_zone_event() -> None:
    with op.batch_alter_table("zone_event", schema=None) as batch_op:
        batch_op.drop_index("ix_zone_event_tenant_venue_number")
        batch_op.drop_column("measured")
        batch_op.drop_column("number")
        batch_op.drop_column("arrives_ms")


TABLES = (
    arrival,
    chronicle,
    counted,
    feed,
    feed_receipt,
    gateway_clock,
    statistic,
    webhook,
    webhook_attempt,
    webhook_delivery,
    webhook_position,
)
CHANGES = (
    (change_visit, restore_visit),
    (change_zone_event, restore_zone_event),
)
