"""Routes of statistics: visits, zones and paths of some days, as JSON or CSV. What is hidden, and why, says `reports/disclosure.py`."""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from datetime import date
from typing import Any, Final, Literal

import msgspec
from aiohttp import web

from floorplans.http.reach import tagged
from geofence import reasons
from geofence.reports.report_grid import Step
from geofence.reports.visits import Asked, Line, Report, Reports
from groundwork.contracts.ids import VenueId, ZoneId
from groundwork.people.model import READ_AGGREGATES
from groundwork.plumbing.auth import Caller
from groundwork.plumbing.http import Route, caller, query_of
from groundwork.plumbing.reasons import Words

_CSV: Final = "text/csv"
_REFUSALS: Final = (reasons.UNKNOWN_VENUE, reasons.BAD_SPAN)

Format = Literal["json", "csv"]


class VisitsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Which days, `to` excluded, as local dates of the venue."""

    from_: date
    to: date
    step: Literal["hour", "day"] = "day"
    format: Format = "json"


class ZonesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Which days, `to` excluded, as local dates of the venue."""

    from_: date
    to: date
    step: Literal["quarter", "hour", "day"] = "hour"
    format: Format = "json"


class PathsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, rename={"from_": "from"}):
    """Which days, `to` excluded, as local dates of the venue. A week belongs to them if it begins in them, on a Monday, and is over."""

    from_: date
    to: date
    step: Literal["day", "week"] = "week"
    format: Format = "json"


class VisitCell(msgspec.Struct, frozen=True, kw_only=True):
    """Visits that began in one cell; null is hidden."""

    start: str
    visits: int | None
    shoppers: int | None
    median_s: int | None
    """Of those with consent to measurement."""
    p90_s: int | None


class ZoneCell(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one zone in one cell; null is hidden."""

    start: str
    zone: ZoneId
    enters: int | None
    shoppers: int | None
    occupancy: float | None
    """How many were there at a time, on average; by stays that have ended."""
    median_s: int | None
    """Of stays that began in it, of those with consent to measurement."""
    p90_s: int | None


class PathCell(msgspec.Struct, frozen=True, kw_only=True):
    """How often `zone` came after `origin`, on visits with consent to measurement that began in one cell."""

    start: str
    origin: ZoneId
    zone: ZoneId
    moves: int | None


class _Head(msgspec.Struct, frozen=True, kw_only=True):
    """What every report says of itself."""

    version: int = 1
    venue: VenueId
    time_zone: str
    step: str
    smallest_group: int
    """Cells of fewer shoppers are hidden, and the next smallest where a subtraction would show them; counts are rounded."""
    complete_until: date
    """Days before this are complete; later ones are not shown yet."""


class VisitReport(_Head, frozen=True, kw_only=True):
    """Visits; cells that are not listed are hidden or empty."""

    cells: list[VisitCell]


class ZoneReport(_Head, frozen=True, kw_only=True):
    """Zones; cells that are not listed are hidden or empty."""

    cells: list[ZoneCell]


class PathReport(_Head, frozen=True, kw_only=True):
    """Paths; cells that are not listed are hidden or empty."""

    cells: list[PathCell]


Read = Callable[[Caller, VenueId, Asked], Awaitable[Report]]
AnyQuery = VisitsQuery | ZonesQuery | PathsQuery
Cells = Sequence[VisitCell] | Sequence[ZoneCell] | Sequence[PathCell]


class VisitRoutes:
    """The handlers."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def routes(self) -> Sequence[Route]:
        return (
            Route(
                "GET",
                "/v1/venues/{venue}/visits",
                self.visits,
                Words("How many visits there were, and how long.", "عدد الزيارات ومدتها."),
                grant=READ_AGGREGATES,
                answer=VisitReport,
                query=VisitsQuery,
                refusals=_REFUSALS,
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/zones/statistics",
                self.zones,
                Words("How zones were entered and stayed in.", "دخول المناطق والبقاء فيها."),
                grant=READ_AGGREGATES,
                answer=ZoneReport,
                query=ZonesQuery,
                refusals=_REFUSALS,
            ),
            Route(
                "GET",
                "/v1/venues/{venue}/paths",
                self.paths,
                Words("From which zone to which shoppers went.", "من أي منطقة إلى أي منطقة انتقل المتسوقون."),
                grant=READ_AGGREGATES,
                answer=PathReport,
                query=PathsQuery,
                refusals=_REFUSALS,
            ),
        )

    async def visits(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/visits."""
        query = query_of(request, VisitsQuery)
        report = await self._read(request, self._reports.visits, query)
        cells = [
            VisitCell(start=line.start, visits=line.amount, shoppers=line.shoppers, median_s=line.median_s, p90_s=line.p90_s)
            for line in report.lines
        ]
        return _answered(request, query, VisitCell, cells, VisitReport(cells=cells, **self._head(request, query.step, report)))

    async def zones(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/zones/statistics."""
        query = query_of(request, ZonesQuery)
        report = await self._read(request, self._reports.zones, query)
        cells = [_zone_cell(line) for line in report.lines]
        return _answered(request, query, ZoneCell, cells, ZoneReport(cells=cells, **self._head(request, query.step, report)))

    async def paths(self, request: web.Request) -> web.StreamResponse:
        """GET /v1/venues/{venue}/paths."""
        query = query_of(request, PathsQuery)
        report = await self._read(request, self._reports.paths, query)
        cells = [PathCell(start=line.start, origin=ZoneId(line.origin), zone=ZoneId(line.zone), moves=line.amount) for line in report.lines]
        return _answered(request, query, PathCell, cells, PathReport(cells=cells, **self._head(request, query.step, report)))

    async def _read(self, request: web.Request, read: Read, query: AnyQuery) -> Report:
        asked = Asked(query.from_, query.to, query.step)
        return await read(caller(request), VenueId(request.match_info["venue"]), asked)

    def _head(self, request: web.Request, step: Step, report: Report) -> dict[str, Any]:
        group = self._reports.settings.smallest_group
        venue = VenueId(request.match_info["venue"])
        return {
            "venue": venue,
            "time_zone": report.time_zone,
            "step": step,
            "smallest_group": group,
            "complete_until": report.complete_until,
        }


def _zone_cell(line: Line) -> ZoneCell:
    return ZoneCell(
        start=line.start,
        zone=ZoneId(line.zone),
        enters=line.amount,
        shoppers=line.shoppers,
        occupancy=line.occupancy,
        median_s=line.median_s,
        p90_s=line.p90_s,
    )


def _answered(request: web.Request, query: AnyQuery, kind: type[msgspec.Struct], cells: Cells, report: _Head) -> web.Response:
    """The report as JSON with an ETag, or its cells as CSV, where what is hidden is an empty field."""
    if query.format == "json":
        return tagged(request, report)
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(kind.__struct_fields__)
    lines.writerows(msgspec.structs.astuple(cell) for cell in cells)
    name = f'attachment; filename="{request.path.rpartition("/")[2]}.csv"'
    return web.Response(text=text.getvalue(), content_type=_CSV, charset="utf-8", headers={"Content-Disposition": name})
