"""Tags for the shopper: she scans one's code and it stands for her, until she gives it back."""

from collections.abc import Sequence
from typing import Final

from aiohttp import web

from groundwork.contracts.ids import TenantId
from groundwork.contracts.tag import TagBinding, TagBindingRequest, TagBindings
from groundwork.people import queries
from groundwork.people.http.own import own_subject
from groundwork.people.http.tags import code_hash
from groundwork.people.http.tokens import may_be_positioned
from groundwork.people.model import MANAGE_SELF, Subject
from groundwork.people.problems import PAUSED, TAG_TAKEN, UNKNOWN_TAG, UNKNOWN_TAG_CODE
from groundwork.people.queries import Bound
from groundwork.people.reasons import NO_POSITIONING_CONSENT, NO_SHOPPER
from groundwork.people.registry import announce_shopper
from groundwork.people.settings import Settings
from groundwork.people.tags import LENT
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.rates import Rate
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault

_SCANS: Final = Rate(per_s=0.2, burst=10)
"""By one device: whoever scans ten tags at once is no shopper with a cart, and 2^80 codes are far out of reach at this pace."""


class TagBindingRoutes:
    """The handlers; whose tags they are comes from the credential alone."""

    def __init__(self, parts: Parts, vault: Vault, settings: Settings) -> None:
        self._parts = parts
        self._vault = vault
        self._settings = settings

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/tag-bindings",
                self.show,
                Words("The tags that stand for the caller's shopper now.", "بطاقات التتبّع المرتبطة الآن بالمتسوّق صاحب الجهاز."),
                grant=MANAGE_SELF,
                answer=TagBindings,
                refusals=(NO_SHOPPER,),
            ),
            Route(
                "POST",
                "/v1/tag-bindings",
                self.bind,
                Words(
                    "Binds the tag whose code was scanned to the caller's shopper.", "ربط بطاقة التتبّع التي مُسح رمزها بالمتسوّق صاحب الجهاز."
                ),
                grant=MANAGE_SELF,
                request=TagBindingRequest,
                answer=TagBindings,
                refusals=(NO_SHOPPER, NO_POSITIONING_CONSENT, PAUSED, UNKNOWN_TAG_CODE, TAG_TAKEN),
                max_body=4_096,
                rate=_SCANS,
            ),
            Route(
                "DELETE",
                "/v1/tag-bindings/{tag}",
                self.release,
                Words("Gives a tag back: it stands for nobody from now on.", "إعادة بطاقة التتبّع: لا تمثّل أحدًا من الآن."),
                grant=MANAGE_SELF,
                answer=TagBindings,
                refusals=(NO_SHOPPER, UNKNOWN_TAG),
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/tag-bindings: hers, from whichever of her devices."""
        who, now_ms = caller(request), self._parts.clock.now_ms()
        return answered(await self._parts.db.read(lambda conn: _bound(conn, own_subject(conn, who), now_ms)))

    async def bind(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/tag-bindings: from now on; scanning again what is hers changes nothing, another's cart is handed over."""
        who, asked = caller(request), await read(request, TagBindingRequest)
        hashed = code_hash(self._vault, TenantId(who.tenant), asked.code)
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> tuple[TagBindings, Subject]:
            subject = may_be_positioned(conn, who, lock=True).subject
            tag = None if hashed is None else queries.tag_of_code(conn, subject.tenant, hashed)
            if tag is None:
                raise Refusal(UNKNOWN_TAG_CODE, at="/code")
            lent = tag.kind in LENT
            until_ms = now_ms + self._settings.tag_hours * 3_600_000 if lent else None
            with_visit = lent and self._settings.tags_end_with_visit
            try:
                queries.bind_tag(conn, subject, tag, now_ms=now_ms, until_ms=until_ms, ends_with_visit=with_visit)
            except queries.TagTaken:
                raise Refusal(TAG_TAKEN, at="/code") from None
            return _bound(conn, subject, now_ms), subject

        return await self._changed(*await self._parts.db.write(work))

    async def release(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/tag-bindings/{tag}: what it is heard from now on is nobody's; the same again is 404."""
        who, tag, now_ms = caller(request), request.match_info["tag"], self._parts.clock.now_ms()

        def work(conn: Connection) -> tuple[TagBindings, Subject]:
            subject = own_subject(conn, who)
            if not queries.release_tag(conn, subject.tenant, subject.shopper, tag, now_ms):
                raise Refusal(UNKNOWN_TAG, value=tag)
            return _bound(conn, subject, now_ms), subject

        return await self._changed(*await self._parts.db.write(work))

    async def _changed(self, answer: TagBindings, subject: Subject) -> web.Response:
        await announce_shopper(self._parts.bus, subject.tenant, subject.pseudonym)
        return answered(answer)


def _bound(conn: Connection, subject: Subject, now_ms: int) -> TagBindings:
    bound = queries.bound_tags(conn, subject.tenant, subject.shopper, now_ms)
    return TagBindings(tenant=subject.tenant, bindings=[_said(one) for one in bound])


def _said(bound: Bound) -> TagBinding:
    return TagBinding(tag=bound.tag, kind=bound.kind, from_ms=bound.from_ms, until_ms=bound.until_ms)  # type: ignore[arg-type] # the table holds kinds alone
