"""Builds the notifier, and nothing else."""

from collections.abc import Mapping
from typing import Final

from groundwork.contracts.subjects import CAMPAIGN_CHANGED, CONSENT_CHANGED, ERASURE_REQUESTED, ZONE_EVENTS
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Parts, Service
from groundwork.plumbing.shards import ShardLoop
from notifier.channel import Channel
from notifier.channels import open_channels
from notifier.channels.inbox import Inbox
from notifier.coupons import Codes
from notifier.erasure import Eraser
from notifier.http import Handlers
from notifier.inbox import Feeds
from notifier.issue import INBOX, Desk
from notifier.outbox import Sender
from notifier.pipeline import Deciding, Pipeline
from notifier.purchases import Purchases
from notifier.redeem import Coupons
from notifier.settings import Settings

ERASURE_POLL_MS: Final = 1_000
"""How often, without being told, open erasures are looked for; one that waits for a push on its way is tried again as often."""


def build(
    parts: Parts, settings: Settings, coupon_key: bytes, channels: Mapping[str, Channel] | None = None, *, send_fence_ms: int = 0
) -> Service:
    """The notifier as a service. `coupon_key` are at least 32 secret bytes that never change: coupons already given out hang on them.

    `channels` are the ways out by name, all listed ones where left out; the in-app inbox is always among them.
    Pushes made before `send_fence_ms` (set by a restore) expire unsent.
    """
    codes = Codes(coupon_key)
    ways = dict(open_channels(parts) if channels is None else channels)
    feeds = Feeds(parts.db, parts.clock, codes, settings.feed_page)
    ways[INBOX] = Inbox(parts.db, parts.clock, feeds.arrived)
    senders = [Sender(parts, channel, codes, settings, send_fence_ms) for _, channel in sorted(ways.items())]

    def wake(_heard: bytes | None = None) -> None:
        for sender in senders:
            sender.wake()

    pipeline = Pipeline(parts.clock, Desk(codes, frozenset(ways)), settings.global_holdout)
    deciding = ShardLoop(parts.bus, parts.clock, ZONE_EVENTS, lambda _shard: Deciding(pipeline, parts.hops, wake))
    erasing = Refresh("notifier erasure", Eraser(parts).run, parts.bus, (ERASURE_REQUESTED,), parts.clock, ERASURE_POLL_MS)
    handlers = Handlers(
        db=parts.db,
        feeds=feeds,
        coupons=Coupons(parts.db, parts.clock, parts.hops, codes, settings.wrong_codes_per_minute),
        purchases=Purchases(parts.db, parts.clock, parts.hops),
        settings=settings,
    )

    async def start() -> None:
        for topic in (CONSENT_CHANGED, CAMPAIGN_CHANGED):
            parts.bus.listen(topic, wake)
        for sender in senders:
            await sender.start()

    async def stop() -> None:
        feeds.close()

    return Service("notifier", handlers.routes(), (deciding, *senders, erasing), start, stop, lambda: deciding.trouble)
