"""Tags: registered, listed and retired by operators; whose they are for a visit is in `tag_bindings.py`."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.ids import BeaconKey, TenantId, VenueId
from groundwork.contracts.tag import TagCode, TagRequest, Tags, TagState
from groundwork.people import acts, queries, tags
from groundwork.people.codes import canonical, new_code
from groundwork.people.eid import EidKey
from groundwork.people.model import MANAGE_TAGS
from groundwork.people.premises import Premises
from groundwork.people.problems import BAD_TAG, TAG_REGISTERED, UNKNOWN_TAG
from groundwork.people.queries.keys import AnyRow
from groundwork.people.reasons import BEYOND_SCOPE, NO_SUCH_VENUE
from groundwork.people.tags import Tag
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault


def code_hash(vault: Vault, tenant: TenantId, text: str) -> bytes | None:
    """What is kept of a tag's code; None where the text cannot be one."""
    plain = canonical(text, tags.CODE_LENGTH)
    return None if plain is None else vault.tag(plain.encode(), tags.CODES, tenant)


class TagRoutes:
    """The handlers; a caller of some venues reaches the tags that stay in these."""

    def __init__(self, parts: Parts, vault: Vault, premises: Premises) -> None:
        self._parts = parts
        self._vault = vault
        self._premises = premises

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/tags",
                self.show,
                Words("The tags of the caller's venues.", "بطاقات التتبّع في متاجر صاحب الطلب."),
                grant=MANAGE_TAGS,
                answer=Tags,
            ),
            Route(
                "POST",
                "/v1/tags",
                self.register,
                Words("Registers a tag; its code is shown this once.", "تسجيل بطاقة تتبّع؛ ويظهر رمزها هذه المرة فقط."),
                grant=MANAGE_TAGS,
                request=TagRequest,
                answer=TagCode,
                status=201,
                refusals=(BAD_TAG, TAG_REGISTERED, BEYOND_SCOPE, NO_SUCH_VENUE),
            ),
            Route(
                "POST",
                "/v1/tags/{tag}/code",
                self.renew_code,
                Words("Another code for a tag; the one before ends.", "رمز جديد لبطاقة التتبّع؛ وينتهي الرمز السابق."),
                grant=MANAGE_TAGS,
                answer=TagCode,
                status=201,
                refusals=(UNKNOWN_TAG, BEYOND_SCOPE),
            ),
            Route(
                "DELETE",
                "/v1/tags/{tag}",
                self.retire,
                Words("Retires a tag: it stands for nobody any more.", "إلغاء بطاقة تتبّع: لا تمثّل أحدًا بعد ذلك."),
                grant=MANAGE_TAGS,
                answer=Tags,
                refusals=(UNKNOWN_TAG, BEYOND_SCOPE),
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/tags: those of the caller's venues, oldest first."""
        who, now_ms = caller(request), self._parts.clock.now_ms()
        return answered(await self._parts.db.read(lambda conn: _listed(conn, who, now_ms)))

    async def register(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/tags: a live tag that sends the same is named with 409, so asking twice makes no second one."""
        who, asked = caller(request), await read(request, TagRequest)
        tag = self._asked(asked)
        if who.scopes and (tag.venue is None or not who.within(tag.venue)):
            raise Refusal(BEYOND_SCOPE, at="/venue")
        tenant, now_ms = TenantId(who.tenant), self._parts.clock.now_ms()
        code, hashed = self._code(tenant)
        sealed = None if tag.eid is None else self._vault.seal(tag.eid.identity, tags.KEYS, tenant, tag.id)

        def work(conn: Connection) -> None:
            if tag.venue is not None:
                self._premises.check(conn, tenant, tag.venue)
            known = queries.add_tag(conn, tenant, tag, code_hash=hashed, sealed=sealed, now_ms=now_ms)
            if known is not None:
                raise Refusal(TAG_REGISTERED, at="/beacon", value=known)
            shown = {"kind": tag.kind, "venue": tag.venue, "beacon": tag.beacon}
            record(conn, tenant, now_ms, Act(who.subject, acts.REGISTER_TAG, tag.id, after=shown))

        await self._parts.db.write(work)
        return answered(TagCode(tenant=tenant, tag=tag.id, kind=asked.kind, venue=tag.venue, code=code), 201)

    async def renew_code(self, request: web.Request) -> web.StreamResponse:
        """POST /v1/tags/{tag}/code: for a print that was lost or copied; whoever holds the tag keeps it."""
        who, tag = caller(request), request.match_info["tag"]
        tenant, now_ms = TenantId(who.tenant), self._parts.clock.now_ms()
        code, hashed = self._code(tenant)

        def work(conn: Connection) -> AnyRow:
            row = _reachable(conn, who, tag)
            queries.renew_tag_code(conn, tenant, tag, hashed)
            record(conn, tenant, now_ms, Act(who.subject, acts.RENEW_TAG_CODE, tag))
            return row

        row = await self._parts.db.write(work)
        return answered(TagCode(tenant=tenant, tag=tag, kind=row.kind, venue=row.venue_id, code=code), 201)

    async def retire(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/tags/{tag}: a binding of it ends now, and is forgotten within the refresh period."""
        who, tag = caller(request), request.match_info["tag"]
        tenant, now_ms = TenantId(who.tenant), self._parts.clock.now_ms()

        def work(conn: Connection) -> Tags:
            _reachable(conn, who, tag)
            queries.retire_tag(conn, tenant, tag, now_ms)
            record(conn, tenant, now_ms, Act(who.subject, acts.RETIRE_TAG, tag))
            return _listed(conn, who, now_ms)

        return answered(await self._parts.db.write(work))

    def _asked(self, asked: TagRequest) -> Tag:
        """The tag that is asked for. Raises Refusal naming what was expected."""
        beacon = None if asked.beacon is None else BeaconKey(asked.beacon)
        venue = None if asked.venue is None else VenueId(asked.venue)
        eid = None
        if asked.eid is not None:
            offset_s = self._parts.clock.now_ms() // 1000 - asked.eid.clock_s
            eid = EidKey(bytes.fromhex(asked.eid.identity_key), asked.eid.exponent, offset_s)
        try:
            return Tag(self._parts.ids.new(), asked.kind, venue, beacon, eid)
        except ValueError as error:
            raise Refusal(BAD_TAG, value=asked.beacon or asked.kind, expected=phrase_of(error)) from None

    def _code(self, tenant: TenantId) -> tuple[str, bytes]:
        code = new_code(self._parts.randbytes, tags.CODE_LENGTH)
        hashed = code_hash(self._vault, tenant, code)
        assert hashed is not None
        return code, hashed


def _reachable(conn: Connection, who: Caller, tag: str) -> AnyRow:
    """The tag. Raises Refusal where there is none, or it stays in a venue that is not the caller's."""
    row = queries.tag_row(conn, TenantId(who.tenant), tag)
    if row is None:
        raise Refusal(UNKNOWN_TAG, value=tag)
    if who.scopes and (row.venue_id is None or not who.within(row.venue_id)):
        raise Refusal(BEYOND_SCOPE)
    return row


def _listed(conn: Connection, who: Caller, now_ms: int) -> Tags:
    tenant = TenantId(who.tenant)
    lent = queries.lent_tags(conn, tenant, now_ms)
    states = [
        TagState(
            tag=row.id,
            kind=row.kind,
            venue=row.venue_id,
            beacon=row.beacon_key,
            lent=row.id in lent,
            created_ms=row.created_ms,
            retired_ms=row.retired_ms,
        )
        for row in queries.tag_rows(conn, tenant, sorted(who.scopes))
    ]
    return Tags(tenant=tenant, tags=states)
