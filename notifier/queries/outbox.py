"""The outbox in the database: pushes from `queued` to what became of them.

A push is open until `ended_ms` is set. Who takes pushes back (an exit, a withdrawal) only marks them; the sender writes them off, so that
each is counted once, by one process.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, bindparam, case, func, insert, select, update

from groundwork.contracts.ids import PushId, ShopperId, TenantId, VisitId, ZoneId
from notifier.tables import PushRow

# Statements of the hot path are built once: building one costs as much as running it.
_ONE: Final = update(PushRow).where(PushRow.tenant == bindparam("of"), PushRow.id == bindparam("push"))
_CLAIM: Final = _ONE.values(
    state="sending",
    attempt=PushRow.attempt + 1,
    next_ms=bindparam("until"),
    consent_seq=bindparam("seq"),
    consent_text=bindparam("text_version"),
)
_END: Final = _ONE.where(PushRow.ended_ms.is_(None)).values(
    state=bindparam("to_state"), reason=bindparam("why"), ended_ms=bindparam("now"), provider_id=bindparam("provider")
)
_QUEUE: Final = insert(PushRow)


def queue(conn: Connection, rows: Sequence[Mapping[str, object]]) -> None:
    """Puts pushes into the outbox, all at once."""
    if rows:
        conn.execute(_QUEUE, [dict(row) for row in rows])


def any_due(conn: Connection, channel: str, now_ms: int) -> bool:
    """Whether `due` would find one; a read, so that an idle sender writes nothing."""
    return conn.scalar(_due(channel, now_ms).with_only_columns(PushRow.id).limit(1)) is not None


def due(conn: Connection, channel: str, now_ms: int, limit: int) -> list[Row[Any]]:
    """Up to `limit` pushes to be sent, left behind in sending, or taken back; oldest first, locked; what another has locked is skipped."""
    wanted = _due(channel, now_ms).order_by(PushRow.next_ms, PushRow.tenant, PushRow.id).limit(limit)
    return list(conn.execute(wanted.with_for_update(skip_locked=True)))  # SQLite has one writer, and ignores the lock


def claim(conn: Connection, tenant: TenantId, push: PushId, lease_until_ms: int, consent_seq: int, consent_text: str) -> None:
    """Marks the push as being sent, until the lease runs out, and by which consent: entry of the chain and version of the words."""
    by = {"seq": consent_seq, "text_version": consent_text}
    conn.execute(_CLAIM, {"of": tenant, "push": push, "until": lease_until_ms, **by})


def end(conn: Connection, tenant: TenantId, push: PushId, state: str, reason: str, now_ms: int, provider_id: str = "") -> bool:
    """Writes down what became of the push; False where that was known already, which stands."""
    values = {"to_state": state, "why": reason, "now": now_ms, "provider": provider_id}
    return conn.execute(_END, {"of": tenant, "push": push, **values}).rowcount == 1


def put_back(conn: Connection, tenant: TenantId, push: PushId, attempt: int, reason: str, next_ms: int) -> bool:
    """Queues the push again after attempt number `attempt`; False where it has moved on since (ended, or claimed by another sender)."""
    still = (PushRow.tenant == tenant, PushRow.id == push, PushRow.state == "sending", PushRow.attempt == attempt)
    return conn.execute(update(PushRow).where(*still).values(state="queued", reason=reason, next_ms=next_ms)).rowcount == 1


def cancel_stay(conn: Connection, tenant: TenantId, visit: VisitId, zone: ZoneId, stay_start_ms: int, now_ms: int) -> int:
    """Takes back what has not left for a stay that is over; returns how many.

    What is with a channel right now keeps its lease: should it be delivered, that stands; should it not, it is not tried again.
    """
    of_stay = (PushRow.tenant == tenant, PushRow.visit == visit, PushRow.zone == zone, PushRow.stay_start_ms == stay_start_ms)
    cancelled = update(PushRow).where(*of_stay, PushRow.state.in_(("queued", "sending")))
    written_off_ms = case((PushRow.state == "sending", PushRow.next_ms), else_=now_ms)
    return conn.execute(cancelled.values(state="cancelled", reason="left_zone", next_ms=written_off_ms)).rowcount


def withdraw_pushes(conn: Connection, tenant: TenantId, shopper: ShopperId, now_ms: int, reason: str = "consent_withdrawn") -> int:
    """Takes back what has not left for a shopper who withdrew or pauses; returns how many. Call it in that change's own transaction."""
    queued = (PushRow.tenant == tenant, PushRow.shopper_id == shopper, PushRow.state == "queued")
    values = {"state": "withdrawn", "reason": reason, "next_ms": now_ms}
    return conn.execute(update(PushRow).where(*queued).values(values)).rowcount


def in_flight(conn: Connection, tenant: TenantId, shopper: ShopperId, now_ms: int) -> int:
    """How many pushes of the shopper are with a channel right now; once it is 0 after a withdrawal, none can leave any more."""
    leased = (PushRow.state.in_(("sending", "cancelled")), PushRow.ended_ms.is_(None), PushRow.next_ms > now_ms)
    hers = (PushRow.tenant == tenant, PushRow.shopper_id == shopper, *leased)
    return conn.execute(select(func.count()).select_from(PushRow).where(*hers)).scalar_one()


def open_pushes(conn: Connection, channel: str) -> int:
    """How many pushes of a channel have not come to an end."""
    return conn.execute(
        select(func.count()).select_from(PushRow).where(PushRow.channel == channel, PushRow.ended_ms.is_(None))
    ).scalar_one()


def open_of(conn: Connection, tenant: TenantId, shopper: ShopperId) -> int:
    """How many pushes of the shopper have not come to an end."""
    hers = (PushRow.tenant == tenant, PushRow.shopper_id == shopper, PushRow.ended_ms.is_(None))
    return conn.execute(select(func.count()).select_from(PushRow).where(*hers)).scalar_one()


def push_counts(conn: Connection, tenant: TenantId) -> dict[tuple[str, str, str], int]:
    """How many pushes there are, by channel, state and reason."""
    row = PushRow
    wanted = select(row.channel, row.state, row.reason, func.count()).where(row.tenant == tenant)
    found = conn.execute(wanted.group_by(row.channel, row.state, row.reason).order_by(row.channel, row.state, row.reason))
    return {(channel, state, reason): count for channel, state, reason, count in found}


def _due(channel: str, now_ms: int) -> Any:
    return select(PushRow.__table__).where(PushRow.channel == channel, PushRow.ended_ms.is_(None), PushRow.next_ms <= now_ms)
