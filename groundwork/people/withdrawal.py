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

        Raises ValueError for an unknown purpose or language.
        """

        def work(conn: Connection) -> frozenset[str]:
            tenant, shopper = subject.tenant, subject.shopper
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
        until_ms = self.clock.now_ms() + self.wait_ms
        while await self._in_flight(subject):
            if self.clock.now_ms() >= until_ms:
                return False
            await self.clock.sleep(_LOOK_S)
        return True

    async def _in_flight(self, subject: Subject) -> int:
        now_ms = self.clock.now_ms()
        return await self.db.read(lambda conn: self.sends.in_flight(conn, subject.tenant, subject.shopper, now_ms))
