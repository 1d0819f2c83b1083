"""Condition: the venue-local date lies within the campaign's run."""

from datetime import date
from typing import ClassVar

import msgspec

from groundwork.contracts.unfit import Unfit
from notifier.rule import Context


class ValidDates(msgspec.Struct, frozen=True, tag="dates"):
    """Holds from the first to the last day, both included, by the venue's calendar: "until the 30th" means its whole day there."""

    no: ClassVar[str] = "not_in_dates"

    first: date
    last: date

    def __post_init__(self) -> None:
        """Raises Unfit where the last day lies before the first."""
        if self.last < self.first:
            en, ar = f"a last day that does not lie before the first, {self.first}", f"يوم أخير لا يسبق اليوم الأول {self.first}"
            raise Unfit(en, ar, at="/last", value=self.last.isoformat())

    def holds(self, context: Context) -> bool:
        return self.first <= context.local.date() <= self.last
