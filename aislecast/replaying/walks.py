"""Walks: sessions of a recording straight through the engine, without HTTP and database, so that a method can be judged in seconds.

Pure. The rows are what a gateway or a phone would send (medians of half-second windows); the fixes are those of the product's own engine.
The whole flow is for `replay.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from aislecast.replaying.predictions import Predictions
from aislecast.replaying.score import Rows
from aislecast.replaying.survey import TENANT, TIME_ZONE, VENUE, WINDOW_MS, Windows
from aislecast.twin.columns import Ints
from aislecast.twin.recording import Recording, session_start_ms
from floorplans.model import Plan
from geofence.admitted import Admitted, AdmittedHeader, rowless
from geofence.positioning.anchors import Calibration
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from groundwork.contracts.ids import Pseudonym, Track

MINUTE_MS: Final = 60_000


@dataclass(slots=True)
class Walked:
    """What the engine said of some sessions."""

    recording: Recording
    predictions: Predictions = field(default_factory=Predictions)

    def rows(self) -> Rows:
        """As the scorer takes them."""
        starts = [session_start_ms(session, TIME_ZONE) for session in range(len(self.recording.sessions))]
        devices = {Track(number + 1): name for number, name in enumerate(self.recording.carried)}
        return self.predictions.as_rows(self.recording.sessions, starts, devices)


def walk(
    walked: Walked, windows: Windows, plan: Plan, sessions: Sequence[int], settings: Settings, calibration: Calibration | None
) -> None:
    """Runs the sessions through an engine that stands on `plan`, each on a day of its own; what it says is added to `walked`."""
    engine = Engine(plan, settings, calibration, walked.predictions.observe)
    for session in sessions:
        walked.predictions.session = session
        pass_through(engine, walked.recording, windows, session, session_start_ms(session, TIME_ZONE))


def pass_through(engine: Engine, recording: Recording, windows: Windows, session: int, start_ms: int) -> int:
    """One session through an engine that stands on the recording's plan; returns when all that follows from it is over."""
    rows, subjects = np.flatnonzero(windows.session == session), _subjects(recording)
    for device in np.unique(windows.device[rows]).tolist():
        engine.feed([_entry(recording, windows, rows[windows.device[rows] == device], engine.plan, subjects, start_ms)])
    over_ms = start_ms + int(windows.end_ms[rows].max(initial=0)) + engine.settings.visit_end_ms + WINDOW_MS
    engine.feed([_tick(over_ms)])
    return over_ms + MINUTE_MS


def _tick(now_ms: int) -> Admitted:
    """Time goes on until every visit of the session is over, so that nothing learned in one helps in the next."""
    return rowless(AdmittedHeader(kind="tick", tenant=TENANT, venue=VENUE, covered_until_ms=now_ms + MINUTE_MS, admitted_ms=now_ms))


def _subjects(recording: Recording) -> list[str]:
    """What the plan calls each anchor of the recording."""
    from aislecast.twin.recorded_plan import subject_of

    return [subject_of(anchor) for anchor in recording.anchors]


def _entry(recording: Recording, windows: Windows, rows: Ints, plan: Plan, subjects: list[str], start_ms: int) -> Admitted:
    """One device's walk as one entry of the log."""
    moment, anchor = np.nonzero(np.isfinite(windows.rssi_dbm[rows]))
    device, steps = int(windows.device[rows[0]]), recording.steps
    felt = np.flatnonzero(steps.session == windows.session[rows[0]])
    end_ms = windows.end_ms[rows][moment] + start_ms
    last_ms = int(end_ms.max(initial=start_ms))
    header = AdmittedHeader(
        kind="ranging" if recording.ranged else "sightings",
        tenant=TENANT,
        venue=VENUE,
        source="box",
        covered_until_ms=last_ms,
        admitted_ms=last_ms,
        plan_version=plan.version,
        anchors=subjects,
        shoppers=[Pseudonym(f"{device:016x}")],
        rows=len(moment),
        steps=len(felt),
    )
    zeros = np.zeros(len(moment), np.int64)
    return Admitted(
        header,
        np.array([device + 1], np.uint64),
        end_ms - WINDOW_MS,
        windows.rssi_dbm[rows][moment, anchor].astype(np.float32),
        zeros,
        anchor,
        np.full(len(moment), WINDOW_MS),
        zeros + 1,
        steps.t_ms[felt] + start_ms,
        steps.heading_deg[felt].astype(np.float32),
        np.zeros(len(felt), np.int64),
    )
