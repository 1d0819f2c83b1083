"""Gains learned from the devices themselves, where no beacon of known place is heard. The radio is simulated."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from msgspec.structs import replace

from floorplans.model import Placement, Plan
from geofence.admitted import Admitted
from geofence.columns import Floats
from geofence.positioning.anchors import GENERIC, Calibration, RadioMap, anchors_of
from geofence.positioning.locator import Hearings, Places
from geofence.settings import Settings
from geofence.tracking import excess
from geofence.tracking.engine import Engine
from geofence.tracking.excess import (
    EVERY_MS,
    FARTHEST_M,
    FEWEST,
    LATELY,
    LEAST_DB,
    PLACES,
    QUANTA,
    SPAN_MS,
    UNSURE_M,
    Felt,
    Gateway,
    Ground,
    Level,
)
from geofence.tracking.gains import FORGET_MS
from tests.geofence.venues import FLOOR, START_MS, Row, entry, plan, rectangle, zone

BOXES = {f"g{i}": (5.0 + 10.0 * (i % 4), 4.0 + 8.0 * (i // 4)) for i in range(12)}
LOUD, LOUD_DB = "g5", 15.0
TOLD_MS = START_MS // EVERY_MS * EVERY_MS


def venue(boxes: dict[str, tuple[float, float]] = BOXES) -> Plan:
    return plan([zone("west", rectangle(0, 0, 20, 25)), zone("east", rectangle(20, 0, 40, 25))], boxes)


def ground(there: Plan, radio: Calibration = GENERIC) -> Ground:
    return excess.ground_of(there, anchors_of(there, radio), radio)


def read_dbm(x: float, y: float, box: str, radio: Calibration = GENERIC) -> float:
    """What the box would read of a device at (x, y) if nothing but path loss were."""
    u, v = BOXES[box]
    return radio.reference_dbm - 10 * radio.exponent * math.log10(math.sqrt((x - u) ** 2 + (y - v) ** 2 + 1.0))


def felt(
    rssi: dict[str, float], x: float = 20.0, y: float = 12.0, at_ms: int = TOLD_MS, radius_m: float = 2.0, on: Ground | None = None
) -> dict[str, float]:
    """What one moment of one device says of each gateway, in dB."""
    here = on or ground(venue())
    anchor = np.array([here.anchors.subjects.index(box) for box in rssi], np.int64)
    starts, none = np.array([0, len(rssi)]), np.zeros(1, np.int64)
    heard = Hearings(
        none, np.array([at_ms]), starts, anchor, np.array(list(rssi.values()), np.float32), none - 1, np.zeros((1, 2), np.float32)
    )
    found = excess.felt(heard, Places(none, np.array([x]), np.array([y]), np.array([radius_m])), here)
    names = [here.anchors.subjects[at] for at in found.anchor]
    return dict(zip(names, (found.excess / QUANTA).tolist(), strict=True))


def at_middle(**more: float) -> dict[str, float]:
    """What is read of a device in the middle of the venue by the gateways within FARTHEST_M."""
    return {box: read_dbm(20.0, 12.0, box) + more.get(box, 0.0) for box in BOXES}


def test_a_loud_gateway_stands_out_and_the_handset_does_not_matter() -> None:
    quiet_phone = {box: rssi - 9.0 for box, rssi in at_middle(g5=LOUD_DB).items()}
    told = felt(quiet_phone)
    assert told.pop(LOUD) == pytest.approx(LOUD_DB, abs=0.1)
    assert len(told) == 11
    assert max(map(abs, told.values())) < 0.1


def test_what_calibration_knows_is_taken_off() -> None:
    known = ground(venue(), replace(GENERIC, gains_db={LOUD: LOUD_DB}))
    assert max(map(abs, felt(at_middle(g5=LOUD_DB), on=known).values())) < 0.1


def test_what_the_radio_map_says_is_taken_off_where_it_says_it() -> None:
    heights = [50 if box == LOUD else 0 for box in BOXES]
    mapped = RadioMap(
        level=FLOOR, x_m=[20.2, 20.7], y_m=[12.2, 12.2], residual_ddb={b: [h, h] for b, h in zip(BOXES, heights, strict=True)}
    )
    known = ground(venue(), replace(GENERIC, maps=[mapped]))
    assert felt(at_middle(g5=5.0), on=known)[LOUD] == pytest.approx(0.0, abs=0.1)
    elsewhere = {box: read_dbm(22.0, 12.0, box) for box in BOXES}
    assert felt(elsewhere, x=22.0, on=known)[LOUD] == pytest.approx(0.0, abs=0.1)


@pytest.mark.parametrize(("heard", "says"), [(4, 0), (5, 5)])
def test_of_fewer_than_five_gateways_nobody_knows_which_is_wrong(heard: int, says: int) -> None:
    assert len(felt(dict(list(at_middle().items())[4 : 4 + heard]))) == says


@pytest.mark.parametrize(("radius_m", "says"), [(UNSURE_M, True), (UNSURE_M + 0.1, False)])
def test_who_is_lost_says_nothing(radius_m: float, says: bool) -> None:
    assert bool(felt(at_middle(), radius_m=radius_m)) is says


@pytest.mark.parametrize(("after_ms", "says"), [(0, True), (SPAN_MS - 1, True), (SPAN_MS, False), (EVERY_MS - 1, False), (EVERY_MS, True)])
def test_one_window_in_four_is_asked(after_ms: int, says: bool) -> None:
    assert bool(felt(at_middle(), at_ms=TOLD_MS + after_ms)) is says


def test_gateways_far_away_are_left_out() -> None:
    rssi = {box: read_dbm(5.0, 4.0, box) for box in BOXES}
    near = {box for box, (x, y) in BOXES.items() if math.sqrt((x - 5) ** 2 + (y - 4) ** 2 + 1) <= FARTHEST_M}
    assert set(felt(rssi, x=5.0, y=4.0)) == near < set(BOXES)


def test_beacons_that_phones_hear_are_no_gateways() -> None:
    there = venue()
    fixed = tuple(Placement("beacon", one.subject, one.level, one.x_m, one.y_m) for one in there.placements)
    beacons = Plan(there.venue, there.version, there.levels, there.zones, fixed)
    assert felt(at_middle(), on=ground(beacons)) == {}


# --- places, and what is sure ----------------------------------------------------------------------------------------------------


def known(levels: dict[str, list[float]], readings: int = FEWEST) -> dict[str, Gateway]:
    """Gateways with these levels, one a place."""
    return {
        name: Gateway(FLOOR, 0.0, 0.0, {f"{FLOOR} {at} 0": Level(db, readings, START_MS) for at, db in enumerate(of_places)})
        for name, of_places in levels.items()
    }


SOUND = {f"s{number}": [0.0] * PLACES for number in range(5)}


@pytest.mark.parametrize(("places", "found"), [(PLACES - 1, False), (PLACES, True)])
def test_a_gateway_is_corrected_from_eight_places_on(places: int, found: bool) -> None:
    assert ("loud" in excess.sure_gains(known({**SOUND, "loud": [LOUD_DB] * places}))) is found


def test_places_with_few_readings_do_not_count() -> None:
    loud = known({"loud": [LOUD_DB] * PLACES}, FEWEST - 1)
    assert excess.sure_gains({**known(SOUND), **loud}) == {}


def test_what_is_small_or_below_twice_its_uncertainty_is_left() -> None:
    gains = excess.sure_gains(known({**SOUND, "some": [6.5] * PLACES, "more": [7.5] * PLACES}))
    assert list(gains) == ["more"]
    assert LEAST_DB < gains["more"] < 7.5


def test_two_places_behind_a_pillar_make_no_gain() -> None:
    assert excess.sure_gains(known({**SOUND, "shaded": [-25.0, -25.0, *[0.0] * (PLACES - 2)]})) == {}


def test_what_all_have_in_common_is_no_gain() -> None:
    assert excess.sure_gains(known({name: [9.0] * PLACES for name in SOUND})) == {}


def one_reading(db: float, at_ms: int = START_MS, column: int = 0) -> Felt:
    one = np.zeros(1, np.int64)
    return Felt(one, one, one + column, one, one + round(db * QUANTA), one + at_ms)


def test_a_place_follows_its_last_readings_and_is_forgotten_when_nobody_comes() -> None:
    kept: dict[str, Gateway] = {}
    here = ground(venue())
    for db in (0.0, 15.0):
        for _ in range(2 * LATELY):
            excess.add(kept, one_reading(db), here)
            excess.take_in(kept, 0)
    [place] = kept["g0"].places.values()
    assert place.excess_db == pytest.approx(15.0 * (1 - (1 - 1 / LATELY) ** (2 * LATELY)))
    assert place.readings == LATELY
    excess.take_in(kept, START_MS)
    assert kept
    excess.take_in(kept, START_MS + 1)
    assert kept == {}


def test_a_gateway_that_was_hung_elsewhere_begins_anew() -> None:
    kept: dict[str, Gateway] = {}
    excess.add(kept, one_reading(3.0), ground(venue()))
    excess.add(kept, one_reading(4.0, column=1), ground(venue({**BOXES, "g0": (6.0, 4.0)})))
    assert list(kept["g0"].places) == [f"{FLOOR} 1 0"]


# --- in the engine ---------------------------------------------------------------------------------------------------------------


def shadows_db(seed: int, sd_db: float = 3.0) -> Floats:
    """What stands between each box and each square of 3 m."""
    return np.random.default_rng(seed).normal(0, sd_db, (len(BOXES), 14, 9))


def morning(seed: int, minutes: int = 3, loud_db: float = LOUD_DB, shoppers: int = 4) -> Iterator[Admitted]:
    """Shoppers who cross the venue, one batch every ten seconds; phones differ, and so does what stands between."""
    chance, stands = np.random.default_rng(seed), shadows_db(seed)
    handset = chance.normal(0, 6.0, shoppers)
    phase = chance.uniform(0, 60, (shoppers, 2))
    for ten in range(0, minutes * 60, 10):
        rows: list[Row] = []
        for half in range(ten * 2, ten * 2 + 20):
            for who in range(shoppers):
                x, y = 20 + 18 * math.sin(half / 40 + phase[who, 0]), 12.5 + 11 * math.sin(half / 26 + phase[who, 1])
                for at, box in enumerate(BOXES):
                    rssi = read_dbm(x, y, box) + stands[at, int(x // 3), int(y // 3)] + handset[who] + chance.normal(0, 4)
                    rows.append((who + 1, box, half * 500 + 500, float(rssi + (loud_db if box == LOUD else 0.0))))
        yield entry(rows, ten * 1000 + 10_500)


SURVEYED = replace(GENERIC, gains_db=dict.fromkeys(BOXES, 0.0))


def learned(seed: int, loud_db: float, radio: Calibration | None = SURVEYED, locator: str = "grid") -> Engine:
    engine = Engine(venue(), Settings(locator=locator), radio)
    for batch in morning(seed, loud_db=loud_db):
        engine.feed([batch])
    return engine


@pytest.mark.parametrize("seed", range(2))
def test_a_gateway_that_got_loud_is_found_by_who_walks_past_and_no_other_is(seed: int) -> None:
    found = learned(seed, LOUD_DB).gains.memory.gains_db
    assert 10 < found.pop(LOUD) < 20
    assert max(map(abs, found.values()), default=0.0) < 5


@pytest.mark.parametrize("seed", range(2))
def test_sound_gateways_are_left_alone(seed: int) -> None:
    assert max(map(abs, learned(seed, 0.0).gains.memory.gains_db.values()), default=0.0) < 5


@pytest.mark.parametrize(("radio", "locator"), [(None, "grid"), (GENERIC, "grid"), (SURVEYED, "weighted_centroid")])
def test_where_beliefs_are_rough_nothing_is_learned_from_them(radio: Calibration | None, locator: str) -> None:
    assert learned(1, LOUD_DB, radio, locator).gains.memory.felt == {}


def test_what_was_felt_is_in_the_snapshot_and_does_not_depend_on_batches() -> None:
    entries = list(morning(1))
    one, other, heir = (Engine(venue(), Settings(), SURVEYED) for _ in range(3))
    for some in entries[:13]:
        one.feed([some])
    other.feed(entries[:13])
    heir.restore(other.state())
    for some in entries[13:]:
        one.feed([some])
    heir.feed(entries[13:])
    assert LOUD in one.gains.memory.gains_db
    assert one.state() == heir.state()


def test_what_beacons_of_the_plan_say_goes_before_what_devices_say() -> None:
    from tests.geofence.tracking.test_gains import between_db, heard
    from tests.geofence.tracking.test_gains import venue as with_beacons

    engine = learned(1, LOUD_DB)
    before = engine.gains.memory.gains_db[LOUD]
    for at_ms in range(START_MS, START_MS + 1_200_000, 10_000):
        engine.gains.hear(heard(at_ms, between_db(1), np.random.default_rng(at_ms % 1_000), -LOUD_DB))
    engine.gains.learn(with_beacons(), START_MS + 1_200_000)
    assert before > 0 > engine.gains.memory.gains_db[LOUD]


def test_what_was_felt_is_forgotten_days_after() -> None:
    engine = learned(1, LOUD_DB)
    engine.gains.learn(venue(), START_MS + 3_600_000 + FORGET_MS)
    assert (engine.gains.memory.gains_db, engine.gains.memory.felt) == ({}, {})


def test_when_somebody_was_heard_in_a_place_is_remembered_by_the_hour() -> None:
    """Last times to the window, place by place, would be the way of whoever was alone in the shop."""
    here, known = ground(venue()), dict[str, Gateway]()
    columns = (np.array([one]) for one in (0, 0, 1, 2, QUANTA, START_MS + 1_234_567))
    excess.add(known, Felt(*columns), here)
    ((_, place),) = known[here.anchors.subjects[0]].places.items()
    assert (place.heard_ms % 3_600_000, place.heard_ms <= START_MS + 1_234_567) == (0, True)
