"""Settings of the HTTP server: whom it believes, and how much it takes from whom."""

import ipaddress
from typing import Annotated, TypeAlias

import msgspec

from groundwork.plumbing.reasons import Misfit, Words

_NO_NETWORK = Words(
    "trusted_proxies names {got}; expected an address or a network such as 10.0.0.0/8",
    "يذكر trusted_proxies القيمة {got}؛ والمتوقع عنوان أو شبكة مثل 10.0.0.0/8",
)

PerSecond: TypeAlias = Annotated[float, msgspec.Meta(gt=0, le=10_000_000)]
Burst: TypeAlias = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What the server can be told. The limits are far above what a shop sends: they are there for programs that run wild."""

    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies in front of the server (`10.0.0.0/8`) whose X-Forwarded-For and X-Forwarded-Proto are believed.

    Empty for none: with a proxy that is not named here all callers share one address, and cookies go without their prefix."""
    open_per_s: PerSecond = 100
    """Requests a second from one address (of IPv6 one /64) to routes open to anybody. Sign-in and enrolment have stricter limits."""
    open_burst: Burst = 2_000
    """How many of those at once."""
    failed_per_s: PerSecond = 1
    """Refused credentials a second from one address. Valid ones from the same address are not held up."""
    failed_burst: Burst = 300
    """How many of those at once."""
    caller_per_s: PerSecond = 2_000
    """Requests a second of one caller that shows a token or a cookie."""
    caller_burst: Burst = 20_000
    """How many of those at once."""
    signed_per_s: PerSecond = 20_000
    """Requests a second of one caller that signs: a box that was offline sends days of batches as fast as they are taken."""
    signed_burst: Burst = 200_000
    """How many of those at once."""
    tenant_per_s: PerSecond = 50_000
    """Requests a second of all of one tenant's callers together."""
    tenant_burst: Burst = 500_000
    """How many of those at once."""

    def __post_init__(self) -> None:
        for each in self.trusted_proxies:
            try:
                ipaddress.ip_network(each, strict=False)
            except ValueError:
                raise Misfit(_NO_NETWORK, got=repr(each)) from None
