"""Live credentials: gateways' keys from memory, as every batch asks; tokens and cookies from the database, so that they end at once."""

from typing import Final

from groundwork.people import queries
from groundwork.people.roles import ROLES, grants_of
from groundwork.people.settings import IDLE_MIN
from groundwork.plumbing.auth import Caller, Signer
from groundwork.plumbing.db import Connection, Database

_SEEN_EVERY_MS: Final = 60_000
"""How often it is noted that a browser is still there: a write a minute, not one a request."""


class LiveCredentials:
    """Implements `plumbing.auth.Credentials`. `renew` is run by a Refresh loop, so a revoked key is refused within its period."""

    def __init__(self, db: Database, idle_ms: int = IDLE_MIN * 60_000) -> None:
        """A browser that was not seen for `idle_ms` has to sign in again."""
        self._db = db
        self._idle_ms = idle_ms
        self._signers: dict[str, Signer] = {}
        self._versions: dict[str, int] | None = None

    def signer(self, key_id: str) -> Signer | None:
        return self._signers.get(key_id)

    async def bearer(self, token_hash: bytes) -> Caller | None:
        return await self._db.read(lambda conn: queries.caller_of(conn, token_hash))

    async def signed_in(self, token_hash: bytes, now_ms: int) -> Caller | None:
        found = await self._db.read(lambda conn: queries.live_sign_in(conn, token_hash))
        if found is None or now_ms >= min(found.expires_ms, found.seen_ms + self._idle_ms):
            return None
        if now_ms - found.seen_ms >= _SEEN_EVERY_MS:
            await self._db.write(lambda conn: queries.see_sign_in(conn, token_hash, now_ms))
        grants = grants_of(found.roles & ROLES.keys())  # a role this version no longer knows gives nothing
        return Caller(found.tenant, found.operator_id, grants, found.scopes, found.expires_ms)

    async def renew(self) -> bool:
        """Reads the gateways' keys again if any tenant's gateways changed; True when so."""
        seen = self._versions

        def work(conn: Connection) -> tuple[dict[str, int], dict[str, Signer]] | None:
            versions: dict[str, int] = {row.tenant: row.gateways for row in queries.versions(conn)}
            return None if versions == seen else (versions, queries.signers(conn))

        read = await self._db.read(work)
        if read is None:
            return False
        self._versions, self._signers = read
        return True
