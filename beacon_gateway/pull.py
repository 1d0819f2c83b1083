"""Pulling: asks the server now and then what the site has decided for this box, and goes on by it.

A bad answer changes nothing and is told. What is good is judged by `configured.py`; `apply` is what makes the running box follow.
"""

import asyncio
from collections.abc import Callable
from typing import Final

import msgspec
import structlog

from beacon_gateway import configured
from beacon_gateway.configured import BadConfiguration
from beacon_gateway.line import Line, TransportFailed
from beacon_gateway.settings import GatewaySettings
from groundwork.contracts.gateway import GatewayConfiguration

PATH: Final = "/v1/gateway-configuration"
_log = structlog.get_logger("gateway")


class Pull:
    """The configuration of one box. `settings` are the box's own, without what any site has decided."""

    def __init__(self, line: Line, settings: GatewaySettings, apply: Callable[[GatewaySettings], None]) -> None:
        self._line = line
        self._settings = settings
        self._apply = apply
        self.current: GatewayConfiguration | None = None
        """What is in force; None where nothing was ever pulled."""
        self.trouble = ""
        """Why the last answer, or what was kept, was not taken; empty when it was."""

    def start(self) -> None:
        """Goes on by what was kept; by the box's own settings where that is missing or damaged."""
        try:
            self.current = configured.read(self._settings.configuration_file, self._settings)
        except BadConfiguration as bad:
            self._refuse(str(bad))
            return
        if self.current is not None:
            self._apply(configured.over(self._settings, self.current))

    async def turn(self) -> None:
        """Asks once."""
        try:
            answer = await self._line.get(PATH)
            if self._line.learn(answer):
                answer = await self._line.get(PATH)
        except TransportFailed as failed:
            self.trouble = str(failed)
            return
        if answer.status != 200:
            self.trouble = answer.code or f"http_{answer.status}"
            return
        try:
            found = configured.checked(answer.body, self._settings, self.current.issued_ms if self.current else 0)
        except BadConfiguration as bad:
            self._refuse(str(bad))
            return
        await self._take(found, answer.body)

    async def _take(self, found: GatewayConfiguration, said: bytes) -> None:
        """Keeps and applies what says anything new; the disk is spared what does not."""
        self.trouble = ""
        if self.current is not None and _decided(self.current) == _decided(found):
            return
        try:
            await asyncio.to_thread(configured.keep, self._settings.configuration_file, said)
        except OSError as error:  # in force all the same: the site wants it now, and the next start asks again
            self.trouble = f"{self._settings.configuration_file}: {error.strerror}"
        self.current = found
        self._apply(configured.over(self._settings, found))
        _log.info("configuration", issued_ms=found.issued_ms, window_ms=found.window_ms, rules=found.rules is not None)

    def _refuse(self, trouble: str) -> None:
        if trouble != self.trouble:
            _log.error("configuration refused", trouble=trouble)
        self.trouble = trouble


def _decided(found: GatewayConfiguration) -> GatewayConfiguration:
    return msgspec.structs.replace(found, issued_ms=0)
