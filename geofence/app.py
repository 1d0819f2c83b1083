"""Builds the geofence: its routes, the loops that run its engines, and nothing else."""

from geofence.accept import Ingest, People
from geofence.anchors import Calibration
from geofence.erasure import Eraser
from geofence.http.ingest import IngestRoutes
from geofence.outcome import Observer
from geofence.pipeline import Pipeline, Workshop
from geofence.places import Places
from geofence.settings import Settings
from geofence.ticker import Ticker
from groundwork.contracts.subjects import ERASURE_REQUESTED, GATEWAY_CHANGED, PLAN_PUBLISHED, SIGHTINGS
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Parts, Service
from groundwork.plumbing.shards import ShardLoop


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
        if self._places.wanting:
            await self._places.renew_plans()
        did = await self._shards.step()
        for pipeline in self.pipelines():
            pipeline.wake()
        if self._places.wanting:  # a snapshot of another plan version than the one in force
            await self._places.renew_plans()
            for pipeline in self.pipelines():
                pipeline.wake()
        return did

    async def wait(self) -> None:
        await self._shards.wait()

    async def close(self) -> None:
        await self._shards.close()


def build(
    parts: Parts, settings: Settings, people: People, observe: Observer | None = None, calibration: Calibration | None = None
) -> Service:
    """The service. Its start loads plans and gateways. `observe` is handed every batch of fixes, on the event loop."""
    places = Places(parts.db)
    workshop = Workshop(places, settings, parts.hops, parts.clock, calibration, observe)
    shards = ShardLoop(
        parts.bus,
        parts.clock,
        SIGHTINGS,
        lambda shard: Pipeline(shard, workshop),
        batch=settings.read_limit,
        snapshot_every=settings.snapshot_every_entries,
    )
    engines = Engines(shards, places)
    ticker = Ticker(parts.bus, parts.clock, settings.tick_ms, lambda: [pipeline.due for pipeline in engines.pipelines()])
    loops = (
        Refresh("geofence plans", places.renew_plans, parts.bus, (PLAN_PUBLISHED,), parts.clock, settings.refresh_ms),
        Refresh("geofence gateways", places.renew_gateways, parts.bus, (GATEWAY_CHANGED,), parts.clock, settings.refresh_ms),
        engines,
        ticker,
        Refresh("geofence erasure", Eraser(parts).run, parts.bus, (ERASURE_REQUESTED,), parts.clock, settings.refresh_ms),
    )

    async def start() -> None:
        await places.renew_plans()
        await places.renew_gateways()

    ingest = Ingest(parts, settings, places, people)
    return Service("geofence", IngestRoutes(ingest).routes(), loops, start, ready=lambda: engines.trouble)
