"""What revision 0001 makes: one file per package, one function per table, named like the table. Written by `again`, then never changed."""

from aislecast.migrations.foundation import catalogue, floorplans, geofence, notifier, people, plumbing

PACKAGES = (plumbing, people, catalogue, floorplans, geofence, notifier)
