"""Rules of gateways in the database: one row a venue, as JSON, which the contract reads."""

from typing import NamedTuple

import msgspec
from sqlalchemy import Connection, insert, select, update

from groundwork.contracts.gateway import GatewayRules
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import GatewayRulesRow


class Standing(NamedTuple):
    """A venue's rules, and since when they are so."""

    rules: GatewayRules
    changed_ms: int


def gateway_rules(conn: Connection, tenant: TenantId, venue: VenueId) -> Standing | None:
    """The venue's rules; None where nobody has decided any."""
    row = GatewayRulesRow
    found = conn.execute(select(row.rules, row.changed_ms).where(row.tenant == tenant, row.venue_id == venue)).one_or_none()
    return None if found is None else Standing(msgspec.json.decode(found.rules, type=GatewayRules), found.changed_ms)


def put_gateway_rules(conn: Connection, tenant: TenantId, venue: VenueId, rules: GatewayRules, now_ms: int) -> Standing | None:
    """Puts the rules in place of what was there, which is returned. The same again changes nothing."""
    raise_version(conn, tenant, "gateway_version")  # first, so that two operators wait for one another
    before = gateway_rules(conn, tenant, venue)
    values = {"rules": msgspec.json.encode(rules).decode(), "changed_ms": now_ms}
    row = GatewayRulesRow
    if before is None:
        conn.execute(insert(row).values(tenant=tenant, venue_id=venue, **values))
    elif before.rules != rules:
        conn.execute(update(row).where(row.tenant == tenant, row.venue_id == venue).values(**values))
    return before
