"""Trigger: she has just entered the zone."""

from typing import ClassVar

import msgspec

from notifier.rule import Context


class Entered(msgspec.Struct, frozen=True, tag="enter"):
    """Holds for an enter."""

    no: ClassVar[str] = "not_entering"

    def holds(self, context: Context) -> bool:
        return context.kind == "enter"
