"""Live credentials: gateways' keys from memory, as every batch asks; bearer tokens from the database, so a revoked one ends at once."""

from groundwork.people import queries
from groundwork.plumbing.auth import Caller, Signer
from groundwork.plumbing.db import Connection, Database


class LiveCredentials:
    """Implements `plumbing.auth.Credentials`. `renew` is run by a Refresh loop, so a revoked key is refused within its period."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._signers: dict[str, Signer] = {}
        self._versions: dict[str, int] | None = None

    def signer(self, key_id: str) -> Signer | None:
        return self._signers.get(key_id)

    async def bearer(self, token_hash: bytes) -> Caller | None:
        return await self._db.read(lambda conn: queries.caller_of(conn, token_hash))

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
