"""Gains learned while running, from beacons whose place is known. The radio is simulated."""

import dataclasses

import numpy as np
import pytest
from msgspec.structs import replace

from floorplans.model import Placement, Plan
from geofence.admitted import Admitted, Reference
from geofence.columns import Floats
from geofence.positioning.anchors import GENERIC, anchors_of
from geofence.settings import Settings
from geofence.tracking import gains
from geofence.tracking.engine import Engine
from geofence.tracking.gains import FEWEST, FORGET_MS, Gains, fitted
from geofence.tracking.outcome import Observed
from groundwork.contracts.ids import LevelId, PlanVersionId
from tests.geofence.venues import FLOOR, START_MS, Row, entry, plan, rectangle, zone

BOXES = {f"g{i}": (5.0 + 10.0 * (i % 4), 4.0 + 8.0 * (i // 4)) for i in range(12)}
LOUD, LOUD_DB = "g5", 15.0
MINUTES = 10
"""Within which a gateway that got loud is corrected."""


def venue() -> Plan:
    """12 gateways, each with a beacon of its own in the box."""
    halves = [zone("west", rectangle(0, 0, 20, 25)), zone("east", rectangle(20, 0, 40, 25))]
    bare = plan(halves, BOXES)
    beacons = tuple(Placement("beacon", f"ibeacon:{name}", FLOOR, x, y) for name, (x, y) in BOXES.items())
    return Plan(bare.venue, bare.version, bare.levels, bare.zones, (*bare.placements, *beacons))


def between_db(seed: int) -> Floats:
    """What stands between each pair of boxes, 4 dB."""
    return np.random.default_rng(seed).normal(0, 4.0, (len(BOXES), len(BOXES)))


def heard(at_ms: int, stands: Floats, chance: np.random.Generator, loud_db: float = LOUD_DB) -> list[Reference]:
    """What each box reads of the others' beacons in one window, of those within 25 m."""
    found = []
    for i, (here, (x, y)) in enumerate(BOXES.items()):
        for j, (there, (u, v)) in enumerate(BOXES.items()):
            apart = float(np.hypot(x - u, y - v))
            if 0 < apart < 25:
                rssi = -63.0 - 21.0 * np.log10(apart) + stands[i, j] + chance.normal(0, 5.0) + (loud_db if here == LOUD else 0.0)
                found.append(Reference(here, f"ibeacon:{there}", at_ms, float(rssi)))
    return found


def run(learned: Gains, from_ms: int, minutes: float, stands: Floats, loud_db: float) -> None:
    chance = np.random.default_rng(from_ms % 1_000_003)
    for at_ms in range(from_ms, from_ms + int(minutes * 60_000), 10_000):
        learned.hear(heard(at_ms, stands, chance, loud_db))


@pytest.mark.parametrize("seed", range(5))
def test_a_gateway_that_got_loud_is_corrected_within_minutes_and_no_other_is(seed: int) -> None:
    learned, stands = Gains(), between_db(seed)
    run(learned, START_MS, 60, stands, 0.0)
    learned.learn(venue(), START_MS + 3_600_000)
    assert all(abs(gain_db) < 8 for gain_db in learned.memory.gains_db.values())
    run(learned, START_MS + 3_600_000, MINUTES, stands, LOUD_DB)
    learned.learn(venue(), START_MS + 3_600_000 + MINUTES * 60_000)
    found = dict(zip(BOXES, learned.of(anchors_of(venue()))[: len(BOXES)].tolist(), strict=True))
    assert 8 < found.pop(LOUD) < 20
    assert max(abs(gain_db) for gain_db in found.values()) < 8


def test_what_calibration_knows_is_not_learned_again() -> None:
    learned = Gains(replace(GENERIC, gains_db={LOUD: LOUD_DB}))
    run(learned, START_MS, 20, between_db(1), LOUD_DB)
    learned.learn(venue(), START_MS + 1_200_000)
    assert abs(learned.memory.gains_db.get(LOUD, 0.0)) < 6


def test_one_pair_alone_moves_nothing() -> None:
    gain, sd = fitted(np.array([15.0, 0.0, 0.0]), np.array([0, 1, 2]), np.array([0, 1, 2]))
    assert abs(gain[0]) < 2 * sd[0]


def test_gains_are_forgotten_days_after_the_last_beacon_was_heard() -> None:
    learned = Gains()
    run(learned, START_MS, 20, between_db(1), LOUD_DB)
    learned.learn(venue(), START_MS + 1_200_000)
    assert LOUD in learned.memory.gains_db
    learned.learn(venue(), START_MS + 1_200_000 + FORGET_MS)
    assert learned.memory == gains.Known()


def test_repeats_and_older_readings_say_nothing_new() -> None:
    once, again = Gains(), Gains()
    for at_ms in (0, 10_000, 20_000):
        told = [Reference("g1", "ibeacon:g2", START_MS + at_ms, -70.0 - at_ms / 10_000)]
        once.hear(told)
        again.hear(told)
        again.hear(told)
        again.hear([Reference("g1", "ibeacon:g2", START_MS - 5_000, -20.0)])
    assert once.memory == again.memory


def lone(loud: str, windows: int, own: bool = False) -> Gains:
    """What is learned where one box reads the others' beacons 20 dB too loud, or its own as well, and the others read theirs rightly."""
    learned = Gains()
    for window in range(windows):
        at_ms = START_MS + 10_000 * window
        told = heard(at_ms, np.zeros((len(BOXES), len(BOXES))), np.random.default_rng(window), 0.0)
        if own:
            told += [Reference(name, f"ibeacon:{name}", at_ms, -20.0) for name in BOXES if name == loud]
        else:
            told = [replace(one, rssi_dbm=one.rssi_dbm + (20.0 if one.gateway == loud else 0.0)) for one in told]
        learned.hear(told)
    return learned


@pytest.mark.parametrize(("windows", "found"), [(FEWEST - 1, False), (FEWEST, True)])
def test_a_pair_says_something_from_five_readings_on(windows: int, found: bool) -> None:
    learned = lone(LOUD, windows)
    learned.learn(venue(), START_MS)
    assert (LOUD in learned.memory.gains_db) is found


def test_a_gateways_own_beacon_says_nothing() -> None:
    learned = lone(LOUD, 20, own=True)
    learned.learn(venue(), START_MS)
    assert learned.memory.gains_db == {}


def test_what_is_heard_through_a_ceiling_says_nothing() -> None:
    there = venue()
    upstairs = tuple(replace_level(one) if one.subject == LOUD else one for one in there.placements)
    above = dataclasses.replace(there.levels[0], id=UPSTAIRS, ordinal=1)
    learned = lone(LOUD, 20)
    learned.learn(dataclasses.replace(there, levels=(*there.levels, above), placements=upstairs), START_MS)
    assert LOUD not in learned.memory.gains_db


UPSTAIRS = LevelId("F2")


def replace_level(one: Placement) -> Placement:
    return dataclasses.replace(one, level=UPSTAIRS)


def test_one_window_in_ten_seconds_is_told_of() -> None:
    starts = START_MS // 10_000 * 10_000 + np.arange(0, 60_000, 500)
    picked = gains.told(starts, np.full(len(starts), 500))
    assert len(picked) == 6
    assert set(np.diff(picked).tolist()) == {20}


# --- in the engine ---------------------------------------------------------------------------------------------------------------


def walker(at_ms: int, chance: np.random.Generator) -> list[Row]:
    """A tag that stands at (9, 12), in the west half; the loud box hangs at (15, 12)."""
    apart = {name: np.hypot(x - 9.0, y - 12.0) for name, (x, y) in BOXES.items()}
    read = {name: -63.0 - 21.0 * np.log10(np.hypot(apart[name], 1.0)) + chance.normal(0, 4.0) for name in BOXES}
    return [(1, name, at_ms, float(read[name] + (LOUD_DB if name == LOUD else 0.0))) for name in BOXES]


def morning(seconds: int = 600, *, told: bool = True) -> list[Admitted]:
    """One batch every ten seconds, of a loud gateway among the others."""
    chance, stands = np.random.default_rng(3), between_db(3)
    entries = []
    for second in range(0, seconds, 10):
        rows = [row for half in (5, 10, 15, 20) for row in walker(second * 1000 + 500 * half, chance)]
        one = entry(rows, second * 1000 + 10_000)
        references = heard(START_MS + second * 1000 + 10_000, stands, chance) if told else []
        entries.append(with_references(one, references))
    return entries


def with_references(one: Admitted, references: list[Reference]) -> Admitted:
    return dataclasses.replace(one, header=replace(one.header, references=references))


def errors_m(entries: list[Admitted]) -> Floats:
    """How far off each fix was, in order."""
    seen: list[Observed] = []
    engine = Engine(venue(), Settings(), observe=seen.append)
    for one in entries:
        engine.feed([one])
    return np.concatenate([np.hypot(some.x_m - 9.0, some.y_m - 12.0) for some in seen])


def test_fixes_get_better_when_a_loud_gateway_is_found() -> None:
    learned, left = errors_m(morning()), errors_m(morning(told=False))
    assert np.median(learned[-40:]) < 0.7 * np.median(left[-40:])


def test_what_was_learned_is_in_the_snapshot_and_does_not_depend_on_batches() -> None:
    entries = morning(400)
    one, other = Engine(venue(), Settings()), Engine(venue(), Settings())
    for some in entries[:25]:
        one.feed([some])
    other.feed(entries[:25])
    heir = Engine(venue(), Settings())
    heir.restore(other.state())
    for some in entries[25:]:
        one.feed([some])
    heir.feed(entries[25:])
    assert one.gains.memory.gains_db
    assert one.state() == heir.state()


def test_a_new_plan_keeps_what_was_learned() -> None:
    engine = Engine(venue(), Settings())
    engine.feed(morning(400))
    before = engine.gains.of(anchors_of(venue()))
    engine.replan(dataclasses.replace(venue(), version=PlanVersionId("v2")))
    assert before.any()
    assert np.array_equal(engine.gains.of(anchors_of(venue())), before)
