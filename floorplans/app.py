"""Builds the service of places; there is nothing to set, and nothing it does by itself."""

from floorplans.http import PlaceRoutes
from groundwork.plumbing.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service, of routes alone."""
    return Service("floorplans", PlaceRoutes(parts).routes())
