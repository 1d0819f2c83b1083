"""The belief: the compiled arithmetic against the plain one, and what the filter promises of walks that are known."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from geofence.positioning import belief, belief_plain
from geofence.positioning.anchors import GENERIC, anchors_of, expected_dbm
from geofence.positioning.belief import FRESH, NO_STEPS, Ground, Moments, Rules, Seen, State
from geofence.positioning.cells import cells_of
from tests.geofence.venues import plan, rectangle, zone

SHOP = plan(
    [zone("a", rectangle(0, 0, 10, 25)), zone("b", rectangle(10, 0, 20, 25))], {f"g{i}": (4.0 * i, 5.0 + 3 * (i % 5)) for i in range(11)}
)
CELLS, ANCHORS = cells_of(SHOP, SHOP.zones), anchors_of(SHOP)
COUNT = len(CELLS)
GROUND = Ground(
    CELLS.x_m,
    CELLS.y_m,
    CELLS.level,
    CELLS.around,
    np.full(COUNT, 1 / COUNT, np.float32),
    expected_dbm(CELLS, ANCHORS, GENERIC, SHOP),
    CELLS.zone_starts,
    CELLS.zone,
    CELLS.share,
    np.ones(COUNT, np.float32),
)
RULES = Rules(CELLS.size_m, 5.0, 10.0, 0.05, 0.8, 0.3, 10.0, 1e-4, 0.3, 1.0)
KNOWN_RIGHT = GROUND._replace(firmness=np.where(CELLS.x_m < 10, 0.6, 1.2).astype(np.float32))
"""The left half was never surveyed."""
WALKERS = RULES._replace(walking_firmness=1.75)


def empty(devices: int) -> State:
    return State(*(np.zeros(shape, np.float32) for shape in ((devices, COUNT), (devices, COUNT), (devices,), (devices, 2), (devices, 4))))


def moments(chance: np.random.Generator, devices: int, elapsed_s: float, steps: int = NO_STEPS) -> Moments:
    """Each device hears some anchors, some of them none."""
    heard = [np.flatnonzero(chance.random(len(ANCHORS)) < 0.6) for _ in range(devices)]
    anchor = np.concatenate(heard)
    stride = chance.normal(0, 0.5, (devices, 2)) if steps > 0 else np.zeros((devices, 2))
    return Moments(
        np.arange(devices),
        np.full(devices, elapsed_s, np.float32),
        np.cumsum([0, *(len(some) for some in heard)]),
        anchor,
        chance.uniform(-95, -45, len(anchor)).astype(np.float32),
        np.full(devices, steps),
        stride.astype(np.float32),
        np.ones((devices, 1), np.float32),
    )


def plainly(state: State, moment: Moments, ground: Ground = KNOWN_RIGHT) -> Seen:
    seen = Seen(np.zeros((len(moment.slot), 5)), np.zeros((len(moment.slot), 2)))
    plain: Callable[..., None] = belief_plain.advance
    plain(*ground, np.array(WALKERS), *state, *moment, *seen)
    return seen


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), elapsed_s=st.sampled_from([0.5, 1.0, 4.0, 25.0]), steps=st.sampled_from([NO_STEPS, 0, 2]))
def test_the_compiled_belief_is_the_plain_one(seed: int, elapsed_s: float, steps: int) -> None:
    chance = np.random.default_rng(seed)
    compiled, plain = empty(3), empty(3)
    for number in range(4):
        moment = moments(chance, 3, FRESH if number == 0 else elapsed_s, NO_STEPS if number == 0 else steps)
        one, other = belief.advance(KNOWN_RIGHT, WALKERS, compiled, moment, 2), plainly(plain, moment)
        assert np.allclose(one.place, other.place, atol=2e-2)
        assert np.allclose(one.probability, other.probability, atol=2e-3)
        assert np.allclose(compiled.weight, plain.weight, atol=1e-3)
        assert np.allclose(compiled.trail_m, plain.trail_m, atol=2e-2)
        assert np.allclose(compiled.offset_var, plain.offset_var, rtol=1e-3)


TWO_LEVELS = GROUND._replace(level=(CELLS.y_m > 12.5).astype(np.int64))


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), above=st.sampled_from([0.0, 0.01, 0.4, 1.0]))
def test_a_level_has_the_weight_of_its_share_whatever_the_cells_say(seed: int, above: float) -> None:
    chance = np.random.default_rng(seed)
    shares = np.array([[1.0 - above, above]] * 3, np.float32)
    compiled, plain = empty(3), empty(3)
    for number in range(3):
        moment = moments(chance, 3, FRESH if number == 0 else 0.5)._replace(floors=np.ones((3, 2), np.float32), shares=shares)
        one, other = belief.advance(TWO_LEVELS, WALKERS, compiled, moment, 2), plainly(plain, moment, TWO_LEVELS)
        assert np.allclose(compiled.weight[:, TWO_LEVELS.level == 1].sum(axis=1), above, atol=1e-4)
        assert np.allclose(compiled.weight, plain.weight, atol=1e-3)
        assert np.allclose(one.place, other.place, atol=2e-2)
        assert one.place[:, 0].tolist() == [float(above > 0.5)] * 3


def test_a_device_gives_the_same_bits_whoever_stands_beside_it() -> None:
    chance = np.random.default_rng(1)
    moment = moments(chance, 5, FRESH)
    together = belief.advance(GROUND, RULES, empty(5), moment, 2)
    rows = slice(moment.starts[3], moment.starts[4])
    only = Moments(
        np.zeros(1, np.int64),
        moment.elapsed_s[3:4],
        np.array([0, rows.stop - rows.start]),
        moment.anchor[rows],
        moment.rssi_dbm[rows],
        moment.steps[3:4],
        moment.stride_m[3:4],
        moment.floors[3:4],
    )
    alone = belief.advance(GROUND, RULES, empty(1), only, 2)
    assert together.place[3].tobytes() == alone.place[0].tobytes()
    assert together.probability[3].tobytes() == alone.probability[0].tobytes()


def hear_at(
    state: State,
    x: float,
    y: float,
    offset_db: float,
    elapsed_s: float,
    noise: np.random.Generator,
    *,
    ground: Ground = GROUND,
    rules: Rules = RULES,
) -> Seen:
    """One moment of a device at (x, y) that all anchors hear."""
    nearest = int(np.hypot(CELLS.x_m - x, CELLS.y_m - y).argmin())
    count = len(ANCHORS)
    rssi = GROUND.expected_dbm[:, nearest] + offset_db + noise.normal(0, 3, count)
    ones = np.zeros(1, np.int64)
    moment = Moments(
        ones,
        np.array([elapsed_s], np.float32),
        np.array([0, count]),
        np.arange(count),
        rssi.astype(np.float32),
        np.array([NO_STEPS]),
        np.zeros((1, 2), np.float32),
        np.ones((1, 1), np.float32),
    )
    return belief.advance(ground, rules, state, moment, 2)


@pytest.mark.parametrize("offset_db", [-18.0, 0.0, 18.0])
def test_the_offset_of_a_loud_or_faint_phone_is_learned(offset_db: float) -> None:
    noise, state = np.random.default_rng(2), empty(1)
    for number in range(30):
        seen = hear_at(state, 15.0, 9.0, offset_db, FRESH if number == 0 else 0.5, noise)
    assert np.hypot(seen.place[0, 1] - 15.0, seen.place[0, 2] - 9.0) < 1.5
    assert seen.place[0, 4] == pytest.approx(offset_db, abs=3.0)


def test_what_is_believed_sums_to_one_and_zones_share_it() -> None:
    state = empty(1)
    seen = hear_at(state, 5.0, 9.0, 0.0, FRESH, np.random.default_rng(3))
    assert state.weight.sum() == pytest.approx(1.0, abs=1e-4)
    assert seen.probability[0, 0] > 0.9
    assert seen.probability.sum() <= 1.0 + 1e-5


def test_after_a_long_silence_a_device_may_be_anywhere() -> None:
    noise, state = np.random.default_rng(4), empty(1)
    radius = [float(hear_at(state, 5.0, 9.0, 0.0, FRESH if n == 0 else 0.5, noise).place[0, 3]) for n in range(10)][-1]
    quiet = Moments(
        np.zeros(1, np.int64), np.array([29.0], np.float32), np.array([0, 0]), np.empty(0, np.int64), np.empty(0, np.float32),
        np.array([NO_STEPS]), np.zeros((1, 2), np.float32), np.ones((1, 1), np.float32),
    )  # fmt: skip
    assert belief.advance(GROUND, RULES, state, quiet, 2).place[0, 3] > radius + 5


def test_felt_steps_move_the_belief_and_a_wall_holds_it() -> None:
    noise, state = np.random.default_rng(5), empty(1)
    for number in range(10):
        seen = hear_at(state, 10.0, 12.0, 0.0, FRESH if number == 0 else 0.5, noise)
    x = float(seen.place[0, 1])
    for _ in range(10):
        step = Moments(
            np.zeros(1, np.int64), np.array([0.5], np.float32), np.array([0, 0]), np.empty(0, np.int64), np.empty(0, np.float32),
            np.array([1]), np.array([[0.6, 0.0]], np.float32), np.ones((1, 1), np.float32),
        )  # fmt: skip
        seen = belief.advance(GROUND, RULES, state, step, 2)
    assert seen.place[0, 1] == pytest.approx(x + 6.0, abs=0.7)


def sureness(ground: Ground, rules: Rules, x_m: float, *, walks: bool) -> float:
    """Mean probability of the left zone over the last ten of many moments, half a second each.

    Who walks goes up at x from y = 4 m on, half a metre a moment; who stands there reads the same reflections all the time.
    """
    state, seen = empty(1), []
    for number in range(30 if walks else 100):
        noise = np.random.default_rng(6 + number * walks)
        moment = x_m, 4.0 + 0.5 * number * walks, 0.0, FRESH if number == 0 else 0.5
        seen.append(hear_at(state, *moment, noise, ground=ground, rules=rules).probability[0, 0])
    return float(np.mean(seen[-10:]))


def test_who_walks_is_surer_than_the_weights_and_who_stands_is_not() -> None:
    assert sureness(GROUND, WALKERS, 6.0, walks=True) > sureness(GROUND, RULES, 6.0, walks=True) + 0.02
    assert sureness(GROUND, WALKERS, 8.5, walks=False) == sureness(GROUND, RULES, 8.5, walks=False)


def test_who_stands_where_nobody_surveyed_is_less_sure_and_elsewhere_is_not() -> None:
    assert sureness(KNOWN_RIGHT, RULES, 8.5, walks=False) < sureness(GROUND, RULES, 8.5, walks=False) - 0.02
    assert sureness(KNOWN_RIGHT, RULES, 12.0, walks=False) < sureness(GROUND, RULES, 12.0, walks=False), "surer of the right zone"
