"""Signing in: a password or a one-time link becomes a browser's cookie, and cookies end.

A refused sign-in says and costs the same whether the login, the password or the account's state is at fault. How often a login may be
tried is limited here, for each address and for all together; `plumbing/rates.py` limits addresses.
"""

from dataclasses import dataclass, replace
from typing import Final

import structlog

from groundwork.contracts.ids import TenantId
from groundwork.people import acts, queries
from groundwork.people.accounts import new_token
from groundwork.people.guessable import LEAST_LENGTH, MOST_LENGTH
from groundwork.people.operators import ACTIVE, DISABLED, Operator, normal_login
from groundwork.people.passwords import Passwords, is_outdated, refusal_of
from groundwork.people.queries import BrowserSignIn
from groundwork.people.reasons import DEAD_LINK, UNKNOWN_OPERATOR, UNKNOWN_SIGN_IN, WRONG_OWN_PASSWORD, WRONG_PASSWORD
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller, token_hash
from groundwork.plumbing.db import Connection
from groundwork.plumbing.rates import Buckets, Rate, limited
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts

TRIES_OF_ONE: Final = Rate(per_s=1 / 30, burst=10)
"""Of one login from one address: ten slips of the fingers, then two a minute."""
TRIES_OF_ALL: Final = Rate(per_s=1 / 10, burst=50)
"""Of one login from anywhere: an attacker with many addresses has 8,640 guesses a day, and a password is none of the first million."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Cookie:
    """A browser just signed in."""

    operator: Operator
    token: str
    expires_ms: int


class SignInDesk:
    """Lets operators in and out."""

    def __init__(self, parts: Parts, hours: int) -> None:
        self._parts = parts
        self._life_ms = hours * 3_600_000
        self._passwords = Passwords(parts.randbytes)
        self._tries = Buckets(parts.clock)

    async def sign_in(self, login: str, password: str, address: str) -> Cookie:
        """By password. Raises Refusal: `wrong_password` whatever was wrong, or 429."""
        login = normal_login(login)
        self._limit(login, address)
        found = await self._parts.db.read(lambda conn: queries.operator_of_login(conn, login))
        account = found if found is not None and found.state == ACTIVE else None
        if not await self._passwords.fits(password, account.password_hash if account else None) or account is None:
            _log.warning("sign_in_refused", operator=found.id if found else "unknown", tenant=found.tenant if found else "")
            raise Refusal(WRONG_PASSWORD)
        stored = account.password_hash or ""
        fresh = await self._passwords.hash(password) if is_outdated(stored) else stored
        token = new_token(self._parts.randbytes)

        def work(conn: Connection) -> Operator:
            now = queries.operator(conn, account.tenant, account.id)
            if now is None or now.state != ACTIVE or now.password_hash != stored:  # disabled or changed while we were hashing
                raise Refusal(WRONG_PASSWORD)
            if fresh != stored:
                now = replace(now, password_hash=fresh)
                queries.change_operator(conn, now)
            self.open(conn, now, token)
            return now

        return self.cookie(await self._parts.db.write(work), token)

    async def holder(self, link: str) -> tuple[Operator, int]:
        """Whose link this is, and when it ends. Raises Refusal (410) where it is of no use any more."""
        now_ms = self._parts.clock.now_ms()
        found = await self._parts.db.read(lambda conn: queries.link_holder(conn, token_hash(link), now_ms))
        if found is None or found[0].state == DISABLED:
            raise Refusal(DEAD_LINK)
        return found

    async def set_password(self, link: str, password: str) -> Cookie:
        """Uses the link up: the holder has this password from now on, every other sign-in of hers ends, and she is signed in."""
        holder, _ = await self.holder(link)
        _check(password, holder)
        hashed = await self._passwords.hash(password)
        token = new_token(self._parts.randbytes)

        def work(conn: Connection) -> Operator:
            now_ms = self._parts.clock.now_ms()
            found = queries.link_holder(conn, token_hash(link), now_ms)
            if found is None or found[0].state == DISABLED:
                raise Refusal(DEAD_LINK)
            before = found[0]
            after = replace(before, state=ACTIVE, password_hash=hashed)
            queries.change_operator(conn, after)
            queries.void_links(conn, after)
            queries.end_sign_ins(conn, after.tenant, after.id)
            record(conn, after.tenant, now_ms, Act(after.id, acts.SET_PASSWORD, after.id, before.shown, after.shown))
            self.open(conn, after, token)
            return after

        return self.cookie(await self._parts.db.write(work), token)

    async def change_password(self, who: Caller, here: bytes, present: str, password: str) -> None:
        """Changes the caller's own; every sign-in of hers but `here` (the hash of its cookie) ends."""
        account = await self.account(who)
        self._limit(account.login, who.subject)
        if not await self._passwords.fits(present, account.password_hash):
            raise Refusal(WRONG_OWN_PASSWORD, at="/present")
        _check(password, account)
        hashed = await self._passwords.hash(password)

        def work(conn: Connection) -> None:
            now = queries.operator(conn, account.tenant, account.id)
            if now is None or now.password_hash != account.password_hash:
                raise Refusal(WRONG_OWN_PASSWORD, at="/present")
            queries.change_operator(conn, replace(now, password_hash=hashed))
            queries.void_links(conn, now)
            queries.end_sign_ins(conn, now.tenant, now.id, but=here)
            self._record(conn, now, acts.CHANGE_PASSWORD, now.id)

        await self._parts.db.write(work)

    async def account(self, who: Caller) -> Operator:
        """The caller's own account."""
        found = await self._parts.db.read(lambda conn: queries.operator(conn, TenantId(who.tenant), who.subject))
        if found is None:
            raise Refusal(UNKNOWN_OPERATOR, value=who.subject)
        return found

    async def sign_ins(self, who: Caller) -> list[BrowserSignIn]:
        """The caller's own live browsers, the newest first."""
        now_ms = self._parts.clock.now_ms()
        found = await self._parts.db.read(lambda conn: queries.sign_ins(conn, TenantId(who.tenant), who.subject))
        return [each for each in found if each.expires_ms > now_ms]

    async def sign_out(self, who: Caller, here: bytes) -> None:
        """Ends the browser whose cookie has this hash."""
        found = next((each for each in await self.sign_ins(who) if each.token_hash == here), None)
        if found is not None:
            await self.end(who, found.id)

    async def end(self, who: Caller, sign_in: str) -> None:
        """Ends one browser of the caller's own. Raises Refusal where she has no such one."""
        account = await self.account(who)

        def work(conn: Connection) -> None:
            if not queries.end_sign_in(conn, account.tenant, account.id, sign_in):
                raise Refusal(UNKNOWN_SIGN_IN, value=sign_in)
            self._record(conn, account, acts.SIGN_OUT, sign_in)

        await self._parts.db.write(work)

    def _limit(self, login: str, address: str) -> None:
        for key, rate in (((login, address), TRIES_OF_ONE), (login, TRIES_OF_ALL)):
            limited(self._tries.take(key, rate))

    def open(self, conn: Connection, operator: Operator, token: str) -> None:
        """Adds the browser whose cookie is `token`, and records who has signed in."""
        now_ms = self._parts.clock.now_ms()
        made = BrowserSignIn(operator.tenant, operator.id, self._parts.ids.new(), token_hash(token), now_ms, now_ms, now_ms + self._life_ms)
        queries.add_sign_in(conn, made)
        self._record(conn, operator, acts.SIGN_IN, made.id)

    def cookie(self, operator: Operator, token: str) -> Cookie:
        """What the browser is given once `open` has committed."""
        return Cookie(operator, token, self._parts.clock.now_ms() + self._life_ms)

    def _record(self, conn: Connection, operator: Operator, action: str, subject: str) -> None:
        record(conn, operator.tenant, self._parts.clock.now_ms(), Act(operator.id, action, subject))


def _check(password: str, holder: Operator) -> None:
    """Raises Refusal for a password that cannot be taken."""
    reason = refusal_of(password, (holder.login, holder.name, holder.tenant))
    if reason is not None:
        raise Refusal(reason, at="/password", least=LEAST_LENGTH, most=MOST_LENGTH)
