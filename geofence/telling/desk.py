"""The desk at which an admin keeps webhooks: made, changed, given a new secret, tested, told again; each act in the audit chain.

A secret is shown once, when it is made, and kept sealed. A caller of some venues keeps webhooks of those venues alone.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Final

from floorplans import queries as places
from geofence import queries, reasons
from geofence.queries import Delivery, Webhook
from geofence.queries import webhooks as rows
from geofence.queries.webhooks import Attempt
from geofence.settings import Settings
from geofence.telling.cloud_events import PING, delivery_id, delivery_of, ping_of
from geofence.telling.follow import allowed
from geofence.telling.webhooks import outbound_of, secret_place
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people.operators import check_reach, reaches
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.db import Connection
from groundwork.plumbing.outbound import AddressRefused
from groundwork.plumbing.reasons import Refusal
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault
from groundwork.plumbing.webhooks import new_secret

ADD: Final = "webhook.add"
CHANGE: Final = "webhook.change"
REMOVE: Final = "webhook.remove"
ROTATE: Final = "webhook.rotate_secret"
REDRIVE: Final = "webhook.redrive"
_HOUR_MS: Final = 3_600_000
_BATCH: Final = 200


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a webhook is to be."""

    name: str
    url: str
    kinds: frozenset[str]
    venues: frozenset[str]
    on: bool = True


class WebhookDesk:
    """Keeps the webhooks of all tenants; each call of one."""

    def __init__(self, parts: Parts, settings: Settings, vault: Vault) -> None:
        self._parts = parts
        self._settings = settings
        self._vault = vault
        self._outbound = outbound_of(settings)

    async def listed(self, who: Caller) -> list[tuple[Webhook, int]]:
        """The webhooks in the caller's reach, oldest first, each with how many deliveries wait."""

        def work(conn: Connection) -> list[tuple[Webhook, int]]:
            waiting = rows.backlog(conn, TenantId(who.tenant))
            return [(hook, waiting.get(hook.id, 0)) for hook in rows.webhooks(conn, TenantId(who.tenant)) if reaches(who, hook.venues)]

        return await self._parts.db.read(work)

    async def one(self, who: Caller, webhook_id: str) -> tuple[Webhook, int]:
        """The webhook and how many deliveries wait. Raises Refusal where there is none in reach."""

        def work(conn: Connection) -> tuple[Webhook, int]:
            return _in_reach(conn, who, webhook_id), rows.backlog(conn, TenantId(who.tenant)).get(webhook_id, 0)

        return await self._parts.db.read(work)

    async def add(self, who: Caller, wanted: Wanted) -> tuple[Webhook, str]:
        """Makes a webhook, told of what happens from now on, and its secret. Raises Refusal for a bad address or a far venue."""
        self._check(who, wanted)
        tenant, webhook_id, now_ms = TenantId(who.tenant), self._parts.ids.new(), self._parts.clock.now_ms()
        secret = new_secret(self._parts.randbytes)
        sealed = self._vault.seal(secret.encode(), *secret_place(tenant, webhook_id))
        state, reason = _state(wanted.on)
        made = Webhook(tenant, webhook_id, wanted.name, wanted.url, wanted.kinds, wanted.venues, sealed, now_ms, state, reason)

        def work(conn: Connection) -> None:
            _check_venues(conn, tenant, wanted)
            if len(rows.webhooks(conn, tenant)) >= self._settings.webhooks:
                raise Refusal(reasons.TOO_MANY_WEBHOOKS, limit=self._settings.webhooks)
            rows.put_webhook(conn, made)
            _from_now_on(conn, made)
            record(conn, tenant, now_ms, Act(who.subject, ADD, made.id, after=made.shown))

        await self._parts.db.write(work)
        return made, secret

    async def change(self, who: Caller, webhook_id: str, wanted: Wanted) -> Webhook:
        """Makes it what is wanted. What it was not told of while it was off, or not asked to be, is for a redrive."""
        self._check(who, wanted)
        now_ms = self._parts.clock.now_ms()
        state, reason = _state(wanted.on)

        def work(conn: Connection) -> Webhook:
            old = _in_reach(conn, who, webhook_id)
            _check_venues(conn, old.tenant, wanted)
            made = replace(old, name=wanted.name, url=wanted.url, kinds=wanted.kinds, venues=wanted.venues, state=state, reason=reason)
            if (old.state, old.kinds, old.venues) != (made.state, made.kinds, made.venues):
                _from_now_on(conn, made)
            if made.state == rows.ACTIVE and old.state != rows.ACTIVE:
                made = replace(made, failing_since_ms=None)
            rows.put_webhook(conn, made)
            record(conn, old.tenant, now_ms, Act(who.subject, CHANGE, old.id, old.shown, made.shown))
            return made

        return await self._parts.db.write(work)

    async def remove(self, who: Caller, webhook_id: str) -> None:
        """Removes it with everything that was queued for it."""

        def work(conn: Connection) -> None:
            old = _in_reach(conn, who, webhook_id)
            rows.remove_webhook(conn, old.tenant, old.id)
            record(conn, old.tenant, self._parts.clock.now_ms(), Act(who.subject, REMOVE, old.id, old.shown))

        await self._parts.db.write(work)

    async def rotate(self, who: Caller, webhook_id: str, overlap_h: int) -> tuple[Webhook, str]:
        """A new secret; for `overlap_h` hours the old one signs too, so that a receiver may take its time."""
        secret, now_ms = new_secret(self._parts.randbytes), self._parts.clock.now_ms()
        sealed = self._vault.seal(secret.encode(), *secret_place(who.tenant, webhook_id))

        def work(conn: Connection) -> Webhook:
            old = _in_reach(conn, who, webhook_id)
            kept = (old.secret, now_ms + overlap_h * _HOUR_MS) if overlap_h else (None, None)
            made = replace(old, secret=sealed, old_secret=kept[0], old_until_ms=kept[1])
            rows.put_webhook(conn, made)
            record(conn, old.tenant, now_ms, Act(who.subject, ROTATE, old.id, after={"overlap_h": overlap_h}))
            return made

        return await self._parts.db.write(work), secret

    async def ping(self, who: Caller, webhook_id: str) -> Delivery:
        """Queues a delivery that says nothing but that it arrived."""
        ping_id, now_ms = f"{PING}-{self._parts.ids.new()}", self._parts.clock.now_ms()

        def work(conn: Connection) -> Delivery:
            made = ping_of(_on(conn, who, webhook_id), ping_id, now_ms)
            rows.add_deliveries(conn, [made])
            return made

        return await self._parts.db.write(work)

    async def deliveries(
        self, who: Caller, webhook_id: str, state: str | None, before: tuple[int, str] | None, limit: int
    ) -> list[tuple[Delivery, list[Attempt]]]:
        """A page of the delivery log, the newest first, each with its tries."""

        def work(conn: Connection) -> list[tuple[Delivery, list[Attempt]]]:
            hook = _in_reach(conn, who, webhook_id)
            page = rows.deliveries(conn, hook.tenant, hook.id, state, before, limit)
            tries = rows.attempts(conn, hook.tenant, [one.id for one in page])
            return [(one, [each for each in tries if each.delivery == one.id]) for one in page]

        return await self._parts.db.read(work)

    async def redrive_one(self, who: Caller, webhook_id: str, wanted: str) -> int:
        """Has one delivery told again, whatever became of it."""
        now_ms = self._parts.clock.now_ms()

        def work(conn: Connection) -> int:
            hook = _on(conn, who, webhook_id)
            if rows.delivery(conn, hook.tenant, hook.id, wanted) is None:
                raise Refusal(reasons.UNKNOWN_DELIVERY, value=wanted)
            record(conn, hook.tenant, now_ms, Act(who.subject, REDRIVE, hook.id, after={"delivery": wanted}))
            return rows.requeue(conn, hook.tenant, [wanted], now_ms)

        return await self._parts.db.write(work)

    async def redrive(self, who: Caller, webhook_id: str, from_ms: int, to_ms: int) -> int:
        """Has everything told again that was true in a span, also what never was; by the same ids, so a receiver can tell.

        Made of the zone events and visits that are still kept, venue by venue in small transactions; returns how many deliveries.
        """
        now_ms, queued = self._parts.clock.now_ms(), 0

        def begin(conn: Connection) -> list[VenueId]:
            hook = _on(conn, who, webhook_id)
            span = {"from_ms": from_ms, "to_ms": to_ms}
            record(conn, hook.tenant, now_ms, Act(who.subject, REDRIVE, hook.id, after=span))
            return [venue for tenant, venue in queries.heads(conn) if tenant == hook.tenant and hook.covers(venue)]

        for venue in await self._parts.db.write(begin):
            after: int | None = 0
            while after is not None:
                work = partial(_requeue, who=who, webhook_id=webhook_id, venue=venue, span=(from_ms, to_ms), after=after, now_ms=now_ms)
                some, after = await self._parts.db.write(work)
                queued += some
        return queued

    def _check(self, who: Caller, wanted: Wanted) -> None:
        check_reach(who, wanted.venues)
        try:
            self._outbound.check(wanted.url)
        except AddressRefused as error:
            raise Refusal(reasons.BAD_WEBHOOK_URL, at="/url", problem=error.words) from None


def _requeue(
    conn: Connection, who: Caller, webhook_id: str, venue: VenueId, span: tuple[int, int], after: int, now_ms: int
) -> tuple[int, int | None]:
    """Queues some of the span anew; how many, and the number to go on from, None at the end."""
    hook = _on(conn, who, webhook_id)
    found = queries.happened_between(conn, hook.tenant, venue, *span, after, _BATCH)
    wanted = [delivery_of(hook, one, now_ms) for one in allowed(conn, hook.tenant, found)]
    wanted = [one for one in wanted if hook.wants(one.kind, venue)]
    rows.requeue(conn, hook.tenant, [delivery_id(hook.tenant, hook.id, one.told_id) for one in wanted], now_ms)
    rows.add_deliveries(conn, wanted)
    return len(wanted), found[-1].number if len(found) == _BATCH else None


def _state(on: bool) -> tuple[str, str]:
    return (rows.ACTIVE, "") if on else (rows.OFF, "by_operator")


def _from_now_on(conn: Connection, hook: Webhook) -> None:
    """What has happened so far is told."""
    heads = {venue: number for (tenant, venue), number in queries.heads(conn).items() if tenant == hook.tenant}
    rows.set_told(conn, hook.tenant, hook.id, heads)


def _check_venues(conn: Connection, tenant: TenantId, wanted: Wanted) -> None:
    known = {str(venue.id) for venue in places.venues(conn, tenant)}
    for venue in sorted(wanted.venues - known):
        raise Refusal(reasons.UNKNOWN_VENUE, at="/venues", value=venue)


def _in_reach(conn: Connection, who: Caller, webhook_id: str) -> Webhook:
    found = rows.webhook(conn, TenantId(who.tenant), webhook_id)
    if found is None or not reaches(who, found.venues):
        raise Refusal(reasons.UNKNOWN_WEBHOOK, value=webhook_id)
    return found


def _on(conn: Connection, who: Caller, webhook_id: str) -> Webhook:
    found = _in_reach(conn, who, webhook_id)
    if found.state != rows.ACTIVE:
        raise Refusal(reasons.WEBHOOK_OFF)
    return found
