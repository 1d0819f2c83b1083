"""Admitted: what ingest writes into a venue's log and the engine reads: rows of known devices, reports, ticks. Pseudonyms only.

    offset  size  what
    0       4     magic `ASA1`
    4       4     header length h, u32
    8       h     header: AdmittedHeader as JSON, UTF-8
    8+h     p     zero bytes up to a multiple of 8
            ...   the columns of _COLUMNS, little-endian, no gaps: `track` once a device, the others once a row

Pure. The wire's own frame, with beacon keys in it, is `groundwork/contracts/codec.py`; this one never leaves the backend.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

import msgspec
import numpy as np

from geofence.columns import Columns, Indices, Longs, Singles, Tracks
from groundwork.contracts.ids import PlanVersionId, Pseudonym, TenantId, VenueId

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
)

AdmittedKind = Literal["sightings", "ranging", "tick"]


class AdmittedHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says besides its rows."""

    version: int = 1
    kind: AdmittedKind
    tenant: TenantId
    venue: VenueId
    source: str = ""
    """The sending gateway, or the track of a reporting phone in decimal; empty for a tick."""
    covered_until_ms: int
    """How far the source's input reaches; for a tick, what the clock showed."""
    admitted_ms: int
    """The server's clock when this was let in: what zone events of it say they were decided at."""
    plan_version: PlanVersionId | None = None
    """The plan its anchors were looked up on; None for a tick, which changes no plan."""
    anchors: list[str] = []
    shoppers: list[Pseudonym] = []
    """Of each device, in the order of `track`."""
    rows: Annotated[int, msgspec.Meta(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Admitted:
    """One entry. `tracks` has one number a device; the other columns have shape (rows,)."""

    header: AdmittedHeader
    tracks: Tracks
    window_start_ms: Longs
    rssi_dbm: Singles
    device: Indices
    anchor: Indices
    window_ms: Indices
    adverts: Indices

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


def decode(payload: bytes) -> Admitted:
    """The entry in `payload`; raises AdmittedError on anything else."""
    if payload[:4] != MAGIC:
        raise AdmittedError(f"expected an admitted entry starting {MAGIC!r}, got {payload[:4]!r}")
    start = _PREFIX + int.from_bytes(payload[4:8], "little")
    try:
        header = _decoder.decode(payload[_PREFIX:start])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise AdmittedError(f"an admitted entry's header is unreadable: {error}") from error
    start += -start % 8
    columns: dict[str, Columns] = {}
    for name, dtype in _COLUMNS:
        count = len(header.shoppers) if name == "track" else header.rows
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
    wide = {name: columns[name].astype(np.int64) for name in ("device", "anchor", "window_ms", "adverts")}
    for name, names in (("device", header.shoppers), ("anchor", header.anchors)):
        if header.rows and int(wide[name].max()) >= len(names):
            raise AdmittedError(f"column {name} points at {int(wide[name].max())}, but there are {len(names)}")
    return Admitted(header, columns["track"], columns["window_start_ms"], columns["rssi_dbm"], **wide)
