"""Reports of the retention job in the database."""

from sqlalchemy import Connection, select

from groundwork.contracts.ids import TenantId
from groundwork.people.tables import RetentionRunRow, TenantRow
from groundwork.plumbing.db import insert_once


def add_retention_run(conn: Connection, tenant: TenantId, at_ms: int, report: bytes) -> bool:
    """Writes a report down; False where there is one of the same moment."""
    return insert_once(conn, RetentionRunRow, {"tenant": tenant, "at_ms": at_ms, "report": report})


def retention_runs(conn: Connection, tenant: TenantId, limit: int) -> list[tuple[int, bytes]]:
    """The tenant's newest reports with their moments, newest first."""
    row = RetentionRunRow
    wanted = select(row.at_ms, row.report).where(row.tenant == tenant).order_by(row.at_ms.desc()).limit(limit)
    return [(found.at_ms, found.report) for found in conn.execute(wanted)]


def tenant_beginnings(conn: Connection) -> list[tuple[TenantId, int]]:
    """Since when each tenant is here, by id."""
    found = conn.execute(select(TenantRow.id, TenantRow.created_ms).order_by(TenantRow.id))
    return [(TenantId(row.id), row.created_ms) for row in found]
