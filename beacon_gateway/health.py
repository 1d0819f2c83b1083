"""Health: what the box can say about itself in one value, for the log and later for a status page."""

import msgspec

from beacon_gateway.spool import Spool
from beacon_gateway.uplink import Uplink
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.hops import Hops


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the box does at one moment."""

    boot: str
    waiting_batches: int
    waiting_rows: int
    spool_bytes: int
    set_aside: int
    """Batches the backend can never accept."""
    gaps: int
    """Stretches given up for want of room."""
    acknowledged_ago_ms: int | None
    """None when nothing was acknowledged in this run."""
    clock_offset_ms: int
    trouble: str
    """Why the last batch was not acknowledged; empty when it was."""
    heard: int
    refused: dict[str, int]
    """Adverts since the start, and those not sent on by reason."""
    missing: int
    """Adverts and sightings accounted for nowhere; must be 0."""


def health(spool: Spool, uplink: Uplink, hops: Hops, clock: Clock) -> Health:
    """The box as it is now."""
    gate, condense = hops.hop("gateway.gate", "adverts"), hops.hop("gateway.condense", "adverts")
    acknowledged_ms = uplink.last_acknowledged_ms
    return Health(
        boot=spool.boot,
        waiting_batches=spool.held.batches,
        waiting_rows=spool.held.rows,
        spool_bytes=spool.held.bytes,
        set_aside=len(spool.refused()),
        gaps=len(spool.gaps()),
        acknowledged_ago_ms=None if acknowledged_ms is None else clock.now_ms() - acknowledged_ms,
        clock_offset_ms=uplink.clock_offset_ms,
        trouble=uplink.last_trouble,
        heard=gate.in_,
        refused=dict(sorted((gate.refused + condense.refused).items())),
        missing=sum(hop.missing() for hop in hops.all()),
    )
