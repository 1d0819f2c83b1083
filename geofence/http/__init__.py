"""Routes of the geofence, a file each for what is asked: what comes in, what is known of visits, who is told."""
