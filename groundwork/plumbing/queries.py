"""The SQL of this package: inbox, log, shards, snapshots, dead letters, topics. Every function takes the transaction it runs in."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import bindparam, delete, insert, select, update

from groundwork.plumbing.bus import Entry, LogEntry, Snapshot
from groundwork.plumbing.db import Connection, delete_some, insert_once, upsert
from groundwork.plumbing.tables import AuditRow, DeadLetterRow, InboxRow, LogHeadRow, LogRow, ShardRow, SnapshotRow, TopicRow


class Placed(NamedTuple):
    """An entry and the shard it belongs to."""

    shard: int
    entry: Entry


class Lease(NamedTuple):
    """A shard's ownership as stored."""

    owner: str
    epoch: int
    expires_ms: int
    position: int


# Building a statement costs several times what running it does, so those of the hot path are built once.
_MINE = (InboxRow.tenant == bindparam("b_tenant"), InboxRow.key == bindparam("b_key"))
_INBOX_ANSWER = select(InboxRow.answer).where(*_MINE)
_ANSWER_INBOX = update(InboxRow).where(*_MINE).values(answer=bindparam("b_answer"))
_HEAD = (LogHeadRow.stream == bindparam("b_stream"), LogHeadRow.shard == bindparam("b_shard"))
_ADVANCE = update(LogHeadRow).where(*_HEAD).values(head=LogHeadRow.head + bindparam("b_count")).returning(LogHeadRow.head)
_APPEND = insert(LogRow)
_LOG = (LogRow.stream == bindparam("b_stream"), LogRow.shard == bindparam("b_shard"), LogRow.position > bindparam("b_position"))
_ENTRIES = select(LogRow.position, LogRow.key, LogRow.payload).where(*_LOG).order_by(LogRow.position).limit(bindparam("b_limit"))
_HELD = (
    ShardRow.stream == bindparam("b_stream"),
    ShardRow.shard == bindparam("b_shard"),
    ShardRow.owner == bindparam("b_owner"),
    ShardRow.epoch == bindparam("b_epoch"),
)
_HOLD = update(ShardRow).where(*_HELD).values(expires_ms=bindparam("b_expires_ms"))
_COMMIT = _HOLD.values(position=bindparam("b_position"))


def inbox_answer(conn: Connection, tenant: str, key: str) -> bytes | None:
    """The answer given to this key before; None when it is new."""
    return conn.execute(_INBOX_ANSWER, {"b_tenant": tenant, "b_key": key}).scalar()


def claim_inbox(conn: Connection, tenant: str, key: str, at_ms: int) -> bool:
    """Enters the key with an empty answer; False when it is there. A racing claim waits here for the first one to commit or fail."""
    return insert_once(conn, InboxRow, {"tenant": tenant, "key": key, "answer": b"", "at_ms": at_ms})


def answer_inbox(conn: Connection, tenant: str, key: str, answer: bytes) -> None:
    """Stores the answer of a claimed key."""
    conn.execute(_ANSWER_INBOX, {"b_tenant": tenant, "b_key": key, "b_answer": answer})


def trim_inbox(conn: Connection, before_ms: int) -> int:
    """Forgets keys entered before `before_ms`; returns how many. A repeat after that runs again, so keep longer than any sender retries."""
    return conn.execute(delete(InboxRow).where(InboxRow.at_ms < before_ms)).rowcount


def sweep_inbox(conn: Connection, tenant: str, before_ms: int, limit: int) -> int:
    """Forgets some of the tenant's keys entered before `before_ms`; returns how many."""
    return delete_some(conn, InboxRow, (InboxRow.tenant == tenant, InboxRow.at_ms < before_ms), limit)


def sweep_log(conn: Connection, _tenant: str, before_ms: int, limit: int) -> int:
    """Removes some of the entries from before `before_ms` that their reader's snapshot covers, whosever they are; returns how many."""
    of_shard = (SnapshotRow.stream == LogRow.stream, SnapshotRow.shard == LogRow.shard, SnapshotRow.position >= LogRow.position)
    return delete_some(conn, LogRow, (LogRow.at_ms < before_ms, select(SnapshotRow.shard).where(*of_shard).exists()), limit)


def sweep_dead_letters(conn: Connection, _tenant: str, before_ms: int, limit: int) -> int:
    """Removes some of the entries that were buried before `before_ms`, whosever they are; returns how many."""
    return delete_some(conn, DeadLetterRow, (DeadLetterRow.at_ms < before_ms,), limit)


def append(conn: Connection, placed: Sequence[Placed], at_ms: int) -> None:
    """Appends entries in the given order; positions follow on without a gap because the head's row stays locked until commit."""
    by_shard: dict[tuple[str, int], list[Entry]] = {}
    for shard, entry in placed:
        by_shard.setdefault((entry.stream, shard), []).append(entry)
    rows = []
    for (stream, shard), entries in sorted(by_shard.items(), key=lambda group: group[0]):  # one order for all: no deadlock
        first = _advance(conn, stream, shard, len(entries)) - len(entries) + 1
        rows += [
            {"stream": stream, "shard": shard, "position": first + i, "key": e.key, "payload": e.payload, "at_ms": at_ms}
            for i, e in enumerate(entries)
        ]
    if rows:
        conn.execute(_APPEND, rows)


def _advance(conn: Connection, stream: str, shard: int, count: int) -> int:
    """Gives out `count` positions and returns the last."""
    values = {"b_stream": stream, "b_shard": shard, "b_count": count}
    head = conn.execute(_ADVANCE, values).scalar()
    if head is None:
        insert_once(conn, LogHeadRow, {"stream": stream, "shard": shard, "head": 0})
        head = conn.execute(_ADVANCE, values).scalar_one()
    return head


def entries_after(conn: Connection, stream: str, shard: int, position: int, limit: int) -> list[LogEntry]:
    """Up to `limit` entries after `position`, in order."""
    values = {"b_stream": stream, "b_shard": shard, "b_position": position, "b_limit": limit}
    return [LogEntry(*row) for row in conn.execute(_ENTRIES, values)]


def head(conn: Connection, stream: str, shard: int) -> int:
    """The last position of the shard; 0 while it is empty."""
    return conn.execute(select(LogHeadRow.head).where(LogHeadRow.stream == stream, LogHeadRow.shard == shard)).scalar() or 0


def trim_log(conn: Connection, stream: str, shard: int) -> int:
    """Deletes the entries that the stored snapshot covers; returns how many."""
    covered = select(SnapshotRow.position).where(SnapshotRow.stream == stream, SnapshotRow.shard == shard).scalar_subquery()
    return conn.execute(delete(LogRow).where(LogRow.stream == stream, LogRow.shard == shard, LogRow.position <= covered)).rowcount


def lease(conn: Connection, stream: str, shard: int) -> Lease | None:
    """The shard's lease; None when it was never taken."""
    columns = (ShardRow.owner, ShardRow.epoch, ShardRow.expires_ms, ShardRow.position)
    row = conn.execute(select(*columns).where(ShardRow.stream == stream, ShardRow.shard == shard)).first()
    return Lease(*row) if row else None


def take_lease(conn: Connection, stream: str, shard: int, owner: str, now_ms: int, expires_ms: int) -> Lease | None:
    """Takes the shard if its lease is free, run out, or `owner`'s own (a restart need not wait for itself); None otherwise."""
    insert_once(conn, ShardRow, {"stream": stream, "shard": shard, "owner": "", "epoch": 0, "expires_ms": 0, "position": 0})
    free = (ShardRow.expires_ms <= now_ms) | (ShardRow.owner == owner)
    taken = update(ShardRow).where(ShardRow.stream == stream, ShardRow.shard == shard, free)
    taken = taken.values(owner=owner, epoch=ShardRow.epoch + 1, expires_ms=expires_ms)
    row = conn.execute(taken.returning(ShardRow.owner, ShardRow.epoch, ShardRow.expires_ms, ShardRow.position)).first()
    return Lease(*row) if row else None


def hold_lease(conn: Connection, stream: str, shard: int, held: Lease, expires_ms: int, position: int | None = None) -> bool:
    """Lengthens the lease, and moves the position where one is given; False, with nothing changed, when it has gone to another."""
    values = {"b_stream": stream, "b_shard": shard, "b_owner": held.owner, "b_epoch": held.epoch, "b_expires_ms": expires_ms}
    if position is None:
        return conn.execute(_HOLD, values).rowcount == 1
    return conn.execute(_COMMIT, {**values, "b_position": position}).rowcount == 1


def snapshot(conn: Connection, stream: str, shard: int) -> Snapshot | None:
    """The stored snapshot of the shard's reader."""
    row = conn.execute(
        select(SnapshotRow.position, SnapshotRow.state).where(SnapshotRow.stream == stream, SnapshotRow.shard == shard)
    ).first()
    return Snapshot(*row) if row else None


def keep_snapshot(conn: Connection, stream: str, shard: int, position: int, state: bytes) -> None:
    """Stores the snapshot in place of the one before."""
    upsert(conn, SnapshotRow, {"stream": stream, "shard": shard, "position": position, "state": state}, ("stream", "shard"))


def bury(conn: Connection, stream: str, shard: int, entry: LogEntry, reason: str, at_ms: int) -> None:
    """Keeps the entry among the dead letters."""
    row = {"position": entry.position, "key": entry.key, "payload": entry.payload, "reason": reason, "at_ms": at_ms}
    insert_once(conn, DeadLetterRow, {"stream": stream, "shard": shard, **row})


def buried(conn: Connection, stream: str, shard: int, first: int, last: int) -> frozenset[int]:
    """The positions from `first` to `last` that were buried."""
    mine = select(DeadLetterRow.position).where(DeadLetterRow.stream == stream, DeadLetterRow.shard == shard)
    return frozenset(conn.execute(mine.where(DeadLetterRow.position.between(first, last))).scalars())


def dead_letters(conn: Connection, stream: str, shard: int) -> list[tuple[LogEntry, str]]:
    """The buried entries of a shard with their reasons, in order."""
    columns = (DeadLetterRow.position, DeadLetterRow.key, DeadLetterRow.payload, DeadLetterRow.reason)
    mine = select(*columns).where(DeadLetterRow.stream == stream, DeadLetterRow.shard == shard).order_by(DeadLetterRow.position)
    return [(LogEntry(position, key, payload), reason) for position, key, payload, reason in conn.execute(mine)]


def raise_topic(conn: Connection, topic: str) -> int:
    """Counts an announcement; returns the topic's new version."""
    raised = update(TopicRow).where(TopicRow.topic == topic).values(version=TopicRow.version + 1).returning(TopicRow.version)
    version = conn.execute(raised).scalar()
    if version is None:
        insert_once(conn, TopicRow, {"topic": topic, "version": 0})
        version = conn.execute(raised).scalar_one()
    return version


def topics(conn: Connection) -> dict[str, int]:
    """The version of every topic that was ever announced."""
    return {row.topic: row.version for row in conn.execute(select(TopicRow.topic, TopicRow.version))}


class Audited(NamedTuple):
    """A row of a tenant's audit chain."""

    number: int
    at_ms: int
    actor: str
    action: str
    subject: str
    before: bytes
    after: bytes
    previous: bytes
    hash: bytes


_AUDITED = tuple(getattr(AuditRow, name) for name in Audited._fields)


def add_audit(conn: Connection, tenant: str, row: Audited) -> None:
    """Adds the row; two racing writers of one tenant collide here, and the later one is run again."""
    if not insert_once(conn, AuditRow, {"tenant": tenant, **row._asdict()}):
        raise ValueError(f"audit row {row.number} of {tenant} is there already")


def newest_audit(conn: Connection, tenant: str) -> tuple[int, bytes] | None:
    """Number and hash of the tenant's newest row."""
    newest = select(AuditRow.number, AuditRow.hash).where(AuditRow.tenant == tenant).order_by(AuditRow.number.desc()).limit(1)
    row = conn.execute(newest).first()
    return (row.number, row.hash) if row else None


def audits(conn: Connection, tenant: str, after: int = 0, limit: int | None = None) -> Iterator[Audited]:
    """The tenant's rows after number `after`, in order; at most `limit`."""
    wanted = select(*_AUDITED).where(AuditRow.tenant == tenant, AuditRow.number > after).order_by(AuditRow.number).limit(limit)
    return (Audited(*row) for row in conn.execute(wanted))
