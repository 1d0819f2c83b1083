"""Retention: what is older than its period goes, the rest stays, once a day, in small batches, with a report of every kind."""

from collections.abc import Iterable
from functools import partial

import pytest
from sqlalchemy import Connection, insert, select

from aislecast.holdings import HOLDINGS
from geofence.tables import VisitRow, ZoneEventRow
from groundwork.people import retention
from groundwork.people.retention import DAY_MS, Job, runs_of
from groundwork.people.settings import Retention
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts
from groundwork.plumbing.tables import InboxRow
from notifier.tables import FeedEntryRow, PurchaseRow, PushRow
from tests.groundwork.people.register import DANA, NOW_MS, TAMIM, add_tenants

PUSH = {
    "grant_id": "g",
    "campaign": "c",
    "shopper_id": "layla",
    "device": "phone",
    "channel": "inbox",
    "venue": "v",
    "visit": "1",
    "zone": "z",
    "stay_start_ms": 0,
    "language": "ar",
    "title": "",
    "body": "",
    "state": "delivered",
    "next_ms": 0,
    "expires_ms": 0,
}
RECEIPT = {"venue": "v", "till": "t", "currency": "SAR", "net_minor": 7, "vat_minor": 1, "lines": 1, "shopper_known": True}


def visits(conn: Connection, tenant: str, ages_days: Iterable[int]) -> None:
    for age in ages_days:
        row = {"tenant": tenant, "id": f"{tenant} {age}", "venue": "v", "shopper": "s", "track": "1", "end_ms": None}
        conn.execute(insert(VisitRow).values(**row, start_ms=NOW_MS - age * DAY_MS))


def job(parts: Parts, periods: Retention | None = None) -> Job:
    return Job(parts.db, parts.clock, parts.hops, HOLDINGS, periods or Retention())


@pytest.fixture
async def opened(parts: Parts) -> Parts:
    await parts.db.write(add_tenants)
    return parts


async def test_what_is_older_than_its_period_goes_and_nothing_else(opened: Parts) -> None:
    for tenant in (TAMIM, DANA):
        await opened.db.write(partial(visits, tenant=tenant, ages_days=(29, 30, 31, 400)))
    run = await job(opened).run_for(TAMIM)
    left = await opened.db.read(lambda conn: set(conn.execute(select(VisitRow.id)).scalars()))
    assert left == {"tamim 29", "tamim 30", *(f"dana {age}" for age in (29, 30, 31, 400))}
    assert {count.kind: count.removed for count in run.counts if count.removed} == {"visit": 2}
    assert {count.kind for count in run.counts} == {holding.table for holding in HOLDINGS if holding.sweep}


async def test_a_period_is_a_setting(opened: Parts) -> None:
    await opened.db.write(lambda conn: visits(conn, TAMIM, (5, 10)))
    run = await job(opened, Retention(visits_days=7)).run_for(TAMIM)
    assert [(count.days, count.removed) for count in run.counts if count.kind == "visit"] == [(7, 1)]


async def test_it_runs_once_a_day_on_the_clock(opened: Parts, clock: ManualClock) -> None:
    daily = job(opened)
    assert not await daily.run(), "the deployment is not a day old"
    clock.set(NOW_MS + DAY_MS)
    assert await daily.run()
    assert not await daily.run()
    clock.advance(86_400)
    assert await daily.run()
    reports = await opened.db.read(lambda conn: runs_of(conn, TAMIM))
    assert [run.at_ms for run in reports.runs] == [NOW_MS + 2 * DAY_MS, NOW_MS + DAY_MS]
    assert opened.hops.hop("retention", "rows").missing() == 0


async def test_what_is_left_by_one_run_goes_with_the_next_at_once(
    opened: Parts, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "BATCH", 2)
    monkeypatch.setattr(retention, "BATCHES", 2)
    await opened.db.write(lambda conn: visits(conn, TAMIM, range(100, 106)))
    clock.set(NOW_MS + DAY_MS)
    assert await job(opened).run()
    clock.advance(1)
    assert await job(opened).run()
    removed = [
        next(count for count in run.counts if count.kind == "visit")
        for run in (await opened.db.read(lambda conn: runs_of(conn, TAMIM))).runs
    ]
    assert [(count.removed, count.more) for count in removed] == [(2, False), (4, True)]


async def test_a_push_goes_after_its_entry_in_the_inbox_and_an_open_one_never(opened: Parts) -> None:
    old_ms = NOW_MS - 500 * DAY_MS

    def work(conn: Connection) -> None:
        for name, ended_ms in (("ended", old_ms), ("open", None), ("shown", old_ms)):
            row = {**PUSH, "tenant": TAMIM, "id": name, "created_ms": old_ms, "ended_ms": ended_ms}
            conn.execute(insert(PushRow).values(row))
        entry = {"tenant": TAMIM, "shopper_id": "layla", "sequence": 1, "push_id": "shown", "at_ms": NOW_MS}
        conn.execute(insert(FeedEntryRow).values(entry))

    await opened.db.write(work)
    await job(opened).run_for(TAMIM)
    assert await opened.db.read(lambda conn: set(conn.execute(select(PushRow.id)).scalars())) == {"open", "shown"}


async def test_an_old_receipt_stays_and_forgets_whose_it_was(opened: Parts) -> None:
    def work(conn: Connection) -> None:
        for name, age in (("old", 500), ("new", 1)):
            row = {**RECEIPT, "tenant": TAMIM, "id": name, "receipt": name, "shopper_id": "layla", "at_ms": NOW_MS - age * DAY_MS}
            conn.execute(insert(PurchaseRow).values(row))

    await opened.db.write(work)
    await job(opened).run_for(TAMIM)
    rows = await opened.db.read(lambda conn: conn.execute(select(PurchaseRow.id, PurchaseRow.shopper_id)).all())
    assert {row.id: row.shopper_id for row in rows} == {"old": None, "new": "layla"}


async def test_batches_that_were_received_are_known_for_their_period(opened: Parts) -> None:
    def work(conn: Connection) -> None:
        for age in (29, 31):
            conn.execute(insert(InboxRow).values(tenant=TAMIM, key=str(age), answer=b"", at_ms=NOW_MS - age * DAY_MS))

    await opened.db.write(work)
    await job(opened).run_for(TAMIM)
    assert await opened.db.read(lambda conn: list(conn.execute(select(InboxRow.key)).scalars())) == ["29"]


async def test_every_sweep_runs_on_both_databases(opened: Parts) -> None:
    run = await job(opened).run_for(TAMIM)
    assert {count.removed for count in run.counts} == {0}
    assert await opened.db.read(lambda conn: conn.scalar(select(ZoneEventRow.id))) is None
