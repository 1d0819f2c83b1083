"""Operators sign in by the retailer's own OpenID provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, 3.1).

The provider says who she is and never what she may do: an account must have been invited here, and its roles are those an admin gave it.
The first time, a verified e-mail address that is the login of an invited account ties the two; from then on the provider's own name for
her does, as a keyed tag. What must come back unchanged goes to the browser sealed, so nothing is kept for people who never return.
"""

import base64
import hashlib
import hmac
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode, urlsplit

import msgspec
import structlog

from groundwork.contracts.ids import TenantId
from groundwork.people import acts, queries
from groundwork.people.accounts import new_token
from groundwork.people.model import OPERATORS, IdentityProvider
from groundwork.people.oidc import Claims, OpenId
from groundwork.people.operators import ACTIVE, DISABLED, INVITED, Operator, normal_login
from groundwork.people.reasons import FOREIGN_ANSWER, NOT_INVITED, PROVIDER_UNKNOWN, PROVIDER_UNREACHABLE
from groundwork.people.sessions import Cookie, SignInDesk
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection
from groundwork.plumbing.outbound import AddressRefused, Outbound, Unreachable
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault, VaultError

WAY_S: Final = 600
"""How long she may take at the provider: a password, a second factor, a phone that had to be fetched."""
_PLACE: Final = "provider_sign_in"
_log = structlog.get_logger()


class _Way(msgspec.Struct, frozen=True):
    """What was asked of the provider, as the browser carries it, sealed."""

    tenant: TenantId
    provider: str
    state: str
    nonce: str
    verifier: str
    back: str
    until_ms: int


class _Exchanged(msgspec.Struct, frozen=True):
    id_token: str


_way = msgspec.json.Decoder(_Way)
_exchanged = msgspec.json.Decoder(_Exchanged)


@dataclass(frozen=True, slots=True)
class Departure:
    """Where the browser goes, and what it carries."""

    url: str
    carried: str


class ProviderDesk:
    """Sends browsers to providers and lets those in whom they vouch for."""

    def __init__(self, parts: Parts, vault: Vault, openid: OpenId, outbound: Outbound, desk: SignInDesk) -> None:
        self._parts = parts
        self._vault = vault
        self._openid = openid
        self._outbound = outbound
        self._desk = desk

    async def depart(self, tenant: TenantId, provider_id: str, back: str) -> Departure:
        """On the way to the provider, which sends the browser to `back`. Raises Refusal where operators do not sign in by it."""
        provider, _ = await self._provider(tenant, provider_id)
        state, nonce, verifier = (new_token(self._parts.randbytes) for _ in range(3))
        until_ms = self._parts.clock.now_ms() + WAY_S * 1000
        way = _Way(tenant, provider_id, state, nonce, verifier, back, until_ms)
        asked = {
            "response_type": "code",
            "scope": "openid email",
            "client_id": provider.audience,
            "redirect_uri": back,
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        address = provider.authorize_url or ""
        url = f"{address}{'&' if urlsplit(address).query else '?'}{urlencode(asked)}"
        return Departure(url, _base64(self._vault.seal(msgspec.json.encode(way), _PLACE)))

    async def arrive(self, carried: str, code: str, state: str, issuer: str) -> Cookie:
        """Back with a code. Raises Refusal where it is no answer to what this browser asked, or nobody invited is vouched for."""
        way = self._opened(carried)
        if way is None or not hmac.compare_digest(way.state.encode(), state.encode()) or not code:
            raise Refusal(FOREIGN_ANSWER)
        provider, secret = await self._provider(way.tenant, way.provider)
        if issuer and issuer != provider.issuer:  # RFC 9207: an answer of one provider must not be taken to another
            raise Refusal(FOREIGN_ANSWER)
        claims = await self._openid.verify(provider, await self._exchange(provider, secret, way, code), way.nonce)
        token = new_token(self._parts.randbytes)

        def work(conn: Connection) -> Operator:
            operator = self._vouched_for(conn, provider, claims)
            self._desk.open(conn, operator, token)
            return operator

        return self._desk.cookie(await self._parts.db.write(work), token)

    def _opened(self, carried: str) -> _Way | None:
        """What the browser carried; None where it is none of ours or she took too long."""
        try:
            way = _way.decode(self._vault.open(base64.urlsafe_b64decode(carried + "=" * (-len(carried) % 4)), _PLACE))
        except (VaultError, ValueError):
            return None
        return way if self._parts.clock.now_ms() < way.until_ms else None

    async def _provider(self, tenant: TenantId, provider_id: str) -> tuple[IdentityProvider, bytes | None]:
        """The provider by which operators sign in, and its sealed secret."""

        def work(conn: Connection) -> tuple[IdentityProvider | None, bytes | None]:
            found = queries.identity_provider(conn, tenant, provider_id)
            return found, queries.sealed_client_secret(conn, tenant, provider_id)

        provider, secret = await self._parts.db.read(work)
        if provider is None or provider.serves != OPERATORS or not (provider.authorize_url and provider.token_url):
            raise Refusal(PROVIDER_UNKNOWN, value=provider_id)
        return provider, secret

    async def _exchange(self, provider: IdentityProvider, secret: bytes | None, way: _Way, code: str) -> str:
        """The ID token that the provider gives for `code`."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": way.back,
            "client_id": provider.audience,
            "code_verifier": way.verifier,
        }
        if secret is not None:
            form["client_secret"] = self._vault.open(secret, "identity_provider", provider.tenant, provider.id, "client_secret").decode()
        try:
            return _exchanged.decode(await self._outbound.post(provider.token_url or "", form)).id_token
        except (Unreachable, AddressRefused, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            _log.warning("code_not_exchanged", provider=provider.id, tenant=provider.tenant, error=type(error).__name__)
            raise Refusal(PROVIDER_UNREACHABLE, headers={"Retry-After": "10"}) from None

    def _vouched_for(self, conn: Connection, provider: IdentityProvider, claims: Claims) -> Operator:
        """The account, tied to the provider's name for her from now on. Raises Refusal where nobody invited her, or she is disabled."""
        tag = self._vault.tag(f"{claims.issuer}\n{claims.subject}".encode(), "operator", provider.tenant)
        known = queries.operator_of_subject(conn, provider.tenant, provider.id, tag)
        found = known or self._invited(conn, provider.tenant, claims)
        if found is None or found.state == DISABLED:
            raise Refusal(NOT_INVITED)
        after = replace(found, state=ACTIVE)
        if known is None or after != found:
            queries.change_operator(conn, after)
            queries.tie_operator(conn, after, provider.id, tag)
            queries.void_links(conn, after)
            act = Act(after.id, acts.TIE_OPERATOR, after.id, found.shown, {**after.shown, "provider": provider.id})
            record(conn, after.tenant, self._parts.clock.now_ms(), act)
        return after

    def _invited(self, conn: Connection, tenant: TenantId, claims: Claims) -> Operator | None:
        """The invited account whose login is her verified address; one that has a password or another provider is nobody else's."""
        address = claims.more.get("email")
        if not isinstance(address, str) or claims.more.get("email_verified") is not True:
            return None
        found = queries.operator_of_login(conn, normal_login(address))
        return found if found is not None and found.tenant == tenant and found.state == INVITED else None


def _base64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
