"""Identity providers: whose word the tenant takes for its shoppers and its operators, kept by an admin."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, Final

from aiohttp import web

from groundwork.contracts.identity_provider import IdentityProviderRequest, IdentityProviders, IdentityProviderState
from groundwork.contracts.ids import TenantId
from groundwork.people import acts, queries
from groundwork.people.model import MANAGE_OPERATORS, OPERATORS, SERVES, IdentityProvider
from groundwork.people.oidc import ALGORITHMS
from groundwork.people.operators import check_whole_tenant
from groundwork.people.reasons import BEYOND_SCOPE, PROVIDER_TAKEN, PROVIDER_UNKNOWN
from groundwork.plumbing import problems
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.outbound import AddressRefused, Outbound
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault

_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
_PUBLIC: Final = Words("a public https address", "عنوان https عام على الإنترنت")
_ID_WORDS: Final = Words("letters, digits, `.`, `_` and `-`, 64 at most", "أحرف لاتينية وأرقام و`.` و`_` و`-`، 64 على الأكثر")
_SET: Final = Words("set", "مذكورة")
_NOT_SET: Final = Words(
    "nothing: only operators sign in through us, shoppers' apps bring their token",
    "ألّا تُذكر: الدخول عبرنا للمشغّلين وحدهم، وتطبيقات المتسوقين تحمل رموزها",
)


class IdentityProviderRoutes:
    """The handlers."""

    def __init__(self, parts: Parts, vault: Vault, outbound: Outbound) -> None:
        self._parts = parts
        self._vault = vault
        self._outbound = outbound

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/identity-providers",
                self.show,
                Words("Whose word is taken when people sign in.", "مزوّدو الهوية المعتمدون لتسجيل الدخول."),
                grant=MANAGE_OPERATORS,
                answer=IdentityProviders,
            ),
            Route(
                "PUT",
                "/v1/identity-providers/{id}",
                self.put,
                Words("Adds or replaces an identity provider.", "إضافة مزوّد هوية أو استبداله."),
                grant=MANAGE_OPERATORS,
                request=IdentityProviderRequest,
                answer=IdentityProviders,
                refusals=(PROVIDER_TAKEN, BEYOND_SCOPE),
                max_body=16 * 1024,
            ),
            Route(
                "DELETE",
                "/v1/identity-providers/{id}",
                self.remove,
                Words("Takes the provider's word no more.", "إلغاء اعتماد مزوّد الهوية."),
                grant=MANAGE_OPERATORS,
                status=204,
                refusals=(PROVIDER_UNKNOWN, BEYOND_SCOPE),
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/identity-providers: never with a secret."""
        tenant = TenantId(caller(request).tenant)
        return answered(await self._parts.db.read(lambda conn: _shown(conn, tenant)))

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/identity-providers/{id}: the secret is sealed before it is stored, and stays where none is given."""
        who, asked = caller(request), await read(request, IdentityProviderRequest)
        check_whole_tenant(who)  # a provider vouches for operators of every venue
        tenant, provider = TenantId(who.tenant), self._checked(TenantId(who.tenant), request.match_info["id"], asked)
        place = ("identity_provider", tenant, provider.id, "client_secret")
        secret = None if asked.client_secret is None else self._vault.seal(asked.client_secret.encode(), *place)
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> IdentityProviders:
            before = queries.identity_provider(conn, tenant, provider.id)
            queries.put_identity_provider(conn, provider, secret, now_ms)
            if before != provider or secret is not None:
                after = {**_in_chain(provider), "client_secret_set": secret is not None}
                act = Act(who.subject, acts.PUT_IDENTITY_PROVIDER, provider.id, _in_chain(before) if before else None, after)
                record(conn, tenant, now_ms, act)
            return _shown(conn, tenant, provider.id)

        try:
            return answered(await self._parts.db.write(work))
        except queries.ProviderTaken:
            raise Refusal(PROVIDER_TAKEN) from None

    async def remove(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/identity-providers/{id}: who signed in by it stays signed in."""
        who, wanted, now_ms = caller(request), request.match_info["id"], self._parts.clock.now_ms()
        check_whole_tenant(who)
        tenant = TenantId(who.tenant)

        def work(conn: Connection) -> None:
            before = queries.identity_provider(conn, tenant, wanted)
            if before is None:
                raise Refusal(PROVIDER_UNKNOWN, value=wanted)
            queries.remove_identity_provider(conn, tenant, wanted)
            record(conn, tenant, now_ms, Act(who.subject, acts.REMOVE_IDENTITY_PROVIDER, wanted, _in_chain(before), None))

        await self._parts.db.write(work)
        return web.Response(status=204)

    def _checked(self, tenant: TenantId, wanted: str, asked: IdentityProviderRequest) -> IdentityProvider:
        """The provider that was asked for. Raises Refusal naming the field that cannot be."""
        if not _ID.fullmatch(wanted):
            raise Refusal(problems.FIELD_WRONG, at="id", value=wanted, expected=_ID_WORDS)
        if asked.serves not in SERVES:
            raise Refusal(problems.FIELD_WRONG, at="/serves", value=asked.serves, expected=", ".join(SERVES))
        unknown = next((name for name in asked.algorithms if name not in ALGORITHMS), None)
        if unknown is not None:
            raise Refusal(problems.FIELD_WRONG, at="/algorithms", value=unknown, expected=", ".join(ALGORITHMS))
        if asked.serves != OPERATORS and (asked.authorize_url or asked.token_url or asked.client_secret):
            raise Refusal(problems.FIELD_WRONG, at="/authorize_url, /token_url, /client_secret", value=_SET, expected=_NOT_SET)
        for name in ("issuer", "jwks_url", "authorize_url", "token_url"):
            self._check_url(f"/{name}", getattr(asked, name))
        return IdentityProvider(
            tenant=tenant,
            id=wanted,
            serves=asked.serves,
            issuer=asked.issuer,
            audience=asked.audience,
            algorithms=tuple(sorted(set(asked.algorithms))),
            jwks_url=asked.jwks_url,
            authorize_url=asked.authorize_url,
            token_url=asked.token_url,
        )

    def _check_url(self, at: str, url: str | None) -> None:
        if url is None:
            return
        try:
            self._outbound.check(url)
        except AddressRefused as error:
            raise Refusal(problems.FIELD_WRONG, at=at, value=url, expected=_PUBLIC) from error


def _in_chain(provider: IdentityProvider) -> dict[str, Any]:
    """As the audit chain shows it: its addresses and names, which are public."""
    return {name: value for name, value in asdict(provider).items() if name != "tenant"}


def _shown(conn: Connection, tenant: TenantId, only: str | None = None) -> IdentityProviders:
    found = [one for one in queries.identity_providers(conn, tenant) if only in (None, one.id)]
    shown = [
        IdentityProviderState(
            id=one.id,
            serves=one.serves,
            issuer=one.issuer,
            audience=one.audience,
            algorithms=list(one.algorithms),
            jwks_url=one.jwks_url,
            authorize_url=one.authorize_url,
            token_url=one.token_url,
            has_client_secret=queries.sealed_client_secret(conn, tenant, one.id) is not None,
        )
        for one in found
    ]
    return IdentityProviders(tenant=tenant, providers=shown)
