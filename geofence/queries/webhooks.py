"""Webhooks in the database: who is told, how far each has been told, what is queued, and what became of every try."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, delete, func, select, update

from geofence.tables import WebhookAttemptRow, WebhookDeliveryRow, WebhookPositionRow, WebhookRow
from groundwork.contracts.ids import Pseudonym, TenantId, VenueId
from groundwork.people.holding import Person
from groundwork.plumbing.db import delete_some, insert_all_once, insert_once, page_of, upsert, upsert_all

ACTIVE: Final = "active"
OFF: Final = "off"
WAITING: Final = "waiting"
_AT_ONCE: Final = 500
_texts = msgspec.json.Decoder(list[str]).decode


@dataclass(frozen=True, slots=True)
class Webhook:
    """One address that is told of what happens. Secrets are sealed."""

    tenant: TenantId
    id: str
    name: str
    url: str = field(repr=False)
    """May carry a token of the receiver's own, so it is in no log."""
    kinds: frozenset[str]
    venues: frozenset[str]
    """Empty for all of the tenant's."""
    secret: bytes = field(repr=False)
    created_ms: int
    state: str = ACTIVE
    reason: str = ""
    """Why it is off: `by_operator`, `gone`, `failing`; empty while it is on."""
    old_secret: bytes | None = field(default=None, repr=False)
    old_until_ms: int | None = None
    failing_since_ms: int | None = None
    """Since when nothing was accepted, though it was tried."""

    def wants(self, kind: str, venue: str) -> bool:
        return kind in self.kinds and self.covers(venue)

    def covers(self, venue: str) -> bool:
        return not self.venues or venue in self.venues

    @property
    def shown(self) -> dict[str, object]:
        """What the audit chain carries of it: neither address nor secret."""
        return {"kinds": sorted(self.kinds), "venues": sorted(self.venues), "state": self.state}


@dataclass(frozen=True, slots=True)
class Delivery:
    """One thing to tell one webhook."""

    tenant: TenantId
    id: str
    webhook: str
    told_id: str
    kind: str
    venue: str
    shopper: str
    at_ms: int
    payload: str = field(repr=False)
    created_ms: int
    queued_ms: int
    next_ms: int
    state: str = WAITING
    reason: str = ""
    attempt: int = 0
    done_ms: int | None = None


class Attempt(NamedTuple):
    """One try of one delivery."""

    tenant: str
    delivery: str
    at_ms: int
    attempt: int
    status: int
    latency_ms: int
    problem: str
    excerpt: str


def webhooks(conn: Connection, tenant: TenantId | None = None) -> list[Webhook]:
    """The tenant's, or everybody's, oldest first."""
    wanted = select(WebhookRow.__table__).order_by(WebhookRow.tenant, WebhookRow.created_ms, WebhookRow.id)
    if tenant is not None:
        wanted = wanted.where(WebhookRow.tenant == tenant)
    return [_webhook(row) for row in conn.execute(wanted)]


def webhook(conn: Connection, tenant: TenantId, webhook_id: str) -> Webhook | None:
    """The webhook, or None."""
    row = conn.execute(select(WebhookRow.__table__).where(*_of(tenant, webhook_id))).one_or_none()
    return _webhook(row) if row else None


def put_webhook(conn: Connection, wanted: Webhook) -> None:
    """Writes the webhook as it is to be."""
    values = {name: getattr(wanted, name) for name in wanted.__slots__}
    lists = {name: msgspec.json.encode(sorted(values[name])).decode() for name in ("kinds", "venues")}
    upsert(conn, WebhookRow, {**values, **lists}, ("tenant", "id"))


def remove_webhook(conn: Connection, tenant: TenantId, webhook_id: str) -> None:
    """Removes the webhook with everything that was queued for it and is known of its tries."""
    delivery = WebhookDeliveryRow
    mine = (delivery.tenant == tenant, delivery.webhook == webhook_id)
    _remove_deliveries(conn, tenant, conn.scalars(select(delivery.id).where(*mine)).all())
    conn.execute(delete(WebhookPositionRow).where(WebhookPositionRow.tenant == tenant, WebhookPositionRow.webhook == webhook_id))
    conn.execute(delete(WebhookRow).where(*_of(tenant, webhook_id)))


def switch_off(conn: Connection, tenant: TenantId, webhook_id: str, reason: str) -> bool:
    """Switches it off; False where it was."""
    mine = (*_of(tenant, webhook_id), WebhookRow.state == ACTIVE)
    return conn.execute(update(WebhookRow).where(*mine).values(state=OFF, reason=reason)).rowcount == 1


def set_failing(conn: Connection, tenant: TenantId, webhook_id: str, since_ms: int | None) -> int | None:
    """Notes a failure at `since_ms`, or a success (None); returns since when it has been failing."""
    row = WebhookRow
    if since_ms is None:
        conn.execute(update(row).where(*_of(tenant, webhook_id), row.failing_since_ms.is_not(None)).values(failing_since_ms=None))
        return None
    conn.execute(update(row).where(*_of(tenant, webhook_id), row.failing_since_ms.is_(None)).values(failing_since_ms=since_ms))
    return conn.execute(select(row.failing_since_ms).where(*_of(tenant, webhook_id))).scalar()


# --- how far -----------------------------------------------------------------------------------------------------------------------


def told(conn: Connection) -> dict[tuple[str, str, str], int]:
    """Up to which number each webhook has been told of each venue: (tenant, webhook, venue) -> number."""
    row = WebhookPositionRow
    return {(one.tenant, one.webhook, one.venue): one.number for one in conn.execute(select(row.__table__))}


def told_at(conn: Connection, tenant: TenantId, venue: VenueId) -> dict[str, int]:
    """The same of every webhook of the tenant in one venue; who was never told of it is left out."""
    row = WebhookPositionRow
    found = conn.execute(select(row.webhook, row.number).where(row.tenant == tenant, row.venue == venue))
    return {one.webhook: one.number for one in found}


def set_told(conn: Connection, tenant: TenantId, webhook_id: str, numbers: Mapping[VenueId, int]) -> None:
    """Notes how far it has been told of venues."""
    rows = [{"tenant": tenant, "webhook": webhook_id, "venue": venue, "number": number} for venue, number in sorted(numbers.items())]
    upsert_all(conn, WebhookPositionRow, rows, ("tenant", "webhook", "venue"))


def set_told_at(conn: Connection, tenant: TenantId, venue: VenueId, webhook_ids: Collection[str], number: int) -> None:
    """Notes how far these have been told of the venue, in the transaction that queues."""
    rows = [{"tenant": tenant, "webhook": webhook, "venue": venue, "number": number} for webhook in sorted(webhook_ids)]
    upsert_all(conn, WebhookPositionRow, rows, ("tenant", "webhook", "venue"))


# --- deliveries --------------------------------------------------------------------------------------------------------------------


def add_deliveries(conn: Connection, wanted: Sequence[Delivery]) -> None:
    """Queues what is not queued, nor was, yet."""
    insert_all_once(conn, WebhookDeliveryRow, [{name: getattr(one, name) for name in one.__slots__} for one in wanted])


def waiting_webhooks(conn: Connection, now_ms: int) -> list[tuple[TenantId, str]]:
    """The webhooks that are on and have something due."""
    delivery, hook = WebhookDeliveryRow, WebhookRow
    on = (hook.tenant == delivery.tenant, hook.id == delivery.webhook, hook.state == ACTIVE)
    due = select(hook.tenant, hook.id).join(delivery, on[0] & on[1]).where(on[2], delivery.state == WAITING, delivery.next_ms <= now_ms)
    return [(TenantId(row.tenant), row.id) for row in conn.execute(due.distinct().order_by(hook.tenant, hook.id))]


def due(conn: Connection, tenant: TenantId, webhook_id: str, now_ms: int, limit: int) -> list[Delivery]:
    """Up to `limit` of what is to be told now, what waits longest first."""
    row = WebhookDeliveryRow
    mine = (row.tenant == tenant, row.webhook == webhook_id, row.state == WAITING, row.next_ms <= now_ms)
    wanted = select(row.__table__).where(*mine).order_by(row.next_ms, row.at_ms, row.id).limit(limit)
    return [Delivery(**found) for found in conn.execute(wanted).mappings()]


def claim(conn: Connection, one: Delivery, lease_until_ms: int) -> bool:
    """Takes it to be tried; False where somebody else has. Nobody else tries it before `lease_until_ms`."""
    mine = (*_delivery(one.tenant, one.id), WebhookDeliveryRow.state == WAITING, WebhookDeliveryRow.attempt == one.attempt)
    claimed = update(WebhookDeliveryRow).where(*mine).values(attempt=one.attempt + 1, next_ms=lease_until_ms)
    return conn.execute(claimed).rowcount == 1


def put_back(conn: Connection, one: Delivery, reason: str, next_ms: int) -> None:
    """It is tried again at `next_ms`, unless something else has become of it since."""
    mine = (*_delivery(one.tenant, one.id), WebhookDeliveryRow.state == WAITING)
    conn.execute(update(WebhookDeliveryRow).where(*mine).values(reason=reason, next_ms=next_ms))


def end(conn: Connection, one: Delivery, state: str, reason: str, now_ms: int) -> None:
    """It is tried no more."""
    conn.execute(update(WebhookDeliveryRow).where(*_delivery(one.tenant, one.id)).values(state=state, reason=reason, done_ms=now_ms))


def add_attempt(conn: Connection, one: Attempt) -> None:
    """Notes a try, as long as what was tried is there: of a shopper who was erased meanwhile nothing is written."""
    if conn.execute(select(WebhookDeliveryRow.id).where(*_delivery(one.tenant, one.delivery))).scalar() is not None:
        insert_once(conn, WebhookAttemptRow, one._asdict())


def requeue(conn: Connection, tenant: TenantId, deliveries: Collection[str], now_ms: int) -> int:
    """Has these tried anew from now on, whatever became of them before; returns how many there were."""
    queued = 0
    anew = {"state": WAITING, "reason": "", "attempt": 0, "queued_ms": now_ms, "next_ms": now_ms, "done_ms": None}
    for some in _parts(deliveries):
        mine = (WebhookDeliveryRow.tenant == tenant, WebhookDeliveryRow.id.in_(some))
        queued += conn.execute(update(WebhookDeliveryRow).where(*mine).values(**anew)).rowcount
    return queued


def delivery(conn: Connection, tenant: TenantId, webhook_id: str, delivery_id: str) -> Delivery | None:
    """The webhook's delivery, or None."""
    mine = (*_delivery(tenant, delivery_id), WebhookDeliveryRow.webhook == webhook_id)
    found = conn.execute(select(WebhookDeliveryRow.__table__).where(*mine)).mappings().one_or_none()
    return Delivery(**found) if found else None


def deliveries(
    conn: Connection, tenant: TenantId, webhook_id: str, state: str | None, before: tuple[int, str] | None, limit: int
) -> list[Delivery]:
    """A page of the log, the newest first: what was queued before (`created_ms`, id)."""
    row = WebhookDeliveryRow
    mine = [row.tenant == tenant, row.webhook == webhook_id]
    if state:
        mine.append(row.state == state)
    if before is not None:
        at_ms, last = before
        mine.append((row.created_ms < at_ms) | ((row.created_ms == at_ms) & (row.id < last)))
    wanted = select(row.__table__).where(*mine).order_by(row.created_ms.desc(), row.id.desc()).limit(limit)
    return [Delivery(**found) for found in conn.execute(wanted).mappings()]


def attempts(conn: Connection, tenant: TenantId, delivery_ids: Collection[str]) -> list[Attempt]:
    """Every try of these, in time."""
    row = WebhookAttemptRow
    columns = (row.tenant, row.delivery, row.at_ms, row.attempt, row.status, row.latency_ms, row.problem, row.excerpt)
    found: list[Attempt] = []
    for some in _parts(delivery_ids):
        rows = conn.execute(select(*columns).where(row.tenant == tenant, row.delivery.in_(some)).order_by(row.at_ms, row.attempt))
        found += [Attempt(*one) for one in rows]
    return found


def backlog(conn: Connection, tenant: TenantId) -> dict[str, int]:
    """How many deliveries wait, by webhook."""
    row = WebhookDeliveryRow
    counts = select(row.webhook, func.count()).where(row.tenant == tenant, row.state == WAITING).group_by(row.webhook)
    return {hook: int(count) for hook, count in conn.execute(counts)}


# --- what must go ------------------------------------------------------------------------------------------------------------------


def forget_deliveries(conn: Connection, tenant: TenantId, shopper: Pseudonym) -> int:
    """Removes what was queued about the shopper and what is known of its tries; returns how many rows that were."""
    row = WebhookDeliveryRow
    return _remove_deliveries(conn, tenant, conn.scalars(select(row.id).where(row.tenant == tenant, row.shopper == shopper)).all())


def held_deliveries(conn: Connection, person: Person, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
    """What was told about her, page by page."""
    row = WebhookDeliveryRow
    return page_of(conn, row, (row.tenant == person.tenant, row.shopper == person.pseudonym), offset, limit)


def sweep_deliveries(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Removes some of what was queued before `before_ms`, with its tries; returns how many."""
    row = WebhookDeliveryRow
    old = conn.scalars(select(row.id).where(row.tenant == tenant, row.queued_ms < before_ms).limit(limit)).all()
    _remove_deliveries(conn, tenant, old)
    return len(old)


def sweep_attempts(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
    """Removes some of the tries of before `before_ms`; returns how many."""
    return delete_some(conn, WebhookAttemptRow, (WebhookAttemptRow.tenant == tenant, WebhookAttemptRow.at_ms < before_ms), limit)


def _remove_deliveries(conn: Connection, tenant: TenantId, ids: Collection[str]) -> int:
    rows = 0
    for some in _parts(ids):
        tries = (WebhookAttemptRow.tenant == tenant, WebhookAttemptRow.delivery.in_(some))
        rows += conn.execute(delete(WebhookAttemptRow).where(*tries)).rowcount
        rows += conn.execute(
            delete(WebhookDeliveryRow).where(WebhookDeliveryRow.tenant == tenant, WebhookDeliveryRow.id.in_(some))
        ).rowcount
    return rows


def _parts(ids: Collection[str]) -> list[list[str]]:
    names = sorted(ids)
    return [names[first : first + _AT_ONCE] for first in range(0, len(names), _AT_ONCE)]


def _of(tenant: str, webhook_id: str) -> tuple[Any, ...]:
    return (WebhookRow.tenant == tenant, WebhookRow.id == webhook_id)


def _delivery(tenant: str, delivery_id: str) -> tuple[Any, ...]:
    return (WebhookDeliveryRow.tenant == tenant, WebhookDeliveryRow.id == delivery_id)


def _webhook(row: Any) -> Webhook:
    values = dict(row._mapping)
    return Webhook(**{**values, "kinds": frozenset(_texts(row.kinds)), "venues": frozenset(_texts(row.venues))})
