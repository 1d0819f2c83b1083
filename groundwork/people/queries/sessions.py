"""Signed-in browsers, by the hash of their cookie. What has ended is deleted."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, insert, select, update

from groundwork.contracts.ids import TenantId
from groundwork.people.operators import ACTIVE
from groundwork.people.tables import OperatorRow, OperatorSessionRow


@dataclass(frozen=True, slots=True)
class BrowserSignIn:
    """One signed-in browser of an operator."""

    tenant: TenantId
    operator_id: str
    id: str
    token_hash: bytes
    created_ms: int
    seen_ms: int
    expires_ms: int


@dataclass(frozen=True, slots=True)
class LiveSignIn:
    """What an access check asks of a browser: whose it is, what she may do, and since when it has been idle."""

    tenant: TenantId
    operator_id: str
    roles: frozenset[str]
    scopes: frozenset[str]
    seen_ms: int
    expires_ms: int


_COLUMNS = tuple(getattr(OperatorSessionRow, name) for name in BrowserSignIn.__dataclass_fields__)


def add_sign_in(conn: Connection, made: BrowserSignIn) -> None:
    """Adds the browser, and forgets those of the same operator whose time is over."""
    row = OperatorSessionRow
    over = (row.tenant == made.tenant, row.operator_id == made.operator_id, row.expires_ms <= made.created_ms)
    conn.execute(delete(row).where(*over))
    conn.execute(insert(row).values(**{name: getattr(made, name) for name in BrowserSignIn.__dataclass_fields__}))


def live_sign_in(conn: Connection, token_hash: bytes) -> LiveSignIn | None:
    """Whose browser has this cookie; None when unknown, or her account is not active."""
    row, hers = OperatorSessionRow, OperatorRow
    wanted = select(row.tenant, row.operator_id, hers.roles, hers.scopes, row.seen_ms, row.expires_ms)
    wanted = wanted.join(hers, (hers.tenant == row.tenant) & (hers.id == row.operator_id))
    found = conn.execute(wanted.where(row.token_hash == token_hash, hers.state == ACTIVE)).one_or_none()
    if found is None:
        return None
    roles, scopes = frozenset(found.roles.split()), frozenset(found.scopes.split())
    return LiveSignIn(TenantId(found.tenant), found.operator_id, roles, scopes, found.seen_ms, found.expires_ms)


def see_sign_in(conn: Connection, token_hash: bytes, now_ms: int) -> None:
    """Notes that the browser was seen now."""
    row = OperatorSessionRow
    conn.execute(update(row).where(row.token_hash == token_hash, row.seen_ms < now_ms).values(seen_ms=now_ms))


def sign_ins(conn: Connection, tenant: TenantId, operator_id: str) -> list[BrowserSignIn]:
    """The operator's browsers, the newest first."""
    row = OperatorSessionRow
    hers = select(*_COLUMNS).where(row.tenant == tenant, row.operator_id == operator_id)
    return [BrowserSignIn(*found) for found in conn.execute(hers.order_by(row.created_ms.desc(), row.id.desc()))]


def end_sign_in(conn: Connection, tenant: TenantId, operator_id: str, sign_in: str) -> bool:
    """Ends one browser of the operator; False when she has no such one."""
    row = OperatorSessionRow
    return conn.execute(delete(row).where(row.tenant == tenant, row.operator_id == operator_id, row.id == sign_in)).rowcount > 0


def end_sign_ins(conn: Connection, tenant: TenantId, operator_id: str, but: bytes = b"") -> int:
    """Ends all browsers of the operator, `but` the one whose cookie has this hash; returns how many."""
    row = OperatorSessionRow
    hers = delete(row).where(row.tenant == tenant, row.operator_id == operator_id, row.token_hash != but)
    return conn.execute(hers).rowcount
