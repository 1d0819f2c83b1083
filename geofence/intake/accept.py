"""Accept: a batch of a known caller into the venue's log, once. The one function behind both routes; it needs no HTTP.

Acknowledged means durable: the answer, the inbox key and the log entry commit together. A repeat gets the first answer's bytes; the same
key with other rows is refused. What is wanted of a batch is decided in `admit.py`.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np
import structlog

from floorplans.model import Plan
from geofence import reasons
from geofence.admitted import Admitted, AdmittedHeader, AdmittedKind, Reference, decode, encode, without
from geofence.columns import NONE, Indices, Tracks
from geofence.intake import admit
from geofence.intake.admit import Batch, Kept
from geofence.intake.clocks import Clocks, Skew, moved
from geofence.intake.faults import BatchError, Said, TooManyRows
from geofence.intake.watch import Watch, identity
from geofence.places import Places
from geofence.queries.clocks import put_skew, skews
from geofence.settings import Settings
from geofence.tracking import gains
from geofence.tracking.identities import Boots
from groundwork.contracts.ids import BeaconKey, DeviceId, GatewayId, Pseudonym, TenantId, Track, VenueId
from groundwork.contracts.ranging import RangingAnswer, RangingReport
from groundwork.contracts.sighting import BatchAnswer, SightingBatch, SightingHeader
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.people import queries as people
from groundwork.people.model import Subject
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.bus import Append, Entry
from groundwork.plumbing.db import Connection
from groundwork.plumbing.reasons import Refusal, Words
from groundwork.plumbing.service import Parts

T = TypeVar("T")
_log = structlog.get_logger()

_DIGEST_LENGTH: Final = 32
_CODE: Final = re.compile("[a-z_]{1,40}")
_MOST_CODES: Final = 32
"""Of boxes; there are a dozen."""
_STALE_MS: Final = 3_600_000
"""How old the memory may be by which a batch was resolved. A request lasts 30 s at most; a frozen process may wake with one in hand."""


class Resolver(Protocol):
    """Who beacons and devices stand for, for one tenant; consent to positioning is alive or the answer is None."""

    def resolve(self, beacons: Sequence[BeaconKey], at_ms: int) -> list[Subject | None]: ...

    def stale(self, beacons: Sequence[BeaconKey], at_ms: int) -> list[bool]: ...

    def device(self, device: DeviceId) -> Subject | None: ...


class People(Protocol):
    """Where resolvers come from; `groundwork.people.registry.People` is one."""

    def resolver(self, tenant: TenantId) -> Resolver: ...


Beside = Callable[[Connection], None]
"""What is written in the transaction that keeps a batch."""


def _nothing_beside(_conn: Connection) -> None:
    return None


def _both(first: Beside, second: Beside) -> Beside:
    def write(conn: Connection) -> None:
        first(conn)
        second(conn)

    return write


class Accepted(NamedTuple):
    """The answer's bytes, and whether it was given before."""

    answer: bytes
    repeat: bool


def log_key(tenant: str, venue: str) -> str:
    """The key of a venue's entries in the log. A venue's id is unique within its tenant only."""
    return f"{tenant}/{venue}"


@dataclass(frozen=True, slots=True)
class Ingest:
    """Takes batches in."""

    parts: Parts
    settings: Settings
    places: Places
    people: People
    watch: Watch = field(default_factory=Watch)
    boots: Boots = field(default_factory=Boots)
    clocks: Clocks = field(default_factory=Clocks)

    async def sightings(self, caller: Caller, body: bytes | SightingBatch) -> Accepted:
        """A gateway's batch: a column frame as bytes, or decoded JSON. Raises Refusal where the whole batch is refused."""
        header, batch = self._read(body)
        try:
            tenant, venue = self._sender(caller, header)
            self._check_radios(tenant, header.gateway, batch.radios)
        except Refusal as refusal:
            self._count(len(batch), 0, {refusal.reason.code: len(batch)})
            raise
        return await self._take_in(tenant, venue, header, batch)

    async def heard(self, venue: VenueId, sent: SightingBatch, beside: Beside = _nothing_beside) -> Accepted:
        """What the boxes of a third party heard in `venue`, of which only listed boxes and admitted beacons are left.

        `beside` is written with it, in the one transaction, unless it is a repeat. Raises Refusal as `sightings` does.
        """
        header, batch = self._read(sent)
        return await self._take_in(header.tenant, venue, header, batch, beside)

    async def _take_in(
        self, tenant: TenantId, venue: VenueId, header: SightingHeader, batch: Batch, beside: Beside = _nothing_beside
    ) -> Accepted:
        """The rows of a sender who is known to be who it says."""
        try:
            plan = self._plan(tenant, venue)
            skew, changed = await self._skew(header, plan)
            timed = well_formed(lambda: moved(batch, skew.offset_ms))
            self._check_time(timed)
        except Refusal as refusal:
            self._count(len(batch), 0, {refusal.reason.code: len(batch)})
            raise
        now_ms = self.parts.clock.now_ms()
        shared = self.boots.shared(tenant, header.gateway, header.boot, timed.covered_until_ms, now_ms)
        kept = self._keep_sightings(tenant, timed, plan, shared)
        # A clock that runs ahead may not push the watermark past the others' rows; what it claims too early, its next batch says again.
        furthest_ms = self.parts.clock.now_ms() + plan.venue.policy.allowed_lateness_ms // 2
        until_ms = min(timed.covered_until_ms, furthest_ms)
        entry = self._entry("sightings", plan, str(header.gateway), until_ms, kept, skew.offset_ms)
        answer = BatchAnswer(
            tenant=tenant,
            gateway=header.gateway,
            boot=header.boot,
            batch=header.batch,
            accepted=len(kept.device),
            refused=kept.refused,
        )
        once = (tenant, "gateway", header.gateway, header.boot, str(header.batch))
        noted = _both(beside, lambda conn: put_skew(conn, skew)) if changed else beside
        accepted = await self._append(once, batch, kept, entry, msgspec.json.encode(answer), header, noted)
        if not accepted.repeat:
            self._count_beside(header)
            if skew.offset_ms:
                self._count_told("ingest.skewed", "sightings", len(batch))
        return accepted

    async def ranging(self, caller: Caller, report: RangingReport) -> Accepted:
        """A phone's report of the beacons it heard. Raises Refusal where it is refused as a whole."""
        batch = well_formed(lambda: admit.from_report(report, self.settings.max_rows))
        try:
            subject = self._reporter(caller, report)
            self._check_time(batch)
            plan = self._plan(subject.tenant, report.venue)
        except Refusal as refusal:
            self._count(len(batch), 0, {refusal.reason.code: len(batch)})
            raise
        kept = self._keep_ranging(batch, plan, subject)
        entry = self._entry("ranging", plan, str(subject.track), batch.covered_until_ms, kept)
        answer = RangingAnswer(tenant=subject.tenant, boot=report.boot, batch=report.batch, accepted=len(kept.device), refused=kept.refused)
        once = (subject.tenant, "device", str(subject.track), report.boot, str(report.batch))  # kept for weeks, so by pseudonym
        return await self._append(once, batch, kept, entry, msgspec.json.encode(answer), report)

    # --- who and where ------------------------------------------------------------------------------------------------------------

    def _read(self, body: bytes | SightingBatch) -> tuple[SightingHeader, Batch]:
        if isinstance(body, SightingBatch):
            return body, well_formed(lambda: admit.from_json(body, self.settings.max_rows))
        return well_formed(lambda: admit.from_frame(body, self.settings.max_rows))

    def _sender(self, caller: Caller, header: SightingHeader) -> tuple[TenantId, VenueId]:
        """The caller's tenant and venue; the body may repeat who it is, but not say otherwise."""
        if header.tenant != caller.tenant:
            raise Refusal(reasons.FOREIGN_TENANT, at="/tenant", value=header.tenant)
        if header.gateway != caller.subject:
            raise Refusal(reasons.FOREIGN_GATEWAY, at="/gateway", value=header.gateway)
        gateway = self.places.gateways(header.tenant).get(header.gateway)
        if gateway is None or not caller.within(gateway.venue):
            raise Refusal(reasons.NO_VENUE, value=header.gateway)
        return header.tenant, gateway.venue

    def _check_radios(self, tenant: TenantId, sender: GatewayId, radios: Sequence[str]) -> None:
        known = self.places.gateways(tenant)
        for at, radio in enumerate(radios):
            gateway = known.get(GatewayId(radio))
            if radio != sender and (gateway is None or gateway.via != sender):
                raise Refusal(reasons.FOREIGN_RADIO, at=f"/gateways/{at}", value=radio)

    def _reporter(self, caller: Caller, report: RangingReport) -> Subject:
        if report.tenant != caller.tenant:
            raise Refusal(reasons.FOREIGN_TENANT, at="/tenant", value=report.tenant)
        if not caller.within(report.venue):
            raise Refusal(reasons.FOREIGN_VENUE, at="/venue", value=report.venue)
        subject = self.people.resolver(report.tenant).device(DeviceId(caller.subject))
        if subject is None:
            raise Refusal(reasons.NO_POSITIONING_CONSENT)
        return subject

    async def _skew(self, header: SightingHeader, plan: Plan) -> tuple[Skew, bool]:
        """What the sender's clock is off by, and whether that is new."""
        now_ms = self.parts.clock.now_ms()
        if self.clocks.wanting(header, now_ms):
            self.clocks.load(await self.parts.db.read(skews))
        offset_ms, changed = self.clocks.read(header, now_ms, plan.venue.policy.window_ms)
        if changed:
            _log.warning("gateway clock", gateway=header.gateway, tenant=header.tenant, offset_ms=offset_ms)
        return Skew(header.tenant, header.gateway, offset_ms, now_ms), changed

    def _plan(self, tenant: TenantId, venue: VenueId) -> Plan:
        plan = self.places.published(tenant, venue)
        if plan is None:
            raise Refusal(reasons.NO_PLAN, value=venue)
        return plan

    def _check_time(self, batch: Batch) -> None:
        latest_ms = self.parts.clock.now_ms() + self.settings.max_ahead_ms
        well_formed(lambda: admit.check_time(batch, latest_ms))

    # --- what goes on -------------------------------------------------------------------------------------------------------------

    def _keep_sightings(self, tenant: TenantId, batch: Batch, plan: Plan, shared: bool) -> Kept:
        owner, owners, who = _owners(self.people.resolver(tenant), batch)
        placed = self.places.placed(plan)
        radios = np.array([at if radio in placed else NONE for at, radio in enumerate(batch.radios)], np.int64)
        anchor = radios[batch.radio] if len(batch) else batch.radio
        owner[self.watch.flagged(plan, batch, who, anchor, batch.radios)] = admit.CLONE
        if shared:
            owner[:] = admit.SHARED
        fixed = np.array([beacon in placed for beacon in batch.beacons], np.bool_)
        owner[fixed[batch.beacon] & (owner == NONE)] = admit.FIXED
        references = _references(batch, np.flatnonzero((owner == admit.FIXED) & (anchor != NONE) & admit.possible(batch.rssi_dbm)))
        return replace(admit.keep(batch, owner, owners, batch.radios, anchor), references=references)

    def _keep_ranging(self, batch: Batch, plan: Plan, subject: Subject) -> Kept:
        placed = self.places.placed(plan)
        beacons = np.array([at if beacon in placed else NONE for at, beacon in enumerate(batch.beacons)], np.int64)
        owner = np.zeros(len(batch), np.int64)
        anchor = beacons[batch.beacon] if len(batch) else batch.beacon
        kept = admit.keep(batch, owner, [(subject.track, subject.pseudonym)], batch.beacons, anchor)
        if not len(batch.step_ms):
            return kept
        tracks, shoppers = (subject.track,), (subject.pseudonym,)  # also where no row of hers is kept
        return replace(kept, tracks=tracks, shoppers=shoppers, step_ms=batch.step_ms, heading_deg=batch.heading_deg)

    def _entry(self, kind: AdmittedKind, plan: Plan, source: str, covered_until_ms: int, kept: Kept, offset_ms: int = 0) -> Entry:
        venue = plan.venue
        header = AdmittedHeader(
            kind=kind,
            tenant=venue.tenant,
            venue=venue.id,
            source=source,
            covered_until_ms=covered_until_ms,
            clock_offset_ms=offset_ms,
            admitted_ms=self.parts.clock.now_ms(),
            plan_version=plan.version,
            calibration=self.places.calibrations.in_force(venue.tenant, venue.id),
            anchors=list(kept.anchors),
            shoppers=list(kept.shoppers),
            references=list(kept.references),
            rows=len(kept.device),
            steps=len(kept.step_ms),
        )
        tracks = np.array(kept.tracks, np.uint64)
        columns = (kept.window_start_ms, kept.rssi_dbm, kept.device, kept.anchor, kept.window_ms, kept.adverts)
        steps = (kept.step_ms, kept.heading_deg, np.zeros(len(kept.step_ms), np.int64))
        return Entry(SIGHTINGS, log_key(venue.tenant, venue.id), encode(Admitted(header, tracks, *columns, *steps)))

    async def _append(
        self,
        once: tuple[str, ...],
        batch: Batch,
        kept: Kept,
        entry: Entry,
        answer: bytes,
        said: SightingHeader | RangingReport,
        beside: Beside = _nothing_beside,
    ) -> Accepted:
        """Makes it durable. The inbox keeps the rows' digest before the answer, by which a number used twice is told from a repeat."""
        digest = batch.digest().encode()

        def admit_it(conn: Connection) -> Append:
            beside(conn)
            return Append(digest + answer, (self._still(conn, said, entry, kept),))

        try:
            stored, repeat = await self.parts.bus.append(once, admit_it)
        except Refusal as refusal:
            self._count(len(batch), 0, {refusal.reason.code: len(batch)})
            raise
        if stored[:_DIGEST_LENGTH] != digest:
            self._count(len(batch), 0, {reasons.BATCH_CHANGED.code: len(batch)})
            raise Refusal(reasons.BATCH_CHANGED, batch=said.batch, boot=said.boot)
        if not repeat:
            self._count(len(batch), len(kept.device), kept.refused)
        return Accepted(stored[_DIGEST_LENGTH:], repeat)

    def _still(self, conn: Connection, said: SightingHeader | RangingReport, entry: Entry, kept: Kept) -> Entry:
        """The entry without shoppers whose erasure began after they were resolved: in the log, no row of hers may come after it.

        Raises Refusal where the report is hers.
        """
        if not kept.shoppers:
            return entry
        gone = people.lately_erased(conn, said.tenant, self.parts.clock.now_ms() - _STALE_MS)
        if gone.isdisjoint(kept.shoppers):
            return entry
        if isinstance(said, RangingReport):
            raise Refusal(reasons.NO_POSITIONING_CONSENT)
        return Entry(entry.stream, entry.key, encode(without(decode(entry.payload), gone)))

    def _count_beside(self, header: SightingHeader) -> None:
        """Counts what a batch tells beside its rows: who left, what changed, how many strangers, what the box dropped and what it lost."""
        for name, told in (("left", len(header.left)), ("telemetry", len(header.telemetry)), ("strangers", len(header.strangers))):
            if told:
                self._count_told(f"ingest.{name}", name, told)
        self._count_lost("ingest.dropped", "adverts", header.refused.items())
        self._count_lost("ingest.gaps", "sightings", ((gap.reason, gap.rows) for gap in header.gaps))

    def _count_told(self, step: str, what: str, told: int) -> None:
        hop = self.parts.hops.hop(step, what)
        hop.take(told)
        hop.give(told)

    def _count_lost(self, step: str, what: str, told: Iterable[tuple[str, int]]) -> None:
        """Counts what never left a box, by the box's own reason; words that are no codes of ours would be labels without end."""
        for code, count in told:
            hop = self.parts.hops.hop(step, what)
            hop.take(count)
            hop.refuse(code if code in hop.refused or (_CODE.fullmatch(code) and len(hop.refused) < _MOST_CODES) else "other", count)

    def _count(self, taken: int, given: int, refused: dict[str, int]) -> None:
        hop = self.parts.hops.hop("ingest", "sightings")
        hop.take(taken)
        hop.give(given)
        for code, count in refused.items():
            hop.refuse(code, count)


def _references(batch: Batch, rows: Indices) -> tuple[Reference, ...]:
    """What gateways heard of beacons of the plan, thinned."""
    rows = rows[gains.told(batch.window_start_ms[rows], batch.window_ms[rows])]
    columns = (batch.radio[rows], batch.beacon[rows], batch.end_ms[rows], batch.rssi_dbm[rows])
    heard = zip(*(column.tolist() for column in columns), strict=True)
    return tuple(Reference(batch.radios[radio], batch.beacons[beacon], at_ms, rssi_dbm) for radio, beacon, at_ms, rssi_dbm in heard)


def _owners(resolver: Resolver, batch: Batch) -> tuple[Indices, list[tuple[Track, Pseudonym]], Tracks]:
    """For each row whose its beacon was at that minute: a place in the list of owners, -1 or STALE; and which beacon, by a number."""
    owner, who = np.full(len(batch), NONE, np.int64), np.zeros(len(batch), np.uint64)
    place: dict[Track, int] = {}
    shoppers: list[Pseudonym] = []
    for at_ms, rows in admit.minutes(batch):
        heard, which = admit.ranked(batch.beacon[rows], len(batch.beacons))
        beacons = [BeaconKey(batch.beacons[i]) for i in heard.tolist()]
        found, numbers = np.full(len(heard), NONE, np.int64), np.zeros(len(heard), np.uint64)
        for at, subject in enumerate(resolver.resolve(beacons, at_ms)):
            if subject is not None:
                found[at] = place.setdefault(subject.track, len(place))
                numbers[at] = identity(subject.track, beacons[at])
                if len(shoppers) < len(place):
                    shoppers.append(subject.pseudonym)
        strangers = np.flatnonzero(found == NONE)
        if len(strangers):
            stale = resolver.stale([beacons[at] for at in strangers.tolist()], at_ms)
            found[strangers[stale]] = admit.STALE
        owner[rows], who[rows] = found[which], numbers[which]
    return owner, list(zip(place, shoppers, strict=True)), who


def well_formed(read: Callable[[], T]) -> T:
    """What `read` returns. Raises Refusal for a batch that it refuses as a whole."""
    try:
        return read()
    except BatchError as error:
        value = Words(*error.value) if isinstance(error.value, Said) else error.value
        field = error.at or Words("the body", "محتوى الطلب")
        raise Refusal(reasons.BAD_BATCH, at=error.at, field=field, value=value, expected=Words(*error.expected)) from None
    except TooManyRows as error:
        raise Refusal(reasons.TOO_MANY_ROWS, rows=error.rows, limit=error.limit) from None
