"""Reports of the retention job, for the privacy officer."""

from collections.abc import Sequence

from aiohttp import web

from groundwork.contracts.ids import TenantId
from groundwork.contracts.rights import RetentionRuns
from groundwork.people.model import SERVE_REQUESTS
from groundwork.people.operators import check_whole_tenant
from groundwork.people.reasons import BEYOND_SCOPE
from groundwork.people.retention import runs_of
from groundwork.plumbing.http import Route, answered, caller
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.service import Parts


class RetentionRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        words = Words("What retention removed, run by run, newest first.", "ما حذفته مهمة الاستبقاء في كل تشغيل، الأحدث أولًا.")
        return (Route("GET", "/v1/retention-runs", self.runs, words, SERVE_REQUESTS, answer=RetentionRuns, refusals=(BEYOND_SCOPE,)),)

    async def runs(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/retention-runs"""
        who = caller(request)
        check_whole_tenant(who)
        return answered(await self._parts.db.read(lambda conn: runs_of(conn, TenantId(who.tenant))))
