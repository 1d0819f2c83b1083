"""A shopper's consent, asked for and changed from her own device."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.consent import ConsentRequest, ConsentState
from groundwork.people import queries
from groundwork.people.consent_texts import UnknownText
from groundwork.people.http.own import own_subject
from groundwork.people.model import LANGUAGES, PURPOSES, WRITE_CONSENTS, Subject
from groundwork.people.reasons import NO_SHOPPER, UNKNOWN_LANGUAGE, UNKNOWN_PURPOSE, UNKNOWN_TEXT
from groundwork.people.withdrawal import Answer, Consents
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_SOURCE = "app"


class ConsentRoutes:
    """The handlers; whose consent it is comes from the credential alone."""

    def __init__(self, parts: Parts, consents: Consents) -> None:
        self._parts = parts
        self._consents = consents

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/consents",
                self.show,
                Words("What the caller's shopper consents to.", "ما وافق عليه المتسوّق صاحب الجهاز."),
                grant=WRITE_CONSENTS,
                answer=ConsentState,
                refusals=(NO_SHOPPER,),
            ),
            Route(
                "POST",
                "/v1/consents",
                self.change,
                Words("Gives or withdraws consent to one purpose.", "منح الموافقة على غرض واحد أو سحبها."),
                grant=WRITE_CONSENTS,
                request=ConsentRequest,
                answer=ConsentState,
                refusals=(NO_SHOPPER, UNKNOWN_PURPOSE, UNKNOWN_LANGUAGE, UNKNOWN_TEXT),
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/consents: every purpose with the shopper's yes or no."""
        subject = await self._subject(request)
        granted = await self._parts.db.read(lambda conn: queries.granted(conn, subject.tenant, subject.shopper))
        return answered(_state(subject, granted))

    async def change(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/consents: durable before the answer; 202 where a push that had left before a withdrawal is not yet accounted for.

        The same request again changes nothing and gets the same state.
        """
        asked = await read(request, ConsentRequest)
        if asked.purpose not in PURPOSES:
            raise Refusal(UNKNOWN_PURPOSE, at="/purpose", value=asked.purpose, known=", ".join(PURPOSES))
        if asked.language and asked.language not in LANGUAGES:
            raise Refusal(UNKNOWN_LANGUAGE, at="/language", value=asked.language, known=", ".join(LANGUAGES))
        subject = await self._subject(request)
        now_ms = self._parts.clock.now_ms()
        answer = Answer(asked.purpose, asked.granted, asked.text_version, _SOURCE, now_ms, asked.language)
        try:
            granted = await self._consents.change(subject, answer)
        except UnknownText as error:
            raise Refusal(UNKNOWN_TEXT, at="/text_version", value=error.version, purpose=error.purpose, newest=error.newest) from None
        except queries.UnknownShopper:  # her erasure began meanwhile
            raise Refusal(NO_SHOPPER) from None
        settled = asked.granted or await self._consents.settled(subject)
        return answered(_state(subject, granted), 200 if settled else 202)

    async def _subject(self, request: web.Request) -> Subject:
        who = caller(request)
        return await self._parts.db.read(lambda conn: own_subject(conn, who))


def _state(subject: Subject, granted: frozenset[str]) -> ConsentState:
    return ConsentState(tenant=subject.tenant, purposes={purpose: purpose in granted for purpose in PURPOSES})
