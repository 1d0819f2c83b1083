"""Recordings: real or simulated walks on disk in the common form, read into columns.

    FOLDER/anchors.csv              anchor_id, role (receiver or beacon), x_m, y_m[, z_m], floor
    FOLDER/zones.geojson            zone polygons in plan-frame metres (may be missing)
    FOLDER/floor.geojson            floor outline (kind `floor`) and obstacles (any other kind; may be missing)
    FOLDER/PART/sightings.csv[.gz]  session, t_s, receiver_id, device_id, rssi_dbm
    FOLDER/PART/truth.csv[.gz]      session, t_s, device_id[, x_m, y_m], floor, zone (may be missing)
    FOLDER/PART/steps.csv[.gz]      session, t_s, heading_deg (may be missing)

Every row of a chosen session is kept, impossible RSSI too: refusing it is the gateway's work. Other columns are not read: `visit` and
`scan` of the library would tell a locator when the person stands still. `recorded_plan.py` makes a plan of one, `record.py` writes one.
"""

import fnmatch
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np

from aislecast.twin import faults
from aislecast.twin.columns import Columns, Floats, Indices, Ints, existing, read_columns
from aislecast.twin.faults import RecordingError
from floorplans.model import Point, Polygon
from groundwork.contracts.unfit import Wrong
from groundwork.plumbing.phrases import phrase_of

__all__ = [
    "Anchor",
    "Outline",
    "Recording",
    "RecordingError",
    "Role",
    "Sightings",
    "Steps",
    "Truth",
    "parts_of",
    "read_recording",
    "session_start_ms",
]

Role = Literal["receiver", "beacon"]

FIRST_DAY = date(2026, 11, 1)
"""The day on which session 0 begins, at 10:00: one session a day keeps budgets, caps and device state of sessions apart."""
FIRST_HOUR = 10
LONGEST_S = 86_400.0
"""A longer session would run into the next one's day."""


@dataclass(frozen=True, slots=True)
class Anchor:
    """A radio that does not move: a receiver that hears devices, or a beacon that phones range. `z_m` is NaN where unknown.

    A beacon that is listed but was placed by nobody has NaN for x and y and no floor: a calibration may have found where it hangs.
    """

    id: str
    role: Role
    x_m: float
    y_m: float
    z_m: float
    floor: str
    side: str = ""
    """Of a door, where the recording is about one."""

    @property
    def placed(self) -> bool:
        return not np.isnan(self.x_m)


@dataclass(frozen=True, slots=True)
class Outline:
    """A polygon of `zones.geojson` or `floor.geojson`; `zone` is empty for floors and obstacles."""

    zone: str
    kind: str
    floor: str
    polygons: tuple[Polygon, ...]
    aisle: str = ""
    """What the file says this zone's aisle is called, empty where it says nothing; an aisle may run through several zones."""


@dataclass(frozen=True, slots=True)
class Sightings:
    """What was heard, ordered by session and time; columns of one length."""

    session: Indices
    t_ms: Ints
    """Since the start of the session."""
    receiver: Indices
    device: Indices
    rssi_dbm: Floats


@dataclass(frozen=True, slots=True)
class Truth:
    """Where a device really was, ordered by session and time. x and y are NaN where only the zone is known."""

    session: Indices
    t_ms: Ints
    """-1,000 for the library's scans that heard nothing."""
    device: Indices
    """Indexes the recording's `carried`: the device that moves is a receiver where phones range beacons."""
    x_m: Floats
    y_m: Floats
    zone: Indices
    """Indexes `zone_names`; -1 for none."""
    floor: Indices
    """Indexes `floor_names`."""


@dataclass(frozen=True, slots=True)
class Steps:
    """Steps a phone felt, ordered by session and time."""

    session: Indices
    t_ms: Ints
    heading_deg: Floats
    """Clockwise from magnetic north; NaN where unknown."""


@dataclass(frozen=True, slots=True)
class Recording:
    """One part of one recording, restricted to the sessions asked for."""

    name: str
    part: str
    anchors: tuple[Anchor, ...]
    zones: tuple[Outline, ...]
    floors: tuple[Outline, ...]
    """Outlines (kind `floor`) and obstacles (any other kind)."""
    sessions: tuple[str, ...]
    """Those in which a radio of the recording was heard, in alphabetical order, then those in which none was: a walk past strangers'
    transmitters alone, or where the truth goes on and nothing does. Session i is replayed on day i."""
    receivers: tuple[str, ...]
    devices: tuple[str, ...]
    zone_names: tuple[str, ...]
    """Zones of the plan first, then those only the truth names (door labels)."""
    floor_names: tuple[str, ...]
    """Floors of the anchors first, then those only the truth names."""
    sightings: Sightings
    truth: Truth
    steps: Steps
    origins: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """Longitude and latitude of each floor's origin, where known; x is east."""

    @property
    def ranged(self) -> bool:
        """True where the anchors are beacons: then `receivers` are phones and `devices` the beacons they heard."""
        return any(anchor.role == "beacon" for anchor in self.anchors)

    @property
    def carried(self) -> tuple[str, ...]:
        """The radios that move."""
        return self.receivers if self.ranged else self.devices


def session_start_ms(index: int, time_zone: str) -> int:
    """When session `index` begins in event time: 10:00 by the venue's clock on day `index`, in ms since 1970 UTC."""
    day = FIRST_DAY + timedelta(days=index)
    return round(datetime(day.year, day.month, day.day, FIRST_HOUR, tzinfo=ZoneInfo(time_zone)).timestamp() * 1000)


def parts_of(folder: Path) -> tuple[str, ...]:
    """The names of the folder's parts: its subfolders that hold sightings."""
    if not folder.is_dir():
        raise RecordingError(folder, faults.NO_FOLDER)
    return tuple(sorted(sub.name for sub in folder.iterdir() if sub.is_dir() and existing(sub, "sightings.csv")))


def read_recording(folder: Path, part: str | None = None, sessions: str = "*") -> Recording:
    """The recording in `folder`: its `part` (default: the only one), and the sessions whose name matches the pattern `sessions`.

    Raises RecordingError naming the file, the line where there is one, what was found and what was expected.
    """
    inside = folder / _chosen_part(folder, part)
    anchors = _read_anchors(folder)
    zones, floors = _read_outlines(folder / "zones.geojson", "zone"), _read_outlines(folder / "floor.geojson", "kind")
    heard = read_columns(_existing(inside, "sightings.csv"), ("session", "t_s", "receiver_id", "device_id", "rssi_dbm"))
    known, true = dict.fromkeys(heard.texts["session"]), _truth_columns(inside)
    if anchors[0].role == "beacon":  # strangers' transmitters are on nobody's list
        heard = heard.where("device_id", frozenset(anchor.id for anchor in anchors))
    known |= dict.fromkeys(true.texts["session"]) if true and known else {}
    matching = _in_turn([name for name in known if fnmatch.fnmatchcase(name, sessions)], frozenset(heard.texts["session"]))
    if not matching:
        raise RecordingError(heard.path, faults.NO_SESSION, sessions=repr(sessions), known=_listed(sorted(known)))
    order = {name: number for number, name in enumerate(matching)}
    receivers, devices = _radios(anchors, heard)
    zone_names = {zone: number for number, zone in enumerate(dict.fromkeys(outline.zone for outline in zones))}
    floor_names = {floor: number for number, floor in enumerate(dict.fromkeys(_floors(anchors, floors)))}
    carried = receivers if anchors[0].role == "beacon" else devices
    truth = _read_truth(true, order, _Names(carried, zone_names, floor_names))
    return Recording(
        name=folder.resolve().name,
        part=inside.name,
        anchors=anchors,
        zones=zones,
        floors=floors,
        sessions=tuple(matching),
        receivers=tuple(receivers),
        devices=tuple(devices),
        zone_names=tuple(zone_names),
        floor_names=tuple(floor_names),
        sightings=_sightings(heard, order, receivers, devices),
        truth=truth,
        steps=_read_steps(inside, order),
        origins=_read_origins(folder),
    )


def _in_turn(sessions: Sequence[str], heard: Collection[str]) -> list[str]:
    """The sessions with something `heard` before the others, both by name: what is played on which day is the same without the others."""
    return sorted(sessions, key=lambda name: (name not in heard, name))


def _listed(sessions: Sequence[str]) -> str:
    """The first twenty, and how many more there are: half a recording's names would pass for all of them."""
    more = len(sessions) - 20
    return ", ".join(sessions[:20]) + (f" ... (+{more})" if more > 0 else "") or "-"


def _floors(anchors: tuple[Anchor, ...], outlines: tuple[Outline, ...]) -> Iterator[str]:
    """The floors with anchors; where no anchor is placed, all that are drawn."""
    return (one.floor for one in (anchors if anchors[0].placed else outlines))


def _chosen_part(folder: Path, part: str | None) -> str:
    parts = parts_of(folder)
    if part is not None and part not in parts:
        raise RecordingError(folder / part, faults.NO_PART, parts=", ".join(parts) or "-")
    if part is None and len(parts) != 1:
        raise RecordingError(folder, faults.WHICH_PART, count=len(parts), parts=", ".join(parts) or "-")
    return part if part is not None else parts[0]


def _existing(folder: Path, name: str) -> Path:
    path = existing(folder, name)
    if path is None:
        raise RecordingError(folder / name, faults.NO_FILE, name=name)
    return path


def _read_anchors(folder: Path) -> tuple[Anchor, ...]:
    path = existing(folder, "anchors.csv")
    if path is None:
        return _read_listed(folder)
    columns = read_columns(path, ("anchor_id", "role", "x_m", "y_m", "floor"), ("z_m", "side"))
    columns.known("role", {"receiver": 0, "beacon": 1}, faults.NO_ROLE)
    if len(set(columns.texts["role"])) != 1 or len(set(columns.indices("anchor_id", {}))) != columns.rows:
        raise RecordingError(path, faults.BAD_ANCHORS)
    places = zip(*(columns.numbers_or_nan(name) if name == "z_m" else columns.numbers(name) for name in ("x_m", "y_m", "z_m")), strict=True)
    sides = columns.texts.get("side", ("",) * columns.rows)
    named = zip(columns.texts["anchor_id"], columns.texts["role"], places, columns.texts["floor"], sides, strict=True)
    return tuple(
        Anchor(id_, "beacon" if role == "beacon" else "receiver", float(x), float(y), float(z), floor, side)
        for id_, role, (x, y, z), floor, side in named
    )


def _read_listed(folder: Path) -> tuple[Anchor, ...]:
    """The venue's own beacons by its list, `beacons.csv`, where nobody wrote down where they hang; without `fleet`, all are its own."""
    path = existing(folder, "beacons.csv")
    if path is None:
        raise RecordingError(folder / "anchors.csv", faults.NO_ANCHORS)
    columns = read_columns(path, ("device_id",), ("fleet",))
    own = columns.texts.get("fleet", ("1",) * columns.rows)
    listed = [id_ for id_, fleet in zip(columns.texts["device_id"], own, strict=True) if fleet == "1"]
    if not listed or len(set(listed)) != len(listed):
        raise RecordingError(path, faults.BAD_ANCHORS)
    return tuple(Anchor(id_, "beacon", np.nan, np.nan, np.nan, "") for id_ in listed)


def _read_origins(folder: Path) -> dict[str, tuple[float, float]]:
    path = existing(folder, "floors.csv")
    if path is None:
        return {}
    columns = read_columns(path, ("floor", "origin_lon", "origin_lat"))
    places = zip(columns.numbers("origin_lon").tolist(), columns.numbers("origin_lat").tolist(), strict=True)
    return dict(zip(columns.texts["floor"], places, strict=True))


def _radios(anchors: tuple[Anchor, ...], heard: Columns) -> tuple[dict[str, int], dict[str, int]]:
    """Receivers and devices by name. The fixed side is all anchors, the moving side is whoever is met in the sightings."""
    fixed = {anchor.id: number for number, anchor in enumerate(anchors)}
    moving: dict[str, int] = {}
    ranged = anchors[0].role == "beacon"
    heard.indices("receiver_id" if ranged else "device_id", moving)
    heard.known("device_id" if ranged else "receiver_id", fixed, faults.NO_ANCHOR)
    return (moving, fixed) if ranged else (fixed, moving)


def _sightings(heard: Columns, order: dict[str, int], receivers: dict[str, int], devices: dict[str, int]) -> Sightings:
    session, t_ms, rows = _in_order(heard, order)
    return Sightings(
        session,
        t_ms,
        heard.known("receiver_id", receivers, faults.NO_DEVICE)[rows],
        heard.known("device_id", devices, faults.NO_DEVICE)[rows],
        heard.numbers("rssi_dbm")[rows],
    )


def _in_order(columns: Columns, order: dict[str, int]) -> tuple[Indices, Ints, Ints]:
    """Session and time of the rows whose session is wanted, and which rows those are, sorted by both; equal rows stay as they stand."""
    t_s = columns.numbers("t_s")
    if (late := np.flatnonzero(np.abs(t_s) > LONGEST_S)).size:
        row = int(late[0])
        raise RecordingError(columns.path, faults.TOO_LONG, t_s=f"{t_s[row]:g}", row=row + 1, longest=f"{LONGEST_S:g}")
    session = np.array([order.get(name, -1) for name in columns.texts["session"]], dtype=np.int32)
    t_ms = np.rint(t_s * 1000).astype(np.int64)
    rows = np.lexsort((t_ms, session))
    rows = rows[session[rows] >= 0]
    return session[rows], t_ms[rows], rows


class _Names(NamedTuple):
    """What truth rows point at; what is met there first is added."""

    carried: dict[str, int]
    zones: dict[str, int]
    floors: dict[str, int]


def _truth_columns(inside: Path) -> Columns | None:
    path = existing(inside, "truth.csv")
    return None if path is None else read_columns(path, ("session", "t_s", "device_id", "zone"), ("x_m", "y_m", "floor"))


def _read_truth(columns: Columns | None, order: dict[str, int], names: _Names) -> Truth:
    """The truth of the wanted sessions; empty where there is none. Zones and devices met here first are added to theirs."""
    if columns is None:
        nothing = np.empty(0, dtype=np.int32)
        return Truth(nothing, np.empty(0, dtype=np.int64), nothing, np.empty(0), np.empty(0), nothing, nothing)
    session, t_ms, rows = _in_order(columns, order)
    device = columns.indices("device_id", names.carried)[rows]
    zones = np.array([names.zones.setdefault(name, len(names.zones)) if name else -1 for name in columns.texts["zone"]], dtype=np.int32)
    only = next(iter(names.floors), "")
    told = columns.texts.get("floor", (only,) * columns.rows)
    floors = np.array([names.floors.setdefault(name or only, len(names.floors)) for name in told], dtype=np.int32)
    x_m, y_m = columns.numbers_or_nan("x_m")[rows], columns.numbers_or_nan("y_m")[rows]
    return Truth(session, t_ms, device, x_m, y_m, zones[rows], floors[rows])


def _read_steps(inside: Path, order: dict[str, int]) -> Steps:
    path = existing(inside, "steps.csv")
    if path is None:
        return Steps(np.empty(0, dtype=np.int32), np.empty(0, dtype=np.int64), np.empty(0))
    columns = read_columns(path, ("session", "t_s", "heading_deg"))
    session, t_ms, rows = _in_order(columns, order)
    return Steps(session, t_ms, columns.numbers_or_nan("heading_deg")[rows])


def _read_outlines(path: Path, named_by: str) -> tuple[Outline, ...]:
    """The polygons of a GeoJSON file in plan-frame metres, each with the property `named_by`; none where there is no such file."""
    if not path.exists():
        return ()
    try:
        features = json.loads(path.read_text(encoding="utf-8-sig"))["features"]
        return tuple(_outline(path, number, feature, named_by) for number, feature in enumerate(features))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError, KeyError, TypeError, RecursionError) as error:
        raise RecordingError(path, faults.NO_GEOJSON, why=f"{type(error).__name__}: {error}") from error


def _outline(path: Path, number: int, feature: Mapping[str, Any], named_by: str) -> Outline:
    try:
        said, geometry = feature["properties"], feature["geometry"]
        nested = {"Polygon": [geometry["coordinates"]], "MultiPolygon": geometry["coordinates"]}[geometry["type"]]
        polygons = tuple(Polygon(_ring(rings[0]), tuple(_ring(ring) for ring in rings[1:])) for rings in nested)
        zone, kind = str(said.get("zone", "")), str(said.get("kind", ""))
        outline = Outline(zone, kind, str(said.get("floor", "")), polygons, str(said.get("aisle") or ""))
        if not getattr(outline, named_by):
            raise Wrong(f"{named_by} is empty", f"الخاصية {named_by} فارغة")
    except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
        why = phrase_of(error) if isinstance(error, Wrong) else f"{type(error).__name__}: {error}"
        raise RecordingError(path, faults.NO_OUTLINE, number=number, why=why, property=named_by) from error
    return outline


def _ring(points: list[list[float]]) -> tuple[Point, ...]:
    """A GeoJSON ring without its repeated last point."""
    ring = tuple((float(x), float(y)) for x, y in points)
    if len(ring) < 4 or ring[0] != ring[-1] or not np.isfinite(ring).all():
        count = len(ring)
        raise Wrong(f"a ring of {count} points that is open, short or not finite", f"حلقة عدد نقاطها {count} مفتوحة أو قصيرة أو غير منتهية")
    return ring[:-1]
