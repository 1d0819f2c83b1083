"""Puts a gateway together from its settings, and nothing else. Running it is for `run.py`."""

import random
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from beacon_gateway.batch import Sender
from beacon_gateway.corrected import CorrectedClock
from beacon_gateway.health import Health, health
from beacon_gateway.listen import Listen
from beacon_gateway.pipeline import Pipeline, Plan
from beacon_gateway.settings import GatewaySettings
from beacon_gateway.source import Source
from beacon_gateway.sources import SOURCES
from beacon_gateway.spool import Spool
from beacon_gateway.transport import HttpTransport
from beacon_gateway.uplink import Signing, Uplink
from groundwork.contracts.ids import GatewayId, TenantId
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import Ids


@dataclass(frozen=True, slots=True)
class Gateway:
    """A built gateway: start `source`, then run `listen` and `uplink` (loops of `plumbing/service.py`)."""

    source: Source
    spool: Spool
    pipeline: Pipeline
    uplink: Uplink
    listen: Listen
    hops: Hops
    clock: Clock

    async def drained(self) -> None:
        """Returns once the source has ended and everything it gave is acknowledged."""
        await self.listen.drained.wait()
        await self.uplink.empty.wait()

    def health(self) -> Health:
        """How the box does now."""
        return health(self.spool, self.uplink, self.hops, self.clock)


def plan_of(settings: GatewaySettings) -> Plan:
    """What the settings ask of the pipeline."""
    return Plan(
        sender=Sender(TenantId(settings.tenant), GatewayId(settings.gateway)),
        radios=frozenset(settings.adapters()),
        gate=settings.gate(),
        options=settings.options(),
        window_ms=settings.window_ms,
        hold_ms=settings.hold_ms,
        max_rows=settings.max_rows,
        seal_every_ms=settings.seal_every_ms,
    )


def build(settings: GatewaySettings, key: Ed25519PrivateKey, clock: Clock, ids: Ids, rng: random.Random, hops: Hops) -> Gateway:
    """The gateway of these settings. Raises Stop where its spool cannot be opened; call it with the event loop running."""
    spool = Spool(settings.spool_file, ids, clock, max_bytes=settings.spool_bytes)
    corrected = CorrectedClock(clock)
    source = SOURCES[settings.source](settings, corrected, spool.progress.position)
    pipeline = Pipeline(plan_of(settings), spool, hops, source.position)
    uplink = Uplink(spool, HttpTransport(settings.server), Signing(key, settings.key_id), clock, rng, hops, corrected.correct)
    return Gateway(source, spool, pipeline, uplink, Listen(source, pipeline, corrected, uplink.wake), hops, clock)
