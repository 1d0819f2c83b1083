"""Signing in: an app on a phone becomes a shopper's device, because the retailer's provider vouches for her or because a demo asks nobody.

Which tenant, stands in the provider's row; who she is to the provider, is kept as a keyed tag that leads to a random shopper id and never
back. Signing in consents to nothing. A phone that another shopper signs in on becomes another device: histories never run together.
"""

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import structlog

from groundwork.contracts.ids import DeviceId, Pseudonym, ShopperId, TenantId
from groundwork.people import queries
from groundwork.people.model import DEVICE_GRANTS, SHOPPERS, IdentityProvider, Subject
from groundwork.people.oidc import OpenId, named
from groundwork.people.pseudonyms import KEY_BYTES
from groundwork.people.reasons import DEMO_SIGN_UP_OFF, ID_TOKEN_UNKNOWN_PROVIDER
from groundwork.people.registry import announce_shopper
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault

TOKEN_BYTES: Final = 32
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whose device this is now, and the token it calls with, in clear for this one time."""

    subject: Subject
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Fresh:
    """What a sign-in may need that is random; drawn before the transaction, which may be run again."""

    shopper: ShopperId
    device: DeviceId
    key: bytes = field(repr=False)
    enrolment: int
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Arrival:
    """Which installation signs in where, and in which language a newcomer is spoken to."""

    tenant: TenantId
    tag: bytes
    language: str
    now_ms: int


Whose = Callable[[Connection, Subject | None], ShopperId | None]
"""Who signs in, given the device the installation is now; None for a newcomer."""


class SignIns:
    """Signs shoppers' devices in and out. `demo_tenant` takes whoever comes; empty for none."""

    def __init__(self, parts: Parts, vault: Vault, openid: OpenId, demo_tenant: str = "") -> None:
        self._parts = parts
        self._vault = vault
        self._openid = openid
        self._demo_tenant = TenantId(demo_tenant)

    async def sign_in(self, id_token: str, installation: str, language: str, nonce: str | None = None) -> SignedIn:
        """The device of the shopper whom the token's provider vouches for; the same again gets the same device a fresh token.

        Raises Refusal with one of `reasons.ID_TOKENS`.
        """
        provider = await self._provider(id_token)
        claims = await self._openid.verify(provider, id_token, nonce)
        arrival = self._arrival(provider.tenant, installation, language)
        person = self._vault.tag(claims.subject.encode(), "identity", provider.tenant, claims.issuer)
        fresh = self._fresh()

        def work(conn: Connection) -> tuple[Subject, list[Pseudonym]]:
            shopper = queries.shopper_of_identity(conn, arrival.tenant, person)
            result = _settle(conn, arrival, fresh, shopper)
            if shopper is None:
                queries.tie_identity(conn, arrival.tenant, person, fresh.shopper, arrival.now_ms)
            return result

        return await self._signed_in(work, fresh)

    async def sign_up_demo(self, installation: str, language: str) -> SignedIn:
        """A new shopper, or the one this installation signed up before. Raises Refusal where no tenant is set to take whoever comes."""
        if not self._demo_tenant:
            raise Refusal(DEMO_SIGN_UP_OFF)
        arrival = self._arrival(self._demo_tenant, installation, language)
        fresh = self._fresh()

        def work(conn: Connection) -> tuple[Subject, list[Pseudonym]]:
            if arrival.tenant not in {tenant.id for tenant in queries.tenants(conn)}:
                raise Refusal(DEMO_SIGN_UP_OFF)
            here = queries.device_of_installation(conn, arrival.tenant, arrival.tag)
            # nobody may come by a provider's shopper without the provider
            mine = here is not None and queries.is_vouched_for_by_nobody(conn, arrival.tenant, here.shopper)
            return _settle(conn, arrival, fresh, here.shopper if here and mine else None)

        return await self._signed_in(work, fresh)

    async def sign_out(self, tenant: TenantId, device: DeviceId) -> None:
        """The device's token ends, and no push service reaches it any more; it stays hers and may sign in again."""

        def work(conn: Connection) -> None:
            queries.end_device_tokens(conn, tenant, device)
            queries.drop_push_targets(conn, tenant, device)

        await self._parts.db.write(work)

    async def _provider(self, id_token: str) -> IdentityProvider:
        """The one provider the token can be from. Where several audiences lead to several, the one it was issued to decides."""
        who = named(id_token)
        found = await self._parts.db.read(lambda conn: queries.providers_of_issuer(conn, SHOPPERS, who.issuer, who.audiences))
        if len(found) > 1:
            found = [provider for provider in found if provider.audience == who.authorized]
        if len(found) != 1:
            raise Refusal(ID_TOKEN_UNKNOWN_PROVIDER)
        return found[0]

    def _arrival(self, tenant: TenantId, installation: str, language: str) -> _Arrival:
        tag = self._vault.tag(installation.encode(), "installation", tenant)
        return _Arrival(tenant, tag, language, self._parts.clock.now_ms())

    def _fresh(self) -> _Fresh:
        draw, ids = self._parts.randbytes, self._parts.ids
        token = base64.urlsafe_b64encode(draw(TOKEN_BYTES)).decode().rstrip("=")
        enrolment = int.from_bytes(draw(8), "big")
        return _Fresh(ShopperId(ids.new()), DeviceId(ids.new()), draw(KEY_BYTES), enrolment, token)

    async def _signed_in(self, work: Callable[[Connection], tuple[Subject, list[Pseudonym]]], fresh: _Fresh) -> SignedIn:
        subject, changed = await self._parts.db.write(work)
        for pseudonym in changed:
            await announce_shopper(self._parts.bus, subject.tenant, pseudonym)
        _log.info("device signed in", tenant=subject.tenant, shopper=subject.pseudonym)
        return SignedIn(subject, fresh.token)


def _settle(conn: Connection, arrival: _Arrival, fresh: _Fresh, shopper: ShopperId | None) -> tuple[Subject, list[Pseudonym]]:
    """The installation's device for this shopper (None: a new one), with the fresh token; and who changed on the way."""
    tenant, whose = arrival.tenant, shopper or fresh.shopper
    changed: list[Pseudonym] = []
    here = queries.device_of_installation(conn, tenant, arrival.tag)
    if here is not None and here.shopper != whose:
        queries.remove_device(conn, tenant, here.shopper, here.device, arrival.now_ms)
        changed.append(here.pseudonym)
        here = None
    if here is None:
        here = queries.sign_up(
            conn,
            tenant=tenant,
            shopper=whose,
            device=fresh.device,
            shopper_key=fresh.key,
            enrolment=fresh.enrolment,
            language=arrival.language,
            now_ms=arrival.now_ms,
        )
        queries.name_installation(conn, tenant, here.device, arrival.tag)
        changed.append(here.pseudonym)
    queries.give_device_token(conn, tenant, here.device, token_hash(fresh.token), DEVICE_GRANTS, arrival.now_ms)
    return here, changed
