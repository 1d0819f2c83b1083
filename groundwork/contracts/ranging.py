"""Ranging: the fixed beacons a phone heard, as its app reports them, with steps and heading where the app has them.

The device is the caller's (bearer credential), never the body's. The inbox key is (tenant, device, boot, batch), as for gateways.
"""

import msgspec

from groundwork.contracts.ids import BeaconKey, BootId, TenantId, VenueId


class RangingColumns(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Rows of one length; `beacon` indexes the report's `beacons`."""

    beacon: list[int] = []
    window_start_ms: list[int] = []
    window_ms: list[int] = []
    adverts: list[int] = []
    rssi_median_dbm: list[float] = []


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One step the phone felt."""

    at_ms: int
    heading_deg: float | None = None
    """Clockwise from magnetic north; None where the phone does not know."""


class RangingReport(msgspec.Struct, frozen=True, kw_only=True):
    """What one phone heard since its last report."""

    version: int = 1
    tenant: TenantId
    venue: VenueId
    boot: BootId
    batch: int
    sent_ms: int
    covered_until_ms: int
    beacons: list[BeaconKey] = []
    columns: RangingColumns = RangingColumns()
    steps: list[Step] = []


class RangingAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What the backend says to a report once it is durable; a repeat gets the same answer."""

    version: int = 1
    tenant: TenantId
    boot: BootId
    batch: int
    accepted: int
    refused: dict[str, int] = {}
