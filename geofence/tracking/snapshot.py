"""Snapshot: an engine's state as bytes and back, exactly.

Pure. Canonical: devices in the order of their tracks, pending rows in the order they will be applied, so two engines in the same state
give the same bytes whatever slots they used. Which plan version and which calibration it belongs to is in it; they themselves are not.
"""

import zlib
from collections.abc import Mapping
from typing import Final

import msgspec
import numpy as np

from geofence.columns import Columns
from geofence.device_columns import NEVER_MS
from geofence.tracking.gains import Known as Learned
from geofence.tracking.identities import Heard
from geofence.tracking.sickness import Known

MAGIC: Final = b"AGS1"
_LEVEL: Final = 1
"""zlib: most of a snapshot is empty columns, which level 1 already removes at ten times the speed of level 6."""


class Column(msgspec.Struct, frozen=True, array_like=True):
    """One column as stored."""

    dtype: str
    shape: tuple[int, ...]
    raw: bytes


class EngineState(msgspec.Struct, frozen=True, kw_only=True):
    """Everything an engine needs to go on, but for its plan, its calibration and its settings."""

    version: int = 1
    plan_version: str
    calibration: str = ""
    watermark_ms: int
    newest_ms: int
    covered_ms: dict[str, int]
    decided_ms: int
    columns: dict[str, Column]
    """Of the devices, by name, one row a device."""
    pending: dict[str, Column]
    late: dict[str, Column] = {}
    late_first_ms: int = NEVER_MS
    late_newest_ms: int = NEVER_MS
    spans: dict[str, Column] = {}
    spans_floor_ms: int = NEVER_MS
    gateways: Known = msgspec.field(default_factory=Known)
    gains: Learned = msgspec.field(default_factory=Learned)
    beacons: Heard = msgspec.field(default_factory=Heard)


class SnapshotError(ValueError):
    """The bytes are no snapshot of this version."""


_encoder = msgspec.msgpack.Encoder(order="sorted")
_decoder = msgspec.msgpack.Decoder(EngineState)


def to_bytes(state: EngineState) -> bytes:
    """The state, packed."""
    return MAGIC + zlib.compress(_encoder.encode(state), _LEVEL)


def from_bytes(raw: bytes) -> EngineState:
    """The state in `raw`; raises SnapshotError on anything else."""
    if raw[:4] != MAGIC:
        raise SnapshotError(f"expected a snapshot starting {MAGIC!r}, got {raw[:4]!r}")
    try:
        return _decoder.decode(zlib.decompress(raw[4:]))
    except (zlib.error, msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SnapshotError(f"a snapshot is unreadable: {error}") from error


def stored(column: Columns) -> Column:
    """The column for keeping."""
    return Column(column.dtype.newbyteorder("<").str, column.shape, np.ascontiguousarray(column, column.dtype.newbyteorder("<")).tobytes())


def loaded(column: Column) -> Columns:
    """The column, writable."""
    return np.frombuffer(column.raw, column.dtype).reshape(column.shape).copy()


def stored_all(columns: Mapping[str, Columns]) -> dict[str, Column]:
    """Columns by name, for keeping."""
    return {name: stored(column) for name, column in columns.items()}


def loaded_all(columns: Mapping[str, Column]) -> dict[str, Columns]:
    """Columns by name, writable."""
    return {name: loaded(column) for name, column in columns.items()}
