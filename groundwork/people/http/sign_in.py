"""Shoppers' sign-in: open routes, because whoever signs in has no credential of ours yet."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from groundwork.contracts.ids import DeviceId, TenantId
from groundwork.contracts.sign_in import DemoSignUpRequest, ShopperSignInRequest, SignedInDevice
from groundwork.people.http.own import spoken
from groundwork.people.model import MANAGE_SELF
from groundwork.people.reasons import DEMO_SIGN_UP_OFF, ID_TOKENS, UNKNOWN_LANGUAGE
from groundwork.people.sign_in import SignedIn, SignIns
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.rates import Rate
from groundwork.plumbing.reasons import Words

_RATE: Final = Rate(per_s=1, burst=60)
"""Of one address: a shop's wireless network has one for all its shoppers, who sign in once; whoever guesses needs millions."""


class ShopperSignInRoutes:
    """The handlers."""

    def __init__(self, sign_ins: SignIns) -> None:
        self._sign_ins = sign_ins

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "POST",
                "/v1/shopper-sign-ins",
                self.sign_in,
                Words(
                    "Makes this installation of the app the shopper's device, by the retailer's ID token. The same again: a fresh token.",
                    "يجعل هذه النسخة من التطبيق جهازاً للمتسوّق بموجب رمز الهوية لدى تاجر التجزئة. عند التكرار: رمز وصول جديد.",
                ),
                grant="",
                request=ShopperSignInRequest,
                answer=SignedInDevice,
                refusals=(UNKNOWN_LANGUAGE, *ID_TOKENS),
                max_body=32 * 1024,
                rate=_RATE,
            ),
            Route(
                "DELETE",
                "/v1/shopper-sign-ins",
                self.sign_out,
                Words(
                    "Signs this device out: its token ends, and no push service reaches it any more.",
                    "تسجيل خروج هذا الجهاز: ينتهي رمز وصوله ولا تصل إليه إشعارات الدفع بعد ذلك.",
                ),
                grant=MANAGE_SELF,
                status=204,
            ),
            Route(
                "POST",
                "/v1/demo-sign-ups",
                self.sign_up_demo,
                Words(
                    "Signs up a shopper nobody vouches for, where a demo allows that.",
                    "تسجيل متسوّق دون جهة تثبت هويته، حيث يسمح بذلك العرض التجريبي.",
                ),
                grant="",
                request=DemoSignUpRequest,
                answer=SignedInDevice,
                refusals=(UNKNOWN_LANGUAGE, DEMO_SIGN_UP_OFF),
                max_body=4_096,
                rate=_RATE,
            ),
        )

    async def sign_in(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/shopper-sign-ins: the tenant is the provider's, whatever the body says."""
        asked = await read(request, ShopperSignInRequest)
        language = spoken(request, asked.language)
        return answered(_told(await self._sign_ins.sign_in(asked.id_token, asked.installation, language, asked.nonce)))

    async def sign_out(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/shopper-sign-ins: 204; the next request with this token is 401."""
        who = caller(request)
        await self._sign_ins.sign_out(TenantId(who.tenant), DeviceId(who.subject))
        return web.Response(status=204)

    async def sign_up_demo(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/demo-sign-ups: 404 where it is not switched on."""
        asked = await read(request, DemoSignUpRequest)
        return answered(_told(await self._sign_ins.sign_up_demo(asked.installation, spoken(request, asked.language))))


def _told(signed_in: SignedIn) -> SignedInDevice:
    subject = signed_in.subject
    return SignedInDevice(tenant=subject.tenant, device=subject.device, language=subject.language, token=signed_in.token)
