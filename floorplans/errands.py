"""An errand as it is asked for, by the names of places, and as it is told: one way for each stop, for maps, phones and ears.

Pure. HTTP and the command line ask and answer alike. The ways are found in `wayfinding.py`, put into sentences in `directions.py` and
drawn in `route_path.py`.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from floorplans.directions import Signs, Step, directions
from floorplans.model import Names, Plan
from floorplans.route import NoRoute, Route, Stop
from floorplans.route_path import EVERY_M, PathAnchor, anchors, geojson
from floorplans.wayfinding import Errand, Wayfinder
from groundwork.contracts.ids import LevelId, PlanVersionId, ZoneId

MOST_STOPS: Final = 50
"""On one list. The order of 50 is found in half a second; a longer list is two errands."""
FAR_OFF_M: Final = 10.0
"""What lies farther from any walkable floor is not walked to; a shop that is closed on the plan is at most as deep."""


class StepTold(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to do, as the walker hears it."""

    kind: str
    """start, straight, left, right, slight_left, slight_right, around, arrive, or the kind of a link: elevator."""
    level: LevelId
    x_m: float
    y_m: float
    metres: float
    heading_deg: float | None
    zones: list[ZoneId]
    text: str


class WayTold(msgspec.Struct, frozen=True, kw_only=True):
    """The way to one stop."""

    stop: int | None
    """Which of the list, counted from 0; None: to the end."""
    names: Names | None
    """Of what it leads to, where that has a name."""
    metres: float
    seconds: float
    step_free: bool
    """Whether no step is on it, asked for or not."""
    off_m: float
    """How far from what was asked for one can get."""
    path: dict[str, Any]
    """GeoJSON: a line for each level walked on, in metres of its frame, or in degrees where that was asked for."""
    anchors: list[PathAnchor]
    directions: list[StepTold]


class ErrandTold(msgspec.Struct, frozen=True, kw_only=True):
    """The whole errand."""

    version: int = 1
    plan_version: PlanVersionId
    order: list[int]
    """Places in the list that was asked for, in the order to go in."""
    metres: float
    seconds: float
    ways: list[WayTold]


class ErrandAsked(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked: from where, over which stops, and to where; one of the last two at least."""

    start: str
    stops: Sequence[str] = ()
    end: str | None = None
    step_free: bool = False
    as_given: bool = False
    degrees: bool = False
    every_m: float = EVERY_M


class Guide:
    """A plan's ways and what there is to tell on them, made once and asked often; not for two threads at a time."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.wayfinder = Wayfinder(plan)
        self._signs = Signs(plan)

    def found(self, asked: ErrandAsked) -> Errand:
        """The errand's ways. Raises NoRoute with the number of the stop at fault: 0 is the start, the end comes after the stops."""
        wanted = [asked.start, *asked.stops, *([] if asked.end is None else [asked.end])]
        stops: list[Stop] = []
        for number, text in enumerate(wanted):
            try:
                stops.append(self._reached(text, asked.step_free))
            except NoRoute as fault:
                raise NoRoute(fault.code, fault.what, number) from None
        start, *rest = stops
        end = rest.pop() if asked.end is not None else None
        return self.wayfinder.errand(start, rest, end, asked.step_free, asked.as_given)

    def told(self, errand: Errand, asked: ErrandAsked, language: str) -> ErrandTold:
        """The errand for those who walk it, with its directions in `language` (`ar`, else English)."""
        stops: list[int | None] = [*errand.order, *([] if asked.end is None else [None])]
        return ErrandTold(
            plan_version=self.plan.version,
            order=list(errand.order),
            metres=round(errand.metres, 2),
            seconds=round(errand.seconds, 1),
            ways=[self._way(route, stop, asked, language) for stop, route in zip(stops, errand.routes, strict=True)],
        )

    def _reached(self, text: str, step_free: bool) -> Stop:
        stop = self.wayfinder.stop(self.wayfinder.named(text), step_free)
        if stop.off_m > FAR_OFF_M:
            raise NoRoute("not_walkable", text)
        return stop

    def _way(self, route: Route, stop: int | None, asked: ErrandAsked, language: str) -> WayTold:
        return WayTold(
            stop=stop,
            names=route.goal.names,
            metres=round(route.metres, 2),
            seconds=round(route.seconds, 1),
            step_free=route.step_free,
            off_m=round(route.goal.off_m, 2),
            path=geojson(self.plan, route, asked.degrees),
            anchors=anchors(self.plan, route, asked.every_m),
            directions=[_step(step, language) for step in directions(self.plan, route, self._signs)],
        )


def _step(step: Step, language: str) -> StepTold:
    return StepTold(
        kind=step.kind,
        level=step.level,
        x_m=round(step.at[0], 3),
        y_m=round(step.at[1], 3),
        metres=round(step.metres, 2),
        heading_deg=None if step.heading_deg is None else round(step.heading_deg, 1),
        zones=list(step.zones),
        text=step.words.ar if language == "ar" else step.words.en,  # filled in already: a name may hold braces
    )
