"""She leaves: within a minute nothing of her stands in any table, file, log or answer, and nobody else has lost anything."""

import io
import json
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from aislecast.holdings import HOLDINGS
from geofence import queries as geofence
from groundwork.contracts.subjects import ZONE_EVENTS
from groundwork.plumbing.bus import Entry
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Parts
from groundwork.plumbing.telemetry import configure_logs
from tests.geofence.venues import VENUE
from tests.journeys.leaver import BEARER, DEVICE, IDS, NEVER, SHOPPER, TENANT, World, in_bytes, in_files, in_tables

WITHOUT_A_NAME = {"redemption", "purchase_line"}
"""Found by what they belong to."""


@pytest.fixture
def log() -> io.StringIO:
    """Everything the process logs, from debug on."""
    written = io.StringIO()
    configure_logs("debug", written)
    return written


@pytest.fixture
async def world(parts: Parts, clock: ManualClock, log: io.StringIO) -> AsyncIterator[World]:  # it captures the log
    opened = await World.open(parts, clock)
    yield opened
    await opened.close()


async def test_the_scan_finds_what_was_planted(world: World, tmp_path: Path) -> None:
    await world.live()
    found = await in_tables(world.parts.db, IDS)
    assert {"shopper", "device", "decision", "grant", "coupon", "push", "feed_entry", "purchase"} <= set(found)
    assert {word for words in found.values() for word in words} == {SHOPPER, DEVICE}, "the others are kept as hashes, or sealed"
    names = (SHOPPER, DEVICE, world.her.pseudonym, str(world.her.track))
    hers = {holding.table for holding in HOLDINGS if holding.fate in {"deleted", "unlinked"}} - WITHOUT_A_NAME
    empty = hers - set(await in_tables(world.parts.db, names))
    assert empty == set(), f"erasure is to reach {empty}, so `World.live` must fill them: else the scan below proves nothing about them"
    if world.parts.db.dialect == "sqlite":
        assert SHOPPER in str(in_files(tmp_path, IDS))


async def test_nothing_of_her_is_left_anywhere(world: World, log: io.StringIO, tmp_path: Path) -> None:
    code = await world.live()
    await world.ask("GET", "/v1/me")
    began_ms = world.clock.now_ms()
    url = await world.erase()
    receipt = await world.erased(url)
    assert receipt["done_ms"] - began_ms < 60_000
    assert [part["service"] for part in receipt["parts"]][-1] == "people"
    assert all(part["rows"] > 0 for part in receipt["parts"])
    assert await in_tables(world.parts.db, (*IDS, code)) == {}
    assert in_files(tmp_path, (*IDS, code)) == {}
    assert in_bytes(json.dumps(receipt).encode(), (*IDS, world.her.pseudonym)) == []
    assert in_bytes(log.getvalue().encode(), (*IDS, *NEVER, code)) == []
    assert (await world.ask("GET", "/v1/me", token=BEARER))[0] == 401


async def test_her_pseudonyms_stay_only_where_the_list_says_so(world: World) -> None:
    await world.live()
    await world.erased(await world.erase())
    await world.run(30)
    names = (world.her.pseudonym, str(world.her.track), f"{world.her.track:016x}")
    assert set(await in_tables(world.parts.db, names)) <= {"consent", "audit", "erasure", "inbox", "log"}


async def test_who_listens_to_the_shop_is_told_of_her_no_more(world: World) -> None:
    await world.live()
    assert world.her.pseudonym in await world.heard_of(world.her.pseudonym)
    assert set(await world.walk(token="token of badr")) == {200}
    await world.erased(await world.erase())
    assert world.her.pseudonym not in await world.heard_of(world.other.pseudonym)


async def test_nobody_else_loses_anything(world: World) -> None:
    assert set(await world.walk(token="token of badr")) == {200}
    await world.run(1)
    before = await world.ask("GET", "/v1/me", token="token of badr")
    await world.live()
    await world.erased(await world.erase())
    after = await world.ask("GET", "/v1/me", token="token of badr")
    held = [{(kind["kind"], row.get("id", str(row))) for kind in answer[1]["kinds"] for row in kind["rows"]} for answer in (before, after)]
    assert held[0] <= held[1]
    assert len(held[0]) > 10


async def test_what_comes_late_leaves_nothing(world: World) -> None:
    await world.live()
    events = await world.parts.db.read(lambda conn: geofence.zone_events(conn, TENANT, VENUE))
    url = await world.erase()
    late = [
        Entry(ZONE_EVENTS, event.shopper, msgspec.json.encode(msgspec.structs.replace(event, id=f"late {n}")))
        for n, event in enumerate(events)
    ]
    await world.parts.bus.put(late)
    assert set(await world.walk(3)) == {401}
    await world.erased(url)
    await world.parts.bus.put(late)
    await world.run(20)
    assert await in_tables(world.parts.db, IDS) == {}
    assert set(await in_tables(world.parts.db, [world.her.pseudonym])) <= {"consent", "audit", "erasure", "log"}
    assert [hop.name for hop in world.parts.hops.all() if hop.missing()] == []
