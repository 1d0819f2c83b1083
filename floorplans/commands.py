"""Commands on a draft: what each does to the plan, how it is taken back, and when two stand in each other's way.

Pure. Whatever was asked (an edit, a file, a roll-back) ends as a list of changes, each with what was there before and after: so applying,
undoing, redoing and looking for conflicts know one thing only. `drafts.py` keeps them; `versions.py` compares whole plans.
"""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec

from floorplans.merge import PARTS
from floorplans.model import (
    Approach,
    Building,
    Detail,
    Fixture,
    Level,
    Link,
    Names,
    Opening,
    Placement,
    PlacePoint,
    Plan,
    Polygon,
    Shelving,
    Venue,
    Zone,
)
from groundwork.contracts.plan import Key

VENUE: Final = "venue"
"""The part that stands for the venue's own words; its only key is this name alone."""


class Premises(msgspec.Struct, frozen=True, kw_only=True):
    """What a venue says of itself and a draft may change; its time zone, country and policy are no part of a plan."""

    names: Names
    outline: tuple[Polygon, ...] = ()
    hours: str = ""
    category: str = "retailstore"
    address: str = ""
    approaches: tuple[Approach, ...] = (Approach(),)


Thing: TypeAlias = Level | Zone | Fixture | Opening | PlacePoint | Link | Building | Placement | Shelving | Detail | Premises

TYPES: Final[Mapping[str, type[Any]]] = {
    "levels": Level,
    "zones": Zone,
    "fixtures": Fixture,
    "openings": Opening,
    "points": PlacePoint,
    "links": Link,
    "buildings": Building,
    "placements": Placement,
    "shelved": Shelving,
    "details": Detail,
    VENUE: Premises,
}
"""The parts of a draft, and what each holds."""
_PART_OF: Final = {kind: part for part, kind in TYPES.items()}


class Change(NamedTuple):
    """What became of one thing. `at` is its place among the others where it was taken away, so that it comes back there."""

    key: Key
    before: Thing | None
    after: Thing | None
    at: int | None = None


class Sketch(NamedTuple):
    """A draft's plan, and what it says of the venue; None where that is still as the registry has it."""

    plan: Plan
    premises: Premises | None = None


class Put(NamedTuple):
    """Adds a thing, or puts it in the place of the one with its key."""

    thing: Thing


class Remove(NamedTuple):
    """Takes a thing away; `whole` takes what stands on a level, or the products of a shelf, along."""

    key: Key
    whole: bool = False


Edit: TypeAlias = Put | Remove


class NoSuchThing(LookupError):
    """A command takes away what is not there."""

    def __init__(self, key: Key) -> None:
        super().__init__(shown(key))
        self.key = key


def key_of(thing: Thing) -> Key:
    """By what a thing is known again: its part, then its id or what stands for one."""
    part = _PART_OF[type(thing)]
    if part == VENUE:
        return (VENUE,)
    known: Any = PARTS[part](thing)
    return (part, *known) if isinstance(known, tuple) else (part, known)


def shown(key: Key) -> str:
    """A key for people: `zones bakery`."""
    return " ".join(map(str, key))


def changes_of(sketch: Sketch, edits: Iterable[Edit]) -> tuple[Change, ...]:
    """What the edits do, one after the other; what changes nothing is left out. Raises NoSuchThing."""
    table = _Table(sketch)
    for edit in edits:
        if isinstance(edit, Put):
            table.set(key_of(edit.thing), edit.thing)
            continue
        if table.get(edit.key) is None:
            raise NoSuchThing(edit.key)
        for key in [*(_upon(table, edit.key) if edit.whole else ()), edit.key]:
            table.set(key, None)
    return tuple(table.changes)


def taken_back(changes: Sequence[Change]) -> tuple[Change, ...]:
    """What undoes the changes, the last of them first."""
    return tuple(Change(one.key, one.after, one.before, one.at) for one in reversed(changes))


def applied(sketch: Sketch, changes: Iterable[Change]) -> Sketch:
    """The draft with the changes in it, whatever stood in their place."""
    table = _Table(sketch)
    for one in changes:
        table.set(one.key, one.after, one.at)
    return table.sketch()


def fitting(sketch: Sketch, changes: Iterable[Change]) -> Key | None:
    """The first thing that is no longer what the changes start from, so that they would undo somebody's work; None where all are."""
    table = _Table(sketch)
    for one in changes:
        if table.get(one.key) != one.before:
            return one.key
        table.set(one.key, one.after, one.at)
    return None


def contents(sketch: Sketch) -> dict[Key, Thing]:
    """Every thing of a draft by its key, in its order."""
    return {key: thing for things in _Table(sketch).parts.values() for key, thing in things.items()}


def collision(mine: Sequence[Change], theirs: Sequence[Change]) -> Key | None:
    """The first thing because of which two lists of changes cannot both stand as their makers meant them; None where they can.

    Two that change one thing collide, and one that takes away what the other has just built upon. Different things pass: whoever draws
    zones on the ground floor need not wait for whoever hangs gateways on the first.
    """
    written, gone, needed = _footprint(theirs)
    for one in mine:
        if one.key in written or (one.after is None and one.key in needed):
            return one.key
        if lost := next((key for key in needs(one.after) if key in gone), None):
            return lost
    return None


def left_hanging(sketch: Sketch, changes: Sequence[Change]) -> Key | None:
    """The first thing that the changes take away although something on the draft stands on it; None where none is."""
    gone = {one.key for one in changes if one.after is None}
    return next((key for thing in contents(sketch).values() for key in needs(thing) if key in gone), None) if gone else None


def needs(thing: Thing | None) -> Iterator[Key]:
    """The things that this one stands on or names."""
    if (level := getattr(thing, "level", None)) is not None:
        yield ("levels", level)
    if isinstance(thing, Zone) and thing.parent:
        yield ("zones", thing.parent)
    if isinstance(thing, Shelving):
        yield ("fixtures", thing.fixture)


def registered(sketch: Sketch, venue: Venue) -> Venue:
    """The venue as it will be in the registry once the draft is published."""
    said = sketch.premises
    if said is None:
        return venue
    return dataclasses.replace(
        venue,
        names=said.names,
        outline=said.outline,
        hours=said.hours,
        category=said.category,
        address=said.address,
        approaches=said.approaches,
    )


def _footprint(changes: Iterable[Change]) -> tuple[set[Key], set[Key], set[Key]]:
    """The keys that are written, those that are gone at the end, and those that are stood upon."""
    last = {one.key: one.after for one in changes}
    gone = {key for key, thing in last.items() if thing is None}
    return set(last), gone, {key for thing in last.values() for key in needs(thing)}


def _upon(table: "_Table", key: Key) -> list[Key]:
    """What stands on a thing, products before the shelves they stand on."""
    direct = [known for things in table.parts.values() for known, thing in things.items() if key in needs(thing) and known[0] != "zones"]
    direct += [known for known, thing in table.parts["zones"].items() if key[0] == "levels" and ("levels", key[1]) in needs(thing)]
    products = [
        known for known, thing in table.parts["shelved"].items() if any(shelf in direct for shelf in needs(thing)) and known not in direct
    ]
    return [*products, *direct]


class _Table:
    """A draft while it is worked on: its parts by key, and what was done."""

    def __init__(self, sketch: Sketch) -> None:
        self._plan = sketch.plan
        self.parts: dict[str, dict[Key, Thing]] = {
            part: {key_of(one): one for one in getattr(sketch.plan, part)} for part in TYPES if part != VENUE
        }
        self.parts[VENUE] = {(VENUE,): sketch.premises} if sketch.premises else {}
        self.changes: list[Change] = []

    def get(self, key: Key) -> Thing | None:
        return self.parts.get(str(key[0]), {}).get(key)

    def set(self, key: Key, thing: Thing | None, at: int | None = None) -> None:
        things = self.parts[str(key[0])]
        before = things.get(key)
        if before == thing:
            return
        if thing is None:
            at = list(things).index(key)
            del things[key]
        elif before is None and at is not None and at < len(things):
            rest = list(things.items())
            things.clear()
            things.update([*rest[:at], (key, thing), *rest[at:]])
        else:
            things[key] = thing
        self.changes.append(Change(key, before, thing, at))

    def sketch(self) -> Sketch:
        parts: dict[str, Any] = {part: tuple(things.values()) for part, things in self.parts.items() if part != VENUE}
        said = self.parts[VENUE].get((VENUE,))
        return Sketch(dataclasses.replace(self._plan, **parts), said if isinstance(said, Premises) else None)
