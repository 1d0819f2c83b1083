"""An OpenID issuer for tests: a real HTTP server with keys that rotate, go missing, or stop answering."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwk, jwt

from groundwork.contracts.ids import TenantId
from groundwork.people.model import SHOPPERS, IdentityProvider
from tests.groundwork.people.register import NOW_MS, TAMIM

AUDIENCE: Final = "tamim-app"
RSA: Final = jwk.RSAKey.generate_key(2048, {"kid": "rsa-1", "use": "sig", "alg": "RS256"})
RSA_NEXT: Final = jwk.RSAKey.generate_key(2048, {"kid": "rsa-2", "use": "sig"})
EC: Final = jwk.ECKey.generate_key("P-256", {"kid": "ec-1", "use": "sig"})
Key = jwk.RSAKey | jwk.ECKey | jwk.OctKey


class Issuer:
    """Serves `keys` at /jwks and counts how often they were asked for; `status` is what it answers, `hangs` whether it does at all."""

    def __init__(self) -> None:
        self.keys: list[dict[str, Any]] = [public(RSA), public(EC)]
        self.asked = 0
        self.status = 200
        self.hangs = False
        self.raw: bytes | None = None
        self.url = ""

    async def jwks(self, _request: web.Request) -> web.Response:
        self.asked += 1
        if self.hangs:
            await asyncio.Event().wait()
        if self.status in (301, 302):
            return web.Response(status=self.status, headers={"Location": "/elsewhere"})
        return web.json_response({"keys": self.keys}, status=self.status) if self.raw is None else web.Response(body=self.raw)

    def provider(self, tenant: TenantId = TAMIM, audience: str = AUDIENCE, **changes: Any) -> IdentityProvider:
        """The row of this issuer with a tenant."""
        row = {
            "id": "own",
            "serves": SHOPPERS,
            "issuer": self.url,
            "algorithms": ("ES256", "RS256"),
            "jwks_url": f"{self.url}/jwks",
            **changes,
        }
        return IdentityProvider(tenant=tenant, audience=audience, **row)

    def claims(self, **changes: Any) -> dict[str, Any]:
        """What a good token says; None takes a claim out."""
        now = NOW_MS // 1000
        plain = {"iss": self.url, "aud": AUDIENCE, "sub": "layla@example", "iat": now - 5, "exp": now + 3600, **changes}
        return {name: value for name, value in plain.items() if value is not None}

    def token(self, key: Key = RSA, alg: str = "RS256", header: dict[str, Any] | None = None, **changes: Any) -> str:
        """A signed token; `changes` are claims."""
        return signed(self.claims(**changes), key, alg, header)


def public(key: Key) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def signed(claims: dict[str, Any], key: Key, alg: str, header: dict[str, Any] | None = None) -> str:
    """The claims as a token whose header is `alg`, the key's id and `header`; None in it takes a field out."""
    plain = {"alg": alg, "kid": key.kid, **(header or {})}
    return jwt.encode({name: value for name, value in plain.items() if value is not None}, claims, key, algorithms=[alg])


@asynccontextmanager
async def running() -> AsyncIterator[Issuer]:
    """An issuer that listens on the loopback."""
    issuer = Issuer()
    app = web.Application()
    app.router.add_get("/jwks", issuer.jwks)
    async with TestServer(app) as server:
        issuer.url = str(server.make_url("")).rstrip("/")
        yield issuer
