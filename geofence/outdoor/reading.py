"""Reading: a batch of GPS reports from any of its three forms, well formed or refused as a whole with the first wrong value named.

Pure. What cannot be (a latitude of 91, a time in the future) refuses the batch: the app is wrong. What is merely too vague to use is
dropped and counted. Who the caller is, is for `accept.py`.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from geofence.columns import Columns, Floats, Longs, Singles
from geofence.intake.admit import LONGEST_NAME, VERSION
from geofence.intake.faults import (
    AT_LEAST_1,
    FRAME_AR,
    NO_FRAME,
    WHOLE_64,
    BatchError,
    Said,
    TooManyRows,
    letters,
    place,
    plain,
    rows_like,
    rows_of,
)
from geofence.outdoor.frame import GpsFrameError, decode_gps_frame
from geofence.outdoor.settings import Settings
from groundwork.contracts.gps_report import GpsBatch, GpsColumns, GpsHeader

VAGUE: Final = "vague_report"
MOST_ACCURACY_M: Final = 1e7
"""A quarter of the earth's girth; more is no accuracy but a wrong unit."""
_LEAST_ACCURACY_M: Final = float(np.nextafter(np.float32(0), np.float32(1)))
_NAMES: Final = ("lon", "lat", "accuracy_m", "at_ms")


@dataclass(frozen=True, slots=True)
class Points:
    """A well-formed batch as columns of one length."""

    lon: Floats
    lat: Floats
    accuracy_m: Singles
    at_ms: Longs

    def __len__(self) -> int:
        return len(self.lon)

    def digest(self) -> bytes:
        """The same for the same reports in whatever form they come. 32 hex digits."""
        digest = hashlib.blake2b(digest_size=16)
        for column in (self.lon, self.lat, self.accuracy_m, self.at_ms):
            digest.update(np.ascontiguousarray(column, column.dtype.newbyteorder("<")).tobytes())
        return digest.hexdigest().encode()

    def sure(self, most_m: float) -> "Points":
        """Those that are no vaguer than that."""
        kept = self.accuracy_m <= most_m
        return self if kept.all() else Points(self.lon[kept], self.lat[kept], self.accuracy_m[kept], self.at_ms[kept])


def read(body: bytes | GpsBatch, settings: Settings, now_ms: int) -> tuple[GpsHeader, Points]:
    """Header and reports of a frame (bytes) or a decoded JSON body. Raises BatchError, TooManyRows."""
    if isinstance(body, GpsBatch):
        header: GpsHeader = body
        named = _of_json(body)
    else:
        try:
            frame = decode_gps_frame(body)
        except GpsFrameError as error:
            raise BatchError("", Said(error.found, NO_FRAME.ar), Said(error.expected, FRAME_AR)) from error
        header, named = frame.header, frame.columns
    _check_header(header)
    _check_lengths(named, settings.max_reports)
    listed_in = "reports" if isinstance(body, GpsBatch) and body.reports is not None else ""
    at_ms = _whole(named["at_ms"], listed_in)
    points = Points(_numbers(named["lon"]), _numbers(named["lat"]), _numbers(named["accuracy_m"]).astype(np.float32), at_ms)
    _check(points, now_ms - settings.oldest_ms, now_ms + settings.max_ahead_ms, listed_in)
    return header, points


def _of_json(batch: GpsBatch) -> Mapping[str, Sequence[float] | Columns]:
    if (batch.reports is None) == (batch.columns is None):
        found = Said("missing", "غير مذكور") if batch.reports is None else Said("given beside columns", "مذكور مع columns")
        raise BatchError("/reports", found, Said("exactly one of reports and columns", "واحد فقط من reports وcolumns"))
    if batch.reports is not None:
        return {name: [getattr(report, name) for report in batch.reports] for name in _NAMES}
    columns = batch.columns or GpsColumns()
    return {name: getattr(columns, name) for name in _NAMES}


def _check_header(header: GpsHeader) -> None:
    if header.version != VERSION:
        raise BatchError("/version", header.version, plain(VERSION))
    if not 1 <= len(header.boot) <= LONGEST_NAME:
        raise BatchError("/boot", header.boot[:LONGEST_NAME], letters(LONGEST_NAME))
    if header.batch < 1:
        raise BatchError("/batch", header.batch, AT_LEAST_1)


def _check_lengths(named: Mapping[str, Sequence[float] | Columns], limit: int) -> None:
    reports = len(named["lon"])
    for name, column in named.items():
        if len(column) != reports:
            raise BatchError(f"/columns/{name}", rows_of(len(column)), rows_like(reports, "/columns/lon"))
    if reports > limit:
        raise TooManyRows(reports, limit)
    if not reports:
        raise BatchError("/reports", Said("empty", "فارغ"), Said("one at least", "واحد على الأقل"))


def _numbers(column: Sequence[float] | Columns) -> Floats:
    return np.array(column, np.float64)  # a copy: the bytes of a frame cannot be written to, which the kernels insist on


def _whole(column: Sequence[float] | Columns, listed_in: str) -> Longs:
    try:
        return np.asarray(column, np.int64)
    except OverflowError:
        row, value = next((row, value) for row, value in enumerate(column) if not -(1 << 63) <= value < 1 << 63)
        raise BatchError(place("at_ms", row, listed_in), value, WHOLE_64) from None


def _check(points: Points, earliest_ms: int, latest_ms: int, listed_in: str) -> None:
    """Raises BatchError naming the first report that cannot be. NaN is outside every span."""
    times = Said(f"ms since 1970 UTC, {earliest_ms} to {latest_ms}", f"ملّي ثانية منذ 1970 UTC، من {earliest_ms} إلى {latest_ms}")
    spans: tuple[tuple[str, Columns, float, float, Said], ...] = (
        ("lon", points.lon, -180, 180, Said("degrees, -180 to 180", "درجات من -180 إلى 180")),
        ("lat", points.lat, -90, 90, Said("degrees, -90 to 90", "درجات من -90 إلى 90")),
        ("accuracy_m", points.accuracy_m, _LEAST_ACCURACY_M, MOST_ACCURACY_M, Said("metres, over 0", "أمتار، أكبر من 0")),
        ("at_ms", points.at_ms, earliest_ms, latest_ms, times),
    )
    for name, column, least, most, expected in spans:
        fits = (column >= least) & (column <= most)
        if not fits.all():
            row = int(fits.argmin())
            raise BatchError(place(name, row, listed_in), column[row].item(), expected)
