"""Puts a gateway together from its settings, and nothing else. Running it is for `run.py`."""

import random
import secrets
from dataclasses import dataclass
from functools import partial

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.batch import Sender
from beacon_gateway.corrected import CorrectedClock, SteadyClock
from beacon_gateway.health import Health, health
from beacon_gateway.keys import signing_of
from beacon_gateway.line import REVOKED, Line
from beacon_gateway.listen import Listen
from beacon_gateway.machine import run_id
from beacon_gateway.pipeline import Pipeline, Plan
from beacon_gateway.pull import Pull
from beacon_gateway.recover import Recover
from beacon_gateway.rotate import Rotation
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.source import Repairable, Source
from beacon_gateway.sources import LIVE, SOURCES
from beacon_gateway.spool import Spool
from beacon_gateway.strangers import Strangers
from beacon_gateway.transport import HttpTransport
from beacon_gateway.upkeep import Upkeep
from beacon_gateway.uplink import Uplink
from groundwork.contracts.ids import GatewayId, TenantId
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import Ids


@dataclass(frozen=True, slots=True)
class Gateway:
    """A built gateway: start `source`, then run `listen`, `uplink`, `upkeep` and `recover` (loops of `plumbing/service.py`)."""

    settings: GatewaySettings

    source: Source
    spool: Spool
    pipeline: Pipeline
    uplink: Uplink
    listen: Listen
    recover: Recover | None
    """None where there is no radio to repair."""
    upkeep: Upkeep
    hops: Hops
    clock: Clock

    async def drained(self) -> None:
        """Returns once the source has ended and everything it gave is acknowledged."""
        await self.listen.drained.wait()
        await self.uplink.empty.wait()

    def health(self) -> Health:
        """How the box does now."""
        return health(self.spool, self.uplink, self.hops, self.clock, self.recover, self.settings.spool_file, self.upkeep)


def plan_of(settings: GatewaySettings) -> Plan:
    """What the settings ask of the pipeline."""
    return Plan(
        sender=Sender(TenantId(settings.tenant), GatewayId(settings.gateway)),
        radios=frozenset(settings.adapters()),
        gate=settings.gate(),
        options=settings.options(),
        window_ms=settings.window_ms,
        hold_ms=settings.hold_ms,
        heartbeat_ms=settings.heartbeat_ms,
        left_after_ms=settings.left_after_ms,
        max_rows=settings.max_rows,
        seal_every_ms=settings.seal_every_ms,
    )


def build(settings: GatewaySettings, key: Ed25519PrivateKey, clock: Clock, ids: Ids, rng: random.Random, hops: Hops) -> Gateway:
    """The gateway of these settings. Raises Stop where its spool cannot be opened; call it with the event loop running."""
    corrected = CorrectedClock(clock)
    steady = SteadyClock(corrected) if settings.source in LIVE else None
    stamping = steady or corrected
    spool = Spool(settings.spool_file, ids, stamping, known=corrected, max_bytes=settings.spool_bytes, machine=run_id())
    source = SOURCES[settings.source](settings, stamping, spool.progress.position)
    strangers = Strangers(partial(secrets.token_bytes, 16)) if settings.strangers == "count" else None
    pipeline = Pipeline(plan_of(settings), spool, hops, source.position, strangers)
    transport = HttpTransport(settings.server, ca_file=settings.ca_file)
    uplink = Uplink(spool, transport, signing_of(key, settings.key_id), clock, rng, hops, corrected.correct)
    listen = Listen(source, pipeline, stamping, uplink.wake, lambda: REVOKED if uplink.line.revoked else "", steady)
    upkeep = _upkeep(settings, uplink.line, pipeline, clock, rng)
    return Gateway(settings, source, spool, pipeline, uplink, listen, _recover(settings, source, corrected), upkeep, hops, clock)


def _upkeep(settings: GatewaySettings, line: Line, pipeline: Pipeline, clock: Clock, rng: random.Random) -> Upkeep:
    """The box's upkeep. What was decided for it before is in force when this returns, before anything is heard."""
    rotation = None if settings.key_id else Rotation(line, settings.key_file, settings.rotate_after_days)
    pull = None
    if settings.configuration_key:
        pull = Pull(line, settings, lambda decided: pipeline.follow(plan_of(decided)))
        pull.start()
    return Upkeep(rotation, pull, clock, rng, settings.configuration_every_s)


def _recover(settings: GatewaySettings, source: Source, clock: Clock) -> Recover | None:
    """What repairs the radios of `source`; nothing where it has none, as a recording."""
    if not isinstance(source, Repairable):
        return None
    from beacon_gateway.bluez import Bluez  # which is there on Linux only, as the radios are

    return Recover(source, Bluez(), clock, settings.repair)
