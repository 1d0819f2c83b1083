"""What revision 0003 makes and changes, a file per package. Written by `new`; never changed once released."""

from aislecast.migrations.visits_and_feeds import floorplans, geofence

PACKAGES = (
    floorplans,
    geofence,
)
