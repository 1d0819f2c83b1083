"""Who is calling: a tenant, a subject, what it may do and where. Scope comes from the credential, never from the body.

This file knows no kind of caller; the registry of people implements `Credentials` and names the grants.
"""

import hashlib
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Caller:
    """An authenticated caller. `scopes` are opaque ids it is limited to; empty means the whole tenant."""

    tenant: str
    subject: str
    grants: frozenset[str]
    scopes: frozenset[str] = frozenset()
    until_ms: int | None = None
    """When the credential ends; None for no end of its own."""

    def may(self, grant: str) -> bool:
        return grant in self.grants

    def within(self, scope: str) -> bool:
        """Whether `scope` is in reach; a caller without scopes reaches its whole tenant."""
        return not self.scopes or scope in self.scopes


@dataclass(frozen=True, slots=True)
class Signer:
    """A key that may sign requests: 32 raw bytes of Ed25519, when it is valid (ms), and who calls with it."""

    public_key: bytes
    caller: Caller
    valid_from_ms: int
    valid_until_ms: int | None = None


class Credentials(Protocol):
    """Looks callers up."""

    def signer(self, key_id: str) -> Signer | None:
        """The key called `key_id`, from memory; None when unknown or revoked (at most 5 s ago)."""
        ...

    async def bearer(self, token_hash: bytes) -> Caller | None:
        """Whose bearer token has this hash (`token_hash`); None when unknown or withdrawn."""
        ...

    async def signed_in(self, token_hash: bytes, now_ms: int) -> Caller | None:  # noqa: ARG002 # for who looks it up
        """Whose browser has the cookie of this hash; None when unknown, signed out, or idle for too long at `now_ms`."""
        return None


def token_hash(token: str) -> bytes:
    """What is stored of a bearer token: SHA-256 (tokens carry at least 128 random bits, so no salt or stretching is needed)."""
    return hashlib.sha256(token.encode()).digest()
