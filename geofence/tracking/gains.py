"""Gains: how much louder each gateway reads than its fellows, learned while running from beacons whose place is known.

A beacon of the plan that a gateway hears is a reading between two known places: a beacon fixed to the building, or the one a gateway's own
box sends. What it reads above the path loss is the gateway's gain, plus the beacon's power, plus what stands between the two. The last is
different for every pair and never known, so no pair is believed: all pairs together are fitted, Student-t, with gains and powers drawn
towards 0, and a gain is used only where it is twice its own uncertainty (GAIN_SD_DB before anything is heard). So a gateway that
reads 15 dB too much is found within ten minutes if it hears four beacons, and one that hears a single beacon is left as it is.

Where a gateway hears no such beacon, or too few to be sure, what it reads of the devices themselves says the same, more roughly
(`excess.py`); what beacons say goes first.

Each pair's level follows what is read in some three minutes, by at most CLIP_DB at a time, and is forgotten a few days after it was heard
last. Levels change with entries of the log, gains once in a minute of event time: a replay learns the same. It holds no personal data.
Calibration knows more, and is what this is added to; the locators take the sum off every reading (`locator.Anchors.gain_db`).
"""

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec
import numpy as np

from floorplans.model import Placement, Plan
from geofence.admitted import Reference
from geofence.columns import Floats, Indices
from geofence.positioning.anchors import GENERIC, HEIGHT_M, Calibration, path_dbm, placed
from geofence.positioning.locator import Anchors, Hearings, Places
from geofence.tracking import excess

EVERY_MS: Final = 10_000
"""One window in so many ms is told of: two places do not move, and a hundred radios times a hundred beacons would fill the log."""
FOLLOW_MS: Final = 200_000.0
"""Time constant of a pair's level. Shorter learns the people between the two, longer leaves a changed radio wrong for longer."""
FORGET_MS: Final = 3 * 86_400_000
CLIP_DB: Final = 20.0
FEWEST: Final = 5
"""Readings below which a pair says nothing."""
NEAREST_M: Final = 0.5
"""A gateway's own beacon, in the same box, says nothing about the air."""
FARTHEST_M: Final = 40.0
GAIN_SD_DB: Final = 6.0
"""Receivers of one model differ by 10 dB, end to end."""
POWER_SD_DB: Final = 5.0
BETWEEN_SD_DB: Final = 6.0
"""What shelves and reflections make of a pair; it does not average out in time."""
SURE: Final = 2.0
MOST_DB: Final = 20.0
"""Beyond it is no gain but a broken radio."""
ROUNDS: Final = 6


class Level(msgspec.Struct):
    """What one gateway reads of one beacon."""

    rssi_dbm: float
    heard_ms: int
    readings: int


class Known(msgspec.Struct):
    """What is known of a venue's gains; part of the snapshot."""

    levels: dict[str, dict[str, Level]] = {}
    """By gateway and beacon."""
    gains_db: dict[str, float] = {}
    """In force, beside calibration's."""
    felt: dict[str, excess.Gateway] = {}
    """What each gateway reads of devices above what is expected."""


def told(window_start_ms: Indices, window_ms: Indices) -> Indices:
    """Of windows of beacons of the plan, places of those that are told of: those in which a multiple of EVERY_MS lies. Shapes (n,)."""
    return np.flatnonzero((window_start_ms + window_ms - 1) // EVERY_MS != (window_start_ms - 1) // EVERY_MS)


class Gains:
    """One venue's."""

    def __init__(self, calibration: Calibration | None = None, known: Known | None = None) -> None:
        self._memory = known or Known()
        self._radio = calibration or GENERIC
        self._felt: list[tuple[excess.Ground, excess.Felt]] = []
        """Not yet in the memory."""

    @property
    def memory(self) -> Known:
        """All that is known."""
        for ground, felt in self._felt:
            excess.add(self._memory.felt, felt, ground)
        self._felt = []
        return self._memory

    def feel(self, hearings: Hearings, places: Places, ground: excess.Ground) -> None:
        """Takes in what gateways read of devices, and where these are taken to be."""
        found = excess.felt(hearings, places, ground)
        if len(found.anchor):
            self._felt.append((ground, found))

    def hear(self, references: Iterable[Reference]) -> None:
        """Takes in what gateways read of beacons of the plan; repeats and older readings say nothing new."""
        for one in references:
            of_gateway = self.memory.levels.setdefault(one.gateway, {})
            level = of_gateway.get(one.beacon)
            if level is None:
                of_gateway[one.beacon] = Level(one.rssi_dbm, one.at_ms, 1)
            elif one.at_ms > level.heard_ms:
                share = -math.expm1(-min(one.at_ms - level.heard_ms, FOLLOW_MS) / FOLLOW_MS)
                level.rssi_dbm += max(share, 1.0 / (level.readings + 1)) * float(np.clip(one.rssi_dbm - level.rssi_dbm, -CLIP_DB, CLIP_DB))
                level.heard_ms = one.at_ms
                level.readings = min(level.readings + 1, 1_000)

    def learn(self, plan: Plan, now_ms: int) -> None:
        """Fits the gains anew, and forgets pairs that were not heard for days."""
        memory = self.memory
        for gateway in list(memory.levels):
            kept = {beacon: level for beacon, level in memory.levels[gateway].items() if now_ms - level.heard_ms < FORGET_MS}
            memory.levels[gateway] = kept
            if not kept:
                del memory.levels[gateway]
        excess.take_in(memory.felt, now_ms - FORGET_MS)
        rough = {name: round(float(np.clip(gain, -MOST_DB, MOST_DB)), 2) for name, gain in excess.sure_gains(memory.felt).items()}
        memory.gains_db = rough | (self._fitted(plan) if memory.levels else {})

    def anew(self, calibration: Calibration | None, plan: Plan, now_ms: int) -> "Gains":
        """The venue's under another calibration: what was read between known places stays, what was above old expectations goes."""
        known = Gains(calibration, Known(levels=self.memory.levels))
        known.learn(plan, now_ms)
        return known

    def of(self, anchors: Anchors) -> Floats:
        """The gains in force, shape (a,); 0 where nothing is known."""
        return np.array([self.memory.gains_db.get(subject, 0.0) for subject in anchors.subjects])

    def _fitted(self, plan: Plan) -> dict[str, float]:
        radio = self._radio
        pairs = _pairs(self.memory.levels, placed(plan))
        if not pairs:
            return {}
        gateways, beacons = sorted({gateway for gateway, _, _, _ in pairs}), sorted({beacon for _, beacon, _, _ in pairs})
        read_dbm = np.array([level.rssi_dbm - radio.gains_db.get(gateway, 0.0) for gateway, _, level, _ in pairs])
        above_db = read_dbm - path_dbm(np.array([apart_m for _, _, _, apart_m in pairs]), radio)
        at = np.array([(gateways.index(gateway), beacons.index(beacon)) for gateway, beacon, _, _ in pairs], np.int64)
        gain, sd = fitted(above_db, at[:, 0], at[:, 1])
        sure = np.abs(gain) >= SURE * sd
        return {name: round(float(np.clip(gain[i], -MOST_DB, MOST_DB)), 2) for i, name in enumerate(gateways) if sure[i]}


def fitted(above_db: Floats, gateway: Indices, beacon: Indices) -> tuple[Floats, Floats]:
    """Gain and its standard deviation of each gateway, from what pairs read above what was expected; shapes (n,) to (gateways,).

    Least squares that trust a pair less the further it lies off (Student-t with three degrees of freedom), reweighted ROUNDS times, with
    Gaussian priors of mean 0 on gains and powers and none on what all have in common.
    """
    gateways, beacons = int(gateway.max()) + 1, int(beacon.max()) + 1
    width = 1 + gateways + beacons
    parts = np.stack([np.zeros_like(gateway), 1 + gateway, 1 + gateways + beacon], axis=1)  # what all have in common, gain, power
    cells = (parts[:, :, None] * width + parts[:, None, :]).ravel()
    stiff = np.diag((BETWEEN_SD_DB / np.concatenate([[1e3], np.full(gateways, GAIN_SD_DB), np.full(beacons, POWER_SD_DB)])) ** 2)
    weight: Floats = np.ones(len(above_db))
    solved: Floats = np.zeros(width)
    shape = stiff
    for _ in range(ROUNDS):  # three parts a pair and else nothing: multiplied out, a floor of 300 gateways would take seconds a minute
        shape = np.bincount(cells, np.repeat(weight, 9), width * width).reshape(width, width) + stiff
        right = np.bincount(parts.ravel(), np.repeat(weight * above_db, 3), width)
        solved = np.asarray(np.linalg.solve(shape, right), np.float64)
        weight = 4.0 / (3.0 + ((above_db - solved[parts].sum(axis=1)) / BETWEEN_SD_DB) ** 2)
    sd = BETWEEN_SD_DB * np.sqrt(np.diag(np.linalg.inv(shape)))
    return solved[1 : 1 + gateways], sd[1 : 1 + gateways]


def _pairs(levels: Mapping[str, Mapping[str, Level]], places: Mapping[str, Placement]) -> list[tuple[str, str, Level, float]]:
    """Gateway, beacon, level and distance of the pairs that say something, in the order of their names."""
    found = []
    for gateway in sorted(levels):
        for beacon in sorted(levels[gateway]):
            here, there, level = places.get(gateway), places.get(beacon), levels[gateway][beacon]
            if here is None or there is None or here.level != there.level or level.readings < FEWEST:
                continue
            apart_m = math.hypot(here.x_m - there.x_m, here.y_m - there.y_m)
            if NEAREST_M <= apart_m <= FARTHEST_M:
                found.append((gateway, beacon, level, math.hypot(apart_m, HEIGHT_M)))
    return found
