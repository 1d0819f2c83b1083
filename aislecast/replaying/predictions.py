"""Predictions: every fix of a replay with the zone presence held, as columns, as a CSV file, and scored against the truth."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from aislecast.replaying.score import Beliefs, Rows
from aislecast.twin.columns import Floats
from geofence.tracking.outcome import Observed
from groundwork.contracts.ids import Track

COLUMNS: Final = ("session", "t_s", "device_id", "x_m", "y_m", "level", "zone", "zone_raw", "probability", "zone_held")


def walk_of(session: str, device: str) -> str:
    """One device's walk in one session, as the scorer's key: scored together, devices would answer for one another."""
    return f"{session}\n{device}"


class Prediction(NamedTuple):
    """One fix. Zones are ids, empty for none: `zone` is the one a map would show (the most probable, steadied), `zone_raw` the most
    probable of this fix alone, `zone_held` what presence holds, which campaigns act on and which needs more certainty."""

    session: int
    at_ms: int
    track: int
    x_m: float
    y_m: float
    level: str
    zone: str
    zone_raw: str
    probability: float
    zone_held: str
    best3: tuple[str, ...]
    aisle: str
    held: tuple[str, ...]
    """What presence holds in each layer of zones, empty for nothing."""


@dataclass(slots=True)
class Predictions:
    """Collects what an engine observes; `session` is set by whoever plays the recording."""

    session: int = 0
    rows: list[Prediction] = field(default_factory=list)
    aisles: Mapping[str, str] = field(default_factory=dict)
    """The aisle of each zone that is in one."""

    def observe(self, seen: Observed) -> None:
        """An Observer of the geofence."""
        zones, levels = (*seen.zones, ""), seen.levels
        columns = (seen.at_ms, seen.track, seen.x_m, seen.y_m, seen.level, seen.zone_likely, seen.zone_raw, seen.probability, seen.zone)
        said = zip(*(column.tolist() for column in columns), strict=True)
        best3, aisles = _best3(seen), _likeliest_aisles(seen, self.aisles)
        holds = [tuple(zones[zone] for zone in row) for row in seen.held.tolist()]
        rows = zip(said, best3, aisles, holds, strict=True)
        for (at_ms, track, x_m, y_m, level, likely, raw, probability, held), *rest in rows:
            places = (x_m, y_m, levels[level], zones[likely], zones[raw], probability, zones[held], *rest)
            self.rows.append(Prediction(self.session, at_ms, track, *places))

    def write(self, path: Path, sessions: Sequence[str], starts_ms: Sequence[int], devices: dict[Track, str]) -> None:
        """Writes the CSV that the scorer reads; times are seconds since the session's start."""
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            for row in self.rows:
                t_s = (row.at_ms - starts_ms[row.session]) / 1000
                numbers = (f"{row.x_m:.3f}", f"{row.y_m:.3f}", row.level, row.zone, row.zone_raw, f"{row.probability:.4f}", row.zone_held)
                writer.writerow((sessions[row.session], f"{t_s:.3f}", devices[Track(row.track)], *numbers))

    def as_rows(self, sessions: Sequence[str], starts_ms: Sequence[int], devices: dict[Track, str]) -> Rows:
        """The predictions as the scorer takes them: each device of a session by itself."""
        columns = tuple(zip(*self.rows, strict=True)) or ((),) * len(Prediction._fields)
        by_name = dict(zip(Prediction._fields, columns, strict=True))
        starts = np.asarray(starts_ms, np.int64)[np.asarray(by_name["session"], np.int64)]
        t_s = np.round((np.asarray(by_name["at_ms"], np.int64) - starts) / 1000, 3)
        walks = zip(by_name["session"], by_name["track"], strict=True)
        names = tuple(walk_of(sessions[session], devices[Track(track)]) for session, track in walks)
        x_m: Floats = np.asarray(by_name["x_m"], np.float64).round(3)
        y_m: Floats = np.asarray(by_name["y_m"], np.float64).round(3)
        probability: Floats = np.asarray(by_name["probability"], np.float64)
        beliefs = Beliefs(tuple(by_name["best3"]), probability, tuple(by_name["aisle"]), tuple(by_name["held"]))
        return Rows(names, t_s, x_m, y_m, tuple(by_name["zone"]), floor=tuple(by_name["level"]), beliefs=beliefs)


def _best3(seen: Observed) -> list[tuple[str, ...]]:
    """Of each fix the three most probable zones; those of probability 0 are none."""
    order = np.argsort(-seen.shares, axis=1, kind="stable")[:, :3]
    shares = np.take_along_axis(seen.shares, order, axis=1)
    pairs = zip(order.tolist(), shares.tolist(), strict=True)
    return [tuple(seen.zones[zone] for zone, share in zip(zones, of_zones, strict=True) if share > 0) for zones, of_zones in pairs]


def _likeliest_aisles(seen: Observed, aisles: Mapping[str, str]) -> list[str]:
    """Of each fix the aisle whose zones together are the most probable; empty where no zone is in an aisle."""
    names = sorted({aisles[zone] for zone in seen.zones if zone in aisles})
    if not names:
        return [""] * len(seen.at_ms)
    sums = np.stack([seen.shares[:, [aisles.get(zone) == name for zone in seen.zones]].sum(axis=1) for name in names], axis=1)
    return [names[at] for at in sums.argmax(axis=1).tolist()]
