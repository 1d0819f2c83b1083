"""Consent texts: put in by the privacy officer, read by the app before it asks."""

import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

from aiohttp import web

from groundwork.contracts.consent import ConsentText, ConsentTextRequest, ConsentTexts
from groundwork.contracts.ids import TenantId
from groundwork.people import acts, consent_texts, queries
from groundwork.people.model import PURPOSES, WRITE_CONSENT_TEXTS, WRITE_CONSENTS
from groundwork.people.reasons import BAD_TEXT_VERSION, TEXT_CHANGED, UNKNOWN_PURPOSE
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_VERSION: Final = re.compile(r"[A-Za-z0-9._:-]{1,64}")


class ConsentTextRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/consent-texts",
                self.newest,
                Words(
                    "The newest text of each purpose, to be shown before asking.",
                    "أحدث نص لكل غرض، ليُعرض قبل طلب الموافقة.",
                ),
                grant=WRITE_CONSENTS,
                answer=ConsentTexts,
            ),
            Route(
                "GET",
                "/v1/consent-texts/{purpose}",
                self.versions,
                Words("Every version of one purpose's text, the newest last.", "كل إصدارات نص الغرض، وأحدثها في الآخر."),
                grant=WRITE_CONSENT_TEXTS,
                answer=ConsentTexts,
                refusals=(UNKNOWN_PURPOSE,),
            ),
            Route(
                "PUT",
                "/v1/consent-texts/{purpose}/{version}",
                self.put,
                Words("Adds a version of a purpose's text; it never changes.", "إضافة إصدار من نص الغرض؛ ولا يتغير بعد ذلك."),
                grant=WRITE_CONSENT_TEXTS,
                request=ConsentTextRequest,
                answer=ConsentTexts,
                refusals=(UNKNOWN_PURPOSE, BAD_TEXT_VERSION, TEXT_CHANGED),
            ),
        )

    async def newest(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/consent-texts: one text a purpose."""
        tenant = TenantId(caller(request).tenant)
        texts = await self._parts.db.read(lambda conn: queries.consent_texts(conn, tenant))
        return answered(_said(tenant, {text.purpose: text for text in texts}.values()))

    async def versions(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/consent-texts/{purpose}: all of them."""
        tenant, purpose = TenantId(caller(request).tenant), _purpose(request)
        return answered(_said(tenant, await self._parts.db.read(lambda conn: queries.consent_texts(conn, tenant, purpose))))

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/consent-texts/{purpose}/{version}: the same words again are fine, other words are 409."""
        who, purpose, version = caller(request), _purpose(request), request.match_info["version"]
        if not _VERSION.fullmatch(version):
            raise Refusal(BAD_TEXT_VERSION, at="/version", value=version)
        asked = await read(request, ConsentTextRequest)
        now_ms = self._parts.clock.now_ms()
        text = consent_texts.ConsentText(purpose, version, asked.text_ar, asked.text_en, now_ms)
        try:
            stands = await self._parts.db.write(lambda conn: _add(conn, who, text, now_ms))
        except ValueError:
            raise Refusal(TEXT_CHANGED, at="/version", value=version, purpose=purpose) from None
        return answered(_said(TenantId(who.tenant), [stands]))


def _add(conn: Connection, who: Caller, text: consent_texts.ConsentText, now_ms: int) -> consent_texts.ConsentText:
    """Adds the text and says so in the audit chain, where it stands by its hash; returns it as it stands."""
    tenant = TenantId(who.tenant)
    if queries.add_consent_text(conn, tenant, text):
        shown = {"sha256_ar": hashlib.sha256(text.ar.encode()).hexdigest(), "sha256_en": hashlib.sha256(text.en.encode()).hexdigest()}
        record(conn, tenant, now_ms, Act(who.subject, acts.ADD_CONSENT_TEXT, f"{text.purpose}/{text.version}", after=shown))
    return queries.consent_text(conn, tenant, text.purpose, text.version) or text


def _purpose(request: web.Request) -> str:
    purpose = request.match_info["purpose"]
    if purpose not in PURPOSES:
        raise Refusal(UNKNOWN_PURPOSE, at="/purpose", value=purpose, known=", ".join(PURPOSES))
    return purpose


def _said(tenant: TenantId, texts: Iterable[consent_texts.ConsentText]) -> ConsentTexts:
    said = [ConsentText(purpose=t.purpose, text_version=t.version, text_ar=t.ar, text_en=t.en, created_ms=t.created_ms) for t in texts]
    return ConsentTexts(tenant=tenant, texts=said)
