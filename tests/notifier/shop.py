"""A shop to test the notifier in: one tenant, one venue, consenting shoppers, campaigns, and zone events that walk in."""

from dataclasses import dataclass, field
from typing import Any

import msgspec

from floorplans import queries as places
from floorplans.model import Names, Policy, Venue
from groundwork.contracts.ids import (
    CampaignId,
    DeviceId,
    LevelId,
    PlanVersionId,
    ShopperId,
    TenantId,
    VenueId,
    VisitId,
    ZoneEventId,
    ZoneId,
)
from groundwork.contracts.push import Push, PushReceipt
from groundwork.contracts.subjects import ZONE_EVENTS
from groundwork.contracts.zone_event import ZoneEvent, ZoneEventKind
from groundwork.people import queries as people
from groundwork.people.model import PURPOSES, Subject
from groundwork.plumbing.bus import Entry
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.service import Parts, Service, settle
from notifier import queries
from notifier.app import build
from notifier.campaigns import Amount, Campaign, Offer, Texts
from notifier.channel import Channel
from notifier.channels.dry_run import DryRun
from notifier.coupons import Codes
from notifier.rules import Dwelt
from notifier.settings import Settings

TENANT = TenantId("default")
VENUE = VenueId("souq")
KEY = b"a key of tests only, 32 bytes long"
CODES = Codes(KEY)

OFFER = Offer(
    title=Texts("خصم {value}", "{value} off"),
    body=Texts("{product} في {venue}: الرمز {code}", "{product} at {venue}: code {code}"),
    value=Amount(1_500),
    product=Texts("خبز", "Bread"),
)


def a_campaign(name: str = "bread", **changes: Any) -> Campaign:
    """A live campaign for anyone who dwells 10 s anywhere; nobody is held out of it unless `changes` say so."""
    plain = Campaign(
        id=CampaignId(name),
        tenant=TENANT,
        names=Texts("خبز", "Bread"),
        offer=OFFER,
        trigger=Dwelt(10),
        state="live",
        holdout_share=0.0,
    )
    return msgspec.structs.replace(plain, **changes)


class Recorder:
    """A channel that answers as it is told: `answers` are outcomes by try, the last for all further ones; `raises` instead of an answer."""

    def __init__(self, clock: Clock, *answers: str | Exception) -> None:
        self.name = "dry_run"
        self.pushes: list[Push] = []
        self._clock = clock
        self._answers = list(answers) or ["delivered"]

    async def send(self, push: Push) -> PushReceipt:
        answer = self._answers[min(len(self.pushes), len(self._answers) - 1)]
        self.pushes.append(push)
        if isinstance(answer, Exception):
            raise answer
        return msgspec.convert(
            {"tenant": push.tenant, "push": push.id, "channel": self.name, "outcome": answer, "at_ms": self._clock.now_ms()}, PushReceipt
        )


@dataclass
class Shop:
    """The service under test, and what walks in."""

    parts: Parts
    clock: Clock
    service: Service
    channel: Channel
    subjects: dict[str, Subject] = field(default_factory=dict)

    @classmethod
    async def open(
        cls,
        parts: Parts,
        clock: Clock,
        *campaigns: Campaign,
        channel: Channel | None = None,
        settings: Settings | None = None,
        policy: Policy | None = None,
    ) -> "Shop":
        """A shop where `campaigns` run and nobody is held out globally."""
        way = channel or DryRun(clock)
        service = build(parts, settings or Settings(global_holdout=0), KEY, {"dry_run": way})
        shop = cls(parts, clock, service, way)
        venue = Venue(VENUE, TENANT, Names("السوق", "The souq"), "Asia/Riyadh", policy=policy or Policy())

        def work(conn: Connection) -> None:
            people.add_tenant(conn, tenant=TENANT, name_ar="متجر", name_en="Shop", salt=bytes(32), now_ms=clock.now_ms())
            places.add_venue(conn, venue, clock.now_ms())
            for campaign in campaigns:
                queries.add_campaign(conn, campaign, clock.now_ms())

        await parts.db.write(work)
        await service.start()
        return shop

    async def shopper(self, name: str = "amal", language: str = "ar", purposes: tuple[str, ...] = PURPOSES) -> Subject:
        """A shopper with one phone who consents to `purposes`."""

        def work(conn: Connection) -> Subject:
            subject = people.sign_up(
                conn,
                tenant=TENANT,
                shopper=ShopperId(name),
                device=DeviceId(f"phone of {name}"),
                shopper_key=name.encode().ljust(32, b"."),
                enrolment=int(stable_id(name)[:15], 16),
                language=language,
                now_ms=self.clock.now_ms(),
            )
            for purpose in purposes:
                self._consent(conn, name, purpose, granted=True)
            return subject

        self.subjects[name] = await self.parts.db.write(work)
        return self.subjects[name]

    async def withdraw(self, name: str, purpose: str) -> None:
        """The shopper says no, as the registry of people records it, and nothing else is told."""
        await self.parts.db.write(lambda conn: self._consent(conn, name, purpose, granted=False))

    def _consent(self, conn: Connection, name: str, purpose: str, *, granted: bool) -> None:
        people.record_consent(
            conn,
            tenant=TENANT,
            shopper=ShopperId(name),
            purpose=purpose,
            granted=granted,
            text_version="1",
            source="test",
            at_ms=self.clock.now_ms(),
        )

    def event(self, name: str, kind: ZoneEventKind = "dwell", *, zone: str = "dairy", visit: str = "1", **changes: Any) -> ZoneEvent:
        """A zone event of the shopper, happening now."""
        subject, now = self.subjects[name], self.clock.now_ms()
        dwell_s = 10 if kind == "dwell" else 0
        plain = ZoneEvent(
            id=ZoneEventId(stable_id("event", name, kind, zone, visit)),
            tenant=TENANT,
            venue=VENUE,
            level=LevelId("ground"),
            zone=ZoneId(zone),
            zone_kind="aisle",
            kind=kind,
            dwell_s=dwell_s,
            shopper=subject.pseudonym,
            track=subject.track,
            visit=VisitId(f"visit {visit} of {name}"),
            at_ms=now,
            stay_start_ms=1_793_516_000_000,
            decided_ms=now,
            probability=0.9,
            plan_version=PlanVersionId("1"),
        )
        return msgspec.structs.replace(plain, **changes)

    async def put(self, *events: ZoneEvent) -> None:
        """Appends the events to the log."""
        await self.parts.bus.put([Entry(ZONE_EVENTS, event.shopper, msgspec.json.encode(event)) for event in events])

    async def decide(self) -> None:
        """Lets the notifier decide on all it has, and send nothing."""
        await settle(self.service.loops[:1])

    async def settle(self) -> None:
        """Lets the notifier do all it can now."""
        await settle(self.service.loops)

    async def happen(self, *events: ZoneEvent) -> None:
        """Appends the events, and lets the notifier do all it can."""
        await self.put(*events)
        await self.settle()

    async def counts(self) -> dict[tuple[str, str, str], int]:
        """Pushes by channel, state and reason."""
        return await self.parts.db.read(lambda conn: queries.push_counts(conn, TENANT))

    def missing(self) -> dict[str, int]:
        """What the hops cannot account for; empty is the only good answer."""
        return {hop.name: hop.missing() for hop in self.parts.hops.all() if hop.missing() or hop.held}
