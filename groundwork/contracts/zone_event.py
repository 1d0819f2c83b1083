"""Zone events: a device entered, dwelt in or left a zone. The id is a hash of what happened, so a repeat is the same event."""

from typing import Literal

import msgspec

from groundwork.contracts.ids import LevelId, PlanVersionId, Pseudonym, TenantId, Track, VenueId, VisitId, ZoneEventId, ZoneId

ZoneEventKind = Literal["enter", "dwell", "exit"]


class ZoneEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One enter, dwell or exit; carries pseudonyms only, and travels keyed by the shopper's."""

    version: int = 1
    id: ZoneEventId
    """stable_id(tenant, track, zone, kind, dwell_s, stay_start_ms)."""
    tenant: TenantId
    venue: VenueId
    level: LevelId
    zone: ZoneId
    zone_kind: str
    kind: ZoneEventKind
    dwell_s: int = 0
    """For `dwell`: which dwell time was reached; 0 otherwise."""
    shopper: Pseudonym
    track: Track
    visit: VisitId
    at_ms: int
    """Event time at which it became true."""
    stay_start_ms: int
    """Event time at which this stay in the zone began; the same in the enter, every dwell and the exit of one stay."""
    decided_ms: int
    """By the server's clock; not part of the id, and not of any decision but expiry."""
    probability: float
    """Of the zone when it was decided, 0 to 1."""
    plan_version: PlanVersionId
    late: bool = False
    """True when its rows came after the watermark: recorded, never pushed."""
    uncertain: bool = False
    """True for an exit by silence while gateways were unwell."""
    arrives_ms: int | None = None
    """When she is expected at the venue, as an enter of an approach ring says it; None where it is not known, and everywhere else."""
