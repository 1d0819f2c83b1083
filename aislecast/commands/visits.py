"""`aislecast visits`: one day of a venue: its visits, how its zones were used, and when; from the database, while the server runs or not.

The same figures as `GET /v1/venues/{venue}/visits` and `.../zones/statistics`, by the same rules: what fewer than `smallest_group`
shoppers contributed to is hidden, counts are rounded, and a day is shown once it is over. Whoever reads the data folder sees no more here
than an analyst does in the console (docs/statistics.md).
"""

import argparse
import asyncio
import json
import os
from collections.abc import Iterator
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, add_database, add_json, existing_database_url, folder_of
from aislecast.exits import BAD_INPUT, OK, Stop
from aislecast.words import Voice
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from aislecast.day_report import DayReport
    from geofence.reports.visits import Line
    from groundwork.plumbing.clock import Clock

SUMMARY = Words("show a day's visits and how zones were used", "اعرض زيارات يوم واحد وكيف استُخدمت المناطق")
_VENUE = Words("the venue's id (default: the only one)", "معرّف المتجر (الافتراضي: المتجر الوحيد)")
_TENANT = Words("the tenant, where several have a venue of that id", "المستأجر، إن كان المتجر بهذا المعرّف لدى أكثر من واحد")
_DATE = Words(
    "a day of the venue's calendar as YYYY-MM-DD (default: the last that is shown)",
    "يوم من تقويم المتجر بالصيغة YYYY-MM-DD (الافتراضي: آخر يوم معروض)",
)
_BAD_DATE = Words("`--date` takes a day as `YYYY-MM-DD`; got {got}.", "الخيار `--date` يقبل يومًا بالصيغة `YYYY-MM-DD`؛ والمعطى {got}.")
_HEAD = Words("{name} ({venue}), {date}, time zone {zone}", "{name} ({venue})، {date}، المنطقة الزمنية {zone}")
_VISITS = Words(
    "Visits: about {visits}, by about {shoppers} shoppers",
    "الزيارات: نحو {visits}، والمتسوقون: نحو {shoppers}",
)
_NO_VISITS = Words("Visits: none, or by fewer than {least} shoppers", "الزيارات: لا شيء، أو عدد المتسوقين أقل من {least}")
_ZONES = Words("How zones were used", "استخدام المناطق")
_ZONE = Words(
    "{zone}: entered about {enters} times by about {shoppers} shoppers",
    "{zone}: نحو {enters:مرة} دخول، والمتسوقون: نحو {shoppers}",
)
_ZONE_HIDDEN = Words("{zone}: the number of enters is hidden", "{zone}: عدد مرات الدخول مخفي")
_AT_A_TIME = Words("{mean} there at a time", "{mean} فيها في الوقت الواحد")
_LASTED = Words("half stayed up to {median} s, nine of ten up to {p90} s", "بقي نصفهم حتى {median:ثانية}، وتسعة من عشرة حتى {p90:ثانية}")
_QUARTERS = Words("Enters by quarter of an hour", "مرات الدخول في كل ربع ساعة")
_COUNT = Words("{zone} {enters}", "{zone} {enters}")
_AND = Words("; ", "؛ ")
_NOTHING = Words("none, or too few to be shown", "لا شيء، أو أقل من أن يُعرض")
_RULES = Words(
    "Hidden is what fewer than {least} shoppers contributed to, with whatever would give it away; counts are rounded.",
    "يُخفى ما ساهم فيه عدد من المتسوقين أقل من {least}، وما قد يكشفه؛ والأعداد مقرّبة.",
)


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    parser.argument("--venue", _VENUE, metavar="ID")
    parser.argument("--tenant", _TENANT, metavar="ID")
    parser.argument("--date", _DATE, metavar="DAY")
    add_data(parser)
    add_database(parser)
    add_json(parser)


def run(args: argparse.Namespace, voice: Voice) -> int:
    from groundwork.plumbing.clock import SystemClock

    return show(args, voice, SystemClock())


def show(args: argparse.Namespace, voice: Voice, clock: "Clock") -> int:
    """Prints the day. Raises Stop where there is no such venue, and with exit code 1 where the day is not over."""
    try:
        day = None if args.date is None else date.fromisoformat(args.date)
    except ValueError:
        raise Stop(_BAD_DATE, BAD_INPUT, got=args.date) from None
    report = asyncio.run(_looked_up(args, day, clock))
    if args.json:
        print(json.dumps(_json(report), ensure_ascii=False))
        return OK
    for line in _said(report, voice):
        print(voice.line(line))
    return OK


async def _looked_up(args: argparse.Namespace, day: date | None, clock: "Clock") -> "DayReport":
    from aislecast.configuration import FILE, configuration
    from aislecast.day_report import day_report
    from groundwork.plumbing.db import open_database

    url, settings = existing_database_url(args), configuration(os.environ, folder_of(args).root / FILE).geofence
    db = await open_database(url)
    try:
        return await day_report(db, clock, settings, (args.venue, args.tenant), day)
    finally:
        await db.close()


def _json(report: "DayReport") -> dict[str, object]:
    """As the HTTP routes say it; what is null, and what is not listed, is hidden or empty."""
    visits = report.visits
    return {
        "version": 1,
        "tenant": report.venue.tenant,
        "venue": report.venue.id,
        "time_zone": report.venue.time_zone,
        "date": report.day.isoformat(),
        "smallest_group": report.smallest_group,
        "complete_until": report.complete_until.isoformat(),
        "visits": None if visits is None else _cell(visits, ("visits", "shoppers", "median_s", "p90_s")),
        "zones": [_cell(line, ("zone", "enters", "shoppers", "occupancy", "median_s", "p90_s")) for line in report.by_zone],
        "quarters": [_cell(line, ("start", "zone", "enters", "shoppers", "occupancy")) for line in report.by_quarter],
    }


def _cell(line: "Line", names: tuple[str, ...]) -> dict[str, object]:
    """The named figures of a line, of which a count is called after what it counts."""
    figures = {**line._asdict(), "visits": line.amount, "enters": line.amount}
    return {name: figures[name] for name in names}


def _said(report: "DayReport", voice: Voice) -> Iterator[str]:
    venue = report.venue
    name = venue.names.ar if voice.right_to_left else venue.names.en
    yield voice.say(_HEAD, name=name, venue=venue.id, date=report.day, zone=venue.time_zone)
    if report.visits is None or report.visits.amount is None:
        yield voice.say(_NO_VISITS, least=report.smallest_group)
    else:
        yield _with(voice, voice.say(_VISITS, visits=report.visits.amount, shoppers=report.visits.shoppers), report.visits)
    yield voice.say(_ZONES)
    yield from [f"  {_zone_line(line, report, voice)}" for line in report.by_zone] or [f"  {voice.say(_NOTHING)}"]
    yield voice.say(_QUARTERS)
    yield from [f"  {line}" for line in _quarters(report, voice)] or [f"  {voice.say(_NOTHING)}"]
    yield voice.say(_RULES, least=report.smallest_group)


def _zone_line(line: "Line", report: "DayReport", voice: Voice) -> str:
    zone = _name(line.zone, report, voice)
    if line.amount is None:
        return _with(voice, voice.say(_ZONE_HIDDEN, zone=zone), line)
    return _with(voice, voice.say(_ZONE, zone=zone, enters=line.amount, shoppers=line.shoppers), line)


def _with(voice: Voice, counted: str, line: "Line") -> str:
    """What was counted, and behind it how many there were at a time and how long it lasted, where that is shown."""
    parts = [counted]
    if line.occupancy is not None:
        parts.append(voice.say(_AT_A_TIME, mean=line.occupancy))
    if line.median_s is not None:
        parts.append(voice.say(_LASTED, median=line.median_s, p90=line.p90_s))
    return voice.say(_AND).join(parts)


def _quarters(report: "DayReport", voice: Voice) -> Iterator[str]:
    """A line for each quarter in which something is shown."""
    counted = [line for line in report.by_quarter if line.amount is not None]
    for start, lines in groupby(counted, key=lambda line: line.start):
        zones = voice.say(_AND).join(voice.say(_COUNT, zone=_name(line.zone, report, voice), enters=line.amount) for line in lines)
        yield f"{start[11:16]}  {zones}"


def _name(zone: str, report: "DayReport", voice: Voice) -> str:
    """The zone's name; its id where it is not on the plan any more."""
    names = report.zones.get(zone)
    return zone if names is None else names.ar if voice.right_to_left else names.en
