"""Outbound: the requests this process makes to addresses that somebody typed in (the keys of an OpenID provider, a webhook).

What is typed in may be a trap, so: https only, public addresses only, no redirects, no proxy, and bounds on time and size. An address is
judged once more when it is connected to, so that a name cannot mean something harmless while it is checked and something else afterwards.
"""

import contextlib
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from groundwork.plumbing.reasons import Words

_TIMEOUT_S: Final = 5.0
"""Well below the 30 s a request of ours may take that waits for this."""
_MOST_BYTES: Final = 512 * 1024
"""Large key sets have 20 kB; more is not read."""
_PRIVATE: Final = tuple(map(ip_network, ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")))
"""RFC 1918 and RFC 4193."""


class AddressRefused(ValueError):
    """An address that is not to be called; the words say why."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


_NO_URL: Final = Words("it is no URL with a host, in ASCII", "ليس عنوان URL بحروف ASCII فيه اسم مضيف")
_SAYS_MORE: Final = Words("it carries a name, a password or a fragment", "فيه اسم أو كلمة مرور أو جزء بعد #")
_LOOPBACK: Final = Words("it leads to this machine", "يقود إلى هذا الجهاز نفسه")
_NO_HTTPS: Final = Words("it is not https", "ليس عنوان https")
_NOT_PUBLIC: Final = Words("it is not a public address", "ليس عنوانًا عامًا على الإنترنت")


class Unreachable(Exception):
    """The other side did not answer, or not with what was asked for; it may do later."""


def is_public(address: str) -> bool:
    """Whether the IP address can be reached by everybody, also where it is an IPv4 one dressed as IPv6. False where it is no address."""
    try:
        found = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    inner = _inside(found)
    return inner.is_global and not inner.is_multicast


def is_private(address: str) -> bool:
    """Whether the IP address is of a network of the operator's own: not of this machine, nor its link, where clouds keep secrets."""
    try:
        found = _inside(ip_address(address.partition("%")[0]))
    except ValueError:
        return False
    return any(found in network for network in _PRIVATE if network.version == found.version)


def is_loopback(host: str) -> bool:
    """Whether `host` is this machine alone."""
    try:
        return _inside(ip_address(host)).is_loopback
    except ValueError:
        return host == "localhost"


def _inside(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """The IPv4 address inside a mapped or 6to4 one, else the address itself."""
    if isinstance(address, IPv6Address):
        return address.ipv4_mapped or address.sixtofour or address
    return address


@dataclass(frozen=True, slots=True)
class Answered:
    """What the other side said: its status, when it wants to be asked again, and how its answer begins."""

    status: int
    retry_after: str
    excerpt: bytes


@dataclass(frozen=True, slots=True)
class Outbound:
    """Makes requests. `loopback` also lets plain http through to this machine: for tests, and an issuer that runs beside us.

    `private` lets https through to the operator's own networks.
    """

    loopback: bool = False
    private: bool = False
    timeout_s: float = _TIMEOUT_S
    lookup: Callable[[], AbstractResolver] = aiohttp.ThreadedResolver
    """What looks names up; its answers are judged."""

    def check(self, url: str) -> None:
        """Raises AddressRefused unless `url` may be called, as far as one can tell without looking its name up."""
        try:
            parts = urlsplit(url)
            host, _ = parts.hostname or "", parts.port
        except ValueError:
            raise AddressRefused(_NO_URL) from None
        if not host or not url.isascii() or any(sign.isspace() for sign in url):
            raise AddressRefused(_NO_URL)
        if parts.username is not None or parts.fragment:
            raise AddressRefused(_SAYS_MORE)
        if is_loopback(host):
            if not self.loopback:
                raise AddressRefused(_LOOPBACK)
        elif parts.scheme != "https":
            raise AddressRefused(_NO_HTTPS)
        elif _is_address(host) and not is_public(host) and not (self.private and is_private(host)):
            raise AddressRefused(_NOT_PUBLIC)
        if parts.scheme not in ("https", "http"):
            raise AddressRefused(_NO_HTTPS)

    async def get(self, url: str) -> bytes:
        """The body of a 200. Raises AddressRefused, or Unreachable for everything else that can go wrong."""
        return await self._ask("GET", url, None)

    async def post(self, url: str, form: Mapping[str, str]) -> bytes:
        """Sends `form` url-encoded; the body of a 200. Raises as `get` does."""
        return await self._ask("POST", url, form)

    async def send(self, url: str, body: bytes, headers: Mapping[str, str], most_excerpt: int) -> Answered:
        """Posts `body`; whatever the answer is, it is an answer. Raises AddressRefused, or Unreachable where there was none."""
        async with self._asked("POST", url, body, headers) as response:
            excerpt = b""
            with contextlib.suppress(aiohttp.ClientError, TimeoutError):  # a status that was heard stands, though the rest breaks off
                excerpt = await response.content.read(most_excerpt)
            return Answered(response.status, response.headers.get("Retry-After", ""), excerpt)

    async def _ask(self, method: str, url: str, form: Mapping[str, str] | None) -> bytes:
        async with self._asked(method, url, form, {"Accept": "application/json"}) as response:
            if response.status != 200:
                raise Unreachable(f"it answered {response.status}")
            return await _read(response)

    @contextlib.asynccontextmanager
    async def _asked(
        self, method: str, url: str, body: Mapping[str, str] | bytes | None, headers: Mapping[str, str]
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        self.check(url)
        connector = aiohttp.TCPConnector(resolver=_Judging(self.lookup(), self.loopback, self.private), use_dns_cache=False)
        timeout = aiohttp.ClientTimeout(total=self.timeout_s)
        try:
            async with (
                aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False) as session,
                session.request(method, url, data=body, allow_redirects=False, headers=headers) as response,
            ):
                yield response
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
            raise Unreachable(f"{type(error).__name__}: {error}") from error


async def _read(response: aiohttp.ClientResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in response.content.iter_any():
        size += len(part)
        if size > _MOST_BYTES:
            raise Unreachable(f"its answer is longer than {_MOST_BYTES} bytes")
        parts.append(part)
    return b"".join(parts)


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return host.replace(".", "").isdigit() or host.startswith("0x")  # old ways to write an IPv4 address in one number
    return True


class _Judging(AbstractResolver):
    """Looks names up and keeps public addresses only, or this machine's or a private network's where that is allowed."""

    def __init__(self, inner: AbstractResolver, loopback: bool, private: bool) -> None:
        self._inner = inner
        self._loopback = loopback
        self._private = private

    async def resolve(self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        allowed = [one for one in found if self._allows(host, one["host"])]
        if not allowed:
            raise OSError(None, f"{host} has no public address")
        return allowed

    def _allows(self, host: str, address: str) -> bool:
        if is_public(address) or (self._private and is_private(address)):
            return True
        return self._loopback and is_loopback(host) and is_loopback(address)

    async def close(self) -> None:
        await self._inner.close()
