"""Operators' accounts, kept by an admin within her own tenant and venues."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.ids import TenantId, VenueId
from groundwork.contracts.operators import InvitationRequest, Operator, OperatorAccount, OperatorLink, OperatorRequest, Operators
from groundwork.people import operators
from groundwork.people.accounts import Accounts, Link, Wanted
from groundwork.people.model import MANAGE_OPERATORS
from groundwork.people.reasons import (
    BAD_LOGIN,
    BEYOND_SCOPE,
    DISABLED_OPERATOR,
    LAST_ADMIN,
    LOGIN_TAKEN,
    NO_SUCH_VENUE,
    OWN_ACCOUNT,
    UNKNOWN_OPERATOR,
    UNKNOWN_ROLE,
)
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Words


class OperatorRoutes:
    """The handlers."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def routes(self) -> Sequence[Route]:
        return (*self._whole_routes(), *self._single_routes())

    def _whole_routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/operators",
                self.list,
                Words("The operators in the caller's reach.", "المشغّلون الذين يصل إليهم نطاق صاحب الطلب."),
                grant=MANAGE_OPERATORS,
                answer=Operators,
            ),
            Route(
                "POST",
                "/v1/operators",
                self.invite,
                Words("Invites an operator; the answer holds a one-time link.", "دعوة مشغّل؛ والرد يتضمن رابطًا يُستخدم مرة واحدة."),
                grant=MANAGE_OPERATORS,
                request=InvitationRequest,
                answer=OperatorLink,
                status=201,
                refusals=(BAD_LOGIN, LOGIN_TAKEN, UNKNOWN_ROLE, BEYOND_SCOPE, NO_SUCH_VENUE),
            ),
        )

    def _single_routes(self) -> Sequence[Route]:
        return (
            Route(
                "PUT",
                "/v1/operators/{id}",
                self.change,
                Words("Changes an operator's name, roles and venues.", "تغيير اسم المشغّل وأدواره ومتاجره."),
                grant=MANAGE_OPERATORS,
                request=OperatorRequest,
                answer=OperatorAccount,
                refusals=(UNKNOWN_OPERATOR, UNKNOWN_ROLE, BEYOND_SCOPE, NO_SUCH_VENUE, OWN_ACCOUNT, LAST_ADMIN),
            ),
            Route(
                "POST",
                "/v1/operators/{id}/disable",
                self.disable,
                Words("Disables an operator; every sign-in of hers ends at once.", "تعطيل مشغّل؛ وتنتهي كل مرات دخوله فورًا."),
                grant=MANAGE_OPERATORS,
                answer=OperatorAccount,
                refusals=(UNKNOWN_OPERATOR, OWN_ACCOUNT, LAST_ADMIN),
            ),
            Route(
                "POST",
                "/v1/operators/{id}/enable",
                self.enable,
                Words("Enables a disabled operator again.", "إعادة تفعيل مشغّل معطّل."),
                grant=MANAGE_OPERATORS,
                answer=OperatorAccount,
                refusals=(UNKNOWN_OPERATOR,),
            ),
            Route(
                "POST",
                "/v1/operators/{id}/link",
                self.link,
                Words("A one-time link for a new password; earlier ones are void.", "رابط لكلمة مرور جديدة؛ وتبطل الروابط السابقة."),
                grant=MANAGE_OPERATORS,
                answer=OperatorLink,
                status=201,
                refusals=(UNKNOWN_OPERATOR, DISABLED_OPERATOR),
            ),
        )

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/operators."""
        who = caller(request)
        found = await self._accounts.listed(who)
        return answered(Operators(tenant=TenantId(who.tenant), operators=[_shown(each) for each in found]))

    async def invite(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/operators."""
        asked = await read(request, InvitationRequest)
        wanted = Wanted(asked.name, asked.language, frozenset(asked.roles), frozenset(asked.venues))
        return answered(_link(await self._accounts.invite(caller(request), asked.login, wanted)), 201)

    async def change(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/operators/{id}: in force at the operator's next request."""
        asked = await read(request, OperatorRequest)
        wanted = Wanted(asked.name, asked.language, frozenset(asked.roles), frozenset(asked.venues))
        return answered(_account(await self._accounts.change(caller(request), request.match_info["id"], wanted)))

    async def disable(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/operators/{id}/disable."""
        return answered(_account(await self._accounts.disable(caller(request), request.match_info["id"])))

    async def enable(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/operators/{id}/enable."""
        return answered(_account(await self._accounts.enable(caller(request), request.match_info["id"])))

    async def link(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/operators/{id}/link."""
        return answered(_link(await self._accounts.new_link(caller(request), request.match_info["id"])), 201)


def _shown(operator: operators.Operator) -> Operator:
    return Operator(
        id=operator.id,
        login=operator.login,
        name=operator.name,
        language=operator.language,
        roles=sorted(operator.roles),
        venues=[VenueId(scope) for scope in sorted(operator.scopes)],
        state=operator.state,
        created_ms=operator.created_ms,
    )


def _account(operator: operators.Operator) -> OperatorAccount:
    return OperatorAccount(tenant=operator.tenant, operator=_shown(operator))


def _link(link: Link) -> OperatorLink:
    return OperatorLink(tenant=link.operator.tenant, operator=_shown(link.operator), link=link.path, expires_ms=link.expires_ms)
