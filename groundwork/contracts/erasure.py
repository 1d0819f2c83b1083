"""Erasure crosses packages as a message: each service deletes its rows and says so."""

import msgspec

from groundwork.contracts.ids import Pseudonym, ShopperId, TenantId


class ErasureRequested(msgspec.Struct, frozen=True, kw_only=True):
    """Remove everything tied to this shopper."""

    version: int = 1
    tenant: TenantId
    shopper: ShopperId
    pseudonym: Pseudonym
    requested_ms: int


class ErasureDone(msgspec.Struct, frozen=True, kw_only=True):
    """One service has removed its rows."""

    version: int = 1
    tenant: TenantId
    pseudonym: Pseudonym
    service: str
    rows: int
    at_ms: int
