"""The wire: HTTP POSTs over one kept-alive connection, by aiohttp. The one door to the network here."""

import asyncio
from collections.abc import Mapping
from typing import Final

import aiohttp

from beacon_gateway.uplink import Answer, TransportFailed

_TIMEOUT_S: Final = 10.0
"""Longer than a loaded backend takes to commit; a batch that was taken in after all is recognised when it comes again."""
_LONGEST_ANSWER: Final = 1 << 16


class HttpTransport:
    """POSTs to `base_url` (`https://host[:port]`)."""

    def __init__(self, base_url: str, *, timeout_s: float = _TIMEOUT_S) -> None:
        self._base_url = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One request and its whole answer, redirects not followed: a signature holds for one path."""
        try:
            async with self._open().post(self._base_url + path, data=body, headers=headers, allow_redirects=False) as response:
                said = await response.content.read(_LONGEST_ANSWER)
                while not response.content.at_eof() and len(said) < _LONGEST_ANSWER:
                    said += await response.content.read(_LONGEST_ANSWER - len(said))
                return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, said)
        except (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            raise TransportFailed(f"{type(error).__name__}: {error}") from error

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:  # made here because a session belongs to the running loop
            self._session = aiohttp.ClientSession(timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session
