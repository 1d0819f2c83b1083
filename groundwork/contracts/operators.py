"""Operators over HTTP: signing in, one's own sign-ins and password, and the accounts as an admin keeps them.

Who acts is the caller's own; what is secret (a password, the token of a link) travels in bodies alone.
"""

from typing import Annotated

import msgspec

from groundwork.contracts.ids import TenantId, VenueId

Login = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._%+@-]{3,200}$", max_length=200)]
"""An e-mail address or a short name; capitals count as small letters."""
Name = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
Language = Annotated[str, msgspec.Meta(pattern="^(ar|en)$", max_length=2)]
Secret = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]
"""A password or a token as it was typed; what a new password must be is told when it is set."""
Roles = Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(min_length=1, max_length=16)]
Venues = Annotated[list[Annotated[VenueId, msgspec.Meta(pattern=r"^[^\s]{1,64}$", max_length=64)]], msgspec.Meta(max_length=1_000)]
"""Venues an account or a key is limited to; empty for all of the tenant's."""


class SignInRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator signs in."""

    version: int = 1
    login: Annotated[str, msgspec.Meta(max_length=200)]
    password: Secret


class SignedIn(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, and what she may do."""

    version: int = 1
    tenant: TenantId
    operator: str
    login: str
    name: str
    language: str
    roles: list[str]
    grants: list[str]
    venues: list[VenueId]
    csrf: str
    """To be sent in `X-CSRF-Token` with whatever changes something."""
    expires_ms: int
    """When she has to sign in again, at the latest."""


class SignIn(msgspec.Struct, frozen=True, kw_only=True):
    """One browser the operator is signed in from."""

    id: str
    created_ms: int
    seen_ms: int
    expires_ms: int
    here: bool
    """Whether it is the one that asks."""


class SignIns(msgspec.Struct, frozen=True, kw_only=True):
    """An operator's own sign-ins, the newest first."""

    version: int = 1
    tenant: TenantId
    sign_ins: list[SignIn]


class ChangePasswordRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An operator changes her own password; every other sign-in of hers ends."""

    version: int = 1
    present: Secret
    password: Secret


class LinkRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Asks whom a one-time link is for; the token is what stands behind the `#`."""

    version: int = 1
    token: Secret


class LinkHolder(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a one-time link is for."""

    version: int = 1
    tenant: TenantId
    login: str
    name: str
    language: str
    expires_ms: int


class SetPasswordRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Uses a one-time link up: sets the password and signs in."""

    version: int = 1
    token: Secret
    password: Secret


class InvitationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Makes an account; its holder sets the password herself by the link in the answer."""

    version: int = 1
    login: Login
    name: Name
    language: Language = "ar"
    roles: Roles
    venues: Venues = []


class OperatorRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an account is to be from now on."""

    version: int = 1
    name: Name
    language: Language
    roles: Roles
    venues: Venues


class Operator(msgspec.Struct, frozen=True, kw_only=True):
    """An account."""

    id: str
    login: str
    name: str
    language: str
    roles: list[str]
    venues: list[VenueId]
    state: str
    """`invited` until a password is set, then `active`; or `disabled`."""
    created_ms: int


class OperatorAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account as it is now."""

    version: int = 1
    tenant: TenantId
    operator: Operator


class Operators(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts in the caller's reach, by login."""

    version: int = 1
    tenant: TenantId
    operators: list[Operator]


class OperatorLink(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time link for one operator, shown once; put the server's address in front of it."""

    version: int = 1
    tenant: TenantId
    operator: Operator
    link: str
    """`/welcome#<token>`: what stands behind the `#` reaches no server and no log."""
    expires_ms: int
