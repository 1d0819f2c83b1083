"""A site for tests: the real registry of people and keys over HTTP, and a folder that is a box's disk."""

import asyncio
from dataclasses import dataclass
from pathlib import Path

import pytest

from beacon_gateway.cli import main
from beacon_gateway.keys import public_half, read_key
from beacon_gateway.settings import SECTION, GatewaySettings
from groundwork.plumbing.settings import load
from tests.groundwork.people.register import SHOP
from tests.groundwork.people.served import Served, bearer

INSTALLER = bearer("installer")


@dataclass
class Site:
    """A server, and a folder that is the box's disk."""

    served: Served
    folder: Path
    capsys: pytest.CaptureFixture[str]

    @property
    def url(self) -> str:
        return str(self.served.client.make_url("/")).rstrip("/")

    @property
    def config(self) -> Path:
        return self.folder / "gateway.toml"

    @property
    def key(self) -> Path:
        return self.folder / "gateway.pem"

    async def code(self, gateway: str = "box-1") -> str:
        asked = {"gateway": gateway, "venue": SHOP, "name": "door"}
        answer = await self.served.client.post("/v1/gateway-codes", json=asked, headers=INSTALLER)
        return str((await answer.json())["code"])

    async def enrol(self, code: str, *more: str, server: str = "", lang: str = "en") -> tuple[int, str]:
        """The exit code, and what was said."""
        typed = ["enrol", "--server", server or self.url, "--code", code, "--lang", lang, *more]
        status = await asyncio.to_thread(main, typed)
        said = self.capsys.readouterr()
        return status, said.out + said.err

    def settings(self) -> GatewaySettings:
        return load(GatewaySettings, SECTION, {}, self.config)

    def public(self) -> bytes:
        return bytes.fromhex(public_half(read_key(self.key)))

    async def enrolled(self) -> GatewaySettings:
        """The settings of the box once it is one."""
        status, said = await self.enrol(await self.code())
        assert status == 0, said
        return self.settings()
