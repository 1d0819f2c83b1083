"""What a restart, a new plan and hours of silence do to presence: nothing is told twice, and what was missed is told by its own time.

And what is held of devices that are gone: nothing.
"""

import gc
import itertools
import tracemalloc
from collections.abc import Sequence
from dataclasses import replace

import pytest

from geofence.admitted import Admitted
from geofence.pipeline import zone_events
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.outcome import Observed, Outcome
from groundwork.contracts.subjects import STREAMS
from groundwork.plumbing.bus_local import LocalBus
from groundwork.plumbing.service import Parts
from tests.geofence.deployment import Deployment, add_everything, batch, standing_left
from tests.geofence.venues import START_MS, Row, entry, plan, rectangle, tick, two_rooms, zone

RULES = Settings(locator="weighted_centroid", dwell_s=(10,), silence_ms=15_000, visit_end_ms=60_000)
HOUR_MS = 3_600_000


def standing(track: int, first_ms: int, last_ms: int) -> list[Row]:
    return [(track, "g-left", end, -45.0) for end in range(first_ms, last_ms + 1, 500)]


def told(outcomes: Sequence[Outcome]) -> list[tuple[str, str, int]]:
    return [(event.kind, event.zone, event.at_ms - START_MS) for outcome in outcomes for event in zone_events(outcome)]


def every_second(rows: list[Row], until_ms: int) -> list[Admitted]:
    return [entry([row for row in rows if at - 1_000 < row[2] <= at], at) for at in range(1_000, until_ms + 1, 1_000)]


# --- already inside ------------------------------------------------------------------------------------------------------------------


def test_who_is_first_heard_well_inside_enters_after_the_delay_and_her_stay_began_with_the_first_fix() -> None:
    """A box that is switched on, or a phone, in a shop that is open: she has entered as far as anybody can know, so offers may follow."""
    found = [Engine(two_rooms(), RULES).feed(every_second(standing(1, 500, 5_000), 5_000))]
    (event,) = [event for outcome in found for event in zone_events(outcome)]
    assert (event.kind, event.at_ms - START_MS, event.stay_start_ms - START_MS, event.late) == ("enter", 2_000, 500, False)


def test_a_zone_drawn_around_her_while_she_stands_there_is_entered_once() -> None:
    engine = Engine(two_rooms(), RULES)
    engine.feed(every_second(standing(1, 500, 20_000), 20_000))
    left, right = zone("left", rectangle(0, 0, 20, 25)), zone("right", rectangle(20, 0, 40, 25))
    offer = zone("offer", rectangle(2, 4, 18, 20), kind="offer")
    gateways = {"g-left": (10.0, 12.0), "g-right": (30.0, 12.0)}
    outcomes = [engine.replan(plan([left, right, offer], gateways, version="v2"))]
    rows = standing(1, 20_500, 30_000)
    outcomes += [
        engine.feed([entry([row for row in rows if at - 1_000 < row[2] <= at], at, version="v2")]) for at in range(21_000, 30_001, 1_000)
    ]
    assert told(outcomes) == [("enter", "offer", 22_000)]


@pytest.mark.parametrize("cut", [3, 17, 40])
def test_a_plan_that_is_published_again_tells_nothing_again(cut: int) -> None:
    entries = every_second(standing(1, 500, 40_000), 60_000)
    engine, straight = Engine(two_rooms(), RULES), Engine(two_rooms(), RULES)
    outcomes = [engine.feed(entries[:cut]), engine.replan(two_rooms("v2")), engine.replan(two_rooms("v3")), engine.feed(entries[cut:])]
    assert told(outcomes) == told([straight.feed(entries)])


# --- restarts ------------------------------------------------------------------------------------------------------------------------


def test_an_engine_restored_after_hours_tells_what_was_missed_by_its_own_time_and_nothing_twice() -> None:
    entries = every_second(standing(1, 500, 20_000), 25_000)
    engine = Engine(two_rooms(), RULES)
    before = told([engine.feed(entries)])
    restored = Engine(two_rooms(), RULES)
    restored.restore(engine.state())
    late = 9 * HOUR_MS
    after = told([restored.feed([tick(late)])]), told([restored.feed([tick(late + 1_000)])])
    assert before == [("enter", "left", 2_000), ("dwell", "left", 10_500)]
    assert after == ([("exit", "left", 35_000)], [])


def test_who_comes_after_the_hours_comes_anew() -> None:
    engine = Engine(two_rooms(), RULES)
    engine.feed(every_second(standing(1, 500, 20_000), 25_000))
    restored = Engine(two_rooms(), RULES)
    restored.restore(engine.state())
    rows = standing(1, HOUR_MS, HOUR_MS + 5_000)
    outcome = restored.feed([entry(rows, HOUR_MS + 5_000)])
    assert told([outcome]) == [("exit", "left", 35_000), ("enter", "left", HOUR_MS + 1_500)]
    assert len({event.visit for event in zone_events(outcome)}) == 2


async def test_a_kill_between_the_log_and_the_engine_repeats_nothing_and_dates_all_by_event_time(parts: Parts) -> None:
    """Killed again and again, each time with a snapshot older than the log, and the last time for five hours."""
    await parts.db.write(add_everything)
    running = [await Deployment.start(parts)]
    for number, at in enumerate(range(2_000, 20_001, 2_000), 1):
        shop = running[-1]
        await shop.at(at)
        assert (await shop.send(batch(standing_left(at, at - 1_500), at, number=number))).status == 200
        if number % 3:
            await shop.at(at)
        else:  # what was acknowledged is in the log and nowhere else
            bus = LocalBus(parts.db, parts.clock, f"process {number}", dict.fromkeys(STREAMS, 2))
            running.append(await Deployment.start(replace(parts, bus=bus)))
            await running[-1].at(at + 1_900)  # once the lease of the one before has run out
    bus = LocalBus(parts.db, parts.clock, "the last", dict.fromkeys(STREAMS, 2))
    running.append(await Deployment.start(replace(parts, bus=bus)))
    for at in (5 * HOUR_MS, 5 * HOUR_MS + 1_000, 5 * HOUR_MS + 2_000):
        await running[-1].at(at)
    events = await running[-1].events()
    assert [(event.kind, event.dwell_s, event.at_ms - START_MS) for event in events] == [
        ("enter", 0, 3_000),
        ("dwell", 10, 11_500),
        ("dwell", 30, 31_500),
        ("exit", 0, 35_000),
    ]
    assert not any(event.late for event in events)
    assert [visit.end_ms for visit in await running[-1].visits()] == [START_MS + 35_000]
    for shop in reversed(running):
        await shop.close()


# --- parking -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("devices", [10_000, pytest.param(100_000, marks=pytest.mark.long)])
def test_devices_that_come_once_leave_nothing_behind(devices: int) -> None:
    """Twenty a second; of each the slot is free again when its visit is over, and memory is in the end what it was after some minutes."""
    rules = Settings(locator="nearest", dwell_s=(), visit_end_ms=20_000, late_horizon_ms=30_000, late_wait_ms=0)
    engine = Engine(two_rooms(), rules)
    sizes, capacities = [], set()
    tracemalloc.start()
    for second, first in enumerate(range(1, devices + 1, 20), 1):
        engine.feed([entry([(track, "g-left", second * 1000, -45.0) for track in range(first, first + 20)], second * 1000)])
        if second % 60 == 30 and second > 120:
            gc.collect()  # which also empties Python's own lists of free tuples
            sizes.append(tracemalloc.get_traced_memory()[0])
            capacities.add(engine.devices.capacity)
    tracemalloc.stop()
    assert len(capacities) == 1
    assert sizes[-1] < 1.1 * sizes[0]
    engine.feed([tick(devices * 50 + 400_000)])
    assert (len(engine.devices), engine.waiting(), engine.due_ms()) == (0, 0, None)


def test_an_idle_device_is_parked_and_gets_a_slot_again_when_it_is_heard() -> None:
    engine = Engine(two_rooms(), RULES)
    engine.feed(every_second(standing(1, 500, 3_000), 3_000))
    assert len(engine.devices) == 1
    engine.feed([entry([], 63_001)])
    assert len(engine.devices) == 0
    engine.feed([entry(standing(1, 64_000, 66_000), 66_000)])
    assert len(engine.devices) == 1


def test_with_nothing_listed_heard_for_thirty_seconds_nobody_says_where_it_is() -> None:
    """Its gateways speak on, and nothing on the plan hears it: no fix, no zone held, and no slot in the end."""
    seen: list[Observed] = []
    engine = Engine(two_rooms(), RULES, observe=seen.append)
    engine.feed(every_second(standing(1, 500, 10_000), 10_000))
    strangers: list[Row] = [(1, "not on the plan", end, -40.0) for end in range(10_500, 90_001, 500)]
    for each in every_second(strangers, 90_000)[10:]:
        engine.feed([each])
    assert max(int(observed.at_ms.max()) for observed in seen) == START_MS + 10_000
    assert len(engine.devices) == 0


def test_cutting_and_restoring_at_every_entry_changes_no_bit() -> None:
    entries = [*every_second([*standing(1, 500, 20_000), *standing(2, 5_000, 9_000)], 30_000), tick(100_000)]
    straight, engine, outcomes = Engine(two_rooms(), RULES), Engine(two_rooms(), RULES), []
    for first, last in itertools.pairwise(range(len(entries) + 1)):
        outcomes.append(engine.feed(entries[first:last]))
        again = Engine(two_rooms(), RULES)
        again.restore(engine.state())
        engine = again
    assert sorted(told(outcomes)) == sorted(told([straight.feed(entries)]))
    assert engine.state() == straight.state()
