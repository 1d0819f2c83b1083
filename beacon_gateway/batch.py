"""Batches: condensed rows as the bytes that travel.

A batch is encoded once, when it is sealed; every send of it, also after a restart, is these bytes. Pure.
The frame is `groundwork.contracts.codec`'s; keeping batches is for `spool.py`.
"""

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from beacon_gateway.condense import Columns
from groundwork.contracts.codec import decode_frame, encode_frame
from groundwork.contracts.ids import BootId, GatewayId, TenantId
from groundwork.contracts.sighting import SightingColumns, SightingHeader

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

    def body(self) -> bytes:
        """The frame as it is sent, the same bytes every time. Raises ValueError where the disk gave back something else."""
        try:
            return zlib.decompress(self.packed)
        except zlib.error as error:
            raise ValueError(f"batch {self.number} of boot {self.boot} does not unpack: {error}") from error

    def refused(self) -> dict[str, int]:
        """The refused adverts that this batch was to tell of; none where the disk gave back something else."""
        try:
            return decode_frame(self.body()).header.refused
        except ValueError:
            return {}


@dataclass(frozen=True, slots=True)
class Sender:
    """Who signs and sends: the box, in its tenant."""

    tenant: TenantId
    gateway: GatewayId


@dataclass(frozen=True, slots=True)
class Stamp:
    """What a batch says besides its rows."""

    boot: BootId
    number: int
    sent_ms: int
    covered_until_ms: int
    refused: Mapping[str, int]


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
    packed = zlib.compress(encode_frame(header, columns), _LEVEL)
    return Batch(stamp.boot, stamp.number, len(rows), sum(rows.adverts), packed)


def _indexed(ids: Sequence[Id]) -> tuple[list[Id], list[int]]:
    """The distinct ids in order of first appearance, and each row's place among them."""
    places: dict[Id, int] = {}
    rows = [places.setdefault(each, len(places)) for each in ids]
    return list(places), rows
