"""Reference: hearing, weighted centroid and presence once more, as a plain loop over one moment of one device at a time.

Pure. Nobody runs it in production: tests hold the columns to it, and `benchmarks/ingest.py` uses it as the yardstick. It is written from
the rules at the top of `presence.py`, not from the columns. Zone shares come from `match.py`, which has an oracle of its own (shapely).
"""

import math
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from floorplans.model import Plan
from geofence.columns import NONE
from geofence.locate.weighted_centroid import AGEING_MS, EXPONENT, RADIUS_FLOOR_M, RADIUS_PER_SPREAD
from geofence.positioning.anchors import Calibration, anchors_of
from geofence.positioning.hearing import SMOOTHING_MS
from geofence.positioning.locator import MEMORY_MS, Fixes
from geofence.settings import SECOND_MS, Settings
from geofence.zones.match import ZoneMap
from geofence.zones.nesting import nesting_of


class Change(NamedTuple):
    """One enter, dwell or exit."""

    at_ms: int
    track: int
    kind: str
    zone: str
    dwell_s: int
    stay_start_ms: int
    visit_start_ms: int
    probability: float


class Place(NamedTuple):
    """One fix."""

    level: int
    x_m: float
    y_m: float
    radius_m: float


@dataclass(slots=True)
class _Layer:
    """What one device does in one layer."""

    held: int | None = None
    stay_start_ms: int = 0
    entered_ms: int = 0
    below_ms: int | None = None
    dwells: int = 0
    probability: float = 0.0
    candidate: int | None = None
    candidate_ms: int = 0
    candidate_fixes: int = 0


@dataclass(slots=True)
class _Device:
    layers: list[_Layer]
    visit_start_ms: int | None = None
    last_ms: int = 0
    heard: dict[str, tuple[float, int]] = field(default_factory=dict)
    """dBm and moment, by anchor."""


class Reference:
    """One venue. Moments of a device come in rising order; `pass_time` says how far time has come for all."""

    def __init__(self, plan: Plan, settings: Settings, calibration: Calibration | None = None) -> None:
        self.zones = ZoneMap(plan)
        self._nesting = nesting_of(self.zones)
        self._settings = settings
        self._anchors = anchors_of(plan, calibration)
        self._place = {subject: at for at, subject in enumerate(self._anchors.subjects)}
        self._devices: dict[int, _Device] = {}

    def hear(self, track: int, at_ms: int, rows: list[tuple[str, float]]) -> list[Change]:
        """One moment of one device: the anchors it was heard by (or heard), in plan order, with dBm."""
        device = self._devices.setdefault(track, _Device([_Layer() for _ in range(self.zones.layers)]))
        changes = self._settle(track, device, at_ms)
        for anchor, rssi_dbm in rows:
            _smooth(device, anchor, at_ms, rssi_dbm)
        place = self.locate(device, at_ms)
        if device.visit_start_ms is None:
            device.visit_start_ms = at_ms
        device.last_ms = at_ms
        return changes + self._judge(track, device, at_ms, self.shares(place))

    def pass_time(self, until_ms: int) -> list[Change]:
        """What falls due up to and including `until_ms`."""
        return [change for track, device in sorted(self._devices.items()) for change in self._settle(track, device, until_ms)]

    def locate(self, device: _Device, at_ms: int) -> Place:
        """The weighted centroid of what the device heard lately."""
        known = [(self._place[a], dbm, at_ms - ms) for a, (dbm, ms) in device.heard.items() if at_ms - ms <= MEMORY_MS]
        known.sort()
        weights = []
        for anchor, dbm, age_ms in known:
            loud = dbm - float(self._anchors.gain_db[anchor])
            weights.append((anchor, 10 ** (loud / (10 * EXPONENT)) * math.exp(-age_ms / AGEING_MS)))
        level = self._loudest_level(weights)
        here = [(anchor, weight) for anchor, weight in weights if self._anchors.level[anchor] == level]
        total = sum(weight for _, weight in here)
        x = sum(weight * float(self._anchors.x_m[anchor]) for anchor, weight in here) / total
        y = sum(weight * float(self._anchors.y_m[anchor]) for anchor, weight in here) / total
        apart = [(float(self._anchors.x_m[a]) - x) ** 2 + (float(self._anchors.y_m[a]) - y) ** 2 for a, _ in here]
        spread = sum(weight * square for (_, weight), square in zip(here, apart, strict=True)) / total
        return Place(level, x, y, math.sqrt(RADIUS_FLOOR_M**2 + RADIUS_PER_SPREAD**2 * spread))

    def shares(self, place: Place) -> list[float]:
        """How probable each zone is."""
        columns = (np.array([value]) for value in (place.x_m, place.y_m, place.radius_m))
        fixes = Fixes(np.zeros(1, np.int64), np.zeros(1, np.int64), np.array([place.level]), *columns)
        shares: list[float] = self.zones.match(fixes).probability[0].tolist()
        return shares

    def _loudest_level(self, weights: list[tuple[int, float]]) -> int:
        loud: dict[int, float] = {}
        for anchor, weight in weights:
            level = int(self._anchors.level[anchor])
            loud[level] = loud.get(level, 0.0) + weight
        return max(sorted(loud), key=lambda level: loud[level])

    def _judge(self, track: int, device: _Device, at_ms: int, shares: list[float]) -> list[Change]:
        """One fix: candidates, then who leaves, then who enters."""
        starts = [*self.zones.layer_starts.tolist(), len(shares)]
        wins, leaves = [False] * len(device.layers), [False] * len(device.layers)
        for at, (layer, start, end) in enumerate(zip(device.layers, starts, starts[1:], strict=False)):
            best = max(range(start, end), key=lambda zone: (shares[zone], -zone))
            own = shares[layer.held] if layer.held is not None else 0.0
            layer.probability = own
            wins[at] = self._candidate(layer, best, shares[best], own, at_ms)
            leaves[at] = layer.held is not None and (self._below(layer, own, at_ms) or wins[at])
        self._hold_together(device.layers, wins, leaves)
        exits = [self._exit(track, device, layer, at_ms) for layer, gone in zip(device.layers, leaves, strict=True) if gone]
        enters = []
        for layer, won in zip(device.layers, wins, strict=True):
            if won:
                assert layer.candidate is not None
                layer.held, layer.stay_start_ms, layer.entered_ms = layer.candidate, layer.candidate_ms, at_ms
                layer.dwells, layer.probability, layer.candidate = 0, shares[layer.candidate], None
                enters.append(self._change(track, device, layer, "enter", at_ms))
        return exits + enters

    def _hold_together(self, layers: list[_Layer], wins: list[bool], leaves: list[bool]) -> None:
        """Who enters an inner zone has the outer one; with the outer one the inner one is left."""
        parent, layer_of = self._nesting.parent.tolist(), self._nesting.layer.tolist()
        for at, layer in enumerate(layers):
            outer = parent[layer.candidate] if wins[at] and layer.candidate is not None else NONE
            if outer == NONE:
                continue
            around = layers[layer_of[outer]]
            there = around.held == outer
            wins[layer_of[outer]], leaves[layer_of[outer]] = not there, not there and around.held is not None
            if there:
                around.below_ms, around.candidate = None, None
            elif around.candidate != outer:
                around.candidate, around.candidate_ms = outer, layer.candidate_ms
        for at in reversed(range(len(layers))):
            outer = parent[layers[at].held] if layers[at].held is not None else NONE
            leaves[at] = leaves[at] or (outer != NONE and leaves[layer_of[outer]] and layers[layer_of[outer]].held == outer)

    def _candidate(self, layer: _Layer, best: int, share: float, own: float, at_ms: int) -> bool:
        """Notes the candidate; True when it has been one for long enough."""
        leads = layer.held is None or (best != layer.held and share >= own + self._settings.lead)
        if share < self._settings.enter_probability or not leads:
            layer.candidate = None
            return False
        if layer.candidate != best:
            layer.candidate, layer.candidate_ms, layer.candidate_fixes = best, at_ms, 0
        layer.candidate_fixes += 1
        lasted_ms, delay_ms = at_ms - layer.candidate_ms, self._settings.enter_delay_ms
        return lasted_ms >= delay_ms and (layer.candidate_fixes >= self._settings.enter_fixes or lasted_ms >= 2 * delay_ms)

    def _below(self, layer: _Layer, own: float, at_ms: int) -> bool:
        """True when what holds has been below the exit probability for long enough."""
        if own >= self._settings.exit_probability:
            layer.below_ms = None
            return False
        if layer.below_ms is None:
            layer.below_ms = at_ms
        return at_ms - layer.below_ms >= self._settings.exit_delay_ms

    def _settle(self, track: int, device: _Device, until_ms: int) -> list[Change]:
        """Dwells, silence and the visit's end, each at its own moment."""
        if device.visit_start_ms is None:
            return []
        silent_ms = device.last_ms + self._settings.silence_ms
        changes = [change for layer in device.layers for change in self._dwells(track, device, layer, min(until_ms, silent_ms))]
        if silent_ms > until_ms:
            return changes
        changes += [self._exit(track, device, layer, silent_ms) for layer in device.layers if layer.held is not None]
        for layer in device.layers:
            layer.candidate = None
        if device.last_ms + self._settings.visit_end_ms <= until_ms:
            device.visit_start_ms = None
        return changes

    def _dwells(self, track: int, device: _Device, layer: _Layer, until_ms: int) -> list[Change]:
        changes = []
        while layer.held is not None and layer.dwells < len(self._settings.dwell_s):
            dwell_s = self._settings.dwell_s[layer.dwells]
            due_ms = max(layer.stay_start_ms + dwell_s * SECOND_MS, layer.entered_ms)
            if due_ms > until_ms:
                break
            layer.dwells += 1
            changes.append(self._change(track, device, layer, "dwell", due_ms, dwell_s))
        return changes

    def _exit(self, track: int, device: _Device, layer: _Layer, at_ms: int) -> Change:
        change = self._change(track, device, layer, "exit", at_ms)
        layer.held, layer.below_ms = None, None
        return change

    def _change(self, track: int, device: _Device, layer: _Layer, kind: str, at_ms: int, dwell_s: int = 0) -> Change:
        assert layer.held is not None
        assert device.visit_start_ms is not None
        zone = self.zones.zones[layer.held].id
        return Change(at_ms, track, kind, zone, dwell_s, layer.stay_start_ms, device.visit_start_ms, layer.probability)


def _smooth(device: _Device, anchor: str, at_ms: int, rssi_dbm: float) -> None:
    before, ms = device.heard.get(anchor, (rssi_dbm, at_ms - MEMORY_MS - 1))
    since_ms = at_ms - ms
    share = 1.0 if since_ms > MEMORY_MS else -math.expm1(-since_ms / SMOOTHING_MS)
    device.heard[anchor] = (before + share * (rssi_dbm - before), at_ms)
