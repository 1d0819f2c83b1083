"""What the geofence keeps: the only SQL of this package. `zone_events` keeps zone events, visits, and who was forgotten."""

from geofence.queries.zone_events import (
    Forgetting,
    add_visits,
    add_zone_events,
    end_forgetting,
    erase,
    forgettings,
    forgotten,
    held,
    sweep_visits,
    sweep_zone_events,
    tell_to_forget,
    visits,
    zone_event,
    zone_events,
)

__all__ = [
    "Forgetting",
    "add_visits",
    "add_zone_events",
    "end_forgetting",
    "erase",
    "forgettings",
    "forgotten",
    "held",
    "sweep_visits",
    "sweep_zone_events",
    "tell_to_forget",
    "visits",
    "zone_event",
    "zone_events",
]
