"""A shopper's rights over HTTP: from her own device, and by the privacy officer in her place."""

from collections.abc import Awaitable, Sequence
from typing import Annotated, Final, Literal, TypeVar

import msgspec
from aiohttp import web

from groundwork.contracts.ids import Pseudonym, TenantId
from groundwork.contracts.rights import ErasureReceipt, Held, PauseRequest, SelfRequest, SelfState
from groundwork.people import acts, queries, rights_page
from groundwork.people.erasure import OPERATOR, SHOPPER, Asked, Erasures
from groundwork.people.holding import Person
from groundwork.people.http.own import own_subject
from groundwork.people.model import LANGUAGES, MANAGE_SELF, SERVE_REQUESTS
from groundwork.people.operators import check_whole_tenant
from groundwork.people.queries import UnknownShopper
from groundwork.people.reasons import (
    BEYOND_SCOPE,
    NO_SHOPPER,
    RECEIPT_TAKEN,
    UNKNOWN_ERASURE,
    UNKNOWN_KIND,
    UNKNOWN_LANGUAGE,
    UNKNOWN_PSEUDONYM,
    WRONG_PAUSE,
)
from groundwork.people.rights import Asking, Rights
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.http import Route, answered, caller, language, query_of, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

T = TypeVar("T")

_HTML: Final = "text/html"
_LONGEST_PAUSE_MS: Final = 366 * 86_400_000
RECEIPTS: Final = "/v1/erasures/"


class HeldQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What of it, and how it is to be shown."""

    format: Literal["", "json", "html"] = ""
    """`html` for a page to read; JSON where it is left out and the Accept header does not ask for HTML."""
    kind: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """One kind of row alone."""
    offset: Annotated[int, msgspec.Meta(ge=0, le=1 << 31)] = 0
    """Where the page of that kind begins; `next_offset` of the one before."""


class ErasureQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the proof is to be found again."""

    receipt: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{32}$", max_length=32)] = ""
    """128 random bits in hex that the app drew and noted before it asked: where no answer arrives, this receipt says what became of it."""


class RightsRoutes:
    """The handlers. Whose rows they are comes from the credential, or from the path where the caller serves shoppers' requests."""

    def __init__(self, parts: Parts, rights: Rights, erasures: Erasures) -> None:
        self._parts = parts
        self._rights = rights
        self._erasures = erasures

    def routes(self) -> Sequence[Route]:
        return (*self._own(), self._erase_route(), *self._officers(), self._receipt_route())

    def _own(self) -> Sequence[Route]:
        see = Words(
            "Everything held of the caller's shopper, as JSON or as a page to read.",
            "كل ما هو محفوظ عن المتسوّق صاحب الجهاز، بصيغة JSON أو صفحة مقروءة.",
        )
        correct = Words("Corrects what is held of the caller's shopper.", "تصحيح المحفوظ عن المتسوّق صاحب الجهاز.")
        pause = Words(
            "Pauses: nothing is positioned, decided or sent until then.", "إيقاف مؤقت: لا تحديد موضع ولا قرار ولا إرسال حتى ذلك الوقت."
        )
        resume = Words("Ends the pause.", "إنهاء الإيقاف المؤقت.")
        return (
            Route("GET", "/v1/me", self.see, see, MANAGE_SELF, answer=Held, query=HeldQuery, refusals=(NO_SHOPPER, UNKNOWN_KIND)),
            Route(
                "PATCH",
                "/v1/me",
                self.correct,
                correct,
                MANAGE_SELF,
                request=SelfRequest,
                answer=SelfState,
                refusals=(NO_SHOPPER, UNKNOWN_LANGUAGE),
            ),
            Route(
                "PUT",
                "/v1/me/pause",
                self.pause,
                pause,
                MANAGE_SELF,
                request=PauseRequest,
                answer=SelfState,
                refusals=(NO_SHOPPER, WRONG_PAUSE),
            ),
            Route("DELETE", "/v1/me/pause", self.resume, resume, MANAGE_SELF, answer=SelfState, refusals=(NO_SHOPPER,)),
        )

    def _erase_route(self) -> Route:
        erase = Words(
            "Erases the caller's shopper; the answer says where the proof will be.", "محو المتسوّق صاحب الجهاز؛ ويذكر الرد موضع الدليل."
        )
        refusals = (NO_SHOPPER, RECEIPT_TAKEN)
        return Route(
            "DELETE", "/v1/me", self.erase, erase, MANAGE_SELF, answer=ErasureReceipt, status=202, query=ErasureQuery, refusals=refusals
        )

    def _officers(self) -> Sequence[Route]:
        see = Words("Everything held of a shopper, in her place.", "كل ما هو محفوظ عن متسوّق، نيابة عنه.")
        erase = Words("Erases a shopper, in her place.", "محو متسوّق، نيابة عنه.")
        path, refusals = "/v1/shoppers/{pseudonym}", (UNKNOWN_PSEUDONYM, BEYOND_SCOPE)
        return (
            Route("GET", path, self.see_hers, see, SERVE_REQUESTS, answer=Held, query=HeldQuery, refusals=(*refusals, UNKNOWN_KIND)),
            Route("DELETE", path, self.erase_her, erase, SERVE_REQUESTS, answer=ErasureReceipt, status=202, refusals=refusals),
        )

    def _receipt_route(self) -> Route:
        words = Words(
            "An erasure's progress and proof; whoever knows its id may ask.", "تقدّم عملية المحو ودليلها؛ لكل من يعرف معرّفها أن يسأل."
        )
        return Route("GET", RECEIPTS + "{id}", self.receipt, words, "", answer=ErasureReceipt, refusals=(UNKNOWN_ERASURE,))

    async def see(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/me"""
        return await self._held(request, await self._me(request))

    async def correct(self, request: web.Request) -> web.StreamResponse:
        """PATCH /v1/me: the state after it; what is left out stays."""
        asked = await read(request, SelfRequest)
        person = await self._me(request)
        if asked.language is None:
            return answered(await self._known(self._rights.state(person.tenant, person.shopper)))
        if asked.language not in LANGUAGES:
            raise Refusal(UNKNOWN_LANGUAGE, at="/language", value=asked.language, known=", ".join(LANGUAGES))
        return answered(await self._known(self._rights.correct(person, asked.language)))

    async def pause(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/me/pause: 200 once no push of hers is on its way, 202 where one could not be called back in time."""
        asked = await read(request, PauseRequest)
        now_ms = self._parts.clock.now_ms()
        latest_ms = now_ms + _LONGEST_PAUSE_MS
        if not now_ms < asked.until_ms <= latest_ms:
            raise Refusal(WRONG_PAUSE, at="/until_ms", value=asked.until_ms, now_ms=now_ms, latest_ms=latest_ms)
        state, settled = await self._known(self._rights.pause(await self._me(request), asked.until_ms))
        return answered(state, 200 if settled else 202)

    async def resume(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/me/pause: again changes nothing."""
        state, _ = await self._known(self._rights.pause(await self._me(request), None))
        return answered(state)

    async def erase(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/me: 202; from now on this credential is dead, and the receipt is where the answer says.

        Asked again it is therefore 401. An app that lost the answer asks for the receipt it wished for: 404 there means that nothing began.
        """
        asked = query_of(request, ErasureQuery)
        return await self._erase(await self._me(request), Asked(SHOPPER, receipt=asked.receipt))

    async def see_hers(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/shoppers/{pseudonym}: written into the audit chain before anything is shown."""
        person = await self._hers(request)
        who, now_ms = caller(request), self._parts.clock.now_ms()
        act = Act(who.subject, acts.SHOW_HELD, person.pseudonym)
        await self._parts.db.write(lambda conn: record(conn, person.tenant, now_ms, act))
        return await self._held(request, person)

    async def erase_her(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/shoppers/{pseudonym}: 202; the receipt is for her."""
        return await self._erase(await self._hers(request), Asked(caller(request).subject, OPERATOR))

    async def receipt(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/erasures/{id}"""
        erasure = request.match_info["id"]
        receipt = await self._erasures.receipt(erasure, RECEIPTS + erasure)
        if receipt is None:
            raise Refusal(UNKNOWN_ERASURE, value=erasure)
        return answered(receipt)

    async def _held(self, request: web.Request, person: Person) -> web.StreamResponse:
        asked = query_of(request, HeldQuery)
        if asked.kind and asked.kind not in self._rights.kinds:
            raise Refusal(UNKNOWN_KIND, at="kind", value=asked.kind, known=", ".join(self._rights.kinds))
        held = await self._rights.held(person, Asking(language(request), asked.kind, asked.offset))
        if asked.format == "html" or (not asked.format and _HTML in request.headers.get("Accept", "")):
            headers = {"Content-Security-Policy": rights_page.POLICY, "Vary": "Accept, Accept-Language"}
            return web.Response(text=rights_page.page(held), content_type=_HTML, headers=headers)
        return answered(held)

    async def _erase(self, person: Person, asked: Asked) -> web.StreamResponse:
        try:
            erasure = await self._known(self._erasures.request(person.tenant, person.shopper, asked))
        except queries.ReceiptTaken:
            raise Refusal(RECEIPT_TAKEN, at="receipt") from None
        url = RECEIPTS + erasure.id
        receipt = await self._erasures.receipt(erasure.id, url)
        assert receipt is not None  # written just now; receipts are kept for months
        response = answered(receipt, 202)
        response.headers["Location"] = url
        return response

    async def _me(self, request: web.Request) -> Person:
        who = caller(request)
        subject = await self._parts.db.read(lambda conn: own_subject(conn, who))
        return Person(subject.tenant, subject.shopper, subject.pseudonym)

    async def _hers(self, request: web.Request) -> Person:
        who = caller(request)
        check_whole_tenant(who)
        tenant, pseudonym = TenantId(who.tenant), Pseudonym(request.match_info["pseudonym"])
        found = await self._parts.db.read(lambda conn: queries.person_of(conn, tenant, pseudonym))
        if found is None:
            raise Refusal(UNKNOWN_PSEUDONYM, value=pseudonym)
        return Person(tenant, found.shopper, found.pseudonym)

    async def _known(self, work: Awaitable[T]) -> T:
        """Waits for `work`; who was erased in the meantime is no shopper any more."""
        try:
            return await work
        except UnknownShopper:
            raise Refusal(NO_SHOPPER) from None
