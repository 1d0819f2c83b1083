"""Identity providers: whose word a tenant takes when a shopper or an operator signs in."""

from typing import Annotated

import msgspec

from groundwork.contracts.ids import TenantId

Url = Annotated[str, msgspec.Meta(min_length=8, max_length=300)]


class IdentityProviderRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a provider is to be from now on."""

    version: int = 1
    serves: str
    """`shoppers` or `operators`."""
    issuer: Url
    """Exactly as it stands in the tokens."""
    audience: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    """The client id that tokens are issued to: the app's, or the console's."""
    algorithms: Annotated[list[Annotated[str, msgspec.Meta(max_length=16)]], msgspec.Meta(min_length=1, max_length=9)] = msgspec.field(
        default_factory=lambda: ["RS256"]
    )
    """What tokens may be signed with."""
    jwks_url: Url
    """Where the provider's public keys are."""
    authorize_url: Url | None = None
    """This and the next two: for the operators' sign-in alone."""
    token_url: Url | None = None
    client_secret: Annotated[str, msgspec.Meta(min_length=1, max_length=1_024)] | None = None
    """Kept sealed and never shown; left out, the one that is there stays."""


class IdentityProviderState(msgspec.Struct, frozen=True, kw_only=True):
    """A provider, without its secret."""

    id: str
    serves: str
    issuer: str
    audience: str
    algorithms: list[str]
    jwks_url: str
    authorize_url: str | None
    token_url: str | None
    has_client_secret: bool


class IdentityProviders(msgspec.Struct, frozen=True, kw_only=True):
    """Providers, by id."""

    version: int = 1
    tenant: TenantId
    providers: list[IdentityProviderState]
