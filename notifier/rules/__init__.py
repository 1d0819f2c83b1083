"""The conditions a campaign may have: one file each, and one line each in the unions below.

An unknown `type` in a stored or posted campaign is refused by the decoder, which lists the known ones.
"""

from notifier.rules.community import InCommunity
from notifier.rules.dates import ValidDates
from notifier.rules.dwell import Dwelt
from notifier.rules.enter import Entered
from notifier.rules.schedule import Schedule
from notifier.rules.venue import InVenue
from notifier.rules.zone import InZone
from notifier.rules.zone_kind import OfKind

Trigger = Entered | Dwelt
"""What sets a campaign off; each campaign has exactly one."""
AnyRule = InVenue | InZone | OfKind | Schedule | ValidDates | InCommunity
"""What must hold beside the trigger; a campaign may have any number."""

RULES: tuple[type[Trigger | AnyRule], ...] = (Entered, Dwelt, InVenue, InZone, OfKind, Schedule, ValidDates, InCommunity)
"""All of them, in the order in which they are explained."""

__all__ = ["RULES", "AnyRule", "Dwelt", "Entered", "InCommunity", "InVenue", "InZone", "OfKind", "Schedule", "Trigger", "ValidDates"]
