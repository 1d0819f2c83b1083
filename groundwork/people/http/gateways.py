"""Gateways: codes to enrol with, the box's own enrolment and next key, and what operators see and revoke."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from aiohttp import web

from groundwork.contracts.gateway import (
    GatewayCode,
    GatewayCodeRequest,
    GatewayEnrolled,
    GatewayEnrolmentRequest,
    GatewayKeyAdded,
    GatewayKeyRequest,
    GatewayKeyState,
    Gateways,
    GatewayState,
)
from groundwork.contracts.ids import GatewayId, GatewayKeyId, TenantId, VenueId
from groundwork.people import acts, configuration, enrolment, problems, queries
from groundwork.people.codes import canonical, new_code
from groundwork.people.model import MANAGE_GATEWAYS, ROTATE_GATEWAY_KEY
from groundwork.people.premises import Premises
from groundwork.people.queries import boxes as rows
from groundwork.people.queries.keys import AnyRow
from groundwork.people.reasons import BEYOND_SCOPE, NO_SUCH_VENUE
from groundwork.people.registry import announce_gateway
from groundwork.people.settings import Settings
from groundwork.plumbing import signatures
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.rates import Rate
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault

_GUESSES: Final = Rate(per_s=0.2, burst=10)
"""Of codes, by one address: 180 in a code's life, against 2^60 codes. A shop's boxes behind one address enrol one after another."""
_CODE_REFUSALS: Final = (BEYOND_SCOPE, NO_SUCH_VENUE, problems.GATEWAY_IS_RADIO)
_KEY_REFUSALS: Final = (problems.WRONG_PROOF, problems.KEY_TAKEN, problems.KEY_REVOKED)


class GatewayRoutes:
    """The handlers. `renew` reads the live keys anew, so that this process knows a change before it answers."""

    def __init__(self, parts: Parts, vault: Vault, settings: Settings, renew: Callable[[], Awaitable[bool]], premises: Premises) -> None:
        self._parts = parts
        self._vault = vault
        self._settings = settings
        self._renew = renew
        self._premises = premises

    def routes(self) -> Sequence[Route]:
        return (*self._operators_routes(), *self._boxes_routes())

    def _operators_routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/gateways",
                self.show,
                Words("The gateways of the caller's venues, with their keys.", "بوابات متاجر صاحب الطلب ومفاتيحها."),
                grant=MANAGE_GATEWAYS,
                answer=Gateways,
            ),
            Route(
                "POST",
                "/v1/gateway-codes",
                self.issue_code,
                Words("A one-time code with which a box becomes this gateway.", "رمز يُستعمل مرة واحدة ليصبح الصندوق هذه البوابة."),
                grant=MANAGE_GATEWAYS,
                request=GatewayCodeRequest,
                answer=GatewayCode,
                status=201,
                refusals=_CODE_REFUSALS,
            ),
            Route(
                "DELETE",
                "/v1/gateways/{gateway}",
                self.revoke,
                Words("Revokes a gateway and all its keys.", "إلغاء بوابة وجميع مفاتيحها."),
                grant=MANAGE_GATEWAYS,
                answer=Gateways,
                refusals=(BEYOND_SCOPE, problems.UNKNOWN_GATEWAY),
            ),
            Route(
                "DELETE",
                "/v1/gateways/{gateway}/keys/{key}",
                self.revoke_key,
                Words("Revokes one key of a gateway.", "إلغاء مفتاح واحد من مفاتيح البوابة."),
                grant=MANAGE_GATEWAYS,
                answer=Gateways,
                refusals=(BEYOND_SCOPE, problems.UNKNOWN_GATEWAY, problems.UNKNOWN_GATEWAY_KEY),
            ),
        )

    def _boxes_routes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/gateway-enrolments",
                self.enrol,
                Words("A box takes its code and hands its public key over.", "يستعمل الصندوق رمزه ويسلّم مفتاحه العام."),
                grant="",
                request=GatewayEnrolmentRequest,
                answer=GatewayEnrolled,
                refusals=(problems.WRONG_CODE, *_KEY_REFUSALS),
                max_body=4_096,
                rate=_GUESSES,
            ),
            Route(
                "POST",
                "/v1/gateway-keys",
                self.rotate,
                Words("The box that signs this hands its next public key over.", "يسلّم الصندوق الموقّع على هذا الطلب مفتاحه العام التالي."),
                grant=ROTATE_GATEWAY_KEY,
                request=GatewayKeyRequest,
                answer=GatewayKeyAdded,
                refusals=_KEY_REFUSALS,
                signed=True,
                max_body=4_096,
            ),
        )

    # --- operators ----------------------------------------------------------------------------------------------------------------

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/gateways: those of the caller's venues."""
        who = caller(request)
        return answered(await self._parts.db.read(lambda conn: _listed(conn, who)))

    async def issue_code(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/gateway-codes: shown this once; an earlier code for the same gateway ends."""
        who, asked = caller(request), await read(request, GatewayCodeRequest)
        code = new_code(self._parts.randbytes, enrolment.CODE_LENGTH)
        now_ms = self._parts.clock.now_ms()
        expires_ms = now_ms + self._settings.gateway_code_s * 1000
        tenant, gateway, venue = TenantId(who.tenant), GatewayId(asked.gateway), VenueId(asked.venue)

        def work(conn: Connection) -> None:
            _check_box(conn, who, gateway, venue)
            self._premises.check(conn, tenant, venue)
            queries.issue_gateway_code(
                conn,
                tenant=tenant,
                gateway=gateway,
                venue=venue,
                name=asked.name,
                code_hash=self._hash(code),
                now_ms=now_ms,
                expires_ms=expires_ms,
            )
            shown = {"venue": venue, "name": asked.name, "expires_ms": expires_ms}
            record(conn, tenant, now_ms, Act(who.subject, acts.ISSUE_GATEWAY_CODE, gateway, after=shown))

        await self._parts.db.write(work)
        return answered(GatewayCode(tenant=tenant, gateway=gateway, venue=venue, code=code, expires_ms=expires_ms), 201)

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/gateways/{gateway}: what it signs is refused within 5 s, by every process."""
        who, gateway = caller(request), GatewayId(request.match_info["gateway"])
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> Gateways:
            _reachable(conn, who, gateway)
            tenant = TenantId(who.tenant)
            if queries.revoke_gateway(conn, tenant, gateway, now_ms):
                record(conn, tenant, now_ms, Act(who.subject, acts.REVOKE_GATEWAY, gateway))
            return _listed(conn, who)

        return await self._changed(who, gateway, await self._parts.db.write(work))

    async def revoke_key(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/gateways/{gateway}/keys/{key}: likewise, for one key."""
        who, gateway, key = caller(request), GatewayId(request.match_info["gateway"]), GatewayKeyId(request.match_info["key"])
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> Gateways:
            _reachable(conn, who, gateway)
            tenant = TenantId(who.tenant)
            hers = [row for row in rows.gateway_key_rows(conn, tenant) if (row.gateway_id, row.id) == (gateway, key)]
            if not hers:
                raise Refusal(problems.UNKNOWN_GATEWAY_KEY, value=key, gateway=gateway)
            if queries.revoke_gateway_key(conn, tenant, key, now_ms):
                record(conn, tenant, now_ms, Act(who.subject, acts.REVOKE_GATEWAY_KEY, f"{gateway}/{key}"))
            return _listed(conn, who)

        return await self._changed(who, gateway, await self._parts.db.write(work))

    # --- boxes --------------------------------------------------------------------------------------------------------------------

    async def enrol(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/gateway-enrolments: once for each code; the same box asking again gets the same answer."""
        asked = await read(request, GatewayEnrolmentRequest)
        public_key, now_ms = bytes.fromhex(asked.public_key), self._parts.clock.now_ms()

        def work(conn: Connection) -> queries.Enrolled:
            code = enrolment.checked_code(asked.code, public_key, asked.proof)
            made = queries.enrol_gateway(conn, self._vault.tag(code.encode(), enrolment.CODES), public_key, now_ms)
            if not made.repeat:
                shown = {"key": made.key, "venue": made.venue}
                record(conn, made.tenant, now_ms, Act(made.gateway, acts.ENROL_GATEWAY, made.gateway, after=shown))
            return made

        try:
            made = await self._parts.db.write(work)
        except enrolment.Refused as refused:
            raise Refusal(problems.BY_CODE[refused.code]) from None
        await self._renew()
        await announce_gateway(self._parts.bus, made.tenant, made.gateway)
        pinned = configuration.public_key(self._vault)
        tenant, gateway, venue, key = made[:4]
        return answered(GatewayEnrolled(tenant=tenant, gateway=gateway, venue=venue, key_id=key, configuration_key=pinned))

    async def rotate(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/gateway-keys: both keys are valid for the overlap; the same key again changes nothing."""
        asked = await read(request, GatewayKeyRequest)
        who, signature = caller(request), signatures.parse(request.headers[signatures.HEADER])
        assert signature is not None  # the access check has held it against a key
        tenant, gateway, old = TenantId(who.tenant), GatewayId(who.subject), GatewayKeyId(signature.key_id)
        now_ms, overlap_ms = self._parts.clock.now_ms(), self._settings.gateway_key_overlap_s * 1000
        public_key = bytes.fromhex(asked.public_key)

        def work(conn: Connection) -> queries.Rotated:
            enrolment.check_rotation(old, public_key, asked.proof)
            made = queries.rotate_gateway_key(
                conn, tenant=tenant, gateway=gateway, old=old, public_key=public_key, now_ms=now_ms, overlap_ms=overlap_ms
            )
            if not made.repeat:
                shown = {"key": made.key, "previous": old, "previous_until_ms": made.previous_until_ms}
                record(conn, tenant, now_ms, Act(gateway, acts.ADD_GATEWAY_KEY, gateway, after=shown))
            return made

        try:
            made = await self._parts.db.write(work)
        except enrolment.Refused as refused:
            raise Refusal(problems.BY_CODE[refused.code]) from None
        times = {"valid_from_ms": made.valid_from_ms, "previous_until_ms": made.previous_until_ms}
        return await self._changed(who, gateway, GatewayKeyAdded(tenant=tenant, gateway=gateway, key_id=made.key, **times))

    async def _changed(self, who: Caller, gateway: GatewayId, answer: object) -> web.Response:
        """The answer, once this process acts on the change and the others are told."""
        await self._renew()
        await announce_gateway(self._parts.bus, TenantId(who.tenant), gateway)
        return answered(answer)

    def _hash(self, code: str) -> bytes:
        plain = canonical(code, enrolment.CODE_LENGTH)
        assert plain is not None
        return self._vault.tag(plain.encode(), enrolment.CODES)


def _reachable(conn: Connection, who: Caller, gateway: GatewayId) -> AnyRow:
    """The gateway. Raises Refusal where there is none, or it hangs in a venue that is not the caller's."""
    known = rows.gateway_row(conn, TenantId(who.tenant), gateway)
    if known is None:
        raise Refusal(problems.UNKNOWN_GATEWAY, value=gateway)
    if not who.within(known.venue_id):
        raise Refusal(BEYOND_SCOPE)
    return known


def _check_box(conn: Connection, who: Caller, gateway: GatewayId, venue: VenueId) -> None:
    """Raises Refusal unless the caller may put this gateway into this venue: nobody takes a box out of another's shop."""
    known = rows.gateway_row(conn, TenantId(who.tenant), gateway)
    if not who.within(venue) or (known is not None and not who.within(known.venue_id)):
        raise Refusal(BEYOND_SCOPE, at="/venue")
    if known is not None and known.via is not None:
        raise Refusal(problems.GATEWAY_IS_RADIO, at="/gateway", value=gateway, via=known.via)


def _listed(conn: Connection, who: Caller) -> Gateways:
    tenant = TenantId(who.tenant)
    keys: dict[str, list[GatewayKeyState]] = {}
    for row in rows.gateway_key_rows(conn, tenant):
        times = {"valid_from_ms": row.valid_from_ms, "valid_until_ms": row.valid_until_ms, "revoked_ms": row.revoked_ms}
        keys.setdefault(row.gateway_id, []).append(GatewayKeyState(key_id=row.id, **times))
    states = [
        GatewayState(gateway=r.id, venue=r.venue_id, name=r.name, via=r.via, active=r.state == rows.ACTIVE, keys=keys.get(r.id, []))
        for r in rows.gateway_rows(conn, tenant, sorted(who.scopes))
    ]
    return Gateways(tenant=tenant, gateways=states)
