"""Anchors of a plan: its placements as columns, with what calibration knows of each radio's gain.

Pure. A calibration file is JSON: `{"version": 1, "gains_db": {"<gateway id or beacon key>": 4.6, ...}}`; a positive gain means this
radio reads louder than its fellows at the same distance. Ten dB between receivers of one model are usual.
"""

from collections.abc import Mapping

import msgspec
import numpy as np

from floorplans.model import Placement, Plan
from geofence.locator import Anchors


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of a venue's radios beside their places."""

    version: int = 1
    gains_db: dict[str, float] = {}


def read_calibration(raw: bytes) -> Calibration:
    """The calibration in a file's bytes; raises ValueError naming the field and what was expected."""
    try:
        return msgspec.json.decode(raw, type=Calibration)
    except msgspec.DecodeError as error:
        raise ValueError(f"no calibration file: {error}") from error


def anchors_of(plan: Plan, calibration: Calibration | None = None) -> Anchors:
    """The plan's placements in order, one an anchor; of one that was moved, the newest."""
    newest: dict[str, Placement] = {}
    for placement in plan.placements:
        known = newest.get(placement.subject)
        if known is None or placement.from_ms >= known.from_ms:
            newest[placement.subject] = placement
    gains: Mapping[str, float] = calibration.gains_db if calibration else {}
    position = {level.id: at for at, level in enumerate(plan.levels)}
    placed = tuple(newest.values())
    return Anchors(
        tuple(placement.subject for placement in placed),
        np.array([position[placement.level] for placement in placed], np.int64),
        np.array([placement.x_m for placement in placed], np.float64),
        np.array([placement.y_m for placement in placed], np.float64),
        np.array([gains.get(placement.subject, 0.0) for placement in placed], np.float64),
    )
