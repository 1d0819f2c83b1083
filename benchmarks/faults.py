"""Faults: recorded walks through gateways that are broken on purpose, beside the same walks through sound ones; the faults are simulated.

    python -m benchmarks.faults [--folder DATA] [CASE ...]

Calibration is always of the sound recording, and never of the session that is judged. Each gateway is the loud one once, and who breaks
beside it is drawn with a fixed seed: in all rows the same gateways break, so that rows can be compared, and all draws are judged together.

"Corrected" rows have what the product itself does about it. A clock is found out by `geofence/intake/clocks.py` from batches that come once
a second; what came until then is lost. Gains (`geofence/tracking/gains.py`) are what was learned from the case's other sessions, walked
LEARNING times one after the other by one walker through the same broken gateways: minutes of a shop with a few shoppers in it.
"""

import argparse
import fnmatch
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from aislecast.replaying import report
from aislecast.replaying.score import Rows, score
from aislecast.replaying.survey import TENANT, VENUE, WINDOW_MS, plan_with, windows_of
from aislecast.replaying.walks import pass_through
from aislecast.twin.columns import Ints
from aislecast.twin.recording import Recording, Sightings, read_recording
from benchmarks.bootstrap import SEED, intervals, judged
from benchmarks.positioning import CASES, Case, all_there, of_sessions, predicted, taught
from geofence.intake.clocks import Clocks
from geofence.positioning.anchors import GENERIC, Calibration
from geofence.settings import Settings
from geofence.tracking.engine import Engine
from groundwork.contracts.ids import BootId, GatewayId
from groundwork.contracts.sighting import SightingHeader

DEAD: Final = 0.2
HOUR_MS: Final = 3_600_000
LOUD_DB: Final = 15.0
LEARNING: Final = 2
NAMES: Final = ("tetam-office walking", "warsaw-flat, rooms")

Fault = Callable[[Recording, "Broken"], Recording]
Calibrations = dict[int, Calibration | None]
"""By session."""


def dead(recording: Recording, receivers: Ints) -> Recording:
    """They hear nothing."""
    heard = recording.sightings
    kept = ~np.isin(heard.receiver, receivers)
    return replace(recording, sightings=Sightings(*(getattr(heard, name)[kept] for name in heard.__dataclass_fields__)))


def behind(recording: Recording, receivers: Ints) -> Recording:
    """Their clocks show an hour less."""
    return moved(recording, np.where(np.isin(recording.sightings.receiver, receivers), -HOUR_MS, 0))


def moved(recording: Recording, by_ms: Ints) -> Recording:
    """The recording with each sighting so much later."""
    heard = recording.sightings
    shifted = replace(heard, t_ms=heard.t_ms + by_ms)
    order = np.lexsort((shifted.t_ms, heard.session))
    return replace(recording, sightings=Sightings(*(getattr(shifted, name)[order] for name in heard.__dataclass_fields__)))


def loud(recording: Recording, receivers: Ints) -> Recording:
    """They read 15 dB more than they did when they were calibrated; what they then read as impossible is left out downstream."""
    heard = recording.sightings
    more = np.where(np.isin(heard.receiver, receivers), LOUD_DB, 0.0)
    return replace(recording, sightings=replace(heard, rssi_dbm=np.minimum(heard.rssi_dbm + more, -1.0)))


def caught_up(recording: Recording, receivers: Ints) -> Recording:
    """Their clocks show an hour less until the server has found that out; the clocks of the sessions begin unknown."""
    heard, start_ms = recording.sightings, 2 * HOUR_MS
    seconds = int(heard.t_ms.max()) // 1000 + 2
    clocks, offset_ms = Clocks(), []
    for number in range(seconds):  # all of them say the same
        now_ms = start_ms + number * 1000
        sent_ms = now_ms - HOUR_MS
        said = SightingHeader(
            tenant=TENANT, gateway=GatewayId("box"), boot=BootId("boot"), batch=number + 1, sent_ms=sent_ms, covered_until_ms=sent_ms
        )
        offset_ms.append(clocks.read(said, now_ms, WINDOW_MS)[0])
    shift_ms = np.array(offset_ms)[np.clip(heard.t_ms // 1000 + 1, 0, seconds - 1)] - HOUR_MS
    return moved(recording, np.where(np.isin(heard.receiver, receivers), shift_ms, 0))


class Broken(NamedTuple):
    """Which receivers break in one draw, none twice."""

    loud: Ints
    behind: Ints
    dead: Ints


def draws(receivers: int) -> list[Broken]:
    """Each receiver loud once, with others that break beside it."""
    chance, count = np.random.default_rng(SEED), max(1, round(DEAD * receivers))
    found = []
    for number in range(receivers):
        others = chance.permutation(np.delete(np.arange(receivers), number))
        found.append(Broken(np.array([number]), others[:1], others[1 : 1 + count]))
    return found


def _all(recording: Recording, broken: Broken) -> Recording:
    return loud(behind(dead(recording, broken.dead), broken.behind), broken.loud)


def _all_caught_up(recording: Recording, broken: Broken) -> Recording:
    return loud(caught_up(dead(recording, broken.dead), broken.behind), broken.loud)


FAULTS: Final[tuple[tuple[str, Fault, bool], ...]] = (
    ("20 % of gateways dead", lambda recording, broken: dead(recording, broken.dead), False),
    ("one gateway's clock an hour behind", lambda recording, broken: behind(recording, broken.behind), False),
    ("the same, corrected", lambda recording, broken: caught_up(recording, broken.behind), False),
    ("one gateway 15 dB loud", lambda recording, broken: loud(recording, broken.loud), False),
    ("the same, corrected", lambda recording, broken: loud(recording, broken.loud), True),
    ("all three at once", _all, False),
    ("the same, corrected", _all_caught_up, True),
)
"""Name, what is broken, and whether gains were learned before."""


def lines(case: Case, folder: Path) -> Iterator[str]:
    """The case's rows of the table, in Markdown."""
    recording = read_recording(folder / case.folder)
    sessions = [at for at, name in enumerate(recording.sessions) if fnmatch.fnmatchcase(name, case.judged)]
    names = {recording.sessions[at] for at in sessions}
    every = report.truth_rows(recording)
    truth = of_sessions(every, np.array([name.split("\n")[0] in names for name in every.session]))
    calibrations = taught(case, recording, sessions)
    yield _line(case, "nothing broken", [truth], [_said(recording, sessions, calibrations)])
    yield _line(case, "nothing broken, gains learned", [truth], [_said(recording, sessions, _learned(recording, sessions, calibrations))])
    for name, fault, learned in FAULTS:
        rows = []
        for broken in draws(len(recording.receivers)):
            through = fault(recording, broken)
            known = _learned(through, sessions, calibrations) if learned else calibrations
            rows.append(_said(through, sessions, known))
        yield _line(case, f"{name} (simulated)", [truth] * len(rows), rows)


def _learned(recording: Recording, sessions: Sequence[int], calibrations: Calibrations) -> Calibrations:
    """Each session's calibration with the gains that were learned from the other sessions."""
    windows, found = windows_of(recording), dict(calibrations)
    for session in sessions:
        known = calibrations[session] or GENERIC
        engine = Engine(plan_with(recording, known, TENANT, VENUE), Settings(locator="grid"), known)
        at_ms = 2 * HOUR_MS
        for other in [one for _ in range(LEARNING) for one in sessions if one != session]:
            at_ms = pass_through(engine, recording, windows, other, at_ms)
        more = engine.gains.memory.gains_db
        gains_db = {name: known.gains_db.get(name, 0.0) + more.get(name, 0.0) for name in sorted({*known.gains_db, *more})}
        found[session] = msgspec.structs.replace(known, gains_db=gains_db)
    return found


def _said(recording: Recording, sessions: Sequence[int], calibrations: Calibrations) -> Rows:
    return predicted(recording, sessions, Settings(locator="grid"), calibrations)


def _line(case: Case, fault: str, truths: list[Rows], rows: list[Rows]) -> str:
    """All draws as one: the sessions of draw i are called otherwise, so that they do not meet."""
    truth, said = _joined(truths), _joined(rows)
    told = score(truth, said)
    error = told["error_m"]
    assert isinstance(error, dict)
    [around] = intervals(judged(truth, said))
    cells = [f"{error[key]:.2f} ({around[key][0]:.2f} to {around[key][1]:.2f})" for key in ("median", "p95")]
    cells.append(f"{told['zone_share']:.2f} ({around['zone'][0]:.2f} to {around['zone'][1]:.2f})")
    return "| " + " | ".join([case.name, fault, *cells, f"{told['answered_share']:.3f}"]) + " |"


def _joined(parts: list[Rows]) -> Rows:
    t_s, x_m, y_m = (np.concatenate([getattr(part, name) for part in parts]) for name in ("t_s", "x_m", "y_m"))
    session = tuple(f"draw {number}, {name}" for number, part in enumerate(parts) for name in part.session)
    zone = tuple(zone for part in parts for zone in part.zone)
    return Rows(session, t_s, x_m, y_m, zone)


def main(arguments: Sequence[str] | None = None) -> int:
    """Prints the table; returns 0, or 2 where the recordings or a case that is named are not to be found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description="Recorded walks through broken gateways.")
    parser.add_argument("--folder", type=Path, default=Path(os.environ.get("AISLECAST_DATA", "../shared/data")))
    parser.add_argument("names", nargs="*", help="cases whose name starts so; all where left out")
    asked = parser.parse_args(arguments)
    if not asked.folder.is_dir():
        print(f"no recordings in {asked.folder}; name their folder with --folder or AISLECAST_DATA", file=sys.stderr)
        return 2
    cases = [case for case in CASES if case.name.startswith(NAMES)]
    if not all_there(asked.names, cases):
        return 2
    print("| case | broken | median m | p95 m | right zone | answered |\n|---|---|---|---|---|---|")
    for case in cases:
        if not asked.names or case.name.startswith(tuple(asked.names)):
            for told in lines(case, asked.folder):
                print(told, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
