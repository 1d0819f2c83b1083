"""Another calibration in the middle of a visit: nobody enters or leaves because of it, and what follows is the same however it is run."""

from dataclasses import replace

import msgspec
import numpy as np
import pytest

from floorplans.model import Plan
from geofence.admitted import Admitted
from geofence.columns import NONE, Columns
from geofence.pipeline import zone_events
from geofence.positioning.anchors import Calibration, Prints, RadioMap, anchors_of
from geofence.positioning.belief_plain import WALKS_M
from geofence.positioning.calibrate import Samples
from geofence.positioning.fitting import Known
from geofence.positioning.prints import prints_of
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from geofence.tracking.outcome import Observed
from geofence.tracking.snapshot import EngineState, from_bytes, to_bytes
from groundwork.contracts.ids import CalibrationId, PlanVersionId
from tests.geofence.venues import FLOOR, Row, entry, plan, rectangle, zone

GATEWAYS = {"g1": (5.0, 5.0), "g2": (5.0, 20.0), "g3": (20.0, 12.0), "g4": (35.0, 5.0), "g5": (35.0, 20.0)}
STANDS = (7.0, 12.0)
LOUD = "g3"
"""Reads 12 dB louder than its fellows, which draws her to the wrong side."""
RULES = Settings(enter_probability=0.6, dwell_s=(10,), silence_ms=15_000, visit_end_ms=60_000)
WALKED = Known(CalibrationId("walked"), Calibration(gains_db={LOUD: 12.0}, reference_dbm=-60.0, noise_db=5.0))
OTHER = Known(CalibrationId("other"), Calibration(exponent=2.6, reference_dbm=-45.0))
NOTHING = Known()


def shop(version: str = "v1") -> Plan:
    zones = [zone("left", rectangle(0, 0, 25, 25)), zone("right", rectangle(25, 0, 40, 25))]
    return plan(zones, GATEWAYS, version=version)


def heard(until_ms: int, from_ms: int = 500, seed: int = 1) -> list[Row]:
    """What the gateways read of a tag that stands in `left`, 7 dB fainter than most."""
    chance = np.random.default_rng(seed)
    apart = {name: np.hypot(x - STANDS[0], y - STANDS[1]) for name, (x, y) in GATEWAYS.items()}
    mean = {name: -70.0 - 21.0 * np.log10(np.hypot(far, 1.0)) + 12.0 * (name == LOUD) for name, far in apart.items()}
    ends = range(from_ms, until_ms + 1, 500)
    return [(1, name, end, round(float(mean[name] + chance.normal(0, 2)), 1)) for end in ends for name in GATEWAYS]


def every_second(rows: list[Row], from_ms: int, until_ms: int, version: str = "v1") -> list[Admitted]:
    ends = range(from_ms, until_ms + 1, 1_000)
    return [entry([row for row in rows if at - 1_000 < row[2] <= at], at, version=version) for at in ends]


def prints() -> Prints:
    """What the floor sounds like every two metres."""
    anchors = anchors_of(shop())
    x, y = (axis.reshape(-1) for axis in np.meshgrid(np.arange(1.0, 40.0, 2.0), np.arange(1.0, 25.0, 2.0)))
    apart = np.hypot(x[:, None] - anchors.x_m, y[:, None] - anchors.y_m)
    none, read = np.zeros(len(x), np.int64), -60.0 - 20.0 * np.log10(np.maximum(apart, 1.0))
    return prints_of(Samples(none, x, y, none, none, np.full(len(x), np.nan), read), anchors.subjects, shop(), [None] * len(anchors))


ENTRIES = every_second(heard(40_000), 1_000, 40_000)
PRINTED = Known(CalibrationId("printed"), Calibration(prints=prints()))
"""A locator that weighs levels by themselves keeps a column more for every device."""


def held(engine: Engine) -> list[str]:
    zones = engine.zones.zones
    return sorted(zones[at].id for at in engine.devices["held"].reshape(-1).tolist() if at != NONE)


def column(engine: Engine, name: str) -> Columns:
    return engine.devices[name][engine.devices.live()]


# --- nothing happens because of it -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("known", [WALKED, OTHER, PRINTED])
def test_a_switch_in_mid_visit_tells_of_nothing_and_who_is_held_stays_held(known: Known) -> None:
    engine = Engine(shop(), RULES, NOTHING)
    before = zone_events(engine.feed(ENTRIES[:20]))
    assert [(event.kind, event.zone) for event in before] == [("enter", "left"), ("dwell", "left")]
    stands, visits = held(engine), column(engine, "visit_start_ms").tolist()
    outcome = engine.replan(shop(), known)
    assert (zone_events(outcome), len(outcome.visits.track), held(engine)) == ([], 0, stands)
    assert column(engine, "visit_start_ms").tolist() == visits
    after = engine.feed(ENTRIES[20:])
    assert (zone_events(after), held(engine)) == ([], stands)


def test_where_she_is_stays_known_and_what_was_learned_of_her_handset_is_learned_anew() -> None:
    engine = Engine(shop(), RULES, NOTHING)
    engine.feed(ENTRIES[:20])
    weight, offset_db = column(engine, "weight").copy(), float(column(engine, "offset_db")[0])
    assert offset_db < -2  # a faint tag
    engine.replan(shop(), WALKED)
    assert np.array_equal(column(engine, "weight"), weight)
    assert column(engine, "offset_var_db2").tolist() == [0.0]
    engine.feed(ENTRIES[20:])
    assert float(column(engine, "offset_db")[0]) == pytest.approx(-10.0, abs=2.0)  # of what is expected now


def test_it_draws_nobody_to_a_loud_gateway_any_more() -> None:
    shown: list[Observed] = []
    engine = Engine(shop(), RULES, NOTHING, shown.append)
    engine.feed(ENTRIES[:20])
    switched = len(shown)
    engine.replan(shop(), WALKED)
    engine.feed(ENTRIES[20:])
    off = [float(np.hypot(one.x_m - STANDS[0], one.y_m - STANDS[1]).mean()) for one in shown]
    assert np.median(off[switched:]) < 0.5 * np.median(off[:switched])


def test_the_same_calibration_again_changes_no_bit() -> None:
    engine, straight = Engine(shop(), RULES, WALKED), Engine(shop(), RULES, WALKED)
    straight.feed(ENTRIES[:20])
    engine.feed(ENTRIES[:20])
    engine.replan(shop(), WALKED)
    assert engine.state() == straight.state()


def test_with_a_new_plan_beside_it_presence_goes_on_as_with_any_new_plan() -> None:
    engine = Engine(shop(), RULES, NOTHING)
    engine.feed(ENTRIES[:20])
    assert zone_events(engine.replan(shop("v2"), WALKED)) == []
    assert (held(engine), engine.stands_on) == (["left"], (PlanVersionId("v2"), WALKED.id))
    assert zone_events(engine.feed(every_second(heard(40_000), 21_000, 40_000, "v2"))) == []


@pytest.mark.parametrize("version", ["v1", "v2"], ids=["the same plan", "a new one"])
@pytest.mark.parametrize(("before", "after"), [(NOTHING, PRINTED), (PRINTED, NOTHING)], ids=["to prints", "from prints"])
def test_whoever_comes_after_a_switch_is_followed_and_kept_like_all_others(before: Known, after: Known, version: str) -> None:
    engine = Engine(shop(), RULES, before)
    engine.feed(ENTRIES[:20])
    engine.replan(shop(version), after)
    many = [(track, gateway, 21_000, -70.0) for track in range(2, 40) for gateway in GATEWAYS]
    engine.feed([entry(many, 21_000, version=version)])
    restored = Engine(shop(version), RULES, after)
    restored.restore(engine.state())
    assert (len(restored.devices), restored.state()) == (39, engine.state())


def test_a_level_that_was_weighed_before_another_calibration_is_not_remembered_past_it() -> None:
    """A restart in between would not know of it either."""
    straight, restored = Engine(shop(), RULES, PRINTED), Engine(shop(), RULES, NOTHING)
    straight.feed(ENTRIES[:10])
    straight.replan(shop(), NOTHING)
    straight.feed(ENTRIES[10:20])
    restored.restore(straight.state())
    for engine in (straight, restored):
        engine.replan(shop(), PRINTED)
        engine.feed(ENTRIES[20:])
    assert restored.state() == straight.state()


@pytest.mark.parametrize("radio", [Calibration(maps=[RadioMap(level=FLOOR, x_m=[1.0, 5.0], y_m=[1.0, 5.0], residual_ddb={})]), PRINTED[1]])
def test_a_plan_from_which_all_radios_are_gone_is_followed_whatever_the_calibration_knows(radio: Calibration) -> None:
    bare = plan([zone("left", rectangle(0, 0, 25, 25))], {}, version="v2")
    engine = Engine(shop(), RULES, Known(CalibrationId("mapped"), radio))
    engine.feed(ENTRIES[:20])
    engine.replan(bare)
    engine.feed(every_second(heard(25_000), 21_000, 25_000, "v2"))
    assert engine.plan.version == "v2"


def test_rows_that_wait_are_worked_off_on_the_new_calibration() -> None:
    engine = Engine(shop(), RULES, NOTHING)
    engine.feed([*ENTRIES[:20], entry(heard(22_000, 20_500), 20_400)])
    assert engine.waiting() == 20
    engine.replan(shop(), WALKED)
    assert engine.waiting() == 20
    assert len(engine.feed([entry([], 40_000)]).refused) == 0
    assert engine.waiting() == 0


# --- the same bits -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", [1, 7])
def test_how_entries_are_cut_around_a_switch_changes_nothing(step: int) -> None:
    straight, cut = Engine(shop(), RULES, NOTHING), Engine(shop(), RULES, NOTHING)
    for engine, size in ((straight, 100), (cut, step)):
        for part, known in ((ENTRIES[:13], WALKED), (ENTRIES[13:27], OTHER), (ENTRIES[27:], None)):
            for first in range(0, len(part), size):
                engine.feed(part[first : first + size])
            if known is not None:
                engine.replan(shop(), known)
    assert cut.state() == straight.state()


@pytest.mark.parametrize("at", [13, 20])
def test_a_restart_at_or_after_a_switch_goes_on_to_the_bit(at: int) -> None:
    straight = Engine(shop(), RULES, NOTHING)
    straight.feed(ENTRIES[:13])
    straight.replan(shop(), WALKED)
    straight.feed(ENTRIES[13:at])
    restored = Engine(shop(), RULES, WALKED)
    restored.restore(straight.state())
    assert Engine.stood_on(straight.state()) == ("v1", WALKED.id)
    for engine in (straight, restored):
        engine.feed(ENTRIES[at:])
    assert restored.state() == straight.state()


def test_a_snapshot_is_restored_on_its_own_calibration_alone() -> None:
    state = Engine(shop(), RULES, WALKED).state()
    with pytest.raises(ValueError, match="walked"):
        Engine(shop(), RULES, OTHER).restore(state)


def test_a_snapshot_of_before_there_were_calibrations_is_of_none() -> None:
    said = from_bytes(Engine(shop(), RULES).state())
    fields = {name: getattr(said, name) for name in EngineState.__struct_fields__ if name != "calibration"}
    assert "calibration" not in fields
    old = to_bytes(msgspec.convert(fields, EngineState))
    assert Engine.stood_on(old) == ("v1", "")


def test_whoever_stands_goes_on_standing_through_a_restart_on_a_snapshot_of_before_there_were_trails() -> None:
    engine, restored = Engine(shop(), RULES, WALKED), Engine(shop(), RULES, WALKED)
    engine.feed(ENTRIES[:20])
    said = from_bytes(engine.state())
    restored.restore(
        to_bytes(msgspec.structs.replace(said, columns={name: one for name, one in said.columns.items() if name != "trail_m"}))
    )
    restored.feed(ENTRIES[20:22])
    trail = column(restored, "trail_m")[0]
    assert np.hypot(*(trail[:2] - trail[2:])) < WALKS_M


# --- what is learned while running ----------------------------------------------------------------------------------------------------


def test_a_gain_that_was_learned_while_running_is_not_taken_off_twice() -> None:
    """What the calibration knows of a loud gateway leaves nothing to learn of it, from the moment it is in force."""
    engine = Engine(shop(), RULES, NOTHING)
    engine.gains.memory.gains_db[LOUD] = 12.0
    engine.feed([replace(one) for one in ENTRIES[:2]])
    engine.replan(shop(), WALKED)
    assert engine.gains.memory.gains_db.get(LOUD, 0.0) == 0.0
