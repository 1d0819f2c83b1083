"""API keys of tills and of the retailer's own systems: made, rotated with an overlap, revoked at once, and each act in the audit chain.

A key can hold what tills and integrations need and nothing that an operator or a shopper does; its token is shown once.
"""

from dataclasses import dataclass, replace
from typing import Final

from groundwork.contracts.ids import TenantId
from groundwork.people import acts, queries
from groundwork.people.accounts import new_token
from groundwork.people.model import INTEGRATION_GRANTS, TILL_GRANTS
from groundwork.people.operators import check_reach, reaches
from groundwork.people.premises import Premises
from groundwork.people.queries import StoredKey
from groundwork.people.reasons import DEAD_API_KEY, TAKEN_SUBJECT, UNKNOWN_API_KEY, UNKNOWN_GRANT
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller, token_hash
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts

GRANTS: Final = TILL_GRANTS | INTEGRATION_GRANTS
PREFIX: Final = "aislecast_"
"""In front of every token, so that scanners for leaked secrets know one when they see it."""
_DAY_MS: Final = 86_400_000
_HOUR_MS: Final = 3_600_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a key is to be."""

    name: str
    subject: str
    grants: frozenset[str]
    scopes: frozenset[str]
    days: int


class ApiKeyRing:
    """Keeps the keys of all tenants; each call of one."""

    def __init__(self, parts: Parts, premises: Premises) -> None:
        self._parts = parts
        self._premises = premises

    async def listed(self, who: Caller) -> list[StoredKey]:
        """The keys in the caller's reach, the newest first."""
        found = await self._parts.db.read(lambda conn: queries.api_keys(conn, TenantId(who.tenant)))
        return [key for key in found if reaches(who, key.scopes)]

    async def add(self, who: Caller, asked: Asked) -> tuple[StoredKey, str]:
        """Makes a key and its token. Raises Refusal for a grant no key may hold, a far or unknown venue, a person's name."""
        for grant in sorted(asked.grants - GRANTS):
            raise Refusal(UNKNOWN_GRANT, at="/grants", value=grant, known=", ".join(sorted(GRANTS)))
        check_reach(who, asked.scopes)
        now_ms, tenant = self._parts.clock.now_ms(), TenantId(who.tenant)
        ends_ms = now_ms + asked.days * _DAY_MS
        made = StoredKey(tenant, self._parts.ids.new(), asked.name, asked.subject, asked.grants, asked.scopes, now_ms, ends_ms)
        token = self._token()

        def work(conn: Connection) -> None:
            self._premises.check_all(conn, tenant, asked.scopes)
            if queries.is_a_persons(conn, tenant, asked.subject):
                raise Refusal(TAKEN_SUBJECT, at="/subject", value=asked.subject)
            queries.add_api_key(conn, made, token_hash(token))
            record(conn, tenant, now_ms, Act(who.subject, acts.ADD_API_KEY, made.id, after=made.shown))

        await self._parts.db.write(work)
        return made, token

    async def rotate(self, who: Caller, key_id: str, overlap_h: int, days: int) -> tuple[StoredKey, str]:
        """A new key that may do what the old one may, which ends after `overlap_h` hours. Raises Refusal where the old one has ended."""
        new_id, token, now_ms = self._parts.ids.new(), self._token(), self._parts.clock.now_ms()

        def work(conn: Connection) -> StoredKey:
            old = _in_reach(conn, who, key_id)
            if not old.lives(now_ms):
                raise Refusal(DEAD_API_KEY, value=key_id)
            made = replace(old, id=new_id, created_ms=now_ms, expires_ms=now_ms + days * _DAY_MS)
            queries.add_api_key(conn, made, token_hash(token))
            queries.end_api_key(conn, old.tenant, old.id, now_ms + overlap_h * _HOUR_MS)
            record(conn, old.tenant, now_ms, Act(who.subject, acts.ROTATE_API_KEY, old.id, old.shown, {"by": made.id, **made.shown}))
            return made

        return await self._parts.db.write(work), token

    async def revoke(self, who: Caller, key_id: str) -> StoredKey:
        """Ends the key at once and for good; repeated, it changes nothing."""
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> StoredKey:
            old = _in_reach(conn, who, key_id)
            if queries.revoke_api_key(conn, old.tenant, old.id, now_ms):
                record(conn, old.tenant, now_ms, Act(who.subject, acts.REVOKE_API_KEY, old.id, old.shown))
            return _in_reach(conn, who, key_id)

        return await self._parts.db.write(work)

    def _token(self) -> str:
        return PREFIX + new_token(self._parts.randbytes)


def _in_reach(conn: Connection, who: Caller, key_id: str) -> StoredKey:
    found = queries.api_key(conn, TenantId(who.tenant), key_id)
    if found is None or not reaches(who, found.scopes):
        raise Refusal(UNKNOWN_API_KEY, value=key_id)
    return found
