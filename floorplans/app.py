"""Builds the service of places: its routes, and the loop that publishes what is due."""

from floorplans.http.coverage import CoverageRoutes
from floorplans.http.drafts import DraftRoutes
from floorplans.http.files import FileRoutes
from floorplans.http.imports import ImportRoutes
from floorplans.http.sheets import SheetRoutes
from floorplans.http.venues import VenueRoutes
from floorplans.http.versions import VersionRoutes
from floorplans.http.ways import WayRoutes
from floorplans.publishing import DuePublications, Publishing
from floorplans.settings import Settings
from floorplans.wayfinders import Wayfinders
from groundwork.plumbing.service import Parts, Service

_DEFAULTS = Settings()


def build(parts: Parts, settings: Settings = _DEFAULTS) -> Service:
    """The service."""
    wayfinders = Wayfinders(parts.db, settings.ways_kept)
    routes = (
        *VenueRoutes(parts).routes(),
        *DraftRoutes(parts).routes(),
        *VersionRoutes(parts, Publishing(parts)).routes(),
        *FileRoutes(parts).routes(),
        *ImportRoutes(parts, settings.imports_at_once).routes(),
        *SheetRoutes(parts).routes(),
        *WayRoutes(parts, wayfinders).routes(),
        *CoverageRoutes(parts).routes(),
    )
    return Service("floorplans", routes, (DuePublications(parts, settings.publish_look_ms),), stop=wayfinders.close)
