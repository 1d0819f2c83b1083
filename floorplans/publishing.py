"""Publishing: what is in the way of it, telling everybody, and the loop that puts a version in force when its time has come."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import msgspec

from floorplans import drafts
from floorplans.drafts import Asked, Released
from floorplans.findings import Finding, findings
from floorplans.queries import drafts as rows
from floorplans.queries.drafts import Publication
from floorplans.reasons import PLAN_HAS_ERRORS
from groundwork.contracts.changes import PlanPublished
from groundwork.contracts.ids import PlanVersionId
from groundwork.contracts.subjects import PLAN_PUBLISHED
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts

T = TypeVar("T")


class Publishing:
    """Publishes drafts and goes back to earlier versions, and tells every process once that is durable."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def publish(self, asked: Asked, revision: int, due_ms: int, note: str) -> Publication:
        """As `drafts.publish`; Refusal too where the draft has errors. They are looked for before the transaction, which others wait for.

        That is sound, because the transaction refuses a draft that has moved on since.
        """
        known = await self._parts.db.read(lambda conn: rows.publication(conn, asked.tenant, asked.venue, asked.id))
        if known is None:
            kept = await self._parts.db.read(lambda conn: drafts.current(conn, asked.tenant, asked.venue))
            if kept.revision == revision:
                refuse_errors(await asyncio.to_thread(findings, kept.sketch.plan))
        return await self._made(asked, lambda conn: drafts.publish(conn, asked, revision, due_ms, note))

    async def roll_back(self, asked: Asked, version: PlanVersionId, note: str) -> Publication:
        """As `drafts.roll_back`."""
        return await self._made(asked, lambda conn: drafts.roll_back(conn, asked, version, note))

    async def _made(self, asked: Asked, work: Callable[[Connection], Publication]) -> Publication:
        made = await self._parts.db.write(work)
        if made.state == "done":
            await announce(self._parts, Released(asked.tenant, asked.venue, made.version))
        return made


class DuePublications:
    """The loop: versions whose time has come go in force, the earliest first. What it does is in the database, so a restart loses none."""

    name = "publications"

    def __init__(self, parts: Parts, look_ms: int) -> None:
        self._parts = parts
        self._look_ms = look_ms

    async def step(self) -> bool:
        """Puts one due version in force; True when it did, or another process was faster."""
        now_ms = self._parts.clock.now_ms()
        if await self._parts.db.read(lambda conn: rows.due(conn, now_ms)) is None:
            return False
        released = await self._parts.db.write(lambda conn: drafts.release_due(conn, now_ms))
        if released is not None:
            await announce(self._parts, released)
        return True

    async def wait(self) -> None:
        await self._parts.clock.sleep(self._look_ms / 1000)

    async def close(self) -> None:
        return None


async def announce(parts: Parts, released: Released) -> None:
    """Tells every process of the version in force; who misses it polls."""
    told = PlanPublished(tenant=released.tenant, venue=released.venue, plan_version=released.version)
    await parts.bus.announce(PLAN_PUBLISHED, msgspec.json.encode(told))


def refuse_errors(found: list[Finding]) -> None:
    """Raises Refusal with the place of the first of the errors, where there are any."""
    errors = [one for one in found if one.severity == "error"]
    if errors:
        raise Refusal(PLAN_HAS_ERRORS, at=errors[0].at, count=len(errors))
