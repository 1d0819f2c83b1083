"""Fitting: how far a calibration fits the plan it is used on, and what of it is left out there.

Pure. A calibration is of one day, a plan goes on: gateways are added, taken down and moved. What a file says of a radio that is not on the
plan has no effect by itself, and a radio that the file does not know is taken for an ordinary one. A radio that hangs elsewhere than when
the walk was made is the trap: its gain is its own and goes with it, but its radio map tells how loud it is around its old place. So the
map's rows of radios that hang more than MOVED_M from where they hung then are left out, and path loss serves for them until the next walk.
Where a radio hung then is in the file (`Calibration.anchors`); of one that says nothing of it, nothing can be compared.

Prints stay whatever the plan says: they tell what places sound like, and the places of their beacons are themselves only estimates.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
from msgspec.structs import replace

from floorplans.model import Plan
from geofence.positioning.anchors import Calibration, RadioMap, anchors_of
from groundwork.contracts.ids import CalibrationId

MOVED_M: Final = 0.5
"""A square of the radio map (`calibrate.PLACE_M`), and about what a tape measure and a drawn plan differ by."""


class Known(NamedTuple):
    """A venue's calibration under its id. The empty id is of what holds for every venue of a process: nothing, or a replay's one file."""

    id: CalibrationId = CalibrationId("")
    calibration: Calibration | None = None


Given = Calibration | Known | None
"""A calibration under its id, or one that holds whatever the venue."""


def known_of(given: Given) -> Known:
    """The calibration under its id."""
    return given if isinstance(given, Known) else Known(calibration=given)


class Misfit(NamedTuple):
    """What of a calibration and a plan does not belong together; names in alphabetical order."""

    unplaced: tuple[str, ...]
    """Radios of the file that are not on the plan."""
    unknown: tuple[str, ...]
    """Radios on the plan of which the file says nothing."""
    moved: tuple[str, ...]
    """Radios that hang elsewhere than when the file was made; their radio map is left out."""
    levels: tuple[str, ...]
    """Levels of the file that are not on the plan."""


def misfit(calibration: Calibration, plan: Plan) -> Misfit:
    """What does not fit."""
    placed, named = {placement.subject for placement in plan.placements}, set(_named(calibration))
    levels = {one.level for one in calibration.maps} | {one.level for one in calibration.anchors.values()}
    levels |= set(calibration.prints.levels) if calibration.prints else set()
    return Misfit(
        tuple(sorted(named - placed)),
        tuple(sorted(placed - named)),
        tuple(sorted(_moved(calibration, plan))),
        tuple(sorted(levels - {str(level.id) for level in plan.levels})),
    )


def is_of_elsewhere(calibration: Calibration, plan: Plan) -> bool:
    """Whether the file names radios and none of them is on the plan: then it is of another venue."""
    named = set(_named(calibration))
    return bool(named) and named.isdisjoint(placement.subject for placement in plan.placements)


def fitted(calibration: Calibration, plan: Plan) -> Calibration:
    """The calibration without what is known to be wrong on this plan; the same one where that is nothing."""
    moved = _moved(calibration, plan) if calibration.maps else frozenset()
    return replace(calibration, maps=[_without(one, moved) for one in calibration.maps]) if moved else calibration


def _named(calibration: Calibration) -> Iterator[str]:
    yield from calibration.gains_db
    yield from calibration.anchors
    for one in calibration.maps:
        yield from one.residual_ddb
    if calibration.prints:
        yield from calibration.prints.subjects


def _moved(calibration: Calibration, plan: Plan) -> frozenset[str]:
    anchors, levels = anchors_of(plan), [str(level.id) for level in plan.levels]
    columns = (anchors.level.tolist(), anchors.x_m.tolist(), anchors.y_m.tolist())
    moved = []
    for subject, level, x_m, y_m in zip(anchors.subjects, *columns, strict=True):
        then = calibration.anchors.get(subject)
        if then is not None and (then.level != levels[level] or np.hypot(then.x_m - x_m, then.y_m - y_m) > MOVED_M):
            moved.append(subject)
    return frozenset(moved)


def _without(one: RadioMap, moved: frozenset[str]) -> RadioMap:
    return replace(one, residual_ddb={subject: residual for subject, residual in one.residual_ddb.items() if subject not in moved})
