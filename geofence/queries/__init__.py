"""What the geofence keeps: the only SQL of this package.

`zone_events` keeps zone events, visits, and who was forgotten; `chronicle` numbers them and `happened` reads them in that order;
`statistics` keeps what is counted of them, `webhooks` who is told and what became of it.
"""

from geofence.queries.chronicle import head, heads
from geofence.queries.happened import Happening, happened, happened_between, zone_events_after
from geofence.queries.statistics import (
    all_counted,
    cells_between,
    cells_of,
    counted,
    mark_measured,
    past_visits,
    paths,
    resumed,
    set_cells,
    set_counted,
    stays,
    sweep_statistics,
)
from geofence.queries.webhooks import Delivery, Webhook, forget_deliveries, held_deliveries, sweep_attempts, sweep_deliveries
from geofence.queries.zone_events import (
    Forgetting,
    add_visits,
    add_zone_events,
    end_forgetting,
    end_visits,
    erase,
    forgettings,
    forgotten,
    held,
    sweep_visits,
    sweep_zone_events,
    tell_to_forget,
    visits,
    withdrew,
    zone_event,
    zone_events,
)

__all__ = [
    "Delivery",
    "Forgetting",
    "Happening",
    "Webhook",
    "add_visits",
    "add_zone_events",
    "all_counted",
    "cells_between",
    "cells_of",
    "counted",
    "end_forgetting",
    "end_visits",
    "erase",
    "forget_deliveries",
    "forgettings",
    "forgotten",
    "happened",
    "happened_between",
    "head",
    "heads",
    "held",
    "held_deliveries",
    "mark_measured",
    "past_visits",
    "paths",
    "resumed",
    "set_cells",
    "set_counted",
    "stays",
    "sweep_attempts",
    "sweep_deliveries",
    "sweep_statistics",
    "sweep_visits",
    "sweep_zone_events",
    "tell_to_forget",
    "visits",
    "withdrew",
    "zone_event",
    "zone_events",
    "zone_events_after",
]
