"""Trigger: she has stayed in the zone for a while."""

from typing import Annotated, ClassVar

import msgspec

from notifier.rule import Context


class Dwelt(msgspec.Struct, frozen=True, tag="dwell"):
    """Holds for a dwell of `seconds` or longer: presence reports only some dwell times, and the next longer one must do."""

    no: ClassVar[str] = "dwell_too_short"

    seconds: Annotated[int, msgspec.Meta(ge=1, le=3600)]

    def holds(self, context: Context) -> bool:
        return context.kind == "dwell" and context.dwell_s >= self.seconds
