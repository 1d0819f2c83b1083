"""Gateways as operators and boxes change them: codes to enrol with, keys taken in and revoked, and the list of it all."""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, insert, or_, select, update

from groundwork.contracts.ids import GatewayId, GatewayKeyId, TenantId, VenueId
from groundwork.people.enrolment import Refused, key_id_of
from groundwork.people.queries.keys import AnyRow, add_gateway, add_gateway_key
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import GatewayCodeRow, GatewayKeyRow, GatewayRow

ACTIVE = "active"
REVOKED = "revoked"


class Enrolled(NamedTuple):
    """What an enrolment answers, and whether it was given before."""

    tenant: TenantId
    gateway: GatewayId
    venue: VenueId
    key: GatewayKeyId
    repeat: bool


class Rotated(NamedTuple):
    """What a rotation answers, and whether it was given before."""

    key: GatewayKeyId
    valid_from_ms: int
    previous_until_ms: int
    repeat: bool


def gateway_rows(conn: Connection, tenant: TenantId, venues: Iterable[str] = ()) -> list[AnyRow]:
    """The tenant's gateways by id, or those of `venues` where any are named."""
    wanted = select(GatewayRow.__table__).where(GatewayRow.tenant == tenant).order_by(GatewayRow.id)
    places = list(venues)
    return list(conn.execute(wanted.where(GatewayRow.venue_id.in_(places)) if places else wanted))


def gateway_row(conn: Connection, tenant: TenantId, gateway: GatewayId) -> AnyRow | None:
    """One gateway, or None."""
    wanted = select(GatewayRow.__table__).where(GatewayRow.tenant == tenant, GatewayRow.id == gateway)
    return conn.execute(wanted).one_or_none()


def gateway_key_rows(conn: Connection, tenant: TenantId) -> list[AnyRow]:
    """Every key of the tenant's gateways, live or not, oldest first."""
    row = GatewayKeyRow
    return list(conn.execute(select(row.__table__).where(row.tenant == tenant).order_by(row.valid_from_ms, row.id)))


def issue_gateway_code(
    conn: Connection, *, tenant: TenantId, gateway: GatewayId, venue: VenueId, name: str, code_hash: bytes, now_ms: int, expires_ms: int
) -> None:
    """Notes a code; one for the same gateway that was not used ends."""
    row = GatewayCodeRow
    open_ones = update(row).where(row.tenant == tenant, row.gateway_id == gateway, row.used_ms.is_(None), row.expires_ms > now_ms)
    conn.execute(open_ones.values(expires_ms=now_ms))
    values = {"gateway_id": gateway, "venue_id": venue, "name": name, "created_ms": now_ms, "expires_ms": expires_ms}
    conn.execute(insert(row).values(tenant=tenant, code_hash=code_hash, **values))


def enrol_gateway(conn: Connection, code_hash: bytes, public_key: bytes, now_ms: int) -> Enrolled:
    """Spends the code: the gateway stands, with this key and no other. The same key again gets the same answer. Raises Refused.

    A box that takes another's place ends the keys of the one before: whoever has the code is the gateway now.
    """
    row, key = GatewayCodeRow, key_id_of(public_key)
    live = update(row).where(row.code_hash == code_hash, row.used_ms.is_(None), row.expires_ms > now_ms)
    spent = conn.execute(live.values(used_ms=now_ms, key_id=key)).rowcount == 1
    code = conn.execute(select(row.__table__).where(row.code_hash == code_hash)).one_or_none()
    if code is None or code.key_id != key:
        raise Refused("wrong_code")
    tenant, gateway, venue = TenantId(code.tenant), GatewayId(code.gateway_id), VenueId(code.venue_id)
    enrolled = Enrolled(tenant, gateway, venue, key, not spent)
    known = _known(conn, key, tenant, gateway)
    if spent:
        add_gateway(conn, tenant=tenant, gateway=gateway, venue=venue, name=code.name, now_ms=now_ms)
        _revoke(conn, tenant, gateway, now_ms, but=key)
        if known is None:
            add_gateway_key(conn, tenant=tenant, gateway=gateway, key=key, public_key=public_key, valid_from_ms=now_ms)
    return enrolled


def rotate_gateway_key(
    conn: Connection, *, tenant: TenantId, gateway: GatewayId, old: GatewayKeyId, public_key: bytes, now_ms: int, overlap_ms: int
) -> Rotated:
    """Takes in the gateway's next key; those it has end after the overlap. The same key again gets the same answer. Raises Refused."""
    key = key_id_of(public_key)
    if key == old:
        raise Refused("key_taken")
    known = _known(conn, key, tenant, gateway)
    if known is None:
        add_gateway_key(conn, tenant=tenant, gateway=gateway, key=key, public_key=public_key, valid_from_ms=now_ms)
        until_ms, row = now_ms + overlap_ms, GatewayKeyRow
        others = update(row).where(row.tenant == tenant, row.gateway_id == gateway, row.id != key, row.revoked_ms.is_(None))
        conn.execute(others.where(or_(row.valid_until_ms.is_(None), row.valid_until_ms > until_ms)).values(valid_until_ms=until_ms))
    previous_until_ms = conn.scalar(select(GatewayKeyRow.valid_until_ms).where(GatewayKeyRow.id == old))
    return Rotated(key, known.valid_from_ms if known else now_ms, previous_until_ms or now_ms, known is not None)


def revoke_gateway(conn: Connection, tenant: TenantId, gateway: GatewayId, now_ms: int) -> bool:
    """Ends the gateway and every key it has; False where there is none or it was ended before. A new code brings it back."""
    row = GatewayRow
    live = update(row).where(row.tenant == tenant, row.id == gateway, row.state == ACTIVE)
    if conn.execute(live.values(state=REVOKED)).rowcount == 0:
        return False
    _revoke(conn, tenant, gateway, now_ms)
    raise_version(conn, tenant, "gateway_version")
    return True


def _known(conn: Connection, key: GatewayKeyId, tenant: TenantId, gateway: GatewayId) -> AnyRow | None:
    """The key where this gateway has it already. Raises Refused where it is another's, or was revoked."""
    row = GatewayKeyRow
    known = conn.execute(select(row.__table__).where(row.id == key)).one_or_none()
    if known is not None and (known.tenant, known.gateway_id) != (tenant, gateway):
        raise Refused("key_taken")
    if known is not None and known.revoked_ms is not None:
        raise Refused("key_revoked")
    return known


def _revoke(conn: Connection, tenant: TenantId, gateway: GatewayId, now_ms: int, but: GatewayKeyId | None = None) -> None:
    row = GatewayKeyRow
    live = update(row).where(row.tenant == tenant, row.gateway_id == gateway, row.revoked_ms.is_(None))
    conn.execute((live if but is None else live.where(row.id != but)).values(revoked_ms=now_ms))
