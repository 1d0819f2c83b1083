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


class ConsentTextRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of the words for one purpose; both languages, because which one she reads is hers to choose."""

    version: int = 1
    text_ar: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]
    text_en: Annotated[str, msgspec.Meta(min_length=1, max_length=4_000)]


class ConsentText(msgspec.Struct, frozen=True, kw_only=True):
    """One version of the words, as it stands; it never changes."""

    purpose: str
    text_version: str
    text_ar: str
    text_en: str
    created_ms: int


class ConsentTexts(msgspec.Struct, frozen=True, kw_only=True):
    """Texts, by purpose; where a purpose has several, the newest comes last."""

    version: int = 1
    tenant: TenantId
    texts: list[ConsentText]
