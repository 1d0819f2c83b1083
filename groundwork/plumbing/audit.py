"""Audit: who did what to what, before and after, in a chain per tenant in which an edited, moved or removed row shows.

Each row's hash covers the row and the hash before it. What a chain cannot show is that its newest rows were cut off: keep the answer of
`newest` elsewhere (a report, another machine) and compare. Rows carry pseudonyms only, so that an erasure need not break the chain.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import msgspec

from groundwork.plumbing import queries
from groundwork.plumbing.db import Connection
from groundwork.plumbing.queries import Audited

__all__ = ["FIRST", "Act", "Audited", "Fault", "newest", "record", "rows", "verify", "verify_rows"]

FIRST = bytes(32)
"""What stands before the first row."""


@dataclass(frozen=True, slots=True)
class Act:
    """One act of one caller. `before` and `after` are Structs, or what JSON can hold; None for what was or is not there."""

    actor: str
    action: str
    subject: str
    before: object = None
    after: object = None


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is not as it was written."""

    number: int
    problem: str


def record(conn: Connection, tenant: str, at_ms: int, act: Act) -> int:
    """Adds the act to the tenant's chain, in the transaction that does it; returns its number."""
    number, previous = newest(conn, tenant)
    before, after = (msgspec.json.encode(value, order="sorted") for value in (act.before, act.after))
    row = Audited(number + 1, at_ms, act.actor, act.action, act.subject, before, after, previous, b"")
    queries.add_audit(conn, tenant, row._replace(hash=_hash(tenant, row)))
    return row.number


def newest(conn: Connection, tenant: str) -> tuple[int, bytes]:
    """Number and hash of the newest row: what to keep elsewhere."""
    return queries.newest_audit(conn, tenant) or (0, FIRST)


def rows(conn: Connection, tenant: str, after: int, limit: int) -> list[Audited]:
    """Up to `limit` rows after number `after`, in their order."""
    return list(queries.audits(conn, tenant, after, limit))


def verify(conn: Connection, tenant: str) -> Fault | None:
    """The first row that was edited, moved or follows a removed one; None when the chain is whole."""
    return verify_rows(tenant, queries.audits(conn, tenant))


def verify_rows(tenant: str, chain: Iterable[Audited]) -> Fault | None:
    """The same of rows from anywhere, from the first one on: those of an export need no database."""
    previous = FIRST
    for number, row in enumerate(chain, 1):
        if row.number != number:
            return Fault(number, f"row {number} is missing")
        if row.previous != previous or row.hash != _hash(tenant, row):
            return Fault(number, f"row {number} is not as it was written")
        previous = row.hash
    return None


def _hash(tenant: str, row: Audited) -> bytes:
    """SHA-256 over the length-prefixed fields, so that they cannot run together."""
    digest = hashlib.sha256()
    for field in (tenant, row.number, row.at_ms, row.actor, row.action, row.subject, row.before, row.after, row.previous):
        raw = field if isinstance(field, bytes) else str(field).encode()
        digest.update(len(raw).to_bytes(8, "big"))
        digest.update(raw)
    return digest.digest()
