"""OpenID Connect: whether a token was issued by a tenant's identity provider, for us, now. The one door to joserfc.

What must hold stands in the provider's row and never in the token: issuer, audience, algorithms, where its keys are. A shared-secret
algorithm or `none` is not taken whatever a row says. Keys are kept in memory; a token that names an unknown one makes us fetch again, at
most every few seconds, and while the provider cannot be reached the keys we have go on for a while. Who the subject is to us, is for
`sign_in.py` (shoppers) and for the operators' own sign-in.
"""

import asyncio
import base64
import binascii
import hmac
import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import structlog
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from groundwork.people.model import IdentityProvider
from groundwork.people.reasons import (
    ID_TOKEN_ALGORITHM,
    ID_TOKEN_CLAIM,
    ID_TOKEN_EXPIRED,
    ID_TOKEN_MALFORMED,
    ID_TOKEN_SIGNATURE,
    ID_TOKEN_UNKNOWN_KEY,
    PROVIDER_UNREACHABLE,
)
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.outbound import AddressRefused, Outbound, Unreachable
from groundwork.plumbing.reasons import Refusal

ALGORITHMS: Final = ("ES256", "ES384", "ES512", "PS256", "PS384", "PS512", "RS256", "RS384", "RS512")
"""What a provider may sign with: key pairs only, so that whoever can verify cannot sign."""
LONGEST_TOKEN: Final = 16_384
"""Characters; a token of a provider that writes many groups into it has 4,000."""
_LONGEST_SUBJECT: Final = 255
"""OpenID Connect Core 1.0, section 2."""
_RSA_BITS: Final = (2048, 8192)
"""Below, a key can be broken; above, a single check would cost milliseconds."""
_HEADER_BYTES: Final = 4096
_log = structlog.get_logger()


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str | None = None
    crit: msgspec.Raw | None = None


class _Payload(msgspec.Struct, frozen=True):
    iss: str
    aud: str | list[str]
    sub: str = ""
    exp: float | None = None
    iat: float | None = None
    nbf: float | None = None
    nonce: str | None = None
    azp: str | None = None

    @property
    def audiences(self) -> list[str]:
        return [self.aud] if isinstance(self.aud, str) else self.aud


class _KeySet(msgspec.Struct, frozen=True):
    keys: list[dict[str, Any]]


_header = msgspec.json.Decoder(_Header)
_payload = msgspec.json.Decoder(_Payload)
_everything = msgspec.json.Decoder(dict[str, Any])
_key_set = msgspec.json.Decoder(_KeySet)


@dataclass(frozen=True, slots=True)
class Claims:
    """What a token that holds says."""

    issuer: str
    subject: str
    """Who, in the provider's own words: unique within the issuer, and personal. Keep a tag of it, never itself."""
    issued_ms: int
    expires_ms: int
    more: Mapping[str, Any] = field(repr=False)
    """Every claim as it stands in the token; of shoppers nothing here is kept."""


@dataclass(frozen=True, slots=True)
class Named:
    """Whom a token claims to come from and to be for; nothing of it is verified."""

    issuer: str
    audiences: tuple[str, ...]
    authorized: str | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How long keys are kept and how often they are fetched, in ms, and how far clocks may differ."""

    fresh_ms: int = 600_000
    """After this they are fetched again before they are used."""
    keep_ms: int = 86_400_000
    """While the provider cannot be reached, keys up to this old are used; a key it took back lives as long at most."""
    again_ms: int = 10_000
    """Between two fetches, whatever tokens come in; tokens with invented key ids must not make us a hammer."""
    leeway_ms: int = 60_000
    """How far the provider's clock may be from ours."""
    age_ms: int = 86_400_000
    """A token issued longer ago is not taken, however long it says it lives."""


@dataclass(frozen=True, slots=True)
class _Key:
    kid: str | None
    alg: str | None
    key: RSAKey | ECKey

    def fits(self, header: _Header) -> bool:
        if self.alg not in (None, header.alg) or (header.kid is not None and header.kid != self.kid):
            return False
        return isinstance(self.key, ECKey) == header.alg.startswith("ES")


@dataclass(slots=True)
class _Ring:
    """The keys of one address."""

    keys: tuple[_Key, ...] = ()
    fetched_ms: int | None = None
    tried_ms: int | None = None
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class OpenId:
    """Verifies tokens; one for the process, because it keeps the providers' keys."""

    def __init__(self, clock: Clock, outbound: Outbound, patience: Patience | None = None) -> None:
        self._clock = clock
        self._outbound = outbound
        self._patience = patience or Patience()
        self._rings: dict[str, _Ring] = {}

    async def verify(self, provider: IdentityProvider, token: str, nonce: str | None = None) -> Claims:
        """What `token` says, if `provider` issued it for its audience and it is valid now; `nonce` must be in it where one is given.

        Raises Refusal with one of `reasons.ID_TOKENS`: 401 for the token's fault, 503 where the provider's keys cannot be had.
        """
        header = _opened(token)
        known = [name for name in provider.algorithms if name in ALGORITHMS]
        if header.alg not in known:
            raise Refusal(ID_TOKEN_ALGORITHM, value=header.alg, known=", ".join(known))
        payload = _signed_payload(token, header, await self._key(provider.jwks_url, header))
        try:
            said = _payload.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise Refusal(ID_TOKEN_MALFORMED) from None
        self._check(said, provider, nonce)
        issued_ms, expires_ms = (round((at or 0) * 1000) for at in (said.iat, said.exp))
        return Claims(said.iss, said.sub, issued_ms, expires_ms, _everything.decode(payload))

    def _check(self, said: _Payload, provider: IdentityProvider, nonce: str | None) -> None:
        """OpenID Connect Core 1.0, section 3.1.3.7, in its order. Raises Refusal."""
        several = len(said.audiences) > 1
        wrong = {
            "iss": said.iss != provider.issuer,
            "aud": provider.audience not in said.audiences,
            "azp": several and said.azp != provider.audience,
            "sub": not 0 < len(said.sub) <= _LONGEST_SUBJECT,
            "exp": not _is_time(said.exp),
            "iat": not _is_time(said.iat),
            "nbf": said.nbf is not None and not _is_time(said.nbf),
            "nonce": nonce is not None and not hmac.compare_digest((said.nonce or "").encode(), nonce.encode()),
        }
        for claim, is_wrong in wrong.items():
            if is_wrong:
                raise Refusal(ID_TOKEN_CLAIM, claim=claim)
        assert said.exp is not None
        assert said.iat is not None
        now, leeway = self._clock.now_ms(), self._patience.leeway_ms
        if said.exp * 1000 <= now - leeway or said.iat * 1000 <= now - self._patience.age_ms - leeway:
            raise Refusal(ID_TOKEN_EXPIRED)
        for claim, at in (("iat", said.iat), ("nbf", said.nbf)):
            if at is not None and at * 1000 > now + leeway:
                raise Refusal(ID_TOKEN_CLAIM, claim=claim)

    async def _key(self, url: str, header: _Header) -> _Key:
        """The key that the header names; fetched anew where it is not among those kept."""
        ring = self._rings.setdefault(url, _Ring())
        found = self._kept(ring, header)
        if found is None or (self._stale(ring) and not ring.turn.locked()):  # who has a key need not wait while another fetches
            async with ring.turn:
                if self._kept(ring, header) is None or self._stale(ring):
                    await self._fetch(url, ring)
                found = self._kept(ring, header)
        if found is not None:
            return found
        if not self._usable(ring):
            raise Refusal(PROVIDER_UNREACHABLE, headers={"Retry-After": str(math.ceil(self._patience.again_ms / 1000))})
        raise Refusal(ID_TOKEN_UNKNOWN_KEY)

    async def _fetch(self, url: str, ring: _Ring) -> None:
        """Replaces the ring's keys by those the provider has now; leaves them where it has been asked lately or cannot be reached."""
        if self._age(ring.tried_ms) < self._patience.again_ms:
            return
        ring.tried_ms = self._clock.now_ms()
        try:
            keys = _imported(_key_set.decode(await self._outbound.get(url)).keys)
        except (Unreachable, AddressRefused, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("an identity provider's keys cannot be fetched", url=url, error=str(error))
            return
        ring.keys, ring.fetched_ms = keys, ring.tried_ms

    def _kept(self, ring: _Ring, header: _Header) -> _Key | None:
        return _fitting(ring.keys, header) if self._usable(ring) else None

    def _stale(self, ring: _Ring) -> bool:
        return self._age(ring.fetched_ms) >= self._patience.fresh_ms

    def _usable(self, ring: _Ring) -> bool:
        return self._age(ring.fetched_ms) < self._patience.keep_ms

    def _age(self, at_ms: int | None) -> float:
        return math.inf if at_ms is None else self._clock.now_ms() - at_ms


def named(token: str) -> Named:
    """Whom the token names, to find the provider's row by; `verify` decides. Raises Refusal where it is no token."""
    _opened(token)
    try:
        said = _payload.decode(_part(token, 1))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(ID_TOKEN_MALFORMED) from None
    return Named(said.iss, tuple(said.audiences), said.azp)


def _opened(token: str) -> _Header:
    """The token's header; raises Refusal where it is none, or demands (`crit`) what nobody here understands."""
    if len(token) > LONGEST_TOKEN or not token.isascii() or token.count(".") != 2:
        raise Refusal(ID_TOKEN_MALFORMED)
    try:
        header = _header.decode(_part(token, 0))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Refusal(ID_TOKEN_MALFORMED) from None
    if header.crit is not None:
        raise Refusal(ID_TOKEN_MALFORMED)
    return header


def _part(token: str, place: int) -> bytes:
    part = token.split(".")[place]
    try:
        return base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise Refusal(ID_TOKEN_MALFORMED) from None


def _signed_payload(token: str, header: _Header, key: _Key) -> bytes:
    """The payload, once the signature over it holds."""
    registry = jws.JWSRegistry(algorithms=[header.alg], strict_check_header=False)
    registry.max_header_length = _HEADER_BYTES
    try:
        return jws.deserialize_compact(token, key.key, registry=registry).payload
    except (JoseError, ValueError, TypeError, RecursionError):
        raise Refusal(ID_TOKEN_SIGNATURE) from None


def _fitting(keys: Sequence[_Key], header: _Header) -> _Key | None:
    """The key the header names; where it names none, the only one that fits."""
    found = [key for key in keys if key.fits(header)]
    return found[0] if found and (header.kid is not None or len(found) == 1) else None


def _imported(rows: Collection[Mapping[str, Any]]) -> tuple[_Key, ...]:
    """The keys that can be used; one of an unknown kind beside them is left out, as RFC 7517, section 5, wants."""
    return tuple(key for key in map(_import, rows) if key is not None)


def _import(row: Mapping[str, Any]) -> _Key | None:
    public = {name: row[name] for name in ("kty", "n", "e", "crv", "x", "y") if isinstance(row.get(name), str)}
    kid, alg = (value if isinstance(value := row.get(name), str) else None for name in ("kid", "alg"))
    if row.get("use", "sig") != "sig" or not public.get("kty"):
        return None
    try:
        if public["kty"] == "EC":
            return _Key(kid, alg, ECKey.import_key(public))
        if public["kty"] == "RSA" and _RSA_BITS[0] <= _bits(public["n"]) <= _RSA_BITS[1]:
            return _Key(kid, alg, RSAKey.import_key(public))
    except (JoseError, ValueError, TypeError, KeyError):
        return None
    return None


def _bits(number: str) -> int:
    """Of an unsigned number in base64url."""
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4)), "big").bit_length()


def _is_time(at: float | None) -> bool:
    return at is not None and math.isfinite(at) and 0 < at < 1e11
