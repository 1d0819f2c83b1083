"""Names of what the bus carries: three sharded streams and the broadcast topics."""

SIGHTINGS = "sightings"
"""Sharded log of admitted rows, ticks and reports; key = venue. Written by ingest, read by the geofence."""
GPS_REPORTS = "gps_reports"
"""Sharded log of GPS reports as distances from fences; key = the shopper's pseudonym. Written by ingest, read by the geofence."""
ZONE_EVENTS = "zone_events"
"""Sharded log of ZoneEvent; key = the shopper's pseudonym. Written by the geofence, read by the notifier."""

PLAN_PUBLISHED = "plan_published"
CONSENT_CHANGED = "consent_changed"
GATEWAY_CHANGED = "gateway_changed"
CAMPAIGN_CHANGED = "campaign_changed"
ERASURE_REQUESTED = "erasure_requested"
FEED_CHANGED = "feed_changed"
CALIBRATION_CHANGED = "calibration_changed"

STREAMS = (SIGHTINGS, GPS_REPORTS, ZONE_EVENTS)
TOPICS = (PLAN_PUBLISHED, CONSENT_CHANGED, GATEWAY_CHANGED, CAMPAIGN_CHANGED, ERASURE_REQUESTED, FEED_CHANGED, CALIBRATION_CHANGED)
