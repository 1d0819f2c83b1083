"""What revision 0003 does to rows, by hand: apps that are signed in already may ask the way, like those that sign in from now on."""

from alembic import op
from sqlalchemy import text

_PHONES = text(
    """
    UPDATE access_key SET grants = grants || ' ways.find'
    WHERE ' ' || grants || ' ' LIKE '% ranging.send %' AND ' ' || grants || ' ' NOT LIKE '% ways.find %'
    """
)
"""Grants stand sorted, one space between, and no other of a phone's comes after `ways.find`. Only phones may send ranging reports."""


def change() -> None:
    op.execute(_PHONES)
