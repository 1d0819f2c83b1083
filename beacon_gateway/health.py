"""Health: what the box can say about itself in one value: for the log, for systemd, and for the pages of `status.py`."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from beacon_gateway import machine
from beacon_gateway.recover import Recover, Watched
from beacon_gateway.spool import Spool
from beacon_gateway.upkeep import Upkeep
from beacon_gateway.uplink import Uplink
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.hops import Hops


class RadioHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How one radio does."""

    radio: GatewayId
    adapter: str
    heard: int
    """Adverts since the start, strangers' too."""
    silent_ms: int
    """Since when it has heard nothing."""
    odd_after_ms: int
    """From how long on its silence is taken for a fault; learned."""
    scanning: bool
    trouble: str
    """Why it does not scan, in BlueZ' words; empty when it does."""
    repairs: dict[str, int]
    """Repairs since the start, by step."""


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
    radios: Sequence[RadioHealth] = ()
    """None where a recording is read."""
    bluetooth_trouble: str = ""
    """Why BlueZ could not be asked; empty when it could."""
    temperature_c: float | None = None
    disk_free_bytes: int | None = None
    """On the disk that holds the spool."""
    clock_synced: bool | None = None
    """Whether the machine's clock follows a time server."""
    memory_bytes: int | None = None
    revoked: bool = False
    """Whether the server has revoked the box's key; it then neither hears nor sends, and asks now and then."""
    key_age_days: int | None = None
    key_trouble: str = ""
    """Why the key could not be changed; empty when it could, or was not due."""
    configured_ms: int | None = None
    """When the configuration in force was issued; None where the box goes by its own settings."""
    configuration_trouble: str = ""
    """Why the last configuration was not taken; empty when it was."""

    @property
    def deaf(self) -> list[GatewayId]:
        """Radios that do not scan, or are silent for longer than is usual here."""
        return [each.radio for each in self.radios if not each.scanning or each.silent_ms >= each.odd_after_ms]


def health(
    spool: Spool,
    uplink: Uplink,
    hops: Hops,
    clock: Clock,
    recover: Recover | None = None,
    disk: Path | None = None,
    upkeep: Upkeep | None = None,
) -> Health:
    """The box as it is now; `disk` is where the spool lies."""
    gate, condense = hops.hop("gateway.gate", "adverts"), hops.hop("gateway.condense", "adverts")
    acknowledged_ms = uplink.last_acknowledged_ms
    room = machine.disk(disk) if disk is not None else None
    watched = recover.watched.values() if recover is not None else ()
    rotation, pull = (upkeep.rotation, upkeep.pull) if upkeep is not None else (None, None)
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
        radios=[_radio(each, clock.monotonic_s()) for each in watched],
        bluetooth_trouble=recover.host_trouble if recover is not None else "",
        temperature_c=machine.temperature_c(),
        disk_free_bytes=None if room is None else room.free_bytes,
        clock_synced=machine.clock_synced(),
        memory_bytes=machine.memory_bytes(),
        revoked=uplink.line.revoked,
        key_age_days=rotation.age_days if rotation is not None else None,
        key_trouble=rotation.trouble if rotation is not None else "",
        configured_ms=pull.current.issued_ms if pull is not None and pull.current is not None else None,
        configuration_trouble=pull.trouble if pull is not None else "",
    )


def _radio(watched: Watched, now_s: float) -> RadioHealth:
    radio = watched.radio
    return RadioHealth(
        radio=radio.gateway,
        adapter=radio.adapter,
        heard=radio.heard,
        silent_ms=round(max(now_s - radio.heard_s, 0.0) * 1000),
        odd_after_ms=round(watched.silence.limit_s * 1000),
        scanning=radio.scanning,
        trouble=radio.trouble,
        repairs={str(step): count for step, count in sorted(watched.steps.items())},
    )
