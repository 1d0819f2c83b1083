"""One guard for all routes that take a body: a field that would hold an age, a gender or a nationality is refused by that name.

Such a field is unknown to every route anyway. Its own reason tells an app's author that it was not misspelt: there is no other spelling.
"""

from collections.abc import Sequence
from dataclasses import replace

from aiohttp import web

from groundwork.people.demographics import named_in_field
from groundwork.people.reasons import NAMES_DEMOGRAPHICS
from groundwork.plumbing import problems
from groundwork.plumbing.http import Handler, Route
from groundwork.plumbing.reasons import Refusal


def refusing_demographics(routes: Sequence[Route]) -> list[Route]:
    """The routes, each that reads a body behind the guard."""
    return [_guarded(route) if route.request is not None else route for route in routes]


def _guarded(route: Route) -> Route:
    handler: Handler = route.handler

    async def guarded(request: web.Request) -> web.StreamResponse:
        try:
            return await handler(request)
        except Refusal as refusal:
            named = named_in_field(refusal.at.rpartition("/")[2]) if refusal.reason is problems.FIELD_UNKNOWN else None
            if named is None:
                raise
            raise Refusal(NAMES_DEMOGRAPHICS, at=refusal.at, value=named.words) from None

    refusals = dict.fromkeys((*route.refusals, NAMES_DEMOGRAPHICS))
    return replace(route, handler=guarded, refusals=tuple(refusals))
