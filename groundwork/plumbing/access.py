"""The access check: who sent a request, and whether that caller may do this. Deny by default; it runs before the handler.

A signed route takes an Ed25519 signature over the request (`signatures.py`), every other one a bearer token. A route without a grant
is open to anybody, and says so in its own list.
"""

from dataclasses import dataclass
from typing import Final

from aiohttp import web

from groundwork.plumbing import problems, signatures
from groundwork.plumbing.auth import Caller, Credentials, token_hash
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.http import CALLER, Route, body
from groundwork.plumbing.reasons import Refusal

TIME_HEADER: Final = "Aislecast-Time"
"""The server's clock in ms, in the answer to a request whose own clock is too far off."""
_LONGEST_TOKEN: Final = 512


@dataclass(frozen=True, slots=True)
class Access:
    """Checks requests against what `credentials` knows."""

    credentials: Credentials
    clock: Clock
    skew_ms: int
    """How far the time of a signature may be from ours. It bounds how long a caught request can be sent again."""

    async def check(self, request: web.Request, route: Route) -> None:
        """Puts the caller into the request; raises Refusal where there is none or it lacks the route's grant."""
        if route.signed:
            who = await self._signer(request)
        elif route.grant or "Authorization" in request.headers:
            who = await self._bearer(request)
        else:
            return
        if route.grant and not who.may(route.grant):
            raise Refusal(problems.NOT_GRANTED, grant=route.grant)
        request[CALLER] = who

    async def _signer(self, request: web.Request) -> Caller:
        signature = signatures.parse(request.headers.get(signatures.HEADER, ""))
        if signature is None:
            raise Refusal(problems.SIGNATURE_MISSING, header=signatures.HEADER)
        now = self.clock.now_ms()
        signer = self.credentials.signer(signature.key_id)
        if signer is None or not signer.valid_from_ms <= now < (signer.valid_until_ms or now + 1):
            raise Refusal(problems.SIGNATURE_UNKNOWN_KEY, key=signature.key_id)
        if not signatures.holds(signature, signer.public_key, request.method, request.raw_path, await body(request)):
            raise Refusal(problems.SIGNATURE_WRONG)
        if abs(now - signature.at_ms) > self.skew_ms:
            headers = {TIME_HEADER: str(now)}
            raise Refusal(problems.CLOCK, headers=headers, at_ms=signature.at_ms, limit_ms=self.skew_ms, server_ms=now)
        return signer.caller

    async def _bearer(self, request: web.Request) -> Caller:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refusal(problems.TOKEN_MISSING, headers={"WWW-Authenticate": "Bearer"})
        possible = len(token) <= _LONGEST_TOKEN and token.isascii()
        known = await self.credentials.bearer(token_hash(token.strip())) if possible else None
        if known is None:
            raise Refusal(problems.TOKEN_UNKNOWN, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return known
