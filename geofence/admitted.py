"""Admitted: what ingest writes into a venue's log and the engine reads: rows of known devices, reports, ticks. Pseudonyms only.

    offset  size  what
    0       4     magic `ASA1`
    4       4     header length h, u32
    8       h     header: AdmittedHeader as JSON, UTF-8
    8+h     p     zero bytes up to a multiple of 8
            ...   the columns of _COLUMNS, little-endian, no gaps: `track` once a device, the last three once a felt step,
                  the others once a row

Pure. The wire's own frame, with beacon keys in it, is `groundwork/contracts/codec.py`; this one never leaves the backend.
"""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from geofence.columns import Columns, Indices, Longs, Singles, Tracks
from groundwork.contracts.ids import CalibrationId, PlanVersionId, Pseudonym, TenantId, VenueId
from groundwork.contracts.visit import Visit

MAGIC: Final = b"ASA1"
_PREFIX: Final = 8
_COLUMNS: Final = (
    ("track", "<u8"),
    ("window_start_ms", "<i8"),
    ("rssi_dbm", "<f4"),
    ("device", "<u2"),
    ("anchor", "<u2"),
    ("window_ms", "<u2"),
    ("adverts", "<u2"),
    ("step_ms", "<i8"),
    ("heading_deg", "<f4"),
    ("step_device", "<u2"),
)
_OF_STEPS: Final = frozenset(("step_ms", "heading_deg", "step_device"))

AdmittedKind = Literal["sightings", "ranging", "tick", "forget", "arrival"]


class Reference(msgspec.Struct, frozen=True, array_like=True):
    """A beacon of the plan as a gateway of the plan heard it in one window: a reading between two known places, and of nobody."""

    gateway: str
    beacon: str
    at_ms: int
    """When the window closed."""
    rssi_dbm: float


class AdmittedHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says besides its rows."""

    version: int = 1
    kind: AdmittedKind
    tenant: TenantId
    venue: VenueId
    source: str = ""
    """The sending gateway, the track of a reporting phone in decimal, the id of an erasure, or the visit's; empty for a tick."""
    covered_until_ms: int
    """How far the source's input reaches; for a tick, what the clock showed."""
    clock_offset_ms: int = 0
    """What was added to the box's own times, because its clock is off; every time in the entry has it added already."""
    admitted_ms: int
    """The server's clock when this was let in: what zone events of it say they were decided at."""
    plan_version: PlanVersionId | None = None
    """The plan its anchors were looked up on; None for a tick, which changes no plan."""
    calibration: CalibrationId = CalibrationId("")
    """The venue's calibration that was in force, where `plan_version` is told; empty where none was."""
    anchors: list[str] = []
    shoppers: list[Pseudonym] = []
    """Of each device, in the order of `track`."""
    rows: Annotated[int, msgspec.Meta(ge=0)] = 0
    steps: Annotated[int, msgspec.Meta(ge=0)] = 0
    references: list[Reference] = []
    """What its gateways heard of the plan's own beacons, thinned; for `tracking/gains.py`."""
    forget: Pseudonym = Pseudonym("")
    """Whom the venue's engine is to forget, at once and without a trace; only where the kind says so."""
    visit_start_ms: int = 0
    """When a visit began outside; only where the kind says so."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """One entry. `tracks` has one number a device, the last three columns have shape (steps,), the other columns (rows,)."""

    header: AdmittedHeader
    tracks: Tracks
    window_start_ms: Longs
    rssi_dbm: Singles
    device: Indices
    anchor: Indices
    window_ms: Indices
    adverts: Indices
    step_ms: Longs = field(default_factory=lambda: np.empty(0, np.int64))
    heading_deg: Singles = field(default_factory=lambda: np.empty(0, np.float32))
    """Clockwise from magnetic north, NaN where the phone does not know."""
    step_device: Indices = field(default_factory=lambda: np.empty(0, np.int64))

    @property
    def end_ms(self) -> Longs:
        """When each row's window closed: the moment it speaks of."""
        return self.window_start_ms + self.window_ms


class AdmittedError(ValueError):
    """The bytes are no admitted entry; says what was found and what was expected."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(AdmittedHeader)


def tick(tenant: TenantId, venue: VenueId, now_ms: int) -> bytes:
    """The entry that tells a venue's engine what time it is."""
    return encode(rowless(AdmittedHeader(kind="tick", tenant=tenant, venue=venue, covered_until_ms=now_ms, admitted_ms=now_ms)))


def forget(tenant: TenantId, venue: VenueId, erasure: str, shopper: Pseudonym, now_ms: int) -> bytes:
    """The entry that tells a venue's engine to forget a shopper: erased, and no row of hers comes after it, or withdrawn (`""`)."""
    header = AdmittedHeader(
        kind="forget", tenant=tenant, venue=venue, source=erasure, forget=shopper, covered_until_ms=now_ms, admitted_ms=now_ms
    )
    return encode(rowless(header))


def arrival(visit: Visit, now_ms: int, until_ms: int) -> bytes:
    """The entry that tells a venue of a visit that began outside; one that begins inside by `until_ms` is the same."""
    header = AdmittedHeader(
        kind="arrival",
        tenant=visit.tenant,
        venue=visit.venue,
        source=visit.id,
        shoppers=[visit.shopper],
        visit_start_ms=visit.start_ms,
        covered_until_ms=until_ms,
        admitted_ms=now_ms,
    )
    return encode(replace(rowless(header), tracks=np.array([visit.track], np.uint64)))


def without(entry: Admitted, shoppers: Collection[Pseudonym]) -> Admitted:
    """The entry without these shoppers and their rows."""
    stays = np.array([shopper not in shoppers for shopper in entry.header.shoppers], np.bool_)
    rows = stays[entry.device] if len(entry.device) else np.empty(0, np.bool_)
    steps = stays[entry.step_device] if len(entry.step_device) else np.empty(0, np.bool_)
    columns = {name: getattr(entry, name)[steps if name in _OF_STEPS else rows] for name, _ in _COLUMNS[1:]}
    place = np.cumsum(stays) - 1
    columns["device"], columns["step_device"] = place[columns["device"]], place[columns["step_device"]]
    names = [shopper for shopper in entry.header.shoppers if shopper not in shoppers]
    header = msgspec.structs.replace(entry.header, shoppers=names, rows=int(rows.sum()), steps=int(steps.sum()))
    return Admitted(header, entry.tracks[stays], **columns)


def rowless(header: AdmittedHeader) -> Admitted:
    """An entry without rows: a tick, or a gateway that heard nobody it may know."""
    empty = np.empty(0, np.int64)
    return Admitted(header, np.empty(0, np.uint64), empty, np.empty(0, np.float32), empty, empty, empty, empty)


def encode(entry: Admitted) -> bytes:
    """The bytes of an entry."""
    head = _encoder.encode(entry.header)
    columns = {"track": entry.tracks, **{name: getattr(entry, name) for name, _ in _COLUMNS[1:]}}
    parts = [np.ascontiguousarray(columns[name], dtype).tobytes() for name, dtype in _COLUMNS]
    return b"".join((MAGIC, len(head).to_bytes(4, "little"), head, bytes(-(_PREFIX + len(head)) % 8), *parts))


def decode_header(payload: bytes) -> AdmittedHeader:
    """What the entry in `payload` says besides its rows; raises AdmittedError on anything else."""
    if payload[:4] != MAGIC:
        raise AdmittedError(f"expected an admitted entry starting {MAGIC!r}, got {payload[:4]!r}")
    try:
        return _decoder.decode(payload[_PREFIX : _header_end(payload)])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AdmittedError(f"an admitted entry's header is unreadable: {error}") from error


def _header_end(payload: bytes) -> int:
    return _PREFIX + int.from_bytes(payload[4:8], "little")


def decode(payload: bytes) -> Admitted:
    """The entry in `payload`; raises AdmittedError on anything else."""
    header, start = decode_header(payload), _header_end(payload)
    start += -start % 8
    columns: dict[str, Columns] = {}
    for name, dtype in _COLUMNS:
        count = len(header.shoppers) if name == "track" else header.steps if name in _OF_STEPS else header.rows
        end = start + count * np.dtype(dtype).itemsize
        if end > len(payload):
            raise AdmittedError(f"an admitted entry of {header.rows} rows ends in column {name}: {len(payload)} bytes, expected {end}")
        columns[name] = np.frombuffer(payload, dtype, count, start)
        start = end
    if start != len(payload):
        raise AdmittedError(f"an admitted entry of {header.rows} rows has {start} bytes, got {len(payload)}")
    return _checked(header, columns)


def _checked(header: AdmittedHeader, columns: dict[str, Columns]) -> Admitted:
    """Widens the small columns for use as positions; raises AdmittedError where one points nowhere."""
    wide: dict[str, Columns] = {
        name: columns[name].astype(np.int64) for name in ("device", "anchor", "window_ms", "adverts", "step_device")
    }
    for name, names in (("device", header.shoppers), ("anchor", header.anchors), ("step_device", header.shoppers)):
        if len(wide[name]) and int(wide[name].max()) >= len(names):
            raise AdmittedError(f"column {name} points at {int(wide[name].max())}, but there are {len(names)}")
    kept: dict[str, Columns] = {name: columns[name] for name in ("window_start_ms", "rssi_dbm", "step_ms", "heading_deg")}
    return Admitted(header, columns["track"], **kept, **wide)
