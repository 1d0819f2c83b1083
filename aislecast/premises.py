"""Which venues there are, told by the registry of places to the registry of people: neither imports the other."""

from typing import Final

from floorplans import queries
from floorplans.reasons import UNKNOWN_VENUE
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.premises import Premises
from groundwork.plumbing.db import Connection


def _window_of(conn: Connection, tenant: TenantId, venue: VenueId) -> int | None:
    known = queries.venue(conn, tenant, venue)
    return None if known is None else known.policy.window_ms


PREMISES: Final = Premises(_window_of, UNKNOWN_VENUE)
