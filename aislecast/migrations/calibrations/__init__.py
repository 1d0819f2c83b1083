"""What revision 0004 makes and changes, a file per package. Written by `new`; never changed once released."""

from aislecast.migrations.calibrations import geofence

PACKAGES = (geofence,)
