"""The audit chain over HTTP and in files: who did what to what, each row with the hash before it, so that anybody can check it."""

import msgspec

from groundwork.contracts.ids import TenantId


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One act. `hash` is SHA-256 over tenant, number, at_ms, actor, action, subject, before, after, previous (each with its length)."""

    tenant: TenantId
    number: int
    at_ms: int
    actor: str
    action: str
    subject: str
    before: str
    """JSON, byte for byte as it was hashed; `null` where there was nothing."""
    after: str
    previous: str
    """64 hex digits: the hash of the row before; zeros before the first."""
    hash: str


class AuditPage(msgspec.Struct, frozen=True, kw_only=True):
    """Rows in their order, and the end of the chain: what to keep elsewhere, so that a chain cut short is noticed."""

    version: int = 1
    tenant: TenantId
    entries: list[AuditEntry]
    newest: int
    newest_hash: str
    next_after: int | None
    """What to ask for next; None where nothing follows."""
