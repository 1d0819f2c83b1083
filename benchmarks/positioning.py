"""Positioning: the goals table, filled in from the development parts of the recordings, each judged by what was kept from calibration.

    python -m benchmarks.positioning [--quick] [--folder DATA]

What is kept apart says what a row means (`CASES`): a new place between surveyed ones, rooms nobody surveyed, other months, another handset;
or, much milder, other minutes at the same places. Intervals are of a block bootstrap: whole sessions, or minutes of them, are drawn again,
because neighbouring rows are not independent.
"""

import argparse
import fnmatch
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from aislecast import report
from aislecast.calibration import calibration_of
from aislecast.score import Beliefs, Rows, answers, score
from aislecast.survey import TENANT, VENUE, plan_with, windows_of
from aislecast.twin.columns import Floats, Ints
from aislecast.twin.recording import Recording, Sightings, Steps, Truth, read_recording
from aislecast.walks import Walked, walk
from geofence.positioning.anchors import Calibration
from geofence.settings import Settings

SEED: Final = 20261121
DRAWS: Final = 400
BLOCK_S: Final = 60.0
ON_M: Final = 0.5
GRID_M: Final = (2.59, 2.19)
"""Between the surveyed points of tetam-office."""
LIGHT: Final = ("nearest", "weighted_centroid", "path_loss")


Fold = Callable[[Recording, int], int]
"""In which fold a session is judged."""


def by_itself(_: Recording, session: int) -> int:
    """Each session is a fold."""
    return session


def in_turn(count: int) -> Fold:
    """So many folds, one session after the other."""
    return lambda _, session: session % count


def handset(recording: Recording, session: int) -> int:
    """By what a session's name begins with."""
    return ("a5", "bq").index(recording.sessions[session][:2])


def apart(recording: Recording, session: int) -> int:
    """Surveyed points in eight folds, none with its neighbour: a new place in a surveyed office, not a corner nobody surveyed."""
    row = int(np.flatnonzero(recording.truth.session == session)[0])
    column, along = round(float(recording.truth.x_m[row]) / GRID_M[0]), round(float(recording.truth.y_m[row]) / GRID_M[1])
    return (column + 3 * along) % 8


def anywhere(recording: Recording, session: int) -> bool:
    """Every session has truth to be judged by."""
    return bool((recording.truth.session == session).any())


def walked_over(recording: Recording, session: int) -> bool:
    """Whether a track passed the surveyed point within ON_M."""
    truth, tracks = recording.truth, [at for at, name in enumerate(recording.sessions) if name.startswith("track-")]
    walked, row = np.isin(truth.session, tracks), int(np.flatnonzero(truth.session == session)[0])
    return bool(np.hypot(truth.x_m[walked] - truth.x_m[row], truth.y_m[walked] - truth.y_m[row]).min() < ON_M)


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the goals table."""

    name: str
    folder: str
    judged: str
    """Sessions that are scored."""
    fold: Fold
    taught: str = "*"
    """Sessions that calibration may see, when they are not in the fold."""
    judges: Callable[[Recording, int], bool] = anywhere
    """Which of the sessions are scored."""
    turn_s: float = 0.0
    """If above 0, folds are spans of so many seconds of the judged sessions, `turns` of them in turn, and `fold` is not asked."""
    turns: int = 1

    def turn_of(self, t_ms: Ints | Floats) -> Ints:
        """Which turn these moments fall into."""
        return (t_ms // (self.turn_s * 1000)).astype(np.int64) % self.turns


CASES: Final = (
    Case("tetam-office walking, other tracks", "tetam-office", "track-*", by_itself),
    Case("tetam-office walking, other months", "tetam-office", "track-*", by_itself, taught="survey-*"),
    Case("tetam-office standing, new places", "tetam-office", "survey-*", apart),
    Case("tetam-office standing, other months", "tetam-office", "survey-*", by_itself, taught="track-*", judges=walked_over),
    Case("tetam-office standing, surveyed places", "tetam-office", "survey-*", by_itself, turn_s=45.0, turns=2),
    Case("uji-library, other handset", "uji-library", "*", handset),
    Case("warsaw-flat, rooms not surveyed", "warsaw-flat", "*", by_itself),
    Case("warsaw-flat, surveyed rooms", "warsaw-flat", "*", by_itself, turn_s=30.0, turns=4),
    Case("sal-door, cars, other runs", "sal-door", "car*", by_itself),
    Case("mall-hangzhou site1, other traces", "mall-hangzhou", "m1-*", in_turn(10)),
)


def restricted(recording: Recording, sessions: Ints) -> Recording:
    """The recording with these sessions' rows only; numbers stay as they are."""
    heard, truth, steps = (np.isin(part.session, sessions) for part in (recording.sightings, recording.truth, recording.steps))
    return replace(
        recording,
        sightings=Sightings(*_rows(recording.sightings, heard)),
        truth=Truth(*_rows(recording.truth, truth)),
        steps=Steps(*_rows(recording.steps, steps)),
    )


def _rows(part: Sightings | Truth | Steps, kept: np.ndarray[Any, np.dtype[np.bool_]]) -> list[Any]:
    return [getattr(part, name)[kept] for name in part.__dataclass_fields__]


def predicted(recording: Recording, judged: Sequence[int], settings: Settings, calibrations: dict[int, Calibration | None]) -> Rows:
    """What the engine says of the sessions, each with its own calibration."""
    walked = Walked(recording)
    walked.predictions.aisles = report.aisles_of(recording)
    windows = windows_of(recording)
    by_file: dict[int, list[int]] = {}
    for session in judged:
        by_file.setdefault(id(calibrations[session]), []).append(session)
    for sessions in by_file.values():
        calibration = calibrations[sessions[0]]
        walk(walked, windows, plan_with(recording, calibration, TENANT, VENUE), sessions, settings, calibration)
    return walked.rows()


def taught(case: Case, recording: Recording, judged: Sequence[int]) -> dict[int, Calibration | None]:
    """For each judged session a calibration that has not seen its fold."""
    folds = [case.fold(recording, session) for session in judged]
    allowed = [at for at, name in enumerate(recording.sessions) if fnmatch.fnmatchcase(name, case.taught)]
    found: dict[int, Calibration | None] = {}
    by_seen: dict[tuple[int, ...], Calibration] = {}
    for fold in sorted(set(folds)):
        held = [session for session, of in zip(judged, folds, strict=True) if of == fold]
        seen = tuple(session for session in allowed if session not in held)
        if seen not in by_seen:
            by_seen[seen] = calibration_of(restricted(recording, np.array(seen)))
        found |= dict.fromkeys(held, by_seen[seen])
    return found


def in_turns(case: Case, recording: Recording, judged: Sequence[int], settings: Settings) -> Rows:
    """Each span of the judged sessions as the engine says it with a calibration that has not seen that span, nor those of its turn."""
    parts = []
    for turn in range(case.turns):
        calibration: Calibration | None = calibration_of(without(recording, judged, case, turn))
        said = predicted(recording, judged, settings, dict.fromkeys(judged, calibration))
        parts.append(picked(said, np.flatnonzero(case.turn_of(said.t_s * 1000) == turn)))
    return joined(parts)


def without(recording: Recording, judged: Sequence[int], case: Case, turn: int) -> Recording:
    """The recording without one turn of the judged sessions."""
    columns = recording.sightings, recording.truth
    heard, truth = (~(np.isin(part.session, judged) & (case.turn_of(part.t_ms) == turn)) for part in columns)
    return replace(recording, sightings=Sightings(*_rows(recording.sightings, heard)), truth=Truth(*_rows(recording.truth, truth)))


def picked(rows: Rows, at: Ints) -> Rows:
    """Some predictions."""
    assert rows.beliefs is not None
    texts = (rows.session, rows.zone, rows.floor, rows.beliefs.aisle)
    session, zone, floor, aisle = (tuple(column[row] for row in at.tolist()) for column in texts)
    beliefs = Beliefs(tuple(rows.beliefs.best3[row] for row in at.tolist()), rows.beliefs.probability[at], aisle)
    return replace(rows, session=session, t_s=rows.t_s[at], x_m=rows.x_m[at], y_m=rows.y_m[at], zone=zone, floor=floor, beliefs=beliefs)


def joined(parts: Sequence[Rows]) -> Rows:
    """Predictions one after the other."""
    t_s, x_m, y_m = (np.concatenate([getattr(part, name) for part in parts]) for name in ("t_s", "x_m", "y_m"))
    session, zone, floor = (sum((getattr(part, name) for part in parts), ()) for name in ("session", "zone", "floor"))
    believed = [part.beliefs for part in parts if part.beliefs is not None]
    best3, aisle = (sum((getattr(one, name) for one in believed), ()) for name in ("best3", "aisle"))
    beliefs = Beliefs(best3, np.concatenate([one.probability for one in believed]), aisle)
    return replace(parts[0], session=session, t_s=t_s, x_m=x_m, y_m=y_m, zone=zone, floor=floor, beliefs=beliefs)


def of_sessions(rows: Rows, keep: np.ndarray[Any, np.dtype[np.bool_]]) -> Rows:
    """Truth rows where `keep` is true."""
    picked = np.flatnonzero(keep).tolist()
    return replace(
        rows,
        session=tuple(rows.session[at] for at in picked),
        t_s=rows.t_s[keep],
        x_m=rows.x_m[keep],
        y_m=rows.y_m[keep],
        zone=tuple(rows.zone[at] for at in picked),
        floor=tuple(rows.floor[at] for at in picked),
    )


def intervals(truth: Rows, rows: Rows) -> dict[str, tuple[float, float]]:
    """90 % block-bootstrap intervals of the median and 95 % error and the zone share."""
    found = answers(truth, rows)
    right = np.array([at >= 0 and truth.zone[row] == rows.zone[at] for row, at in enumerate(found.tolist())])
    error = np.where(found >= 0, np.hypot(truth.x_m - rows.x_m[found], truth.y_m - rows.y_m[found]), np.nan)
    names = {name: number for number, name in enumerate(dict.fromkeys(truth.session))}
    block = np.array([names[name] for name in truth.session]) * 10_000 + (truth.t_s // BLOCK_S).astype(np.int64)
    groups = [np.flatnonzero((block == number) & (truth.t_s >= 0)) for number in np.unique(block)]
    chance = np.random.default_rng(SEED)
    draws = []
    for _ in range(DRAWS):
        picked = np.concatenate([groups[at] for at in chance.integers(0, len(groups), len(groups))])
        known = error[picked][np.isfinite(error[picked])]
        draws.append((*(np.quantile(known, (0.5, 0.95)) if len(known) else (np.nan, np.nan)), right[picked].mean()))
    low, high = np.nanquantile(np.array(draws), (0.05, 0.95), axis=0)
    return {name: (float(low[at]), float(high[at])) for at, name in enumerate(("median", "p95", "zone"))}


def line(case: Case, method: str, truth: Rows, rows: Rows) -> str:
    """One line of the table, in Markdown."""
    told: dict[str, Any] = score(truth, rows)
    error, shares = told.get("error_m") or {}, []
    around = intervals(truth, rows) if error and error.get("median") is not None else {}
    for key, name in (("median", "median"), ("p95", "p95")):
        shares.append(f"{error[key]:.2f} ({around[name][0]:.2f} to {around[name][1]:.2f})" if name in around else "-")
    zone = f"{told['zone_share']:.3f}" + (f" ({around['zone'][0]:.2f} to {around['zone'][1]:.2f})" if around else "")
    cells = [case.name, method, *shares, zone]
    keys = ("aisle_share", "best3_share", "floor_share", "ece", "false_switches_per_hour")
    cells += ["-" if told.get(key) is None else str(told[key]) for key in keys]
    curve = [f"{at['threshold']}: {at['precision']}/{at['recall']}/{at['delay_s']}" for at in told.get("push_precision", [])]
    cells.append("; ".join(curve) if method.startswith("grid") else "")
    cells.append(str(told.get("door", "")))
    return "| " + " | ".join(cells) + " |"


def lines(case: Case, folder: Path, methods: Sequence[str]) -> list[str]:
    """The case's lines: light methods without calibration, then those that calibration helps, without and with."""
    recording = read_recording(folder / case.folder, sessions="m1-*" if case.folder == "mall-hangzhou" else "*")
    judged = [at for at, name in enumerate(recording.sessions) if fnmatch.fnmatchcase(name, case.judged) and case.judges(recording, at)]
    every = report.truth_rows(recording)
    names = {recording.sessions[at] for at in judged}
    truth = of_sessions(every, np.array([name.split("\n")[0] in names for name in every.session]))
    unknown: dict[int, Calibration | None] = dict.fromkeys(judged)
    if case.turn_s:
        return [line(case, "grid, calibrated", truth, in_turns(case, recording, judged, Settings(locator="grid")))]
    calibrations, found = taught(case, recording, judged), []
    for method in methods:
        settings = Settings(locator=method)
        if recording.anchors[0].placed:
            found.append(line(case, method, truth, predicted(recording, judged, settings, unknown)))
        if method in ("path_loss", "grid") or not recording.anchors[0].placed:
            rows = predicted(recording, judged, settings, calibrations)
            found.append(line(case, f"{method}, calibrated", truth, rows))
        if method == "grid" and len(recording.steps.t_ms):
            none = np.zeros(len(recording.steps.t_ms), np.bool_)
            still = replace(recording, steps=Steps(*_rows(recording.steps, none)))
            found.append(line(case, "grid, calibrated, no steps", truth, predicted(still, judged, settings, calibrations)))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns 0, or 2 where the recordings are not to be found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.positioning", description="The goals table on cross-validated walks.")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("AISLECAST_DATA", "../shared/data")))
    parser.add_argument("--quick", action="store_true", help="the grid filter alone")
    parser.add_argument("names", nargs="*", help="cases whose name starts so; all where left out")
    asked = parser.parse_args(arguments)
    if not asked.folder.is_dir():
        print(f"no recordings in {asked.folder}; name their folder with --folder or AISLECAST_DATA", file=sys.stderr)
        return 2
    heads = (
        "case",
        "method",
        "median m",
        "p95 m",
        "right zone",
        "aisle",
        "best 3",
        "floor",
        "ECE",
        "false switches/h",
        "push p: precision/recall/delay s",
        "door",
    )
    print("| " + " | ".join(heads) + " |\n" + "|---" * len(heads) + "|")
    for case in CASES:
        if not asked.names or any(case.name.startswith(name) for name in asked.names):
            for told in lines(case, asked.folder, ("grid",) if asked.quick else (*LIGHT, "grid")):
                print(told, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
