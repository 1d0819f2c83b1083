"""The two addresses a browser passes on its way through the retailer's own sign-in."""

from collections.abc import Sequence
from typing import Final

import msgspec
from aiohttp import web

from groundwork.contracts.ids import TenantId
from groundwork.people.http.sessions import BY_ADDRESS
from groundwork.people.pages import onward
from groundwork.people.provider_sign_in import WAY_S, ProviderDesk
from groundwork.people.reasons import FOREIGN_ANSWER, ID_TOKENS, NOT_INVITED, PROVIDER_UNKNOWN
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.cookies import Cookies, carried, carry
from groundwork.plumbing.http import SECURE, Route, query_of
from groundwork.plumbing.reasons import Words

BACK: Final = "/sign-in/back"
"""What has to be registered with the provider, behind the server's own address."""


class BackQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider adds to the address; others of its fields are passed over."""

    code: str = ""
    state: str = ""
    iss: str = ""


class ProviderSignInRoutes:
    """The handlers."""

    def __init__(self, desk: ProviderDesk, clock: Clock) -> None:
        self._desk = desk
        self._clock = clock
        self._cookies = Cookies()

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/sign-in/with/{tenant}/{provider}",
                self.depart,
                Words("Sends the browser to the retailer's own sign-in.", "تحويل المتصفح إلى صفحة الدخول الخاصة بتاجر التجزئة."),
                grant="",
                status=303,
                refusals=(PROVIDER_UNKNOWN,),
                rate=BY_ADDRESS,
            ),
            Route(
                "GET",
                BACK,
                self.arrive,
                Words("Where that sign-in sends it back to.", "حيث تعيده تلك الصفحة."),
                grant="",
                query=BackQuery,
                refusals=(FOREIGN_ANSWER, NOT_INVITED, PROVIDER_UNKNOWN, *ID_TOKENS),
                rate=BY_ADDRESS,
                answer_media="text/html",
            ),
        )

    async def depart(self, request: web.Request) -> web.StreamResponse:
        """GET /sign-in/with/{tenant}/{provider}."""
        back = f"{'https' if request[SECURE] else 'http'}://{request.host}{BACK}"
        tenant, provider = TenantId(request.match_info["tenant"]), request.match_info["provider"]
        departure = await self._desk.depart(tenant, provider, back)
        response = web.Response(status=303, headers={"Location": departure.url})
        carry(request, response, departure.carried, WAY_S)
        return response

    async def arrive(self, request: web.Request) -> web.StreamResponse:
        """GET /sign-in/back: a page that goes on by itself, for a cookie of ours does not travel with what another site began."""
        asked = query_of(request, BackQuery)
        cookie = await self._desk.arrive(carried(request), asked.code, asked.state, asked.iss)
        response = web.Response(text=onward(), content_type="text/html")
        carry(request, response, "", 0)
        self._cookies.set(request, response, cookie.token, (cookie.expires_ms - self._clock.now_ms()) // 1000)
        return response
