"""Feeds in memory: which third-party boxes are listened to, where, and by which rules. A Refresh loop keeps them fresh."""

from dataclasses import dataclass

from geofence.feeding.feed import Feed
from geofence.feeding.sieve import Sieve
from geofence.feeds import FEEDS
from geofence.places import Places
from geofence.queries import feeds as queries
from geofence.queries.feeds import StoredFeed
from groundwork.contracts.gateway import GatewayRules
from groundwork.contracts.ids import GatewayId, TenantId
from groundwork.people.queries.gateway_rules import gateway_rules
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.vault import Vault

_WINDOW_MS = 500
"""Where a venue has published no plan yet; nothing is kept of it then."""


@dataclass(frozen=True, slots=True)
class KnownFeed:
    """A feed as it stands: how it is heard, its boxes with their gateways, and its venue's rules."""

    stored: StoredFeed
    boxes: tuple[tuple[str, GatewayId], ...]
    rules: GatewayRules | None

    @property
    def feed(self) -> Feed:
        return FEEDS[self.stored.kind]

    @property
    def dated_by_boxes(self) -> bool:
        """Whether payloads say when, and are believed."""
        return self.feed.timed and self.stored.times == "payload"

    def sieve(self) -> Sieve:
        """What its payloads go through."""
        return Sieve(self.feed, dict(self.boxes), self.rules, received=not self.dated_by_boxes)


class FeedRegistry:
    """Answers from memory."""

    def __init__(self, db: Database, places: Places, vault: Vault) -> None:
        self._db = db
        self._places = places
        self._vault = vault
        self._known: dict[tuple[TenantId, str], KnownFeed] = {}

    def feed(self, tenant: TenantId, feed_id: str) -> KnownFeed | None:
        """The feed, or None."""
        return self._known.get((tenant, feed_id))

    def subscribed(self) -> list[KnownFeed]:
        """The feeds that come from a broker, by tenant and id."""
        return [known for known in self._known.values() if known.stored.url]

    def window_ms(self, known: KnownFeed) -> int:
        """The condensing window of its venue."""
        plan = self._places.published(known.stored.tenant, known.stored.venue)
        return plan.venue.policy.window_ms if plan else _WINDOW_MS

    def hold_ms(self, known: KnownFeed) -> int:
        """How long a window stays open after its end for what comes late: half of what the venue's watermark waits for."""
        plan = self._places.published(known.stored.tenant, known.stored.venue)
        return plan.venue.policy.allowed_lateness_ms // 2 if plan and known.dated_by_boxes else 0

    def password(self, known: KnownFeed) -> str:
        """The password its broker asks for; empty for none."""
        stored = known.stored
        return self._vault.open(stored.password, *place(stored.tenant, stored.id)).decode() if stored.password else ""

    def tag(self, known: KnownFeed, topic: str, payload: bytes) -> bytes:
        """16 bytes by which a message is known again, and which say nothing to whoever reads them."""
        return self._vault.tag(topic.encode() + b"\0" + payload, "feed_receipt", known.stored.tenant, known.stored.id)[:16]

    async def receipts(self, known: KnownFeed) -> dict[int, bytes]:
        """The tags of the broker's messages that were kept, by number."""
        return await self._db.read(lambda conn: queries.receipts(conn, known.stored.tenant, known.stored.id))

    async def renew(self) -> bool:
        """Reads the feeds, their boxes and rules; True when something changed. A kind this version does not know is left out."""

        def work(conn: Connection) -> dict[tuple[TenantId, str], KnownFeed]:
            return {(one.tenant, one.id): _known(conn, one) for one in queries.feeds(conn) if one.kind in FEEDS}

        found = await self._db.read(work)
        changed, self._known = found != self._known, found
        return changed


def place(tenant: TenantId, feed_id: str) -> tuple[str, str, str, str]:
    """What a feed's password is sealed to."""
    return "feed", tenant, feed_id, "password"


def _known(conn: Connection, stored: StoredFeed) -> KnownFeed:
    rules = gateway_rules(conn, stored.tenant, stored.venue)
    boxes = tuple(sorted(queries.boxes_of(conn, stored.tenant, stored.id).items()))
    return KnownFeed(stored, boxes, rules.rules if rules else None)
