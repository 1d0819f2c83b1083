"""Accept: a batch of GPS reports of a known phone into the log, once. It needs no HTTP.

Acknowledged means durable: the answer, the inbox key and the log entry commit together. A repeat gets the first answer's bytes; the same
key with other reports is refused. The coordinates end here: what goes on is how far the phone was from the fences it was near.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

import msgspec
import numpy as np

from geofence import reasons
from geofence.intake.accept import Accepted, People, well_formed
from geofence.intake.admit import ranked
from geofence.outdoor.fence_books import FenceBooks
from geofence.outdoor.matching import Near
from geofence.outdoor.reading import VAGUE, Points, read
from geofence.outdoor.reported import FenceRef, OpenVisit, Reported, ReportedHeader, encode
from geofence.outdoor.settings import Settings
from geofence.queries import arrivals
from groundwork.contracts.gps_report import GpsAnswer, GpsBatch, GpsHeader
from groundwork.contracts.ids import DeviceId, VenueId
from groundwork.contracts.subjects import GPS_REPORTS
from groundwork.people import queries as people
from groundwork.people.model import Subject
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.bus import Append, Entry
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts

_DIGEST_LENGTH: Final = 32
_STALE_MS: Final = 3_600_000
"""How old the memory may be by which a phone was resolved; as in `geofence/intake/accept.py`."""
_LATELY_MS: Final = 900_000
"""A visit that ended so long ago inside is still gone on with outside: she has stepped out."""


class _Batch(NamedTuple):
    """What was read, and what of it goes on."""

    header: GpsHeader
    points: Points
    kept: Points
    near: Near
    refs: list[FenceRef]
    """What `near.fence` points at."""


@dataclass(frozen=True, slots=True)
class GpsIntake:
    """Takes GPS reports in."""

    parts: Parts
    settings: Settings
    books: FenceBooks
    people: People

    async def reports(self, caller: Caller, body: bytes | GpsBatch) -> Accepted:
        """A phone's batch: a column frame as bytes, or decoded JSON. Raises Refusal where the whole batch is refused."""
        header, points = well_formed(lambda: read(body, self.settings, self.parts.clock.now_ms()))
        try:
            subject = self._reporter(caller, header)
            batch = self._matched(caller, header, points)
            answer, repeat = await self._append(batch, subject)
        except Refusal as refusal:
            self._count(len(points), 0, {refusal.reason.code: len(points)})
            raise
        if not repeat:
            self._count(len(points), len(batch.kept), _vague(batch))
        return Accepted(answer, repeat)

    def _reporter(self, caller: Caller, header: GpsHeader) -> Subject:
        if header.tenant != caller.tenant:
            raise Refusal(reasons.FOREIGN_TENANT, at="/tenant", value=header.tenant)
        subject = self.people.resolver(header.tenant).device(DeviceId(caller.subject))
        if subject is None:
            raise Refusal(reasons.NO_POSITIONING_CONSENT)
        return subject

    def _matched(self, caller: Caller, header: GpsHeader, points: Points) -> _Batch:
        kept = points.sure(self.settings.most_accuracy_m)
        book = self.books.of(header.tenant)
        near = book.match(kept.lon, kept.lat)
        used, fence = ranked(near.fence, len(book.refs))
        refs = [book.refs[at] for at in used.tolist()]
        allowed = np.array([caller.within(ref.venue) for ref in refs], np.bool_)
        if not allowed.all():
            rows = allowed[fence]
            fence = (np.cumsum(allowed) - 1)[fence[rows]]
            near = Near(near.point[rows], fence, near.signed_m[rows])
            refs = [ref for ref, may in zip(refs, allowed.tolist(), strict=True) if may]
        return _Batch(header, points, kept, near._replace(fence=fence), refs)

    async def _append(self, batch: _Batch, subject: Subject) -> tuple[bytes, bool]:
        """Makes it durable. The inbox keeps the reports' digest before the answer, by which a number used twice is told from a repeat."""
        header, digest = batch.header, batch.points.digest()
        said = GpsAnswer(tenant=subject.tenant, boot=header.boot, batch=header.batch, accepted=len(batch.kept), refused=_vague(batch))
        answer = digest + msgspec.json.encode(said)
        once = (subject.tenant, "gps", str(subject.track), header.boot, str(header.batch))
        stored, repeat = await self.parts.bus.append(once, lambda conn: Append(answer, self._entries(conn, batch, subject)))
        if stored[:_DIGEST_LENGTH] != digest:
            raise Refusal(reasons.BATCH_CHANGED, batch=header.batch, boot=header.boot)
        return stored[_DIGEST_LENGTH:], repeat

    def _entries(self, conn: Connection, batch: _Batch, subject: Subject) -> tuple[Entry, ...]:
        """The entry, unless nothing could follow from it. Raises Refusal where her erasure began after she was resolved."""
        now_ms = self.parts.clock.now_ms()
        if subject.pseudonym in people.lately_erased(conn, subject.tenant, now_ms - _STALE_MS):
            raise Refusal(reasons.NO_POSITIONING_CONSENT)
        if not len(batch.kept) or not len(self.books.of(subject.tenant)):
            return ()
        venues = {VenueId(ref.venue) for ref in batch.refs}
        on = arrivals.visits_on(conn, subject.tenant, subject.pseudonym, venues, now_ms, _LATELY_MS) if venues else []
        header = ReportedHeader(
            kind="reports",
            tenant=subject.tenant,
            shopper=subject.pseudonym,
            track=subject.track,
            admitted_ms=now_ms,
            fences=batch.refs,
            visits=[OpenVisit(*one) for one in on],
            reports=len(batch.kept),
            rows=len(batch.near.point),
        )
        columns = (batch.kept.at_ms, batch.kept.accuracy_m, batch.near.signed_m, batch.near.point, batch.near.fence)
        return (Entry(GPS_REPORTS, subject.pseudonym, encode(Reported(header, *columns))),)

    def _count(self, taken: int, given: int, refused: dict[str, int]) -> None:
        hop = self.parts.hops.hop("ingest.gps", "GPS reports")
        hop.take(taken)
        hop.give(given)
        for code, count in refused.items():
            hop.refuse(code, count)


def _vague(batch: _Batch) -> dict[str, int]:
    count = len(batch.points) - len(batch.kept)
    return {VAGUE: count} if count else {}
