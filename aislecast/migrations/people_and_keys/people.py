"""Tables of `groundwork.people` in revision 0002."""

import sqlalchemy as sa
from alembic import op


def gateway_rules() -> None:
    op.create_table(
        "gateway_rules",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("rules", sa.Text(), nullable=False),
        sa.Column("changed_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("tenant", "venue_id", name=op.f("pk_gateway_rules")),
    )


def community() -> None:
    op.create_table(
        "community",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("about_ar", sa.Text(), nullable=False),
        sa.Column("about_en", sa.Text(), nullable=False),
        sa.Column("open", sa.Boolean(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_community_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_community")),
    )


def consent_text() -> None:
    op.create_table(
        "consent_text",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("version", sa.String(length=64), nullable=False),
        sa.Column("text_ar", sa.Text(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_consent_text_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "purpose", "version", name=op.f("pk_consent_text")),
    )


def erasure() -> None:
    op.create_table(
        "erasure",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("pseudonym", sa.String(length=16), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=True),
        sa.Column("requested_ms", sa.BigInteger(), nullable=False),
        sa.Column("requested_by", sa.String(length=16), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_erasure_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_erasure")),
        sa.UniqueConstraint("tenant", "pseudonym", name=op.f("uq_erasure_tenant_pseudonym")),
    )
    op.create_index("ix_erasure_id", "erasure", ["id"], unique=False)
    op.create_index("ix_erasure_open", "erasure", ["done_ms"], unique=False)
    op.create_index("ix_erasure_requested", "erasure", ["tenant", "requested_ms"], unique=False)


def gateway_code() -> None:
    op.create_table(
        "gateway_code",
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gateway_id", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("used_ms", sa.BigInteger(), nullable=True),
        sa.Column("key_id", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_gateway_code_tenant_tenant")),
        sa.PrimaryKeyConstraint("code_hash", name=op.f("pk_gateway_code")),
    )


def identity_provider() -> None:
    op.create_table(
        "identity_provider",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("serves", sa.String(length=16), nullable=False),
        sa.Column("issuer", sa.String(length=300), nullable=False),
        sa.Column("audience", sa.String(length=300), nullable=False),
        sa.Column("algorithms", sa.String(length=100), nullable=False),
        sa.Column("jwks_url", sa.String(length=500), nullable=False),
        sa.Column("authorize_url", sa.String(length=500), nullable=True),
        sa.Column("token_url", sa.String(length=500), nullable=True),
        sa.Column("client_secret", sa.LargeBinary(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_identity_provider_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_identity_provider")),
        sa.UniqueConstraint("issuer", "audience", "serves", name=op.f("uq_identity_provider_issuer_audience_serves")),
    )


def operator() -> None:
    op.create_table(
        "operator",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("login", sa.String(length=200), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.String(length=300), nullable=True),
        sa.Column("provider_id", sa.String(length=64), nullable=True),
        sa.Column("subject_tag", sa.LargeBinary(length=32), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_operator_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_operator")),
        sa.UniqueConstraint("login", name=op.f("uq_operator_login")),
        sa.UniqueConstraint("tenant", "provider_id", "subject_tag", name=op.f("uq_operator_tenant_provider_id_subject_tag")),
    )


def retention_run() -> None:
    op.create_table(
        "retention_run",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("report", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_retention_run_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "at_ms", name=op.f("pk_retention_run")),
    )


def tag() -> None:
    op.create_table(
        "tag",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=True),
        sa.Column("code_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("beacon_key", sa.String(length=128), nullable=True),
        sa.Column("eid_key", sa.LargeBinary(), nullable=True),
        sa.Column("eid_exponent", sa.Integer(), nullable=True),
        sa.Column("eid_offset_s", sa.BigInteger(), nullable=True),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("retired_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_tag_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_tag")),
        sa.UniqueConstraint("tenant", "code_hash", name=op.f("uq_tag_tenant_code_hash")),
    )


def erasure_part() -> None:
    op.create_table(
        "erasure_part",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("erasure_id", sa.String(length=36), nullable=False),
        sa.Column("service", sa.String(length=32), nullable=False),
        sa.Column("rows", sa.BigInteger(), nullable=False),
        sa.Column("done_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "erasure_id"], ["erasure.tenant", "erasure.id"], name=op.f("fk_erasure_part_tenant_erasure_id_erasure")
        ),
        sa.PrimaryKeyConstraint("tenant", "erasure_id", "service", name=op.f("pk_erasure_part")),
    )


def identity() -> None:
    op.create_table(
        "identity",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("subject_tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "shopper_id"], ["shopper.tenant", "shopper.id"], name=op.f("fk_identity_tenant_shopper_id_shopper")
        ),
        sa.PrimaryKeyConstraint("tenant", "subject_tag", name=op.f("pk_identity")),
    )
    op.create_index("ix_identity_shopper", "identity", ["tenant", "shopper_id"], unique=False)


def membership() -> None:
    op.create_table(
        "membership",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=False),
        sa.Column("community_id", sa.String(length=64), nullable=False),
        sa.Column("joined_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "community_id"], ["community.tenant", "community.id"], name=op.f("fk_membership_tenant_community_id_community")
        ),
        sa.ForeignKeyConstraint(
            ["tenant", "shopper_id"], ["shopper.tenant", "shopper.id"], name=op.f("fk_membership_tenant_shopper_id_shopper")
        ),
        sa.PrimaryKeyConstraint("tenant", "shopper_id", "community_id", name=op.f("pk_membership")),
    )
    op.create_index("ix_membership_community", "membership", ["tenant", "community_id"], unique=False)


def operator_link() -> None:
    op.create_table(
        "operator_link",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=36), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "operator_id"], ["operator.tenant", "operator.id"], name=op.f("fk_operator_link_tenant_operator_id_operator")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_operator_link")),
    )
    op.create_index("ix_operator_link_operator", "operator_link", ["tenant", "operator_id"], unique=False)


def operator_session() -> None:
    op.create_table(
        "operator_session",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("operator_id", sa.String(length=36), nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("seen_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "operator_id"], ["operator.tenant", "operator.id"], name=op.f("fk_operator_session_tenant_operator_id_operator")
        ),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_operator_session")),
    )
    op.create_index("ix_operator_session_operator", "operator_session", ["tenant", "operator_id"], unique=False)


def push_target() -> None:
    op.create_table(
        "push_target",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("token_tag", sa.LargeBinary(length=32), nullable=False),
        sa.Column("fid", sa.LargeBinary(), nullable=True),
        sa.Column("refreshed_ms", sa.BigInteger(), nullable=False),
        sa.Column("failed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "device_id"], ["device.tenant", "device.id"], name=op.f("fk_push_target_tenant_device_id_device")
        ),
        sa.PrimaryKeyConstraint("tenant", "device_id", "channel", name=op.f("pk_push_target")),
    )
    op.create_index("ix_push_target_token", "push_target", ["tenant", "token_tag"], unique=False)


def change_access_key() -> None:
    with op.batch_alter_table("access_key", schema=None) as batch_op:
        batch_op.add_column(sa.Column("id", sa.String(length=36), nullable=True))
        batch_op.add_column(sa.Column("name", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("expires_ms", sa.BigInteger(), nullable=True))


def restore_access_key() -> None:
    with op.batch_alter_table("access_key", schema=None) as batch_op:
        batch_op.drop_column("expires_ms")
        batch_op.drop_column("name")
        batch_op.drop_column("id")


def change_shopper() -> None:
    with op.batch_alter_table("shopper", schema=None) as batch_op:
        batch_op.add_column(sa.Column("paused_until_ms", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_shopper_paused", ["paused_until_ms"], unique=False)


def restore_shopper() -> None:
    with op.batch_alter_table("shopper", schema=None) as batch_op:
        batch_op.drop_index("ix_shopper_paused")
        batch_op.drop_column("paused_until_ms")


def change_device() -> None:
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.add_column(sa.Column("installation_tag", sa.LargeBinary(length=32), nullable=True))
        batch_op.add_column(sa.Column("removed_ms", sa.BigInteger(), nullable=True))
        batch_op.create_index("ix_device_installation", ["tenant", "installation_tag"], unique=True)


def restore_device() -> None:
    with op.batch_alter_table("device", schema=None) as batch_op:
        batch_op.drop_index("ix_device_installation")
        batch_op.drop_column("removed_ms")
        batch_op.drop_column("installation_tag")


def change_beacon_binding() -> None:
    with op.batch_alter_table("beacon_binding", schema=None) as batch_op:
        batch_op.add_column(sa.Column("tag_id", sa.String(length=64), nullable=True))
        batch_op.add_column(sa.Column("ends_with_visit", sa.Boolean(), nullable=True))


def restore_beacon_binding() -> None:
    with op.batch_alter_table("beacon_binding", schema=None) as batch_op:
        batch_op.drop_column("ends_with_visit")
        batch_op.drop_column("tag_id")


TABLES = (
    gateway_rules,
    community,
    consent_text,
    erasure,
    gateway_code,
    identity_provider,
    operator,
    retention_run,
    tag,
    erasure_part,
    identity,
    membership,
    operator_link,
    operator_session,
    push_target,
)
CHANGES = (
    (change_access_key, restore_access_key),
    (change_shopper, restore_shopper),
    (change_device, restore_device),
    (change_beacon_binding, restore_beacon_binding),
)
