"""A sick gateway makes exits wait and be uncertain, instead of a storm of them; whoever is elsewhere is judged as always."""

import itertools
from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
import pytest

from geofence.admitted import Admitted
from geofence.device_columns import DeviceColumns
from geofence.pipeline import zone_events
from geofence.positioning.locator import Anchors
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.outcome import Outcome
from geofence.tracking.sickness import BUCKET_MS, SILENT_MS, STILL_MS, Known, Sickness
from geofence.tracking.watermark import FORGET_MS
from groundwork.contracts.zone_event import ZoneEvent
from tests.geofence.venues import START_MS, Row, entry, plan, rectangle, tick, two_rooms, zone

RULES = Settings(locator="weighted_centroid", silence_ms=6_000, visit_end_ms=60_000, dwell_s=(), enter_delay_ms=1_000)
PRESENT = 200


def standing(tracks: Iterable[int], end_ms: int, anchor: str, rssi_dbm: float = -45.0) -> list[Row]:
    return [(track, anchor, end_ms, rssi_dbm) for track in tracks]


def happened(outcomes: Sequence[Outcome]) -> list[ZoneEvent]:
    return [event for outcome in outcomes for event in zone_events(outcome)]


def hall(until_ms: int, dead: range, present: int = PRESENT) -> list[Admitted]:
    """Half of those present stand on the left, half on the right; each gateway hears its own. `b`, on the right, is dead for a while."""
    left, right = range(1, present // 2 + 1), range(present // 2 + 1, present + 1)
    found = []
    for at in range(500, until_ms + 1, 500):
        found.append(entry(standing(left, at, "g-left"), at, source="a"))
        if at not in dead:
            found.append(entry(standing(right, at, "g-right"), at, source="b"))
    return found


def feed(engine: Engine, entries: Sequence[Admitted]) -> list[Outcome]:
    return [engine.feed([each]) for each in entries]


def test_nobody_exits_and_nobody_enters_again_when_one_of_two_gateways_is_away_for_half_a_minute() -> None:
    found = happened(feed(Engine(two_rooms(), RULES), hall(90_000, dead=range(20_500, 50_001))))
    assert [event.kind for event in found] == ["enter"] * PRESENT


def test_when_it_stays_away_exits_come_with_the_visits_end_dated_as_ever_and_none_is_certain() -> None:
    found = happened(feed(Engine(two_rooms(), RULES), hall(120_000, dead=range(20_500, 120_001))))
    exits = [event for event in found if event.kind == "exit"]
    assert {event.zone for event in exits} == {"right"}
    assert len(exits) == PRESENT // 2
    assert {event.at_ms - START_MS for event in exits} == {20_000 + RULES.silence_ms}
    assert all(event.uncertain for event in exits)
    assert all(event.decided_ms - START_MS >= 80_000 for event in exits)


def test_who_leaves_a_room_whose_gateway_is_well_is_gone_for_certain() -> None:
    """Rooms 60 m apart: the far gateway's illness says nothing about here."""
    rooms = plan(
        [zone("left", rectangle(0, 0, 20, 25)), zone("right", rectangle(70, 0, 90, 25))],
        {"g-left": (10.0, 12.0), "g-right": (80.0, 12.0)},
    )
    entries = []
    for at in range(500, 60_001, 500):
        entries.append(entry(standing(range(1, 4 if at > 30_000 else 5), at, "g-left"), at, source="a"))
        if at <= 20_000:
            entries.append(entry(standing([9], at, "g-right"), at, source="b"))
    exits = [event for event in happened(feed(Engine(rooms, RULES), entries)) if event.kind == "exit"]
    assert [(event.track, event.uncertain, event.at_ms - START_MS) for event in exits] == [(4, False, 36_000)]


def test_who_does_not_come_back_with_the_gateway_leaves_uncertainly_once_it_has_listened_for_a_while() -> None:
    engine = Engine(two_rooms(), RULES)
    entries = []
    for at in range(500, 60_001, 500):
        entries.append(entry(standing([1], at, "g-left"), at, source="a"))
        if at <= 20_000 or at > 40_000:
            entries.append(entry(standing([2] if at > 40_000 else [2, 3], at, "g-right"), at, source="b"))
    (gone,) = [event for event in happened(feed(engine, entries)) if event.kind == "exit"]
    assert (gone.track, gone.uncertain, gone.at_ms - START_MS) == (3, True, 26_000)
    assert 46_000 <= gone.decided_ms - START_MS <= 47_500


def test_an_exit_that_fell_due_before_the_illness_was_found_is_certain_however_entries_are_cut() -> None:
    """The right box falls silent at 20 s, which shows at 25; who left the left room at 18 s was gone for good at 24."""
    entries = []
    for at in range(500, 30_001, 500):
        entries.append(entry(standing([1, 2] if at <= 18_000 else [1], at, "g-left"), at, source="a"))
        if at <= 20_000:
            entries.append(entry(standing([3], at, "g-right"), at, source="b"))
    for engine_found in (feed(Engine(two_rooms(), RULES), entries), [Engine(two_rooms(), RULES).feed(entries)]):
        (gone,) = [event for event in happened(engine_found) if event.kind == "exit"]
        assert (gone.track, gone.at_ms - START_MS, gone.uncertain) == (2, 24_000, False)


def test_a_box_that_hears_nobody_and_stops_talking_is_not_ill() -> None:
    entries = [entry(standing([1], at, "g-left"), at) for at in range(500, 5_001, 500)]
    entries += [entry([], at) for at in range(5_500, 15_001, 500)]  # for ten seconds it says that it hears nobody
    exits = [event for event in happened(feed(Engine(two_rooms(), RULES), [*entries, tick(30_000)])) if event.kind == "exit"]
    assert [(event.at_ms - START_MS, event.uncertain) for event in exits] == [(11_000, False)]


def test_a_box_that_falls_silent_in_the_middle_of_a_word_is() -> None:
    entries = [entry(standing([1], at, "g-left"), at) for at in range(500, 5_001, 500)]
    engine = Engine(two_rooms(), RULES)
    assert [event.kind for event in happened(feed(engine, [*entries, *map(tick, range(6_000, 60_000, 1_000))]))] == ["enter"]
    (gone,) = happened(feed(engine, [tick(70_000)]))
    assert (gone.kind, gone.at_ms - START_MS, gone.uncertain) == ("exit", 11_000, True)


def test_a_box_that_misses_its_heartbeats_is_ill_though_it_heard_nobody() -> None:
    beats = [(at, entry([], at, source="b")) for at in range(5_000, 100_001, 20_000)]
    once = [(1_000, entry(standing([7], 1_000, "g-right"), 1_000, source="b"))]
    still = [(at, entry(standing([1], at, "g-left"), at, source="a")) for at in range(500, 200_001, 500)]
    engine = Engine(two_rooms(), RULES)
    entries = sorted([*once, *beats, *still], key=lambda pair: pair[0])
    feed(engine, [each for at, each in entries if at <= 130_000])
    assert "b" not in {name for name, (_, to) in engine.sickness.memory.ills.items() if to > START_MS + 130_000}
    feed(engine, [each for at, each in entries if at > 130_000])
    assert "b" in engine.sickness.memory.ills


def deaf(until_ms: int, deaf_from_ms: int, share: int) -> list[Admitted]:
    """A box with two radios on which 80 people stand; from a moment on the right radio hears one in `share` of its windows."""
    found = []
    for at in range(500, until_ms + 1, 500):
        hears = at < deaf_from_ms or (at // 500) % share == 0
        right = standing(range(41, 81), at, "g-right") if hears else []
        found.append(entry([*standing(range(1, 41), at, "g-left"), *right], at))
    return found


def test_a_radio_that_hears_a_twentieth_of_what_it_used_to_is_ill_though_its_box_talks_on() -> None:
    engine = Engine(two_rooms(), msgspec.structs.replace(RULES, silence_ms=15_000))
    found = happened(feed(engine, deaf(600_000, deaf_from_ms=400_000, share=40)))
    exits = [event for event in found if event.kind == "exit"]
    assert list(engine.sickness.memory.ills) == ["radio g-right"]
    assert all(event.uncertain for event in exits)
    assert {event.zone for event in exits} <= {"right"}


def test_a_crowd_that_goes_home_makes_nobody_ill() -> None:
    engine = Engine(two_rooms(), RULES)
    entries = []
    for at in range(500, 600_001, 500):
        here = 80 if at < 400_000 else 2
        rows = [*standing(range(1, here // 2 + 1), at, "g-left"), *standing(range(101, 101 + here // 2), at, "g-right")]
        entries.append(entry(rows, at))
    exits = [event for event in happened(feed(engine, entries)) if event.kind == "exit"]
    assert (len(exits), engine.sickness.memory.ills) == (78, {})
    assert not any(event.uncertain for event in exits)


@pytest.mark.parametrize("cuts", [(7,), (20, 60), (41, 42, 43, 90), tuple(range(0, 200, 3))])
def test_illness_is_the_same_however_entries_are_cut_and_across_snapshots(cuts: tuple[int, ...]) -> None:
    entries = hall(80_000, dead=range(20_500, 45_001), present=6)
    whole, cut = Engine(two_rooms(), RULES), Engine(two_rooms(), RULES)
    at_once = happened([whole.feed(entries)])
    pieces = []
    for first, last in itertools.pairwise([0, *cuts, len(entries)]):
        pieces.append(cut.feed(entries[first:last]))
        again = Engine(two_rooms(), RULES)
        again.restore(cut.state())
        cut = again
    assert sorted(e.id for e in happened(pieces)) == sorted(e.id for e in at_once)
    assert {e.id: e.uncertain for e in happened(pieces)} == {e.id: e.uncertain for e in at_once}
    assert cut.state() == whole.state()


# --- judged by itself ------------------------------------------------------------------------------------------------------------


def lasting(known: Sickness) -> set[str]:
    return {name for name, (_, to_ms) in known.memory.ills.items() if to_ms == STILL_MS}


class Shift:
    """A box with two radios, told of in the spans in which rows are counted."""

    def __init__(self) -> None:
        self.known = Sickness(RULES.silence_ms)
        self.at_ms = START_MS // BUCKET_MS * BUCKET_MS

    def spans(self, count: int, left: int, right: int) -> "Shift":
        """So many spans with so many rows of each radio."""
        for _ in range(count):
            before_ms, self.at_ms = self.at_ms, self.at_ms + BUCKET_MS
            self.known.hear("box", self.at_ms, before_ms, {"left": left, "right": right}, self.at_ms)
            self.known.become(self.known.judge(self.at_ms, {"box": self.at_ms}, self.at_ms))
        return self


def test_what_is_usual_is_not_learned_from_a_radio_that_is_ill() -> None:
    assert lasting(Shift().spans(200, 400, 400).spans(400, 400, 0).known) == {"radio right"}


def test_a_radio_is_well_again_when_it_hears_half_of_its_usual() -> None:
    shift = Shift().spans(200, 400, 400).spans(2, 400, 0)
    assert lasting(shift.spans(5, 400, 120).known) == {"radio right"}
    assert lasting(shift.spans(1, 400, 300).known) == set()


def test_where_spans_are_missing_nobody_is_judged_by_the_one_after_them() -> None:
    shift = Shift().spans(200, 400, 400)
    shift.at_ms += 3 * BUCKET_MS
    assert lasting(shift.spans(1, 400, 5).known) == set()
    assert lasting(shift.spans(1, 400, 5).known) == {"radio right"}


def silent(until_ms: int) -> Sickness:
    """One box that heard somebody up to then."""
    known = Sickness(RULES.silence_ms)
    known.hear("box", until_ms, until_ms - 500, {"left": 1}, until_ms)
    return known


@pytest.mark.parametrize(("after_ms", "ill"), [(SILENT_MS - 1, False), (SILENT_MS, True)])
def test_a_box_is_silent_from_five_seconds_on(after_ms: int, ill: bool) -> None:
    now_ms = START_MS + after_ms
    assert silent(START_MS).judge(now_ms, {"box": START_MS}, now_ms) == ({"box": (START_MS, STILL_MS)} if ill else {})


def test_a_box_that_is_silent_for_an_hour_was_taken_down_and_its_illness_is_over() -> None:
    known = silent(START_MS)
    for after_ms, still in ((SILENT_MS, True), (FORGET_MS, True), (FORGET_MS + 1, False)):
        known.become(known.judge(START_MS + after_ms, {"box": START_MS}, START_MS + after_ms))
        assert lasting(known) == ({"box"} if still else set())
    ended_ms = START_MS + FORGET_MS + 1
    assert known.judge(ended_ms + FORGET_MS - 1, {}, ended_ms).keys() == {"box"}  # its exits may still be asked about
    assert known.judge(ended_ms + FORGET_MS, {}, ended_ms) == {}


@pytest.mark.parametrize(
    ("ended_ms", "level", "apart_m", "uncertain"),
    [(0, 0, 10.0, True), (-6_000, 0, 10.0, True), (-6_001, 0, 10.0, False), (0, 1, 10.0, False), (0, 0, 25.0, True), (0, 0, 25.1, False)],
)
def test_an_exit_is_uncertain_by_what_hung_near_on_her_level_and_was_ill_about_then(
    ended_ms: int, level: int, apart_m: float, uncertain: bool
) -> None:
    """`here` heard her last; `ill`, so far from it, was ill until `ended_ms` after that."""
    anchors = Anchors(("here", "ill"), np.array([0, level]), np.array([0.0, apart_m]), np.zeros(2), np.zeros(2))
    devices = DeviceColumns(2, 1)
    slots = devices.slots_of(np.array([1], np.uint64), ["layla"])
    devices["last_ms"][slots] = devices["heard_ms"][slots, 0] = START_MS
    known = Sickness(RULES.silence_ms, Known(ills={"ill": (START_MS - 60_000, START_MS + ended_ms)}))
    assert known.doubted(devices, anchors, slots, np.array([START_MS + RULES.silence_ms])).tolist() == [uncertain]
