"""Tenants in the database, and how often what belongs to one has changed.

Whoever changes a tenant's people or gateways first raises the version here. That row's lock makes the changes of one tenant wait for one
another, so versions commit in order and a reader that asks "what changed after 41" misses nothing.
"""

from typing import Literal

from sqlalchemy import Connection, insert, select, update

from groundwork.contracts.ids import TenantId
from groundwork.people.consent import BEGINNING
from groundwork.people.consent_texts import defaults
from groundwork.people.model import Tenant, Versions
from groundwork.people.tables import ConsentTextRow, TenantRow


def add_tenant(conn: Connection, *, tenant: TenantId, name_ar: str, name_en: str, salt: bytes, now_ms: int) -> None:
    """Adds the tenant with 32 random bytes of `salt`; one that is there keeps its salt and gets the new names.

    A fresh one starts with the default consent texts.
    """
    names = {"name_ar": name_ar, "name_en": name_en}
    if conn.execute(update(TenantRow).where(TenantRow.id == tenant).values(names)).rowcount == 0:
        conn.execute(insert(TenantRow).values(id=tenant, salt=salt, consent_hash=BEGINNING, created_ms=now_ms, **names))
        texts = [
            {"tenant": tenant, "purpose": t.purpose, "version": t.version, "text_ar": t.ar, "text_en": t.en, "created_ms": t.created_ms}
            for t in defaults(now_ms)
        ]
        conn.execute(insert(ConsentTextRow), texts)


def tenants(conn: Connection) -> list[Tenant]:
    """Every tenant, by id."""
    wanted = select(TenantRow.id, TenantRow.name_ar, TenantRow.name_en, TenantRow.salt).order_by(TenantRow.id)
    return [Tenant(TenantId(row.id), row.name_ar, row.name_en, row.salt) for row in conn.execute(wanted)]


def versions(conn: Connection) -> list[Versions]:
    """How often each tenant's people and gateways have changed; cheap enough to ask once a second."""
    wanted = select(TenantRow.id, TenantRow.people_version, TenantRow.gateway_version).order_by(TenantRow.id)
    return [Versions(TenantId(row.id), row.people_version, row.gateway_version) for row in conn.execute(wanted)]


def raise_version(conn: Connection, tenant: TenantId, what: Literal["people_version", "gateway_version"]) -> int:
    """Counts a change and returns the new version; the tenant's next change waits for this transaction. Raises ValueError if unknown."""
    column = TenantRow.__table__.c[what]
    raised = update(TenantRow).where(TenantRow.id == tenant).values({what: column + 1}).returning(column)
    version = conn.scalar(raised)
    if version is None:
        raise ValueError(f"tenant {tenant!r} is unknown: add_tenant comes first")
    return int(version)
