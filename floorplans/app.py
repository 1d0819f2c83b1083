"""Builds the service of places: its routes, and the loop that publishes what is due."""

from floorplans.http.drafts import DraftRoutes
from floorplans.http.files import FileRoutes
from floorplans.http.venues import VenueRoutes
from floorplans.http.versions import VersionRoutes
from floorplans.publishing import DuePublications, Publishing
from floorplans.settings import Settings
from groundwork.plumbing.service import Parts, Service

_DEFAULTS = Settings()


def build(parts: Parts, settings: Settings = _DEFAULTS) -> Service:
    """The service."""
    routes = (
        *VenueRoutes(parts).routes(),
        *DraftRoutes(parts).routes(),
        *VersionRoutes(parts, Publishing(parts)).routes(),
        *FileRoutes(parts, settings.imports_at_once).routes(),
    )
    return Service("floorplans", routes, (DuePublications(parts, settings.publish_look_ms),))
