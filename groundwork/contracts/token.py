"""Shopper tokens as the app fetches them, a day at a time."""

import msgspec

from groundwork.contracts.ids import TenantId


class TokensRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calling device wants a day's tokens."""

    version: int = 1
    day: int | None = None
    """Days since 1970 UTC: today's, which is the default, or tomorrow's."""


class IssuedTokens(msgspec.Struct, frozen=True, kw_only=True):
    """The tokens of one day in order; the phone sends number n during window `first_window` + n and at no other time."""

    version: int = 1
    tenant: TenantId
    day: int
    first_window: int
    """Whole windows since 1970 UTC."""
    window_ms: int
    tokens: list[str]
    """32 hex digits each."""
