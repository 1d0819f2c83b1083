"""A visit: from a device's first enter into a venue to its last exit."""

import msgspec

from groundwork.contracts.ids import Pseudonym, TenantId, Track, VenueId, VisitId


class Visit(msgspec.Struct, frozen=True, kw_only=True):
    """One stay of one device in one venue; `end_ms` is None while it lasts."""

    version: int = 1
    id: VisitId
    """stable_id(tenant, track, venue, start_ms)."""
    tenant: TenantId
    venue: VenueId
    shopper: Pseudonym
    track: Track
    start_ms: int
    end_ms: int | None = None
