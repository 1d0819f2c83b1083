"""Condition: the venue-local date lies within the campaign's run."""

from datetime import date
from typing import ClassVar

import msgspec

from notifier.rule import Context


class ValidDates(msgspec.Struct, frozen=True, tag="dates"):
    """Holds from the first to the last day, both included, by the venue's calendar: "until the 30th" means its whole day there."""

    no: ClassVar[str] = "not_in_dates"

    first: date
    last: date

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise ValueError(f"a campaign's last day must not lie before its first, got {self.first} to {self.last}")

    def holds(self, context: Context) -> bool:
        return self.first <= context.local.date() <= self.last
