"""The notifier's stages, in order; the first file to read.

    zone_events (log, by shopper) -> read the case -> decide -> decision (+ grant -> coupon -> push rows)  one transaction with the position
    push rows (outbox)            -> claim, asking consent again -> channel -> receipt                       outbox.py
    code at a till                -> redemption                                                             redeem.py
    receipt of a till             -> purchase                                                               purchases.py

A zone event that comes again finds its decision and changes nothing; one of a shopper who is being erased leaves nothing. An exit takes
back what has not left for that stay, unless it is uncertain: then the offer lasts as long as it would have.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import msgspec
import structlog

from groundwork.contracts.decision import Decision
from groundwork.contracts.ids import Pseudonym, TenantId
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.plumbing.bus import LogEntry
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.shards import Prepared
from notifier.case import Reader
from notifier.decide import decide
from notifier.explain import why_not
from notifier.issue import Desk, decision_id, issue
from notifier.queries import decisions, outbox
from notifier.reasons import ERASED, REPEAT

_event = msgspec.json.Decoder(ZoneEvent)
_log = structlog.get_logger()


@dataclass(slots=True)
class Ran:
    """What one transaction did: the decisions it made, the pushes it queued by channel, and those it refused at once."""

    events: int = 0
    repeats: int = 0
    erased: int = 0
    """Events of shoppers whose erasure has begun: nothing is written about them."""
    decisions: list[Decision] = field(default_factory=list)
    queued: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    """By reason."""


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Zone events to decisions."""

    clock: Clock
    desk: Desk
    global_holdout: float

    def run(self, conn: Connection, events: Sequence[ZoneEvent]) -> Ran:
        """Decides on `events`, in order, within the caller's transaction; may be run again, and then does the same."""
        ran = Ran(events=len(events))
        reader = Reader(conn, self.global_holdout)
        gone = _erased(conn, events)
        for event in events:
            if (event.tenant, event.shopper) in gone:
                ran.erased += 1
            else:
                self._one(conn, reader, event, ran)
        return ran

    def _one(self, conn: Connection, reader: Reader, event: ZoneEvent, ran: Ran) -> None:
        if decisions.known(conn, event.tenant, decision_id(event)):
            ran.repeats += 1
            return
        now = self.clock.now_ms()
        if event.kind == "exit" and not event.uncertain:  # where nobody could hear her, nobody knows that she left
            outbox.cancel_stay(conn, event.tenant, event.visit, event.zone, event.stay_start_ms, now)
        read = reader.read(event, now)
        verdict = decide(read.case) if read.case else read.refused
        issued = issue(conn, self.desk, event, read, verdict, now)
        ran.decisions.append(issued.decision)
        ran.queued.update(issued.queued)
        ran.refused.update(issued.refused)


def _erased(conn: Connection, events: Sequence[ZoneEvent]) -> set[tuple[TenantId, Pseudonym]]:
    by_tenant: dict[TenantId, set[Pseudonym]] = {}
    for event in events:
        by_tenant.setdefault(event.tenant, set()).add(event.shopper)
    return {(tenant, shopper) for tenant, names in sorted(by_tenant.items()) for shopper in people.erased(conn, tenant, names)}


class Deciding:
    """The handler of one shard of zone events. It keeps nothing in memory: what counts is in the rows, under ids made of the events."""

    def __init__(self, pipeline: Pipeline, hops: Hops, wake: Callable[[], None]) -> None:
        self._pipeline = pipeline
        self._events = hops.hop("decide", "zone events")
        self._grants = hops.hop("grant", "decisions")
        self._pushes = hops.hop("outbox", "pushes")
        self._wake = wake

    def restore(self, state: bytes | None) -> None:
        """Nothing to restore."""

    def prepare(self, entries: Sequence[LogEntry], replaying: bool) -> Prepared[Ran]:
        """Raises msgspec.DecodeError on an entry that is no zone event."""
        events = [] if replaying else [_event.decode(entry.payload) for entry in entries]
        return Prepared(lambda conn: self._pipeline.run(conn, events))

    def state(self) -> bytes:
        return b""

    def committed(self, result: Ran) -> None:
        """Counts, and wakes the senders."""
        self._events.take(result.events)
        self._events.refuse(REPEAT.code, result.repeats)
        self._events.refuse(ERASED.code, result.erased)
        self._events.give(len(result.decisions))
        self._grants.take(len(result.decisions))
        for decision in result.decisions:
            self._count(decision)
        queued = result.queued.total()
        self._pushes.take(queued + result.refused.total())
        self._pushes.held += queued
        for reason, count in result.refused.items():
            self._pushes.refuse(reason, count)
        if result.decisions:
            self._wake()

    def _count(self, decision: Decision) -> None:
        no = why_not(decision)
        if no:
            self._grants.refuse(no)
            return
        self._grants.give()
        _log.info("offer granted", shopper=decision.shopper, decision=decision.id, grant=decision.grant)
