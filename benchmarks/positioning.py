"""Positioning: the goals table, filled in from the development parts of the recordings, each judged by what was kept from calibration.

    python -m benchmarks.positioning [--quick] [--folder DATA]

Kept apart by track (tetam-office walking), surveyed point (standing), handset (uji-library), run (warsaw-flat, whose runs visit different
rooms: harsher than a new run through known ones), run (sal-door) and trace (mall-hangzhou). Intervals are of a block bootstrap: whole
sessions, or minutes of them, are drawn again, because neighbouring rows are not independent.
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
from aislecast.score import Rows, answers, score
from aislecast.survey import TENANT, VENUE, plan_with, windows_of
from aislecast.twin.columns import Ints
from aislecast.twin.recording import Recording, Sightings, Steps, Truth, read_recording
from aislecast.walks import Walked, walk
from geofence.anchors import Calibration
from geofence.settings import Settings

SEED: Final = 20261121
DRAWS: Final = 400
BLOCK_S: Final = 60.0
LIGHT: Final = ("nearest", "weighted_centroid", "path_loss")


@dataclass(frozen=True, slots=True)
class Case:
    """One row of the goals table."""

    name: str
    folder: str
    judged: str
    """Sessions that are scored."""
    fold_of: Callable[[str, int], int]
    """Which fold a session (name, number) is judged in."""
    taught: str = "*"
    """Sessions that calibration may see, when they are not in the fold."""


CASES: Final = (
    Case("tetam-office walking", "tetam-office", "track-*", lambda _, at: at),
    Case("tetam-office standing", "tetam-office", "survey-*", lambda _, at: at % 8),
    Case("uji-library, other handset", "uji-library", "*", lambda name, _: ("a5", "bq").index(name[:2])),
    Case("warsaw-flat, other rooms", "warsaw-flat", "*", lambda _, at: at),
    Case("sal-door, cars", "sal-door", "car*", lambda _, at: at),
    Case("mall-hangzhou site1", "mall-hangzhou", "m1-*", lambda _, at: at % 4),
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
    folds = {session: case.fold_of(recording.sessions[session], at) for at, session in enumerate(judged)}
    found: dict[int, Calibration | None] = {}
    for fold in sorted(set(folds.values())):
        held = [session for session in judged if folds[session] == fold]
        others = np.array([session for session in range(len(recording.sessions)) if session not in held])
        calibration = calibration_of(restricted(recording, others))
        found |= dict.fromkeys(held, calibration)
    return found


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
    judged = [at for at, name in enumerate(recording.sessions) if fnmatch.fnmatchcase(name, case.judged)]
    every = report.truth_rows(recording)
    names = {recording.sessions[at] for at in judged}
    truth = of_sessions(every, np.array([name.split("\n")[0] in names for name in every.session]))
    calibrations, found = taught(case, recording, judged), []
    without: dict[int, Calibration | None] = dict.fromkeys(judged)
    for method in methods:
        if recording.anchors[0].placed:
            found.append(line(case, method, truth, predicted(recording, judged, Settings(locator=method), without)))
        if method in ("path_loss", "grid") or not recording.anchors[0].placed:
            rows = predicted(recording, judged, Settings(locator=method), calibrations)
            found.append(line(case, f"{method}, calibrated", truth, rows))
        if method == "grid" and len(recording.steps.t_ms):
            none = np.zeros(len(recording.steps.t_ms), np.bool_)
            still = replace(recording, steps=Steps(*_rows(recording.steps, none)))
            found.append(line(case, "grid, calibrated, no steps", truth, predicted(still, judged, Settings(locator=method), calibrations)))
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
