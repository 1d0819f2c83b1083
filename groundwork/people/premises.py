"""What the registry of people needs to know of places, which another registry keeps: that a venue exists, and how its boxes condense."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final

from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.reasons import NO_SUCH_VENUE
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Reason, Refusal

WindowOf = Callable[[Connection, TenantId, VenueId], int | None]
"""The condensing window of a venue's policy, in ms; None where the tenant has no such venue."""


@dataclass(frozen=True, slots=True)
class Premises:
    """The tenants' venues, as the registry of places tells them; without one every venue is taken as said, and boxes keep their windows."""

    window_of: WindowOf | None = None
    unknown: Reason = NO_SUCH_VENUE
    """What the registry of places answers to who asks about a venue that is not there."""

    def window_ms(self, conn: Connection, tenant: TenantId, venue: VenueId) -> int | None:
        """What the venue's boxes are to condense by; None where each keeps its own."""
        return self.window_of(conn, tenant, venue) if self.window_of else None

    def check(self, conn: Connection, tenant: TenantId, venue: str, at: str = "/venue") -> None:
        """Raises Refusal for a venue that is not there: what is bound to a name mistyped would serve nowhere."""
        if self.window_of and self.window_of(conn, tenant, VenueId(venue)) is None:
            raise Refusal(NO_SUCH_VENUE, at=at, value=venue)

    def look_up(self, conn: Connection, tenant: TenantId, venue: VenueId) -> None:
        """Raises Refusal where the venue that is asked about, not bound to, is not there."""
        if self.window_of and self.window_of(conn, tenant, venue) is None:
            raise Refusal(self.unknown, value=venue)

    def check_all(self, conn: Connection, tenant: TenantId, venues: Iterable[str]) -> None:
        """`check` of each of a request's `venues`."""
        for venue in sorted(venues):
            self.check(conn, tenant, venue, "/venues")


ANYWHERE: Final = Premises()
