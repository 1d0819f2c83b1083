"""A walk test: what gateways heard at known points, beside what was predicted, so that a plan's radio can be trusted or mended.

Pure. One number says whether all is louder or quieter than thought (bias), one how far single points stray (spread); the worst places are
where to look for a shelf that the plan does not have, or a gateway that hangs elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from floorplans.coverage import Air, Radios, placed
from floorplans.model import Plan, Point
from groundwork.contracts.ids import LevelId

WORST: Final = 5
LEAST_POINTS: Final = 5
"""Of one gateway, before its own bias means anything."""
AIM_DB: Final = 8.0
"""What the mean error should stay under; reflections alone make 4 to 6."""


class Measured(NamedTuple):
    """The median RSSI one gateway had of a phone that stood at a point, in dBm."""

    gateway: str
    level: LevelId
    x_m: float
    y_m: float
    rssi_dbm: float


class Off(NamedTuple):
    """A point and by how much it is louder than predicted."""

    measured: Measured
    predicted_dbm: float

    @property
    def off_db(self) -> float:
        return self.measured.rssi_dbm - self.predicted_dbm


@dataclass(frozen=True, slots=True)
class WalkTest:
    """How well the prediction held."""

    points: int
    bias_db: float
    """Mean of measured less predicted: above 0 it is louder than thought."""
    spread_db: float
    """Standard deviation around the bias."""
    mean_error_db: float
    """Mean of the differences' sizes."""
    by_gateway: dict[str, float]
    """Each gateway's own bias beside the common one, in dB; only those with enough points."""
    worst: tuple[Off, ...]
    """The points that stray most from the bias, the worst first."""
    unknown: tuple[str, ...]
    """Gateways that were heard and hang nowhere on the plan."""

    @property
    def good(self) -> bool:
        return self.points > 0 and self.mean_error_db < AIM_DB


def compared(plan: Plan, walk: Sequence[Measured], at_ms: int | None = None, air: Air | None = None, worst: int = WORST) -> WalkTest:
    """The walk beside the prediction. Points of gateways that hang elsewhere than on the point's level are left out, as unknown.

    Raises ValueError on a point that is not finite.
    """
    for one in walk:
        if not np.all(np.isfinite([one.x_m, one.y_m, one.rssi_dbm])):
            raise ValueError(f"a measured point must be finite, got {one}")
    found = _paired(plan, walk, at_ms, air)
    known = {one.measured.gateway for one in found}
    unknown = tuple(sorted({one.gateway for one in walk} - known))
    if not found:
        return WalkTest(0, 0.0, 0.0, 0.0, {}, (), unknown)
    off = np.array([one.off_db for one in found])
    bias = float(off.mean())
    ranked = sorted(found, key=lambda one: (-abs(one.off_db - bias), one.measured))
    return WalkTest(len(found), bias, float(off.std()), float(np.abs(off).mean()), _by_gateway(found, bias), tuple(ranked[:worst]), unknown)


def _paired(plan: Plan, walk: Sequence[Measured], at_ms: int | None, air: Air | None) -> list[Off]:
    found = []
    for level in plan.levels:
        radios = Radios(plan, level, air)
        for gateway in placed(plan.placements, level.id, at_ms):
            heard = [one for one in walk if one.gateway == gateway.subject and one.level == level.id]
            points = np.array([(one.x_m, one.y_m) for one in heard]).reshape(-1, 2)
            at: Point = (gateway.x_m, gateway.y_m)
            found += [Off(one, float(dbm)) for one, dbm in zip(heard, radios.rssi_dbm(points, at, gateway.z_m), strict=True)]
    return found


def _by_gateway(found: Sequence[Off], bias: float) -> dict[str, float]:
    names = sorted({one.measured.gateway for one in found})
    of = {name: [one.off_db for one in found if one.measured.gateway == name] for name in names}
    return {name: float(np.mean(offs)) - bias for name, offs in of.items() if len(offs) >= LEAST_POINTS}
