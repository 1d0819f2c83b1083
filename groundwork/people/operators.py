"""Operators: what an account is, and what one may do to another. `accounts.py` keeps accounts, `sessions.py` lets their holders in."""

import re
from dataclasses import dataclass
from typing import Final

from groundwork.contracts.ids import TenantId
from groundwork.people.reasons import BAD_LOGIN, BEYOND_SCOPE, UNKNOWN_ROLE
from groundwork.people.roles import ADMIN, ROLES
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.reasons import Refusal

INVITED: Final = "invited"
ACTIVE: Final = "active"
DISABLED: Final = "disabled"
_LOGIN: Final = re.compile("[a-z0-9._%+@-]{3,200}")


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who signs in to the console."""

    tenant: TenantId
    id: str
    login: str
    """Small letters; unique over all tenants."""
    name: str
    language: str
    roles: frozenset[str]
    scopes: frozenset[str]
    """Venues she is limited to; empty for all."""
    state: str
    created_ms: int
    password_hash: str | None = None
    provider: str | None = None
    """The identity provider whose name for her is tied to the account; written by `queries.tie_operator` alone."""

    @property
    def keeps_the_keys(self) -> bool:
        """Whether she can sign in and give anybody any right: without one such account nobody could ever again."""
        return self.state == ACTIVE and ADMIN in self.roles and not self.scopes

    @property
    def shown(self) -> dict[str, object]:
        """What the audit chain carries of her; login and name are hers and stay out of it."""
        return {"roles": sorted(self.roles), "venues": sorted(self.scopes), "state": self.state}


def normal_login(login: str) -> str:
    """The one form of a login."""
    return login.strip().lower()


def check_login(login: str) -> str:
    """`login` in its one form. Raises Refusal where it has not the form of one."""
    one = normal_login(login)
    if not _LOGIN.fullmatch(one):
        raise Refusal(BAD_LOGIN, at="/login", value=login)
    return one


def check_roles(roles: frozenset[str]) -> None:
    """Raises Refusal naming the first role that there is not."""
    for role in sorted(roles - ROLES.keys()):
        raise Refusal(UNKNOWN_ROLE, at="/roles", value=role, known=", ".join(ROLES))


def reaches(who: Caller, scopes: frozenset[str]) -> bool:
    """Whether the caller may give, or touch what has, these scopes: a caller of some venues never those of others, nor all."""
    return not who.scopes or (bool(scopes) and scopes <= who.scopes)


def check_reach(who: Caller, scopes: frozenset[str]) -> None:
    """Raises Refusal unless `reaches`."""
    if not reaches(who, scopes):
        raise Refusal(BEYOND_SCOPE, at="/venues")


def check_whole_tenant(who: Caller) -> None:
    """Raises Refusal for a caller of some venues alone, where what is asked for cannot be told apart by venue."""
    if who.scopes:
        raise Refusal(BEYOND_SCOPE)
