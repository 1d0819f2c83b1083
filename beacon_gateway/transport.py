"""The wire: HTTP over one kept-alive connection, by aiohttp. The one door to the network here."""

import asyncio
import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import aiohttp

from beacon_gateway import exits, words
from beacon_gateway.exits import Stop
from beacon_gateway.line import Answer, TransportFailed
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

_TIMEOUT_S: Final = 10.0
"""Longer than a loaded backend takes to commit; a batch that was taken in after all is recognised when it comes again."""
_SILENT: Final = Words("no answer within {seconds} s", "لا رد خلال {seconds:ثانية}")
_LONGEST_ANSWER: Final = 1 << 16


class HttpTransport:
    """Requests to `base_url` (`https://host[:port]`)."""

    def __init__(self, base_url: str, *, ca_file: str = "", timeout_s: float = _TIMEOUT_S) -> None:
        """With `ca_file` (PEM), only certificates of the authorities in it are trusted. Raises Stop where it cannot be used."""
        self._base_url = base_url.rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout_s)
        self._trust = _trust(Path(ca_file)) if ca_file else None
        self._session: aiohttp.ClientSession | None = None

    async def post(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """One POST and its whole answer."""
        return await self._ask("POST", path, headers, body)

    async def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """One GET and its whole answer."""
        return await self._ask("GET", path, headers, None)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def _ask(self, method: str, path: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Redirects are not followed: a signature holds for one path."""
        try:
            asked = self._open().request(method, self._base_url + path, data=body, headers=headers, allow_redirects=False)
            async with asked as response:
                said = await response.content.read(_LONGEST_ANSWER)
                while not response.content.at_eof() and len(said) < _LONGEST_ANSWER:
                    said += await response.content.read(_LONGEST_ANSWER - len(said))
                return Answer(response.status, {name.lower(): value for name, value in response.headers.items()}, said)
        except (aiohttp.ClientError, TimeoutError, OSError, asyncio.IncompleteReadError) as error:
            raise TransportFailed(self._why(error)) from error

    def _why(self, error: Exception) -> Words | str:
        """What went wrong, for people: without the names of Python's classes where there is a plainer word."""
        if isinstance(error, TimeoutError):
            seconds = f"{self._timeout.total:.0f}"
            return Words(_SILENT.said("en", seconds=seconds), _SILENT.said("ar", seconds=seconds))
        if isinstance(error, aiohttp.ClientConnectorError) and not isinstance(error, aiohttp.ClientSSLError) and error.errno:
            said = os.strerror(error.errno) if error.errno > 0 else error.strerror  # below 0: of the name look-up
            return f"{said} ({error.host}:{error.port})"
        return str(error) or type(error).__name__

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:  # made here because a session belongs to the running loop
            connector = aiohttp.TCPConnector(ssl=self._trust or True)
            self._session = aiohttp.ClientSession(connector=connector, timeout=self._timeout, cookie_jar=aiohttp.DummyCookieJar())
        return self._session


def unreachable(failed: TransportFailed) -> Words:
    """The sentence, with `server` and `problem` to fill in, for what keeps the server from being reached."""
    if isinstance(failed.__cause__, aiohttp.ClientConnectorDNSError):
        return words.SERVER_NAME
    return words.SERVER_TLS if isinstance(failed.__cause__, aiohttp.ClientSSLError) else words.SERVER_AWAY


def _trust(ca_file: Path) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file)  # with a file named, the machine's own authorities are not loaded
    except OSError as error:  # ssl.SSLError among them
        raise Stop(words.CA_UNUSABLE, exits.BAD_INPUT, path=ca_file, problem=phrase_of(error)) from error
