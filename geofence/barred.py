"""Of whom nothing may be written any more: asked in the very transaction that writes, so that an erasure and a withdrawal win every race.

An engine still remembers for a while whom ingest knows no more, and what it then makes of that (an exit by silence) is left out here.
"""

from collections.abc import Iterable

from groundwork.contracts.ids import Pseudonym, TenantId
from groundwork.people import queries as people
from groundwork.people.model import POSITIONING
from groundwork.plumbing.db import Connection

Who = tuple[TenantId, Pseudonym]


def barred(conn: Connection, shoppers: Iterable[Who]) -> set[Who]:
    """Those whose erasure has begun, and those who have withdrawn their consent to positioning."""
    by_tenant: dict[TenantId, set[Pseudonym]] = {}
    for tenant, shopper in shoppers:
        by_tenant.setdefault(tenant, set()).add(shopper)
    found: set[Who] = set()
    for tenant, names in sorted(by_tenant.items()):
        gone = people.erased(conn, tenant, names) | people.withdrawn(conn, tenant, names, POSITIONING)
        found.update((tenant, shopper) for shopper in gone)
    return found
