"""The access check: who sent a request, and whether that caller may do this. Deny by default; it runs before the handler.

A signed route takes an Ed25519 signature over the request (`signatures.py`), every other one a bearer token, or the cookie of a
signed-in browser together with proof that our own page asks (`cookies.py`). A route without a grant is open to anybody, and says so in
its own list. How often anybody may ask is for `rates.py`.
"""

import base64
from dataclasses import dataclass
from typing import Final

from aiohttp import hdrs, web

from groundwork.plumbing import cookies, problems, signatures
from groundwork.plumbing.auth import Caller, Credentials, token_hash
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.http import ADDRESS, CALLER, Route, body
from groundwork.plumbing.rates import Throttle
from groundwork.plumbing.reasons import Refusal

TIME_HEADER: Final = "Aislecast-Time"
"""The server's clock in ms, in the answer to a request whose own clock is too far off."""
_LONGEST_TOKEN: Final = 512
_BEARER: Final = {"WWW-Authenticate": "Bearer"}
_FAILED: Final = (problems.SIGNATURE_UNKNOWN_KEY, problems.SIGNATURE_WRONG, problems.TOKEN_UNKNOWN, problems.SIGNED_OUT)
"""Credentials that were shown and are wrong. A clock that is off is not among them: boxes start in 1970 and then correct themselves."""


@dataclass(frozen=True, slots=True)
class Access:
    """Checks requests against what `credentials` knows, and counts them against the limits."""

    credentials: Credentials
    clock: Clock
    skew_ms: int
    """How far the time of a signature may be from ours. It bounds how long a caught request can be sent again."""
    throttle: Throttle

    async def check(self, request: web.Request, route: Route) -> None:
        """Puts the caller into the request; raises Refusal where there is none, it lacks the route's grant, or it asks too often."""
        try:
            who = await self._caller(request, route)
        except Refusal as refusal:
            if refusal.reason in _FAILED:
                self.throttle.failed(request[ADDRESS], route)
            raise
        if not route.grant:
            self.throttle.open(request[ADDRESS], route)
        if who is None:
            return
        self.throttle.known(who, route)
        if route.grant and not who.may(route.grant):
            raise Refusal(problems.NOT_GRANTED, grant=route.grant)
        request[CALLER] = who

    async def _caller(self, request: web.Request, route: Route) -> Caller | None:
        """Who sent the request; None on an open route, where no credential is looked at: a dead one must not keep her from signing in."""
        if route.signed:
            return await self._signer(request)
        if not route.grant:
            return None
        if hdrs.AUTHORIZATION in request.headers:
            return await self._bearer(request, basic=route.basic)
        token = cookies.token_of(request)
        if not token:
            raise Refusal(problems.TOKEN_MISSING, headers=_BEARER)
        return await self._signed_in(request, token)

    async def _signed_in(self, request: web.Request, token: str) -> Caller:
        cookies.check_csrf(request, token)
        now = self.clock.now_ms()
        known = await self.credentials.signed_in(token_hash(token), now) if len(token) <= _LONGEST_TOKEN else None
        if known is None or _has_ended(known, now):
            raise Refusal(problems.SIGNED_OUT)
        return known

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

    async def _bearer(self, request: web.Request, *, basic: bool) -> Caller:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if basic and scheme.lower() == "basic":
            scheme, token = "bearer", _password(token)
        if scheme.lower() != "bearer" or not token:
            raise Refusal(problems.TOKEN_MISSING, headers=_BEARER)
        possible = len(token) <= _LONGEST_TOKEN and token.isascii()
        known = await self.credentials.bearer(token_hash(token.strip())) if possible else None
        if known is None or _has_ended(known, self.clock.now_ms()):
            raise Refusal(problems.TOKEN_UNKNOWN, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
        return known


def _password(credentials: str) -> str:
    """The password of HTTP Basic's `credentials` (RFC 7617), whatever the login; empty where there is none."""
    try:
        return base64.b64decode(credentials, validate=True).decode("ascii").partition(":")[2]
    except (ValueError, UnicodeDecodeError):
        return ""


def _has_ended(who: Caller, now_ms: int) -> bool:
    return who.until_ms is not None and who.until_ms <= now_ms
