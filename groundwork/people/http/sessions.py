"""An operator signs in and out, sees where she is signed in, and sets her password; whose it all is comes from the cookie alone."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from groundwork.contracts.ids import VenueId
from groundwork.contracts.operators import (
    ChangePasswordRequest,
    LinkHolder,
    LinkRequest,
    SetPasswordRequest,
    SignedIn,
    SignIn,
    SignInRequest,
    SignIns,
)
from groundwork.people.model import OWN_SESSION
from groundwork.people.operators import Operator
from groundwork.people.reasons import (
    DEAD_LINK,
    GUESSABLE_PASSWORD,
    LONG_PASSWORD,
    SHORT_PASSWORD,
    UNKNOWN_SIGN_IN,
    WRONG_OWN_PASSWORD,
    WRONG_PASSWORD,
)
from groundwork.people.roles import ROLES, grants_of
from groundwork.people.sessions import Cookie, SignInDesk
from groundwork.plumbing.auth import token_hash
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.cookies import Cookies, check_origin, csrf_of, token_of
from groundwork.plumbing.http import ADDRESS, Route, answered, caller, read
from groundwork.plumbing.problems import CROSS_SITE
from groundwork.plumbing.rates import Rate
from groundwork.plumbing.reasons import Words

BY_ADDRESS: Final = Rate(per_s=1 / 3, burst=20)
"""Sign-ins and uses of links from one address: a shop's whole office in the morning, and 20 a minute after that."""
_BAD_PASSWORDS: Final = (SHORT_PASSWORD, LONG_PASSWORD, GUESSABLE_PASSWORD)


class SignInRoutes:
    """The handlers."""

    def __init__(self, desk: SignInDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._cookies = Cookies()

    def routes(self) -> Sequence[Route]:
        return (*self._open_routes(), *self._own_routes())

    def _open_routes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/session",
                self.sign_in,
                Words("Signs an operator in by password; the answer sets the cookie.", "دخول مشغّل بكلمة مروره؛ والرد يضبط ملف الارتباط."),
                grant="",
                request=SignInRequest,
                answer=SignedIn,
                refusals=(WRONG_PASSWORD, CROSS_SITE),
                max_body=8_192,
                rate=BY_ADDRESS,
            ),
            Route(
                "POST",
                "/v1/links/holder",
                self.holder,
                Words("Whom a one-time link is for.", "لمن هذا الرابط الذي يُستخدم مرة واحدة."),
                grant="",
                request=LinkRequest,
                answer=LinkHolder,
                refusals=(DEAD_LINK, CROSS_SITE),
                max_body=8_192,
                rate=BY_ADDRESS,
            ),
            Route(
                "POST",
                "/v1/links/password",
                self.set_password,
                Words("Uses a one-time link up: sets the password and signs in.", "استخدام الرابط: ضبط كلمة المرور والدخول."),
                grant="",
                request=SetPasswordRequest,
                answer=SignedIn,
                refusals=(DEAD_LINK, CROSS_SITE, *_BAD_PASSWORDS),
                max_body=8_192,
                rate=BY_ADDRESS,
            ),
        )

    def _own_routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/session",
                self.show,
                Words("Who is signed in here, and what she may do.", "من سجّل الدخول هنا وما يُسمح له به."),
                grant=OWN_SESSION,
                answer=SignedIn,
            ),
            Route("DELETE", "/v1/session", self.sign_out, Words("Signs out here.", "الخروج من هنا."), grant=OWN_SESSION, status=204),
            Route(
                "POST",
                "/v1/session/password",
                self.change_password,
                Words("Changes one's own password; every other sign-in ends.", "تغيير كلمة المرور الخاصة؛ وتنتهي سائر مرات الدخول."),
                grant=OWN_SESSION,
                request=ChangePasswordRequest,
                status=204,
                refusals=(WRONG_OWN_PASSWORD, *_BAD_PASSWORDS),
                max_body=8_192,
            ),
            Route(
                "GET",
                "/v1/sessions",
                self.list,
                Words("Where the caller is signed in.", "أين سجّل صاحب الطلب الدخول."),
                grant=OWN_SESSION,
                answer=SignIns,
            ),
            Route(
                "DELETE",
                "/v1/sessions/{id}",
                self.end,
                Words("Ends one of the caller's own sign-ins.", "إنهاء واحد من مرات دخول صاحب الطلب."),
                grant=OWN_SESSION,
                status=204,
                refusals=(UNKNOWN_SIGN_IN,),
            ),
        )

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/session."""
        check_origin(request)  # else another site could sign her in as somebody else, and read what she then types
        asked = await read(request, SignInRequest)
        return self._let_in(request, await self._desk.sign_in(asked.login, asked.password, request[ADDRESS]))

    async def holder(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/links/holder: does not use the link up."""
        check_origin(request)
        holder, expires_ms = await self._desk.holder((await read(request, LinkRequest)).token)
        return answered(
            LinkHolder(tenant=holder.tenant, login=holder.login, name=holder.name, language=holder.language, expires_ms=expires_ms)
        )

    async def set_password(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/links/password."""
        check_origin(request)
        asked = await read(request, SetPasswordRequest)
        return self._let_in(request, await self._desk.set_password(asked.token, asked.password))

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/session."""
        who = caller(request)
        account = await self._desk.account(who)
        return answered(_signed_in(account, token_of(request), who.until_ms or self._clock.now_ms()))

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/session."""
        await self._desk.sign_out(caller(request), token_hash(token_of(request)))
        response = web.Response(status=204)
        self._cookies.clear(request, response)
        return response

    async def change_password(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/session/password."""
        asked = await read(request, ChangePasswordRequest)
        await self._desk.change_password(caller(request), token_hash(token_of(request)), asked.present, asked.password)
        return web.Response(status=204)

    async def list(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/sessions."""
        who, here = caller(request), token_hash(token_of(request))
        found = [
            SignIn(id=each.id, created_ms=each.created_ms, seen_ms=each.seen_ms, expires_ms=each.expires_ms, here=each.token_hash == here)
            for each in await self._desk.sign_ins(who)
        ]
        return answered(SignIns(tenant=(await self._desk.account(who)).tenant, sign_ins=found))

    async def end(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/sessions/{id}."""
        await self._desk.end(caller(request), request.match_info["id"])
        return web.Response(status=204)

    def _let_in(self, request: web.Request, cookie: Cookie) -> web.Response:
        response = answered(_signed_in(cookie.operator, cookie.token, cookie.expires_ms))
        self._cookies.set(request, response, cookie.token, (cookie.expires_ms - self._clock.now_ms()) // 1000)
        return response


def _signed_in(account: Operator, token: str, expires_ms: int) -> SignedIn:
    return SignedIn(
        tenant=account.tenant,
        operator=account.id,
        login=account.login,
        name=account.name,
        language=account.language,
        roles=sorted(account.roles),
        grants=sorted(grants_of(account.roles & ROLES.keys())),
        venues=[VenueId(scope) for scope in sorted(account.scopes)],
        csrf=csrf_of(token),
        expires_ms=expires_ms,
    )
