"""From what a file drew to a plan, new or on top of the one there is: what has a known id is brought up to date, the rest is added.

Nothing is taken away: a file of shelves does not mean that the walls are gone. `Merged` counts what would happen, so a dry run is a merge
whose plan is thrown away. Pure.
"""

import dataclasses
from collections.abc import Callable, Hashable, Iterable, Mapping
from typing import Any, Final, NamedTuple, TypeVar

from floorplans.drawing import Drawn
from floorplans.model import Level, Names, Placement, Plan, Venue
from groundwork.contracts.ids import PlanVersionId, TenantId, VenueId

T = TypeVar("T")

PARTS: Final[Mapping[str, Callable[[Any], Hashable]]] = {
    "levels": lambda one: one.id,
    "zones": lambda one: one.id,
    "fixtures": lambda one: one.id,
    "openings": lambda one: one.id,
    "points": lambda one: one.id,
    "links": lambda one: one.id,
    "buildings": lambda one: one.id,
    "placements": lambda one: (one.kind, one.subject, one.from_ms),
    "shelved": lambda one: (one.product, one.fixture, one.bay, one.board),
    "details": lambda one: (one.level, one.layer),
}
"""The parts of a plan, and by what one of each is known again."""


class Change(NamedTuple):
    """What became of one part."""

    added: int = 0
    changed: int = 0
    same: int = 0


class Merged(NamedTuple):
    """The plan with the file in it, and what that took."""

    plan: Plan
    changes: Mapping[str, Change]


def plan_of(drawn: Drawn, venue: Venue | None = None, version: str = "imported") -> Plan:
    """A plan of this drawing alone; the venue's words from the file, where no venue is given."""
    return merged(empty_plan(venue or venue_of(drawn), version), drawn).plan


def empty_plan(venue: Venue, version: str) -> Plan:
    return Plan(venue, PlanVersionId(version), ())


def venue_of(drawn: Drawn, tenant: str = "default", time_zone: str = "Asia/Riyadh") -> Venue:
    """What the file says of the venue, and what must be said where it does not."""
    said = drawn.premises
    names = said.names if said and said.names else Names("متجر", "Venue")
    if said is None:
        return Venue(VenueId("imported"), TenantId(tenant), names, time_zone)
    return Venue(
        VenueId(said.id or "imported"),
        TenantId(tenant),
        names,
        said.time_zone or time_zone,
        said.country or "SA",
        outline=said.outline,
        hours=said.hours,
        category=said.category or "retailstore",
        address=said.address,
    )


def merged(plan: Plan, drawn: Drawn) -> Merged:
    """`plan` with everything of `drawn`. Levels that a table of zones or placements only names do not overwrite drawn ones."""
    parts: dict[str, Any] = {}
    changes: dict[str, Change] = {}
    for part, key in PARTS.items():
        offered = _drawn_levels(plan, drawn.levels) if part == "levels" else getattr(drawn, part)
        parts[part], changes[part] = _upsert(getattr(plan, part), offered, key)
    return Merged(dataclasses.replace(plan, **parts), changes)


def _drawn_levels(plan: Plan, offered: Iterable[Level]) -> list[Level]:
    known = {level.id for level in plan.levels}
    return [level for level in offered if level.outline or level.anchor or level.id not in known]


def _upsert(there: tuple[T, ...], offered: Iterable[T], key: Callable[[T], Hashable]) -> tuple[tuple[T, ...], Change]:
    kept = {key(one): one for one in there}
    added = changed = same = 0
    for one in offered:
        before = kept.get(key(one))
        added += before is None
        changed += before is not None and before != one
        same += before == one
        kept[key(one)] = one
    return tuple(kept.values()), Change(added, changed, same)


def placements_of(plan: Plan, at_ms: int) -> tuple[Placement, ...]:
    """Where each gateway and beacon hangs at a moment: of several placements of one the latest that has begun."""
    latest: dict[tuple[str, str], Placement] = {}
    for one in sorted(plan.placements, key=lambda placement: placement.from_ms):
        if one.from_ms <= at_ms:
            latest[one.kind, one.subject] = one
    return tuple(latest.values())
