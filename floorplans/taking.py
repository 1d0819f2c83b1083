"""Taking a file in from the command line: into the draft, and on to publishing, as one transaction; what it says is for both languages.

Over HTTP the same functions of `drafts.py` are called one by one (`http/files.py`).
"""

import dataclasses

import msgspec

from floorplans import drafts, queries
from floorplans.check import Noted, finding_noted, remark_noted
from floorplans.commands import applied
from floorplans.drafts import Asked
from floorplans.findings import findings
from floorplans.importing import Import
from floorplans.merge import empty_plan, venue_of
from floorplans.publishing import refuse_errors
from floorplans.queries.drafts import Kept
from floorplans.versions import Tally, as_sketch, difference, difference_of, tallies
from groundwork.plumbing.db import Connection
from groundwork.plumbing.ids import stable_id

ACTOR = "command-line"


class Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did, or would do. `remarks` are about the file, row by row; `problems` about the draft with the file in it."""

    changes: dict[str, Tally]
    remarks: list[Noted]
    problems: list[Noted]
    errors: int
    revision: int
    version: str
    """Empty where nothing was, or would be, published."""
    dry_run: bool


def take(conn: Connection, asked: Asked, read: Import, *, publish: bool, dry_run: bool) -> Taken:
    """Takes the file into the draft of the venue, which is made of it where there is none. Raises Refusal where it may not be published.

    `asked.id` is not looked at: the id is made of the file and the draft, so that the same order twice is done once.
    """
    known = queries.venue(conn, asked.tenant, asked.venue)
    venue = known or dataclasses.replace(venue_of(read.drawn, asked.tenant), id=asked.venue)
    kept = drafts.current(conn, asked.tenant, asked.venue) if known else Kept(0, as_sketch(empty_plan(venue, "")))
    offer = drafts.offered(kept, read.drawn)
    changes = offer.changes
    after = applied(kept.sketch, changes)
    found = findings(after.plan)
    in_force = queries.published_plan(conn, asked.tenant, asked.venue)
    version = ""
    if publish and difference(in_force or empty_plan(venue, ""), after):
        asked = asked._replace(id=stable_id(asked.venue, kept.revision, in_force.version if in_force else "", _text(changes)))
        version = drafts.version_id(asked)
    if publish and not dry_run:
        refuse_errors(found)
    revision = kept.revision
    if not dry_run:
        if known is None:
            queries.add_venue(conn, venue, asked.at_ms)
        if changes:
            revision = drafts.take_in(
                conn, asked._replace(id=stable_id(asked.venue, kept.revision, _text(changes))), revision, offer
            ).revision
        if version:
            drafts.publish(conn, asked, revision, asked.at_ms)
    return Taken(
        changes=dict(tallies([difference_of(one.key, one.before, one.after) for one in changes])),
        remarks=[remark_noted(one) for one in read.drawn.remarks],
        problems=[finding_noted(one) for one in found],
        errors=sum(one.severity == "error" for one in found),
        revision=revision,
        version=version,
        dry_run=dry_run,
    )


def _text(changes: object) -> str:
    return msgspec.json.encode(changes).decode()
