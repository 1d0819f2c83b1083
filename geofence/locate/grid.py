"""Grid filter: a belief over the walkable cells of all levels, moved by walking and felt steps, weighed by what was heard.

Pure. A causal hidden Markov filter: log-distance path loss with a gain for each anchor (and a radio map, where calibration made one),
Student-t readings, and the offset of each handset or tag learned while it walks. It works in both directions (gateways hear a tag, a
phone ranges beacons) and without any calibration. The arithmetic is in
`positioning/belief.py`, what is expected where in `positioning/anchors.py`.

Silence is not evidence here: in the recordings a radio misses 10 to 15 % of what it should have heard at any distance, and counting
misses made every figure worse.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from geofence.columns import Columns, Floats, Indices, Singles
from geofence.device_columns import NEVER_MS, DeviceColumns, Kind
from geofence.positioning import belief, lingering
from geofence.positioning.anchors import GENERIC, Calibration, expected_dbm, unknown_db2
from geofence.positioning.belief import FRESH, Ground, Moments, Rules, Seen, State
from geofence.positioning.cells import cells_of
from geofence.positioning.hearing import heard
from geofence.positioning.level_share import advanced, prior_of
from geofence.positioning.locator import UNKNOWN_MS, Estimates, Hearings, Locator, Places, Standing
from geofence.positioning.prints import PrintMap, print_map

GAP_S: Final = 10.0
"""After ten unheard seconds two thirds of the weight are spread over the floor: people cross a shop meanwhile. Longer loses them:
in the library the 95 % error falls from 7.2 m (never) over 4.4 m (30 s) to 3.5 m (10 s)."""
LEAK: Final = 1e-4
"""How soon a belief that was wrong is given up."""
STRIDE_SD: Final = 0.9
"""Of a single step's length it is .3: 0.5 to 0.8 m, and a heading off by 15 degrees. But a heading that is off stays so until the next
turn, nine steps on, and errors that agree add up as nine, not as three."""
BLOCKED: Final = 0.3
DOUBTED: Final = 0.5
"""Of the weight, spread over the floor when the calibration changes: where it agrees with the one before half is as good as all, and
where it does not, it need not wait until LEAK has given up a belief that was sure of the wrong place."""
LEAST_FIRM: Final = 0.5
MOST_FIRM: Final = 1.25
"""Between them lies the firmness of somebody who stands, by how well the map knows her place."""
VOTE_DB: Final = 25.0
"""Levels are voted for by power to the 10/25: many faint readings weigh as much as a loud one."""
LEAST_VOTE: Final = 0.05
"""Of a level of which nothing is heard in a window."""


@dataclass(slots=True)
class GridFilter:
    """The filter of one plan."""

    standing: Standing
    kinds: Mapping[str, Kind]
    ground: Ground
    rules: Rules
    prints: PrintMap | None = None
    field: lingering.Field | None = None
    """Where a map says what is bound to a place."""
    follows_steps: bool = True

    def __call__(self, hearings: Hearings, devices: DeviceColumns) -> Estimates:
        slot = hearings.slot
        state = State(*(devices[name] for name in ("weight", "offset_cells_db", "offset_var_db2", "adrift_m", "trail_m")))
        elapsed_s = self._elapsed_s(hearings, devices)
        fresh = slot[elapsed_s == FRESH]
        devices["offset_cells_db"][fresh] = devices["offset_db"][fresh, None]
        self._unlearned(devices, slot[elapsed_s != FRESH])
        self._trailed(devices, slot[elapsed_s != FRESH])
        gain_db = self.standing.anchors.gain_db[hearings.anchor]
        readings = (hearings.rssi_dbm - gain_db).astype(np.float32)
        told = self._told(hearings, devices, elapsed_s)
        moments = Moments(slot, elapsed_s, hearings.starts, hearings.anchor, readings, hearings.steps, hearings.stride_m, *told)
        believed = belief.advance(self.ground, self.rules, state, moments, len(self.standing.zones))
        devices["offset_db"][slot] = believed.place[:, 4]
        devices["located_ms"][slot] = hearings.at_ms
        place, probability = believed if self.field is None else self._lingered(self.field, hearings, devices, elapsed_s, believed)
        level, x, y, radius = place[:, 0].astype(np.int64), *place[:, 1:4].T
        return Estimates(Places(level, x, y, np.maximum(radius, self.rules.size_m / 2)), np.minimum(probability, 1.0))

    def _lingered(self, field: lingering.Field, hearings: Hearings, devices: DeviceColumns, elapsed_s: Singles, believed: Seen) -> Seen:
        """What is believed, for who stands by what was heard lately."""
        slot = hearings.slot
        lingering.take(devices, slot, elapsed_s, hearings.starts, hearings.anchor, hearings.rssi_dbm)
        heard = lingering.lately(devices, slot, self.standing.anchors.gain_db, believed.place[:, 4], field)
        return lingering.seen(field, heard, lingering.stands(devices["trail_m"][slot]), devices["weight"][slot], believed)

    def _unlearned(self, devices: DeviceColumns, slot: Indices) -> None:
        """Of those whose place is known and offset is not, because the calibration was changed: begins with half of what was believed."""
        anew = slot[devices["offset_var_db2"][slot] == 0]
        if len(anew):
            devices["offset_var_db2"][anew] = self.rules.offset_sd_db**2
            devices["weight"][anew] = DOUBTED * self.ground.prior + (1 - DOUBTED) * devices["weight"][anew]

    def _trailed(self, devices: DeviceColumns, slot: Indices) -> None:
        """Who is taken over from a snapshot of before there were trails begins hers where she is: from (0, 0) she would seem to run."""
        ground = self.ground
        for row in slot[~devices["trail_m"][slot].any(axis=1)]:
            weight = devices["weight"][row].astype(np.float64)
            weight *= ground.level == ground.level[weight.argmax()]
            devices["trail_m"][row] = [float((weight * axis).sum() / weight.sum()) for axis in (ground.x_m, ground.y_m)] * 2

    def _told(self, hearings: Hearings, devices: DeviceColumns, elapsed_s: Singles) -> tuple[Singles, ...]:
        """What a moment's readings as a whole say for each level; where places have prints, for each cell, and each level's share."""
        if self.prints is None:
            return (self._floors(hearings),)
        lately = heard(devices, hearings.slot, hearings.at_ms, self.standing.anchors)
        as_read = lately._replace(rssi_dbm=lately.rssi_dbm + self.standing.anchors.gain_db)  # as prints were made
        places, said = self.prints.likelihood(as_read)
        prior = prior_of(self.ground.prior, self.ground.level, self.prints.levels)
        before = devices["level_share"][hearings.slot]
        for row in np.flatnonzero((elapsed_s != FRESH) & ~before.any(axis=1)):  # the calibration before this one had no prints
            before[row] = np.bincount(self.ground.level, devices["weight"][hearings.slot[row]], self.prints.levels)
        shares = advanced(before, elapsed_s, said, np.diff(hearings.starts) > 0, prior)
        devices["level_share"][hearings.slot] = shares
        return places, shares

    def _floors(self, hearings: Hearings) -> Singles:
        """Which level the readings of each moment speak for: the share of power heard of its anchors, as a factor. Shape (n, levels)."""
        count, levels = len(hearings.slot), len(self.standing.plan.levels)
        if levels == 1:
            return np.ones((count, 1), np.float32)
        moment = np.repeat(np.arange(count), np.diff(hearings.starts))
        power = np.power(10.0, hearings.rssi_dbm.astype(np.float64) / VOTE_DB)
        place = moment * levels + self.standing.anchors.level[hearings.anchor]
        votes = np.bincount(place, power, count * levels).reshape(count, levels) + 1e-12
        share: Singles = np.maximum(votes / votes.sum(axis=1, keepdims=True), LEAST_VOTE).astype(np.float32)
        return share

    def _elapsed_s(self, hearings: Hearings, devices: DeviceColumns) -> Singles:
        """Since each device's last moment; FRESH for those that had none on this plan, or too long ago to say anything."""
        before = np.maximum(devices["located_ms"][hearings.slot], 0)
        known = (hearings.at_ms - before <= UNKNOWN_MS) & devices["weight"][hearings.slot].any(axis=1)
        elapsed: Singles = np.where(known, (hearings.at_ms - before) / 1000, FRESH).astype(np.float32)
        return elapsed


def locate(standing: Standing) -> Locator:
    """The filter on this plan."""
    calibration = standing.calibration or GENERIC
    cells = cells_of(standing.plan, standing.zones)
    ground = Ground(
        cells.x_m,
        cells.y_m,
        cells.level,
        cells.around,
        _prior(cells.level, standing.anchors.level),
        expected_dbm(cells, standing.anchors, calibration, standing.plan),
        cells.zone_starts,
        cells.zone,
        cells.share,
        _firmness(unknown_db2(cells, calibration, standing.plan), calibration),
    )
    rules = Rules(
        cells.size_m,
        calibration.noise_db,
        calibration.offset_sd_db,
        calibration.offset_drift_db2,
        calibration.speed_m,
        STRIDE_SD,
        GAP_S,
        LEAK,
        BLOCKED,
        calibration.walking_firmness,
    )
    levels = [str(level.id) for level in standing.plan.levels]
    prints = print_map(calibration.prints, standing.anchors, cells, levels) if calibration.prints else None
    field = _field(ground, calibration)
    kinds = _kinds(len(cells), len(levels) if prints else 0, len(standing.anchors) if field else 0)
    return GridFilter(standing, kinds, ground, rules, prints, field)


def _field(ground: Ground, calibration: Calibration) -> lingering.Field | None:
    """What of the noise is bound to a place, and what is scatter; None where no map says, or not how much."""
    if not calibration.maps or calibration.place_bound_db2 == 0:
        return None
    return lingering.Field(ground, calibration.place_bound_db2, calibration.scatter_db2)


def _kinds(cells: int, levels: int, anchors: int) -> dict[str, Kind]:
    """`levels`: how many are weighed by themselves, 0 where the cells alone decide. `anchors`: how many are remembered, 0 for none."""
    single = np.dtype(np.float32)
    by_level = {"level_share": Kind(single, 0.0, (levels,))} if levels else {}
    by_anchor = {name: Kind(single, 0.0, (anchors,)) for name in ("lately_dbm", "lately_windows")} if anchors else {}
    return (
        by_level
        | by_anchor
        | {
            "weight": Kind(single, 0.0, (cells,)),
            "offset_cells_db": Kind(single, 0.0, (cells,), of_radios=True),
            "offset_db": Kind(single, 0.0, of_radios=True),
            "offset_var_db2": Kind(single, 0.0, of_radios=True),
            "adrift_m": Kind(single, 0.0, (2,)),
            "trail_m": Kind(single, 0.0, (4,)),
            "located_ms": Kind(np.dtype(np.int64), NEVER_MS),
        }
    )


def _prior(cell_level: Indices, anchor_level: Indices) -> Singles:
    """Even over the cells of levels with anchors; over all, where there are none at all."""
    there: Columns = np.isin(cell_level, anchor_level)
    weight = there if there.any() else np.ones(len(cell_level))
    prior: Singles = (weight / weight.sum()).astype(np.float32)
    return prior


def _firmness(unknown: Floats, calibration: Calibration) -> Singles:
    """How firm the belief is of somebody who stands in each cell: less where the map knows less. 1 where no map says. Shape (c,)."""
    part = np.maximum(unknown, 1e-3) / calibration.noise_db**2
    firm = np.where(np.isnan(part) | (calibration.known_part == 0), 1.0, np.clip(calibration.known_part / part, LEAST_FIRM, MOST_FIRM))
    found: Singles = firm.astype(np.float32)
    return found
