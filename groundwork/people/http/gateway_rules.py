"""Gateways' configuration: an operator decides which beacons may leave a venue; its boxes fetch that, with the venue's window, signed."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from groundwork.contracts.gateway import GatewayConfiguration, GatewayRules, SignedConfiguration, VenueRules
from groundwork.contracts.ids import GatewayId, TenantId, VenueId
from groundwork.people import acts, configuration, problems
from groundwork.people.model import MANAGE_GATEWAYS, READ_CONFIGURATION
from groundwork.people.premises import Premises
from groundwork.people.queries import boxes
from groundwork.people.queries import gateway_rules as rows
from groundwork.people.reasons import BEYOND_SCOPE, NO_SUCH_VENUE
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault

_MOST_BYTES: Final = 32 * 1024
"""Every list full is 30 kB; a box reads answers of 64 kB at most."""


class GatewayRulesRoutes:
    """The handlers. `vault` holds the key that signs."""

    def __init__(self, parts: Parts, vault: Vault, premises: Premises) -> None:
        self._parts = parts
        self._vault = vault
        self._premises = premises

    def routes(self) -> Sequence[Route]:
        place = "/v1/venues/{venue}/gateway-rules"
        return (
            Route(
                "GET",
                place,
                self.show,
                Words("Which beacons the venue's gateways let out.", "المنارات التي تسمح بوابات المتجر بمرورها."),
                grant=MANAGE_GATEWAYS,
                answer=VenueRules,
                refusals=(BEYOND_SCOPE, self._premises.unknown),
            ),
            Route(
                "PUT",
                place,
                self.put,
                Words(
                    "Decides which beacons the venue's gateways let out; they follow within minutes.",
                    "تحديد المنارات التي تسمح بوابات المتجر بمرورها؛ وتعمل البوابات به خلال دقائق.",
                ),
                grant=MANAGE_GATEWAYS,
                request=GatewayRules,
                answer=VenueRules,
                refusals=(BEYOND_SCOPE, NO_SUCH_VENUE, problems.BAD_GATEWAY_RULES),
                max_body=_MOST_BYTES,
            ),
            Route(
                "GET",
                "/v1/gateway-configuration",
                self.configuration,
                Words(
                    "What the site has decided for the box that signs this, signed by the deployment.",
                    "ما قرره الموقع للصندوق الموقّع على هذا الطلب، بتوقيع النظام.",
                ),
                grant=READ_CONFIGURATION,
                answer=SignedConfiguration,
                signed=True,
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/gateway-rules: null where nobody has decided any, 404 where there is no such venue."""
        who = caller(request)
        tenant, venue = TenantId(who.tenant), _reachable(who, request)

        def work(conn: Connection) -> VenueRules:
            self._premises.look_up(conn, tenant, venue)
            return _standing(conn, tenant, venue)

        return answered(await self._parts.db.read(work))

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/venues/{venue}/gateway-rules: in place of all that stood; the same again changes nothing."""
        who, rules = caller(request), await read(request, GatewayRules)
        tenant, venue, now_ms = TenantId(who.tenant), _reachable(who, request), self._parts.clock.now_ms()
        wrong = configuration.contradiction(rules)
        if wrong is not None:
            raise Refusal(problems.BAD_GATEWAY_RULES, at=wrong[0], value=wrong[1], expected=wrong[2])

        def work(conn: Connection) -> VenueRules:
            self._premises.check(conn, tenant, venue)
            before = rows.put_gateway_rules(conn, tenant, venue, rules, now_ms)
            if before is None or before.rules != rules:
                was = msgspec.to_builtins(before.rules) if before is not None else None
                record(conn, tenant, now_ms, Act(who.subject, acts.PUT_GATEWAY_RULES, venue, was, msgspec.to_builtins(rules)))
            return _standing(conn, tenant, venue)

        return answered(await self._parts.db.write(work))

    async def configuration(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/gateway-configuration: of the box's venue, as it stands now."""
        who, now_ms = caller(request), self._parts.clock.now_ms()
        tenant, gateway = TenantId(who.tenant), GatewayId(who.subject)

        def work(conn: Connection) -> GatewayConfiguration:
            box = boxes.gateway_row(conn, tenant, gateway)
            assert box is not None  # its key has just been found, and a gateway with keys is never removed
            venue = VenueId(box.venue_id)
            decided = rows.gateway_rules(conn, tenant, venue)
            return GatewayConfiguration(
                tenant=tenant,
                gateway=gateway,
                venue=venue,
                issued_ms=now_ms,
                window_ms=self._premises.window_ms(conn, tenant, venue),
                rules=None if decided is None else decided.rules,
            )

        return answered(configuration.signed(self._vault, await self._parts.db.read(work)))


def _reachable(who: Caller, request: web.Request) -> VenueId:
    """The venue in the path. Raises Refusal where it is not the caller's."""
    venue = VenueId(request.match_info["venue"])
    if not who.within(venue):
        raise Refusal(BEYOND_SCOPE)
    return venue


def _standing(conn: Connection, tenant: TenantId, venue: VenueId) -> VenueRules:
    decided = rows.gateway_rules(conn, tenant, venue)
    if decided is None:
        return VenueRules(tenant=tenant, venue=venue)
    return VenueRules(tenant=tenant, venue=venue, rules=decided.rules, changed_ms=decided.changed_ms)
