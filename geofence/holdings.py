"""What each table of this package holds of a shopper; the words are what she reads when she asks."""

from typing import Final

from geofence import queries
from groundwork.people.holding import Holding, nothing
from groundwork.people.model import POSITIONING
from groundwork.plumbing.reasons import Words

HOLDINGS: Final = (
    Holding(
        "visit",
        "deleted",
        Words("Your visits", "زياراتك"),
        Words("When you were in which shop, by a pseudonym.", "متى كنت في أي متجر، باسم مستعار."),
        days="visits_days",
        consent=POSITIONING,
        rows=queries.held("visit"),
        sweep=queries.sweep_visits,
    ),
    Holding(
        "zone_event",
        "deleted",
        Words("Where you were in the shop", "أين كنت داخل المتجر"),
        Words(
            "Which aisles and zones you entered, stayed in and left, so that an offer fits the place; by a pseudonym.",
            "الممرات والمناطق التي دخلتها وبقيت فيها وغادرتها، ليناسب العرض مكانك، باسم مستعار.",
        ),
        days="zone_events_days",
        consent=POSITIONING,
        rows=queries.held("zone_event"),
        sweep=queries.sweep_zone_events,
    ),
    *nothing(("forgetting",), Words("until the erasure it belongs to is through here", "حتى تكتمل عملية المحو التي يخصها هنا")),
)
