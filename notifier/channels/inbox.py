"""Inbox: puts a push into the shopper's in-app feed, which survives a denied permission; every grant goes here too."""

from collections.abc import Callable

from groundwork.contracts.ids import ShopperId, TenantId
from groundwork.contracts.push import Push, PushReceipt
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Database
from notifier.queries import feed

Arrived = Callable[[TenantId, ShopperId], None]


class Inbox:
    """Writes feed entries, one per push whatever is repeated, and calls `arrived` once they are durable."""

    name = "inbox"

    def __init__(self, db: Database, clock: Clock, arrived: Arrived) -> None:
        self._db = db
        self._clock = clock
        self._arrived = arrived

    async def send(self, push: Push) -> PushReceipt:
        now = self._clock.now_ms()
        shopper = await self._db.write(lambda conn: feed.add_entry(conn, push.tenant, push.id, now))
        if shopper is None:
            return self._receipt(push, gone=True)
        self._arrived(push.tenant, shopper)
        return self._receipt(push, gone=False)

    def _receipt(self, push: Push, *, gone: bool) -> PushReceipt:
        at_ms = self._clock.now_ms()
        if gone:
            return PushReceipt(
                tenant=push.tenant, push=push.id, channel=self.name, outcome="target_gone", reason="target_gone", at_ms=at_ms
            )
        return PushReceipt(tenant=push.tenant, push=push.id, channel=self.name, outcome="delivered", at_ms=at_ms)
