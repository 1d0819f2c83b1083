"""Coverage as it is told: level by level what share of the floor is heard, where a further gateway helps, and how a walk test compares.

Pure. HTTP and the command line answer alike; the forecast itself is in `coverage.py`, the comparison in `walk_test.py`.
"""

from typing import Annotated, Final

import msgspec
import numpy as np

from floorplans.coverage import CELL_M, MOST_TRIED_CELLS, THRESHOLD_DBM, GapFiller, cell_for, gap_fillers, predicted
from floorplans.model import Level, Plan
from floorplans.walk_test import WalkTest
from groundwork.contracts.ids import LevelId, PlanVersionId

SILENT_DBM: Final = -127
"""What a square says that no gateway hears, as the strongest signal: under what any radio reports."""


class CoverageAsked(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to look at coverage."""

    level: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Empty: all levels."""
    version: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """Of the plan; empty: the one in force; `draft`: the draft."""
    threshold_dbm: Annotated[float, msgspec.Meta(ge=-120, le=-30)] = THRESHOLD_DBM
    """What counts as heard."""
    cell_m: Annotated[float, msgspec.Meta(ge=0.5, le=20)] = CELL_M
    """Side of the squares; on a large level it is made larger."""
    fillers: Annotated[int, msgspec.Meta(ge=0, le=10)] = 3
    """Places for so many further gateways are looked for on each level."""
    grid: bool = False
    """Whether each square is told."""


class LevelHeard(msgspec.Struct, frozen=True, kw_only=True):
    """One level's forecast."""

    level: LevelId
    cell_m: float
    cells: int
    gateways: list[str]
    heard_by: dict[int, float]
    """The share of the floor that is heard by 1, 2, 3 gateways or more."""
    fillers: list[GapFiller]
    grid: list[tuple[float, float, int, int]]
    """Each square's middle in metres, how many gateways hear it, and the strongest in dBm; -127 where none does."""


class CoverageTold(msgspec.Struct, frozen=True, kw_only=True):
    """A plan's forecast."""

    version: int = 1
    plan_version: PlanVersionId
    threshold_dbm: float
    levels: list[LevelHeard]


class Stray(msgspec.Struct, frozen=True, kw_only=True):
    """A measured point beside its forecast."""

    gateway: str
    level: LevelId
    x_m: float
    y_m: float
    measured_dbm: float
    predicted_dbm: float


class WalkTold(msgspec.Struct, frozen=True, kw_only=True):
    """How well the forecast held on a walk."""

    version: int = 1
    plan_version: PlanVersionId
    points: int
    good: bool
    """Whether the mean error is under 8 dB, which is what to aim for."""
    bias_db: float
    """Mean of measured less predicted: above 0 it is louder than thought."""
    spread_db: float
    mean_error_db: float
    by_gateway: dict[str, float]
    """Each gateway's bias beside the common one; only those with enough points."""
    worst: list[Stray]
    unknown: list[str]
    """Gateways that were heard and do not hang on the level the point is on."""


def heard(plan: Plan, asked: CoverageAsked) -> CoverageTold:
    """The forecast of the levels asked for. Raises ValueError for a level that is not on the plan."""
    levels = [level for level in plan.levels if asked.level in ("", level.id)]
    if asked.level and not levels:
        raise ValueError(f"no level {asked.level!r}")
    return CoverageTold(plan_version=plan.version, threshold_dbm=asked.threshold_dbm, levels=[_level(plan, one, asked) for one in levels])


def walked(plan: Plan, found: WalkTest) -> WalkTold:
    """The comparison, to be shown."""
    worst = [
        Stray(
            gateway=one.measured.gateway,
            level=one.measured.level,
            x_m=one.measured.x_m,
            y_m=one.measured.y_m,
            measured_dbm=one.measured.rssi_dbm,
            predicted_dbm=round(one.predicted_dbm, 1),
        )
        for one in found.worst
    ]
    return WalkTold(
        plan_version=plan.version,
        points=found.points,
        good=found.good,
        bias_db=round(found.bias_db, 2),
        spread_db=round(found.spread_db, 2),
        mean_error_db=round(found.mean_error_db, 2),
        by_gateway={name: round(off, 2) for name, off in found.by_gateway.items()},
        worst=worst,
        unknown=list(found.unknown),
    )


def _level(plan: Plan, level: Level, asked: CoverageAsked) -> LevelHeard:
    cell = cell_for(level, asked.cell_m)
    found = predicted(plan, level.id, cell_m=cell)
    tried = cell_for(level, cell, MOST_TRIED_CELLS)
    fillers = gap_fillers(plan, level.id, asked.fillers, threshold_dbm=asked.threshold_dbm, cell_m=tried) if asked.fillers else []
    counts, strongest = found.heard_by(asked.threshold_dbm), np.maximum(found.strongest_dbm(), SILENT_DBM)
    grid = [
        (round(x, 2), round(y, 2), count, round(dbm))
        for (x, y), count, dbm in zip(found.points.tolist(), counts.tolist(), strongest.tolist(), strict=True)
    ]
    return LevelHeard(
        level=level.id,
        cell_m=cell,
        cells=len(grid),
        gateways=list(found.gateways),
        heard_by={count: round(share, 4) for count, share in found.shares(asked.threshold_dbm).items()},
        fillers=fillers,
        grid=grid if asked.grid else [],
    )
