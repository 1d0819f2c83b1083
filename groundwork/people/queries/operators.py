"""Operators' accounts and their one-time links."""

from sqlalchemy import Connection, delete, insert, select, update

from groundwork.contracts.ids import TenantId
from groundwork.people.operators import ACTIVE, Operator
from groundwork.people.queries.shoppers import AnyRow
from groundwork.people.tables import OperatorLinkRow, OperatorRow

_COLUMNS = tuple(
    getattr(OperatorRow, name)
    for name in ("tenant", "id", "login", "name", "language", "roles", "scopes", "state", "created_ms", "password_hash", "provider_id")
)


def add_operator(conn: Connection, operator: Operator) -> None:
    """Adds the account. Raises ValueError where its login is taken, which may be by another tenant's."""
    if operator_of_login(conn, operator.login) is not None:
        raise ValueError(f"login {operator.login!r} is taken")
    columns = {"roles": " ".join(sorted(operator.roles)), "scopes": " ".join(sorted(operator.scopes))}
    plain = ("tenant", "id", "login", "name", "language", "state", "created_ms", "password_hash")
    conn.execute(insert(OperatorRow).values(**{name: getattr(operator, name) for name in plain}, **columns))


def change_operator(conn: Connection, operator: Operator) -> None:
    """Writes everything but login and birth."""
    columns = {"roles": " ".join(sorted(operator.roles)), "scopes": " ".join(sorted(operator.scopes))}
    plain = {name: getattr(operator, name) for name in ("name", "language", "state", "password_hash")}
    hers = update(OperatorRow).where(OperatorRow.tenant == operator.tenant, OperatorRow.id == operator.id)
    conn.execute(hers.values(**plain, **columns))


def operator_of_login(conn: Connection, login: str) -> Operator | None:
    """The account with this login (its one form), of whatever tenant."""
    row = conn.execute(select(*_COLUMNS).where(OperatorRow.login == login)).one_or_none()
    return _operator(row) if row else None


def operator_of_subject(conn: Connection, tenant: TenantId, provider: str, subject_tag: bytes) -> Operator | None:
    """The account that the provider's name for a person, as a tag, is tied to."""
    mine = (OperatorRow.tenant == tenant, OperatorRow.provider_id == provider, OperatorRow.subject_tag == subject_tag)
    row = conn.execute(select(*_COLUMNS).where(*mine)).one_or_none()
    return _operator(row) if row else None


def tie_operator(conn: Connection, operator: Operator, provider: str, subject_tag: bytes) -> None:
    """From now on whom the provider calls so is this operator."""
    hers = update(OperatorRow).where(OperatorRow.tenant == operator.tenant, OperatorRow.id == operator.id)
    conn.execute(hers.values(provider_id=provider, subject_tag=subject_tag))


def operator(conn: Connection, tenant: TenantId, operator_id: str) -> Operator | None:
    """The tenant's account of this id."""
    row = conn.execute(select(*_COLUMNS).where(OperatorRow.tenant == tenant, OperatorRow.id == operator_id)).one_or_none()
    return _operator(row) if row else None


def operators(conn: Connection, tenant: TenantId) -> list[Operator]:
    """The tenant's accounts, by login."""
    rows = conn.execute(select(*_COLUMNS).where(OperatorRow.tenant == tenant).order_by(OperatorRow.login))
    return [_operator(row) for row in rows]


def add_link(conn: Connection, whose: Operator, token_hash: bytes, now_ms: int, expires_ms: int) -> None:
    """Adds a one-time link; those the operator had are void."""
    void_links(conn, whose)
    columns = {"tenant": whose.tenant, "operator_id": whose.id, "created_ms": now_ms, "expires_ms": expires_ms}
    conn.execute(insert(OperatorLinkRow).values(token_hash=token_hash, **columns))


def void_links(conn: Connection, whose: Operator) -> None:
    """Ends every link of the operator."""
    conn.execute(delete(OperatorLinkRow).where(OperatorLinkRow.tenant == whose.tenant, OperatorLinkRow.operator_id == whose.id))


def link_holder(conn: Connection, token_hash: bytes, now_ms: int) -> tuple[Operator, int] | None:
    """Whose link this is and when it ends; None where it is unknown, was used or replaced, or has run out."""
    row = OperatorLinkRow
    wanted = select(row.tenant, row.operator_id, row.expires_ms).where(row.token_hash == token_hash, row.expires_ms > now_ms)
    found = conn.execute(wanted).one_or_none()
    if found is None:
        return None
    holder = operator(conn, TenantId(found.tenant), found.operator_id)
    return (holder, found.expires_ms) if holder else None


def nobody_has_signed_in(conn: Connection, tenant: TenantId) -> bool:
    """Whether no account of the tenant was ever made use of."""
    return all(each.password_hash is None and each.state != ACTIVE for each in operators(conn, tenant))


def _operator(row: AnyRow) -> Operator:
    return Operator(
        TenantId(row.tenant),
        row.id,
        row.login,
        row.name,
        row.language,
        frozenset(row.roles.split()),
        frozenset(row.scopes.split()),
        row.state,
        row.created_ms,
        row.password_hash,
        row.provider_id,
    )
