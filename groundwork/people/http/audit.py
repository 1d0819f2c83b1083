"""The audit chain, to page through and to take away whole; for who may see the whole tenant, since rows are not told apart by venue."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from aiohttp import web

from groundwork.contracts.audit import AuditEntry, AuditPage
from groundwork.contracts.ids import TenantId
from groundwork.people import acts
from groundwork.people.model import READ_AUDIT
from groundwork.people.operators import check_whole_tenant
from groundwork.people.reasons import BEYOND_SCOPE
from groundwork.plumbing import audit
from groundwork.plumbing.audit import Act, Audited
from groundwork.plumbing.http import Route, answered, caller, query_of
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.service import Parts

LINES: str = "application/x-ndjson"
_AT_ONCE = 1_000
"""Rows read at a time for an export: a transaction is short, and memory does not grow with the chain."""


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which rows."""

    after: Annotated[int, msgspec.Meta(ge=0, le=1 << 62)] = 0
    limit: Annotated[int, msgspec.Meta(ge=1, le=1_000)] = 100


class AuditRoutes:
    """The handlers."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/audit",
                self.page,
                Words("Who did what to what, in the order in which it was done.", "من فعل ماذا وبماذا، بترتيب حدوثه."),
                grant=READ_AUDIT,
                answer=AuditPage,
                query=AuditQuery,
                refusals=(BEYOND_SCOPE,),
            ),
            Route(
                "GET",
                "/v1/audit/export",
                self.export,
                Words(
                    "The whole audit chain as JSON lines, which anybody can verify.",
                    "سلسلة التدقيق كاملة أسطر JSON يمكن لأي أحد التحقق منها.",
                ),
                grant=READ_AUDIT,
                refusals=(BEYOND_SCOPE,),
                stream=True,
                answer_media=LINES,
            ),
        )

    async def page(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/audit."""
        who, asked = caller(request), query_of(request, AuditQuery)
        check_whole_tenant(who)
        tenant = TenantId(who.tenant)
        rows, (newest, newest_hash) = await self._parts.db.read(
            lambda conn: (audit.rows(conn, tenant, asked.after, asked.limit), audit.newest(conn, tenant))
        )
        last = rows[-1].number if rows else newest
        return answered(
            AuditPage(
                tenant=tenant,
                entries=[entry_of(tenant, row) for row in rows],
                newest=newest,
                newest_hash=newest_hash.hex(),
                next_after=last if last < newest else None,
            )
        )

    async def export(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/audit/export: up to and with the act of exporting, so that the file says who has it."""
        who = caller(request)
        check_whole_tenant(who)
        tenant, now_ms = TenantId(who.tenant), self._parts.clock.now_ms()
        last = await self._parts.db.write(lambda conn: audit.record(conn, tenant, now_ms, Act(who.subject, acts.EXPORT_AUDIT, "audit")))
        response = web.StreamResponse(headers={"Content-Disposition": 'attachment; filename="audit.jsonl"'})
        response.content_type = LINES
        await response.prepare(request)
        after = 0
        while after < last:
            rows = await self._rows(tenant, after, min(_AT_ONCE, last - after))
            await response.write(b"".join(line_of(tenant, row) for row in rows))
            after = rows[-1].number
        await response.write_eof()
        return response

    async def _rows(self, tenant: TenantId, after: int, limit: int) -> list[Audited]:
        return await self._parts.db.read(lambda conn: audit.rows(conn, tenant, after, limit))


def entry_of(tenant: TenantId, row: Audited) -> AuditEntry:
    """The row as it crosses HTTP and stands in files."""
    return AuditEntry(
        tenant=tenant,
        number=row.number,
        at_ms=row.at_ms,
        actor=row.actor,
        action=row.action,
        subject=row.subject,
        before=row.before.decode(),
        after=row.after.decode(),
        previous=row.previous.hex(),
        hash=row.hash.hex(),
    )


def line_of(tenant: TenantId, row: Audited) -> bytes:
    """The row as one line of an export."""
    return msgspec.json.encode(entry_of(tenant, row)) + b"\n"
