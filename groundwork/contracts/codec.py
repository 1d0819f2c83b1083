"""The little-endian column frame: a batch of sightings whose columns are read in place.

    offset  size  what
    0       4     magic `ASF1`
    4       4     header length h, u32
    8       4     rows n, u32
    12      h     header: SightingHeader as JSON, UTF-8
    12+h    p     zero bytes up to a multiple of 8
            ...   the columns in the order of COLUMNS, each n items, little-endian, no gaps

Columns stand widest first, so each starts on a multiple of its own width and numpy can view it without a copy.
Everything here works on bytes and `array`; numpy views are made where they are used.
"""

import sys
from array import array
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final, NamedTuple

import msgspec

from groundwork.contracts.sighting import SightingColumns, SightingHeader

MAGIC: Final = b"ASF1"
_PREFIX: Final = 12


class Column(NamedTuple):
    """A column of the frame: its name in SightingColumns, and its item as numpy and `array` spell it."""

    name: str
    dtype: str
    typecode: str
    width: int


COLUMNS: Final = (
    Column("window_start_ms", "<i8", "q", 8),
    Column("rssi_median_dbm", "<f4", "f", 4),
    Column("rssi_min_dbm", "<f4", "f", 4),
    Column("rssi_max_dbm", "<f4", "f", 4),
    Column("rssi_last_dbm", "<f4", "f", 4),
    Column("beacon", "<u4", "I", 4),
    Column("gateway", "<u2", "H", 2),
    Column("window_ms", "<u2", "H", 2),
    Column("adverts", "<u2", "H", 2),
)
ROW_BYTES: Final = sum(column.width for column in COLUMNS)

_LATE: Final = ("left", "telemetry", "strangers", "gaps")
"""Fields younger than the first frames: left out while empty, so that what could be said then still has the same bytes."""

_header_encoder = msgspec.json.Encoder()
_header_decoder = msgspec.json.Decoder(SightingHeader)


class FrameError(ValueError):
    """The bytes are no column frame; the message says what was found and what was expected."""


class Frame(NamedTuple):
    """A decoded frame: the header, the number of rows, and each column's bytes as a view into the frame."""

    header: SightingHeader
    rows: int
    columns: dict[str, memoryview]


def encode_frame(header: SightingHeader, columns: SightingColumns | Mapping[str, array]) -> bytes:  # type: ignore[type-arg] # array of any item type
    """The frame of `header` and `columns`; raises FrameError where columns differ in length or a value does not fit its item."""
    get = columns.__getitem__ if isinstance(columns, Mapping) else lambda name: getattr(columns, name)
    try:
        parts = [_little(array(column.typecode, get(column.name))) for column in COLUMNS]
    except (OverflowError, TypeError) as error:
        raise FrameError(f"a value does not fit its column: {error}") from error
    lengths = [len(part) for part in parts]
    if any(a != b for a, b in pairwise(lengths)):
        raise FrameError(f"columns differ in length: {dict(zip((c.name for c in COLUMNS), lengths, strict=True))}")
    head = _header_encoder.encode(_spoken(header))
    start = _PREFIX + len(head)
    prefix = MAGIC + len(head).to_bytes(4, "little") + lengths[0].to_bytes(4, "little")
    return b"".join((prefix, head, bytes(-start % 8), *_bytes_of(parts)))


def decode_frame(body: bytes) -> Frame:
    """The frame in `body`; raises FrameError on anything else. Column views keep `body` alive."""
    if len(body) < _PREFIX or body[:4] != MAGIC:
        raise FrameError(f"expected a column frame starting {MAGIC!r}, got {bytes(body[:4])!r} and {len(body)} bytes")
    head_length = int.from_bytes(body[4:8], "little")
    rows = int.from_bytes(body[8:12], "little")
    start = _PREFIX + head_length
    start += -start % 8
    expected = start + rows * ROW_BYTES
    if len(body) != expected:
        raise FrameError(f"a frame of {rows} rows with a header of {head_length} bytes has {expected} bytes, got {len(body)}")
    try:
        header = _header_decoder.decode(body[_PREFIX : _PREFIX + head_length])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"the frame's header is no SightingHeader: {error}") from error
    view, columns = memoryview(body), {}
    for column in COLUMNS:
        end = start + rows * column.width
        columns[column.name] = view[start:end]
        start = end
    return Frame(header, rows, columns)


def _spoken(header: SightingHeader) -> dict[str, object]:
    """The header's fields but for the late ones that say nothing."""
    said = {name: getattr(header, name) for name in SightingHeader.__struct_fields__}
    return {name: value for name, value in said.items() if value or name not in _LATE}


def _little(values: array) -> array:  # type: ignore[type-arg] # array of any item type
    if sys.byteorder == "big":
        values.byteswap()
    return values


def _bytes_of(parts: Iterable[array]) -> Iterable[bytes]:  # type: ignore[type-arg] # array of any item type
    return (part.tobytes() for part in parts)
