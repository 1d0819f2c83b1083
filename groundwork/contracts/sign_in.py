"""How an app on a shopper's phone becomes one of her devices, and what it may then say about itself."""

from typing import Annotated

import msgspec

from groundwork.contracts.ids import DeviceId, TenantId

Installation = Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9_-]{22,64}$", max_length=64)]
"""A name the app made for this installation: 128 random bits or more in base64url or hex, or a UUID. It is told to nobody else."""


class ShopperSignInRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The retailer's own sign-in vouches for her. The same request again gives the same device a fresh token and ends the old one."""

    version: int = 1
    id_token: Annotated[str, msgspec.Meta(max_length=16_384)]
    """As the retailer's OpenID provider issued it to the app; which retailer, it says itself."""
    installation: Installation
    nonce: Annotated[str, msgspec.Meta(min_length=1, max_length=256)] | None = None
    """The one the app sent to the provider, where it sent one: then the token must carry it."""
    language: str = ""
    """`ar` or `en`, for a newcomer; empty for that of the request."""


class DemoSignUpRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A new shopper whom nobody vouches for, where a deployment allows that: in a demo."""

    version: int = 1
    installation: Installation
    language: str = ""
    """`ar` or `en`; empty for that of the request."""


class SignedInDevice(msgspec.Struct, frozen=True, kw_only=True):
    """The device, and the token it calls with; nobody can show that again. Nothing is consented to by signing in."""

    version: int = 1
    tenant: TenantId
    device: DeviceId
    language: str
    token: str


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One of a shopper's devices."""

    id: DeviceId
    created_ms: int
    here: bool
    """Whether it is the one that asks."""
    channels: list[str]
    """By which a push reaches it, beside the in-app inbox."""


class Devices(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's shopper's devices, oldest first, and the language she is spoken to in."""

    version: int = 1
    tenant: TenantId
    language: str
    devices: list[Device]


class PushTargetRequest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a push service reaches this device. Sent at every start of the app, and whenever the service changes it."""

    version: int = 1
    channel: str
    """`fcm` or `web_push`."""
    token: Annotated[str, msgspec.Meta(min_length=1, max_length=4_096)]
    """As the service gave it: a registration token, or a subscription as JSON."""
    fid: Annotated[str, msgspec.Meta(max_length=256)] = ""
    """The Firebase installation id, where there is one."""
