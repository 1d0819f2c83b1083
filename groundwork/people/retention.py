"""Retention: what is older than its period goes, once a day, in small batches, with a report that says how much of each kind.

What there is, and for how long, comes from every package's own list (`holding.py`) and the settings. A run that dies, or that has more to
do than it may do at once, is followed by another; each batch is a transaction of its own, so nobody waits long for it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec
import structlog

from groundwork.contracts.ids import TenantId
from groundwork.contracts.rights import RetentionCount, RetentionRun, RetentionRuns
from groundwork.people import queries
from groundwork.people.holding import Holding
from groundwork.people.settings import Retention
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.hops import Hops

DAY_MS: Final = 86_400_000
BATCH: Final = 500
"""Rows removed in one transaction: about 10 ms, so that an acknowledged write waits no longer for it."""
BATCHES: Final = 200
"""Batches of one kind in one run; what is left goes with the next, which then follows at once."""
_SHOWN: Final = 100
_counts = msgspec.json.Decoder(list[RetentionCount])
_log = structlog.get_logger()


class Job:
    """Removes what is old. `run` is called by a Refresh loop, in every process; two at a time do no harm."""

    def __init__(self, db: Database, clock: Clock, hops: Hops, holdings: Sequence[Holding], retention: Retention) -> None:
        self._db = db
        self._clock = clock
        self._hop = hops.hop("retention", "rows")
        self._holdings = [holding for holding in holdings if holding.sweep is not None]
        self._retention = retention

    async def run(self) -> bool:
        """Runs for every tenant whose last run was a day ago, or left something; True when one did."""
        now_ms = self._clock.now_ms()
        due = await self._db.read(lambda conn: _due(conn, now_ms))
        for tenant in due:
            await self.run_for(tenant)
        return bool(due)

    async def run_for(self, tenant: TenantId) -> RetentionRun:
        """Removes the tenant's old rows now and writes the report."""
        now_ms = self._clock.now_ms()
        run = RetentionRun(at_ms=now_ms, counts=[await self._sweep(tenant, holding, now_ms) for holding in self._holdings])
        report = msgspec.json.encode(run.counts)
        await self._db.write(lambda conn: queries.add_retention_run(conn, tenant, now_ms, report))
        removed = sum(count.removed for count in run.counts)
        self._hop.take(removed)
        self._hop.give(removed)
        _log.info("retention run", tenant=tenant, removed=removed)
        return run

    async def _sweep(self, tenant: TenantId, holding: Holding, now_ms: int) -> RetentionCount:
        sweep = holding.sweep
        assert sweep is not None  # those without were left out
        days: int = getattr(self._retention, holding.days)
        before_ms, removed, more = now_ms - days * DAY_MS, 0, True
        for _ in range(BATCHES):
            some = await self._db.write(lambda conn: sweep(conn, tenant, before_ms, BATCH))
            removed += some
            if some < BATCH:
                more = False
                break
        return RetentionCount(kind=holding.table, days=days, removed=removed, more=more)


def runs_of(conn: Connection, tenant: TenantId) -> RetentionRuns:
    """The tenant's newest reports, newest first."""
    found = queries.retention_runs(conn, tenant, _SHOWN)
    return RetentionRuns(tenant=tenant, runs=[RetentionRun(at_ms=at_ms, counts=_counts.decode(report)) for at_ms, report in found])


def _due(conn: Connection, now_ms: int) -> list[TenantId]:
    """Tenants whose last run, or, where there was none, whose beginning, is a day ago; and those whose last run left something."""
    due = []
    for tenant, began_ms in queries.tenant_beginnings(conn):
        last = queries.retention_runs(conn, tenant, 1)
        last_ms = last[0][0] if last else began_ms
        left = bool(last) and any(count.more for count in _counts.decode(last[0][1]))
        if now_ms - last_ms >= DAY_MS or (left and now_ms > last_ms):
            due.append(tenant)
    return due
