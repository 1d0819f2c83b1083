"""Condition: it happens in one of these zones."""

from typing import Annotated, ClassVar

import msgspec

from groundwork.contracts.ids import ZoneId
from notifier.rule import Context


class InZone(msgspec.Struct, frozen=True, tag="zone"):
    """Holds in any of `zones`."""

    no: ClassVar[str] = "not_in_zone"

    zones: Annotated[tuple[ZoneId, ...], msgspec.Meta(min_length=1)]

    def holds(self, context: Context) -> bool:
        return context.zone in self.zones
