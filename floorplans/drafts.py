"""Drafts at work: each function here is one transaction's whole work on one venue's draft, publications and versions.

What is acknowledged is a row in the draft's log; what the draft is, is that log applied. A repeat of a command's id is the same command.
Whatever a command does is decided in `commands.py` and `versions.py`; who may ask is for `http`; `publishing.py` waits for the time.
"""

import dataclasses
import hashlib
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from typing import Final, NamedTuple

import msgspec

from floorplans import queries
from floorplans.commands import (
    Change,
    Edit,
    NoSuchThing,
    Sketch,
    applied,
    changes_of,
    collision,
    fitting,
    left_hanging,
    registered,
    shown,
    taken_back,
)
from floorplans.drawing import Drawn
from floorplans.merge import empty_plan
from floorplans.model import Plan, Venue
from floorplans.queries import drafts as rows
from floorplans.queries.drafts import DRAFT_VERSION, Command, Kept, Publication
from floorplans.queries.sheets import put_sheet
from floorplans.reasons import (
    COMMAND_ID_TAKEN,
    DRAFT_CONFLICT,
    NO_SUCH_THING,
    NOTHING_TO_PUBLISH,
    NOTHING_TO_UNDO,
    PUBLICATION_WAITS,
    REVISION_AHEAD,
    REVISION_OLD,
    UNKNOWN_PUBLICATION,
    UNKNOWN_VENUE,
    UNKNOWN_VERSION,
)
from floorplans.versions import as_sketch, difference, gone_back, taken_in
from groundwork.contracts.ids import PlanVersionId, TenantId, VenueId
from groundwork.contracts.plan import Key
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.reasons import Refusal

EDIT: Final = "edit"
IMPORT: Final = "import"
UNDO: Final = "undo"
REDO: Final = "redo"
ROLL_BACK: Final = "roll_back"
_SHOWN_THINGS: Final = 20
"""Things an audit row names; the draft's log has them all."""

Make = Callable[[Kept], Sequence[Change]]


class Asked(NamedTuple):
    """Who asks what of which venue, when, and under which id of the sender's."""

    tenant: TenantId
    venue: VenueId
    actor: str
    at_ms: int
    id: str


class Done(NamedTuple):
    """What a command came to: the revision it made, and what it changed; the same again for a repeat."""

    revision: int
    changes: tuple[Change, ...]
    repeat: bool = False


class Offer(NamedTuple):
    """A file that was read, and what it changes on the draft as it was at `revision`."""

    drawn: Drawn
    digest: str
    revision: int
    changes: tuple[Change, ...]


class Released(NamedTuple):
    """A version that has just come into force."""

    tenant: TenantId
    venue: VenueId
    version: PlanVersionId


def current(conn: Connection, tenant: TenantId, venue_id: VenueId) -> Kept:
    """The venue's draft as it stands: the plan in force, where nobody has drawn yet. Raises Refusal where there is no such venue."""
    venue = _venue(conn, tenant, venue_id)
    kept = rows.body(conn, tenant, venue)
    if kept is None:
        return Kept(0, as_sketch(dataclasses.replace(_in_force(conn, venue), version=DRAFT_VERSION)))
    later = rows.commands(conn, tenant, venue_id, kept.body_revision)
    return kept._replace(sketch=applied(kept.sketch, chain.from_iterable(one.changes for one in later)))


def edit(conn: Connection, asked: Asked, based_on: int, edits: Sequence[Edit]) -> Done:
    """Draws on the draft as its sender saw it at revision `based_on`. Raises Refusal where others changed the same things since."""
    return _run(conn, asked, EDIT, based_on, edits, lambda kept: changes_of(kept.sketch, edits))


def offered(kept: Kept, drawn: Drawn) -> Offer:
    """A file made ready to be taken in. Pure: a mall takes a second, which nobody else's transaction should wait for."""
    return Offer(drawn, hashlib.sha256(msgspec.json.encode(drawn)).hexdigest(), kept.revision, taken_in(kept.sketch, drawn))


def take_in(conn: Connection, asked: Asked, based_on: int, offer: Offer) -> Done:
    """Takes a file that was read into the draft, as one command, with its sheet. Raises Refusal as `edit` does."""

    def make(kept: Kept) -> Sequence[Change]:
        return offer.changes if kept.revision == offer.revision else taken_in(kept.sketch, offer.drawn)

    done = _run(conn, asked, IMPORT, based_on, offer.digest, make)
    sheet = offer.drawn.sheet
    if sheet is not None and sheet.picture and offer.drawn.levels and not done.repeat:
        put_sheet(conn, asked.tenant, asked.venue, offer.drawn.levels[0].id, sheet, asked.actor, asked.at_ms)
    return done


def undo(conn: Connection, asked: Asked) -> Done:
    """Takes the caller's own newest command back, that of nobody else. Raises Refusal where others have built on it since."""
    return _turn(conn, asked, UNDO)


def redo(conn: Connection, asked: Asked) -> Done:
    """Does again what the caller undid last, unless she has drawn since."""
    return _turn(conn, asked, REDO)


def stacks(conn: Connection, tenant: TenantId, venue: VenueId, actor: str) -> tuple[list[int], list[int]]:
    """The revisions of one person's commands that she may undo, and of those she may redo; the last of each is next."""
    done: list[int] = []
    undone: list[int] = []
    for one in rows.commands_of(conn, tenant, venue, actor):
        if one.kind in (EDIT, IMPORT):
            done.append(one.revision)
            undone.clear()
        elif one.of_revision is not None:
            source, target = (done, undone) if one.kind == UNDO else (undone, done)
            if one.of_revision in source:  # else it was so long ago that the command is forgotten
                source.remove(one.of_revision)
                target.append(one.of_revision)
    return done, undone


def publish(conn: Connection, asked: Asked, revision: int, due_ms: int, note: str = "") -> Publication:
    """Makes a version of the draft as it is at `revision`, in force at once or from `due_ms` on. The draft goes on.

    What goes out at its time is what was looked at when it was asked, whatever is drawn meanwhile. Raises Refusal where the draft has
    moved on, where there is nothing new, or where another version waits; queries.UnsoundPlan where the plan is wrong.
    """
    digest = _digest("publish", revision, due_ms, note)
    if repeated := _published_before(conn, asked, digest):
        return repeated
    _refuse_while_waiting(conn, asked)
    kept = current(conn, asked.tenant, asked.venue)
    _refuse_moved(conn, asked, kept, revision)
    venue = kept.sketch.plan.venue
    if queries.published_version(conn, asked.tenant, asked.venue) and not difference(_in_force(conn, venue), kept.sketch):
        raise Refusal(NOTHING_TO_PUBLISH)
    made = _publication(asked, digest, max(due_ms, asked.at_ms), note)._replace(premises=kept.sketch.premises)
    return _release(conn, asked, dataclasses.replace(kept.sketch.plan, version=made.version), made)


def roll_back(conn: Connection, asked: Asked, version: PlanVersionId, note: str = "") -> Publication:
    """Puts an earlier version in force again, as a new one. The draft follows, but for what is drawn and was not published."""
    digest = _digest("roll_back", version, note)
    if repeated := _published_before(conn, asked, digest):
        return repeated
    _refuse_while_waiting(conn, asked)
    venue = _venue(conn, asked.tenant, asked.venue)
    wanted = version_of(conn, asked.tenant, asked.venue, version)
    in_force = _in_force(conn, venue)
    if not difference(in_force, as_sketch(wanted)):
        raise Refusal(NOTHING_TO_PUBLISH)
    if rows.body(conn, asked.tenant, venue) is not None:
        kept = current(conn, asked.tenant, asked.venue)
        own_id = asked._replace(id=stable_id("roll back", asked.id))
        _keep(conn, own_id, kept, ROLL_BACK, digest, gone_back(kept.sketch, in_force, wanted))
    made = _publication(asked, digest, asked.at_ms, note)._replace(restores=version)
    return _release(conn, asked, dataclasses.replace(wanted, version=made.version), made)


def cancel(conn: Connection, asked: Asked, publication_id: str) -> Publication:
    """Takes a version back before its time. Raises Refusal where none waits under this id; a repeat is answered alike."""
    _venue(conn, asked.tenant, asked.venue)
    if rows.end_waiting(conn, asked.tenant, asked.venue, publication_id, "cancelled", None):
        record(conn, asked.tenant, asked.at_ms, Act(asked.actor, "plan.cancel", asked.venue, after={"publication": publication_id}))
    found = rows.publication(conn, asked.tenant, asked.venue, publication_id)
    if found is None or found.state != "cancelled":
        raise Refusal(UNKNOWN_PUBLICATION, value=publication_id)
    return found


def release_due(conn: Connection, now_ms: int) -> Released | None:
    """Puts the version in force whose time came first, once whoever asks; None when nothing is due."""
    found = rows.due(conn, now_ms)
    if found is None:
        return None
    tenant, venue, due = found
    if not rows.end_waiting(conn, tenant, venue, due.id, "done", now_ms):
        return None
    _put_in_force(conn, _venue(conn, tenant, venue), due, now_ms)
    return Released(tenant, venue, due.version)


def version_id(asked: Asked) -> PlanVersionId:
    """What the version of this publication is called: a repeat makes no second one."""
    return PlanVersionId(stable_id(asked.tenant, asked.venue, "publication", asked.id))


def version_of(conn: Connection, tenant: TenantId, venue: VenueId, version: PlanVersionId) -> Plan:
    """A stored version of the venue's plan. Raises Refusal where it has none of this id."""
    found = queries.plan(conn, tenant, version)
    if found is None or found.venue.id != venue:
        raise Refusal(UNKNOWN_VERSION, venue=venue, value=version)
    return found


def _run(conn: Connection, asked: Asked, kind: str, based_on: int, body: object, make: Make) -> Done:
    """One command from its arrival to its row."""
    digest = _digest(kind, based_on, body)
    if repeated := _done_before(conn, asked, digest):
        return repeated
    kept = current(conn, asked.tenant, asked.venue)
    if based_on > kept.revision:
        raise Refusal(REVISION_AHEAD, current=kept.revision, value=based_on)
    if based_on < rows.forgotten(conn, asked.tenant, asked.venue):
        raise Refusal(REVISION_OLD, current=kept.revision, value=based_on)
    since = rows.commands(conn, asked.tenant, asked.venue, based_on)
    try:
        changes = make(kept)
    except NoSuchThing as error:
        _refuse_changed(since, error.key)
        raise Refusal(NO_SUCH_THING, value=shown(error.key)) from None
    for one in since:
        if (key := collision(changes, one.changes)) is not None:
            raise _conflict(one, key)
    return _keep(conn, asked, kept, kind, digest, changes)


def _turn(conn: Connection, asked: Asked, kind: str) -> Done:
    """Undo or redo: the command's changes backwards or forwards, where all is still as they expect it."""
    digest = _digest(kind)
    if repeated := _done_before(conn, asked, digest):
        return repeated
    kept = current(conn, asked.tenant, asked.venue)
    done, undone = stacks(conn, asked.tenant, asked.venue, asked.actor)
    open_ones = done if kind == UNDO else undone
    if not open_ones:
        raise Refusal(NOTHING_TO_UNDO)
    later = rows.commands(conn, asked.tenant, asked.venue, open_ones[-1] - 1)
    changes = taken_back(later[0].changes) if kind == UNDO else later[0].changes
    key = fitting(kept.sketch, changes) or left_hanging(applied(kept.sketch, changes), changes)
    if key is not None:
        _refuse_changed(later[1:], key)
        raise _conflict(later[-1], key)
    return _keep(conn, asked, kept, kind, digest, changes, open_ones[-1])


def _keep(
    conn: Connection, asked: Asked, kept: Kept, kind: str, digest: bytes, changes: Sequence[Change], of_revision: int | None = None
) -> Done:
    """Writes the command's row, and what the audit chain keeps of it."""
    rows.begin(conn, kept.sketch)
    made = Command(kept.revision + 1, asked.id, kind, asked.actor, asked.at_ms, digest, tuple(changes), of_revision)
    rows.add_command(conn, kept, applied(kept.sketch, changes), made)
    told = {"revision": made.revision, "things": len(changes), "first": [shown(one.key) for one in changes[:_SHOWN_THINGS]]}
    record(conn, asked.tenant, asked.at_ms, Act(asked.actor, f"draft.{kind}", asked.venue, after=told))
    return Done(made.revision, made.changes)


def _release(conn: Connection, asked: Asked, plan: Plan, made: Publication) -> Publication:
    """Stores the version, and puts it in force where its time has come."""
    queries.keep_version(conn, plan, asked.at_ms)
    now = made.due_ms <= asked.at_ms
    made = made._replace(state="done", done_ms=asked.at_ms) if now else made
    rows.add_publication(conn, asked.tenant, asked.venue, made)
    told = {"publication": made.id, "version": made.version, "due_ms": made.due_ms, "restores": made.restores}
    record(
        conn, asked.tenant, asked.at_ms, Act(asked.actor, "plan.roll_back" if made.restores else "plan.publish", asked.venue, after=told)
    )
    if now:
        _put_in_force(conn, plan.venue, made, asked.at_ms)
    return made


def _put_in_force(conn: Connection, venue: Venue, made: Publication, now_ms: int) -> None:
    before = queries.published_version(conn, venue.tenant, venue.id)
    if made.premises is not None:
        queries.add_venue(conn, registered(Sketch(empty_plan(venue, ""), made.premises), venue), now_ms)
    queries.put_in_force(conn, venue.tenant, venue.id, made.version, now_ms)
    record(conn, venue.tenant, now_ms, Act(made.actor, "plan.in_force", venue.id, before=before, after=made.version))


def _publication(asked: Asked, digest: bytes, due_ms: int, note: str) -> Publication:
    return Publication(asked.id, version_id(asked), "waiting", due_ms, asked.actor, asked.at_ms, digest, note=note)


def _venue(conn: Connection, tenant: TenantId, venue: VenueId) -> Venue:
    found = queries.venue(conn, tenant, venue)
    if found is None:
        raise Refusal(UNKNOWN_VENUE, value=venue)
    return found


def _in_force(conn: Connection, venue: Venue) -> Plan:
    return queries.published_plan(conn, venue.tenant, venue.id) or empty_plan(venue, "")


def _done_before(conn: Connection, asked: Asked, digest: bytes) -> Done | None:
    _venue(conn, asked.tenant, asked.venue)
    found = rows.command(conn, asked.tenant, asked.venue, asked.id)
    if found is None:
        return None
    if (found.digest, found.actor) != (digest, asked.actor):
        raise Refusal(COMMAND_ID_TAKEN, value=asked.id)
    return Done(found.revision, found.changes, repeat=True)


def _published_before(conn: Connection, asked: Asked, digest: bytes) -> Publication | None:
    found = rows.publication(conn, asked.tenant, asked.venue, asked.id)
    if found is not None and (found.digest, found.actor) != (digest, asked.actor):
        raise Refusal(COMMAND_ID_TAKEN, value=asked.id)
    return found


def _refuse_while_waiting(conn: Connection, asked: Asked) -> None:
    """What waits was made of an older draft: published after something newer, it would take that away unseen."""
    found = rows.waiting(conn, asked.tenant, asked.venue)
    if found is not None:
        raise Refusal(PUBLICATION_WAITS, who=found.actor, at_ms=found.due_ms, value=found.id)


def _refuse_moved(conn: Connection, asked: Asked, kept: Kept, revision: int) -> None:
    if revision > kept.revision:
        raise Refusal(REVISION_AHEAD, current=kept.revision, value=revision)
    for one in rows.commands(conn, asked.tenant, asked.venue, revision):
        raise _conflict(one, one.changes[0].key if one.changes else ())


def _refuse_changed(since: Iterable[Command], key: Key) -> None:
    """Raises the Refusal that names whoever changed this thing last."""
    for one in reversed(list(since)):
        if any(change.key == key for change in one.changes):
            raise _conflict(one, key)


def _conflict(theirs: Command, key: Key) -> Refusal:
    return Refusal(DRAFT_CONFLICT, who=theirs.actor, what=shown(key), revision=theirs.revision)


def _digest(*asked: object) -> bytes:
    return hashlib.sha256(msgspec.json.encode(asked)).digest()
