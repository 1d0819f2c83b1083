"""Consent as the app gives, withdraws and asks for it; the shopper is the caller's own (bearer credential), never the body's."""

from typing import Annotated

import msgspec

from groundwork.contracts.ids import TenantId


class ConsentRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Gives (`granted`) or withdraws one purpose. The same request again changes nothing."""

    version: int = 1
    purpose: str
    """`positioning`, `offers` or `measurement`; one is never implied by another."""
    granted: bool
    text_version: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", max_length=64)]
    """Of the words she was shown."""
    language: str = ""
    """Of those words, `ar` or `en`; empty for the shopper's own."""


class ConsentState(msgspec.Struct, frozen=True, kw_only=True):
    """What the shopper consents to now: every purpose with yes or no."""

    version: int = 1
    tenant: TenantId
    purposes: dict[str, bool]
