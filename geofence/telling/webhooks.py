"""Webhooks: queues what happened for everybody who wants to be told of it, and tells them, at least once and by one id.

    chronicle -> deliveries, position (one transaction)                                                    Queueing
    claim (consent asked again, lease) -> one request -> what came of it (another transaction)             Telling

Each webhook has its own place in each venue's chronicle and its own share of requests on their way, so one that is slow or down holds up
nobody. A process that dies between a request and its note leaves a lease that runs out; the delivery is then told again under its id.
The signing and the rules of trying again are in `plumbing/webhooks.py`; who keeps webhooks is in `desk.py`.
"""

import asyncio
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import Final, NamedTuple
from urllib.parse import urlsplit

import structlog

from geofence import queries
from geofence.queries import Delivery, Webhook
from geofence.queries import webhooks as rows
from geofence.queries.webhooks import Attempt
from geofence.settings import Settings
from geofence.telling.cloud_events import MEDIA, delivery_of
from geofence.telling.follow import allowed
from groundwork.contracts.ids import Pseudonym, TenantId, VenueId
from groundwork.people import queries as people
from groundwork.people.model import POSITIONING
from groundwork.plumbing import webhooks
from groundwork.plumbing.db import Connection, DatabaseTrouble
from groundwork.plumbing.outbound import Outbound
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault
from groundwork.plumbing.webhooks import Teller, Try

_BATCH: Final = 200
"""Deliveries queued in one transaction, or ..."""
_LEAST: Final = 10
"""... so many happenings, where a tenant has many webhooks."""
_LEASE_S: Final = 30.0
"""Beside the time a request may take: after it, a delivery whose process has died is tried by another."""
_AT_ONCE: Final = 128
"""Requests of this process on their way, to all webhooks together."""
_log = structlog.get_logger()


def outbound_of(settings: Settings) -> Outbound:
    """Where webhooks may lead."""
    return Outbound(settings.webhook_loopback, settings.webhook_private, settings.webhook_timeout_s)


def secret_place(tenant: str, webhook_id: str) -> tuple[str, str, str]:
    """What a sealed secret belongs to."""
    return "webhook", tenant, webhook_id


class Queueing:
    """Queues what is new; `run` is called by a Refresh loop, in every process: two at a time do no harm."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._hop = parts.hops.hop("webhook_queue", "deliveries")

    async def run(self) -> bool:
        """Follows every venue to its end for every webhook; True where there was something to queue."""
        did = False
        for tenant, venue in await self._parts.db.read(_behind):
            more = True
            while more:
                now_ms = self._parts.clock.now_ms()
                queued, more = await self._parts.db.write(partial(queue_more, tenant=tenant, venue=venue, now_ms=now_ms))
                self._hop.take(queued)
                self._hop.give(queued)
                did = did or queued > 0
        return did


def _behind(conn: Connection) -> list[tuple[TenantId, VenueId]]:
    """The venues of which some webhook has not been told everything."""
    hooks = [hook for hook in rows.webhooks(conn) if hook.state == rows.ACTIVE]
    if not hooks:
        return []
    heads, told = queries.heads(conn), rows.told(conn)
    return [
        (tenant, venue)
        for (tenant, venue), number in heads.items()
        if any(hook.tenant == tenant and hook.covers(venue) and number > told.get((tenant, hook.id, venue), 0) for hook in hooks)
    ]


def queue_more(conn: Connection, tenant: TenantId, venue: VenueId, now_ms: int) -> tuple[int, bool]:
    """Queues some of what follows in the venue for all webhooks that want it; how many deliveries, and whether more follows.

    The chronicle is read once for all of them, from where the last one is; who is further on is told of nothing twice.
    """
    head, told = queries.head(conn, tenant, venue), rows.told_at(conn, tenant, venue)
    hooks = [hook for hook in rows.webhooks(conn, tenant) if hook.state == rows.ACTIVE and hook.covers(venue)]
    behind = {hook: told.get(hook.id, 0) for hook in hooks if told.get(hook.id, 0) < head}
    if not behind:
        return 0, False
    limit = max(_LEAST, _BATCH // len(behind))
    news = queries.happened(conn, tenant, venue, min(behind.values()), limit)
    more = len(news) == limit
    reached = news[-1].number if more else head
    shown = allowed(conn, tenant, news)
    wanted = [
        delivery
        for hook, after in behind.items()
        for one in shown
        if one.number > after and hook.wants((delivery := delivery_of(hook, one, now_ms)).kind, venue)
    ]
    rows.add_deliveries(conn, wanted)
    rows.set_told_at(conn, tenant, venue, [hook.id for hook, after in behind.items() if after < reached], reached)
    return len(wanted), more


class Claimed(NamedTuple):
    """A delivery that this process may try now."""

    delivery: Delivery
    hook: Webhook

    @property
    def attempt(self) -> int:
        return self.delivery.attempt + 1


@dataclass(frozen=True, slots=True)
class Fate:
    """What becomes of a delivery after a try: it ends, or it is tried again at `next_ms`."""

    state: str
    reason: str
    next_ms: int = 0


class Telling:
    """Loop that tells what is queued."""

    name = "webhooks"

    def __init__(self, parts: Parts, settings: Settings, vault: Vault) -> None:
        self._parts = parts
        self._settings = settings
        self._vault = vault
        self._teller = Teller(outbound_of(settings), parts.clock)
        self._hop = parts.hops.hop("webhooks", "tries")
        self._flying: dict[tuple[str, str], tuple[str, asyncio.Task[None]]] = {}
        self._look_at_ms = 0
        self._landed = asyncio.Event()

    async def step(self) -> bool:
        """Claims what is due and sends it on its way; never waits for an answer."""
        self._land()
        now_ms = self._parts.clock.now_ms()
        if now_ms < self._look_at_ms and not self._landed.is_set():
            return False
        self._landed.clear()
        self._look_at_ms = now_ms + self._settings.stream_poll_ms
        try:
            claimed = await self._claim(now_ms)
        except DatabaseTrouble as trouble:
            _log.warning("webhooks pause", trouble=str(trouble))
            return False
        for one in claimed:
            key = one.delivery.tenant, one.delivery.id
            task = asyncio.create_task(self._carry(one), name=f"webhook {one.hook.id}")
            task.add_done_callback(lambda _: self._landed.set())
            self._flying[key] = one.hook.id, task
        return bool(claimed)

    async def wait(self) -> None:
        seconds = max(0, self._look_at_ms - self._parts.clock.now_ms()) / 1000
        landed = asyncio.ensure_future(self._landed.wait())
        late = asyncio.ensure_future(self._parts.clock.sleep(seconds))
        try:
            await asyncio.wait({landed, late}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            landed.cancel()
            late.cancel()

    @property
    def busy(self) -> bool:
        """Whether anything is on its way, or its fate was not looked at yet."""
        return bool(self._flying)

    async def arrived(self) -> None:
        """Returns once nothing is on its way: each answer comes, or times out."""
        while self._flying:
            await asyncio.wait([task for _, task in self._flying.values()])
            self._land()

    async def close(self) -> None:
        await self.arrived()

    def _land(self) -> None:
        """Forgets what is done; raises what a defect in this file raised."""
        for key, (_, task) in list(self._flying.items()):
            if task.done():
                del self._flying[key]
                task.result()

    async def _claim(self, now_ms: int) -> list[Claimed]:
        busy = Counter(hook for hook, _ in self._flying.values())
        waiting = await self._parts.db.read(lambda conn: rows.waiting_webhooks(conn, now_ms))
        claimed: list[Claimed] = []
        for tenant, hook in waiting:
            free = min(self._settings.webhook_in_flight - busy[hook], _AT_ONCE - len(self._flying) - len(claimed))
            if free > 0:
                work = partial(self._claim_in, tenant=tenant, webhook_id=hook, now_ms=now_ms, free=free)
                claimed += await self._parts.db.write(work)
        return claimed

    def _claim_in(self, conn: Connection, tenant: TenantId, webhook_id: str, now_ms: int, free: int) -> list[Claimed]:
        """Claims within a transaction; may be run again. What may not leave any more ends here."""
        hook = rows.webhook(conn, tenant, webhook_id)
        if hook is None or hook.state != rows.ACTIVE:
            return []
        due = rows.due(conn, tenant, webhook_id, now_ms, free)
        about = {Pseudonym(one.shopper) for one in due if one.shopper}
        may = people.consenting(conn, tenant, about, POSITIONING)
        lease_until_ms = now_ms + round((self._settings.webhook_timeout_s + _LEASE_S) * 1000)
        claimed = []
        for one in due:
            if one.shopper and one.shopper not in may:
                rows.end(conn, one, "stopped", "consent_withdrawn", now_ms)
            elif now_ms - one.queued_ms >= self._settings.webhook_give_up_s * 1000:
                rows.end(conn, one, "failed", "gave_up", now_ms)
            elif rows.claim(conn, one, lease_until_ms):
                claimed.append(Claimed(one, hook))
        return claimed

    async def _carry(self, one: Claimed) -> None:
        """Tells once and notes what came of it. Where the note fails, the lease runs out and it is told again under its id."""
        now_ms, body = self._parts.clock.now_ms(), one.delivery.payload.encode()
        self._hop.take()
        self._hop.held += 1
        headers = {
            "Content-Type": MEDIA,
            **webhooks.signed_headers(self._secrets(one.hook, now_ms), one.delivery.told_id, now_ms // 1000, body),
        }
        came = await self._teller.tell(one.hook.url, body, headers)
        self._hop.held -= 1
        if came.accepted:
            self._hop.give()
        else:
            self._hop.refuse(came.problem)
            host = urlsplit(one.hook.url).hostname
            _log.info("webhook refused", webhook=one.hook.id, host=host, delivery=one.delivery.id, status=came.status, problem=came.problem)
        try:
            await self._parts.db.write(partial(self._note, one=one, came=came, at_ms=now_ms))
        except DatabaseTrouble as trouble:
            _log.warning("try not noted, the webhook will be told again", delivery=one.delivery.id, trouble=str(trouble))

    def _secrets(self, hook: Webhook, now_ms: int) -> list[str]:
        sealed = [hook.secret]
        if hook.old_secret is not None and now_ms < (hook.old_until_ms or 0):
            sealed.append(hook.old_secret)
        return [self._vault.open(one, *secret_place(hook.tenant, hook.id)).decode() for one in sealed]

    def _note(self, conn: Connection, one: Claimed, came: Try, at_ms: int) -> None:
        """Writes down what came of a try, and what becomes of the delivery and its webhook."""
        delivery, hook, now_ms = one.delivery, one.hook, self._parts.clock.now_ms()
        tried = Attempt(delivery.tenant, delivery.id, at_ms, one.attempt, came.status, came.latency_ms, came.problem, came.excerpt)
        rows.add_attempt(conn, tried)
        fate = self._fate(one, came, now_ms)
        if fate.next_ms:
            rows.put_back(conn, delivery, fate.reason, fate.next_ms)
        else:
            rows.end(conn, delivery, fate.state, fate.reason, now_ms)
        since_ms = rows.set_failing(conn, hook.tenant, hook.id, None if came.accepted else now_ms)
        if came.problem == "gone":
            rows.switch_off(conn, hook.tenant, hook.id, "gone")
        elif since_ms is not None and now_ms - since_ms >= self._settings.webhook_disable_s * 1000:
            rows.switch_off(conn, hook.tenant, hook.id, "failing")

    def _fate(self, one: Claimed, came: Try, now_ms: int) -> Fate:
        if came.accepted:
            return Fate("delivered", "")
        if came.problem == "gone":
            return Fate("failed", "gone")
        wait_ms = max(webhooks.wait_ms(self._settings.webhook_retry_s, one.delivery.id, one.attempt), came.wait_ms)
        next_ms = now_ms + wait_ms
        if next_ms - one.delivery.queued_ms >= self._settings.webhook_give_up_s * 1000:
            return Fate("failed", "gave_up")
        return Fate(rows.WAITING, came.problem, next_ms)
