"""Builds the service of people and keys: its routes, and the loops that keep fresh what other services are given of it."""

from groundwork.contracts.subjects import CONSENT_CHANGED, ERASURE_REQUESTED, GATEWAY_CHANGED
from groundwork.people.accounts import Accounts
from groundwork.people.api_keys import ApiKeyRing
from groundwork.people.credentials import LiveCredentials
from groundwork.people.day_keys import DayKeys
from groundwork.people.devices import pruning
from groundwork.people.erasure import Completing, Erasures
from groundwork.people.holding import Estate
from groundwork.people.holdings import HOLDINGS
from groundwork.people.http.api_keys import ApiKeyRoutes
from groundwork.people.http.audit import AuditRoutes
from groundwork.people.http.communities import CommunityRoutes
from groundwork.people.http.consent_texts import ConsentTextRoutes
from groundwork.people.http.consents import ConsentRoutes
from groundwork.people.http.devices import DeviceRoutes
from groundwork.people.http.gateway_rules import GatewayRulesRoutes
from groundwork.people.http.gateways import GatewayRoutes
from groundwork.people.http.identity_providers import IdentityProviderRoutes
from groundwork.people.http.operators import OperatorRoutes
from groundwork.people.http.pages import PageRoutes
from groundwork.people.http.provider_sign_in import ProviderSignInRoutes
from groundwork.people.http.refusing import refusing_demographics
from groundwork.people.http.retention import RetentionRoutes
from groundwork.people.http.rights import RightsRoutes
from groundwork.people.http.sessions import SignInRoutes
from groundwork.people.http.sign_in import ShopperSignInRoutes
from groundwork.people.http.tag_bindings import TagBindingRoutes
from groundwork.people.http.tags import TagRoutes
from groundwork.people.http.tokens import TokenRoutes
from groundwork.people.oidc import OpenId
from groundwork.people.premises import ANYWHERE, Premises
from groundwork.people.provider_sign_in import ProviderDesk
from groundwork.people.registry import People
from groundwork.people.retention import Job
from groundwork.people.rights import Resuming, Rights
from groundwork.people.sessions import SignInDesk
from groundwork.people.settings import Settings
from groundwork.people.sign_in import SignIns
from groundwork.people.withdrawal import Consents, Sends
from groundwork.plumbing.http import Route
from groundwork.plumbing.outbound import Outbound
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Parts, Service
from groundwork.plumbing.vault import Vault

_NO_SENDS = Sends()
_ALONE = Estate(HOLDINGS)
"""The registry without any flow service."""
_RETENTION_LOOK_MS = 600_000
"""How often the job looks whether its day is over."""


def build(
    parts: Parts,
    settings: Settings,
    people: People,
    credentials: LiveCredentials,
    vault: Vault,
    sends: Sends = _NO_SENDS,
    estate: Estate = _ALONE,
    premises: Premises = ANYWHERE,
) -> Service:
    """The service. Its start fills `people` and `credentials`, its loops keep them fresh; a withdrawal takes back what `sends` can.

    `vault` seals what must be read again: push tokens, keys of tags, secrets of providers. `estate` is what all packages hold of shoppers:
    what they are shown, what retention removes, and who has to report before an erasure is through. `premises` tells which
    venues there are.
    """
    consents = Consents(parts.db, parts.bus, parts.clock, sends, settings.withdrawal_wait_ms)
    day_keys, outbound = DayKeys(parts, settings.token_memory_s), Outbound(settings.loopback_providers)
    openid = OpenId(parts.clock, outbound)
    rights = Rights(parts, estate.holdings, estate.retention, sends, settings.withdrawal_wait_ms)
    erasures = Erasures(parts, estate.services, sends, settings.withdrawal_wait_ms)
    job = Job(parts.db, parts.clock, parts.hops, estate.holdings, estate.retention)
    loops = (
        day_keys,
        Refresh("people", people.renew, parts.bus, (CONSENT_CHANGED,), parts.clock, settings.refresh_ms),
        Refresh("credentials", credentials.renew, parts.bus, (GATEWAY_CHANGED,), parts.clock, settings.refresh_ms),
        pruning(parts, settings.push_target_days),
        Refresh("pauses", Resuming(parts).run, parts.bus, (), parts.clock, settings.refresh_ms),
        Refresh("erasures", Completing(parts, estate.services).run, parts.bus, (ERASURE_REQUESTED,), parts.clock, settings.refresh_ms),
        Refresh("retention", job.run, parts.bus, (), parts.clock, _RETENTION_LOOK_MS),
    )
    routes = [
        *ConsentRoutes(parts, consents).routes(),
        *ConsentTextRoutes(parts).routes(),
        *_routes_of_apps(parts, settings, vault, openid),
        *IdentityProviderRoutes(parts, vault, outbound).routes(),
        *TokenRoutes(parts, day_keys).routes(),
        *TagRoutes(parts, vault, premises).routes(),
        *TagBindingRoutes(parts, vault, settings).routes(),
        *_routes_of_gateways(parts, settings, vault, credentials, premises),
        *_routes_of_operators(parts, settings, vault, openid, outbound, premises),
        *RightsRoutes(parts, rights, erasures).routes(),
        *RetentionRoutes(parts).routes(),
    ]

    async def start() -> None:
        await day_keys.step()
        await people.renew()
        await credentials.renew()

    return Service("people", refusing_demographics(routes), loops, start)


def _routes_of_gateways(parts: Parts, settings: Settings, vault: Vault, credentials: LiveCredentials, premises: Premises) -> list[Route]:
    """How boxes get in and change their keys, and what is decided for them."""
    boxes = GatewayRoutes(parts, vault, settings, credentials.renew, premises)
    return [*boxes.routes(), *GatewayRulesRoutes(parts, vault, premises).routes()]


def _routes_of_operators(
    parts: Parts, settings: Settings, vault: Vault, openid: OpenId, outbound: Outbound, premises: Premises
) -> list[Route]:
    """How operators get in, and what an admin keeps."""
    desk, accounts = SignInDesk(parts, settings.sign_in_hours), Accounts(parts, settings.link_hours, premises)
    return [
        *SignInRoutes(desk, parts.clock).routes(),
        *ProviderSignInRoutes(ProviderDesk(parts, vault, openid, outbound, desk), parts.clock).routes(),
        *OperatorRoutes(accounts).routes(),
        *ApiKeyRoutes(ApiKeyRing(parts, premises)).routes(),
        *AuditRoutes(parts).routes(),
        *PageRoutes().routes(),
    ]


def _routes_of_apps(parts: Parts, settings: Settings, vault: Vault, openid: OpenId) -> list[Route]:
    """What an app on a shopper's phone does for itself."""
    sign_ins = SignIns(parts, vault, openid, settings.demo_sign_up_tenant)
    return [*ShopperSignInRoutes(sign_ins).routes(), *DeviceRoutes(parts, vault).routes(), *CommunityRoutes(parts).routes()]
