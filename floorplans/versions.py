"""Versions of a plan compared: what a draft would change, what a file would, and what going back to an earlier version does.

Pure. Things are compared by their keys (`commands.key_of`), so that another order is no difference. Keeping versions is for `queries`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal

import msgspec

from floorplans.commands import TYPES, VENUE, Change, Premises, Put, Sketch, Thing, changes_of, contents
from floorplans.drawing import Drawn
from floorplans.merge import merged
from floorplans.model import Plan, Venue
from groundwork.contracts.plan import Key

Kind = Literal["added", "removed", "changed"]


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """One thing in which two versions differ."""

    part: str
    key: list[str | int]
    kind: Kind
    before: Any
    """As it was, in the words of the plan; null where it was not."""
    after: Any


class Tally(msgspec.Struct, frozen=True, kw_only=True):
    """How many things of one part were added, removed, changed."""

    added: int = 0
    removed: int = 0
    changed: int = 0


NOTHING: Final = Tally()


def difference(before: Plan, after: Sketch) -> tuple[Difference, ...]:
    """What is added, removed and changed on the way from a plan to a draft, part by part."""
    old, new = contents(as_sketch(before)), contents(after)
    if after.premises is not None:
        old[VENUE,] = premises_of(before.venue)
    keys = [*old, *(key for key in new if key not in old)]
    order = list(TYPES)
    found = [difference_of(key, old.get(key), new.get(key)) for key in keys if old.get(key) != new.get(key)]
    return tuple(sorted(found, key=lambda one: order.index(one.part)))


def tallies(found: Sequence[Difference]) -> Mapping[str, Tally]:
    """How many of each part."""
    counts: dict[str, Tally] = {}
    for one in found:
        before = counts.get(one.part, NOTHING)
        counts[one.part] = msgspec.structs.replace(before, **{one.kind: getattr(before, one.kind) + 1})
    return counts


def taken_in(sketch: Sketch, drawn: Drawn) -> tuple[Change, ...]:
    """What a file that was read does to a draft: what has a known key is brought up to date, the rest is added, nothing is taken away."""
    there = contents(sketch)
    offered = contents(as_sketch(merged(sketch.plan, drawn).plan))
    return changes_of(sketch, [Put(thing) for key, thing in offered.items() if there.get(key) != thing])


def gone_back(draft: Sketch, published: Plan, wanted: Plan) -> tuple[Change, ...]:
    """What a draft must become when an earlier version is put in force again: like it, but for what is drawn and not yet published."""
    now, then, mine = contents(as_sketch(published)), contents(as_sketch(wanted)), contents(draft)
    untouched = [key for key in {**mine, **then} if mine.get(key) == now.get(key)]
    return tuple(Change(key, mine.get(key), then.get(key)) for key in untouched if mine.get(key) != then.get(key))


def as_sketch(plan: Plan) -> Sketch:
    """A published plan as a draft that nobody has drawn on."""
    return Sketch(plan)


def premises_of(venue: Venue) -> Premises:
    """What the registry has of what a draft may say."""
    return Premises(
        names=venue.names,
        outline=venue.outline,
        hours=venue.hours,
        category=venue.category,
        address=venue.address,
        approaches=venue.approaches,
    )


def difference_of(key: Key, before: Thing | None, after: Thing | None) -> Difference:
    """What became of one thing, to be shown."""
    kind: Kind = "added" if before is None else "removed" if after is None else "changed"
    return Difference(part=str(key[0]), key=list(key[1:]), kind=kind, before=before, after=after)
