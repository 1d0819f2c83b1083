"""The column frames: a batch of sightings as bytes, little-endian, in two forms that mean the same. Both are accepted for ever.

The plain one, whose columns are read in place:

    offset  size  what
    0       4     magic `ASF1`
    4       4     header length h, u32
    8       4     rows n, u32
    12      h     header: SightingHeader as JSON, UTF-8
    12+h    p     zero bytes up to a multiple of 8
            ...   the columns in the order of COLUMNS, each n items, little-endian, no gaps

Columns stand widest first, so each starts on a multiple of its own width and numpy can view it without a copy.

The compact one, whose bytes a general compressor packs into 40 % less: names without what they share with the name before, numbers as
steps or of one byte. It takes whole and half dBm from -127.5 to 0, at most 255 adverts a row, and windows of one length.

    offset  size  what
    0       4     magic `ASF2`
    4       4     header length h, u32
    8       4     rows n, u32
    12      4     names m, u32
    16      4     bytes t of what names do not share, u32
    20      8     start of the first row's window, i64; 0 where there is no row
    28      2     length of all windows, u16
    30      h     header: SightingHeader without `beacons` as JSON, UTF-8
            m     of each beacon's name, how many bytes of UTF-8 it shares with the one before, u8
            m     how many follow them, u8
            t     those that follow
            2n    window_start_ms: step from the row before, u16
            n     gateway, u8
            n+n   beacon: step from the row before (from 0), i16; first all low bytes, then all high ones
            n     adverts, u8
            n+n+  rssi_median_dbm, rssi_min_dbm, rssi_max_dbm, rssi_last_dbm: -2 times each, u8
            n+n

Everything here works on bytes and `array`; numpy views are made where they are used.
"""

import struct
import sys
from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate, islice, pairwise
from operator import add, gt, index, sub
from typing import Final, NamedTuple

import msgspec

from groundwork.contracts.ids import BeaconKey
from groundwork.contracts.sighting import SightingColumns, SightingHeader

MAGIC: Final = b"ASF1"
COMPACT_MAGIC: Final = b"ASF2"
_PREFIX: Final = 12
_COMPACT: Final = struct.Struct("<4sIIIIqH")
_COMPACT_ROW: Final = 10
_RSSI: Final = ("rssi_median_dbm", "rssi_min_dbm", "rssi_max_dbm", "rssi_last_dbm")
_FLOATS: Final = [struct.pack("<f", -half / 2 if half else 0.0) for half in range(256)]
_THIRD, _FOURTH = (bytes(value[at] for value in _FLOATS) for at in (2, 3))
"""By -2 times a value, the bytes of the float that are not zero: whole columns are translated at once."""
_MOST_NAMES: Final = 1 << 20
"""Bytes of all names in a compact frame, written out: two bytes of it can stand for 255, and nobody may fill our memory that way."""


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
    """The frame in `body`, of either form; raises FrameError on anything else. Column views may keep `body` alive."""
    if body[:4] == COMPACT_MAGIC:
        return _decode_compact(body)
    if len(body) < _PREFIX or body[:4] != MAGIC:
        raise FrameError(f"expected a column frame starting {MAGIC!r}, got {bytes(body[:4])!r} and {len(body)} bytes")
    head_length = int.from_bytes(body[4:8], "little")
    rows = int.from_bytes(body[8:12], "little")
    start = _PREFIX + head_length
    start += -start % 8
    expected = start + rows * ROW_BYTES
    if len(body) != expected:
        raise FrameError(f"a frame of {rows} rows with a header of {head_length} bytes has {expected} bytes, got {len(body)}")
    header = _header(body[_PREFIX : _PREFIX + head_length])
    view, columns = memoryview(body), {}
    for column in COLUMNS:
        end = start + rows * column.width
        columns[column.name] = view[start:end]
        start = end
    return Frame(header, rows, columns)


def encode_compact(header: SightingHeader, columns: SightingColumns | Mapping[str, array]) -> bytes:  # type: ignore[type-arg] # as above
    """The compact frame of `header` and `columns`, or the plain one where a value does not fit it. Raises FrameError as `encode_frame`."""
    get = columns.__getitem__ if isinstance(columns, Mapping) else lambda name: getattr(columns, name)
    taken = {column.name: get(column.name) for column in COLUMNS}
    head = _header_encoder.encode({name: value for name, value in _spoken(header).items() if name != "beacons"})
    starts = taken["window_start_ms"]
    try:
        names = _unshared(header.beacons)
        rows, window_ms = _compact_rows(taken)
        counts = (len(head), len(starts), len(header.beacons), len(names) - 2 * len(header.beacons))
        prefix = _COMPACT.pack(COMPACT_MAGIC, *counts, starts[0] if starts else 0, window_ms)
    except (ValueError, OverflowError, TypeError, struct.error):
        return encode_frame(header, columns)
    return b"".join((prefix, head, names, rows))


def _unshared(names: Sequence[str]) -> bytes:
    """The names in three parts, as the compact frame has them; raises ValueError where one is too long or all are too many."""
    shares, rests = bytearray(), []
    before, share = b"", 0
    for name in names:
        now = name.encode()
        most = min(len(before), len(now), 255)
        share = min(share, most)
        while before[:share] != now[:share]:
            share -= 1
        while share < most and before[share] == now[share]:
            share += 1
        shares.append(share)
        rests.append(now[share:])
        before = now
    if sum(shares) + sum(map(len, rests)) > _MOST_NAMES:
        raise ValueError(f"names of more than {_MOST_NAMES} bytes")
    return bytes(shares) + bytes(map(len, rests)) + b"".join(rests)


def _compact_rows(columns: Mapping[str, Sequence[float]]) -> tuple[bytes, int]:
    """The rows of the compact frame, and the length of their windows; raises one of many errors where a value does not fit."""
    if len({len(column) for column in columns.values()}) != 1 or len(set(columns["window_ms"])) > 1:
        raise ValueError("columns of one length and windows of one length")
    starts, beacons = columns["window_start_ms"], columns["beacon"]
    low_high = _little(array("h", map(sub, beacons, [0, *beacons[:-1]]))).tobytes()
    parts = (
        _little(array("H", map(sub, starts, [*starts[:1], *starts[:-1]]))).tobytes(),
        bytes(map(index, columns["gateway"])),  # type: ignore[arg-type] # whole numbers, or it raises
        low_high[::2],
        low_high[1::2],
        bytes(map(index, columns["adverts"])),  # type: ignore[arg-type] # as above
        *(_halves(columns[name]) for name in _RSSI),
    )
    return b"".join(parts), int(columns["window_ms"][0]) if columns["window_ms"] else 0


def _halves(dbm: Sequence[float]) -> bytes:
    """-2 times each; raises ValueError where that is no whole number from 0 to 255."""
    doubled = [value * -2 for value in dbm]
    whole = bytes(map(int, doubled))
    if [*whole] != doubled:
        raise ValueError("neither whole nor half dBm")
    return whole


def _decode_compact(body: bytes) -> Frame:
    if len(body) < _COMPACT.size:
        raise FrameError(f"expected a compact frame of at least {_COMPACT.size} bytes, got {len(body)}")
    _, head_length, rows, names, rests, first_ms, window_ms = _COMPACT.unpack_from(body)
    start = _COMPACT.size + head_length
    at = start + 2 * names + rests
    if len(body) != at + rows * _COMPACT_ROW:
        raise FrameError(f"a compact frame of {rows} rows and {names} names has {at + rows * _COMPACT_ROW} bytes, got {len(body)}")
    header = _header(body[_COMPACT.size : start])
    if header.beacons:
        raise FrameError("a compact frame's header names no beacons; they stand behind it")
    try:
        header = msgspec.structs.replace(
            header, beacons=_names(body[start : start + names], body[start + names : start + 2 * names], body[start + 2 * names : at])
        )
        columns = _columns(body[at:], rows, first_ms)
    except (OverflowError, UnicodeDecodeError) as error:
        raise FrameError(f"a compact frame whose steps lead nowhere: {error}") from error
    columns["window_ms"] = window_ms.to_bytes(2, "little") * rows
    return Frame(header, rows, {column.name: memoryview(columns[column.name]) for column in COLUMNS})


def _names(shares: bytes, lengths: bytes, rests: bytes) -> list[BeaconKey]:
    sizes = list(map(add, shares, lengths))
    if any(map(gt, shares, [0, *sizes])) or sum(lengths) != len(rests):
        raise FrameError(f"{len(sizes)} names share more than there is, or take {sum(lengths)} bytes where {len(rests)} are there")
    if sum(sizes) > _MOST_NAMES:
        raise FrameError(f"more than {_MOST_NAMES} bytes of names")
    found, before, at = [], b"", 0
    for share, length in zip(shares, lengths, strict=True):
        before = before[:share] + rests[at : at + length]
        at += length
        found.append(before)
    return [BeaconKey(name.decode()) for name in found]


def _columns(body: bytes, rows: int, first_ms: int) -> dict[str, bytes]:
    """The columns but `window_ms`; raises OverflowError where one leads out of its range."""
    steps = _little(array("H", body[: 2 * rows]))
    gateway, low, high, adverts, *rssi = (body[at * rows : (at + 1) * rows] for at in range(2, _COMPACT_ROW))
    beacons = accumulate(_little(array("h", _side_by_side(low, high))))
    nothing = bytes(rows)
    return {
        "window_start_ms": _little(array("q", islice(accumulate(steps, initial=first_ms), 1, None))).tobytes(),
        "gateway": _side_by_side(gateway, nothing),
        "beacon": _little(array("I", beacons)).tobytes(),
        "adverts": _side_by_side(adverts, nothing),
        **{
            name: _side_by_side(nothing, nothing, halves.translate(_THIRD), halves.translate(_FOURTH))
            for name, halves in zip(_RSSI, rssi, strict=True)
        },
    }


def _side_by_side(*planes: bytes) -> bytes:
    """Values of several bytes from all first ones, all second ones, and so on."""
    values = bytearray(len(planes) * len(planes[0]))
    for at, plane in enumerate(planes):
        values[at :: len(planes)] = plane
    return bytes(values)


def _header(encoded: bytes) -> SightingHeader:
    try:
        return _header_decoder.decode(encoded)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FrameError(f"the frame's header is no SightingHeader: {error}") from error


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
