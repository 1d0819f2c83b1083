"""Where a request comes from and how: its peer's address, or, behind proxies that are trusted by name, what they say of it.

Nobody else's `X-Forwarded-For` and `X-Forwarded-Proto` are read: anybody can send them.
"""

import ipaddress
from collections.abc import Sequence
from typing import Final, TypeAlias

from aiohttp import web

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network

_UNKNOWN: Final = "local"
"""The peer of a request over a Unix socket."""
_V6_PREFIX: Final = 64
"""One subscriber has at least this many bits of IPv6 to herself, so she counts as one."""


class Proxies:
    """Judges requests. `trusted` are addresses or networks (`10.0.0.0/8`) of proxies; raises ValueError naming one that is neither."""

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._trusted: list[Network] = [ipaddress.ip_network(each, strict=False) for each in trusted]

    def address(self, request: web.Request) -> str:
        """Whom to count the request for: the address nearest to us that is no trusted proxy; of IPv6 its /64.

        Where that is written so that we cannot read it, the proxy itself counts: what stands before it anybody may have made up.
        """
        at = request.remote or _UNKNOWN
        if self._is_trusted(at):
            hops = ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")
            nearest = next((hop for hop in reversed(hops) if not self._is_trusted(hop)), "")
            at = at if _parsed(nearest) is None else nearest
        return _counted(at)

    def secure(self, request: web.Request) -> bool:
        """Whether it came over TLS, to us or to a trusted proxy."""
        if self._is_trusted(request.remote or _UNKNOWN):
            return request.headers.get("X-Forwarded-Proto", request.scheme).strip().lower() == "https"
        return request.secure

    def _is_trusted(self, address: str) -> bool:
        found = _parsed(address)
        return found is not None and any(found in network for network in self._trusted)


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(address.strip())
    except ValueError:
        return None
    return (found.ipv4_mapped or found) if isinstance(found, ipaddress.IPv6Address) else found


def _counted(address: str) -> str:
    found = _parsed(address)
    if isinstance(found, ipaddress.IPv6Address) and not found.is_loopback:
        return str(ipaddress.ip_network((found, _V6_PREFIX), strict=False))
    return str(found or _UNKNOWN)
