"""Accept: a batch of a known caller into the venue's log, once. The one function behind both routes; it needs no HTTP.

Acknowledged means durable: the answer, the inbox key and the log entry commit together. A repeat gets the first answer's bytes; the same
key with other rows is refused. What is wanted of a batch is decided in `admit.py`.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, Protocol, TypeVar

import msgspec
import numpy as np

from floorplans.model import Plan
from geofence import admit, reasons
from geofence.admit import Batch, BatchError, Kept, TooManyRows
from geofence.admitted import Admitted, AdmittedHeader, AdmittedKind, encode
from geofence.columns import NONE, Indices
from geofence.places import Places
from geofence.settings import Settings
from groundwork.contracts.ids import BeaconKey, DeviceId, GatewayId, Pseudonym, TenantId, Track, VenueId
from groundwork.contracts.ranging import RangingAnswer, RangingReport
from groundwork.contracts.sighting import BatchAnswer, SightingBatch, SightingHeader
from groundwork.contracts.subjects import SIGHTINGS
from groundwork.people.model import Subject
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.bus import Append, Entry
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts

T = TypeVar("T")

_DIGEST_LENGTH: Final = 32


class Resolver(Protocol):
    """Who beacons and devices stand for, for one tenant; consent to positioning is alive or the answer is None."""

    def resolve(self, beacons: Sequence[BeaconKey], at_ms: int) -> list[Subject | None]: ...

    def device(self, device: DeviceId) -> Subject | None: ...


class People(Protocol):
    """Where resolvers come from; `groundwork.people.registry.People` is one."""

    def resolver(self, tenant: TenantId) -> Resolver: ...


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

    async def sightings(self, caller: Caller, body: bytes | SightingBatch) -> Accepted:
        """A gateway's batch: a column frame as bytes, or decoded JSON. Raises Refusal where the whole batch is refused."""
        header, batch = self._read(body)
        try:
            tenant, venue = self._sender(caller, header)
            self._check_time(batch)
            plan = self._plan(tenant, venue)
            self._check_radios(tenant, header.gateway, batch.radios)
        except Refusal as refusal:
            self._count(len(batch), 0, {refusal.reason.code: len(batch)})
            raise
        kept = self._keep_sightings(tenant, batch, plan)
        # A clock that runs ahead may not push the watermark past the others' rows; what it claims too early, its next batch says again.
        furthest_ms = self.parts.clock.now_ms() + plan.venue.policy.allowed_lateness_ms // 2
        entry = self._entry("sightings", plan, str(header.gateway), min(batch.covered_until_ms, furthest_ms), kept)
        answer = BatchAnswer(
            tenant=tenant,
            gateway=header.gateway,
            boot=header.boot,
            batch=header.batch,
            accepted=len(kept.device),
            refused=kept.refused,
        )
        once = (tenant, "gateway", header.gateway, header.boot, str(header.batch))
        return await self._append(once, batch, kept, entry, msgspec.json.encode(answer), header)

    async def ranging(self, caller: Caller, report: RangingReport) -> Accepted:
        """A phone's report of the beacons it heard. Raises Refusal where it is refused as a whole."""
        batch = _well_formed(lambda: admit.from_report(report, self.settings.max_rows))
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
        once = (subject.tenant, "device", subject.device, report.boot, str(report.batch))
        return await self._append(once, batch, kept, entry, msgspec.json.encode(answer), report)

    # --- who and where ------------------------------------------------------------------------------------------------------------

    def _read(self, body: bytes | SightingBatch) -> tuple[SightingHeader, Batch]:
        if isinstance(body, SightingBatch):
            return body, _well_formed(lambda: admit.from_json(body, self.settings.max_rows))
        return _well_formed(lambda: admit.from_frame(body, self.settings.max_rows))

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

    def _plan(self, tenant: TenantId, venue: VenueId) -> Plan:
        plan = self.places.published(tenant, venue)
        if plan is None:
            raise Refusal(reasons.NO_PLAN, value=venue)
        return plan

    def _check_time(self, batch: Batch) -> None:
        latest_ms = self.parts.clock.now_ms() + self.settings.max_ahead_ms
        _well_formed(lambda: admit.check_time(batch, latest_ms))

    # --- what goes on -------------------------------------------------------------------------------------------------------------

    def _keep_sightings(self, tenant: TenantId, batch: Batch, plan: Plan) -> Kept:
        owner, owners = _owners(self.people.resolver(tenant), batch)
        placed = self.places.placed(plan)
        radios = np.array([at if radio in placed else NONE for at, radio in enumerate(batch.radios)], np.int64)
        return admit.keep(batch, owner, owners, batch.radios, radios[batch.radio] if len(batch) else batch.radio)

    def _keep_ranging(self, batch: Batch, plan: Plan, subject: Subject) -> Kept:
        placed = self.places.placed(plan)
        beacons = np.array([at if beacon in placed else NONE for at, beacon in enumerate(batch.beacons)], np.int64)
        owner = np.zeros(len(batch), np.int64)
        anchor = beacons[batch.beacon] if len(batch) else batch.beacon
        return admit.keep(batch, owner, [(subject.track, subject.pseudonym)], batch.beacons, anchor)

    def _entry(self, kind: AdmittedKind, plan: Plan, source: str, covered_until_ms: int, kept: Kept) -> Entry:
        venue = plan.venue
        header = AdmittedHeader(
            kind=kind,
            tenant=venue.tenant,
            venue=venue.id,
            source=source,
            covered_until_ms=covered_until_ms,
            admitted_ms=self.parts.clock.now_ms(),
            plan_version=plan.version,
            anchors=list(kept.anchors),
            shoppers=list(kept.shoppers),
            rows=len(kept.device),
        )
        tracks = np.array(kept.tracks, np.uint64)
        columns = (kept.window_start_ms, kept.rssi_dbm, kept.device, kept.anchor, kept.window_ms, kept.adverts)
        return Entry(SIGHTINGS, log_key(venue.tenant, venue.id), encode(Admitted(header, tracks, *columns)))

    async def _append(
        self, once: tuple[str, ...], batch: Batch, kept: Kept, entry: Entry, answer: bytes, said: SightingHeader | RangingReport
    ) -> Accepted:
        """Makes it durable. The inbox keeps the rows' digest before the answer, by which a number used twice is told from a repeat."""
        digest = batch.digest().encode()
        stored, repeat = await self.parts.bus.append(once, lambda _: Append(digest + answer, (entry,)))
        if stored[:_DIGEST_LENGTH] != digest:
            self._count(len(batch), 0, {reasons.BATCH_CHANGED.code: len(batch)})
            raise Refusal(reasons.BATCH_CHANGED, batch=said.batch, boot=said.boot)
        if not repeat:
            self._count(len(batch), len(kept.device), kept.refused)
        return Accepted(stored[_DIGEST_LENGTH:], repeat)

    def _count(self, taken: int, given: int, refused: dict[str, int]) -> None:
        hop = self.parts.hops.hop("ingest", "sightings")
        hop.take(taken)
        hop.give(given)
        for code, count in refused.items():
            hop.refuse(code, count)


def _owners(resolver: Resolver, batch: Batch) -> tuple[Indices, list[tuple[Track, Pseudonym]]]:
    """For each row whose its beacon was at that minute: a place in the list of owners, or -1."""
    owner = np.full(len(batch), NONE, np.int64)
    place: dict[Track, int] = {}
    shoppers: list[Pseudonym] = []
    for at_ms, rows in admit.minutes(batch):
        heard, which = admit.ranked(batch.beacon[rows], len(batch.beacons))
        subjects = resolver.resolve([BeaconKey(batch.beacons[i]) for i in heard.tolist()], at_ms)
        found = np.full(len(heard), NONE, np.int64)
        for at, subject in enumerate(subjects):
            if subject is not None:
                found[at] = place.setdefault(subject.track, len(place))
                if len(shoppers) < len(place):
                    shoppers.append(subject.pseudonym)
        owner[rows] = found[which]
    return owner, list(zip(place, shoppers, strict=True))


def _well_formed(read: Callable[[], T]) -> T:
    try:
        return read()
    except BatchError as error:
        raise Refusal(reasons.BAD_BATCH, at=error.field, field=error.field, value=error.value, expected=error.expected) from None
    except TooManyRows as error:
        raise Refusal(reasons.TOO_MANY_ROWS, rows=error.rows, limit=error.limit) from None
