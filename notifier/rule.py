"""A rule: one condition of a campaign, true or false for a context.

Pure. Each condition is one file in `rules/`; what they all see stands here.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar, Protocol

from groundwork.contracts.ids import CommunityId, VenueId, ZoneId


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may know about a zone event. Event time only: the same event gives the same answer on every day."""

    venue: VenueId
    zone: ZoneId
    zone_kind: str
    kind: str
    """`enter`, `dwell` or `exit`."""
    dwell_s: int
    """For `dwell`: which dwell time was reached; 0 otherwise."""
    local: datetime
    """When it happened, in the venue's own time zone."""
    communities: frozenset[CommunityId] = frozenset()
    """Those she is in as it is decided; asked for only where a campaign depends on them, so empty does not mean that she is in none."""


class Rule(Protocol):
    """A condition; `no` is the reason code when it does not hold."""

    no: ClassVar[str]

    def holds(self, context: Context) -> bool: ...
