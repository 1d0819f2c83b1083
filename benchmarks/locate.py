"""Locating: fixes a second of the grid filter at 2,000 cells and 12 gateways, beside the plain numpy loop on the same moments.

Goal: at least 20,000 a second on one core. Yardstick: `geofence/positioning/belief_plain.py`, which the tests hold the compiled filter to.
Also told: the same where all stand and a map was made (`geofence/positioning/lingering.py`), and what a moving device's state weighs.
Absolute figures are the machine's.
"""

import time
from collections.abc import Callable
from typing import Final

import numpy as np

from benchmarks.table import Figure, Table, spread
from floorplans.model import Level, Names, Placement, Plan, Policy, Polygon, Venue, Zone
from geofence.positioning import belief, belief_plain, lingering
from geofence.positioning.anchors import GENERIC, anchors_of, expected_dbm
from geofence.positioning.belief import FRESH, NO_STEPS, Ground, Moments, Rules, Seen, State
from geofence.positioning.cells import cells_of
from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

SEED: Final = 7
GATEWAYS: Final = 12
DEVICES: Final = 256
PLAIN: Final = 16
"""Devices the plain loop is given: it is slow."""


def measured(quick: bool) -> Table:
    """The table."""
    plan = _plan()
    ground, rules = _ground(plan)
    zones, cells = len(plan.zones), len(ground.x_m)
    state, chance = _empty(DEVICES, cells), np.random.default_rng(SEED)
    belief.advance(ground, rules, state, _moments(chance, DEVICES, FRESH), zones)
    moments = _moments(chance, DEVICES, 0.5)
    field, lately, stand = lingering.Field(ground, 9.0, 12.0), _lately(chance), np.ones(DEVICES)
    compiled, standing = [], []
    for _ in range(5 if quick else 15):
        began = time.process_time()
        believed = belief.advance(ground, rules, state, moments, zones)
        walked = time.process_time()
        lingering.seen(field, lately, stand, state.weight, believed)
        compiled.append(DEVICES / (walked - began))
        standing.append(DEVICES / (time.process_time() - began))
    plain = []
    slow: Callable[..., None] = belief_plain.advance
    few = _moments(chance, PLAIN, 0.5)
    small = State(*(column[:PLAIN].copy() for column in state))
    for _ in range(2 if quick else 4):
        seen = Seen(np.zeros((PLAIN, 5)), np.zeros((PLAIN, zones)))
        began = time.process_time()
        slow(*ground, np.array(rules), *small, *few, *seen)
        plain.append(PLAIN / (time.process_time() - began))
    weight_kb = sum(column[:1].nbytes for column in state) / 1024
    figures = [
        Figure("fixes", spread(compiled).p50, "1/s", "plain numpy", spread(plain).p50, goal=">= 20,000"),
        Figure("fixes of who stands", spread(standing).p50, "1/s", goal=">= 20,000"),
        Figure("state of a moving device", weight_kb, "KiB"),
    ]
    return Table("locate", f"grid filter, {cells:,} cells, {GATEWAYS} gateways heard, processor time of one core", figures)


def _lately(chance: np.random.Generator) -> lingering.Lately:
    """What all gateways read of each device in the last seconds."""
    mean = chance.uniform(-80, -60, (DEVICES, GATEWAYS)).astype(np.float32)
    return lingering.Lately(mean, np.full((DEVICES, GATEWAYS), 0.1, np.float32))


def _plan() -> Plan:
    """40 x 25 m in 20 zones."""
    names = Names("bench", "bench")
    boxes = [(8.0 * (i % 5), 6.25 * (i // 5)) for i in range(20)]
    zones = tuple(Zone(ZoneId(f"z{i}"), LevelId("F1"), "aisle", names, (_box(x, y, 8.0, 6.25),)) for i, (x, y) in enumerate(boxes))
    level = Level(LevelId("F1"), 0, names, (_box(0, 0, 40, 25),))
    placements = tuple(Placement("gateway", f"g{i}", LevelId("F1"), 5.0 + 10.0 * (i % 4), 4.0 + 8.0 * (i // 4)) for i in range(GATEWAYS))
    venue = Venue(VenueId("v"), TenantId("t"), names, "Asia/Riyadh", "SA", Policy())
    return Plan(venue, PlanVersionId("v1"), (level,), zones, placements)


def _box(x: float, y: float, width: float, height: float) -> Polygon:
    return Polygon(((x, y), (x + width, y), (x + width, y + height), (x, y + height)))


def _ground(plan: Plan) -> tuple[Ground, Rules]:
    cells, anchors = cells_of(plan, plan.zones), anchors_of(plan)
    prior = np.full(len(cells), 1 / len(cells), np.float32)
    expected = expected_dbm(cells, anchors, GENERIC, plan)
    firmness = np.full(len(cells), 0.6, np.float32)
    ground = Ground(cells.x_m, cells.y_m, cells.level, cells.around, prior, expected, cells.zone_starts, cells.zone, cells.share, firmness)
    return ground, Rules(cells.size_m, 5.0, 8.0, 0.05, 0.8, 0.3, 10.0, 1e-4, 0.3, 1.75)


def _empty(devices: int, cells: int) -> State:
    return State(*(np.zeros(shape, np.float32) for shape in ((devices, cells), (devices, cells), (devices,), (devices, 2), (devices, 4))))


def _moments(chance: np.random.Generator, devices: int, elapsed_s: float) -> Moments:
    """All gateways hear every device."""
    return Moments(
        np.arange(devices),
        np.full(devices, elapsed_s, np.float32),
        np.arange(devices + 1) * GATEWAYS,
        np.tile(np.arange(GATEWAYS), devices),
        chance.uniform(-90, -55, devices * GATEWAYS).astype(np.float32),
        np.full(devices, NO_STEPS),
        np.zeros((devices, 2), np.float32),
        np.ones((devices, 1), np.float32),
    )
