"""Keys in the database: who may sign, who may call, and the day keys that seal shopper tokens.

Nothing here is ever handed over: an id that stands for a key keeps standing for it, and what is revoked or destroyed stays so.
"""

from collections.abc import Iterable
from typing import Any, TypeAlias

from sqlalchemy import Connection, Row, and_, insert, select, update

from groundwork.contracts.ids import GatewayId, GatewayKeyId, TenantId, VenueId
from groundwork.people.model import GATEWAY_GRANTS, DayKey, Gateway
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import AccessKeyRow, DayKeyRow, GatewayKeyRow, GatewayRow, TenantRow
from groundwork.plumbing.auth import Caller, Signer

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

_ACTIVE = "active"


def add_gateway(
    conn: Connection, *, tenant: TenantId, gateway: GatewayId, venue: VenueId, name: str, via: GatewayId | None = None, now_ms: int
) -> None:
    """Adds the gateway, or moves and renames it. Raises ValueError when the tenant, or the box `via` it hangs on, is unknown."""
    raise_version(conn, tenant, "gateway_version")
    if via is not None and not any(known.id == via for known in gateways(conn, tenant)):
        raise ValueError(f"gateway {gateway!r} hangs on {via!r}, which tenant {tenant!r} does not have: add the box first")
    values = {"venue_id": venue, "name": name, "via": via, "state": _ACTIVE}
    here = update(GatewayRow).where(GatewayRow.tenant == tenant, GatewayRow.id == gateway)
    if conn.execute(here.values(values)).rowcount == 0:
        conn.execute(insert(GatewayRow).values(tenant=tenant, id=gateway, created_ms=now_ms, **values))


def gateways(conn: Connection, tenant: TenantId, venue: VenueId | None = None) -> list[Gateway]:
    """The tenant's gateways, or those of one venue, by id."""
    row = GatewayRow
    wanted = select(row.id, row.venue_id, row.via, row.name).where(row.tenant == tenant).order_by(row.id)
    if venue is not None:
        wanted = wanted.where(row.venue_id == venue)
    boxes = conn.execute(wanted)
    return [Gateway(GatewayId(b.id), VenueId(b.venue_id), GatewayId(b.via) if b.via else None, b.name) for b in boxes]


def add_gateway_key(
    conn: Connection,
    *,
    tenant: TenantId,
    gateway: GatewayId,
    key: GatewayKeyId,
    public_key: bytes,
    valid_from_ms: int,
    valid_until_ms: int | None = None,
) -> None:
    """Lets the gateway sign with this key (32 raw bytes of Ed25519) beside those it has. The same again changes only its end.

    Raises ValueError for a key id that stands for another key, which may be another tenant's, and for an unknown gateway.
    """
    raise_version(conn, tenant, "gateway_version")
    row = GatewayKeyRow
    known = conn.execute(select(row.tenant, row.gateway_id, row.public_key).where(row.id == key)).one_or_none()
    if known is not None and tuple(known) != (tenant, gateway, public_key):
        raise ValueError(f"gateway key id {key!r} is taken")
    if not any(box.id == gateway for box in gateways(conn, tenant)):
        raise ValueError(f"gateway {gateway!r} of tenant {tenant!r} is unknown: add_gateway comes before add_gateway_key")
    if known is not None:
        conn.execute(update(row).where(row.id == key).values(valid_until_ms=valid_until_ms))
        return
    span = {"valid_from_ms": valid_from_ms, "valid_until_ms": valid_until_ms}
    conn.execute(insert(row).values(id=key, tenant=tenant, gateway_id=gateway, public_key=public_key, **span))


def revoke_gateway_key(conn: Connection, tenant: TenantId, key: GatewayKeyId, now_ms: int) -> bool:
    """Ends the key for good; False when the tenant has no such key or it was revoked before."""
    raise_version(conn, tenant, "gateway_version")
    row = GatewayKeyRow
    live = update(row).where(row.id == key, row.tenant == tenant, row.revoked_ms.is_(None))
    return conn.execute(live.values(revoked_ms=now_ms)).rowcount > 0


def signers(conn: Connection) -> dict[str, Signer]:
    """Every gateway key of every tenant that is not revoked, with the caller it stands for, limited to its venue."""
    key, box = GatewayKeyRow, GatewayRow
    wanted = select(key.id, key.tenant, key.gateway_id, key.public_key, key.valid_from_ms, key.valid_until_ms, box.venue_id)
    wanted = wanted.join(box, and_(box.tenant == key.tenant, box.id == key.gateway_id))
    alive = wanted.where(key.revoked_ms.is_(None), box.state == _ACTIVE).order_by(key.id)
    return {row.id: _signer(row) for row in conn.execute(alive)}


def add_access_key(
    conn: Connection,
    *,
    tenant: TenantId,
    subject: str,
    token_hash: bytes,
    grants: Iterable[str],
    scopes: Iterable[str] = (),
    now_ms: int,
) -> None:
    """Lets whoever shows the token of this hash call as `subject`; the same hash again is left as it is, revoked if it was.

    Raises ValueError when the hash stands for another subject; a token is never handed over.
    """
    row = AccessKeyRow
    held = conn.execute(select(row.tenant, row.subject).where(row.token_hash == token_hash)).one_or_none()
    if held is None:
        texts = {"grants": " ".join(sorted(grants)), "scopes": " ".join(sorted(scopes))}
        conn.execute(insert(row).values(tenant=tenant, subject=subject, token_hash=token_hash, created_ms=now_ms, **texts))
    elif tuple(held) != (tenant, subject):
        raise ValueError(f"the access key for {subject!r} of tenant {tenant!r} stands for another caller")


def caller_of(conn: Connection, token_hash: bytes) -> Caller | None:
    """Whose bearer token has this hash; None when unknown or revoked."""
    row = AccessKeyRow
    wanted = select(row.tenant, row.subject, row.grants, row.scopes, row.expires_ms)
    found = conn.execute(wanted.where(row.token_hash == token_hash, row.revoked_ms.is_(None))).one_or_none()
    if found is None:
        return None
    return Caller(found.tenant, found.subject, frozenset(found.grants.split()), frozenset(found.scopes.split()), found.expires_ms)


def revoke_access_key(conn: Connection, tenant: TenantId, token_hash: bytes, now_ms: int) -> bool:
    """Ends the token for good; False when the tenant has no such token or it was revoked before."""
    row = AccessKeyRow
    live = update(row).where(row.token_hash == token_hash, row.tenant == tenant, row.revoked_ms.is_(None))
    return conn.execute(live.values(revoked_ms=now_ms)).rowcount > 0


def add_day_key(conn: Connection, tenant: TenantId, day_key: DayKey) -> None:
    """Adds the key of a day; the same again is left as it is. Raises ValueError for another key or for a day that was destroyed."""
    raise_version(conn, tenant, "people_version")
    row = DayKeyRow
    known = conn.execute(select(row.key, row.check_bits).where(row.tenant == tenant, row.day == day_key.day)).one_or_none()
    if known is None:
        conn.execute(insert(row).values(tenant=tenant, day=day_key.day, key=day_key.key, check_bits=day_key.check))
    elif (known.key, known.check_bits) != (day_key.key, day_key.check):
        raise ValueError(f"day {day_key.day} of tenant {tenant!r} has another key, or had one that was destroyed")


def make_day_key(conn: Connection, tenant: TenantId, day_key: DayKey) -> bool:
    """Adds the key of a day that never had one; False where it has, or had one that was destroyed."""
    raise_version(conn, tenant, "people_version")
    row = DayKeyRow
    if conn.execute(select(row.day).where(row.tenant == tenant, row.day == day_key.day)).one_or_none() is not None:
        return False
    conn.execute(insert(row).values(tenant=tenant, day=day_key.day, key=day_key.key, check_bits=day_key.check))
    return True


def days_of_keys(conn: Connection) -> dict[TenantId, dict[int, bool]]:
    """For every tenant the days that have, or had, a key, and whether it is still there."""
    days: dict[TenantId, dict[int, bool]] = {TenantId(tenant): {} for tenant in conn.scalars(select(TenantRow.id).order_by(TenantRow.id))}
    row = DayKeyRow
    for found in conn.execute(select(row.tenant, row.day, row.key.is_not(None).label("live")).order_by(row.tenant, row.day)):
        days[TenantId(found.tenant)][found.day] = bool(found.live)
    return days


def day_keys(conn: Connection, tenant: TenantId) -> list[DayKey]:
    """The keys that are not destroyed, by day."""
    row = DayKeyRow
    wanted = select(row.day, row.key, row.check_bits).where(row.tenant == tenant, row.key.is_not(None)).order_by(row.day)
    return [DayKey(found.day, found.key, found.check_bits) for found in conn.execute(wanted)]


def destroy_day_keys(conn: Connection, tenant: TenantId, before_day: int, now_ms: int) -> int:
    """Destroys the keys of days before `before_day`: their tokens, wherever copies of them lie, mean nothing from now on."""
    raise_version(conn, tenant, "people_version")
    old = (DayKeyRow.tenant == tenant, DayKeyRow.day < before_day, DayKeyRow.key.is_not(None))
    return conn.execute(update(DayKeyRow).where(*old).values(key=None, destroyed_ms=now_ms)).rowcount


def _signer(row: AnyRow) -> Signer:
    caller = Caller(row.tenant, row.gateway_id, GATEWAY_GRANTS, frozenset({row.venue_id}))
    return Signer(row.public_key, caller, row.valid_from_ms, row.valid_until_ms)
