"""Drafts, the commands they are made of, and versions on their way to be published."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import Connection, Row, delete, func, insert, select, update

from floorplans.commands import TYPES, VENUE, Change, Premises, Sketch, Thing
from floorplans.model import Plan, Venue
from floorplans.queries.plans import NOT_YET
from floorplans.tables import DraftCommandRow, DraftRow, PlanVersionRow, PublicationRow
from groundwork.contracts.ids import PlanVersionId, TenantId, VenueId
from groundwork.contracts.plan import Key, PublicationState
from groundwork.plumbing.db import insert_once

DRAFT_VERSION: Final = PlanVersionId("draft")
"""What stands for a version in a plan that is still drawn on."""
_READ_AGAIN: Final = 50
"""Commands that are applied again at each reading; after as many more the body is written anew."""
KEPT_COMMANDS: Final = 1_000
"""Commands that can be undone, looked at, and known again when they are repeated; an hour's drawing makes a hundred."""
KEPT_MS: Final = 90 * 86_400_000
"""And for no longer than this; what they came to is in the draft for good."""

_encode = msgspec.json.Encoder().encode


class Command(NamedTuple):
    """One acknowledged command, as it is kept."""

    revision: int
    id: str
    kind: str
    actor: str
    at_ms: int
    digest: bytes
    changes: tuple[Change, ...] = ()
    of_revision: int | None = None


class Kept(NamedTuple):
    """A draft as it stands at its newest revision."""

    revision: int
    sketch: Sketch
    body_revision: int = 0


class Publication(NamedTuple):
    """One version on its way, in force, or taken back before its time."""

    id: str
    version: PlanVersionId
    state: PublicationState
    due_ms: int
    actor: str
    asked_ms: int
    digest: bytes
    done_ms: int | None = None
    note: str = ""
    restores: PlanVersionId | None = None
    premises: Premises | None = None


class Version(NamedTuple):
    """One stored version; what its publication said, where it came by one."""

    id: PlanVersionId
    created_ms: int
    published_ms: int | None
    actor: str
    note: str
    restores: PlanVersionId | None


def body(conn: Connection, tenant: TenantId, venue: Venue) -> Kept | None:
    """The draft as its last body has it: revision and body are one transaction's; None before the first command."""
    wanted = select(DraftRow.revision, DraftRow.body_revision, DraftRow.body)
    row = conn.execute(wanted.where(DraftRow.tenant == tenant, DraftRow.venue_id == venue.id)).one_or_none()
    return Kept(row.revision, _sketch(row.body, venue), row.body_revision) if row else None


def begin(conn: Connection, sketch: Sketch) -> None:
    """Makes the venue's draft, at revision 0, unless it is there."""
    venue = sketch.plan.venue
    values = {"tenant": venue.tenant, "venue_id": venue.id, "revision": 0, "body_revision": 0, "body": _body(sketch)}
    insert_once(conn, DraftRow, values)


def add_command(conn: Connection, before: Kept, after: Sketch, command: Command) -> None:
    """Keeps the command, which makes the draft's next revision; now and then the draft's body anew."""
    venue = after.plan.venue
    values: dict[str, Any] = {"revision": command.revision}
    if command.revision - before.body_revision >= _READ_AGAIN:
        values |= {"body_revision": command.revision, "body": _body(after)}
        _forget(conn, venue, command)
    # First the draft's row: on PostgreSQL two commands at once meet here and one is run again, not refused as a row that is there.
    conn.execute(update(DraftRow).where(DraftRow.tenant == venue.tenant, DraftRow.venue_id == venue.id).values(values))
    kept = {**command._asdict(), "changes": _encode(command.changes).decode()}
    conn.execute(insert(DraftCommandRow).values(tenant=venue.tenant, venue_id=venue.id, **kept))


def _forget(conn: Connection, venue: Venue, newest: Command) -> None:
    """Takes away commands that the draft's body holds and nobody will undo: beyond the newest KEPT_COMMANDS, or over KEPT_MS old."""
    hers = (DraftCommandRow.tenant == venue.tenant, DraftCommandRow.venue_id == venue.id, DraftCommandRow.revision < newest.revision)
    # Up to a revision, never one out of the middle: whoever drew on a revision must be told all that came after it.
    aged = select(func.max(DraftCommandRow.revision)).where(*hers, DraftCommandRow.at_ms < newest.at_ms - KEPT_MS)
    last = max(newest.revision - KEPT_COMMANDS, conn.scalar(aged) or 0)
    conn.execute(delete(DraftCommandRow).where(*hers, DraftCommandRow.revision <= last))


def forgotten(conn: Connection, tenant: TenantId, venue: VenueId) -> int:
    """The last revision whose command is no longer kept; 0 where all are."""
    hers = (DraftCommandRow.tenant == tenant, DraftCommandRow.venue_id == venue)
    return (conn.scalar(select(func.min(DraftCommandRow.revision)).where(*hers)) or 1) - 1


def commands(conn: Connection, tenant: TenantId, venue: VenueId, after: int = 0, limit: int | None = None) -> list[Command]:
    """The commands after a revision, in their order."""
    wanted = select(DraftCommandRow.__table__).where(DraftCommandRow.tenant == tenant, DraftCommandRow.venue_id == venue)
    rows = conn.execute(wanted.where(DraftCommandRow.revision > after).order_by(DraftCommandRow.revision).limit(limit))
    return [_command(row, row.changes) for row in rows]


def command(conn: Connection, tenant: TenantId, venue: VenueId, command_id: str) -> Command | None:
    """The command of the sender's id."""
    wanted = select(DraftCommandRow.__table__).where(DraftCommandRow.tenant == tenant, DraftCommandRow.venue_id == venue)
    row = conn.execute(wanted.where(DraftCommandRow.id == command_id)).one_or_none()
    return _command(row, row.changes) if row else None


def commands_of(conn: Connection, tenant: TenantId, venue: VenueId, actor: str) -> list[Command]:
    """One person's commands in their order, without what they changed: for finding the one to undo."""
    columns = [column for column in DraftCommandRow.__table__.columns if column.name != "changes"]
    wanted = select(*columns).where(DraftCommandRow.tenant == tenant, DraftCommandRow.venue_id == venue)
    rows = conn.execute(wanted.where(DraftCommandRow.actor == actor).order_by(DraftCommandRow.revision))
    return [_command(row, "[]") for row in rows]


def add_publication(conn: Connection, tenant: TenantId, venue: VenueId, made: Publication) -> None:
    """Keeps a version's way to be published."""
    said = _encode(made.premises).decode() if made.premises else None
    conn.execute(insert(PublicationRow).values(tenant=tenant, venue_id=venue, **{**made._asdict(), "premises": said}))


def publication(conn: Connection, tenant: TenantId, venue: VenueId, publication_id: str) -> Publication | None:
    """The publication of the sender's id."""
    wanted = select(PublicationRow.__table__).where(PublicationRow.tenant == tenant, PublicationRow.venue_id == venue)
    row = conn.execute(wanted.where(PublicationRow.id == publication_id)).one_or_none()
    return _publication(row) if row else None


def waiting(conn: Connection, tenant: TenantId, venue: VenueId) -> Publication | None:
    """The venue's publication whose time has not come."""
    wanted = select(PublicationRow.__table__).where(PublicationRow.tenant == tenant, PublicationRow.venue_id == venue)
    row = conn.execute(wanted.where(PublicationRow.state == "waiting").limit(1)).one_or_none()
    return _publication(row) if row else None


def due(conn: Connection, now_ms: int) -> tuple[TenantId, VenueId, Publication] | None:
    """The publication of any venue whose time came first."""
    wanted = select(PublicationRow.__table__).where(PublicationRow.state == "waiting", PublicationRow.due_ms <= now_ms)
    order = (PublicationRow.due_ms, PublicationRow.tenant, PublicationRow.venue_id)
    row = conn.execute(wanted.order_by(*order).limit(1)).one_or_none()
    return (TenantId(row.tenant), VenueId(row.venue_id), _publication(row)) if row else None


def end_waiting(
    conn: Connection, tenant: TenantId, venue: VenueId, publication_id: str, state: PublicationState, done_ms: int | None
) -> bool:
    """Ends the wait of a publication; False where it waits no longer, so that of many processes one does it."""
    hers = (PublicationRow.tenant == tenant, PublicationRow.venue_id == venue, PublicationRow.id == publication_id)
    changed = update(PublicationRow).where(*hers, PublicationRow.state == "waiting").values(state=state, done_ms=done_ms)
    return conn.execute(changed).rowcount == 1


def versions(conn: Connection, tenant: TenantId, venue: VenueId, before: PlanVersionId | None, limit: int) -> list[Version]:
    """Stored versions, the newest first, from the one after `before` on."""
    wanted = (
        select(PlanVersionRow.__table__, PublicationRow.actor, PublicationRow.note, PublicationRow.restores)
        .outerjoin(PublicationRow, (PublicationRow.tenant == PlanVersionRow.tenant) & (PublicationRow.version == PlanVersionRow.id))
        .where(PlanVersionRow.tenant == tenant, PlanVersionRow.venue_id == venue)
    )
    if before is not None:
        made = select(PlanVersionRow.created_ms).where(PlanVersionRow.tenant == tenant, PlanVersionRow.id == before).scalar_subquery()
        older = (PlanVersionRow.created_ms == made) & (PlanVersionRow.id < before)
        wanted = wanted.where((PlanVersionRow.created_ms < made) | older)
    rows = conn.execute(wanted.order_by(PlanVersionRow.created_ms.desc(), PlanVersionRow.id.desc()).limit(limit))
    return [_version(row) for row in rows]


def _body(sketch: Sketch) -> str:
    parts = {part: getattr(sketch.plan, part) for part in TYPES if part != VENUE}
    return _encode({**parts, VENUE: [sketch.premises] if sketch.premises else []}).decode()


def _sketch(text: str, venue: Venue) -> Sketch:
    parts = {part: _DECODERS[part](raw) for part, raw in _raw_parts(text).items()}
    said: Sequence[Premises] = parts.pop(VENUE, ())
    return Sketch(Plan(venue, DRAFT_VERSION, **parts), said[0] if said else None)


_raw_parts = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_raw_changes = msgspec.json.Decoder(list[tuple[tuple[str | int, ...], msgspec.Raw, msgspec.Raw, int | None]]).decode


def _many(kind: Any) -> Any:
    return msgspec.json.Decoder(tuple[kind, ...]).decode


def _one(kind: Any) -> Any:
    return msgspec.json.Decoder(kind | None).decode


_DECODERS: Final = {part: _many(kind) for part, kind in TYPES.items()}
_THINGS: Final = {part: _one(kind) for part, kind in TYPES.items()}
_premises = msgspec.json.Decoder(Premises).decode


def _command(row: Row[Any], changes: str) -> Command:
    made = tuple(Change(key, _thing(key, before), _thing(key, after), at) for key, before, after, at in _raw_changes(changes))
    return Command(row.revision, row.id, row.kind, row.actor, row.at_ms, row.digest, made, row.of_revision)


def _thing(key: Key, raw: msgspec.Raw) -> Thing | None:
    found: Thing | None = _THINGS[str(key[0])](raw)
    return found


def _publication(row: Row[Any]) -> Publication:
    restores = PlanVersionId(row.restores) if row.restores else None
    said = _premises(row.premises) if row.premises else None
    rest = (row.due_ms, row.actor, row.asked_ms, row.digest, row.done_ms, row.note, restores, said)
    return Publication(row.id, PlanVersionId(row.version), row.state, *rest)


def _version(row: Row[Any]) -> Version:
    published = None if row.published_ms == NOT_YET else row.published_ms
    restores = PlanVersionId(row.restores) if row.restores else None
    return Version(PlanVersionId(row.id), row.created_ms, published, row.actor or "", row.note or "", restores)
