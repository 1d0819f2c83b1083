"""Sightings: one beacon heard by one gateway during one window, and the batch a gateway sends them in.

A batch is accepted in three forms that mean the same: JSON columns (`columns`), JSON objects (`sightings`, for convenience),
and the little-endian column frame of `codec.py`. A row's `gateway` is the radio that heard it; radios that hang on one box are
gateways of their own (own placement, `via` the box) and travel in the box's signed batches.
"""

import msgspec

from groundwork.contracts.ids import BeaconKey, BootId, GatewayId, TenantId

JSON_TYPE = "application/json"
FRAME_TYPE = "application/vnd.aislecast.sightings"


class Sighting(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One beacon heard by one gateway during one window."""

    gateway: GatewayId
    beacon: BeaconKey
    window_start_ms: int
    """Event time, UTC, by the gateway's corrected clock."""
    window_ms: int
    adverts: int
    """Never 0: silence is not reported."""
    rssi_median_dbm: float
    """One reflection moves a mean by several dB."""
    rssi_min_dbm: float
    rssi_max_dbm: float
    rssi_last_dbm: float


class SightingColumns(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The rows of a batch as columns of one length; `gateway` and `beacon` index the batch's lists of those names."""

    gateway: list[int] = []
    beacon: list[int] = []
    window_start_ms: list[int] = []
    window_ms: list[int] = []
    adverts: list[int] = []
    rssi_median_dbm: list[float] = []
    rssi_min_dbm: list[float] = []
    rssi_max_dbm: list[float] = []
    rssi_last_dbm: list[float] = []


class Left(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A beacon that no radio of the box has heard for `silent_ms`. Told once; it may come again, and leave again."""

    gateway: GatewayId
    """The radio that heard it last; of several in one window, the one that heard it best."""
    beacon: BeaconKey
    heard_until_ms: int
    """End of the last window in which it was heard, event time."""
    silent_ms: int


class BeaconTelemetry(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """How a beacon does, told when it changes; None for what the beacon has never said."""

    gateway: GatewayId
    beacon: BeaconKey
    at_ms: int
    """Event time of the frame that brought the change."""
    battery_pct: float | None = None
    battery_mv: int | None = None
    temperature_c: float | None = None


class StrangerCount(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """About how many unknown devices the box heard in a span, where it is set to count them. Nothing else is known of them."""

    from_ms: int
    until_ms: int
    devices: int
    """An estimate, within about 1 %. Phones change their address within the hour and are then counted anew."""


class SpoolGap(msgspec.Struct, frozen=True, kw_only=True):
    """Batches of one boot that will never come, both numbers included: the box's disk was full, or gave back something else."""

    boot: BootId
    first: int
    last: int
    rows: int
    """Sightings in them; 0 where that is not known."""
    adverts: int
    reason: str


class SightingHeader(msgspec.Struct, frozen=True, kw_only=True):
    """What a batch says besides its rows; the first part of the column frame."""

    version: int = 1
    tenant: TenantId
    gateway: GatewayId
    """The box that signs and sends; the inbox key is (tenant, gateway, boot, batch)."""
    boot: BootId
    batch: int
    """1, 2, 3 ... within `boot`."""
    sent_ms: int
    covered_until_ms: int
    """Every window of this box that ends at or before this moment is in this batch or an earlier one. Moves the venue's watermark."""
    gateways: list[GatewayId] = []
    beacons: list[BeaconKey] = []
    refused: dict[str, int] = {}
    """Adverts the gateway dropped since its last batch, by reason code (strangers above all)."""
    left: list[Left] = []
    """Beacons that have left since its last batch."""
    telemetry: list[BeaconTelemetry] = []
    """Batteries and temperatures that have changed since its last batch."""
    strangers: list[StrangerCount] = []
    """Spans that have ended since its last batch; empty unless the box is set to count."""
    gaps: list[SpoolGap] = []
    """What the box has given up unsent since its last batch."""


class SightingBatch(SightingHeader, frozen=True, kw_only=True):
    """A batch as JSON: exactly one of `columns` and `sightings` holds the rows; both empty means "heard nothing until covered_until_ms"."""

    columns: SightingColumns | None = None
    sightings: list[Sighting] | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend says to a batch once it is durable; a repeat gets the same answer, byte for byte."""

    version: int = 1
    tenant: TenantId
    gateway: GatewayId
    boot: BootId
    batch: int
    accepted: int
    """Rows that went on to the log."""
    refused: dict[str, int] = {}
    """Rows that did not, by reason code."""
