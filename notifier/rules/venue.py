"""Condition: it happens in one of these venues."""

from typing import Annotated, ClassVar

import msgspec

from groundwork.contracts.ids import VenueId
from notifier.rule import Context


class InVenue(msgspec.Struct, frozen=True, tag="venue"):
    """Holds in any of `venues`; a campaign without it runs in all of the tenant's."""

    no: ClassVar[str] = "not_in_venue"

    venues: Annotated[tuple[VenueId, ...], msgspec.Meta(min_length=1)]

    def holds(self, context: Context) -> bool:
        return context.venue in self.venues
