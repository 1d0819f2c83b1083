"""Condition: the venue-local weekday and time of day suit the campaign."""

from typing import Annotated, ClassVar, Literal

import msgspec

from notifier.calendar import Window
from notifier.rule import Context

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[str, msgspec.Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Schedule(msgspec.Struct, frozen=True, tag="schedule"):
    """Holds on `days` between `start` and `until` (`HH:MM`, venue-local; over midnight where `until` is earlier; equal: all day).

    After midnight a window still belongs to the day on which it began.
    """

    no: ClassVar[str] = "not_in_schedule"

    days: Annotated[tuple[Day, ...], msgspec.Meta(min_length=1)] = DAYS
    start: TimeOfDay = "00:00"
    until: TimeOfDay = "00:00"

    def __post_init__(self) -> None:
        """Raises Unfit for what is no time of day, also where it was not decoded."""
        Window.parse(self.start, self.until)

    def holds(self, context: Context) -> bool:
        window = Window.parse(self.start, self.until)
        if window.empty:
            return DAYS[context.local.weekday()] in self.days
        return window.holds(context.local) and DAYS[window.began(context.local).weekday()] in self.days
