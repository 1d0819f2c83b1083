"""GPS reports: where the app says the phone was, on the earth, with its own accuracy and time.

A batch is accepted in three forms that mean the same: JSON objects (`reports`, one or many), JSON columns (`columns`), and the
little-endian column frame of `geofence/outdoor/frame.py`. The device is the caller's (bearer credential), never the body's. The inbox
key is (tenant, device, boot, batch), as for ranging. Coordinates end where the batch is taken in: what is kept of them is how far the
phone was from the venues' fences.
"""

import msgspec

from groundwork.contracts.ids import BootId, TenantId

GPS_FRAME_TYPE = "application/vnd.aislecast.gps-reports"


class GpsReport(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One place the phone found itself at."""

    lon: float
    """Degrees, WGS 84, -180 to 180."""
    lat: float
    """Degrees, WGS 84, -90 to 90."""
    accuracy_m: float
    """68 % of the phone's belief lies within this distance, as both phone systems say it; over 0."""
    at_ms: int
    """When the place was found, by the phone's clock, UTC."""


class GpsColumns(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The reports of a batch as columns of one length."""

    lon: list[float] = []
    lat: list[float] = []
    accuracy_m: list[float] = []
    at_ms: list[int] = []


class GpsHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch says besides its reports; the first part of the column frame."""

    version: int = 1
    tenant: TenantId
    boot: BootId
    """One run of the app: batch numbers rise by one within it."""
    batch: int
    """1, 2, 3 ... within `boot`."""
    sent_ms: int


class GpsBatch(GpsHeader, frozen=True, kw_only=True):
    """A batch as JSON: exactly one of `reports` and `columns` holds the reports."""

    reports: list[GpsReport] | None = None
    columns: GpsColumns | None = None


class GpsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend says to a batch once it is durable; a repeat gets the same answer, byte for byte."""

    version: int = 1
    tenant: TenantId
    boot: BootId
    batch: int
    accepted: int
    """Reports that went on."""
    refused: dict[str, int] = {}
    """Reports that did not, by reason code."""


class ArrivalWindow(msgspec.Struct, frozen=True, kw_only=True):
    """How many are expected within a span from now."""

    within_min: int
    expected: int | None = None
    """None where there are fewer than may be told apart."""


class Arrivals(msgspec.Struct, frozen=True, kw_only=True):
    """How many shoppers are on their way to a venue, and how many are there by GPS; counts only, never who."""

    version: int = 1
    tenant: TenantId
    venue: str
    at_ms: int
    hidden_under: int
    """A count over 0 and under this is not told, and None."""
    approaching: int | None = None
    arrived: int | None = None
    windows: list[ArrivalWindow] = []


class OwnArrival(msgspec.Struct, frozen=True, kw_only=True):
    """One visit of the caller's own, as seen from outside."""

    venue: str
    visit: str
    state: str
    """`approaching`, `arrived` or `left`."""
    since_ms: int
    arrives_ms: int | None = None
    """When she is expected; None where she does not move towards it."""


class OwnArrivals(msgspec.Struct, frozen=True, kw_only=True):
    """The caller's own visits of the last day, as seen from outside, newest first."""

    version: int = 1
    tenant: TenantId
    arrivals: list[OwnArrival]
