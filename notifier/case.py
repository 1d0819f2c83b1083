"""Case: reads from the registries and the notifier's own rows everything a decision depends on.

One Reader serves one transaction, whose view of the database stands still: what is asked for again is remembered, but for the grants,
which the event before may have added.
"""

from dataclasses import dataclass, field

from floorplans import queries as places
from floorplans.model import Venue
from groundwork.contracts.ids import CommunityId, ShopperId, TenantId, Track, VenueId
from groundwork.contracts.zone_event import ZoneEvent
from groundwork.people import queries as people
from groundwork.people.model import Subject
from groundwork.plumbing.db import Connection
from notifier.budget import Budget
from notifier.calendar import Window, local_time
from notifier.campaigns import Campaign
from notifier.decide import Case, Verdict
from notifier.queries import campaigns, decisions
from notifier.rule import Context


@dataclass(frozen=True, slots=True)
class Read:
    """What was found for a zone event: the case with whom and where it is about, or why there is none."""

    case: Case | None = None
    subject: Subject | None = None
    venue: Venue | None = None
    refused: Verdict = field(default_factory=Verdict)


@dataclass(slots=True)
class Reader:
    """Reads cases within one transaction."""

    conn: Connection
    global_share: float
    _venues: dict[tuple[TenantId, VenueId], Venue | None] = field(default_factory=dict)
    _subjects: dict[tuple[TenantId, Track], Subject | None] = field(default_factory=dict)
    _consents: dict[tuple[TenantId, ShopperId], frozenset[str]] = field(default_factory=dict)
    _campaigns: dict[TenantId, tuple[Campaign, ...]] = field(default_factory=dict)
    _salts: dict[TenantId, str] | None = None

    def read(self, event: ZoneEvent, now_ms: int) -> Read:
        """The case of `event`, decided at `now_ms`."""
        subject = self._subject(event.tenant, event.track)
        venue = self._venue(event.tenant, event.venue)
        missing = [code for code, found in (("unknown_shopper", subject), ("unregistered_venue", venue)) if found is None]
        if subject is None or venue is None:
            return Read(subject=subject, venue=venue, refused=Verdict(reasons=tuple(missing)))
        return Read(self._case(event, subject, venue, now_ms), subject, venue)

    def _case(self, event: ZoneEvent, subject: Subject, venue: Venue, now_ms: int) -> Case:
        granted = decisions.granted_in(self.conn, event.tenant, subject.shopper, event.visit)
        return Case(
            context=Context(
                venue=event.venue,
                zone=event.zone,
                zone_kind=event.zone_kind,
                kind=event.kind,
                dwell_s=event.dwell_s,
                local=local_time(event.at_ms, venue.time_zone),
                communities=self._communities(event.tenant, subject.shopper),
            ),
            at_ms=event.at_ms,
            decided_ms=now_ms,
            late=event.late,
            shopper=subject.shopper,
            consents=self._granted(event.tenant, subject.shopper),
            quiet=quiet_hours(venue),
            budget=Budget(allowed=venue.policy.pushes_per_visit, spent=granted.spent),
            granted=granted.campaigns,
            campaigns=self._open_campaigns(event.tenant),
            salt=self._salt(event.tenant),
            global_share=self.global_share,
            paused=people.paused(self.conn, event.tenant, subject.shopper),
        )

    def _venue(self, tenant: TenantId, venue: VenueId) -> Venue | None:
        key = (tenant, venue)
        if key not in self._venues:
            self._venues[key] = places.venue(self.conn, tenant, venue)
        return self._venues[key]

    def _subject(self, tenant: TenantId, track: Track) -> Subject | None:
        key = (tenant, track)
        if key not in self._subjects:
            self._subjects[key] = people.subject_of_track(self.conn, tenant, track)
        return self._subjects[key]

    def _granted(self, tenant: TenantId, shopper: ShopperId) -> frozenset[str]:
        key = (tenant, shopper)
        if key not in self._consents:
            self._consents[key] = people.granted(self.conn, tenant, shopper)
        return self._consents[key]

    def _open_campaigns(self, tenant: TenantId) -> tuple[Campaign, ...]:
        if tenant not in self._campaigns:
            self._campaigns[tenant] = tuple(campaigns.open_campaigns(self.conn, tenant))
        return self._campaigns[tenant]

    def _communities(self, tenant: TenantId, shopper: ShopperId) -> frozenset[CommunityId]:
        """Those she is in, if any campaign asks."""
        asked = any(campaign.memberships for campaign in self._open_campaigns(tenant))
        return people.communities_of(self.conn, tenant, shopper) if asked else frozenset()

    def _salt(self, tenant: TenantId) -> str:
        if self._salts is None:
            self._salts = {known.id: known.salt.hex() for known in people.tenants(self.conn)}
        return self._salts.get(tenant, "")


def quiet_hours(venue: Venue) -> Window:
    """The venue's own hours without pushes."""
    return Window.parse(venue.policy.quiet_from, venue.policy.quiet_until)
