"""Tables of `groundwork.people` in revision 0001."""

import sqlalchemy as sa
from alembic import op


def tenant() -> None:
    op.create_table(
        "tenant",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("name_ar", sa.String(length=200), nullable=False),
        sa.Column("name_en", sa.String(length=200), nullable=False),
        sa.Column("salt", sa.LargeBinary(length=32), nullable=False),
        sa.Column("people_version", sa.BigInteger(), nullable=False),
        sa.Column("gateway_version", sa.BigInteger(), nullable=False),
        sa.Column("consent_seq", sa.BigInteger(), nullable=False),
        sa.Column("consent_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tenant")),
    )


def access_key() -> None:
    op.create_table(
        "access_key",
        sa.Column("token_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False),
        sa.Column("grants", sa.Text(), nullable=False),
        sa.Column("scopes", sa.Text(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_access_key_tenant_tenant")),
        sa.PrimaryKeyConstraint("token_hash", name=op.f("pk_access_key")),
    )
    op.create_index("ix_access_key_subject", "access_key", ["tenant", "subject"], unique=False)


def consent() -> None:
    op.create_table(
        "consent",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("seq", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("shopper", sa.String(length=16), nullable=False),
        sa.Column("purpose", sa.String(length=32), nullable=False),
        sa.Column("granted", sa.Boolean(), nullable=False),
        sa.Column("text_version", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("previous", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_consent_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "seq", name=op.f("pk_consent")),
    )
    op.create_index("ix_consent_shopper", "consent", ["tenant", "shopper", "purpose", "seq"], unique=False)


def day_key() -> None:
    op.create_table(
        "day_key",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("day", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("key", sa.LargeBinary(length=16), nullable=True),
        sa.Column("check_bits", sa.BigInteger(), nullable=False),
        sa.Column("destroyed_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_day_key_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "day", name=op.f("pk_day_key")),
    )


def gateway() -> None:
    op.create_table(
        "gateway",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("venue_id", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("via", sa.String(length=64), nullable=True),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_gateway_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_gateway")),
    )
    op.create_index("ix_gateway_venue", "gateway", ["tenant", "venue_id"], unique=False)


def shopper() -> None:
    op.create_table(
        "shopper",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("pseudonym", sa.String(length=16), nullable=False),
        sa.Column("key", sa.LargeBinary(length=32), nullable=True),
        sa.Column("language", sa.String(length=2), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["tenant"], ["tenant.id"], name=op.f("fk_shopper_tenant_tenant")),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_shopper")),
        sa.UniqueConstraint("tenant", "pseudonym", name=op.f("uq_shopper_tenant_pseudonym")),
    )
    op.create_index("ix_shopper_changed", "shopper", ["tenant", "changed"], unique=False)


def device() -> None:
    op.create_table(
        "device",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("shopper_id", sa.String(length=64), nullable=False),
        sa.Column("track", sa.BigInteger(), nullable=False),
        sa.Column("enrolment", sa.BigInteger(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant", "shopper_id"], ["shopper.tenant", "shopper.id"], name=op.f("fk_device_tenant_shopper_id_shopper")
        ),
        sa.PrimaryKeyConstraint("tenant", "id", name=op.f("pk_device")),
        sa.UniqueConstraint("tenant", "enrolment", name=op.f("uq_device_tenant_enrolment")),
        sa.UniqueConstraint("tenant", "track", name=op.f("uq_device_tenant_track")),
    )
    op.create_index("ix_device_shopper", "device", ["tenant", "shopper_id"], unique=False)


def gateway_key() -> None:
    op.create_table(
        "gateway_key",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("gateway_id", sa.String(length=64), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=32), nullable=False),
        sa.Column("valid_from_ms", sa.BigInteger(), nullable=False),
        sa.Column("valid_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("revoked_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "gateway_id"], ["gateway.tenant", "gateway.id"], name=op.f("fk_gateway_key_tenant_gateway_id_gateway")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_gateway_key")),
    )


def beacon_binding() -> None:
    op.create_table(
        "beacon_binding",
        sa.Column("tenant", sa.String(length=64), nullable=False),
        sa.Column("beacon_key", sa.String(length=128), nullable=False),
        sa.Column("from_ms", sa.BigInteger(), nullable=False),
        sa.Column("device_id", sa.String(length=64), nullable=False),
        sa.Column("until_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant", "device_id"], ["device.tenant", "device.id"], name=op.f("fk_beacon_binding_tenant_device_id_device")
        ),
        sa.PrimaryKeyConstraint("tenant", "beacon_key", "from_ms", name=op.f("pk_beacon_binding")),
    )
    op.create_index("ix_beacon_binding_device", "beacon_binding", ["tenant", "device_id"], unique=False)


TABLES = (
    tenant,
    access_key,
    consent,
    day_key,
    gateway,
    shopper,
    device,
    gateway_key,
    beacon_binding,
)
