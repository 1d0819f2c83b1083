"""Erasure: asked for in one transaction that ends everything at once, carried out by every service, proven at the end.

    request    consents withdrawn, pushes taken back, keys ended, the key of her pseudonyms destroyed     one transaction
    services   each removes its rows and says so in the same transaction                                  geofence, notifier ...
    people     the person herself, once all others have reported                                          here
    compaction the database is written anew, so that deleted rows stand nowhere in its files              plumbing.db
    done       with an entry in the audit chain                                                           here

Every step is found again from the rows, so a process that dies at any point loses time and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

import msgspec
import structlog

from groundwork.contracts.erasure import ErasureRequested
from groundwork.contracts.ids import ShopperId, TenantId
from groundwork.contracts.rights import ErasurePart, ErasureReceipt
from groundwork.contracts.subjects import ERASURE_REQUESTED
from groundwork.people import acts, queries
from groundwork.people.queries import PEOPLE, Erasure
from groundwork.people.registry import announce_shopper
from groundwork.people.withdrawal import Sends, until_settled
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.bus import Bus
from groundwork.plumbing.db import Connection
from groundwork.plumbing.service import Parts

SHOPPER: Final = "shopper"
OPERATOR: Final = "operator"
COMPACTION: Final = "compaction"
_ID_BYTES: Final = 16
"""128 random bits: the id is all one needs to see the receipt."""
_BETWEEN_MS: Final = 15_000
"""Between two compactions. With the services' own second or two, an erasure is through well within a minute."""
_log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks: an actor for the audit chain, and whether it is the shopper herself or an operator in her place."""

    actor: str
    by: str = SHOPPER
    receipt: str = ""
    """The id that the receipt is to have, 32 hex digits that the asker drew; empty for one that is drawn here."""


class Erasures:
    """Begins erasures and tells how far they are."""

    def __init__(self, parts: Parts, services: Sequence[str], sends: Sends, wait_ms: int) -> None:
        """`services` have to report before the person herself goes; pushes that are with a provider are waited for `wait_ms` at most."""
        self._parts = parts
        self._services = tuple(services)
        self._sends = sends
        self._wait_ms = wait_ms

    async def request(self, tenant: TenantId, shopper: ShopperId, asked: Asked) -> Erasure:
        """Begins it, durably and told to every process, and waits for pushes that are with a provider; again, it returns the same one.

        Raises UnknownShopper, ReceiptTaken.
        """
        new_id, now_ms = asked.receipt or self._parts.randbytes(_ID_BYTES).hex(), self._parts.clock.now_ms()

        def work(conn: Connection) -> Erasure:
            begun = queries.erasure_of(conn, tenant, shopper)
            erasure = begun or queries.request_erasure(conn, tenant, shopper, new_id, asked.by, now_ms)
            if begun is None:
                self._sends.take_back(conn, tenant, shopper, now_ms)
                record(conn, tenant, now_ms, Act(asked.actor, acts.REQUEST_ERASURE, erasure.pseudonym, after={"erasure": erasure.id}))
            return erasure

        erasure = await self._parts.db.write(work)
        await announce_shopper(self._parts.bus, tenant, erasure.pseudonym)
        await announce_erasure(self._parts.bus, erasure)
        await until_settled(self._parts.db, self._parts.clock, self._sends, tenant, shopper, self._wait_ms)
        return erasure

    async def receipt(self, erasure: str, url: str) -> ErasureReceipt | None:
        """How far the erasure is; None where there is none of this id."""

        def work(conn: Connection) -> ErasureReceipt | None:
            found = queries.erasure_of_id(conn, erasure)
            return self._receipt(conn, found, url) if found else None

        return await self._parts.db.read(work)

    def _receipt(self, conn: Connection, erasure: Erasure, url: str) -> ErasureReceipt:
        parts = queries.erasure_parts(conn, erasure.tenant, erasure.id)
        told = {part.service for part in parts}
        open_ = erasure.done_ms is None
        return ErasureReceipt(
            tenant=erasure.tenant,
            id=erasure.id,
            state="under_way" if open_ else "done",
            requested_ms=erasure.requested_ms,
            requested_by=erasure.requested_by,
            waiting_for=[*(name for name in (*self._services, PEOPLE) if name not in told), COMPACTION] if open_ else [],
            parts=[ErasurePart(service=part.service, rows=part.rows, done_ms=part.done_ms) for part in parts],
            done_ms=erasure.done_ms,
            url=url,
        )


class Completing:
    """Takes erasures to their end once the services have reported; `run` is called by a Refresh loop, in every process."""

    def __init__(self, parts: Parts, services: Sequence[str]) -> None:
        self._parts = parts
        self._services = frozenset(services)
        self._compact_at_ms = 0

    async def run(self) -> bool:
        """Removes the persons whose services are through, writes the database anew for all of them together, and closes."""
        waiting = await self._parts.db.read(_waiting)
        ready = [(erasure, told) for erasure, told in waiting if self._services <= told]
        for erasure, told in ready:
            if PEOPLE not in told:
                await self._parts.db.write(partial(_remove, erasure=erasure, now_ms=self._parts.clock.now_ms()))
                await announce_shopper(self._parts.bus, erasure.tenant, erasure.pseudonym)
        if not ready or not await self._compacted():
            return False
        for erasure, _ in ready:
            await self._parts.db.write(partial(_close, erasure=erasure, now_ms=self._parts.clock.now_ms()))
            _log.info("erased", erasure=erasure.id, tenant=erasure.tenant)
        return True

    async def _compacted(self) -> bool:
        """Writes the database anew, but not again and again where many leave at once: the next one is for all who came since."""
        now_ms = self._parts.clock.now_ms()
        if now_ms < self._compact_at_ms:
            return False
        self._compact_at_ms = now_ms + _BETWEEN_MS
        return await self._parts.db.compact()


async def announce_erasure(bus: Bus, erasure: Erasure) -> None:
    """Tells every process that an erasure has begun or moved on; those that miss it look once a second."""
    told = ErasureRequested(
        tenant=erasure.tenant,
        shopper=erasure.shopper or ShopperId(""),
        pseudonym=erasure.pseudonym,
        requested_ms=erasure.requested_ms,
    )
    await bus.announce(ERASURE_REQUESTED, msgspec.json.encode(told))


def _waiting(conn: Connection) -> list[tuple[Erasure, frozenset[str]]]:
    """The unfinished erasures, each with the services that have reported."""
    return [
        (erasure, frozenset(part.service for part in queries.erasure_parts(conn, erasure.tenant, erasure.id)))
        for erasure in queries.unfinished_erasures(conn)
    ]


def _remove(conn: Connection, erasure: Erasure, now_ms: int) -> None:
    rows = queries.erase_person(conn, erasure)
    queries.add_erasure_part(conn, erasure.tenant, erasure.id, PEOPLE, rows, now_ms)


def _close(conn: Connection, erasure: Erasure, now_ms: int) -> None:
    if queries.close_erasure(conn, erasure.tenant, erasure.id, now_ms):
        parts = {part.service: part.rows for part in queries.erasure_parts(conn, erasure.tenant, erasure.id)}
        record(conn, erasure.tenant, now_ms, Act(PEOPLE, acts.COMPLETE_ERASURE, erasure.pseudonym, after={"erasure": erasure.id, **parts}))
