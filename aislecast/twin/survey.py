"""Survey: somebody walks the twin's shop from mark to mark with a few phones, and every gateway hears them: a recording to calibrate from.

Gains, shelves and shadows are those of the twin of the same plan, seed and number of shoppers. What is hers alone: the phones, which are
those of the twin's strangers and no shopper's, and reflections and noise. So a calibration learned here has heard nothing of anybody
whom it serves later. Pure; as everything of the twin, simulated.
"""

from typing import Final

import numpy as np

from aislecast.twin.columns import Floats, Indices, Ints
from aislecast.twin.record import anchors_of, floors_of, zones_of
from aislecast.twin.recording import Recording, Sightings, Steps, Truth
from aislecast.twin.twin import STRANGERS, air_of
from aislecast.twin.walkways import CELL_M, Walkways
from floorplans.model import Plan

PART: Final = "survey"
MARK_M: Final = 1.5
"""From mark to mark. Two metres cost 4 to 7 points of right zones (ten seconds of stays in two shops), one and a quarter gain 1."""
FACING_MS: Final = 1_000
"""At each mark she faces two ways on her way out, and the other two on her way back: her body takes 5 dB off what lies behind her."""
STAY_MS: Final = 2 * FACING_MS
MARK_MS: Final = STAY_MS + 2_000
"""From mark to mark; what is heard on the way is not kept, since nobody wrote down where she was."""
ADVERT_MS: Final = 350
"""Between two adverts of a phone, the mean of the twin's."""
PHONES: Final = 3
"""As docs/positioning.md asks; two find one stay in twenty less."""


def surveyed(plan: Plan, seed: int, shoppers: int, name: str) -> Recording:
    """What the gateways of the first level heard of her, out and back as one session each, and where she stood.

    `seed` and `shoppers` are the twin's that is to have the same air.
    """
    people = shoppers + STRANGERS
    air, who = air_of(plan, seed, people), np.arange(shoppers, shoppers + PHONES)
    x_m, y_m = _marks(Walkways(plan.levels[0]))
    rng, moments = np.random.default_rng([seed, 8]), np.arange(0, STAY_MS, ADVERT_MS)
    heard = np.empty((2, len(x_m), len(moments), len(who), len(anchors_of(plan))))
    for back, number in np.ndindex(2, len(x_m)):
        mark = len(x_m) - 1 - number if back else number
        here = np.full(len(who), x_m[mark]), np.full(len(who), y_m[mark])
        for step, moment in enumerate(moments.tolist()):
            facing = np.full(len(who), np.pi * (back + moment // FACING_MS / 2))
            at_ms = np.full(len(who), (back * len(x_m) + number) * MARK_MS + moment)
            heard[back, number, step] = air.heard_dbm(rng, who, at_ms, *here, facing)
    return _recording(plan, name, _sightings(heard, moments), _truth(x_m, y_m))


def _marks(ways: Walkways) -> tuple[Floats, Floats]:
    """Walkable places MARK_M apart, up one line of them and down the next."""
    apart = round(MARK_M / CELL_M)
    x_m, y_m = ways.points[ways.walkable].T
    column, row = (np.rint((axis - axis.min()) / CELL_M).astype(np.int64) for axis in (x_m, y_m))
    marked = (column % apart == apart // 2) & (row % apart == apart // 2)
    x_m, y_m, column, row = x_m[marked], y_m[marked], column[marked], row[marked]
    order = np.lexsort((np.where(column // apart % 2, -row, row), column))
    return x_m[order], y_m[order]


def _sightings(heard: Floats, moments: Ints) -> Sightings:
    """The packets that arrived, in order of session and time; `heard` has shape (2, marks, moments, phones, gateways)."""
    session, number, step, phone, gateway = np.nonzero(np.isfinite(heard))
    t_ms = number * MARK_MS + moments[step]
    columns: tuple[Indices, ...] = tuple(column.astype(np.int32) for column in (session, gateway, phone))
    return Sightings(columns[0], t_ms, columns[1], columns[2], heard[np.isfinite(heard)])


def _truth(x_m: Floats, y_m: Floats) -> Truth:
    """A row when she comes to a mark and one when she leaves it, of each phone in each session."""
    marks, ends = len(x_m), np.array([0, STAY_MS])
    session, number, end, phone = (axis.reshape(-1) for axis in np.indices((2, marks, 2, PHONES)))
    mark = np.where(session, marks - 1 - number, number)
    t_ms = number * MARK_MS + ends[end]
    nowhere, ground = np.full(len(mark), -1, np.int32), np.zeros(len(mark), np.int32)
    return Truth(session.astype(np.int32), t_ms, phone.astype(np.int32), x_m[mark], y_m[mark], nowhere, ground)


def _recording(plan: Plan, name: str, sightings: Sightings, truth: Truth) -> Recording:
    anchors = anchors_of(plan)
    return Recording(
        name=name,
        part=PART,
        anchors=anchors,
        zones=zones_of(plan),
        floors=floors_of(plan),
        sessions=("out", "back"),
        receivers=tuple(anchor.id for anchor in anchors),
        devices=tuple(f"surveyor-{number + 1}" for number in range(PHONES)),
        zone_names=tuple(zone.id for zone in plan.zones),
        floor_names=(plan.levels[0].id,),
        sightings=sightings,
        truth=truth,
        steps=Steps(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0)),
    )
