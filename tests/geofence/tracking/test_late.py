"""Late rows: recorded as late where they tell of something nobody saw, pushed to nobody, and never the same thing twice."""

import dataclasses
import itertools
import random
from collections.abc import Sequence

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.admitted import Admitted, decode, forget
from geofence.pipeline import visits as visits_of
from geofence.pipeline import zone_events
from geofence.settings import Settings
from geofence.tracking import late as late_rows
from geofence.tracking.engine import Engine
from geofence.tracking.outcome import Outcome
from groundwork.contracts.subjects import ZONE_EVENTS
from groundwork.contracts.zone_event import ZoneEvent
from tests.geofence.deployment import Deployment, batch, standing_left
from tests.geofence.venues import START_MS, TENANT, VENUE, Row, entry, report, shopper_of, tick, two_rooms

RULES = Settings(
    locator="weighted_centroid",
    enter_delay_ms=1_000,
    enter_fixes=1,
    silence_ms=6_000,
    dwell_s=(5,),
    visit_end_ms=60_000,
    late_wait_ms=10_000,
)


def standing(track: int, first_ms: int, last_ms: int, side: str = "left") -> list[Row]:
    """A device in the middle of a room, heard by its gateway twice a second."""
    return [(track, f"g-{side}", end, -45.0) for end in range(first_ms, last_ms + 1, 500)]


def told(outcomes: Sequence[Outcome]) -> list[tuple[str, str, int, bool]]:
    """Kind, zone, moment in ms after the start, late."""
    return [(e.kind, e.zone, e.at_ms - START_MS, e.late) for outcome in outcomes for e in zone_events(outcome)]


def quiet(first_ms: int, last_ms: int) -> list[Admitted]:
    return [entry([], at) for at in range(first_ms, last_ms + 1, 1_000)]


def one_by_one(engine: Engine, entries: Sequence[Admitted]) -> list[Outcome]:
    return [engine.feed([each]) for each in entries]


def refused(outcomes: Sequence[Outcome], code: str) -> int:
    return sum(outcome.refused.get(code, 0) for outcome in outcomes)


def test_a_stay_that_nobody_saw_is_recorded_as_late_with_all_that_belongs_to_it() -> None:
    engine = Engine(two_rooms(), RULES)
    found = one_by_one(engine, [*quiet(1_000, 60_000), entry(standing(1, 10_000, 20_000), 20_000, source="slow"), *quiet(61_000, 75_000)])
    assert told(found) == [("enter", "left", 11_000, True), ("dwell", "left", 15_000, True), ("exit", "left", 26_000, True)]
    (begun, ended) = [visit for outcome in found for visit in visits_of(outcome)]
    assert (begun.start_ms - START_MS, begun.end_ms, ended.id == begun.id) == (10_000, None, True)
    assert {event.visit for outcome in found for event in zone_events(outcome)} == {begun.id}
    assert (sum(outcome.rows for outcome in found), refused(found, "late"), engine.waiting(), len(engine.devices)) == (21, 0, 0, 0)


def test_rows_of_a_time_in_which_the_device_was_followed_change_nothing() -> None:
    engine = Engine(two_rooms(), RULES)
    on_time = one_by_one(engine, [entry(standing(1, 500, 10_000), 10_000), *quiet(11_000, 40_000)])
    assert [said[0] for said in told(on_time)] == ["enter", "dwell", "exit"]
    late = entry([(1, "g-right", at, -40.0) for at in range(2_000, 15_000, 500)], 15_000, source="slow")
    found = one_by_one(engine, [late, *quiet(41_000, 60_000)])
    assert (told(found), refused(found, "late"), engine.waiting()) == ([], 26, 0)


def test_a_stay_that_late_rows_go_on_with_is_another_stay_of_the_same_visit() -> None:
    engine = Engine(two_rooms(), RULES)
    on_time = one_by_one(engine, [entry(standing(1, 500, 10_000), 10_000), *quiet(11_000, 50_000)])
    found = one_by_one(engine, [entry(standing(1, 10_500, 30_000), 30_000, source="slow"), *quiet(51_000, 65_000)])
    assert told(found) == [("enter", "left", 17_500, True), ("dwell", "left", 21_500, True), ("exit", "left", 36_000, True)]
    events = [event for outcome in (*on_time, *found) for event in zone_events(outcome)]
    assert len({event.id for event in events}) == len(events) == 6
    assert len({event.visit for event in events}) == 1
    assert [visit.end_ms for outcome in (*on_time, *found) for visit in visits_of(outcome)] == [None]  # it goes on, and ends once
    assert refused(found, "late") == 12  # up to the exit's moment she was in the zone anyway


def test_for_as_long_as_something_late_may_come_it_is_known_which_visit_lasted_then() -> None:
    """A quarter of a minute in which nothing of the span itself can come any more, and a minute's house-keeping within it."""
    rules = msgspec.structs.replace(RULES, late_horizon_ms=30_000)
    engine = Engine(two_rooms(), rules)
    found = one_by_one(engine, [entry(standing(1, 500, 10_000), 10_000), *quiet(11_000, 61_000)])
    found += one_by_one(engine, [entry(standing(1, 35_000, 40_000), 40_000, source="slow"), *quiet(62_000, 75_000)])
    events = [event for outcome in found for event in zone_events(outcome)]
    assert [event.late for event in events] == [False] * 3 + [True] * 3
    assert len({event.visit for event in events}) == 1


def test_a_late_stay_ends_where_she_was_seen_again() -> None:
    engine = Engine(two_rooms(), RULES)
    rows = [*standing(1, 500, 5_000, "right"), *standing(1, 25_000, 40_000, "right")]
    one_by_one(engine, [entry([row for row in rows if at - 1_000 < row[2] <= at], at) for at in range(1_000, 41_000, 1_000)])
    found = one_by_one(engine, [entry(standing(1, 15_000, 24_500), 24_500, source="slow"), *quiet(41_000, 55_000)])
    assert [said for said in told(found) if said[3]][-1] == ("exit", "left", 25_000, True)


@pytest.mark.parametrize(("dwell_s", "comes"), [(9, True), (10, False)])
def test_a_late_stay_has_no_dwell_of_the_moment_that_ends_it(dwell_s: int, comes: bool) -> None:
    engine = Engine(two_rooms(), msgspec.structs.replace(RULES, dwell_s=(dwell_s,)))
    rows = [*standing(1, 500, 5_000, "right"), *standing(1, 25_000, 40_000, "right")]
    one_by_one(engine, [entry([row for row in rows if at - 1_000 < row[2] <= at], at) for at in range(1_000, 41_000, 1_000)])
    found = one_by_one(engine, [entry(standing(1, 15_000, 24_500), 24_500, source="slow"), *quiet(41_000, 55_000)])
    assert (("dwell", "left", 15_000 + dwell_s * 1_000, True) in told(found)) is comes


def test_what_was_followed_while_it_waited_changes_nothing_and_is_counted_as_late() -> None:
    """A gateway's rows wait; the phone itself then tells of the same seconds, and is in time: it vouches for itself."""
    engine = Engine(two_rooms(), RULES)
    found = one_by_one(engine, [*quiet(1_000, 14_000), entry(standing(1, 10_000, 12_000), 12_000, source="slow")])
    assert engine.waiting() == 5
    found += one_by_one(engine, [report(1, [("g-left", at, -45.0) for at in range(9_500, 13_000, 500)], 13_000), *quiet(15_000, 30_000)])
    assert {late for _, _, _, late in told(found)} == {False}
    assert (refused(found, "late"), sum(outcome.rows for outcome in found), engine.waiting()) == (5, 7, 0)


def test_steps_that_come_late_decide_nothing_and_wait_for_nothing() -> None:
    """A phone that was offline tells of steps it felt minutes ago, and of what it hears now."""
    felt = report(1, [("g-left", 60_000, -45.0)], 60_000)
    at_ms, heading_deg, device = np.array([START_MS + 20_000]), np.zeros(1, np.float32), np.zeros(1, np.int64)
    report_of_steps = dataclasses.replace(felt, step_ms=at_ms, heading_deg=heading_deg, step_device=device)
    engine = Engine(two_rooms(), msgspec.structs.replace(RULES, locator="grid"))
    (*_, outcome) = one_by_one(engine, [*quiet(1_000, 60_000), report_of_steps])
    assert (outcome.fixes, outcome.refused, engine.waiting()) == (1, {}, 0)


@pytest.mark.parametrize(("end_ms", "late"), [(14_000, True), (14_500, False)])
def test_a_phones_own_row_is_late_once_its_silence_would_be_over(end_ms: int, late: bool) -> None:
    engine = Engine(two_rooms(), RULES)
    outcome = one_by_one(engine, [*quiet(1_000, 20_000), report(1, [("g-left", end_ms, -45.0)], 20_000)])[-1]
    assert (outcome.fixes, engine.waiting()) == ((0, 1) if late else (1, 0))


def test_too_many_late_rows_to_keep_are_worked_off_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(late_rows, "MOST", 20)
    engine = Engine(two_rooms(), RULES)
    one_by_one(engine, quiet(1_000, 60_000))
    assert told([engine.feed([entry(standing(1, 10_000, 19_000), 19_000, source="slow")])]) == []
    found = engine.feed([entry(standing(1, 19_500, 19_500), 19_500, source="slow")])
    assert [said[0] for said in told([found])] == ["enter", "dwell", "exit"]
    assert engine.waiting() == 0


def test_the_same_time_told_late_by_two_gateways_makes_one_stay() -> None:
    engine = Engine(two_rooms(), RULES)
    rows = standing(1, 10_000, 20_000)
    entries = [*quiet(1_000, 60_000), entry(rows, 20_000, source="one"), *quiet(61_000, 75_000), entry(rows, 20_000, source="two")]
    found = one_by_one(engine, [*entries, *quiet(76_000, 95_000)])
    assert [said[0] for said in told(found)] == ["enter", "dwell", "exit"]
    assert refused(found, "late") == 21


def test_what_comes_in_pieces_and_in_any_order_is_one_stay() -> None:
    rows = standing(1, 10_000, 30_000)
    random.Random(3).shuffle(rows)
    pieces = [entry(rows[at : at + 5], 30_000, source="slow") for at in range(0, len(rows), 5)]
    drained = [each for at, piece in enumerate(pieces) for each in (piece, entry([], 60_500 + 500 * at))]
    found = one_by_one(Engine(two_rooms(), RULES), [*quiet(1_000, 60_000), *drained, *quiet(66_000, 80_000)])
    assert told(found) == [("enter", "left", 11_000, True), ("dwell", "left", 15_000, True), ("exit", "left", 36_000, True)]


def test_a_row_older_than_the_horizon_is_refused_and_counted() -> None:
    rules = msgspec.structs.replace(RULES, late_horizon_ms=30_000)
    found = one_by_one(Engine(two_rooms(), rules), [*quiet(1_000, 60_000), entry(standing(1, 10_000, 40_000), 40_000, source="slow")])
    assert refused(found, "too_old") == 41  # up to 30.0 s


def test_a_phones_report_of_an_hour_offline_is_recorded_as_late() -> None:
    engine = Engine(two_rooms(), RULES)
    late = report(7, [("g-left", at, -45.0) for at in range(10_000, 20_000, 500)], 60_000)
    found = one_by_one(engine, [*quiet(1_000, 60_000), late, *quiet(61_000, 75_000)])
    assert [(said[0], said[3]) for said in told(found)] == [("enter", True), ("dwell", True), ("exit", True)]


def test_in_silence_time_is_asked_for_until_late_rows_are_worked_off() -> None:
    engine = Engine(two_rooms(), RULES)
    one_by_one(engine, [*quiet(1_000, 60_000), entry(standing(1, 10_000, 20_000), 20_000, source="slow")])
    due_ms = engine.due_ms()
    assert due_ms == START_MS + 60_000 + RULES.late_wait_ms + 1_000
    found = one_by_one(engine, [tick(due_ms - START_MS)])
    assert len(told(found)) == 3
    assert engine.due_ms() is None


def test_where_rows_come_late_all_the_time_they_are_worked_off_all_the_same() -> None:
    engine = Engine(two_rooms(), RULES)
    entries: list[Admitted] = quiet(1_000, 10_000)
    for at in range(11_000, 300_000, 1_000):
        entries += [entry(standing(1, at - 5_500, at - 5_000), at - 5_000, source="slow"), entry([], at)]
    found = one_by_one(engine, entries)
    assert {said[3] for said in told(found)} == {True}
    assert engine.waiting() <= 2 * 100 + 2


def test_a_forgotten_shopper_leaves_no_late_stay() -> None:
    engine = Engine(two_rooms(), RULES)
    entries = [
        *quiet(1_000, 60_000),
        entry(standing(1, 10_000, 20_000), 20_000, source="slow"),
        decode(forget(TENANT, VENUE, "an erasure", shopper_of(1), START_MS + 61_000)),
    ]
    found = one_by_one(engine, [*entries, *quiet(62_000, 90_000)])
    assert (told(found), refused(found, "erased"), engine.waiting()) == ([], 21, 0)


def disorder(seed: int) -> list[Admitted]:
    """Devices of two rooms, two boxes of which one is away for a while and then sends what it kept, ticks, and a phone that was offline."""
    chance = random.Random(seed)
    entries: list[tuple[float, Admitted]] = []
    away_from, away_until = sorted(chance.sample(range(5_000, 90_000), 2))
    for side, box in (("left", "box-1"), ("right", "box-2")):
        for at in range(1_000, 100_000, 1_000):
            tracks = [track for track in (1, 2, 3) if chance.random() < 0.6]
            rows = [row for track in tracks for row in standing(track, at - 500, at, side)]
            away = box == "box-2" and away_from < at < away_until
            entries.append((away_until + (at - away_from) / 50 if away else at + chance.randrange(300), entry(rows, at, source=box)))
    heard = [("g-left", at, -45.0) for at in range(20_000, 40_000, 500)]
    entries.append((95_000, report(9, heard, 95_000)))
    entries += [(at, tick(at)) for at in range(101_000, 200_000, 2_000)]
    return [each for _, each in sorted(entries, key=lambda pair: pair[0])]


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 260), max_size=6))
def test_how_late_entries_are_cut_into_batches_changes_nothing(seed: int, cuts: list[int]) -> None:
    entries = disorder(seed)
    whole, cut = Engine(two_rooms(), RULES), Engine(two_rooms(), RULES)
    at_once = whole.feed(entries)
    edges = sorted({0, len(entries), *(min(c, len(entries)) for c in cuts)})
    pieces = [cut.feed(entries[a:b]) for a, b in itertools.pairwise(edges)]
    assert sorted(map(str, told([at_once]))) == sorted(map(str, told(pieces)))
    assert at_once.refused == {code: refused(pieces, code) for code in at_once.refused}
    assert cut.state() == whole.state()


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 260))
def test_a_restored_engine_goes_on_with_what_is_late(seed: int, cut: int) -> None:
    entries = disorder(seed)
    straight, restored = Engine(two_rooms(), RULES), Engine(two_rooms(), RULES)
    straight.feed(entries[:cut])
    restored.restore(straight.state())
    assert restored.state() == straight.state()
    assert told([restored.feed(entries[cut:])]) == told([straight.feed(entries[cut:])])
    assert restored.state() == straight.state()


@pytest.mark.parametrize("seed", range(8))
def test_every_row_is_accounted_for_and_no_event_comes_twice(seed: int) -> None:
    entries = disorder(seed)
    engine = Engine(two_rooms(), RULES)
    found = one_by_one(engine, entries)
    rows = sum(each.header.rows for each in entries)
    assert rows == sum(outcome.rows + sum(outcome.refused.values()) for outcome in found) + engine.waiting()
    ids = [event.id for outcome in found for event in zone_events(outcome)]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("seed", range(8))
def test_stays_of_one_device_never_overlap_whether_late_or_not(seed: int) -> None:
    found = one_by_one(Engine(two_rooms(), RULES), disorder(seed))
    events = [event for outcome in found for event in zone_events(outcome) if event.kind != "dwell"]
    for track in {event.track for event in events}:
        stays: dict[int, list[int]] = {}
        for event in events:
            if event.track == track:
                stays.setdefault(event.stay_start_ms, []).append(event.at_ms)
        spans = sorted((min(at), max(at)) for at in stays.values())
        assert all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


async def test_through_the_routes_a_late_stay_is_a_row_and_a_log_entry_and_the_hops_add_up(shop: Deployment) -> None:
    await shop.at(60_000)
    assert (await shop.send(batch([], 60_000))).status == 200
    await shop.at(60_000)
    assert (await shop.send(batch(standing_left(20_000), 20_000, number=2))).status == 200
    for at in range(61_000, 100_000, 3_000):
        await shop.at(at)
    events = await shop.events()
    assert [(e.kind, e.dwell_s) for e in events] == [("enter", 0), ("dwell", 10), ("dwell", 30), ("exit", 0)]
    assert all(event.late for event in events)
    assert [hop.missing() for hop in shop.parts.hops.all()] == [0] * len(shop.parts.hops.all())
    reader = await shop.parts.bus.take(ZONE_EVENTS, shop.parts.bus.shard_of(ZONE_EVENTS, events[0].shopper))
    assert reader is not None
    assert [msgspec.json.decode(each.payload, type=ZoneEvent) for each in await reader.read(10)] == events
