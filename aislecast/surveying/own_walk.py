"""A walk in one's own shop as a recording: what boxes heard of the tags, where the marks say these were, and the venue's plan.

Pure. Reading the files is for `kept_adverts.py` and `marks.py`; writing the recording for `twin/record.py`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import shapely

from aislecast.surveying.kept_adverts import Kept, in_words
from aislecast.surveying.marks import Run
from aislecast.twin.columns import Floats, Indices, Ints
from aislecast.twin.record import anchors_of, floors_of, zones_of
from aislecast.twin.recording import Recording, Sightings, Steps, Truth
from aislecast.twin.walkways import shape_of
from floorplans.model import Plan
from groundwork.contracts.ids import BeaconKey, GatewayId

PART: Final = "walk"
STEP_MS: Final = 500
"""Truth between two marks is written this often: at a walk, well under the 1.5 m across which calibration goes straight."""
SECOND_MS: Final = 1_000


class NothingInTimeError(ValueError):
    """The tags were heard, and never while they were at known places; says when which was, in UTC."""

    def __init__(self, heard: tuple[int, int], marked: tuple[int, int]) -> None:
        self.heard, self.marked = tuple(map(in_words, heard)), tuple(map(in_words, marked))
        super().__init__(f"heard {self.heard}, marked {self.marked}")


@dataclass(frozen=True, slots=True)
class Walk:
    """The recording, and what came of the parts that it was made of."""

    recording: Recording
    kept: dict[GatewayId, int]
    """Sightings of each gateway."""
    silent: tuple[str, ...]
    """Runs in which no box heard a tag; they are left out."""


def tags_of(runs: Sequence[Run]) -> list[BeaconKey]:
    """Who was carried, in alphabetical order."""
    return sorted({tag for run in runs for tag in run.tags})


def walk_of(plan: Plan, heard: Sequence[Kept], runs: Sequence[Run], tags: Sequence[BeaconKey], name: str) -> Walk:
    """The recording; its anchors are the gateways that left a file, where the plan places them.

    A session is a run, and counts from a whole second, so that windows lie as gateways cut them. Raises NothingInTimeError.
    """
    named = {kept.box.gateway for kept in heard}
    anchors = tuple(anchor for anchor in anchors_of(plan) if anchor.id in named)
    numbers = {anchor.id: number for number, anchor in enumerate(anchors)}
    columns = _joined(heard, numbers)
    parts = [_within(columns, run, tags) for run in runs]
    sounding = [(run, part) for run, part in zip(runs, parts, strict=True) if len(part[0])]
    if not sounding:
        marked = min(run.marks[0].at_ms for run in runs), max(run.marks[-1].at_ms for run in runs)
        raise NothingInTimeError((int(columns[0].min()), int(columns[0].max())), marked)
    floors = tuple(dict.fromkeys(anchor.floor for anchor in anchors))
    sightings = _sightings(sounding)
    counts = np.bincount(sightings.receiver, minlength=len(anchors)).tolist()
    recording = Recording(
        name=name,
        part=PART,
        anchors=anchors,
        zones=zones_of(plan),
        floors=floors_of(plan),
        sessions=tuple(run.session for run, _ in sounding),
        receivers=tuple(numbers),
        devices=tuple(tags),
        zone_names=tuple(zone.id for zone in plan.zones),
        floor_names=floors,
        sightings=sightings,
        truth=_truth(plan, [run for run, _ in sounding], tags, floors),
        steps=Steps(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0)),
    )
    silent = tuple(run.session for run, part in zip(runs, parts, strict=True) if not len(part[0]))
    return Walk(recording, {GatewayId(gateway): count for gateway, count in zip(numbers, counts, strict=True)}, silent)


def minutes_known(recording: Recording) -> float:
    """How many minutes of it have a known place, each tag's way for itself."""
    truth = recording.truth
    key = np.stack([truth.session, truth.device], axis=1)
    return sum(float(np.ptp(truth.t_ms[(key == one).all(axis=1)])) for one in np.unique(key, axis=0)) / 60_000


_Columns = tuple[Ints, Indices, Indices, Floats]
"""When, gateway, tag and loudness, of one length."""


def _joined(heard: Sequence[Kept], numbers: dict[str, int]) -> _Columns:
    """All boxes' adverts in order of time; at one time in the order of gateways, then as they stand in the file."""
    at_ms = np.concatenate([np.array(kept.at_ms, dtype=np.int64) for kept in heard])
    gateway = np.concatenate([np.full(len(kept.at_ms), numbers[kept.box.gateway], dtype=np.int32) for kept in heard])
    tag = np.concatenate([np.array(kept.tag, dtype=np.int32) for kept in heard])
    rssi_dbm = np.concatenate([np.array(kept.rssi_dbm, dtype=np.float64) for kept in heard])
    order = np.lexsort((gateway, at_ms))
    return at_ms[order], gateway[order], tag[order], rssi_dbm[order]


def _within(columns: _Columns, run: Run, tags: Sequence[BeaconKey]) -> _Columns:
    at_ms, gateway, tag, rssi_dbm = columns
    first, last = np.searchsorted(at_ms, (run.from_ms, run.until_ms)).tolist()
    wanted = [number for number, name in enumerate(tags) if name in run.tags]
    rows = first + np.flatnonzero(np.isin(tag[first:last], wanted))
    return at_ms[rows], gateway[rows], tag[rows], rssi_dbm[rows]


def _sightings(parts: Sequence[tuple[Run, _Columns]]) -> Sightings:
    """The runs' adverts one after the other, each in the time of its own session."""
    session = np.repeat(np.arange(len(parts), dtype=np.int32), [len(columns[0]) for _, columns in parts])
    t_ms = np.concatenate([columns[0] - _zero_ms(run) for run, columns in parts])
    receiver, device, rssi_dbm = (np.concatenate([columns[place] for _, columns in parts]) for place in (1, 2, 3))
    return Sightings(session, t_ms, receiver.astype(np.int32), device.astype(np.int32), rssi_dbm)


def _zero_ms(run: Run) -> int:
    return run.from_ms // SECOND_MS * SECOND_MS


def _truth(plan: Plan, runs: Sequence[Run], tags: Sequence[BeaconKey], floors: tuple[str, ...]) -> Truth:
    """Where each tag was at its marks, and every STEP_MS between; in the first zone that holds the place."""
    rows = [row for number, run in enumerate(runs) for row in _way(number, run, tags)]
    session, at_ms, tag, x, y = (np.array(column) for column in zip(*rows, strict=True))
    level = np.array([floors.index(runs[number].level) for number in session.tolist()], dtype=np.int32)
    zone = np.full(len(rows), -1, dtype=np.int32)
    for number, one in reversed(list(enumerate(plan.zones))):  # the first zone wins, as it is written last
        if one.level in floors:
            zone[(level == floors.index(one.level)) & shapely.intersects_xy(shape_of(one.polygons), x, y)] = number
    return Truth(session.astype(np.int32), at_ms.astype(np.int64), tag.astype(np.int32), x, y, zone, level)


def _way(number: int, run: Run, tags: Sequence[BeaconKey]) -> Iterator[tuple[int, int, int, float, float]]:
    """Session, time in it, tag, x and y of each truth row, in order of time."""
    known = [mark.at_ms for mark in run.marks]
    first = -(-known[0] // STEP_MS) * STEP_MS
    at_ms = sorted({*known, *range(first, known[-1], STEP_MS)})
    x = np.interp(at_ms, known, [mark.x_m for mark in run.marks]).tolist()
    y = np.interp(at_ms, known, [mark.y_m for mark in run.marks]).tolist()
    carried = [at for at, tag in enumerate(tags) if tag in run.tags]
    zero_ms = _zero_ms(run)
    for at, here_x, here_y in zip(at_ms, x, y, strict=True):
        yield from ((number, at - zero_ms, tag, here_x, here_y) for tag in carried)
