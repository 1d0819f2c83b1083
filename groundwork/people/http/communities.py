"""Interest communities: joined and left by a shopper's own device, kept by marketing."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.community import (
    CommunityAbout,
    CommunityRequest,
    CommunityWords,
    ManagedCommunities,
    ManagedCommunity,
    OwnCommunities,
    OwnCommunity,
)
from groundwork.contracts.ids import CommunityId, TenantId
from groundwork.people import acts, queries
from groundwork.people.communities import is_community_id, named_in_community, shown_members
from groundwork.people.http.own import own_subject
from groundwork.people.model import MANAGE_COMMUNITIES, MANAGE_SELF, Community
from groundwork.people.queries import Joined
from groundwork.people.reasons import COMMUNITY_CLOSED, COMMUNITY_UNKNOWN, NAMES_DEMOGRAPHICS, NO_SHOPPER
from groundwork.plumbing import problems
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection
from groundwork.plumbing.http import Route, answered, caller, read
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

_ID_WORDS = Words("small letters, digits and hyphens, 64 at most", "أحرف لاتينية صغيرة وأرقام وشرطات، 64 على الأكثر")


class CommunityRoutes:
    """The handlers; whose membership it is comes from the credential alone."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (*self._own(), *self._managed())

    def _own(self) -> Sequence[Route]:
        membership = "/v1/communities/{id}/membership"
        return (
            Route(
                "GET",
                "/v1/communities",
                self.show,
                Words(
                    "The communities a shopper may join, and those she is in.", "المجتمعات المتاحة للانضمام وتلك التي انضم إليها المتسوّق."
                ),
                grant=MANAGE_SELF,
                answer=OwnCommunities,
                refusals=(NO_SHOPPER,),
            ),
            Route(
                "PUT",
                membership,
                self.join,
                Words("Joins the community.", "الانضمام إلى المجتمع."),
                grant=MANAGE_SELF,
                status=204,
                refusals=(NO_SHOPPER, COMMUNITY_UNKNOWN, COMMUNITY_CLOSED),
            ),
            Route(
                "DELETE",
                membership,
                self.leave,
                Words(
                    "Leaves the community; nothing for its members is sent to her after this.",
                    "مغادرة المجتمع؛ ولا يُرسل بعدها أي عرض خاص بأعضائه.",
                ),
                grant=MANAGE_SELF,
                status=204,
                refusals=(NO_SHOPPER,),
            ),
        )

    def _managed(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/managed-communities",
                self.show_all,
                Words("All communities with the number of their members.", "كل المجتمعات وعدد أعضاء كل منها."),
                grant=MANAGE_COMMUNITIES,
                answer=ManagedCommunities,
            ),
            Route(
                "PUT",
                "/v1/communities/{id}",
                self.put,
                Words("Makes, renames, opens or closes a community.", "إنشاء مجتمع أو تغيير اسمه أو فتحه أو إغلاقه."),
                grant=MANAGE_COMMUNITIES,
                request=CommunityRequest,
                answer=ManagedCommunities,
                refusals=(NAMES_DEMOGRAPHICS,),
                max_body=32 * 1024,
            ),
        )

    async def show(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/communities: in both languages, whichever is hers."""
        who = caller(request)

        def work(conn: Connection) -> OwnCommunities:
            subject = own_subject(conn, who)
            joined = queries.joined_communities(conn, subject.tenant, subject.shopper)
            found = [row.community for row in queries.communities(conn, subject.tenant)]
            shown = [_own(one, joined.get(one.id)) for one in found if one.open or one.id in joined]
            return OwnCommunities(tenant=subject.tenant, communities=shown)

        return answered(await self._parts.db.read(work))

    async def join(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/communities/{id}/membership: a repeat changes nothing."""
        who, wanted, now_ms = caller(request), CommunityId(request.match_info["id"]), self._parts.clock.now_ms()

        def work(conn: Connection) -> None:
            subject = own_subject(conn, who)
            community = queries.community_of_id(conn, subject.tenant, wanted)
            if community is None:
                raise Refusal(COMMUNITY_UNKNOWN, value=wanted)
            if not community.open:
                raise Refusal(COMMUNITY_CLOSED, value=wanted)
            queries.join_community(conn, subject.tenant, subject.shopper, wanted, now_ms)

        await self._parts.db.write(work)
        return web.Response(status=204)

    async def leave(self, request: web.Request) -> web.StreamResponse:
        """DELETE /v1/communities/{id}/membership: also of a closed one, and of one that never was."""
        who, left = caller(request), CommunityId(request.match_info["id"])

        def work(conn: Connection) -> None:
            subject = own_subject(conn, who)
            queries.leave_community(conn, subject.tenant, subject.shopper, left)

        await self._parts.db.write(work)
        return web.Response(status=204)

    async def show_all(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/managed-communities: small numbers are not told."""
        tenant = TenantId(caller(request).tenant)
        found = await self._parts.db.read(lambda conn: queries.communities(conn, tenant))
        return answered(_managed(tenant, found))

    async def put(self, request: web.Request) -> web.StreamResponse:
        """PUT /v1/communities/{id}: its members stay. What names people by age, gender or nationality is refused."""
        who, asked = caller(request), await read(request, CommunityRequest)
        tenant, wanted = TenantId(who.tenant), request.match_info["id"]
        if not is_community_id(wanted):
            raise Refusal(problems.FIELD_WRONG, at="id", value=wanted, expected=_ID_WORDS)
        name, about = asked.name, asked.about
        community = Community(tenant, CommunityId(wanted), name.ar, name.en, about.ar, about.en, asked.open)
        if (found := named_in_community(community)) is not None:
            raise Refusal(NAMES_DEMOGRAPHICS, at=found[0], value=found[1].words)
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> list[Joined]:
            before = queries.put_community(conn, community, now_ms)
            if before != community:
                record(conn, tenant, now_ms, Act(who.subject, acts.PUT_COMMUNITY, community.id, before, community))
            return [row for row in queries.communities(conn, tenant) if row.community.id == community.id]

        return answered(_managed(tenant, await self._parts.db.write(work)))


def _own(community: Community, joined_ms: int | None) -> OwnCommunity:
    return OwnCommunity(id=community.id, name=_name(community), about=_about(community), open=community.open, joined_ms=joined_ms)


def _managed(tenant: TenantId, rows: Sequence[Joined]) -> ManagedCommunities:
    shown = [ManagedCommunity(id=c.id, name=_name(c), about=_about(c), open=c.open, members=shown_members(members)) for c, members in rows]
    return ManagedCommunities(tenant=tenant, communities=shown)


def _name(community: Community) -> CommunityWords:
    return CommunityWords(community.name_ar, community.name_en)


def _about(community: Community) -> CommunityAbout:
    return CommunityAbout(community.about_ar, community.about_en)
