"""Batches: condensed rows as the bytes that travel.

A batch is encoded once, when it is sealed; every send of it, also after a restart, is these bytes, unless the clock it was stamped by
turns out to have been wrong (`moved`). Pure.
The frame is `groundwork.contracts.codec`'s; keeping batches is for `spool.py`.
"""

import sys
import zlib
from array import array
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeVar

import msgspec

from groundwork.adverts.condense import Columns
from groundwork.contracts.codec import COLUMNS, Column, decode_frame, encode_compact
from groundwork.contracts.ids import BootId, GatewayId, TenantId
from groundwork.contracts.sighting import BeaconTelemetry, Left, SightingColumns, SightingHeader, SpoolGap, StrangerCount

_LEVEL: Final = 6
"""zlib's own default: about 60 us for a window of 50 rows; level 9 saves 1 % more and doubles the time."""
Id = TypeVar("Id", bound=str)


@dataclass(frozen=True, slots=True)
class Batch:
    """A sealed batch. `adverts` is what its rows stand for, `packed` the zlib-compressed frame."""

    boot: BootId
    number: int
    rows: int
    adverts: int
    packed: bytes
    sent_ms: int = 0
    """When it was sealed, by the corrected clock of that moment."""
    retimed: bool = False
    """Whether its times were moved after it was sealed, because the clock had been wrong."""

    def body(self) -> bytes:
        """The frame as it is sent, the same bytes every time. Raises ValueError where the disk gave back something else."""
        try:
            return zlib.decompress(self.packed)
        except zlib.error as error:
            raise ValueError(f"batch {self.number} of boot {self.boot} does not unpack: {error}") from error

    def refused(self) -> dict[str, int]:
        """The refused adverts that this batch was to tell of; none where the disk gave back something else."""
        header = self._header()
        return header.refused if header else {}

    def gaps(self) -> list[SpoolGap]:
        """The gaps that this batch was to tell of; none where the disk gave back something else."""
        header = self._header()
        return header.gaps if header else []

    def _header(self) -> SightingHeader | None:
        try:
            return decode_frame(self.body()).header
        except ValueError:
            return None

    def moved(self, by_ms: int) -> "Batch":
        """The same batch with every time in it moved. Raises ValueError as `body` does, and where it says what cannot be moved."""
        frame = decode_frame(self.body())
        header = _moved_header(frame.header, by_ms)
        columns = {column.name: _array(column, frame.columns[column.name]) for column in COLUMNS}
        columns["window_start_ms"] = array("q", (start_ms + by_ms for start_ms in columns["window_start_ms"]))
        return replace(self, packed=zlib.compress(encode_compact(header, columns), _LEVEL), sent_ms=header.sent_ms, retimed=True)


def _array(column: Column, view: memoryview) -> array:  # type: ignore[type-arg] # array of any item type
    values = array(column.typecode, bytes(view))
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _moved_header(header: SightingHeader, by_ms: int) -> SightingHeader:
    return msgspec.structs.replace(
        header,
        sent_ms=header.sent_ms + by_ms,
        covered_until_ms=header.covered_until_ms + by_ms,
        left=[msgspec.structs.replace(one, heard_until_ms=one.heard_until_ms + by_ms) for one in header.left],
        telemetry=[msgspec.structs.replace(one, at_ms=one.at_ms + by_ms) for one in header.telemetry],
        strangers=[msgspec.structs.replace(one, from_ms=one.from_ms + by_ms, until_ms=one.until_ms + by_ms) for one in header.strangers],
    )


@dataclass(frozen=True, slots=True)
class Sender:
    """Who signs and sends: the box, in its tenant."""

    tenant: TenantId
    gateway: GatewayId


@dataclass(slots=True)
class Beside:
    """What is told beside the rows: who has left, what has changed, how many strangers there were."""

    left: list[Left] = field(default_factory=list)
    telemetry: list[BeaconTelemetry] = field(default_factory=list)
    strangers: list[StrangerCount] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.left) + len(self.telemetry) + len(self.strangers)

    def split(self, most: int) -> "tuple[Beside, Beside]":
        """The oldest `most` of each kind, and the rest."""
        first = Beside(self.left[:most], self.telemetry[:most], self.strangers[:most])
        return first, Beside(self.left[most:], self.telemetry[most:], self.strangers[most:])


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a batch says besides its rows."""

    boot: BootId
    number: int
    sent_ms: int
    covered_until_ms: int
    refused: Mapping[str, int]
    beside: Beside = field(default_factory=Beside)
    gaps: Sequence[SpoolGap] = ()


def seal(sender: Sender, stamp: Stamp, window_ms: int, rows: Columns) -> Batch:
    """The batch of `rows`, which may be none."""
    gateways, gateway = _indexed(rows.gateway)
    beacons, beacon = _indexed(rows.beacon)
    header = SightingHeader(
        tenant=sender.tenant,
        gateway=sender.gateway,
        boot=stamp.boot,
        batch=stamp.number,
        sent_ms=stamp.sent_ms,
        covered_until_ms=stamp.covered_until_ms,
        gateways=gateways,
        beacons=beacons,
        refused=dict(sorted(stamp.refused.items())),
        gaps=list(stamp.gaps),
        left=stamp.beside.left,
        telemetry=stamp.beside.telemetry,
        strangers=stamp.beside.strangers,
    )
    columns = SightingColumns(
        gateway=gateway,
        beacon=beacon,
        window_start_ms=rows.window_start_ms,
        window_ms=[window_ms] * len(rows),
        adverts=rows.adverts,
        rssi_median_dbm=rows.rssi_median_dbm,
        rssi_min_dbm=rows.rssi_min_dbm,
        rssi_max_dbm=rows.rssi_max_dbm,
        rssi_last_dbm=rows.rssi_last_dbm,
    )
    packed = zlib.compress(encode_compact(header, columns), _LEVEL)
    return Batch(stamp.boot, stamp.number, len(rows), sum(rows.adverts), packed, stamp.sent_ms)


def _indexed(ids: Sequence[Id]) -> tuple[list[Id], list[int]]:
    """The distinct ids, sorted, for neighbours then share most of their letters; and each row's place among them."""
    names = sorted(set(ids))
    places = {name: at for at, name in enumerate(names)}
    return names, [places[each] for each in ids]
