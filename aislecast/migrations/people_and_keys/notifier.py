"""Tables of `notifier` in revision 0002."""

import sqlalchemy as sa
from alembic import op


def change_push() -> None:
    with op.batch_alter_table("push", schema=None) as batch_op:
        batch_op.add_column(sa.Column("consent_seq", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("consent_text", sa.String(length=64), nullable=True))


def restore_push() -> None:
    with op.batch_alter_table("push", schema=None) as batch_op:
        batch_op.drop_column("consent_text")
        batch_op.drop_column("consent_seq")


TABLES = ()
CHANGES = ((change_push, restore_push),)
