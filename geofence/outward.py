"""What others learn of a venue: its statistics, its zone events as a stream, and webhooks. All of it follows the venue's chronicle."""

from geofence.http.streams import StreamRoutes
from geofence.http.visits import VisitRoutes
from geofence.http.webhooks import WebhookRoutes
from geofence.reports.statistics import Counting
from geofence.reports.visits import Reports
from geofence.settings import Settings
from geofence.telling.desk import WebhookDesk
from geofence.telling.follow import Follow
from geofence.telling.webhooks import Queueing, Telling
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Loop, Parts, Service
from groundwork.plumbing.vault import Vault


def outward(parts: Parts, settings: Settings, vault: Vault | None) -> Service:
    """Routes and loops. Without the `vault` that seals their secrets there are no webhooks."""
    follow = Follow(parts.db, parts.clock, settings.stream_poll_ms)
    every_ms = settings.statistics_every_s * 1000
    loops: list[Loop] = [follow, Refresh("geofence statistics", Counting(parts).run, parts.bus, (), parts.clock, every_ms)]
    routes = [*VisitRoutes(Reports(parts.db, parts.clock, settings)).routes(), *StreamRoutes(parts, settings, follow).routes()]
    if vault is not None:
        routes += WebhookRoutes(WebhookDesk(parts, settings, vault)).routes()
        loops.append(Refresh("webhook queue", Queueing(parts).run, parts.bus, (), parts.clock, settings.stream_poll_ms))
        loops.append(Telling(parts, settings, vault))
    return Service("outward", routes, loops)
