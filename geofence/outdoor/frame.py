"""The column frame of GPS reports: little-endian, read in place.

    offset  size  what
    0       4     magic `AGF1`
    4       4     header length h, u32
    8       4     reports n, u32
    12      h     header: GpsHeader as JSON, UTF-8
    12+h    p     zero bytes up to a multiple of 8
            8n    at_ms, i64
            8n    lon, f64
            8n    lat, f64
            4n    accuracy_m, f32

Pure. 28 bytes a report, a third of its JSON.
"""

from typing import Final, NamedTuple

import msgspec
import numpy as np

from geofence.columns import Columns
from groundwork.contracts.gps_report import GpsHeader

MAGIC: Final = b"AGF1"
COLUMNS: Final = (("at_ms", "<i8"), ("lon", "<f8"), ("lat", "<f8"), ("accuracy_m", "<f4"))
ROW_BYTES: Final = sum(np.dtype(dtype).itemsize for _, dtype in COLUMNS)
_PREFIX: Final = 12

_decoder = msgspec.json.Decoder(GpsHeader)


class GpsFrame(NamedTuple):
    """A decoded frame."""

    header: GpsHeader
    reports: int
    columns: dict[str, Columns]


class GpsFrameError(ValueError):
    """The bytes are no frame of GPS reports."""

    def __init__(self, found: str, expected: str) -> None:
        super().__init__(f"{found}, expected {expected}")
        self.found = found
        self.expected = expected


def decode_gps_frame(body: bytes) -> GpsFrame:
    """The frame in `body`; raises GpsFrameError on anything else."""
    if len(body) < _PREFIX or body[:4] != MAGIC:
        raise GpsFrameError(f"{len(body)} bytes that start {bytes(body[:4])!r}", f"a column frame, which starts {MAGIC!r}")
    length, reports = int.from_bytes(body[4:8], "little"), int.from_bytes(body[8:12], "little")
    start = _PREFIX + length
    start += -start % 8
    expected = start + reports * ROW_BYTES
    if len(body) != expected:
        raise GpsFrameError(f"{len(body)} bytes", f"{expected} bytes for {reports} reports with a header of {length} bytes")
    try:
        header = _decoder.decode(body[_PREFIX : _PREFIX + length])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise GpsFrameError(f"a header that cannot be read ({error})", "a GpsHeader") from error
    columns: dict[str, Columns] = {}
    for name, dtype in COLUMNS:
        columns[name] = np.frombuffer(body, dtype, reports, start)
        start += columns[name].nbytes
    return GpsFrame(header, reports, columns)
