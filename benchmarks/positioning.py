"""Positioning: the goals table, filled in from the development parts of the recordings, each judged by what was kept from calibration.

    python -m benchmarks.positioning [--quick] [--folder DATA] [--keep FILE] [--against FILE] [CASE ...]

What is kept apart says what a row means (`CASES`): a new place between surveyed ones, rooms nobody surveyed, other months, another handset;
or, much milder, other minutes at the same places. Intervals are of a block bootstrap (`bootstrap.py`). `--keep` writes what became of every
row; `--against` prints how a later run differs from it, paired: so can a change of a method be judged by whoever doubts it.

Zones are said three ways. *Raw*: the most probable one of a fix alone, which is all that a method without memory has. *Map*: the same,
steadied, which every other column is about. *Presence*: what is held, which campaigns act on; what was held last, while nothing is.
"""

import argparse
import fnmatch
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np

from aislecast.replaying import report
from aislecast.replaying.score import Beliefs, Rows, score, switched
from aislecast.replaying.survey import TENANT, VENUE, plan_with, windows_of
from aislecast.replaying.walks import Walked, walk
from aislecast.surveying.calibration import calibration_of
from aislecast.twin.columns import Floats, Ints
from aislecast.twin.recording import Recording, Sightings, Steps, Truth, read_recording
from benchmarks.bootstrap import Judged, against, intervals, judged, keep, kept
from geofence.positioning.anchors import Calibration
from geofence.settings import Settings

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
    best3, stood = (tuple(column[row] for row in at.tolist()) for column in (rows.beliefs.best3, rows.beliefs.held))
    beliefs = Beliefs(best3, rows.beliefs.probability[at], aisle, stood)
    return replace(rows, session=session, t_s=rows.t_s[at], x_m=rows.x_m[at], y_m=rows.y_m[at], zone=zone, floor=floor, beliefs=beliefs)


def joined(parts: Sequence[Rows]) -> Rows:
    """Predictions one after the other."""
    t_s, x_m, y_m = (np.concatenate([getattr(part, name) for part in parts]) for name in ("t_s", "x_m", "y_m"))
    session, zone, floor = (sum((getattr(part, name) for part in parts), ()) for name in ("session", "zone", "floor"))
    believed = [part.beliefs for part in parts if part.beliefs is not None]
    best3, aisle, stood = (sum((getattr(one, name) for one in believed), ()) for name in ("best3", "aisle", "held"))
    beliefs = Beliefs(best3, np.concatenate([one.probability for one in believed]), aisle, stood)
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


def raw(rows: Rows) -> Rows:
    """The predictions with the most probable zone of each fix alone."""
    assert rows.beliefs is not None
    return replace(rows, zone=tuple(zones[0] if zones else "" for zones in rows.beliefs.best3))


def held(rows: Rows) -> Rows:
    """The predictions with the zone presence held, or held last, in the first layer in which it holds one."""
    assert rows.beliefs is not None
    last: dict[str, str] = {}
    zones = [""] * len(rows.t_s)
    for at in np.argsort(rows.t_s, kind="stable").tolist():
        now = next((zone for zone in rows.beliefs.held[at] if zone), "")
        zones[at] = last[rows.session[at]] = now or last.get(rows.session[at], "")
    return replace(rows, zone=tuple(zones))


def line(case: Case, method: str, truth: Rows, rows: Rows, seen: dict[str, Judged]) -> str:
    """One line of the table, in Markdown; what became of its rows goes into `seen`."""
    told: dict[str, Any] = score(truth, rows)
    mine = seen[f"{case.name}, {method}"] = judged(truth, rows)
    [around] = intervals(mine)
    error, cells = told.get("error_m") or {}, [case.name, method]
    known = error.get("median") is not None
    cells += [_with(error[name], around[name]) if known else "-" for name in ("median", "p95")]
    cells.append(_with(told["zone_share"], around["zone"]))
    keys = ("aisle_share", "best3_share", "floor_share", "ece")
    cells += ["-" if told.get(key) is None else str(told[key]) for key in keys]
    cells += [_switches(truth, said) for said in (raw(rows), rows, held(rows))]
    curve = [f"{at['threshold']}: {_push(at)}" for at in told.get("push_precision", [])]
    cells.append("; ".join(curve) if method.startswith("grid") else "")
    cells.append(_push(told["presence"]) if "presence" in told else "-")
    cells.append(str(told.get("door", "")))
    return "| " + " | ".join(cells) + " |"


def _with(figure: float, around: tuple[float, float]) -> str:
    return f"{figure:.2f} ({around[0]:.2f} to {around[1]:.2f})"


def _switches(truth: Rows, rows: Rows) -> str:
    """False switches an hour / share of true ones found."""
    told = switched(truth, rows).figures()
    return f"{told['false_switches_per_hour']} / {told['true_switch_recall']}"


def _push(told: dict[str, Any]) -> str:
    return f"{told['precision']}/{told['recall']}/{told['delay_s']}"


def compared(before: dict[str, Judged], now: dict[str, Judged]) -> Iterator[str]:
    """How each line differs from a kept run's; paired 90 % intervals."""
    for name, mine in now.items():
        if name not in before:
            yield f"{name}: not in the kept run"
            continue
        try:
            yield f"{name}: {against(before[name], mine)}"
        except ValueError as error:
            yield f"{name}: {error}"


def lines(case: Case, folder: Path, methods: Sequence[str], seen: dict[str, Judged]) -> Iterator[str]:
    """The case's lines: light methods without calibration, then those that calibration helps, without and with."""
    recording = read_recording(folder / case.folder, sessions="m1-*" if case.folder == "mall-hangzhou" else "*")
    sessions = [at for at, name in enumerate(recording.sessions) if fnmatch.fnmatchcase(name, case.judged) and case.judges(recording, at)]
    every = report.truth_rows(recording)
    names = {recording.sessions[at] for at in sessions}
    truth = of_sessions(every, np.array([name.split("\n")[0] in names for name in every.session]))
    for method, rows in _said(case, recording, sessions, methods):
        yield line(case, method, truth, rows, seen)


def _said(case: Case, recording: Recording, judged: Sequence[int], methods: Sequence[str]) -> Iterator[tuple[str, Rows]]:
    """What each method says of the judged sessions."""
    placed = recording.anchors[0].placed
    for method in methods if placed else ():
        yield method, predicted(recording, judged, Settings(locator=method), dict.fromkeys(judged))
    if case.turn_s:
        yield "grid, calibrated", in_turns(case, recording, judged, Settings(locator="grid"))
        return
    calibrations = taught(case, recording, judged)
    for method in methods:
        if method in ("path_loss", "grid") or not placed:
            yield f"{method}, calibrated", predicted(recording, judged, Settings(locator=method), calibrations)
    if "grid" in methods and len(recording.steps.t_ms):
        none = np.zeros(len(recording.steps.t_ms), np.bool_)
        still = replace(recording, steps=Steps(*_rows(recording.steps, none)))
        yield "grid, calibrated, no steps", predicted(still, judged, Settings(locator="grid"), calibrations)


HEADS: Final = (
    "case",
    "method",
    "median m",
    "p95 m",
    "right zone",
    "aisle",
    "best 3",
    "floor",
    "ECE",
    "false switches/h / true found, raw",
    "the same, map",
    "the same, presence",
    "push p: precision/recall/delay s",
    "presence: precision/recall/delay s",
    "door",
)


def all_there(names: Sequence[str], cases: Sequence[Case]) -> bool:
    """Whether each of the names begins that of a case; says which do not, and what there is."""
    unknown = [name for name in names if not any(case.name.startswith(name) for case in cases)]
    if unknown:
        print(f"no case begins with {', '.join(unknown)}; there are: {'; '.join(case.name for case in cases)}", file=sys.stderr)
    return not unknown


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns 0, or 2 where the recordings, the kept run or a case that is named are not to be found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.positioning", description="The goals table on cross-validated walks.")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("AISLECAST_DATA", "../shared/data")))
    parser.add_argument("--quick", action="store_true", help="the grid filter alone")
    parser.add_argument("--keep", type=Path, help="write what became of every row to this file (.npz)")
    parser.add_argument("--against", type=Path, help="print how this run differs from the kept one, paired")
    parser.add_argument("names", nargs="*", help="cases whose name starts so; all where left out")
    asked = parser.parse_args(arguments)
    for path, what in ((asked.folder, "recordings in"), (asked.against or asked.folder, "kept run at")):
        if not path.exists():
            print(f"no {what} {path}; name the recordings with --folder or AISLECAST_DATA, a run with --against", file=sys.stderr)
            return 2
    if not all_there(asked.names, CASES):
        return 2
    print("| " + " | ".join(HEADS) + " |\n" + "|---" * len(HEADS) + "|")
    seen: dict[str, Judged] = {}
    for case in CASES:
        if not asked.names or any(case.name.startswith(name) for name in asked.names):
            for told in lines(case, asked.folder, ("grid",) if asked.quick else (*LIGHT, "grid"), seen):
                print(told, flush=True)
    if asked.keep is not None:
        keep(asked.keep, seen)
    for told in compared(kept(asked.against), seen) if asked.against is not None else ():
        print(told)
    return 0


if __name__ == "__main__":
    sys.exit(main())
