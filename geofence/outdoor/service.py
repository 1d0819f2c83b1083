"""Builds the outdoor part of the geofence: its routes, the loops that run its engines, and nothing else."""

from geofence.http.gps import GpsRoutes
from geofence.intake.accept import People
from geofence.outdoor.accept import GpsIntake
from geofence.outdoor.fence_books import FenceBooks
from geofence.outdoor.pipeline import OutdoorPipeline
from geofence.outdoor.settings import Settings
from geofence.outdoor.ticker import OutdoorTicker
from geofence.places import Places
from groundwork.contracts.subjects import GPS_REPORTS, PLAN_PUBLISHED
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Parts, Service
from groundwork.plumbing.shards import ShardLoop


def build(parts: Parts, settings: Settings, people: People, places: Places) -> Service:
    """The service. Its start loads fences, once `places` has loaded plans."""
    books = FenceBooks(parts.db, parts.clock, places)
    shards = ShardLoop(
        parts.bus,
        parts.clock,
        GPS_REPORTS,
        lambda _: OutdoorPipeline(settings, parts.hops, parts.clock),
        batch=settings.read_limit,
        snapshot_every=settings.snapshot_every_entries,
    )

    def pipelines() -> list[OutdoorPipeline]:
        found = (shards.handler(shard) for shard in shards.held)
        return [pipeline for pipeline in found if isinstance(pipeline, OutdoorPipeline)]

    loops = (
        Refresh("geofence fences", books.renew, parts.bus, (PLAN_PUBLISHED,), parts.clock, settings.refresh_ms),
        shards,
        OutdoorTicker(parts.bus, parts.clock, settings.tick_ms, lambda: [pipeline.due for pipeline in pipelines()]),
    )

    async def start() -> None:
        await books.renew()

    routes = GpsRoutes(parts, GpsIntake(parts, settings, books, people), settings).routes()
    return Service("outdoor", routes, loops, start, ready=lambda: shards.trouble)
