"""A calibration switched while shoppers are inside: the log says under which one each batch was let in, so a replay gives the same bits."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, TypeVar, cast

import pytest
import structlog

from geofence.admitted import decode
from geofence.app import Engines
from geofence.calibrating import drop, keep
from geofence.calibrating.drop import SETTLES_MS
from geofence.calibrating.known import CalibrationMissing, Calibrations
from geofence.intake.accept import log_key
from geofence.pipeline import Pipeline, Workshop
from geofence.places import Places, PlanMissing
from geofence.positioning.anchors import Calibration
from geofence.settings import Settings
from groundwork.contracts.ids import CalibrationId
from groundwork.contracts.subjects import CALIBRATION_CHANGED, SIGHTINGS, STREAMS
from groundwork.plumbing.bus import LogEntry
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.queries import entries_after
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Loop, Parts, settle
from tests.geofence.deployment import TAMIM, Deployment, add_everything, batch, standing_left
from tests.geofence.venues import START_MS, VENUE

FIRST, SECOND = Calibration(gains_db={"g-right": 9.0}, noise_db=5.0), Calibration(exponent=2.8)
RULES = Settings(enter_probability=0.6, dwell_s=(10,))
KEY = (TAMIM, VENUE)

T = TypeVar("T")


class SlowToAnswer:
    """A database whose first read waits with what it found; all else is the real one's."""

    def __init__(self, db: Database) -> None:
        self.looked, self.answer = asyncio.Event(), asyncio.Event()
        self._db = db

    def __getattr__(self, name: str) -> Any:
        return getattr(self._db, name)

    async def read(self, work: Callable[[Connection], T]) -> T:
        found = await self._db.read(work)
        if not self.looked.is_set():
            self.looked.set()
            await self.answer.wait()
        return found


async def switch(shop: Deployment, calibration: Calibration | None) -> CalibrationId | None:
    """As another process does it: this one hears of it over the bus."""
    asked = keep.Asked(TAMIM, VENUE, "installer", shop.clock.now_ms())
    file = keep.file_of(calibration) if calibration else None

    def work(conn: Connection) -> None:
        if file:
            keep.keep(conn, asked, file, RULES.calibrations)
        keep.use(conn, asked, file.known if file else None)

    await shop.parts.db.write(work)
    await shop.parts.bus.announce(CALIBRATION_CHANGED, b"")
    return file.id if file else None


async def stand(shop: Deployment, from_ms: int, until_ms: int, loops: Sequence[Loop] = ()) -> None:
    """Layla stands in the left room, told of every two seconds; `loops` run meanwhile, or all."""
    for at in range(from_ms + 2_000, until_ms + 1, 2_000):
        shop.clock.set(START_MS + at)
        await settle(loops or shop.service.loops)
        sent = batch(standing_left(at, at - 1_500), at, number=at // 2_000)
        assert (await shop.send(sent)).status == 200
    await settle(loops or shop.service.loops)


def pipeline_of(shop: Deployment) -> Pipeline:
    engines = next(loop for loop in shop.service.loops if isinstance(loop, Engines))
    return next(pipeline for pipeline in engines.pipelines() if KEY in pipeline.due)


async def logged(parts: Parts, tenant: str = TAMIM) -> list[LogEntry]:
    shard = parts.bus.shard_of(SIGHTINGS, log_key(tenant, VENUE))
    return await parts.db.read(lambda conn: entries_after(conn, SIGHTINGS, shard, 0, 1_000))


async def replayed(parts: Parts, entries: list[LogEntry], size: int) -> bytes:
    """The state of a pipeline that was handed the log later, in parts of `size` entries, by a process that has just started."""
    places = Places(parts.db)
    await places.renew_plans()
    await places.calibrations.renew()
    pipeline = Pipeline(0, Workshop(places, RULES, Hops(), parts.clock))
    pipeline.restore(None)
    first = 0
    while first < len(entries):
        try:
            pipeline.prepare(entries[first : first + size], True)
            first += size
        except (PlanMissing, CalibrationMissing):  # the shard is dropped, and begins once more
            await places.fetch()
            pipeline.restore(None)
            first = 0
    return pipeline.state()


async def test_a_log_through_switches_is_replayed_to_the_bit_whatever_is_in_force_by_then(parts: Parts) -> None:
    """The engines stand still meanwhile, so that nothing is let go of in the log."""
    await parts.db.write(add_everything)
    shop = await Deployment.start(parts, RULES)
    doors = [loop for loop in shop.service.loops if not isinstance(loop, Engines)]
    await stand(shop, 0, 10_000, doors)
    first = await switch(shop, FIRST)
    await stand(shop, 10_000, 20_000, doors)
    second = await switch(shop, SECOND)
    await stand(shop, 20_000, 30_000, doors)
    entries = await logged(parts)
    assert list(dict.fromkeys(decode(one.payload).header.calibration for one in entries)) == ["", first, second]
    before = [await replayed(parts, entries, size) for size in (1, 4, 1_000)]
    await switch(shop, None)
    after = [await replayed(parts, entries, size) for size in (1, 4, 1_000)]
    assert len({*before, *after}) == 1
    await shop.at(31_000)  # now the engines come to it
    assert [(event.kind, event.zone) for event in await shop.events()] == [("enter", "left"), ("dwell", "left")]
    await shop.close()


@pytest.mark.parametrize("used_since", [False, True], ids=["as it was", "another in force since"])
async def test_a_restart_goes_on_with_the_calibration_of_its_snapshot(parts: Parts, used_since: bool) -> None:
    await parts.db.write(add_everything)
    shop = await Deployment.start(parts, RULES)
    first = await switch(shop, FIRST)
    await stand(shop, 0, 12_000)
    state = pipeline_of(shop).state()
    if used_since:
        await switch(shop, SECOND)
    bus = LocalBus(parts.db, parts.clock, "next", dict.fromkeys(STREAMS, 2))
    again = await Deployment.start(replace(parts, bus=bus), RULES)
    places = Places(parts.db)
    fresh = Pipeline(0, Workshop(places, RULES, Hops(), parts.clock))
    fresh.restore(state)
    with pytest.raises(PlanMissing):
        fresh.prepare([], False)
    await places.fetch()
    with pytest.raises(CalibrationMissing, match=str(first)):
        fresh.prepare([], False)
    await places.fetch()
    fresh.prepare([], False)
    assert fresh.state() == state
    await again.at(20_000)  # once the lease of the one before has run out
    await stand(again, 20_000, 24_000)
    assert [(event.kind, event.zone) for event in await again.events()] == [("enter", "left"), ("dwell", "left")]
    await again.close()
    await shop.close()


async def test_what_the_log_or_the_snapshot_names_cannot_be_dropped_and_what_neither_does_is_missed_by_no_restart(parts: Parts) -> None:
    await parts.db.write(add_everything)
    shop = await Deployment.start(parts, RULES)
    first = await switch(shop, FIRST)
    assert first is not None
    await stand(shop, 0, 10_000)
    second = await switch(shop, SECOND)
    asked = keep.Asked(TAMIM, VENUE, "installer", START_MS + 10_000 + SETTLES_MS)

    async def drop_it() -> None:
        named = await drop.needed(parts.bus, asked)
        await parts.db.write(lambda conn: drop.drop(conn, asked, first, named))

    with pytest.raises(Refusal) as told:  # nobody was heard since: the engine stands on it
        await drop_it()
    assert told.value.reason.code == "calibration_needed"
    await stand(shop, 10_000, 14_000)
    await shop.close()  # stores a snapshot: the log before it is trimmed
    assert await drop.needed(parts.bus, asked) == {second}
    await drop_it()
    bus = LocalBus(parts.db, parts.clock, "next", dict.fromkeys(STREAMS, 2))
    again = await Deployment.start(replace(parts, bus=bus), RULES)
    await stand(again, 14_000, 20_000)
    assert [(event.kind, event.zone) for event in await again.events()] == [("enter", "left"), ("dwell", "left")]
    await again.close()


async def test_who_renews_first_does_not_have_the_last_word(parts: Parts) -> None:
    """A first look that takes long must not set back what a second one has found meanwhile."""
    await parts.db.write(add_everything)
    shop = await Deployment.start(parts, RULES)
    slow = SlowToAnswer(parts.db)
    calibrations = Calibrations(cast(Database, slow))
    early = asyncio.create_task(calibrations.renew())
    await slow.looked.wait()
    first = await switch(shop, FIRST)
    late = asyncio.create_task(calibrations.renew())
    await asyncio.wait({late}, timeout=0.2)  # over before the first, were it let
    slow.answer.set()
    await asyncio.gather(early, late)
    assert calibrations.in_force(*KEY) == first
    await shop.close()


async def test_an_engine_says_once_what_it_stands_on_and_how_far_that_fits(parts: Parts) -> None:
    await parts.db.write(add_everything)
    shop = await Deployment.start(parts, RULES)
    with structlog.testing.capture_logs() as logs:
        first = await switch(shop, FIRST)
        await stand(shop, 0, 6_000)
        await switch(shop, None)
        await stand(shop, 6_000, 10_000)
    told = [line for line in logs if line["event"] == "calibration_taken_up"]
    assert [(line["venue"], line["calibration"]) for line in told] == [(VENUE, first)]
    assert (told[0]["unknown"], told[0]["unplaced"], told[0]["moved"]) == (1, 0, 0)
    await shop.close()


async def test_one_that_is_nowhere_is_said_once_however_often_it_is_asked_for(parts: Parts) -> None:
    calibrations = Calibrations(parts.db)
    with structlog.testing.capture_logs() as logs:
        for _ in range(3):
            with pytest.raises(CalibrationMissing):
                calibrations.version(TAMIM, VENUE, CalibrationId("gone"))
            await calibrations.renew()
    assert [(line["event"], line["calibration"]) for line in logs] == [("calibration_missing", "gone")]


async def test_what_is_in_force_in_one_tenants_shop_is_nothing_to_anothers_of_the_same_name(parts: Parts) -> None:
    await parts.db.write(add_everything)
    shop = await Deployment.start(parts, RULES)
    first = await switch(shop, FIRST)
    await shop.at(2_000)
    for tenant in ("tamim", "dana"):
        assert (await shop.send(batch(standing_left(2_000), 2_000, tenant=tenant))).status == 200
    under = {}
    for tenant in ("tamim", "dana"):
        headers = [decode(one.payload).header for one in await logged(parts, tenant)]
        under[tenant] = {header.calibration for header in headers if header.tenant == tenant and header.plan_version}
    assert under == {"tamim": {first}, "dana": {""}}
    await shop.close()
