"""Every table of every package, in one MetaData: what the migrations are compared with."""

import floorplans.tables
import geofence.tables
import groundwork.catalogue.tables
import groundwork.people.tables
import groundwork.plumbing.tables
import notifier.tables
from groundwork.plumbing.db import Base

PACKAGES = (
    groundwork.plumbing.tables,
    groundwork.people.tables,
    groundwork.catalogue.tables,
    floorplans.tables,
    geofence.tables,
    notifier.tables,
)
"""In the order in which they may depend on one another."""

metadata = Base.metadata
