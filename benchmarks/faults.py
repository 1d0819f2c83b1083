"""Faults: recorded walks through gateways that are broken on purpose, beside the same walks through sound ones; the faults are simulated.

    python -m benchmarks.faults [--folder DATA] [CASE ...]

Calibration is always of the sound recording, and never of the session that is judged. Which gateways break is drawn anew DRAWS times with a
fixed seed, and all draws are judged together. A clock an hour behind is what is left of it where nobody corrects it: the live server does
(`geofence/intake/clocks.py`), within 10 seconds, and then nothing is lost but those. A gateway that got loud stays so here, since no
recording has beacons of known place; what is learned from those while running is in `geofence/tracking/gains.py`.
"""

import argparse
import fnmatch
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from aislecast import report
from aislecast.score import Rows, score
from aislecast.twin.columns import Ints
from aislecast.twin.recording import Recording, Sightings, read_recording
from benchmarks.positioning import CASES, SEED, Case, intervals, of_sessions, predicted, taught
from geofence.positioning.anchors import Calibration
from geofence.settings import Settings

DRAWS: Final = 3
DEAD: Final = 0.2
HOUR_MS: Final = 3_600_000
LOUD_DB: Final = 15.0
NAMES: Final = ("tetam-office walking", "tetam-office standing", "warsaw-flat")

Fault = Callable[[Recording, Ints], Recording]
"""What is broken, of which receivers."""


def dead(recording: Recording, receivers: Ints) -> Recording:
    """They hear nothing."""
    heard = recording.sightings
    kept = ~np.isin(heard.receiver, receivers)
    return replace(recording, sightings=Sightings(*(getattr(heard, name)[kept] for name in heard.__dataclass_fields__)))


def behind(recording: Recording, receivers: Ints) -> Recording:
    """Their clocks show an hour less."""
    heard = recording.sightings
    t_ms = heard.t_ms - np.where(np.isin(heard.receiver, receivers), HOUR_MS, 0)
    order = np.lexsort((t_ms, heard.session))
    shifted = replace(heard, t_ms=t_ms)
    return replace(recording, sightings=Sightings(*(getattr(shifted, name)[order] for name in heard.__dataclass_fields__)))


def loud(recording: Recording, receivers: Ints) -> Recording:
    """They read 15 dB more than they did when they were calibrated; what they then read as impossible is left out downstream."""
    heard = recording.sightings
    more = np.where(np.isin(heard.receiver, receivers), LOUD_DB, 0.0)
    return replace(recording, sightings=replace(heard, rssi_dbm=np.minimum(heard.rssi_dbm + more, -1.0)))


FAULTS: Final[tuple[tuple[str, float, Fault], ...]] = (
    ("20 % of gateways dead", DEAD, dead),
    ("one gateway's clock an hour behind, uncorrected", 0.0, behind),
    ("one gateway 15 dB loud", 0.0, loud),
    ("all three", DEAD, lambda recording, receivers: loud(behind(dead(recording, receivers[2:]), receivers[:1]), receivers[1:2])),
)
"""Name, what share of the gateways it takes (at least one), and what it does."""


def lines(case: Case, folder: Path) -> list[str]:
    """The case's rows of the table, in Markdown."""
    recording = read_recording(folder / case.folder)
    judged = [at for at, name in enumerate(recording.sessions) if fnmatch.fnmatchcase(name, case.judged)]
    names = {recording.sessions[at] for at in judged}
    every = report.truth_rows(recording)
    truth = of_sessions(every, np.array([name.split("\n")[0] in names for name in every.session]))
    calibrations = taught(case, recording, judged)
    found = [_line(case, "nothing broken", [truth], [_said(recording, judged, calibrations)])]
    chance = np.random.default_rng(SEED)
    for name, share, fault in FAULTS:
        count = max(1, round(share * len(recording.receivers))) + (2 if name == "all three" else 0)
        broken = [chance.choice(len(recording.receivers), count, replace=False) for _ in range(DRAWS)]
        rows = [_said(fault(recording, receivers), judged, calibrations) for receivers in broken]
        found.append(_line(case, f"{name} (simulated)", [truth] * DRAWS, rows))
    return found


def _said(recording: Recording, judged: Sequence[int], calibrations: dict[int, Calibration | None]) -> Rows:
    return predicted(recording, judged, Settings(locator="grid"), calibrations)


def _line(case: Case, fault: str, truths: list[Rows], rows: list[Rows]) -> str:
    """All draws as one: the sessions of draw i are called otherwise, so that they do not meet."""
    truth, said = _joined(truths), _joined(rows)
    told = score(truth, said)
    error = told["error_m"]
    assert isinstance(error, dict)
    around = intervals(truth, said)
    cells = [f"{error[key]:.2f} ({around[key][0]:.2f} to {around[key][1]:.2f})" for key in ("median", "p95")]
    cells.append(f"{told['zone_share']:.2f} ({around['zone'][0]:.2f} to {around['zone'][1]:.2f})")
    return "| " + " | ".join([case.name, fault, *cells, f"{told['answered_share']:.3f}"]) + " |"


def _joined(parts: list[Rows]) -> Rows:
    t_s, x_m, y_m = (np.concatenate([getattr(part, name) for part in parts]) for name in ("t_s", "x_m", "y_m"))
    session = tuple(f"draw {number}, {name}" for number, part in enumerate(parts) for name in part.session)
    zone = tuple(zone for part in parts for zone in part.zone)
    return Rows(session, t_s, x_m, y_m, zone)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns 0, or 2 where the recordings are not to be found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description="Recorded walks through broken gateways.")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("AISLECAST_DATA", "../shared/data")))
    parser.add_argument("names", nargs="*", help="cases whose name starts so; all where left out")
    asked = parser.parse_args(arguments)
    if not asked.folder.is_dir():
        print(f"no recordings in {asked.folder}; name their folder with --folder or AISLECAST_DATA", file=sys.stderr)
        return 2
    print("| case | broken | median m | p95 m | right zone | answered |\n|---|---|---|---|---|---|")
    for case in CASES:
        if case.name.startswith(NAMES) and (not asked.names or case.name.startswith(tuple(asked.names))):
            for told in lines(case, asked.folder):
                print(told, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
