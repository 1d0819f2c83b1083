"""One day of a venue for the command line: the reports that the HTTP routes answer with, through the same door (`geofence.reports.visits`).

Nothing is decided here about what may be shown; `geofence/reports/disclosure.py` does, and a day that is not over is refused.
"""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import NamedTuple

from aislecast.exits import FAILED, Stop
from aislecast.venues import venue_named
from floorplans import queries as places
from floorplans.model import Names, Venue
from geofence.reports.report_grid import Step
from geofence.reports.visits import Asked, Line, Reports
from geofence.settings import Settings
from groundwork.people.accounts import machine
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.reasons import Words

_NOT_YET = Words(
    "{date} is not shown yet: a day is shown once it is over at the venue, so that nobody watches a count grow by one. Shown are "
    "the days before {until}.",
    "لم يُعرض يوم {date} بعد: يُعرض اليوم بعد انتهائه في المتجر، كي لا يراقب أحد عددًا يزيد واحدًا. المعروض هو الأيام السابقة ليوم {until}.",
)


class DayReport(NamedTuple):
    """One day of a venue, as far as it may be shown."""

    venue: Venue
    zones: Mapping[str, Names]
    """The names of the zones in force."""
    day: date
    complete_until: date
    smallest_group: int
    visits: Line | None
    """None: hidden, or there were none."""
    by_zone: list[Line]
    by_quarter: list[Line]
    """Zones by quarter of an hour, in order of time."""


async def day_report(db: Database, clock: Clock, settings: Settings, wanted: tuple[str | None, str | None], day: date | None) -> DayReport:
    """The day, else the last that is shown, of the `wanted` venue (its id, its tenant). Raises Stop for an unknown venue or an open day."""
    venue = await db.read(lambda conn: venue_named(conn, *wanted))
    reports, who = Reports(db, clock, settings), machine(venue.tenant)
    until = reports.complete_until(venue.time_zone)
    day = day or until - timedelta(days=1)
    if day >= until:
        raise Stop(_NOT_YET, FAILED, date=day, until=until)
    visits = await reports.visits(who, venue.id, _of(day, "day"))
    by_zone = await reports.zones(who, venue.id, _of(day, "day"))
    by_quarter = await reports.zones(who, venue.id, _of(day, "quarter"))
    names = await db.read(lambda conn: _zone_names(conn, venue))
    total = next(iter(visits.lines), None)
    return DayReport(venue, names, day, until, settings.smallest_group, total, by_zone.lines, by_quarter.lines)


def _of(day: date, step: Step) -> Asked:
    return Asked(day, day + timedelta(days=1), step)


def _zone_names(conn: Connection, venue: Venue) -> dict[str, Names]:
    plan = places.published_plan(conn, venue.tenant, venue.id)
    return {zone.id: zone.names for zone in plan.zones} if plan else {}
