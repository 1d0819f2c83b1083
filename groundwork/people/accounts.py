"""Operators' accounts: invited, changed, disabled, given a new link, each act in the audit chain and in one transaction with it.

Every function takes the caller and stays within her tenant and venues; an account out of her reach is unknown to her. The machine itself
(`Caller` of `machine`) makes the first admin and helps where nobody can sign in any more. Passwords are set in `sessions.py`.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from groundwork.contracts.ids import TenantId
from groundwork.people import acts, queries
from groundwork.people.model import MANAGE_OPERATORS
from groundwork.people.operators import ACTIVE, DISABLED, INVITED, Operator, check_login, check_reach, check_roles, normal_login, reaches
from groundwork.people.premises import ANYWHERE, Premises
from groundwork.people.reasons import DISABLED_OPERATOR, LAST_ADMIN, LOGIN_TAKEN, OWN_ACCOUNT, UNKNOWN_OPERATOR
from groundwork.people.roles import ADMIN
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller, token_hash
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts

FIRST_LOGIN: Final = "admin"
_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an account is to be."""

    name: str
    language: str
    roles: frozenset[str]
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class Link:
    """A one-time link, as it can be shown once."""

    operator: Operator
    token: str
    expires_ms: int

    @property
    def path(self) -> str:
        """What stands behind the `#` stays in the browser."""
        return f"/welcome#{self.token}"


def machine(tenant: TenantId) -> Caller:
    """Who acts where the act comes from the machine's own command line."""
    return Caller(tenant, "machine", frozenset({MANAGE_OPERATORS}))


def new_token(randbytes: Callable[[int], bytes]) -> str:
    """256 random bits for a link, a cookie or a key."""
    return base64.urlsafe_b64encode(randbytes(_TOKEN_BYTES)).rstrip(b"=").decode()


class Accounts:
    """Keeps the accounts of all tenants; each call of one."""

    def __init__(self, parts: Parts, link_hours: int, premises: Premises = ANYWHERE) -> None:
        self._parts = parts
        self._premises = premises
        self._link_ms = link_hours * 3_600_000

    async def listed(self, who: Caller) -> list[Operator]:
        """The accounts in the caller's reach, by login."""
        found = await self._parts.db.read(lambda conn: queries.operators(conn, TenantId(who.tenant)))
        return [each for each in found if reaches(who, each.scopes)]

    async def invite(self, who: Caller, login: str, wanted: Wanted) -> Link:
        """Makes an account whose holder sets her password by the link.

        Raises Refusal for a bad or taken login, an unknown role or venue, a venue out of the caller's reach.
        """
        check_roles(wanted.roles)
        check_reach(who, wanted.scopes)
        made = self._account(TenantId(who.tenant), check_login(login), wanted)
        link = self._link(made)

        def work(conn: Connection) -> Link:
            self._premises.check_all(conn, made.tenant, wanted.scopes)
            if queries.operator_of_login(conn, made.login) is not None:
                raise Refusal(LOGIN_TAKEN, at="/login", value=made.login)
            queries.add_operator(conn, made)
            self._add_link(conn, link)
            self._record(conn, who, acts.INVITE_OPERATOR, None, made)
            return link

        return await self._parts.db.write(work)

    async def change(self, who: Caller, operator_id: str, wanted: Wanted) -> Operator:
        """Gives the account other words, roles and venues, in force at its holder's next request."""
        check_roles(wanted.roles)
        check_reach(who, wanted.scopes)

        def work(conn: Connection) -> Operator:
            before = _in_reach(conn, who, operator_id)
            self._premises.check_all(conn, before.tenant, wanted.scopes - before.scopes)
            after = replace(before, name=wanted.name, language=wanted.language, roles=wanted.roles, scopes=wanted.scopes)
            if before.id == who.subject and (before.roles, before.scopes) != (after.roles, after.scopes):
                raise Refusal(OWN_ACCOUNT)
            return self._changed(conn, who, acts.CHANGE_OPERATOR, before, after)

        return await self._parts.db.write(work)

    async def disable(self, who: Caller, operator_id: str) -> Operator:
        """Ends the account's sign-ins and links at once; repeated, it changes nothing."""

        def work(conn: Connection) -> Operator:
            before = _in_reach(conn, who, operator_id)
            if before.id == who.subject:
                raise Refusal(OWN_ACCOUNT)
            queries.end_sign_ins(conn, before.tenant, before.id)
            queries.void_links(conn, before)
            return self._changed(conn, who, acts.DISABLE_OPERATOR, before, replace(before, state=DISABLED))

        return await self._parts.db.write(work)

    async def enable(self, who: Caller, operator_id: str) -> Operator:
        """Lets the account in again, by the password or the provider it had; repeated, it changes nothing."""

        def work(conn: Connection) -> Operator:
            before = _in_reach(conn, who, operator_id)
            if before.state != DISABLED:
                return before
            after = replace(before, state=ACTIVE if before.password_hash or before.provider else INVITED)
            return self._changed(conn, who, acts.ENABLE_OPERATOR, before, after)

        return await self._parts.db.write(work)

    async def new_link(self, who: Caller, operator_id: str) -> Link:
        """A link by which the operator sets a new password; the old one holds until she has. Earlier links are void."""

        def work(conn: Connection) -> Link:
            holder = _in_reach(conn, who, operator_id)
            if holder.state == DISABLED:
                raise Refusal(DISABLED_OPERATOR, value=operator_id)
            link = self._link(holder)
            self._add_link(conn, link)
            self._record(conn, who, acts.LINK_OPERATOR, holder, holder)
            return link

        return await self._parts.db.write(work)

    async def first_link(self, tenant: TenantId) -> Link | None:
        """A link for the tenant's first admin, whose account it makes; None once anybody has set a password. The one before is void."""
        who = machine(tenant)

        def work(conn: Connection) -> Link | None:
            if not queries.nobody_has_signed_in(conn, tenant):
                return None
            admin = next((each for each in queries.operators(conn, tenant) if each.login in _first_logins(tenant)), None)
            if admin is None:
                login = next(each for each in _first_logins(tenant) if queries.operator_of_login(conn, each) is None)
                admin = self._account(tenant, login, Wanted("Admin", "ar", frozenset({ADMIN}), frozenset()))
                queries.add_operator(conn, admin)
                self._record(conn, who, acts.INVITE_OPERATOR, None, admin)
            link = self._link(admin)
            self._add_link(conn, link)
            self._record(conn, who, acts.LINK_OPERATOR, admin, admin)
            return link

        return await self._parts.db.write(work)

    def _account(self, tenant: TenantId, login: str, wanted: Wanted) -> Operator:
        now_ms = self._parts.clock.now_ms()
        return Operator(tenant, self._parts.ids.new(), login, wanted.name, wanted.language, wanted.roles, wanted.scopes, INVITED, now_ms)

    def _link(self, holder: Operator) -> Link:
        return Link(holder, new_token(self._parts.randbytes), self._parts.clock.now_ms() + self._link_ms)

    def _add_link(self, conn: Connection, link: Link) -> None:
        queries.add_link(conn, link.operator, token_hash(link.token), self._parts.clock.now_ms(), link.expires_ms)

    def _changed(self, conn: Connection, who: Caller, action: str, before: Operator, after: Operator) -> Operator:
        """Writes and records the change, where it is one. Raises Refusal where nobody would be left who keeps the keys."""
        if after == before:
            return before
        queries.change_operator(conn, after)
        if before.keeps_the_keys and not any(each.keeps_the_keys for each in queries.operators(conn, before.tenant)):
            raise Refusal(LAST_ADMIN)
        self._record(conn, who, action, before, after)
        return after

    def _record(self, conn: Connection, who: Caller, action: str, before: Operator | None, after: Operator) -> None:
        act = Act(who.subject, action, after.id, before.shown if before else None, after.shown)
        record(conn, who.tenant, self._parts.clock.now_ms(), act)


def _first_logins(tenant: TenantId) -> tuple[str, ...]:
    """What the first admin may be called: another tenant may have taken the first."""
    return (FIRST_LOGIN, normal_login(f"{FIRST_LOGIN}.{tenant}"))


def _in_reach(conn: Connection, who: Caller, operator_id: str) -> Operator:
    """The account. Raises Refusal where there is none in the caller's reach."""
    found = queries.operator(conn, TenantId(who.tenant), operator_id)
    if found is None or not reaches(who, found.scopes):
        raise Refusal(UNKNOWN_OPERATOR, value=operator_id)
    return found
