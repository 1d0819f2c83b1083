"""Builds the geofence: its routes, the loops that run its engines, and nothing else."""

import asyncio

from geofence.erasure import Eraser
from geofence.feeding.intake import Posted
from geofence.feeding.loop import FeedLoop
from geofence.feeding.registry import FeedRegistry
from geofence.http.calibrations import CalibrationRoutes
from geofence.http.feeds import FeedRoutes
from geofence.http.ingest import IngestRoutes
from geofence.http.radio_health import RadioHealthRoutes
from geofence.intake.accept import Ingest, People
from geofence.intake.ticker import Ticker
from geofence.outdoor import service as outdoor_service
from geofence.outdoor.settings import Settings as OutdoorSettings
from geofence.outward import outward
from geofence.pipeline import Pipeline, Workshop
from geofence.places import Places
from geofence.positioning import belief, lingering
from geofence.positioning.anchors import Calibration
from geofence.settings import Settings
from geofence.tracking.outcome import Observer
from geofence.withdrawal import Withdrawals
from groundwork.contracts.subjects import (
    CALIBRATION_CHANGED,
    CONSENT_CHANGED,
    ERASURE_REQUESTED,
    FEED_CHANGED,
    GATEWAY_CHANGED,
    PLAN_PUBLISHED,
    SIGHTINGS,
)
from groundwork.plumbing.http import Route
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Loop, Parts, Service
from groundwork.plumbing.shards import ShardLoop
from groundwork.plumbing.vault import Vault


class Engines:
    """Loop over the shards of the log of sightings: ShardLoop, with plans loaded before they are needed."""

    name = "geofence engines"

    def __init__(self, shards: ShardLoop, places: Places) -> None:
        self._shards = shards
        self._places = places

    def pipelines(self) -> list[Pipeline]:
        """Of the shards this process owns now, in order."""
        found = (self._shards.handler(shard) for shard in self._shards.held)
        return [pipeline for pipeline in found if isinstance(pipeline, Pipeline)]

    @property
    def trouble(self) -> str:
        return self._shards.trouble

    async def step(self) -> bool:
        await self._places.fetch()
        did = await self._shards.step()
        for pipeline in self.pipelines():
            pipeline.wake()
        if self._places.wanting:  # a snapshot of another plan version or calibration than the one in force
            await self._places.fetch()
            for pipeline in self.pipelines():
                pipeline.wake()
        return did

    async def wait(self) -> None:
        await self._shards.wait()

    async def close(self) -> None:
        await self._shards.close()


def build(
    parts: Parts,
    settings: Settings,
    people: People,
    observe: Observer | None = None,
    calibration: Calibration | None = None,
    vault: Vault | None = None,
    outdoors: OutdoorSettings | None = None,
) -> Service:
    """The service. Its start loads what it keeps in memory. `observe` is handed every batch of fixes once it is durable, on the loop.

    Without the `vault` that seals passwords of brokers and secrets of webhooks, no third party's boxes are heard and nobody is told.
    """
    places = Places(parts.db)
    workshop = Workshop(places, settings, parts.hops, parts.clock, calibration, observe)
    shards = ShardLoop(
        parts.bus,
        parts.clock,
        SIGHTINGS,
        lambda shard: Pipeline(shard, workshop),
        batch=settings.read_limit,
        snapshot_every=settings.snapshot_every_entries,
        threaded=settings.engine_threads,
    )
    engines = Engines(shards, places)
    ticker = Ticker(parts.bus, parts.clock, settings.tick_ms, lambda: [pipeline.due for pipeline in engines.pipelines()])
    loops: tuple[Loop, ...] = (
        *_memory(places, parts, settings.refresh_ms),
        engines,
        ticker,
        *_forgetting(parts, settings),
    )

    ingest = Ingest(parts, settings, places, people)
    outside = outdoor_service.build(parts, outdoors or OutdoorSettings(), people, places)
    sides = [outward(parts, settings, vault), outside]
    if vault is not None:
        sides.insert(0, _feeds(ingest, places, vault, shards))
    routes = [*_routes(ingest, workshop), *(route for side in sides for route in side.routes)]
    loops = (*loops, *(loop for side in sides for loop in side.loops))

    async def start() -> None:
        await asyncio.to_thread(belief.warm)
        await asyncio.to_thread(lingering.warm)
        await asyncio.gather(places.renew_plans(), places.renew_gateways(), places.calibrations.renew())
        for side in sides:
            await side.start()

    return Service("geofence", routes, loops, start, ready=lambda: engines.trouble or outside.ready())


def _forgetting(parts: Parts, settings: Settings) -> tuple[Loop, ...]:
    """The loops that have engines forget who is erased and who withdraws."""
    return (
        Refresh("geofence erasure", Eraser(parts).run, parts.bus, (ERASURE_REQUESTED,), parts.clock, settings.refresh_ms),
        Refresh("geofence withdrawals", Withdrawals(parts).run, parts.bus, (CONSENT_CHANGED,), parts.clock, settings.refresh_ms),
    )


def _memory(places: Places, parts: Parts, every_ms: int) -> tuple[Loop, ...]:
    """What keeps places in memory fresh."""
    return (
        Refresh("geofence plans", places.renew_plans, parts.bus, (PLAN_PUBLISHED,), parts.clock, every_ms),
        Refresh("geofence gateways", places.renew_gateways, parts.bus, (GATEWAY_CHANGED,), parts.clock, every_ms),
        Refresh("geofence calibrations", places.calibrations.renew, parts.bus, (CALIBRATION_CHANGED,), parts.clock, every_ms),
    )


def _routes(ingest: Ingest, workshop: Workshop) -> list[Route]:
    health = RadioHealthRoutes(workshop.places, ingest.boots, workshop.told, ingest.parts)
    calibrations = CalibrationRoutes(ingest.parts, workshop.places, ingest.settings.calibrations)
    return [*IngestRoutes(ingest).routes(), *health.routes(), *calibrations.routes()]


def _feeds(ingest: Ingest, places: Places, vault: Vault, shards: ShardLoop) -> Service:
    """What hears third-party boxes; of a venue's feeds, the process that holds the venue's shard hears them."""
    parts = ingest.parts
    registry = FeedRegistry(parts.db, places, vault)
    lines = FeedLoop(registry, ingest, lambda key: parts.bus.shard_of(SIGHTINGS, key) in shards.held)
    changes = (FEED_CHANGED, GATEWAY_CHANGED)
    fresh = Refresh("geofence feed list", registry.renew, parts.bus, changes, parts.clock, ingest.settings.refresh_ms)
    routes = FeedRoutes(parts, vault, registry, Posted(ingest, registry), lines.state).routes()

    async def start() -> None:
        await registry.renew()

    return Service("feeds", routes, (fresh, lines), start)
