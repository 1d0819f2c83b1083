"""Radio health: what was found out about a venue's radios while running."""

from typing import Literal

import msgspec

from groundwork.contracts.ids import TenantId, VenueId


class Doubt(msgspec.Struct, frozen=True, kw_only=True):
    """An identity that is left out of positioning for now."""

    kind: Literal["gateway", "beacon"]
    id: str
    why: Literal["shared", "double", "moved"]
    """Two boxes use the gateway's id; a second beacon sends the key; the beacon hangs elsewhere than the plan says."""


class RadioHealth(msgspec.Struct, frozen=True, kw_only=True):
    """What the process that runs the venue's engine knows; empty in another."""

    version: int = 1
    tenant: TenantId
    venue: VenueId
    doubts: list[Doubt]
    gains_db: dict[str, float]
    """By gateway, what is taken off its readings beside calibration: learned from beacons of known place."""
    clocks_ms: dict[str, int] = {}
    """By box whose clock is off: what is added to its times; set its clock right."""
