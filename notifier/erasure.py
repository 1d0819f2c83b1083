"""Erasure in the notifier: what was decided, promised and sent to the shopper goes; the shop's accounts stay, without her.

It waits for pushes that are with a channel: a row that is deleted under a sender could not take up what became of the push. Pushes that
had not left are counted out of the outbox here, because no sender will meet them again.
"""

from functools import partial
from typing import Final

from groundwork.people import queries as people
from groundwork.people.queries import Erasure
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts
from notifier.queries import decisions, outbox

SERVICE: Final = "notifier"
_WITHDRAWN: Final = "consent_withdrawn"


class Eraser:
    """Carries out this service's part of erasures; `run` is called by a Refresh loop."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._pushes = parts.hops.hop("outbox", "pushes")

    async def run(self) -> bool:
        """Erases whomever it can now; True when somebody was erased."""
        erasures = await self._parts.db.read(lambda conn: people.open_erasures(conn, SERVICE))
        moved = False
        for erasure in erasures:
            written_off = await self._parts.db.write(partial(_erase, erasure=erasure, now_ms=self._parts.clock.now_ms()))
            if written_off is not None:
                moved = True
                self._pushes.held -= written_off
                self._pushes.refuse(_WITHDRAWN, written_off)
        return moved


def _erase(conn: Connection, erasure: Erasure, now_ms: int) -> int | None:
    """Removes her rows and says so; returns how many pushes that ended. None, with nothing removed, while a channel has one of hers."""
    tenant, shopper = erasure.tenant, erasure.shopper
    if shopper is None or any(part.service == SERVICE for part in people.erasure_parts(conn, tenant, erasure.id)):
        return None
    outbox.withdraw_pushes(conn, tenant, shopper, now_ms)  # what was put back after a failed try
    if outbox.in_flight(conn, tenant, shopper, now_ms):
        return None
    written_off = outbox.open_of(conn, tenant, shopper)
    rows = decisions.erase(conn, tenant, shopper, erasure.pseudonym)
    people.add_erasure_part(conn, tenant, erasure.id, SERVICE, rows, now_ms)
    return written_off
