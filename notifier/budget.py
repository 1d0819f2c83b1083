"""The attention budget: how many marketing grants one visit may get, over all campaigns and channels.

Pure. A place in the holdout is spent like an offer: were it free, the held-out would go on to other campaigns and be no comparison.
Budgets of a day and a week join here when they come. The table `grant` is the second wall: a slot of a visit exists once.
"""

from dataclasses import dataclass
from typing import Final

HARD_MAX: Final = 2
"""Whatever a venue asks for: a second message per place cost a chain's app three quarters of its use (inMarket 2014)."""


@dataclass(frozen=True, slots=True)
class Budget:
    """Of one shopper's visit: what the venue allows and what is spent, in marketing grants."""

    allowed: int
    spent: int

    @property
    def limit(self) -> int:
        return min(max(self.allowed, 0), HARD_MAX)

    @property
    def left(self) -> bool:
        return self.spent < self.limit
