"""What the terminal shows of a running server: fed by the all-in-one process, read by the two views of `view.py`.

Plain values only. Nothing here reads a clock: every line brings its time, and `sample` is told when it is called.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Final, Literal

from floorplans.model import Names
from groundwork.plumbing.hops import Hops

KEPT_LINES: Final = 1_000
"""How many lines a view may be behind before it has to skip some."""
_RATE_SPAN_S: Final = 5.0
"""Rates are over this span: shorter ones jump, longer ones hide a stall."""


@dataclass(frozen=True, slots=True)
class ZoneLine:
    """A device entered, dwelt in or left a zone, or a fence around the venue."""

    at_ms: int
    kind: Literal["enter", "dwell", "exit"]
    shopper: str
    """The pseudonym; its first four letters are shown."""
    zone: str
    dwell_s: int = 0
    zone_kind: str = ""
    arrives_ms: int | None = None
    """When she is expected, of an enter of an approach ring."""


@dataclass(frozen=True, slots=True)
class PushLine:
    """A push left, or did not."""

    at_ms: int
    shopper: str
    language: str
    """The shopper's; the title is in it."""
    title: str
    channel: str
    outcome: str = "delivered"
    """What became of it, as the outbox says it."""
    reason: str = ""
    """The code of why it was not delivered."""


@dataclass(frozen=True, slots=True)
class RedemptionLine:
    """A till redeemed a coupon."""

    at_ms: int
    discount_minor: int
    currency: str
    receipt: str


Line = ZoneLine | PushLine | RedemptionLine


@dataclass(slots=True)
class LiveState:
    """Everything that is shown. The feeder changes it through its methods; a view only reads, apart from `sample`."""

    hops: Hops
    venue: Names
    zones: Mapping[str, Names]
    """The zones that are shown, in the order in which they are shown."""
    time_zone: str = "UTC"
    url: str = ""
    """Where the documentation of the running server is."""
    counts: Mapping[str, int] = field(default_factory=dict)
    lags_s: dict[str, float] = field(default_factory=dict)
    """By hop: how old, in event time, what it works on is."""
    added: int = 0
    """How many lines were ever added; a view remembers up to which one it has shown."""
    _lines: deque[Line] = field(default_factory=lambda: deque(maxlen=KEPT_LINES))
    _samples: deque[tuple[float, dict[str, int]]] = field(default_factory=deque)

    def add(self, line: Line) -> None:
        """A zone event, push or redemption that just happened."""
        self._lines.append(line)
        self.added += 1

    def set_counts(self, counts: Mapping[str, int]) -> None:
        """How many shoppers are in each zone now."""
        self.counts = dict(counts)

    def set_lag(self, hop: str, seconds: float) -> None:
        """How old, in event time, what `hop` works on is."""
        self.lags_s[hop] = seconds

    def last(self, kind: type[Line], most: int) -> list[Line]:
        """The newest lines of one kind, oldest first."""
        newest = islice((line for line in reversed(self._lines) if isinstance(line, kind)), most)
        return list(newest)[::-1]

    def since(self, shown: int) -> list[Line]:
        """The lines after the `shown`-th, as far as they are kept."""
        fresh = min(self.added - shown, len(self._lines))
        return list(islice(self._lines, len(self._lines) - fresh, None))

    def sample(self, monotonic_s: float) -> None:
        """Notes the hops' counts for the rates; call it about once a second."""
        self._samples.append((monotonic_s, {hop.name: hop.in_ for hop in self.hops.all()}))
        while len(self._samples) > 2 and monotonic_s - self._samples[0][0] > _RATE_SPAN_S:
            self._samples.popleft()

    def rate(self, hop: str) -> float:
        """What came into `hop` per second over the last few seconds; 0 before there are two samples."""
        if len(self._samples) < 2:
            return 0.0
        (first_s, first), (last_s, last) = self._samples[0], self._samples[-1]
        return (last.get(hop, 0) - first.get(hop, 0)) / (last_s - first_s) if last_s > first_s else 0.0
