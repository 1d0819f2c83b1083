"""Rows of this package: the inbox, the log with its shards, dead letters, topics and the audit chain.

`log`, `shard`, `snapshot`, `dead_letter` and `topic` belong to the deployment, not to a tenant: keys and payloads say whose they are.
"""

from sqlalchemy import BigInteger, Integer, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from groundwork.plumbing.db import Base


class InboxRow(Base):
    """What was admitted once: the key the sender chose and the answer it got, given again to every repeat."""

    __tablename__ = "inbox"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    key: Mapped[str] = mapped_column(String(512), primary_key=True)
    answer: Mapped[bytes] = mapped_column(LargeBinary)
    at_ms: Mapped[int] = mapped_column(BigInteger, index=True)


class LogRow(Base):
    """An entry of a stream; positions of a shard have no gaps."""

    __tablename__ = "log"
    stream: Mapped[str] = mapped_column(String(64), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(256))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    at_ms: Mapped[int] = mapped_column(BigInteger)


class LogHeadRow(Base):
    """The last position given out in a shard. Its row lock puts appends in an order, so a reader never sees 7 before 6 is there."""

    __tablename__ = "log_head"
    stream: Mapped[str] = mapped_column(String(64), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    head: Mapped[int] = mapped_column(BigInteger)


class ShardRow(Base):
    """Who owns a shard until when, how often it has changed hands, and how far its effects have come."""

    __tablename__ = "shard"
    stream: Mapped[str] = mapped_column(String(64), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    owner: Mapped[str] = mapped_column(String(128))
    epoch: Mapped[int] = mapped_column(BigInteger)
    expires_ms: Mapped[int] = mapped_column(BigInteger)
    position: Mapped[int] = mapped_column(BigInteger)


class SnapshotRow(Base):
    """A reader's state after every entry up to and including `position`."""

    __tablename__ = "snapshot"
    stream: Mapped[str] = mapped_column(String(64), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[bytes] = mapped_column(LargeBinary)


class DeadLetterRow(Base):
    """An entry whose handling failed again and again, kept for a person to look at."""

    __tablename__ = "dead_letter"
    stream: Mapped[str] = mapped_column(String(64), primary_key=True)
    shard: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    key: Mapped[str] = mapped_column(String(256))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    reason: Mapped[str] = mapped_column(Text)
    at_ms: Mapped[int] = mapped_column(BigInteger)


class TopicRow(Base):
    """How often a topic was announced, so that a process which missed one notices."""

    __tablename__ = "topic"
    topic: Mapped[str] = mapped_column(String(64), primary_key=True)
    version: Mapped[int] = mapped_column(BigInteger)


class AuditRow(Base):
    """One act of one caller. `hash` covers the row and the hash before it, so an edit shows."""

    __tablename__ = "audit"
    tenant: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    at_ms: Mapped[int] = mapped_column(BigInteger)
    actor: Mapped[str] = mapped_column(String(128))
    action: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(256))
    before: Mapped[bytes] = mapped_column(LargeBinary)
    after: Mapped[bytes] = mapped_column(LargeBinary)
    previous: Mapped[bytes] = mapped_column(LargeBinary(32))
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
