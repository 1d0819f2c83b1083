"""Identity providers in the database: whose word a tenant takes. The client secret goes in sealed and comes out only by asking for it."""

from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select, update

from groundwork.contracts.ids import TenantId
from groundwork.people.model import IdentityProvider
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import IdentityProviderRow

_NAMES: Final = tuple(IdentityProvider.__dataclass_fields__)
_COLUMNS: Final = tuple(getattr(IdentityProviderRow, name) for name in _NAMES)


class ProviderTaken(ValueError):
    """The issuer and audience belong to another row: a token must lead to one tenant."""


def put_identity_provider(conn: Connection, provider: IdentityProvider, client_secret: bytes | None, now_ms: int) -> None:
    """Adds the provider, or replaces the one with its id; `client_secret` is sealed, None keeps the one that is there.

    Raises ProviderTaken where issuer and audience stand for another, which may be another tenant's; ValueError for an unknown tenant.
    """
    raise_version(conn, provider.tenant, "people_version")  # changes of one tenant's providers wait for one another
    row = IdentityProviderRow
    same = select(row.tenant, row.id).where(row.issuer == provider.issuer, row.audience == provider.audience, row.serves == provider.serves)
    if any(tuple(taken) != (provider.tenant, provider.id) for taken in conn.execute(same)):
        raise ProviderTaken(f"issuer {provider.issuer!r} with audience {provider.audience!r} belongs to another identity provider")
    values = {name: getattr(provider, name) for name in _NAMES} | {"algorithms": " ".join(sorted(provider.algorithms))}
    if client_secret is not None:
        values["client_secret"] = client_secret
    this = (row.tenant == provider.tenant, row.id == provider.id)
    if conn.execute(update(row).where(*this).values(values)).rowcount == 0:
        conn.execute(insert(row).values(**values, created_ms=now_ms))


def identity_providers(conn: Connection, tenant: TenantId) -> list[IdentityProvider]:
    """The tenant's providers, by id."""
    wanted = select(*_COLUMNS).where(IdentityProviderRow.tenant == tenant).order_by(IdentityProviderRow.id)
    return [_provider(row) for row in conn.execute(wanted)]


def identity_provider(conn: Connection, tenant: TenantId, provider: str) -> IdentityProvider | None:
    """The provider, or None."""
    row = IdentityProviderRow
    found = conn.execute(select(*_COLUMNS).where(row.tenant == tenant, row.id == provider)).one_or_none()
    return _provider(found) if found else None


def providers_of_issuer(conn: Connection, serves: str, issuer: str, audiences: tuple[str, ...]) -> list[IdentityProvider]:
    """The providers, of any tenant, whose issuer and audience a token names: this is asked before the tenant is known."""
    row = IdentityProviderRow
    wanted = select(*_COLUMNS).where(row.serves == serves, row.issuer == issuer, row.audience.in_(audiences))
    return [_provider(found) for found in conn.execute(wanted.order_by(row.tenant, row.id))]


def sealed_client_secret(conn: Connection, tenant: TenantId, provider: str) -> bytes | None:
    """The secret as it was sealed, for the exchange of a code; None where there is none."""
    row = IdentityProviderRow
    return conn.scalar(select(row.client_secret).where(row.tenant == tenant, row.id == provider))


def remove_identity_provider(conn: Connection, tenant: TenantId, provider: str) -> bool:
    """Its word counts no more: nobody signs in by it from now on. False where there was none."""
    row = IdentityProviderRow
    return conn.execute(delete(row).where(row.tenant == tenant, row.id == provider)).rowcount > 0


def _provider(row: Row[Any]) -> IdentityProvider:
    return IdentityProvider(**{**row._mapping, "algorithms": tuple(row.algorithms.split())})
