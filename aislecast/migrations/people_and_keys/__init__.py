"""What revision 0002 makes and changes, a file per package. Written by `new`; never changed once released."""

from aislecast.migrations.people_and_keys import floorplans, geofence, notifier, people

PACKAGES = (
    people,
    floorplans,
    geofence,
    notifier,
)
