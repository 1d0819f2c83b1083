"""Clocks of boxes in the database: by how much each is off, so that a restart need not find out again."""

from sqlalchemy import Connection, select

from geofence.intake.clocks import Skew
from geofence.tables import GatewayClockRow
from groundwork.contracts.ids import GatewayId, TenantId
from groundwork.plumbing.db import upsert


def skews(conn: Connection, tenant: TenantId | None = None) -> list[Skew]:
    """The boxes of the tenant, or of all, whose clocks are off, by tenant and id."""
    row = GatewayClockRow
    wanted = select(row.tenant, row.gateway, row.offset_ms, row.since_ms).where(row.offset_ms != 0).order_by(row.tenant, row.gateway)
    found = conn.execute(wanted if tenant is None else wanted.where(row.tenant == tenant))
    return [Skew(TenantId(one.tenant), GatewayId(one.gateway), one.offset_ms, one.since_ms) for one in found]


def put_skew(conn: Connection, skew: Skew) -> None:
    """Notes what the box's clock is off by; 0 where it is right again."""
    upsert(conn, GatewayClockRow, skew._asdict(), ("tenant", "gateway"))
