"""Marks: where somebody with tags stood, and when, as she noted it on a walk; read from `marks.csv` and cut into runs.

    tag,t,level,x_m,y_m[,session]
    ibeacon:f7826da64fa24e988024bc5b71e0893e:1:7,2026-11-22T10:15:00+03:00,L0,4.5,12.0,morning

Between two marks of one session on one level that follow within some seconds she went straight and evenly; across a longer gap nobody knows
where she was. So a run ends there, and what comes after is a run of its own: whoever learns from it never sees a place that was guessed.
What boxes heard meanwhile is for `kept_adverts.py`, the recording made of both for `own_walk.py`.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import shapely

from aislecast.twin import faults
from aislecast.twin.columns import Columns, read_columns
from groundwork.adverts.gate import lasting_key
from groundwork.contracts.ids import BeaconKey

AROUND_MS: Final = 2_000
"""What is heard this long before the first mark of a run and after its last is kept; calibration takes her to have stood there."""
OFF_FLOOR_M: Final = 2.0
"""A place further outside its level's outline is a slip of the pen, such as x and y exchanged; surveyors do stand on outlines."""
MOST_M_S: Final = 5.0
"""Nobody walks faster; whole seconds and two metres between marks stay below it."""
_YEAR_10000_S: Final = 253_402_300_800


class Mark(NamedTuple):
    """One row: where the tags were, in metres of the level frame, and when, in ms since 1970 UTC."""

    session: str
    tags: tuple[BeaconKey, ...]
    at_ms: int
    level: str
    x_m: float
    y_m: float
    row: int


@dataclass(frozen=True, slots=True)
class Run:
    """Marks in order of time between which her way is known, and the span in which adverts are taken to belong to them."""

    session: str
    marks: tuple[Mark, ...]
    from_ms: int
    until_ms: int

    @property
    def tags(self) -> tuple[BeaconKey, ...]:
        return self.marks[0].tags

    @property
    def level(self) -> str:
        return self.marks[0].level


def read_runs(path: Path, floors: Mapping[str, shapely.Geometry], tags: Sequence[BeaconKey], between_ms: int) -> list[Run]:
    """The runs of the marks in `path`, each named after its session, in order of name.

    `floors` are the levels' outlines by id; `tags` were carried through all of it, and are empty where the rows say whose they are.
    Raises RecordingError naming file, line, value and what was expected.
    """
    columns = read_columns(path, ("t", "level", "x_m", "y_m"), ("tag", "session"))
    if not columns.rows:
        raise columns.fault(0, faults.NO_MARKS)
    if columns.has("tag") == bool(tags):
        found = "tag, --tag" if tags else "-"
        raise columns.fault(-1, faults.WHOSE_MARKS, found=found)
    carried: dict[tuple[BeaconKey, ...], list[Mark]] = {}
    for mark in _marks(columns, floors, tuple(tags)):
        carried.setdefault(mark.tags, []).append(mark)
    cut = [run for marks in carried.values() for run in _runs(columns, marks, between_ms)]
    return sorted(_numbered(cut), key=lambda run: run.session)


def _marks(columns: Columns, floors: Mapping[str, shapely.Geometry], tags: tuple[BeaconKey, ...]) -> Iterator[Mark]:
    places = zip(columns.numbers("x_m").tolist(), columns.numbers("y_m").tolist(), strict=True)
    for row, (x_m, y_m) in enumerate(places):
        level, session = columns.texts["level"][row], columns.texts.get("session", ("",) * columns.rows)[row]
        if level not in floors:
            raise columns.fault(row, faults.NO_LEVEL, column="level", text=repr(level), known=", ".join(floors))
        away_m = float(floors[level].distance(shapely.Point(x_m, y_m)))
        if away_m > OFF_FLOOR_M:
            raise columns.fault(row, faults.OFF_THE_FLOOR, x_m=x_m, y_m=y_m, away_m=f"{away_m:.1f}", level=level)
        yield Mark(session or "walk", tags or (_tag(columns, row),), _at_ms(columns, row), level, x_m, y_m, row)


def _tag(columns: Columns, row: int) -> BeaconKey:
    text = columns.texts["tag"][row]
    tag = lasting_key(text)
    if tag is None:
        raise columns.fault(row, faults.NO_TAG, column="tag", text=repr(text))
    return tag


def _at_ms(columns: Columns, row: int) -> int:
    text = columns.texts["t"][row].strip()
    try:
        seconds = float(text)
    except ValueError:
        seconds = _iso_s(text)
    if not 0 <= seconds < _YEAR_10000_S:  # NaN, too
        raise columns.fault(row, faults.NO_TIME, column="t", text=repr(text))
    return round(seconds * 1000)


def _iso_s(text: str) -> float:
    """Seconds since 1970 of a time with its zone; NaN for anything else: a time without a zone could be anybody's."""
    try:
        said = datetime.fromisoformat(text)
    except ValueError:
        return math.nan
    return said.timestamp() if said.tzinfo is not None else math.nan


def _runs(columns: Columns, marks: list[Mark], between_ms: int) -> list[Run]:
    """The runs of marks of the same tags, in order of time."""
    sessions: dict[str, list[Mark]] = {}
    for mark in sorted(marks, key=lambda mark: mark.at_ms):
        sessions.setdefault(mark.session, []).append(mark)
    found = [run for session in sessions.values() for run in _cut(columns, session, between_ms)]
    found.sort(key=lambda run: run.marks[0].at_ms)
    for before, after in pairwise(found):
        if after.marks[0].at_ms <= before.marks[-1].at_ms:
            raise columns.fault(after.marks[0].row, faults.TWICE_AT_ONCE, session=after.session, before=before.session)
    return _apart(found)


def _cut(columns: Columns, marks: list[Mark], between_ms: int) -> Iterator[Run]:
    """One session's marks, cut where a gap is too long or the level changes."""
    begun = [marks[0]]
    for before, after in pairwise(marks):
        took_ms, moved_m = after.at_ms - before.at_ms, math.hypot(after.x_m - before.x_m, after.y_m - before.y_m)
        if before.level == after.level and moved_m * 1000 > MOST_M_S * took_ms:
            told = {"moved_m": f"{moved_m:.1f}", "took_s": f"{took_ms / 1000:g}", "most_m_s": f"{MOST_M_S:g}"}
            raise columns.fault(after.row, faults.TOO_FAST, **told)
        if took_ms > between_ms or before.level != after.level:
            yield _run(begun)
            begun = []
        begun.append(after)
    yield _run(begun)


def _run(marks: Sequence[Mark]) -> Run:
    return Run(marks[0].session, tuple(marks), marks[0].at_ms - AROUND_MS, marks[-1].at_ms + AROUND_MS)


def _apart(runs: list[Run]) -> list[Run]:
    """The runs with no moment in two of them: what lies between two that are close belongs to the nearer one."""
    for at in range(1, len(runs)):
        before, after = runs[at - 1], runs[at]
        if after.from_ms < before.until_ms:
            middle_ms = (before.marks[-1].at_ms + after.marks[0].at_ms) // 2
            runs[at - 1], runs[at] = replace(before, until_ms=middle_ms), replace(after, from_ms=middle_ms)
    return runs


def _numbered(runs: Sequence[Run]) -> Iterator[Run]:
    """Each run with a name of its own: its session's, and a number even where there is one, so that no two names can meet."""
    counted: dict[str, int] = {}
    for run in sorted(runs, key=lambda run: (run.from_ms, run.tags)):
        counted[run.session] = counted.get(run.session, 0) + 1
        yield replace(run, session=f"{run.session}-{counted[run.session]:02d}")
