"""Condition: it happens in a zone of one of these kinds."""

from typing import Annotated, ClassVar

import msgspec

from notifier.rule import Context


class OfKind(msgspec.Struct, frozen=True, tag="zone_kind"):
    """Holds in a zone of any of `kinds` (`aisle`, `entrance` ...; the list is the floor plans')."""

    no: ClassVar[str] = "not_zone_kind"

    kinds: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]

    def holds(self, context: Context) -> bool:
        return context.zone_kind in self.kinds
