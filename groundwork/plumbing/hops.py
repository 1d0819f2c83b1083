"""Hops: what came in, what went out and what was refused, by reason, at each step of a flow.

Conservation is the point: `in_ = out + refused + held` at every moment, so a loss cannot hide. Telemetry exports these; replay prints them.
"""

from collections import Counter
from dataclasses import dataclass, field


@dataclass(slots=True)
class Hop:
    """The counts of one step, in that step's own unit."""

    name: str
    unit: str
    in_: int = 0
    out: int = 0
    held: int = 0
    """Taken in and not yet decided on (a window still open, a batch in the spool)."""
    refused: Counter[str] = field(default_factory=Counter)

    def take(self, count: int = 1) -> None:
        self.in_ += count

    def give(self, count: int = 1) -> None:
        self.out += count

    def refuse(self, code: str, count: int = 1) -> None:
        if count:
            self.refused[code] += count

    def missing(self) -> int:
        """How many were taken in and are accounted for nowhere; 0 is the only good answer."""
        return self.in_ - self.out - self.held - self.refused.total()


class Hops:
    """The steps of one process, in the order they were first named."""

    __slots__ = ("_hops",)

    def __init__(self) -> None:
        self._hops: dict[str, Hop] = {}

    def hop(self, name: str, unit: str) -> Hop:
        """The step called `name`, made at first asking; raises ValueError when it is asked for in another unit."""
        hop = self._hops.setdefault(name, Hop(name, unit))
        if hop.unit != unit:
            raise ValueError(f"hop {name!r} counts {hop.unit}, asked for {unit}")
        return hop

    def all(self) -> tuple[Hop, ...]:
        return tuple(self._hops.values())
