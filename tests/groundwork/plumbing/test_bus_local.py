"""The bus contract on both engines: admit once, order, leases, positions, snapshots, burying, trimming, announcements."""

import asyncio
from collections.abc import Callable, Iterable

import pytest
from sqlalchemy import text

from groundwork.plumbing import queries
from groundwork.plumbing.bus import Append, Entry, LeaseLost, LogEntry, ShardReader, Snapshot
from groundwork.plumbing.bus_local import LocalBus, inbox_key
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.db import Connection, Database, open_database
from tests.conftest import START_MS

S = "numbers"
OUT = "out"


def nothing(conn: Connection) -> None:
    """No effects."""


def entry(value: int, key: str = "k") -> Entry:
    return Entry(S, key, str(value).encode())


def admitting(*numbers: int) -> Callable[[Connection], Append]:
    """Admits the numbers and answers with the first."""
    return lambda _conn: Append(str(numbers[0]).encode(), [entry(n) for n in numbers])


def bus_of(database: Database, clock: ManualClock, owner: str = "one", shards: int = 1) -> LocalBus:
    return LocalBus(database, clock, owner, {S: shards, OUT: 1})


@pytest.fixture
def bus(database: Database, clock: ManualClock) -> LocalBus:
    return bus_of(database, clock)


async def taken(bus: LocalBus, shard: int = 0) -> ShardReader:
    reader = await bus.take(S, shard)
    assert reader is not None
    return reader


async def values(reader: ShardReader, limit: int = 100) -> list[int]:
    return [int(e.payload) for e in await reader.read(limit)]


async def test_a_repeat_gets_the_first_answer_and_appends_nothing(bus: LocalBus) -> None:
    first = await bus.append(("t", "box", "1"), lambda _conn: Append(b"first", [entry(1)]))
    again = await bus.append(("t", "box", "1"), lambda _conn: Append(b"second", [entry(2)]))
    assert (first, again) == ((b"first", False), (b"first", True))
    assert await values(await taken(bus)) == [1]


async def test_the_same_key_of_two_tenants_is_two_keys(bus: LocalBus) -> None:
    assert not (await bus.append(("a", "1"), lambda _conn: Append(b"")))[1]
    assert not (await bus.append(("b", "1"), lambda _conn: Append(b"")))[1]


def test_parts_of_an_inbox_key_cannot_run_together() -> None:
    assert inbox_key(("t", "a/b", "c")) != inbox_key(("t", "a", "b/c"))
    with pytest.raises(ValueError, match="tenant"):
        inbox_key(("t",))


async def test_an_inbox_key_may_be_of_any_length(database: Database, clock: ManualClock) -> None:
    bus = LocalBus(database, clock, "one", {})
    long = ("t", "م" * 500, "1")
    assert await bus.append(long, lambda _: Append(b"first")) == (b"first", False)
    assert await bus.append(long, lambda _: Append(b"second")) == (b"first", True)
    assert inbox_key(long) != inbox_key(("t", "م" * 500, "2"))


async def test_racing_calls_with_one_key_run_admit_once_and_answer_alike(bus: LocalBus) -> None:
    committed = await asyncio.gather(*(bus.append(("t", "race"), admitting(n)) for n in range(12)))
    assert len({answer for answer, _ in committed}) == 1
    assert sum(not repeat for _, repeat in committed) == 1
    assert len(await values(await taken(bus))) == 1


async def test_racing_appends_leave_no_gap_in_positions(bus: LocalBus) -> None:
    await asyncio.gather(*(bus.append(("t", str(n)), admitting(n, n)) for n in range(20)))
    entries = await (await taken(bus)).read(100)
    assert [e.position for e in entries] == list(range(1, 41))
    assert all(int(a.payload) == int(b.payload) for a, b in zip(entries[::2], entries[1::2], strict=True))


async def test_an_exception_in_admit_leaves_no_trace(bus: LocalBus, database: Database) -> None:
    def admit(conn: Connection) -> Append:
        queries.append(conn, bus.placed([entry(9)]), 0)
        raise ValueError("not admitted")

    with pytest.raises(ValueError, match="not admitted"):
        await bus.append(("t", "bad"), admit)
    count = await database.read(
        lambda conn: conn.execute(text("select (select count(*) from inbox) + (select count(*) from log)")).scalar_one()
    )
    assert count == 0
    assert await bus.append(("t", "bad"), lambda _conn: Append(b"now")) == (b"now", False)


async def test_entries_of_one_key_stay_in_order_and_in_one_shard(database: Database, clock: ManualClock) -> None:
    bus = bus_of(database, clock, shards=4)
    for n in range(12):
        await bus.put([entry(n, f"k{n % 3}")])
    read = {shard: await (await taken(bus, shard)).read(100) for shard in bus.shards(S)}
    for k, key in enumerate(("k0", "k1", "k2")):
        assert [int(e.payload) for e in read[bus.shard_of(S, key)] if e.key == key] == list(range(k, 12, 3))
    assert sum(map(len, read.values())) == 12


async def test_a_held_shard_is_not_given_to_another_until_its_lease_runs_out(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    await taken(one)
    assert await two.take(S, 0) is None
    clock.advance(2.9)
    assert await two.take(S, 0) is None
    clock.advance(0.2)
    assert await two.take(S, 0) is not None


async def test_reading_renews_the_lease(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    reader = await taken(one)
    for _ in range(10):
        clock.advance(1)
        assert await reader.read(1) == []
    assert await two.take(S, 0) is None


async def test_an_owner_that_was_frozen_cannot_commit(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    frozen = await taken(one)
    await one.put([entry(1)])
    assert await values(frozen) == [1]
    clock.advance(10)
    heir = await taken(two)
    ran: list[int] = []
    with pytest.raises(LeaseLost):
        await frozen.commit(1, lambda _conn: ran.append(1), [Entry(OUT, "k", b"stale")])
    assert ran == []
    with pytest.raises(LeaseLost):
        await frozen.read(1)
    assert await values(heir) == [1]
    await heir.commit(1, nothing)
    assert await database.read(lambda conn: queries.head(conn, OUT, 0)) == 0


async def test_a_lease_that_ran_out_but_went_to_nobody_still_commits(bus: LocalBus, clock: ManualClock) -> None:
    reader = await taken(bus)
    await bus.put([entry(1)])
    clock.advance(3600)
    assert await values(reader) == [1]
    await reader.commit(1, nothing)


async def test_a_restart_under_the_same_name_need_not_wait_for_itself(database: Database, clock: ManualClock) -> None:
    before = await taken(bus_of(database, clock))
    await taken(bus_of(database, clock))
    with pytest.raises(LeaseLost):
        await before.commit(0, nothing)


async def test_a_released_shard_is_free_at_once(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    await (await taken(one)).release()
    assert await two.take(S, 0) is not None


async def test_one_bus_gives_a_shard_out_once(bus: LocalBus) -> None:
    reader = await taken(bus)
    assert await bus.take(S, 0) is None
    await reader.release()
    assert await bus.take(S, 0) is not None


async def test_effects_entries_position_and_snapshot_commit_together(bus: LocalBus, database: Database, clock: ManualClock) -> None:
    reader = await taken(bus)
    await bus.put([entry(1), entry(2)])
    await reader.read(10)

    def effects(conn: Connection) -> str:
        queries.claim_inbox(conn, "t", "effect", 0)
        return "done"

    assert await reader.commit(2, effects, [Entry(OUT, "k", b"x")], b"state") == "done"
    await reader.release()
    heir = await taken(bus_of(database, clock, "two"))
    assert heir.committed == 2
    assert heir.snapshot is not None
    assert (heir.snapshot.position, heir.snapshot.state) == (2, b"state")
    assert await database.read(lambda conn: queries.head(conn, OUT, 0)) == 1
    assert await database.read(lambda conn: queries.inbox_answer(conn, "t", "effect")) == b""


async def test_effects_that_fail_take_everything_with_them(bus: LocalBus, database: Database) -> None:
    reader = await taken(bus)
    await bus.put([entry(1)])
    await reader.read(10)

    def effects(conn: Connection) -> None:
        queries.claim_inbox(conn, "t", "effect", 0)
        raise ArithmeticError

    with pytest.raises(ArithmeticError):
        await reader.commit(1, effects, [Entry(OUT, "k", b"x")], b"state")
    assert reader.committed == 0
    assert await database.read(lambda conn: queries.head(conn, OUT, 0)) == 0
    assert await database.read(lambda conn: queries.inbox_answer(conn, "t", "effect")) is None
    assert await database.read(lambda conn: queries.snapshot(conn, S, 0)) is None


async def test_a_new_owner_reads_on_from_the_snapshot_not_from_the_committed_position(database: Database, clock: ManualClock) -> None:
    bus = bus_of(database, clock)
    reader = await taken(bus)
    await bus.put([entry(n) for n in range(1, 6)])
    await reader.read(2)
    await reader.commit(2, nothing, snapshot=b"two")
    await reader.read(2)
    await reader.commit(4, nothing)
    await reader.release()
    heir = await taken(bus_of(database, clock, "two"))
    assert (heir.committed, await values(heir)) == (4, [3, 4, 5])


async def test_trimming_keeps_what_the_snapshot_does_not_cover(bus: LocalBus) -> None:
    reader = await taken(bus)
    await bus.put([entry(n) for n in range(1, 6)])
    assert await bus.trim(S, 0) == 0
    await reader.read(5)
    await reader.commit(3, nothing, snapshot=b"three")
    await reader.commit(5, nothing)
    assert await bus.trim(S, 0) == 3
    await reader.release()
    assert await values(await taken(bus)) == [4, 5]


async def test_positions_go_on_after_everything_was_trimmed(bus: LocalBus) -> None:
    reader = await taken(bus)
    await bus.put([entry(1)])
    await reader.read(1)
    await reader.commit(1, nothing, snapshot=b"")
    await bus.trim(S, 0)
    await bus.put([entry(2)])
    assert [e.position for e in await reader.read(9)] == [2]


async def test_a_gap_in_positions_gives_the_shard_up(bus: LocalBus, database: Database) -> None:
    reader = await taken(bus)
    await bus.put([entry(n) for n in range(3)])
    await database.write(lambda conn: conn.execute(text("delete from log where position = 2")))
    with pytest.raises(LeaseLost):
        await reader.read(10)
    with pytest.raises(LeaseLost):
        await reader.commit(1, nothing)


async def test_a_buried_entry_is_kept_with_its_reason_and_never_read_again(bus: LocalBus, database: Database) -> None:
    reader = await taken(bus)
    await bus.put([entry(1), entry(2), entry(3)])
    entries = await reader.read(10)
    await reader.commit(1, nothing)
    await reader.bury(entries[1], "ValueError: two")
    assert reader.committed == 2
    assert await database.read(lambda conn: queries.dead_letters(conn, S, 0)) == [(entries[1], "ValueError: two")]
    await reader.release()
    again = await taken(bus)
    assert await values(again, 1) == [1]
    assert await values(again, 1) == [3]


async def test_a_commit_below_the_committed_position_is_refused(bus: LocalBus) -> None:
    reader = await taken(bus)
    await bus.put([entry(1), entry(2)])
    await reader.commit(2, nothing)
    with pytest.raises(ValueError, match="below the committed 2"):
        await reader.commit(1, nothing)


async def test_an_append_wakes_the_waiting_reader(bus: LocalBus) -> None:
    reader = await taken(bus)
    assert await reader.read(1) == []
    waiting = asyncio.create_task(reader.wait())
    await asyncio.sleep(0)
    assert not waiting.done()
    await bus.put([entry(1)])
    await asyncio.wait_for(waiting, 5)
    assert await values(reader) == [1]


async def test_entries_of_another_process_are_seen_within_a_second(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    reader = await taken(one)
    assert await reader.read(1) == []
    waiting = asyncio.create_task(reader.wait())
    await asyncio.sleep(0)
    await two.put([entry(1)])
    assert await reader.read(1) == []
    clock.advance(1)
    await asyncio.wait_for(waiting, 5)
    assert await values(reader) == [1]


async def test_an_announcement_is_heard_here_at_once_and_elsewhere_at_the_next_poll(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    here: list[bytes | None] = []
    there: list[bytes | None] = []
    one.listen("topic", here.append)
    stop = two.listen("topic", there.append)
    assert not await one.poll()
    assert not await two.poll()
    await one.announce("topic", b"1")
    assert (here, there) == ([b"1"], [])
    assert await two.poll()
    assert not await one.poll()
    assert (here, there) == ([b"1"], [None])
    stop()
    await one.announce("topic", b"2")
    await two.poll()
    assert there == [None]


async def test_the_poll_loop_looks_once_a_second(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    heard: list[bytes | None] = []
    two.listen("topic", heard.append)
    loop = two.loop()
    await loop.step()
    await one.announce("topic", b"")
    assert not await loop.step()
    waiting = asyncio.create_task(loop.wait())
    await asyncio.sleep(0)
    clock.advance(1)
    await asyncio.wait_for(waiting, 5)
    assert await loop.step()
    assert heard == [None]


async def test_closing_the_bus_gives_its_shards_up(database: Database, clock: ManualClock) -> None:
    one, two = bus_of(database, clock, "one"), bus_of(database, clock, "two")
    await taken(one)
    await one.close()
    assert await two.take(S, 0) is not None


async def test_an_unknown_stream_or_shard_is_refused(bus: LocalBus) -> None:
    with pytest.raises(ValueError, match="known are numbers, out"):
        bus.shards("letters")
    with pytest.raises(ValueError, match="shards 0 to 0"):
        await bus.take(S, 1)


async def test_everything_is_there_after_opening_the_database_again(database_url: str, clock: ManualClock) -> None:
    first = await open_database(database_url)
    await bus_of(first, clock).append(("t", "1"), lambda _conn: Append(b"yes", [entry(7)]))
    await first.close()
    second = await open_database(database_url)
    try:
        bus = bus_of(second, clock)
        assert await bus.append(("t", "1"), lambda _conn: Append(b"no")) == (b"yes", True)
        assert await values(await taken(bus)) == [7]
    finally:
        await second.close()


async def test_inbox_keys_are_forgotten_after_their_time(database: Database, clock: ManualClock) -> None:
    bus = LocalBus(database, clock, "one", {S: 1}, keep_inbox_ms=7_200_000)
    loop = bus.loop()
    await bus.append(("t", "1"), admitting(1))
    for hours, repeat in ((1, True), (2, False)):
        clock.set(START_MS + hours * 3_600_000 + 1)
        await loop.step()
        assert (await bus.append(("t", "1"), admitting(2)))[1] is repeat


async def test_who_examines_a_key_sees_what_a_reader_would_begin_from_and_nothing_of_other_keys(bus: LocalBus) -> None:
    def look(snapshot: Snapshot | None, entries: Iterable[LogEntry]) -> tuple[bytes | None, list[bytes]]:
        return snapshot.state if snapshot else None, [one.payload for one in entries]

    await bus.put([entry(number, "k") for number in range(1_200)])  # more than is held at a time
    await bus.put([entry(-1, "other")])
    assert await bus.examine(S, "k", look) == (None, [str(number).encode() for number in range(1_200)])
    reader = await taken(bus)
    await reader.read(1_000)
    await reader.commit(1_000, nothing, snapshot=b"so far")
    assert await bus.examine(S, "k", look) == (b"so far", [str(number).encode() for number in range(1_000, 1_200)])
    assert await bus.examine(S, "nobody's", look) == (b"so far", [])
