"""The engine against the plain loop, cut into batches in every way, and across snapshots."""

import hashlib
import itertools
import os
import random
import subprocess
import sys
from collections import defaultdict

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from floorplans.model import Plan
from geofence.admitted import Admitted, decode, encode
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.snapshot import from_bytes
from geofence.zones.presence import KINDS
from geofence.zones.reference import Change, Reference
from tests.data import PROJECT
from tests.geofence.venues import START_MS, Row, entry, plan, rectangle, report, tick, two_rooms, zone

RULES = Settings(
    locator="weighted_centroid", dwell_s=(5, 12), silence_ms=6_000, visit_end_ms=20_000, enter_delay_ms=1_000, exit_delay_ms=1_500
)


def shop() -> Plan:
    """Four aisles in a department, an entrance beside it, five gateways."""
    aisles = [zone(f"a{i}", rectangle(8 * i, 0, 8 * i + 8, 18)) for i in range(4)]
    others = [zone("hall", rectangle(0, 0, 32, 18), kind="department"), zone("door", rectangle(0, 18, 40, 25), kind="entrance")]
    gateways = {"g1": (4.0, 4.0), "g2": (12.0, 14.0), "g3": (20.0, 4.0), "g4": (28.0, 14.0), "g5": (20.0, 22.0)}
    return plan([*aisles, *others], gateways)


def wander(seed: int, seconds: int = 60, tracks: int = 4) -> list[Row]:
    """Devices that drift between gateways, with pauses of silence."""
    chance = random.Random(seed)
    rows: list[Row] = []
    for track in range(1, tracks + 1):
        near, silent_until = chance.randrange(5), 0
        for end_ms in range(500, seconds * 1000, 500):
            if chance.random() < 0.03:
                silent_until = end_ms + chance.choice((3_000, 8_000, 25_000))
            if chance.random() < 0.05:
                near = chance.randrange(5)
            if end_ms >= silent_until:
                heard = [g for g in range(5) if chance.random() < 0.7]
                rows += [(track, f"g{g + 1}", end_ms, round(-55 - 9 * abs(g - near) + chance.gauss(0, 3), 1)) for g in heard]
    return rows


def batches(rows: list[Row], step_ms: int = 1_000, until_ms: int = 100_000) -> list[Admitted]:
    """What one box sends, every `step_ms`; then silence with ticks."""
    last = max((row[2] for row in rows), default=0)
    found = [entry([row for row in rows if at - step_ms < row[2] <= at], at) for at in range(step_ms, last + step_ms, step_ms)]
    return [*found, *(tick(at) for at in range(last + step_ms, until_ms, 5_000))]


def changes(engine: Engine, entries: list[Admitted]) -> list[tuple[object, ...]]:
    happened = engine.feed(entries).happened
    zones = [engine.zones.zones[at].id for at in happened.zone.tolist()]
    kinds = [KINDS[at] for at in happened.kind.tolist()]
    columns = (happened.at_ms, happened.track, happened.dwell_s, happened.stay_start_ms, happened.visit_start_ms, happened.probability)
    return list(zip(kinds, zones, *(column.tolist() for column in columns), strict=True))


def looped(rows: list[Row], entries: list[Admitted]) -> list[Change]:
    """The same through the plain loop: moment after moment, and the same watermark at the end of each entry."""
    reference, found = Reference(shop(), RULES), []
    moments: dict[tuple[int, int], list[tuple[str, float]]] = defaultdict(list)
    for track, anchor, end_ms, rssi in sorted(rows, key=lambda row: (row[2], row[0], row[1])):
        moments[START_MS + end_ms, track].append((anchor, rssi))
    at = sorted(moments)
    for each in entries:
        lateness = 1_000 if each.header.kind == "tick" else 0
        until_ms = each.header.covered_until_ms - lateness
        while at and at[0][0] <= until_ms:
            end_ms, track = at.pop(0)
            found += reference.hear(track, end_ms, moments[end_ms, track])
        found += reference.pass_time(until_ms)
    return found


@pytest.mark.parametrize("seed", range(5))
def test_the_columns_do_what_the_plain_loop_does(seed: int) -> None:
    rows = wander(seed)
    entries = batches(rows)
    expected = sorted(looped(rows, entries), key=lambda c: (c.at_ms, c.track, KINDS.index(c.kind), c.zone))
    found = sorted(changes(Engine(shop(), RULES), entries), key=lambda c: (c[2], c[3], KINDS.index(c[0]), c[1]))
    assert len(found) > 20
    assert [(c.kind, c.zone, c.at_ms, c.track, c.dwell_s, c.stay_start_ms, c.visit_start_ms) for c in expected] == [c[:7] for c in found]
    assert [c[7] for c in found] == pytest.approx([c.probability for c in expected], abs=1e-4)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cuts=st.lists(st.integers(0, 80), max_size=6))
def test_how_entries_are_cut_into_batches_changes_nothing(seed: int, cuts: list[int]) -> None:
    entries = mixed(seed)
    whole = Engine(shop(), RULES)
    at_once = changes(whole, entries)
    cut = Engine(shop(), RULES)
    edges = sorted({0, len(entries), *(min(c, len(entries)) for c in cuts)})
    piecewise = [change for a, b in itertools.pairwise(edges) for change in changes(cut, entries[a:b])]
    assert sorted(piecewise, key=str) == sorted(at_once, key=str)
    assert cut.state() == whole.state()


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), cut=st.integers(0, 80))
def test_a_restored_engine_goes_on_to_the_bit(seed: int, cut: int) -> None:
    entries = mixed(seed)
    straight = Engine(shop(), RULES)
    straight.feed(entries[:cut])
    restored = Engine(shop(), RULES)
    restored.restore(straight.state())
    assert restored.state() == straight.state()
    assert changes(restored, entries[cut:]) == changes(straight, entries[cut:])
    assert restored.state() == straight.state()


def said(engine: Engine) -> dict[str, object]:
    return msgspec.structs.asdict(from_bytes(engine.state()))


def mixed(seed: int) -> list[Admitted]:
    """Two boxes of which one lags, phones that report for themselves, a device that does both, ticks, rows in any order."""
    chance = random.Random(seed)
    rows = wander(seed, seconds=30)
    entries: list[tuple[int, Admitted]] = []
    for box, lag_ms in (("box-1", 100), ("box-2", chance.choice((400, 1_400)))):
        radios = ("g1", "g2") if box == "box-1" else ("g3", "g4", "g5")
        for at in range(1_000, 30_000, 1_000):
            mine = [row for row in rows if at - 1_000 < row[2] <= at and row[1] in radios]
            chance.shuffle(mine)
            entries.append((at + lag_ms, entry(mine, at, source=box)))
    for track in (3, 9):
        for at in range(2_000, 40_000, 2_000):
            heard = [(f"g{chance.randrange(1, 6)}", at - chance.randrange(4) * 500, -50.0 - chance.randrange(30)) for _ in range(5)]
            entries.append((at + chance.choice((200, 3_000, 20_000)), report(track, heard, at)))
    entries += [(at, tick(at)) for at in range(5_000, 70_000, 4_000)]
    return [each for _, each in sorted(entries, key=lambda pair: pair[0])]


def test_a_row_after_the_watermark_is_late_and_counted() -> None:
    engine = Engine(two_rooms(), Settings())
    engine.feed([entry([(1, "g-left", 1_000, -50.0)], 1_000, source="a")])
    outcome = engine.feed([entry([(1, "g-left", 1_000, -50.0), (1, "g-left", 1_500, -50.0)], 1_500, source="a")])
    assert outcome.refused == {"late": 1}
    assert (outcome.rows, outcome.fixes) == (1, 1)


def test_a_row_of_the_very_moment_that_the_watermark_has_reached_is_late() -> None:
    engine = Engine(two_rooms(), Settings())
    engine.feed([entry([], 1_000, source="a")])
    outcome = engine.feed([entry([(1, "g-left", 1_000, -50.0), (2, "g-left", 1_500, -50.0)], 1_500, source="b")])
    assert (outcome.fixes, engine.waiting()) == (0, 2)  # one waits as late, one for `a`
    assert engine.feed([entry([], 1_500, source="a")]).fixes == 1


def test_a_moment_that_a_phone_has_told_itself_is_not_told_again_by_a_gateway() -> None:
    engine = Engine(two_rooms(), Settings())
    assert engine.feed([report(1, [("g-left", 1_000, -50.0)], 1_000)]).fixes == 1
    outcome = engine.feed([entry([(1, "g-right", 1_000, -50.0), (1, "g-right", 1_500, -50.0)], 1_500)])
    assert (outcome.fixes, outcome.rows, outcome.refused) == (1, 1, {"late": 1})


def test_rows_of_a_slow_gateway_join_the_windows_they_belong_to() -> None:
    together, apart = Engine(two_rooms(), Settings()), Engine(two_rooms(), Settings())
    left, right = [(1, "g-left", 1_000, -50.0)], [(1, "g-right", 1_000, -55.0)]
    greet = [entry([], 500, source="a"), entry([], 500, source="b")]
    together.feed([*greet, entry([*left, *right], 1_000, source="a"), entry([], 1_000, source="b")])
    apart.feed([*greet, entry(left, 1_000, source="a")])
    assert apart.waiting() == 1
    apart.feed([entry(right, 1_000, source="b")])
    assert {**said(apart), "gateways": None} == {**said(together), "gateways": None}


def test_who_comes_back_after_her_visit_is_over_begins_anew_however_entries_are_cut() -> None:
    """What a locator learned of her handset ends with the visit, whether or not anything was worked off before she came back."""
    rules = msgspec.structs.replace(RULES, locator="grid")
    first = [(1, side, at, rssi) for at in range(500, 5_000, 500) for side, rssi in (("g-left", -70.0), ("g-right", -90.0))]
    entries = [entry(first, 5_000), entry([], 15_000), tick(26_500), entry([(1, "g-left", 27_000, -70.0)], 27_000)]
    whole, cut = Engine(two_rooms(), rules), Engine(two_rooms(), rules)
    whole.feed(entries)
    for each in entries:
        cut.feed([each])
    assert cut.state() == whole.state()


def test_a_phones_report_does_not_wait_for_gateways() -> None:
    engine = Engine(two_rooms(), Settings())
    engine.feed([entry([], 1_000, source="a"), entry([], 1_000, source="b"), entry([], 1_500, source="a")])
    assert engine.feed([report(7, [("g-left", 1_400, -50.0)], 1_400)]).fixes == 1


def test_a_phone_ahead_of_time_closes_nobodys_windows() -> None:
    engine = Engine(two_rooms(), Settings())
    engine.feed([entry([(1, "g-left", 1_000, -50.0)], 1_000)])
    engine.feed([report(7, [("g-left", 50_000, -50.0)], 50_000)])
    assert engine.feed([entry([(1, "g-left", 1_500, -50.0)], 1_500)]).refused == {}


def test_an_anchor_that_is_not_on_the_plan_is_refused() -> None:
    outcome = Engine(two_rooms(), Settings()).feed([entry([(1, "g-new", 500, -50.0), (1, "g-left", 500, -50.0)], 500)])
    assert (outcome.rows, outcome.refused) == (1, {"unplaced": 1})


def test_with_all_gateways_well_an_exit_by_silence_is_certain() -> None:
    engine = Engine(two_rooms(), RULES)
    outcome = engine.feed([entry([(1, "g-left", at, -45.0) for at in range(500, 5_000, 500)], 5_000), entry([], 20_000)])
    assert [KINDS[kind] for kind in outcome.happened.kind] == ["enter", "dwell", "exit"]
    assert not outcome.happened.uncertain.any()


def test_a_new_plan_keeps_what_is_held_in_zones_that_are_still_there() -> None:
    engine = Engine(two_rooms(), RULES)
    engine.feed([entry([(1, "g-left", at, -45.0) for at in range(500, 3_000, 500)], 3_000)])
    grown = plan([zone("left", rectangle(0, 0, 22, 25)), zone("right", rectangle(22, 0, 40, 25))], {"g-left": (11.0, 12.0)}, version="v2")
    assert len(engine.replan(grown).happened.kind) == 0
    outcome = engine.feed([entry([(1, "g-left", at, -45.0) for at in range(3_500, 6_000, 500)], 6_000, version="v2")])
    assert [KINDS[kind] for kind in outcome.happened.kind] == ["dwell"]
    assert outcome.plan.version == "v2"


def test_a_new_plan_ends_what_is_held_in_a_zone_that_is_gone() -> None:
    engine = Engine(two_rooms(), RULES)
    engine.feed([entry([(1, "g-left", at, -45.0) for at in range(500, 3_000, 500)], 3_000)])
    outcome = engine.replan(plan([zone("right", rectangle(20, 0, 40, 25))], {"g-left": (10.0, 12.0)}, version="v2"))
    assert [KINDS[kind] for kind in outcome.happened.kind] == ["exit"]
    assert (outcome.happened.at_ms - START_MS).tolist() == [2_500]
    assert outcome.plan.version == "v1"


def test_of_two_zones_that_come_to_lie_side_by_side_the_inner_one_stays_held() -> None:
    hall, aisle = zone("hall", rectangle(0, 0, 20, 25), kind="department"), zone("aisle", rectangle(4, 4, 16, 20))
    engine = Engine(plan([hall, aisle], {"g": (10.0, 12.0)}), RULES)
    engine.feed([entry([(1, "g", at, -45.0) for at in range(500, 3_000, 500)], 3_000)])
    apart = plan([zone("hall", rectangle(0, 0, 4, 25), kind="department"), aisle], {"g": (10.0, 12.0)}, version="v2")
    outcome = engine.replan(apart)
    assert [(KINDS[kind], outcome.zones[at].id) for kind, at in zip(outcome.happened.kind, outcome.happened.zone, strict=True)] == [
        ("exit", "hall")
    ]
    (slot,) = engine.devices.live()
    assert [engine.zones.zones[at].id for at in engine.devices["held"][slot].tolist()] == ["aisle"]


def test_what_waits_moves_to_the_new_plan_with_its_anchors() -> None:
    engine = Engine(two_rooms(), RULES)
    engine.feed([entry([], 500, source="b"), entry([(1, "g-left", 1_000, -45.0), (1, "g-right", 1_000, -60.0)], 1_000, source="a")])
    engine.replan(plan([zone("all", rectangle(0, 0, 40, 25))], {"g-right": (30.0, 12.0)}, version="v2"))
    assert engine.waiting() == 1
    outcome = engine.feed([entry([], 1_000, source="b")])
    assert (outcome.rows, outcome.refused) == (1, {"unplaced": 1})


def test_a_venue_without_zones_still_has_fixes_and_visits() -> None:
    engine = Engine(plan([], {"g": (1.0, 1.0)}), RULES)
    outcome = engine.feed([entry([(1, "g", 500, -45.0)], 500), entry([], 40_000)])
    assert (outcome.fixes, len(outcome.visits.track)) == (1, 2)


def test_time_is_due_when_something_waits_for_it_and_only_then() -> None:
    engine = Engine(two_rooms(), RULES)
    assert engine.due_ms() is None
    engine.feed([entry([(1, "g-left", at, -45.0) for at in range(500, 3_000, 500)], 3_000)])
    assert engine.due_ms() == START_MS + 500 + 5_000 + 1_000  # the first dwell, and the lateness that a tick leaves room for
    engine.feed([tick(100_000)])
    assert engine.due_ms() is None


def test_an_entry_survives_its_own_bytes() -> None:
    first = entry([(1, "g1", 500, -45.0), (2, "g2", 500, -60.5)], 500)
    again = decode(encode(first))
    assert again.header == first.header
    for name in ("tracks", "window_start_ms", "rssi_dbm", "device", "anchor", "window_ms", "adverts"):
        assert getattr(again, name).tolist() == getattr(first, name).tolist()


@pytest.mark.parametrize("seed", ["1", "2"])
def test_two_processes_come_to_the_same_bits(seed: str) -> None:
    """Whatever order Python gives its sets and dictionaries of text."""
    said = "import hashlib, tests.geofence.tracking.test_engine as t; e = t.Engine(t.shop(), t.RULES); c = t.changes(e, t.mixed(5)); "
    command = [sys.executable, "-c", said + "print(hashlib.sha256(repr(c).encode() + e.state()).hexdigest())"]
    ran = subprocess.run(command, env={**os.environ, "PYTHONHASHSEED": seed}, cwd=PROJECT, capture_output=True, text=True, check=True)
    engine = Engine(shop(), RULES)
    found = changes(engine, mixed(5))
    assert ran.stdout.strip() == hashlib.sha256(repr(found).encode() + engine.state()).hexdigest()
