"""Changing a consent: recorded, told to every process, and, for a withdrawal, stronger than any send that is under way.

The promise is "no push after the answer 200". A send claims its push in a transaction that asks `queries.granted(..., lock=True)`, so it
comes before or after the withdrawal, never beside it. What came before is taken back where it has not left, and waited for where it has.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from groundwork.contracts.ids import ShopperId, TenantId
from groundwork.people import queries
from groundwork.people.model import OFFERS, POSITIONING, Subject
from groundwork.people.registry import announce_shopper
from groundwork.plumbing.bus import Bus
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database

_LOOK_S: Final = 0.05
"""How often a waiting withdrawal looks again; a provider answers in 50 to 500 ms."""

Count = Callable[[Connection, TenantId, ShopperId, int], int]
"""Says how many, of one shopper, at a time in ms UTC."""


def _none(_conn: Connection, _tenant: TenantId, _shopper: ShopperId, _now_ms: int) -> int:
    return 0


@dataclass(frozen=True, slots=True)
class Sends:
    """What a withdrawal does to pushes; whoever sends them hands its two functions over, so that nobody here knows how."""

    take_back: Count = _none
    """Ends what has not left, in the withdrawal's own transaction."""
    in_flight: Count = _none
    """What is with a provider at this moment."""
    pause: Count = _none
    """Ends what has not left, in the transaction in which she pauses."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One yes or no to one purpose, and what she was shown."""

    purpose: str
    granted: bool
    text_version: str
    source: str
    at_ms: int
    language: str = ""


@dataclass(frozen=True, slots=True)
class Consents:
    """Gives and withdraws."""

    db: Database
    bus: Bus
    clock: Clock
    sends: Sends = Sends()
    wait_ms: int = 5_000

    async def change(self, subject: Subject, answer: Answer) -> frozenset[str]:
        """Records the answer and returns what the shopper consents to now; durable, and told, before this returns.

        A yes must cite words that exist, and raises UnknownText where it does not; nobody is kept from a no by its wording.
        Raises ValueError for an unknown purpose or language.
        """

        def work(conn: Connection) -> frozenset[str]:
            tenant, shopper = subject.tenant, subject.shopper
            if answer.granted:
                queries.check_text(conn, tenant, answer.purpose, answer.text_version)
            queries.record_consent(
                conn,
                tenant=tenant,
                shopper=shopper,
                purpose=answer.purpose,
                granted=answer.granted,
                text_version=answer.text_version,
                source=answer.source,
                at_ms=answer.at_ms,
                language=answer.language,
            )
            if not answer.granted and answer.purpose in (POSITIONING, OFFERS):
                self.sends.take_back(conn, tenant, shopper, answer.at_ms)
            return queries.granted(conn, tenant, shopper)

        granted = await self.db.write(work)
        await announce_shopper(self.bus, subject.tenant, subject.pseudonym)
        return granted

    async def settled(self, subject: Subject) -> bool:
        """Waits until none of the shopper's pushes is with a provider; False when some still were after `wait_ms`."""
        return await until_settled(self.db, self.clock, self.sends, subject.tenant, subject.shopper, self.wait_ms)


async def until_settled(db: Database, clock: Clock, sends: Sends, tenant: TenantId, shopper: ShopperId, wait_ms: int) -> bool:
    """Waits until none of the shopper's pushes is with a provider; False when some still were after `wait_ms`."""
    until_ms = clock.now_ms() + wait_ms
    while await db.read(lambda conn: sends.in_flight(conn, tenant, shopper, clock.now_ms())):
        if clock.now_ms() >= until_ms:
            return False
        await clock.sleep(_LOOK_S)
    return True
