"""Interest communities: what shoppers join and leave as they please, and what marketing keeps of them."""

from typing import Annotated

import msgspec

from groundwork.contracts.ids import CommunityId, TenantId


class CommunityWords(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A community's name in both languages."""

    ar: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    en: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class CommunityAbout(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a community is about, in both languages."""

    ar: Annotated[str, msgspec.Meta(max_length=2_000)] = ""
    en: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class CommunityRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a community is to be from now on. Its members stay, also while it is closed."""

    version: int = 1
    name: CommunityWords
    about: CommunityAbout = CommunityAbout()
    open: bool = True
    """A closed one takes nobody in, and no campaign finds its members."""


class OwnCommunity(msgspec.Struct, frozen=True, kw_only=True):
    """A community as a shopper sees it."""

    id: CommunityId
    name: CommunityWords
    about: CommunityAbout
    open: bool
    joined_ms: int | None
    """Since when she is in; None while she is not."""


class OwnCommunities(msgspec.Struct, frozen=True, kw_only=True):
    """The open communities, and closed ones the shopper is still in, by id."""

    version: int = 1
    tenant: TenantId
    communities: list[OwnCommunity]


class ManagedCommunity(msgspec.Struct, frozen=True, kw_only=True):
    """A community as marketing sees it."""

    id: CommunityId
    name: CommunityWords
    about: CommunityAbout
    open: bool
    members: int | None
    """None below ten: small numbers point at people."""


class ManagedCommunities(msgspec.Struct, frozen=True, kw_only=True):
    """Communities, by id."""

    version: int = 1
    tenant: TenantId
    communities: list[ManagedCommunity]
