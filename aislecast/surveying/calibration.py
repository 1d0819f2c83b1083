"""Calibration of a recording: which way of learning fits what its truth says, and what the file says about where it came from.

Pure. Walks with places go to `geofence.positioning.calibrate`, by way of `replaying/survey.py`; listed beacons that nobody placed are found
first, by `geofence.positioning.placing`; a door that knows only two sides is for `doorway.py`.
"""

from collections.abc import Callable
from typing import Final, Literal

import numpy as np
from msgspec.structs import replace

from aislecast.replaying.survey import TENANT, TIME_ZONE, VENUE, digest, samples_of
from aislecast.surveying import doorway
from aislecast.twin.recorded_plan import plan_of, subject_of
from aislecast.twin.recording import Recording
from floorplans.model import Plan
from geofence.positioning.anchors import Calibration, Found, Source, anchors_of
from geofence.positioning.calibrate import Samples, calibrate
from geofence.positioning.cells import cells_of
from geofence.positioning.placing import place_all
from geofence.positioning.prints import prints_of
from geofence.zones.match import ZoneMap
from groundwork.contracts.unfit import Wrong
from groundwork.plumbing.reasons import Words

BESIDE_PRINTS_DB: Final = 10.0
"""Noise of the path loss of beacons that a walk placed, beside prints of the same walk; 8 and 11 dB do as well."""

Step = Literal["samples", "places", "prints", "radios", "door"]
"""What is being learned, for whoever waits."""

FOUND_SOME: Final = Words(
    "{found} of {listed} listed beacons were found; nothing is known of the others",
    "عدد المنارات التي عُرف موضعها {found} من أصل {listed}؛ ولا يُعرف شيء عن الباقي",
)
"""A note; the file keeps it in English."""


def calibration_of(
    recording: Recording, sessions: str = "*", begin: Callable[[Step], None] = lambda _step: None, *, phones: bool = False
) -> Calibration:
    """What the recording teaches about its radios; `begin` is told each step. Raises ValueError where it teaches nothing.

    With `phones` gateways will hear phones, which differ from one another by more than tags do; who ranges is a phone anyway.
    """
    found = _learned(recording, begin, phones=phones or recording.ranged)
    source = Source(recording=recording.name, part=recording.part, sessions=sessions, sha256=digest(recording))
    return replace(found, anchors=found.anchors or _stood(recording), source=source)


def _stood(recording: Recording) -> dict[str, Found]:
    """Where its anchors hung, so that whoever uses the file later can tell which were moved since."""
    placements = plan_of(recording, TENANT, VENUE, TIME_ZONE).placements
    return {one.subject: Found(level=one.level, x_m=round(one.x_m, 2), y_m=round(one.y_m, 2)) for one in placements}


def _learned(recording: Recording, begin: Callable[[Step], None], *, phones: bool) -> Calibration:
    begin("samples")
    plan = plan_of(recording, TENANT, VENUE, TIME_ZONE)
    levels = tuple(level.id for level in plan.levels)
    samples = samples_of(recording, levels)
    if not len(samples.x_m):
        if np.isfinite(recording.truth.x_m).any():
            raise Wrong("at no moment was something listed heard and the place known", "لم تأتِ لحظة سُمع فيها جهاز مدرج وكان الموضع معروفًا")
        begin("door")
        return doorway.calibrated(recording, plan)
    if not plan.placements:
        return _with_found(recording, plan, samples, begin)
    begin("radios")
    return calibrate(samples, anchors_of(plan), cells_of(plan, ZoneMap(plan).zones), levels, phones=phones)


def _with_found(recording: Recording, plan: Plan, samples: Samples, begin: Callable[[Step], None]) -> Calibration:
    """For a venue whose beacons are listed, but placed nowhere."""
    levels = tuple(level.id for level in plan.levels)
    begin("places")
    placed = place_all(samples)
    subjects = [subject_of(anchor) for anchor in recording.anchors]
    found = {
        subject: Found(level=levels[place.level], x_m=round(place.x_m, 2), y_m=round(place.y_m, 2))
        for subject, place in zip(subjects, placed.places, strict=True)
        if place is not None
    }
    if not found:
        raise Wrong("none of the listed beacons was heard often enough to be found", "لم تُسمع أي منارة مدرجة بما يكفي لمعرفة موضعها")
    gains = {subject: round(place.gain_db, 2) for subject, place in zip(subjects, placed.places, strict=True) if place is not None}
    notes = [FOUND_SOME.said("en", found=len(found), listed=len(subjects))]
    begin("prints")
    prints = prints_of(samples, subjects, plan, placed.places)
    return replace(
        placed.calibration, anchors=found, gains_db=gains, prints=prints, noise_db=BESIDE_PRINTS_DB, floor_loss_db=0.0, notes=notes
    )  # levels are for the prints to tell
