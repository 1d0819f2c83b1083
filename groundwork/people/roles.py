"""Roles: what each kind of operator may do. Whatever is not listed is refused.

Pure. A role gives grants, the operator's scopes say in which venues; both come from her account, never from a request. `people/model.py`
names the grants, and a test asks every route of every role.
"""

from collections.abc import Iterable
from typing import Final

from groundwork.people.model import (
    FIND_WAYS,
    MANAGE_API_KEYS,
    MANAGE_COMMUNITIES,
    MANAGE_GATEWAYS,
    MANAGE_OPERATORS,
    MANAGE_TAGS,
    MANAGE_WEBHOOKS,
    OWN_SESSION,
    READ_AGGREGATES,
    READ_AUDIT,
    READ_STATUS,
    READ_ZONE_EVENTS,
    SERVE_REQUESTS,
    WRITE_CONSENT_TEXTS,
    WRITE_PLANS,
    WRITE_PRODUCTS,
)

ADMIN: Final = "admin"
STORE_MANAGER: Final = "store_manager"
MARKETING: Final = "marketing"
INSTALLER: Final = "installer"
ANALYST: Final = "analyst"
PRIVACY_OFFICER: Final = "privacy_officer"
VIEWER: Final = "viewer"

ROLES: Final[dict[str, frozenset[str]]] = {
    # Keeps accounts and keys; what concerns single shoppers is the privacy officer's, so that no one account can do both unseen.
    ADMIN: frozenset(
        {
            OWN_SESSION,
            READ_STATUS,
            FIND_WAYS,
            READ_AGGREGATES,
            WRITE_PRODUCTS,
            WRITE_PLANS,
            MANAGE_GATEWAYS,
            MANAGE_TAGS,
            MANAGE_COMMUNITIES,
            MANAGE_OPERATORS,
            MANAGE_API_KEYS,
            MANAGE_WEBHOOKS,
            READ_ZONE_EVENTS,
            READ_AUDIT,
        }
    ),
    STORE_MANAGER: frozenset(
        {OWN_SESSION, READ_STATUS, FIND_WAYS, READ_AGGREGATES, READ_ZONE_EVENTS, WRITE_PLANS, MANAGE_GATEWAYS, MANAGE_TAGS}
    ),
    MARKETING: frozenset({OWN_SESSION, READ_STATUS, FIND_WAYS, READ_AGGREGATES, MANAGE_COMMUNITIES}),
    INSTALLER: frozenset({OWN_SESSION, READ_STATUS, FIND_WAYS, MANAGE_GATEWAYS, MANAGE_TAGS}),
    ANALYST: frozenset({OWN_SESSION, READ_AGGREGATES}),
    PRIVACY_OFFICER: frozenset({OWN_SESSION, SERVE_REQUESTS, WRITE_CONSENT_TEXTS, READ_AUDIT}),
    VIEWER: frozenset({OWN_SESSION, READ_STATUS, FIND_WAYS}),
}


def grants_of(roles: Iterable[str]) -> frozenset[str]:
    """Everything the roles give together; raises ValueError for an unknown role, naming the known ones."""
    given: set[str] = set()
    for role in roles:
        if role not in ROLES:
            raise ValueError(f"unknown role {role!r}: expected one of {', '.join(ROLES)}")
        given |= ROLES[role]
    return frozenset(given)
