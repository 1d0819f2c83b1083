"""API keys over HTTP: what tills and the retailer's own systems call with. A key's token is shown once and stored as a hash."""

from typing import Annotated

import msgspec

from groundwork.contracts.ids import TenantId, VenueId
from groundwork.contracts.operators import Name, Venues

Days = Annotated[int, msgspec.Meta(ge=1, le=730)]
Subject = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", max_length=64)]


class ApiKeyRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Makes a key."""

    version: int = 1
    name: Name
    """For people: `till 3`, `ERP`."""
    subject: Subject
    """Who calls with it: a till's id, or a name for the system. Several keys may stand for the same."""
    grants: Annotated[list[Annotated[str, msgspec.Meta(max_length=64)]], msgspec.Meta(min_length=1, max_length=16)]
    venues: Venues = []
    days: Days = 365
    """It ends after so many."""


class RotationRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Replaces a key by a new one that may do the same; both work while the old one's time runs out."""

    version: int = 1
    overlap_h: Annotated[int, msgspec.Meta(ge=0, le=168)] = 24
    days: Days = 365


class ApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key, without what it is called with."""

    id: str
    name: str
    subject: str
    grants: list[str]
    venues: list[VenueId]
    created_ms: int
    expires_ms: int
    revoked_ms: int | None


class ApiKeys(msgspec.Struct, frozen=True, kw_only=True):
    """The keys in the caller's reach, the newest first, those that have ended among them."""

    version: int = 1
    tenant: TenantId
    keys: list[ApiKey]


class ApiKeyState(msgspec.Struct, frozen=True, kw_only=True):
    """One key as it is now."""

    version: int = 1
    tenant: TenantId
    key: ApiKey


class NewApiKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key just made, with the token it is called with; nobody can show it again."""

    version: int = 1
    tenant: TenantId
    key: ApiKey
    token: str
