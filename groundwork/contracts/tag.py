"""Tags: carts, baskets and loyalty cards that carry a beacon, and whose they are for a while."""

from typing import Annotated, Literal

import msgspec

from groundwork.contracts.ids import TenantId, VenueId

TagKind = Literal["cart", "basket", "loyalty"]


class EidSeed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an Eddystone-EID tag was set up with."""

    identity_key: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$", max_length=32)]
    """16 bytes in hex."""
    exponent: Annotated[int, msgspec.Meta(ge=0, le=15)]
    """K: a new id every 2^K seconds."""
    clock_s: Annotated[int, msgspec.Meta(ge=0, lt=1 << 32)]
    """What the tag's own clock shows now, in seconds."""


class TagRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tag to be registered: by the beacon key it always sends, or by what its rotating ids are made of."""

    version: int = 1
    kind: TagKind
    venue: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9._:-]{1,64}$", max_length=64)] | None = None
    """Where carts and baskets stay; a loyalty card may go anywhere."""
    beacon: Annotated[str, msgspec.Meta(min_length=3, max_length=128)] | None = None
    eid: EidSeed | None = None


class TagCode(msgspec.Struct, frozen=True, kw_only=True):
    """The code to print on the tag, as text and QR; shown this once and kept as a keyed hash alone."""

    version: int = 1
    tenant: TenantId
    tag: str
    kind: TagKind
    venue: VenueId | None
    code: str


class TagState(msgspec.Struct, frozen=True, kw_only=True):
    """One tag as operators see it; whose it is now they do not."""

    tag: str
    kind: TagKind
    venue: VenueId | None
    beacon: str | None
    """None for a tag whose ids rotate."""
    lent: bool
    """Whether it stands for somebody at this moment."""
    created_ms: int
    retired_ms: int | None = None


class Tags(msgspec.Struct, frozen=True, kw_only=True):
    """The tags of the venues the caller may see, oldest first."""

    version: int = 1
    tenant: TenantId
    tags: list[TagState]


class TagBindingRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The calling device's shopper scanned this code. In the body, so that no log keeps it."""

    version: int = 1
    code: Annotated[str, msgspec.Meta(max_length=64)]


class TagBinding(msgspec.Struct, frozen=True, kw_only=True):
    """A tag that is hers: for a visit, or until she releases it."""

    tag: str
    kind: TagKind
    from_ms: int
    until_ms: int | None = None
    """At the latest; a cart's or basket's may end with her visit. None for a loyalty card."""


class TagBindings(msgspec.Struct, frozen=True, kw_only=True):
    """What is bound to the calling device's shopper now."""

    version: int = 1
    tenant: TenantId
    bindings: list[TagBinding]
