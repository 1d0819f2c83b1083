"""Presence on fences: who comes nearer is approaching, who is in has arrived; noise, jumps, silence and disorder change nothing."""

import dataclasses
import math
import zlib

import msgspec
import numpy as np
import pytest

from floorplans.model import Approach
from geofence.columns import Columns
from geofence.outdoor.engine import Outcome, OutdoorEngine
from geofence.outdoor.reported import OpenVisit, Reported, decode, encode, forget, tick
from groundwork.contracts.ids import VisitId
from tests.geofence.outdoor.ground import (
    BOOK,
    HALF_M,
    LAYLA,
    PHONE,
    RING,
    TABLET,
    TENANT,
    Report,
    at,
    book,
    fed,
    kinds,
    line,
    new_engine,
    outdoors,
    reported,
    square,
    still,
    together,
    walked,
)
from tests.geofence.venues import START_MS, VENUE

HOUR_S = 3_600


def time_passes(engine: OutdoorEngine, seconds: float) -> Outcome:
    return engine.feed(decode(tick(TENANT, LAYLA, START_MS + round(1_000 * seconds))))


def entered_and_left(outcome: Outcome) -> list[str]:
    return [one for one in kinds(outcome) if not one.startswith("dwell")]


# --- approaching, arrived, left --------------------------------------------------------------------------------------------------


def test_she_approaches_arrives_and_leaves_on_one_visit() -> None:
    way = [*line(-500, 60, 1.4), *still(60, 60, start_s=401), *line(60, -600, 1.4, start_s=470)]
    outcome = fed(way)
    assert entered_and_left(outcome) == ["enter approach:near", "enter venue", "exit venue", "exit approach:near"]
    assert len({event.visit for event in outcome.events}) == 1
    began, ended = outcome.visits
    assert (began.id, began.end_ms) == (ended.id, None)
    assert began.start_ms == outcome.events[0].stay_start_ms
    assert ended.end_ms == outcome.events[-1].at_ms
    assert outcome.arrivals[-1].state == "left"
    assert outcome.used == len(way)


def test_it_is_told_when_she_will_arrive() -> None:
    outcome = fed(line(-500, -150, 1.4))
    (event,) = outcome.events
    assert event.arrives_ms is not None
    assert event.arrives_ms == pytest.approx(START_MS + 1_000 * 500 / 1.4, abs=10_000)
    assert (event.level, event.zone_kind, event.kind) == ("", "approach", "enter")


def test_who_speeds_up_is_expected_sooner() -> None:
    outcome = fed([*line(-500, -250, 1.4), *line(-250, -20, 10, start_s=179)])
    first, *_, last = (arrival for arrival in outcome.arrivals if arrival.state == "approaching")
    assert first.arrives_ms is not None
    assert last.arrives_ms is not None
    assert last.arrives_ms < first.arrives_ms - 60_000


@pytest.mark.parametrize("speed_m_s", [1.4, 5.0, 14.0, 30.0])
@pytest.mark.parametrize("accuracy_m", [4.0, 12.0, 25.0])
def test_a_real_crossing_is_found_within_the_stated_delay(speed_m_s: float, accuracy_m: float) -> None:
    """The stated delay: until she is as deep inside as her phone is accurate, the enter delay, and one report."""
    outcome = fed([*line(-600, 55, speed_m_s, accuracy_m=accuracy_m), *still(55, 30, start_s=655 / speed_m_s + 1, accuracy_m=accuracy_m)])
    arrived = next(event for event in outcome.events if event.zone == "venue")
    crossing_ms = START_MS + 1_000 * 600 / speed_m_s
    assert 0 <= arrived.at_ms - crossing_ms <= 1_000 * (accuracy_m / speed_m_s + 10 + 2)


def test_who_stands_in_the_ring_or_goes_away_is_not_approaching() -> None:
    assert kinds(fed(still(-100, 600))) == []
    assert kinds(fed(line(-50, -290, 1.4))) == []


def test_who_is_inside_at_the_first_report_has_arrived_without_approaching() -> None:
    assert kinds(fed(still(60, 60))) == ["enter venue"]


def test_who_passes_by_along_the_ring_has_not_arrived() -> None:
    east = np.linspace(-700, 820, 400)
    spots = np.array([at(float(x), -150.0) for x in east])
    times = START_MS + 1_000 * np.arange(400)
    outcome = new_engine().feed(reported(spots[:, 0], spots[:, 1], np.full(400, 5.0), times))
    assert set(kinds(outcome)) <= {"enter approach:near", "exit approach:near", "dwell approach:near"}


def test_waiting_at_the_venue_is_a_dwell_at_the_very_moment() -> None:
    outcome = fed(still(60, 200))
    enter, dwell = outcome.events
    assert (dwell.kind, dwell.dwell_s, dwell.at_ms) == ("dwell", 120, enter.stay_start_ms + 120_000)


# --- the accuracy gate and flapping ----------------------------------------------------------------------------------------------


def test_nothing_is_decided_where_the_accuracy_is_worse_than_the_distance_to_the_border() -> None:
    assert kinds(fed(still(20, 120, accuracy_m=21.0))) == []
    assert kinds(fed(still(20, 120, accuracy_m=19.0))) == ["enter venue"]


def test_a_vague_report_does_not_end_what_is_held() -> None:
    outcome = fed([*still(60, 60), *still(-150, 300, start_s=60, accuracy_m=190.0)])
    assert "exit venue" not in kinds(outcome)


def noise(chance: np.random.Generator, seconds: int, memory_s: float) -> tuple[Columns, Columns]:
    """Errors in metres along one axis, and the accuracy the phone claims: 5 to 15 m, changing every ten minutes."""
    deviation = np.repeat(chance.uniform(5, 15, seconds // 600 + 1), 600)[:seconds]
    keep = math.exp(-1 / memory_s) if memory_s else 0.0
    errors, last = np.empty(seconds), 0.0
    for one, fresh in enumerate(chance.normal(size=seconds) * math.sqrt(1 - keep * keep)):
        last = keep * last + fresh
        errors[one] = last
    return errors * deviation, deviation * 1.515


def flapping(hours: int, memory_s: float, border_m: float) -> tuple[int, int]:
    """Enters of a phone that lies still on a border, and those of an engine that believes every report."""
    seconds = hours * HOUR_S
    errors, accuracy_m = noise(np.random.default_rng(816), seconds, memory_s)
    spots = np.array([at(HALF_M, border_m + error) for error in errors.tolist()])
    times = START_MS + 1_000 * np.arange(seconds)
    engine, enters = new_engine(), 0
    for start in range(0, seconds, 600):
        part = slice(start, start + 600)
        outcome = engine.feed(reported(spots[part, 0], spots[part, 1], accuracy_m[part], times[part]))
        enters += kinds(outcome).count("enter venue") + kinds(outcome).count("enter approach:near")
    inside = border_m + errors >= border_m
    return enters, int((inside[1:] & ~inside[:-1]).sum())


@pytest.mark.parametrize("border_m", [0.0, -300.0])
@pytest.mark.parametrize("memory_s", [0.0, 30.0])
def test_a_still_phone_on_a_border_enters_at_most_once_an_hour(memory_s: float, border_m: float) -> None:
    enters, undebounced = flapping(3, memory_s, border_m)
    assert enters <= 3
    assert undebounced > 300


@pytest.mark.long
@pytest.mark.parametrize("border_m", [0.0, -300.0])
@pytest.mark.parametrize("memory_s", [0.0, 30.0, 120.0])
def test_a_still_phone_on_a_border_enters_at_most_once_an_hour_for_a_day(memory_s: float, border_m: float) -> None:
    enters, undebounced = flapping(24, memory_s, border_m)
    assert enters <= 24
    assert undebounced > 1_000


# --- jumps -----------------------------------------------------------------------------------------------------------------------


def test_a_jump_is_counted_and_not_used() -> None:
    way = still(60, 60)
    way[30] = (30, -400.0, 5.0)
    outcome = fed(way)
    assert outcome.refused == {"jump": 1}
    assert kinds(outcome) == ["enter venue"]


def test_the_third_jump_in_a_row_is_believed() -> None:
    outcome = fed([*still(60, 60), *still(-400, 120, start_s=60)])
    assert outcome.refused == {"jump": 2}
    assert entered_and_left(outcome) == ["enter venue", "exit venue"]


# --- lateness, repeats, disorder ------------------------------------------------------------------------------------------------


def test_reports_of_one_batch_may_come_in_any_order() -> None:
    way = line(-500, 60, 1.4)
    entry = walked(way)
    mixed = walked([way[one] for one in np.random.default_rng(4).permutation(len(way))])
    straight, shuffled = (new_engine().feed(one) for one in (entry, mixed))
    assert straight.events == shuffled.events


def test_a_repeated_and_a_late_batch_change_nothing_and_are_counted() -> None:
    engine, way = new_engine(), still(60, 60)
    engine.feed(walked(way))
    state = engine.state()
    again = engine.feed(walked(way[:20]))
    assert (again.events, again.used, again.refused) == ([], 0, {"late": 20})
    assert engine.state() == state


def test_how_the_reports_are_cut_into_batches_changes_nothing() -> None:
    way = [*line(-500, 60, 1.4), *line(60, -600, 3.0, start_s=500), *line(-600, 60, 5.0, start_s=900)]
    whole, cut = fed(way, batch=10_000), fed(way, batch=7)
    assert [(event.id, event.at_ms, event.visit) for event in whole.events] == [
        (event.id, event.at_ms, event.visit) for event in cut.events
    ]
    assert whole.visits == cut.visits
    assert len({visit.id for visit in whole.visits}) == 2


def test_what_is_decided_long_after_it_happened_is_late() -> None:
    way = [*line(-500, 60, 1.4), *still(60, HOUR_S, start_s=420, every_s=30)]
    assert all(event.late for event in fed(way, batch=10_000).events[:2])
    assert not any(event.late for event in fed(way, batch=5).events)


# --- silence and restarts --------------------------------------------------------------------------------------------------------


def test_silence_ends_what_is_held_once_dated_to_its_end_and_uncertain() -> None:
    engine = new_engine()
    fed(still(60, 60), engine=engine)
    due_ms = engine.due_ms((TENANT, LAYLA))
    assert due_ms is not None
    assert time_passes(engine, 400).events[0].kind == "dwell"
    outcome = time_passes(engine, 59 + 900 + 60)
    (event,) = outcome.events
    assert (event.kind, event.at_ms, event.uncertain) == ("exit", START_MS + 959_000, True)
    assert outcome.visits[0].end_ms == event.at_ms
    assert engine.due_ms((TENANT, LAYLA)) is None
    assert engine.shoppers == {}


def test_a_restart_repairs_missed_exits_without_entering_again() -> None:
    engine = new_engine()
    first = fed(line(-500, 60, 1.4), engine=engine)
    again = new_engine()
    again.restore(engine.state())
    assert again.state() == engine.state()
    assert again.due_ms((TENANT, LAYLA)) == engine.due_ms((TENANT, LAYLA))
    later = time_passes(again, 2 * HOUR_S)
    assert [one for one in kinds(later) if one.startswith("exit")] == ["exit venue", "exit approach:near"]
    assert not [one for one in kinds(later) if one.startswith("enter")]
    assert {event.visit for event in later.events} == {event.visit for event in first.events}


@pytest.mark.parametrize("cut", [40, 250, 330, 460])
def test_a_restart_anywhere_changes_nothing(cut: int) -> None:
    way = [*line(-500, 60, 1.4), *line(60, -600, 3.0, start_s=500)]
    engine = new_engine()
    before = fed(way[:cut], engine=engine)
    restored = new_engine()
    restored.restore(engine.state())
    after = fed(way[cut:], engine=restored)
    assert [event.id for event in together([before, after]).events] == [event.id for event in fed(way).events]


# --- one visit -------------------------------------------------------------------------------------------------------------------


def test_two_phones_of_hers_are_on_one_visit_that_ends_with_the_last() -> None:
    engine = new_engine()
    way = line(-500, 60, 1.4)
    outcome = together([engine.feed(walked(way)), engine.feed(walked(way, track=TABLET))])
    assert len({event.visit for event in outcome.events}) == 1
    assert len({event.id for event in outcome.events}) == 6, "each phone enters both fences and dwells"
    back = line(60, -900, 3.0, start_s=500)
    assert engine.feed(walked(back)).visits == []
    assert [visit.end_ms is None for visit in engine.feed(walked(back, track=TABLET)).visits] == [False]


def test_where_a_gateway_heard_her_first_the_visit_is_that_one_and_is_not_ended_here() -> None:
    heard = OpenVisit(VENUE, VisitId("ab" * 16), START_MS - 60_000)
    engine = new_engine()
    outcome = together([engine.feed(walked(still(60, 60), visits=[heard])), engine.feed(walked(line(60, -900, 3.0, start_s=60)))])
    assert {event.visit for event in outcome.events} == {heard.visit}
    assert outcome.visits == []
    assert [arrival.state for arrival in outcome.arrivals][-1] == "left"


def states(outcome: Outcome) -> list[str]:
    return [arrival.state for arrival in outcome.arrivals]


def test_who_has_arrived_is_not_approaching_again_on_the_same_visit() -> None:
    """She steps out for as long as it takes to leave the inner ring, and comes back."""
    gate = Approach("gate", polygons=(square(2 * HALF_M + 200, -100, -100),))
    near, engine = book(outdoors(rings=(RING, gate))), new_engine()
    first = engine.feed(walked(line(-500, 30, 1.4), of=near))
    assert (states(first)[0], states(first)[-1]) == ("approaching", "arrived")
    out = engine.feed(walked([*line(30, -250, 3.0, start_s=400), *still(-250, 60, start_s=500)], of=near))
    back = engine.feed(walked(line(-250, 30, 1.4, start_s=600), of=near))
    assert [one for one in kinds(out) if one.startswith("exit")] == ["exit venue", "exit approach:gate"]
    assert [one for one in kinds(back) if one.startswith("enter")] == ["enter approach:gate", "enter venue"]
    assert (states(out), states(back)) == ([], ["arrived"])
    assert len({event.visit for outcome in (first, out, back) for event in outcome.events}) == 1


def test_only_the_phone_that_began_the_visit_says_when_she_is_expected() -> None:
    """Her tablet lies in a friend's car, which is faster; once both are in the ring it goes by the phone in her hand."""
    engine = new_engine()
    assert states(engine.feed(walked(line(-500, -240, 1.4)))) == ["approaching"]
    assert states(engine.feed(walked(line(-500, -240, 3.0, start_s=90), track=TABLET))) == ["approaching"]  # in the ring, too
    assert states(engine.feed(walked(line(-240, -60, 14.0, start_s=190), track=TABLET))) == []
    assert states(engine.feed(walked(line(-240, -220, 1.4, start_s=190)))) == ["approaching"]


def test_who_turns_back_is_not_expected_any_more_and_that_is_told_once() -> None:
    engine = new_engine()
    came = engine.feed(walked(line(-500, -150, 1.4)))
    turned = together([engine.feed(walked(line(-150, -250, 1.4, start_s=251))), engine.feed(walked(still(-250, 60, start_s=330)))])
    assert came.arrivals[-1].arrives_ms is not None
    assert [arrival.arrives_ms for arrival in turned.arrivals] == [None]


def test_a_visit_that_a_gateway_began_is_not_ended_outside() -> None:
    heard = OpenVisit(VENUE, VisitId("ab" * 16), START_MS - 60_000)
    engine = new_engine()
    engine.feed(walked(still(60, 60), visits=[heard]))
    outcome = together([engine.feed(walked(line(60, -900, 3.0, start_s=61))), time_passes(engine, HOUR_S)])
    assert "exit venue" in kinds(outcome)
    assert (outcome.visits, engine.shoppers) == ([], {})


@pytest.mark.parametrize(("waited_ms", "late"), [(180_000, False), (180_001, True)])
def test_what_is_decided_two_minutes_beyond_the_wait_for_reports_is_late(waited_ms: int, late: bool) -> None:
    entry = walked(still(60, 11))
    admitted = msgspec.structs.replace(entry.header, admitted_ms=START_MS + 10_000 + waited_ms)
    (event,) = new_engine().feed(dataclasses.replace(entry, header=admitted)).events
    assert (event.kind, event.at_ms - START_MS, event.late) == ("enter", 10_000, late)


def test_a_silence_is_not_over_before_reports_under_way_had_time_to_come() -> None:
    engine = new_engine()
    fed(still(60, 60), engine=engine)
    silence_ms, wait_ms = engine.settings.silence_ms, engine.settings.wait_ms
    over_s = 59 + (silence_ms + wait_ms) / 1_000
    assert "exit venue" not in kinds(time_passes(engine, over_s - 0.001))
    assert kinds(time_passes(engine, over_s)) == ["exit venue"]


def test_who_is_suddenly_far_away_leaves_though_her_reports_come_few_at_a_time() -> None:
    """Between the first report from far away and the exit nothing is near, and yet something is held."""
    outcome = fed([*still(60, 60), *still(-20_000, 60, start_s=900)], batch=5)
    assert entered_and_left(outcome) == ["enter venue", "exit venue"]
    assert [visit.end_ms is None for visit in outcome.visits] == [True, False]


# --- forgetting ------------------------------------------------------------------------------------------------------------------


def test_nothing_is_left_of_her_in_memory_or_in_a_snapshot() -> None:
    engine = new_engine()
    fed(still(60, 60), engine=engine)
    assert LAYLA.encode() in _raw(engine)
    engine.feed(decode(forget(TENANT, LAYLA, "an erasure", START_MS + 61_000)))
    assert engine.shoppers == {}
    assert LAYLA.encode() not in _raw(engine)
    assert time_passes(engine, 2 * HOUR_S).events == []


def _raw(engine: OutdoorEngine) -> bytes:
    return zlib.decompress(engine.state()[4:])


def test_an_entry_reads_as_it_was_written_and_holds_no_coordinate() -> None:
    entry = walked(line(-50, 60, 1.4))
    again: Reported = decode(encode(entry))
    assert again.header == entry.header
    for name in ("at_ms", "accuracy_m", "signed_m", "report", "fence"):
        assert np.array_equal(getattr(again, name), getattr(entry, name)), name
    lon, lat = at(HALF_M, 0.0)
    for degrees in (lon, lat):
        assert np.float64(degrees).tobytes() not in encode(entry)
        assert np.float32(degrees).tobytes() not in encode(entry)
    assert BOOK.refs[0].venue == VENUE
    assert entry.header.track == PHONE


def test_a_phone_that_was_nowhere_near_leaves_nothing_in_memory() -> None:
    engine = new_engine()
    far: list[Report] = still(-20_000, 60)
    outcome = fed(far, engine=engine)
    assert (outcome.events, outcome.used) == ([], 60)
    assert engine.shoppers == {}
