"""Who stands still on a border under noisy fixes enters once at most, and who crosses it is found all the same.

Fixes go through the zone map and presence as the engine takes them: a point once a second with a 68 % radius of 5 to 15 m, which scatters
by just that. Beside every count stands what would have been told without presence: how often the most probable zone changes.
"""

import math
from typing import NamedTuple

import numpy as np
import pytest

from floorplans.model import Plan
from geofence.columns import Floats
from geofence.device_columns import DeviceColumns
from geofence.positioning.locator import Fixes
from geofence.settings import Settings
from geofence.zones import presence
from geofence.zones.match import ZoneMap
from geofence.zones.presence import ENTER
from tests.geofence.venues import plan, rectangle, zone

RULES = Settings()
DEVIATIONS = math.sqrt(-2 * math.log(1 - 0.68))
"""Standard deviations of one axis in a 68 % radius."""
WALK_M_S = 1.2
HALL_M = 60.0
"""Side of each of two halls, with the border between them: about the least of which such fixes can tell one from the other."""
FOUND_WITHIN_S = 30
"""What `docs/presence.md` says of a crossing under such fixes."""


class Told(NamedTuple):
    """What was said of a device: when it entered which zone, and how often the most probable zone changed."""

    enters: list[tuple[int, str]]
    changes_of_mind: int


def two_halls() -> Plan:
    halls = (rectangle(0, 0, HALL_M, HALL_M), rectangle(HALL_M, 0, 2 * HALL_M, HALL_M))
    return plan([zone("left", halls[0]), zone("right", halls[1])], {"g": (HALL_M, HALL_M)})


def told(x_m: Floats, chance: np.random.Generator) -> list[Told]:
    """Devices whose true x is (seconds, devices)."""
    zones, devices = ZoneMap(two_halls()), DeviceColumns(0, 1)
    count: int = x_m.shape[1]
    slots = devices.slots_of(np.arange(1, count + 1).astype(np.uint64), ["layla"] * count)
    enters: list[list[tuple[int, str]]] = [[] for _ in range(count)]
    before, changes_of_mind = np.full(count, -1), np.zeros(count, np.int64)
    for second in range(len(x_m)):
        radius_m = chance.uniform(5, 15, count)
        off_m = chance.normal(size=(count, 2)) * (radius_m / DEVIATIONS)[:, None]
        at_ms = np.full(count, second * 1000, np.int64)
        presence.settle(devices, slots, at_ms, RULES)
        x, y = x_m[second] + off_m[:, 0], HALL_M / 2 + off_m[:, 1]
        matches = zones.match(Fixes(at_ms, slots, np.zeros(count, np.int64), x, y, radius_m))
        changes_of_mind += matches.best != before
        before = matches.best
        for some in presence.apply(devices, slots, at_ms, matches.probability, zones.layer_starts, RULES):
            for device, at in zip(some.slot[some.kind == ENTER].tolist(), some.zone[some.kind == ENTER].tolist(), strict=True):
                enters[device].append((second, zones.zones[at].id))
    return [Told(of_device, int(count)) for of_device, count in zip(enters, changes_of_mind, strict=True)]


@pytest.mark.parametrize("hours", [3, pytest.param(24, marks=pytest.mark.long)])
def test_a_still_device_on_a_border_enters_once_an_hour_at_most(hours: int) -> None:
    found = told(np.full((hours * 3_600, 8), HALL_M), np.random.default_rng(5))
    enters, flaps = [len(one.enters) for one in found], [one.changes_of_mind for one in found]
    print(f"{hours} h on the border: enters {enters}, without presence {flaps}")
    assert max(enters) <= hours
    assert min(flaps) > 1_500 * hours


def test_who_crosses_it_is_found_within_the_stated_delay() -> None:
    """From the middle of one hall to that of the other."""
    crossing_s = 300 + HALL_M / 2 / WALK_M_S
    x_m = HALL_M / 2 + np.clip((np.arange(600) - 300) * WALK_M_S, 0, HALL_M)
    found = told(np.repeat(x_m[:, None], 40, axis=1), np.random.default_rng(6))
    delays_s = sorted(next((at for at, zone in one.enters if zone == "right"), math.inf) - crossing_s for one in found)
    print(f"crossings found after {delays_s[20]:.0f} s at the median, {delays_s[37]:.0f} s at 95 %")
    assert delays_s[37] <= FOUND_WITHIN_S
    assert delays_s[0] > 0
    assert all([zone for _, zone in one.enters] == ["left", "right"] for one in found)
