"""Reported: what ingest writes into the log of GPS reports and the outdoor engine reads. Pseudonyms and distances only, no coordinate.

    offset  size  what
    0       4     magic `AGR1`
    4       4     header length h, u32
    8       h     header: ReportedHeader as JSON, UTF-8
    8+h     p     zero bytes up to a multiple of 8
            ...   the columns of _COLUMNS, little-endian, no gaps: the first two once a report, the others once a row

A row is one report near one fence. A report without rows was near none.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal, NamedTuple

import msgspec
import numpy as np

from geofence.columns import Columns, Indices, Longs, Singles
from groundwork.contracts.ids import PlanVersionId, Pseudonym, TenantId, Track, VenueId, VisitId

MAGIC: Final = b"AGR1"
_PREFIX: Final = 8
_COLUMNS: Final = (("at_ms", "<i8"), ("accuracy_m", "<f4"), ("signed_m", "<f4"), ("report", "<u4"), ("fence", "<u4"))
_OF_REPORTS: Final = frozenset(("at_ms", "accuracy_m"))

OUTSIDE: Final = VenueId(":outside")
"""Stands for this log where it is noted which logs were told to forget a shopper; no venue is called so."""

ReportedKind = Literal["reports", "tick", "forget"]


class FenceRef(NamedTuple):
    """Which fence a row speaks of, and where its venue is: a circle that holds all of the venue's fences and the watch beyond."""

    venue: VenueId
    zone: str
    kind: str
    plan_version: PlanVersionId
    lon: float
    lat: float
    reach_m: float


class OpenVisit(NamedTuple):
    """A visit of hers that goes on as the reports are let in, or has just ended."""

    venue: VenueId
    visit: VisitId
    start_ms: int


class ReportedHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What an entry says besides its rows."""

    version: int = 1
    kind: ReportedKind
    tenant: TenantId
    shopper: Pseudonym
    track: Track = Track(0)
    """The reporting phone; 0 for a tick, which speaks to all of hers, and for a forget."""
    erasure: str = ""
    """Of which erasure this is, only where the kind says so; empty where she has withdrawn."""
    admitted_ms: int
    """The server's clock when this was let in; for a tick, what the clock showed."""
    fences: list[FenceRef] = []
    visits: list[OpenVisit] = []
    reports: Annotated[int, msgspec.Meta(ge=0)] = 0
    rows: Annotated[int, msgspec.Meta(ge=0)] = 0


@dataclass(frozen=True, slots=True)
class Reported:
    """One entry: columns of shape (reports,), then of shape (rows,) by report, then fence."""

    header: ReportedHeader
    at_ms: Longs
    accuracy_m: Singles
    signed_m: Singles
    """Metres inside (over 0) or outside the fence."""
    report: Indices
    fence: Indices
    """Positions in the header's fences."""


class ReportedError(ValueError):
    """The bytes are no entry of this log; says what was found and what was expected."""


_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ReportedHeader)


def tick(tenant: TenantId, shopper: Pseudonym, now_ms: int) -> bytes:
    """The entry that tells a shopper's state what time it is."""
    return encode(_rowless(ReportedHeader(kind="tick", tenant=tenant, shopper=shopper, admitted_ms=now_ms)))


def forget(tenant: TenantId, shopper: Pseudonym, erasure: str, now_ms: int) -> bytes:
    """The entry after which nothing of a shopper is left in memory: erased, and no report of hers comes after it, or withdrawn (`""`)."""
    return encode(_rowless(ReportedHeader(kind="forget", tenant=tenant, shopper=shopper, erasure=erasure, admitted_ms=now_ms)))


def _rowless(header: ReportedHeader) -> Reported:
    longs, singles = np.empty(0, np.int64), np.empty(0, np.float32)
    return Reported(header, longs, singles, singles, longs, longs)


def encode(entry: Reported) -> bytes:
    """The bytes of an entry."""
    head = _encoder.encode(entry.header)
    parts = [np.ascontiguousarray(getattr(entry, name), dtype).tobytes() for name, dtype in _COLUMNS]
    return b"".join((MAGIC, len(head).to_bytes(4, "little"), head, bytes(-(_PREFIX + len(head)) % 8), *parts))


def decode(payload: bytes) -> Reported:
    """The entry in `payload`; raises ReportedError on anything else."""
    if payload[:4] != MAGIC:
        raise ReportedError(f"expected an entry starting {MAGIC!r}, got {payload[:4]!r}")
    start = _PREFIX + int.from_bytes(payload[4:8], "little")
    try:
        header = _decoder.decode(payload[_PREFIX:start])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ReportedError(f"an entry's header is unreadable: {error}") from error
    start += -start % 8
    columns: dict[str, Columns] = {}
    for name, dtype in _COLUMNS:
        count = header.reports if name in _OF_REPORTS else header.rows
        end = start + count * np.dtype(dtype).itemsize
        if end > len(payload):
            raise ReportedError(f"an entry of {header.rows} rows ends in column {name}: {len(payload)} bytes, expected {end}")
        columns[name] = np.frombuffer(payload, dtype, count, start)
        start = end
    if start != len(payload):
        raise ReportedError(f"an entry of {header.rows} rows has {start} bytes, got {len(payload)}")
    for name, most in (("report", header.reports), ("fence", len(header.fences))):
        if header.rows and int(columns[name].max()) >= most:
            raise ReportedError(f"column {name} points at {int(columns[name].max())}, but there are {most}")
    wide = {name: columns[name].astype(np.int64) for name in ("at_ms", "report", "fence")}
    return Reported(header, wide["at_ms"], columns["accuracy_m"], columns["signed_m"], wide["report"], wide["fence"])
