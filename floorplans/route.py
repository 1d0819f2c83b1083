"""The nouns of wayfinding: a stop, a leg on one level, a change of level, and the route they make.

Pure values, in metres of each level's frame. `wayfinding.py` finds them, `directions.py` tells them, `route_path.py` draws them.
"""

from dataclasses import dataclass
from typing import Final, NamedTuple

from floorplans.level_links import WALK_MPS
from floorplans.model import Names, Point
from groundwork.contracts.ids import LevelId

WHY: Final = ("unknown_level", "unknown_zone", "unknown_place", "unplaced_product", "not_walkable", "no_way", "no_step_free_way")


class NoRoute(ValueError):
    """There is no way. `code` says why: one of WHY."""

    def __init__(self, code: str, what: str, stop: int | None = None) -> None:
        self.code, self.what = code, what
        self.stop = stop
        """Which of the stops that were asked for is at fault, the start being 0; None where only one was asked for."""
        super().__init__(f"{code}: {what}")


class Stop(NamedTuple):
    """Where a route starts or ends."""

    level: LevelId
    at: Point
    off_m: float
    """How far from what was asked for: what lies beyond is not walkable."""
    names: Names | None = None
    """Of the zone or the shelf, where one was asked for."""
    product: str | None = None
    aim: Point | None = None
    """What the walker looks for from there, where it is not underfoot: the shelf, the point that was asked for."""


class Leg(NamedTuple):
    """A walk on one level, from corner to corner; a single point where one leaves the level as one came."""

    level: LevelId
    points: tuple[Point, ...]
    metres: float


class Change(NamedTuple):
    """A way from one level to another that is not walked on the floor."""

    kind: str
    """As in LINK_KINDS: stairs, elevator, escalator, ramp, walkway, path; or `outside`, out by one door and in by another."""
    id: str
    origin: LevelId
    at: Point
    """Where it is entered, on `origin`."""
    destination: LevelId
    rise_m: float
    """Below 0 on the way down."""
    seconds: float
    step_free: bool


@dataclass(frozen=True, slots=True)
class Route:
    """The way: legs, and between each two of them a change."""

    start: Stop
    goal: Stop
    legs: tuple[Leg, ...]
    changes: tuple[Change, ...]
    step_free: bool
    """Whether no step is on it, asked for or not."""

    @property
    def metres(self) -> float:
        """On the floors; links are not counted."""
        return sum(leg.metres for leg in self.legs)

    @property
    def seconds(self) -> float:
        return self.metres / WALK_MPS + sum(change.seconds for change in self.changes)
