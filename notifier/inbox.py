"""Inbox: a shopper's feed of pushes as her app reads it, page by page or as it grows.

Entries are numbered per shopper; whoever names the last number seen gets what came after, nothing twice and nothing left out. Codes are
not in any row: they are derived again as an entry is read.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec

from groundwork.contracts.ids import CampaignId, GrantId, PushId, ShopperId, TenantId, VenueId
from groundwork.plumbing.clock import Clock, set_or_after
from groundwork.plumbing.db import Database
from notifier.coupons import Codes, shown
from notifier.offers import with_code
from notifier.queries import feed


class FeedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One push as the app shows it."""

    version: int = 1
    sequence: int
    """1, 2, 3 ... per shopper; send the last one seen back as `after` or Last-Event-ID."""
    push: PushId
    """The same as in the push that came by another channel, so that the app shows it once."""
    campaign: CampaignId
    venue: VenueId
    language: str
    title: str
    body: str
    code: str
    """The coupon's code, for the till."""
    at_ms: int
    expires_ms: int
    """After this the app no longer draws attention to it; the coupon may hold for longer."""
    valid_until_ms: int
    """Until when the coupon can be spent."""


class FeedPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some entries in order; ask again with `after` = `last` for more."""

    version: int = 1
    tenant: TenantId
    entries: list[FeedEntry]
    last: int


class Feeds:
    """Reads feeds, and wakes those who follow one when an entry has arrived in this process."""

    def __init__(self, db: Database, clock: Clock, codes: Codes, page: int) -> None:
        self._db = db
        self._clock = clock
        self._codes = codes
        self._page = page
        self._followers: dict[tuple[TenantId, ShopperId], set[asyncio.Event]] = {}
        self.closed = False

    async def page(self, tenant: TenantId, shopper: ShopperId, after: int) -> FeedPage:
        """The entries numbered above `after`, at most a page of them."""
        rows = await self._db.read(lambda conn: feed.entries_after(conn, tenant, shopper, after, self._page))
        entries = []
        for row in rows:
            code = self._codes.code(tenant, GrantId(row.grant_id))
            entry = FeedEntry(
                sequence=row.sequence,
                push=PushId(row.push_id),
                campaign=CampaignId(row.campaign),
                venue=VenueId(row.venue),
                language=row.language,
                title=with_code(row.title, code),
                body=with_code(row.body, code),
                code=shown(code),
                at_ms=row.at_ms,
                expires_ms=row.expires_ms,
                valid_until_ms=row.valid_until_ms,
            )
            entries.append(entry)
        return FeedPage(tenant=tenant, entries=entries, last=entries[-1].sequence if entries else after)

    def arrived(self, tenant: TenantId, shopper: ShopperId) -> None:
        """An entry of the shopper is durable."""
        for follower in self._followers.get((tenant, shopper), ()):
            follower.set()

    def close(self) -> None:
        """Ends all following."""
        self.closed = True
        for followers in self._followers.values():
            for follower in followers:
                follower.set()

    @asynccontextmanager
    async def following(self, tenant: TenantId, shopper: ShopperId) -> AsyncIterator["Following"]:
        """Follows a feed; enter before the first page is read, so that nothing arrives in between unnoticed."""
        more = asyncio.Event()
        followers = self._followers.setdefault((tenant, shopper), set())
        followers.add(more)
        try:
            yield Following(more, self._clock)
        finally:
            followers.discard(more)
            if not followers:
                self._followers.pop((tenant, shopper), None)


class Following:
    """One reader that follows a feed."""

    def __init__(self, more: asyncio.Event, clock: Clock) -> None:
        self._more = more
        self._clock = clock

    async def wait(self, seconds: float) -> None:
        """Returns when there may be more, after `seconds` at the latest."""
        await set_or_after(self._more, self._clock, seconds)
        self._more.clear()
