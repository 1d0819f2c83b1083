"""API keys: the access keys that operators make, see and rotate. A device's own key has no id and is none of them."""

from dataclasses import dataclass

from sqlalchemy import Connection, insert, select, update

from groundwork.contracts.ids import TenantId
from groundwork.people.queries.shoppers import AnyRow
from groundwork.people.tables import AccessKeyRow, DeviceRow, OperatorRow


@dataclass(frozen=True, slots=True)
class StoredKey:
    """An API key as it is kept; its token is not."""

    tenant: TenantId
    id: str
    name: str
    subject: str
    grants: frozenset[str]
    scopes: frozenset[str]
    created_ms: int
    expires_ms: int
    revoked_ms: int | None = None

    def lives(self, now_ms: int) -> bool:
        return self.revoked_ms is None and now_ms < self.expires_ms

    @property
    def shown(self) -> dict[str, object]:
        """What the audit chain carries of it."""
        return {"for": self.subject, "grants": sorted(self.grants), "venues": sorted(self.scopes), "expires_ms": self.expires_ms}


_ROW = AccessKeyRow
_COLUMNS = (_ROW.tenant, _ROW.id, _ROW.name, _ROW.subject, _ROW.grants, _ROW.scopes, _ROW.created_ms, _ROW.expires_ms, _ROW.revoked_ms)


def add_api_key(conn: Connection, key: StoredKey, token_hash: bytes) -> None:
    """Adds a key that nobody has called with yet."""
    texts = {"grants": " ".join(sorted(key.grants)), "scopes": " ".join(sorted(key.scopes))}
    plain = {name: getattr(key, name) for name in ("tenant", "id", "name", "subject", "created_ms", "expires_ms")}
    conn.execute(insert(_ROW).values(token_hash=token_hash, **plain, **texts))


def api_key(conn: Connection, tenant: TenantId, key_id: str) -> StoredKey | None:
    """The tenant's key of this id."""
    found = conn.execute(select(*_COLUMNS).where(_ROW.tenant == tenant, _ROW.id == key_id)).one_or_none()
    return _key(found) if found else None


def api_keys(conn: Connection, tenant: TenantId) -> list[StoredKey]:
    """The tenant's keys, the newest first, with those that have ended."""
    wanted = select(*_COLUMNS).where(_ROW.tenant == tenant, _ROW.id.is_not(None))
    return [_key(found) for found in conn.execute(wanted.order_by(_ROW.created_ms.desc(), _ROW.id.desc()))]


def end_api_key(conn: Connection, tenant: TenantId, key_id: str, at_ms: int) -> None:
    """The key ends at `at_ms`, unless it ends before."""
    hers = update(_ROW).where(_ROW.tenant == tenant, _ROW.id == key_id, _ROW.expires_ms > at_ms)
    conn.execute(hers.values(expires_ms=at_ms))


def revoke_api_key(conn: Connection, tenant: TenantId, key_id: str, now_ms: int) -> bool:
    """Ends the key for good; False when the tenant has no such key or it was revoked before."""
    live = update(_ROW).where(_ROW.tenant == tenant, _ROW.id == key_id, _ROW.revoked_ms.is_(None))
    return conn.execute(live.values(revoked_ms=now_ms)).rowcount > 0


def is_a_persons(conn: Connection, tenant: TenantId, subject: str) -> bool:
    """Whether `subject` is the id of a device or an operator, in whose name no key may call."""
    device = select(DeviceRow.id).where(DeviceRow.tenant == tenant, DeviceRow.id == subject)
    operator = select(OperatorRow.id).where(OperatorRow.tenant == tenant, OperatorRow.id == subject)
    return any(conn.execute(each).first() for each in (device, operator))


def _key(row: AnyRow) -> StoredKey:
    grants, scopes = frozenset(row.grants.split()), frozenset(row.scopes.split())
    return StoredKey(TenantId(row.tenant), row.id, row.name, row.subject, grants, scopes, row.created_ms, row.expires_ms, row.revoked_ms)
