"""Tables of `notifier` in revision 0001."""

import sqlalchemy as sa
from alembic import op


def campaign() -> None:
    op.create_table(
        "campaign",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=8), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_campaign")),
    )


def coupon() -> None:
    op.create_table(
        "coupon",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("offer", sa.LargeBinary(), nullable=False),
        sa.Column("valid_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_ms", sa.BigInteger(), nullable=False),
        sa.Column("redeemed_ms", sa.BigInteger(), nullable=True),
        sa.Column("redemption_id", sa.String(length=32), nullable=True),
        sa.Column("times_redeemed", sa.Integer(), nullable=False),
        sa.Column("times_rolled_back", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_coupon")),
        sa.UniqueConstraint("tenant", "code_hash", name=op.f("uq_coupon_tenant_code_hash")),
    )
    op.create_index("ix_coupon_shopper", "coupon", ["tenant", "shopper_id"], unique=False)


def decision() -> None:
    op.create_table(
        "decision",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("zone_event", sa.String(length=64), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=True),
        sa.Column("pseudonym", sa.String(length=16), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("decided_ms", sa.BigInteger(), nullable=False),
        sa.Column("outcomes", sa.LargeBinary(), nullable=False),
        sa.Column("reasons", sa.LargeBinary(), nullable=False),
        sa.Column("grant_id", sa.String(length=32), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_decision")),
    )
    op.create_index("ix_decision_shopper", "decision", ["tenant", "shopper_id", "at_ms"], unique=False)


def grant() -> None:
    op.create_table(
        "grant",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.String(length=64), nullable=False),
        sa.Column("slot", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=8), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("decision_id", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_grant")),
        sa.UniqueConstraint("tenant", "campaign", "shopper_id", "visit", name=op.f("uq_grant_tenant_campaign_shopper_id_visit")),
        sa.UniqueConstraint("tenant", "shopper_id", "visit", "slot", name=op.f("uq_grant_tenant_shopper_id_visit_slot")),
    )


def purchase() -> None:
    op.create_table(
        "purchase",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("till", sa.String(length=128), nullable=False),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("vat_minor", sa.BigInteger(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=True),
        sa.Column("shopper_known", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_purchase")),
        sa.UniqueConstraint("tenant", "till", "receipt", name=op.f("uq_purchase_tenant_till_receipt")),
    )
    op.create_index("ix_purchase_shopper", "purchase", ["tenant", "shopper_id", "at_ms"], unique=False)


def push() -> None:
    op.create_table(
        "push",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("grant_id", sa.String(length=32), nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=False),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("visit", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.Column("stay_start_ms", sa.BigInteger(), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("next_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.String(length=64), nullable=False),
        sa.Column("provider_id", sa.String(length=200), nullable=False),
        sa.Column("ended_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_push")),
    )
    op.create_index("ix_push_due", "push", ["channel", "ended_ms", "next_ms"], unique=False)
    op.create_index("ix_push_shopper", "push", ["tenant", "shopper_id", "state"], unique=False)
    op.create_index("ix_push_visit", "push", ["tenant", "visit", "state"], unique=False)


def feed_entry() -> None:
    op.create_table(
        "feed_entry",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=False),
        sa.Column("sequence", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("push_id", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant", "push_id"], ["push.tenant", "push.id"], name=op.f("fk_feed_entry_tenant_push_id_push")),
        sa.PrimaryKeyConstraint("tenant", "shopper_id", "sequence", name=op.f("pk_feed_entry")),
        sa.UniqueConstraint("tenant", "push_id", name=op.f("uq_feed_entry_tenant_push_id")),
    )


def purchase_line() -> None:
    op.create_table(
        "purchase_line",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("purchase_id", sa.String(length=32), nullable=False),
        sa.Column("line", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("quantity", sa.Float(), nullable=False),
        sa.Column("net_minor", sa.BigInteger(), nullable=False),
        sa.Column("vat_minor", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "purchase_id"], ["purchase.tenant", "purchase.id"], name=op.f("fk_purchase_line_tenant_purchase_id_purchase")
        ),
        sa.PrimaryKeyConstraint("tenant", "purchase_id", "line", name=op.f("pk_purchase_line")),
    )


def redemption() -> None:
    op.create_table(
        "redemption",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=32), nullable=False),
        sa.Column("venue", sa.String(length=64), nullable=False),
        sa.Column("till", sa.String(length=128), nullable=False),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("coupon_id", sa.String(length=32), nullable=False),
        sa.Column("campaign", sa.String(length=64), nullable=False),
        sa.Column("discount_minor", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("redeemed_ms", sa.BigInteger(), nullable=False),
        sa.Column("rolled_back_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "coupon_id"], ["coupon.tenant", "coupon.id"], name=op.f("fk_redemption_tenant_coupon_id_coupon")
        ),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_redemption")),
        sa.UniqueConstraint("tenant", "till", "receipt", "coupon_id", name=op.f("uq_redemption_tenant_till_receipt_coupon_id")),
    )


TABLES = (
    campaign,
    coupon,
    decision,
    grant,
    purchase,
    push,
    feed_entry,
    purchase_line,
    redemption,
)
