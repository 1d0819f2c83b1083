"""Builds the service of things; there is nothing to set, and nothing it does by itself."""

from groundwork.catalogue.http import ProductRoutes
from groundwork.plumbing.service import Parts, Service


def build(parts: Parts) -> Service:
    """The service, of routes alone."""
    return Service("catalogue", ProductRoutes(parts).routes())
