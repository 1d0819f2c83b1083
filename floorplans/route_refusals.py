"""Why there is no way, for people: the reason for each code of a NoRoute, and which stop it is about."""

from typing import Final

from floorplans.errands import ErrandAsked
from floorplans.reasons import NO_STEP_FREE_WAY, NO_WAY, NOT_WALKABLE, UNKNOWN_PLACE, UNPLACED_PRODUCT
from floorplans.route import NoRoute
from groundwork.plumbing.reasons import Reason

_WHY: Final[dict[str, Reason]] = {
    "unplaced_product": UNPLACED_PRODUCT,
    "not_walkable": NOT_WALKABLE,
    "no_way": NO_WAY,
    "no_step_free_way": NO_STEP_FREE_WAY,
}


def reason_of(fault: NoRoute) -> Reason:
    """The reason; any code that is not listed is a place that is not on the plan."""
    return _WHY.get(fault.code, UNKNOWN_PLACE)


def stop_named(fault: NoRoute, asked: ErrandAsked) -> str:
    """The stop at fault, as it was asked for."""
    return [asked.start, *asked.stops, asked.end or ""][fault.stop or 0]


def pointer_of(fault: NoRoute, asked: ErrandAsked) -> str:
    """Where it stands in a request, as a JSON pointer."""
    number = fault.stop or 0
    return "/from" if number == 0 else f"/stops/{number - 1}" if number <= len(asked.stops) else "/to"
