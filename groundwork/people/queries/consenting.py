"""Which of many shoppers consent to a purpose now, by pseudonym: for whoever works on their rows after the fact."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Connection, func, select

from groundwork.contracts.ids import Pseudonym, TenantId
from groundwork.people.tables import ConsentRow, ErasureRow, ShopperRow, TenantRow

_AT_ONCE = 500
"""Names in one statement; SQLite takes 32,766 values in one."""


class Withdrawal(NamedTuple):
    """A no in the consent chain."""

    seq: int
    shopper: Pseudonym
    at_ms: int


def consenting(conn: Connection, tenant: TenantId, shoppers: Collection[Pseudonym], purpose: str) -> frozenset[Pseudonym]:
    """Those whose last answer to `purpose` is yes, who do not pause, and whose erasure has not begun."""
    found: set[Pseudonym] = set()
    names = sorted(shoppers)
    for first in range(0, len(names), _AT_ONCE):
        found.update(_consenting(conn, tenant, names[first : first + _AT_ONCE], purpose))
    return frozenset(found)


def withdrawn(conn: Connection, tenant: TenantId, shoppers: Collection[Pseudonym], purpose: str) -> frozenset[Pseudonym]:
    """Those whose last answer to `purpose` is no; who was never asked is not among them, nor among `consenting`."""
    row, names = ConsentRow, sorted(shoppers)
    found: set[Pseudonym] = set()
    for first in range(0, len(names), _AT_ONCE):
        asked = (row.tenant == tenant, row.purpose == purpose, row.shopper.in_(names[first : first + _AT_ONCE]))
        last = select(func.max(row.seq)).where(*asked).group_by(row.shopper)
        no = select(row.shopper).where(row.tenant == tenant, row.granted.is_(False), row.seq.in_(last))
        found.update(map(Pseudonym, conn.scalars(no)))
    return frozenset(found)


def consent_ends(conn: Connection) -> dict[TenantId, int]:
    """How long every tenant's consent chain is."""
    return {TenantId(one.id): one.consent_seq for one in conn.execute(select(TenantRow.id, TenantRow.consent_seq).order_by(TenantRow.id))}


def withdrawals(conn: Connection, tenant: TenantId, after_seq: int, purpose: str) -> list[Withdrawal]:
    """Every no to the purpose that follows `after_seq` in the tenant's chain, in its order; a yes may have followed since."""
    row = ConsentRow
    no = (row.tenant == tenant, row.seq > after_seq, row.purpose == purpose, row.granted.is_(False))
    found = conn.execute(select(row.seq, row.shopper, row.at_ms).where(*no).order_by(row.seq))
    return [Withdrawal(one.seq, Pseudonym(one.shopper), one.at_ms) for one in found]


def _consenting(conn: Connection, tenant: TenantId, names: list[Pseudonym], purpose: str) -> list[Pseudonym]:
    row, her, erasure = ConsentRow, ShopperRow, ErasureRow
    asked = (row.tenant == tenant, row.purpose == purpose, row.shopper.in_(names))
    last = select(func.max(row.seq)).where(*asked).group_by(row.shopper)
    yes = select(row.shopper).where(row.tenant == tenant, row.granted, row.seq.in_(last))
    gone = select(erasure.pseudonym).where(erasure.tenant == tenant, erasure.pseudonym.in_(names))
    wanted = select(her.pseudonym).where(
        her.tenant == tenant, her.pseudonym.in_(yes), her.paused_until_ms.is_(None), her.pseudonym.not_in(gone)
    )
    return [Pseudonym(name) for name in conn.scalars(wanted.order_by(her.pseudonym))]
