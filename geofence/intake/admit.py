"""Admit: which rows of a batch may go on, decided on columns. Strangers and the impossible end here.

Pure. Three forms come in (JSON columns, JSON objects, the column frame) and mean the same; malformed input is refused as a whole with its
row and field named; rows that are well formed but not wanted are dropped and counted by reason. Who the caller is, and who a beacon
stands for, are arguments; `accept.py` asks, `http/ingest.py` answers.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import msgspec
import numpy as np

from geofence.admitted import Reference
from geofence.columns import NONE, Columns, Flags, Indices, Longs, Singles
from geofence.intake.faults import (
    AT_LEAST_1,
    FRAME_AR,
    NO_FRAME,
    SINCE_1970,
    WHOLE_64,
    BatchError,
    Said,
    TooManyRows,
    letters,
    place,
    plain,
    rows_like,
    rows_of,
    span,
)
from groundwork.contracts.codec import Frame, FrameError, decode_frame
from groundwork.contracts.ids import Pseudonym, Track
from groundwork.contracts.ranging import RangingReport, Step
from groundwork.contracts.sighting import SightingBatch, SightingColumns, SightingHeader

VERSION: Final = 1
WEAKEST_DBM: Final = -127.0
"""The lowest value a Bluetooth radio can report; 127 and everything from 0 up mean "not known" or a broken radio."""
LONGEST_WINDOW_MS: Final = 60_000
MOST_ADVERTS: Final = 65_535
LONGEST_NAME: Final = 128
MINUTE_MS: Final = 60_000
LATEST_MS: Final = 1 << 52
MOST_DEG: Final = 360

_SIGHTINGS: Final = "sightings"

IMPOSSIBLE_RSSI: Final = "impossible_rssi"
UNKNOWN_BEACON: Final = "unknown_beacon"
UNPLACED: Final = "unplaced"
STALE_TOKEN: Final = "stale_token"  # noqa: S105 # a code, not a secret
CLONED: Final = "cloned"
REFERENCE: Final = "reference"
STALE: Final = -2
"""Instead of an owner: a genuine token of another quarter of an hour."""
CLONE: Final = -3
"""Instead of an owner: heard where it cannot be, see `watch.py`."""

SHARED: Final = -5
"""Instead of an owner: two boxes use the gateway's id, so nobody knows where this was heard (`tracking/identities.py`)."""
SHARED_GATEWAY: Final = "shared_gateway"
FIXED: Final = -4
"""Instead of an owner: a beacon of the plan itself, which says how loud its gateways read (`tracking/gains.py`) and nothing of people."""

_NOBODYS: Final = ((NONE, UNKNOWN_BEACON), (STALE, STALE_TOKEN), (CLONE, CLONED), (FIXED, REFERENCE), (SHARED, SHARED_GATEWAY))


@dataclass(frozen=True, slots=True)
class Batch:
    """A well-formed batch. The columns have one length; `radio` and `beacon` point into the lists of names."""

    radios: tuple[str, ...]
    """The gateways of its rows; for a ranging report empty, with `radio` all 0."""
    beacons: tuple[str, ...]
    covered_until_ms: int
    radio: Indices
    beacon: Indices
    window_start_ms: Longs
    window_ms: Indices
    adverts: Indices
    rssi_dbm: Singles
    step_ms: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    """Steps that were felt; a gateway feels none."""
    heading_deg: Singles = field(default_factory=lambda: np.empty(0, np.float32))
    listed_in: str = ""
    """The list in which its rows came as objects; empty where they came as columns."""

    def __len__(self) -> int:
        return len(self.rssi_dbm)

    @property
    def end_ms(self) -> Longs:
        return self.window_start_ms + self.window_ms

    def digest(self) -> str:
        """The same for the same rows in whatever form they come, and whenever they are sent again. 32 hex digits."""
        digest = hashlib.blake2b(msgspec.json.encode((self.radios, self.beacons, self.covered_until_ms)), digest_size=16)
        steps = (self.step_ms, self.heading_deg) if len(self.step_ms) else ()
        for column in (self.radio, self.beacon, self.window_start_ms, self.window_ms, self.adverts, self.rssi_dbm, *steps):
            digest.update(np.ascontiguousarray(column, column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Kept:
    """The rows that go on: devices, anchors and columns as an admitted entry holds them, and what was dropped."""

    tracks: tuple[Track, ...]
    shoppers: tuple[Pseudonym, ...]
    anchors: tuple[str, ...]
    device: Indices
    anchor: Indices
    window_start_ms: Longs
    window_ms: Indices
    adverts: Indices
    rssi_dbm: Singles
    refused: dict[str, int]
    step_ms: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    """Of the first device."""
    heading_deg: Singles = field(default_factory=lambda: np.empty(0, np.float32))
    references: tuple[Reference, ...] = ()
    """What gateways heard of the plan's own beacons."""


# --- reading ---------------------------------------------------------------------------------------------------------------------


def from_json(batch: SightingBatch, limit: int) -> Batch:
    """The batch of a JSON body, columns or objects. Raises BatchError, TooManyRows."""
    if batch.sightings is not None and batch.columns is not None:
        both = Said("given beside sightings", "مذكور مع sightings")
        raise BatchError("/columns", both, Said("exactly one of the two", "واحد منهما فقط"))
    if batch.sightings is not None:
        return _from_objects(batch, limit)
    columns = batch.columns or SightingColumns()
    named = {name: getattr(columns, name) for name in SightingColumns.__struct_fields__}
    _check_lengths({name: len(column) for name, column in named.items()}, limit)
    return _from_columns(batch, named)


def from_frame(body: bytes, limit: int) -> tuple[SightingHeader, Batch]:
    """Header and batch of a column frame. Raises BatchError, TooManyRows."""
    try:
        frame: Frame = decode_frame(body)
    except FrameError as error:
        raise BatchError("", NO_FRAME, Said(str(error), FRAME_AR)) from error
    if frame.rows > limit:
        raise TooManyRows(frame.rows, limit)
    types = {"window_start_ms": "<i8", "beacon": "<u4", "gateway": "<u2", "window_ms": "<u2", "adverts": "<u2"}
    named = {name: np.frombuffer(view, types.get(name, "<f4")) for name, view in frame.columns.items()}
    return frame.header, _from_columns(frame.header, named)


def from_report(report: RangingReport, limit: int) -> Batch:
    """The batch of a ranging report: one phone, so no radios. Raises BatchError, TooManyRows."""
    named = {name: getattr(report.columns, name) for name in report.columns.__struct_fields__}
    _check_lengths({name: len(column) for name, column in named.items()}, limit)
    _check_header(report.version, report.boot, report.batch, (), report.beacons)
    if len(report.steps) > limit:
        raise TooManyRows(len(report.steps), limit)
    arrays = _arrays({**named, "gateway": [0] * len(report.columns.beacon)})
    return _checked(Batch((), tuple(report.beacons), report.covered_until_ms, *arrays, *_steps(report.steps)), radios=1)


def _steps(steps: Sequence[Step]) -> tuple[Longs, Singles]:
    """When each was felt, and its heading in degrees, NaN where the phone does not know."""
    at_ms = _whole("at_ms", [step.at_ms for step in steps], "steps")
    if len(wrong := np.flatnonzero((at_ms < 0) | (at_ms > LATEST_MS))):
        raise BatchError(place("at_ms", int(wrong[0]), "steps"), int(at_ms[wrong[0]]), SINCE_1970)
    heading = np.array([np.nan if step.heading_deg is None else step.heading_deg for step in steps], np.float64)
    if len(wrong := np.flatnonzero(np.abs(heading) > MOST_DEG)):
        expected = Said(f"-{MOST_DEG} to {MOST_DEG}, or nothing", f"من {-MOST_DEG} إلى {MOST_DEG}، أو لا شيء")
        raise BatchError(place("heading_deg", int(wrong[0]), "steps"), float(heading[wrong[0]]), expected)
    return at_ms, heading.astype(np.float32)


def _from_objects(batch: SightingBatch, limit: int) -> Batch:
    rows = batch.sightings or []
    if len(rows) > limit:
        raise TooManyRows(len(rows), limit)
    radios = {name: at for at, name in enumerate(dict.fromkeys([*batch.gateways, *(row.gateway for row in rows)]))}
    beacons = {name: at for at, name in enumerate(dict.fromkeys([*batch.beacons, *(row.beacon for row in rows)]))}
    named: dict[str, Sequence[float]] = {
        name: [getattr(row, name) for row in rows] for name in ("window_start_ms", "window_ms", "adverts", "rssi_median_dbm")
    }
    named |= {"gateway": [radios[row.gateway] for row in rows], "beacon": [beacons[row.beacon] for row in rows]}
    _check_header(batch.version, batch.boot, batch.batch, batch.gateways, batch.beacons)
    for column, names in (("gateway", radios), ("beacon", beacons)):
        if (wrong := next((name for name in names if not _named(name)), None)) is not None:
            row = next(row for row, one in enumerate(rows) if getattr(one, column) == wrong)
            raise BatchError(place(column, row, _SIGHTINGS), wrong[:LONGEST_NAME], letters(LONGEST_NAME))
    header = msgspec.structs.replace(batch, gateways=list(radios), beacons=list(beacons))
    return _from_columns(header, named, _SIGHTINGS)


def _from_columns(header: SightingHeader, named: Mapping[str, Sequence[float] | Columns], listed_in: str = "") -> Batch:
    _check_header(header.version, header.boot, header.batch, header.gateways, header.beacons)
    arrays = _arrays(named, listed_in)
    batch = Batch(tuple(header.gateways), tuple(header.beacons), header.covered_until_ms, *arrays, listed_in=listed_in)
    return _checked(batch, radios=len(batch.radios))


def _arrays(
    named: Mapping[str, Sequence[float] | Columns], listed_in: str = ""
) -> tuple[Indices, Indices, Longs, Indices, Indices, Singles]:
    whole = (_whole(name, named[name], listed_in) for name in ("gateway", "beacon", "window_start_ms", "window_ms", "adverts"))
    with np.errstate(over="ignore"):  # what is too large for a float32 becomes infinite, which is dropped as impossible
        rssi_dbm = np.asarray(named["rssi_median_dbm"], np.float64).astype(np.float32)
    return (*whole, rssi_dbm)  # type: ignore[return-value] # five and one


def _whole(name: str, column: Sequence[float] | Columns, listed_in: str) -> Longs:
    try:
        return np.asarray(column, np.int64)
    except OverflowError:
        row, value = next((row, value) for row, value in enumerate(column) if not -(1 << 63) <= value < 1 << 63)
        raise BatchError(place(name, row, listed_in), value, WHOLE_64) from None


# --- checking --------------------------------------------------------------------------------------------------------------------


def _check_lengths(lengths: dict[str, int], limit: int) -> None:
    rows = lengths["beacon"]
    for name, length in lengths.items():
        if length != rows:
            raise BatchError(f"/columns/{name}", rows_of(length), rows_like(rows, "/columns/beacon"))
    if rows > limit:
        raise TooManyRows(rows, limit)


def _check_header(version: int, boot: str, batch: int, radios: Sequence[str], beacons: Sequence[str]) -> None:
    if version != VERSION:
        raise BatchError("/version", version, plain(VERSION))
    _check_name("/boot", boot)
    if batch < 1:
        raise BatchError("/batch", batch, AT_LEAST_1)
    for name_of, names in (("gateways", radios), ("beacons", beacons)):
        for row, name in enumerate(names):
            _check_name(f"/{name_of}/{row}", name)


def _named(name: str) -> bool:
    return 1 <= len(name) <= LONGEST_NAME


def _check_name(at: str, name: str) -> None:
    if not _named(name):
        raise BatchError(at, name[:LONGEST_NAME], letters(LONGEST_NAME))


def _checked(batch: Batch, radios: int) -> Batch:
    """The batch itself; raises BatchError naming the first row that holds a value no sighting can have."""
    gateways, beacons = len(batch.radios), len(batch.beacons)
    spans = (
        ("gateway", batch.radio, 0, radios - 1, Said(f"a place among the {gateways} gateways", f"موضع بين البوابات وعددها {gateways}")),
        ("beacon", batch.beacon, 0, beacons - 1, Said(f"a place among the {beacons} beacons", f"موضع بين المنارات وعددها {beacons}")),
        ("window_start_ms", batch.window_start_ms, 0, LATEST_MS, SINCE_1970),
        ("window_ms", batch.window_ms, 1, LONGEST_WINDOW_MS, span(1, LONGEST_WINDOW_MS)),
        ("adverts", batch.adverts, 1, MOST_ADVERTS, span(1, MOST_ADVERTS)),
    )
    for column_name, column, least, most, expected in spans:
        wrong = (column < least) | (column > most)
        if wrong.any():
            row = int(wrong.argmax())
            raise BatchError(place(column_name, row, batch.listed_in), int(column[row]), expected)
    return batch


def check_time(batch: Batch, latest_ms: int) -> None:
    """Raises BatchError where the batch speaks of a time after `latest_ms`: such a clock would close windows of others."""
    latest = Said(f"at most {latest_ms}, the server's clock and some room", f"{latest_ms} على الأكثر، وهو ساعة الخادم مع هامش")
    if not 0 <= batch.covered_until_ms <= latest_ms:
        raise BatchError("/covered_until_ms", batch.covered_until_ms, latest)
    ahead = batch.end_ms > latest_ms
    if ahead.any():
        row = int(ahead.argmax())
        expected = Said(f"a window that ends by {latest_ms}", f"نافذة تنتهي عند {latest_ms} أو قبله")
        raise BatchError(place("window_start_ms", row, batch.listed_in), int(batch.window_start_ms[row]), expected)
    if len(batch.step_ms) and int(batch.step_ms.max()) > latest_ms:
        raise BatchError(place("at_ms", int(batch.step_ms.argmax()), "steps"), int(batch.step_ms.max()), latest)


# --- deciding --------------------------------------------------------------------------------------------------------------------


def possible(rssi_dbm: Singles) -> Flags:
    """Which RSSI values a radio can have measured. NaN is none."""
    answer: Flags = (rssi_dbm >= WEAKEST_DBM) & (rssi_dbm < 0)
    return answer


def minutes(batch: Batch) -> list[tuple[int, Indices]]:
    """The batch's rows by minute: each with the last moment it speaks of, at which its beacons are to be resolved, and its rows."""
    minute = batch.end_ms // MINUTE_MS
    found = [np.flatnonzero(minute == which) for which in np.unique(minute)]
    return [(int(batch.end_ms[rows].max()), rows) for rows in found]


def ranked(places: Indices, size: int) -> tuple[Indices, Indices]:
    """Which of `size` places occur, rising, and each one's rank among them: `np.unique` with its inverse, without sorting."""
    occurs = np.zeros(size, np.bool_)
    occurs[places] = True
    rank: Indices = np.cumsum(occurs) - 1
    return np.flatnonzero(occurs), rank[places]


def keep(batch: Batch, owner: Indices, owners: Sequence[tuple[Track, Pseudonym]], anchors: Sequence[str], anchor: Indices) -> Kept:
    """What goes on of a batch.

    `owner` says for each row whose beacon it was, a place in `owners`, -1, STALE, CLONE or FIXED; `anchor` which radio or beacon with a
    placement it was heard by, a place in `anchors` or -1. A row is dropped for its first fault: its RSSI, then its owner, then
    its placement.
    """
    sound = possible(batch.rssi_dbm)
    known = sound & (owner >= 0)
    kept = known & (anchor != NONE)
    counts = {
        IMPOSSIBLE_RSSI: len(batch) - int(sound.sum()),
        **{code: int((sound & (owner == value)).sum()) for value, code in _NOBODYS},
        UNPLACED: int(known.sum() - kept.sum()),
    }
    used, device = ranked(owner[kept], len(owners))
    heard, at = ranked(anchor[kept], len(anchors))
    devices = [owners[i] for i in used.tolist()]
    return Kept(
        tuple(track for track, _ in devices),
        tuple(shopper for _, shopper in devices),
        tuple(anchors[i] for i in heard.tolist()),
        device,
        at,
        batch.window_start_ms[kept],
        batch.window_ms[kept],
        batch.adverts[kept],
        batch.rssi_dbm[kept],
        {code: count for code, count in counts.items() if count},
    )
