"""Outbox: sends what was queued, and writes down what became of it.

    claim (one transaction: expiry, campaign, quiet hours, communities, consent, its row locked) -> channel -> receipt (another transaction)

A push leaves only if all of that still holds as it is claimed; a withdrawal that has committed is seen, and one that comes during the
claim waits for it. An unclear answer is followed by another try under the same id while the push is of use. A process that dies in
between leaves a row whose lease runs out, which is sent again under the same id: at least once, and the id tells.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import structlog

from floorplans import queries as places
from floorplans.model import Venue
from groundwork.contracts.ids import CampaignId, GrantId, PushId, ShopperId, TenantId, VenueId
from groundwork.contracts.push import Push, PushOutcome, PushReceipt
from groundwork.people import queries as people
from groundwork.people.model import OFFERS, POSITIONING
from groundwork.plumbing.clock import set_or_after
from groundwork.plumbing.db import Connection, DatabaseTrouble
from groundwork.plumbing.service import Parts
from notifier.calendar import local_time
from notifier.campaigns import Campaign
from notifier.case import quiet_hours
from notifier.channel import Channel
from notifier.coupons import Codes, shown
from notifier.holdout import BUCKETS, bucket
from notifier.issue import INBOX
from notifier.offers import TooLarge, check_size, with_code
from notifier.queries import campaigns, outbox
from notifier.settings import Settings

_log = structlog.get_logger()

_TAKEN_BACK = ("cancelled", "withdrawn")


@dataclass(frozen=True, slots=True)
class End:
    """What becomes of a push that is not sent, or not again."""

    state: str
    reason: str


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A claimed push, and which try this is (from 1)."""

    push: Push
    attempt: int
    claimed_ms: int
    """Its target was read after this: what a push service calls gone is no newer token that the app has named in the meantime."""


@dataclass(slots=True)
class _Claimed:
    """What one claim did: pushes to hand over, and reasons of those that ended instead."""

    outgoing: list[Outgoing] = field(default_factory=list)
    ended: Counter[str] = field(default_factory=Counter)


def backoff_ms(base_s: float, push: PushId, attempt: int) -> int:
    """Milliseconds to wait after try number `attempt`: doubling, and jittered to between half and all of that by the push's own id.

    The jitter needs no chance, so a replay waits as the live run did.
    """
    full = base_s * 1000 * 2.0 ** (attempt - 1)
    return round(full * (0.5 + 0.5 * bucket(f"backoff/{attempt}", ShopperId(push)) / BUCKETS))


class _Gate:
    """Judges pushes within one claiming transaction; remembers venues and campaigns for its length."""

    def __init__(self, conn: Connection, now_ms: int, attempts: int, send_fence_ms: int) -> None:
        self._conn = conn
        self._now_ms = now_ms
        self._attempts = attempts
        self._send_fence_ms = send_fence_ms
        self._venues: dict[tuple[str, str], Venue | None] = {}
        self._campaigns: dict[tuple[str, str], Campaign | None] = {}

    def judged(self, row: Any) -> End | people.Cited:
        """Why the push must not leave now, or the consent by which it may. Consent comes last, because asking locks the shopper's row."""
        if row.state in _TAKEN_BACK:
            return End(row.state, row.reason)
        if row.expires_ms <= self._now_ms:
            return End("expired", "expired")
        if row.created_ms < self._send_fence_ms:
            return End("expired", "before_restore")
        if row.attempt >= self._attempts:
            return End("refused", "gave_up")
        if not self._live(row.tenant, row.campaign):
            return End("cancelled", "campaign_not_live")
        if self._quiet(row.tenant, row.venue):
            return End("expired", "quiet_hours")
        if not self._still_member(row.tenant, row.campaign, row.shopper_id):
            return End("cancelled", "left_community")
        standing = people.standing(self._conn, row.tenant, row.shopper_id, lock=True)
        if OFFERS not in standing or POSITIONING not in standing:
            return End("withdrawn", "consent_withdrawn")
        if people.paused(self._conn, row.tenant, row.shopper_id):
            return End("withdrawn", "shopper_paused")
        return standing[OFFERS]

    def _live(self, tenant: str, campaign: str) -> bool:
        key = (tenant, campaign)
        if key not in self._campaigns:
            self._campaigns[key] = campaigns.campaign(self._conn, TenantId(tenant), CampaignId(campaign))
        known = self._campaigns[key]
        return known is not None and known.state == "live"

    def _still_member(self, tenant: str, campaign: str, shopper: str) -> bool:
        """Whether she is still in the communities that the campaign is for."""
        known = self._campaigns[tenant, campaign]
        if known is None or not known.memberships:
            return True
        hers = people.communities_of(self._conn, TenantId(tenant), ShopperId(shopper))
        return all(rule.met_by(hers) for rule in known.memberships)

    def _quiet(self, tenant: str, venue: str) -> bool:
        key = (tenant, venue)
        if key not in self._venues:
            self._venues[key] = places.venue(self._conn, TenantId(tenant), VenueId(venue))
        known = self._venues[key]
        return known is not None and quiet_hours(known).holds(local_time(self._now_ms, known.time_zone))


class Sender:
    """The loop that empties one channel's outbox, with a bounded number of pushes on their way at a time."""

    def __init__(self, parts: Parts, channel: Channel, codes: Codes, settings: Settings, send_fence_ms: int = 0) -> None:
        """Pushes made before `send_fence_ms` expire unsent: after a restore they may have been sent before."""
        self.name = f"outbox {channel.name}"
        self._parts = parts
        self._channel = channel
        self._codes = codes
        self._settings = settings
        self._send_fence_ms = send_fence_ms
        self._hop = parts.hops.hop("outbox", "pushes")
        self._more = asyncio.Event()
        self._flying: dict[PushId, asyncio.Task[None]] = {}
        self._look_at_ms = 0
        """When to look at the outbox though nobody called: for what others queued or left behind, or for our own next try."""

    async def start(self) -> None:
        """Counts in what an earlier run of the process left open."""
        left = await self._parts.db.read(lambda conn: outbox.open_pushes(conn, self._channel.name))
        self._hop.take(left)
        self._hop.held += left

    def wake(self) -> None:
        """There is something new to send."""
        self._more.set()

    async def step(self) -> bool:
        """Claims what is due, hands it over, and waits for answers no longer than `outbox_patience_s`; True while any is on its way."""
        try:
            claimed = await self._claim()
        except DatabaseTrouble as trouble:
            _log.warning("outbox pauses", channel=self._channel.name, trouble=str(trouble))
            self._look_at_ms = self._parts.clock.now_ms() + 1_000
            return False
        for one in claimed.outgoing:
            self._flying[one.push.id] = asyncio.create_task(self._carry(one), name=f"push {one.push.id}")
        busy = bool(self._flying)
        if busy:
            await asyncio.wait(self._flying.values(), timeout=self._settings.outbox_patience_s)
        self._land()
        return busy or bool(claimed.ended)

    async def wait(self) -> None:
        """Until there may be more to send, or it is time to look for what others queued."""
        await set_or_after(self._more, self._parts.clock, max(0, self._look_at_ms - self._parts.clock.now_ms()) / 1000)

    async def close(self) -> None:
        """Waits for the answers that are still to come; each comes or times out within `send_timeout_s`."""
        if self._flying:
            await asyncio.wait(self._flying.values())
            self._land()

    def _land(self) -> None:
        """Forgets the pushes whose fate is written down; raises what a defect in this file raised."""
        for push, task in list(self._flying.items()):
            if task.done():
                del self._flying[push]
                task.result()

    async def _claim(self) -> _Claimed:
        now = self._parts.clock.now_ms()
        free = self._settings.outbox_in_flight - len(self._flying)
        if free <= 0 or not (self._more.is_set() or now >= self._look_at_ms):
            return _Claimed()
        self._more.clear()
        self._look_at_ms = now + round(self._settings.outbox_poll_s * 1000)
        if not await self._parts.db.read(lambda conn: outbox.any_due(conn, self._channel.name, now)):
            return _Claimed()
        flying = frozenset(self._flying)
        claimed = await self._parts.db.write(lambda conn: self._claim_in(conn, now, free, flying))
        self._ended(claimed.ended)
        if claimed.outgoing or claimed.ended:
            self._more.set()  # there may be more behind the limit
        return claimed

    def _claim_in(self, conn: Connection, now_ms: int, free: int, flying: frozenset[PushId]) -> _Claimed:
        """Claims within a transaction; may be run again."""
        claimed = _Claimed()
        gate = _Gate(conn, now_ms, self._settings.attempts, self._send_fence_ms)
        lease_until_ms = now_ms + round(self._settings.lease_s * 1000)
        rows = [row for row in outbox.due(conn, self._channel.name, now_ms, free + len(flying)) if row.id not in flying]
        for row in sorted(rows[:free], key=lambda row: (row.tenant, row.shopper_id, row.id)):  # one order of locks for all senders
            verdict = gate.judged(row)
            if isinstance(verdict, End):
                if outbox.end(conn, row.tenant, row.id, verdict.state, verdict.reason, now_ms):
                    claimed.ended[verdict.reason] += 1
                continue
            outbox.claim(conn, row.tenant, row.id, lease_until_ms, *verdict)
            claimed.outgoing.append(Outgoing(self._push(row), row.attempt + 1, now_ms))
        return claimed

    def _push(self, row: Any) -> Push:
        code = self._codes.code(row.tenant, row.grant_id)
        return Push(
            id=PushId(row.id),
            tenant=TenantId(row.tenant),
            venue=VenueId(row.venue),
            grant=GrantId(row.grant_id),
            campaign=CampaignId(row.campaign),
            device=row.device,
            channel=row.channel,
            language=row.language,
            title=with_code(row.title, code),
            body=with_code(row.body, code),
            code=shown(code),
            created_ms=row.created_ms,
            expires_ms=row.expires_ms,
        )

    async def _carry(self, one: Outgoing) -> None:
        """Hands one push over and writes down its receipt. Where that fails, the lease runs out and it is sent again under its id."""
        receipt = await self._handed_over(one.push)
        try:
            await self._record(one, receipt)
        except DatabaseTrouble as trouble:
            _log.warning("receipt not written, the push will be sent again", push=one.push.id, trouble=str(trouble))

    async def _handed_over(self, push: Push) -> PushReceipt:
        try:
            check_size(push)
            async with asyncio.timeout(self._settings.send_timeout_s):
                return await self._channel.send(push)
        except TooLarge:
            return self._receipt(push, "refused", "push_too_large")
        except TimeoutError:
            return self._receipt(push, "retry", "timeout")
        except Exception as error:  # whatever a channel raises is its own failure and must not stop the others
            _log.warning("channel failed", channel=self._channel.name, push=push.id, error=type(error).__name__)
            return self._receipt(push, "retry", "channel_error")

    def _receipt(self, push: Push, outcome: PushOutcome, reason: str) -> PushReceipt:
        at_ms = self._parts.clock.now_ms()
        return PushReceipt(tenant=push.tenant, push=push.id, channel=self._channel.name, outcome=outcome, reason=reason, at_ms=at_ms)

    async def _record(self, one: Outgoing, receipt: PushReceipt) -> None:
        now = self._parts.clock.now_ms()
        push, end = one.push, self._end(one, receipt, now)
        if end is None:
            next_ms = now + backoff_ms(self._settings.retry_base_s, push.id, one.attempt)
            await self._parts.db.write(lambda conn: outbox.put_back(conn, push.tenant, push.id, one.attempt, receipt.reason, next_ms))
            self._look_at_ms = min(self._look_at_ms, next_ms)
            return

        def work(conn: Connection) -> bool:
            if receipt.outcome == "target_gone" and self._channel.name != INBOX:
                people.mark_gone(conn, push.tenant, push.device, self._channel.name, one.claimed_ms, now)
            return outbox.end(conn, push.tenant, push.id, end.state, end.reason, now, receipt.provider_id)

        if await self._parts.db.write(work):
            self._ended(Counter({"" if end.state == "delivered" else end.reason: 1}))

    def _end(self, one: Outgoing, receipt: PushReceipt, now_ms: int) -> End | None:
        """What the receipt means for the push; None for another try."""
        if receipt.outcome == "delivered":
            return End("delivered", "")
        if receipt.outcome != "retry":
            return End("refused", receipt.reason or ("target_gone" if receipt.outcome == "target_gone" else "refused_by_channel"))
        if one.attempt >= self._settings.attempts:
            return End("refused", "gave_up")
        if now_ms + backoff_ms(self._settings.retry_base_s, one.push.id, one.attempt) >= one.push.expires_ms:
            return End("expired", "expired")
        return None

    def _ended(self, reasons: Counter[str]) -> None:
        """Counts pushes that came to an end; no reason means delivered."""
        for reason, count in reasons.items():
            self._hop.held -= count
            if reason:
                self._hop.refuse(reason, count)
            else:
                self._hop.give(count)
