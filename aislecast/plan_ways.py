"""`aislecast plan route` and `aislecast plan coverage`: ways and radio on a plan file or a venue's plan, without a server running."""

import argparse
import csv
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from aislecast.arguments import Parser, number, whole_number
from aislecast.commands.options import add_data, add_database, add_json
from aislecast.exits import BAD_INPUT, FAILED, OK, Stop
from aislecast.plan_files import check_picture, level_of, picture, plan_of_source, write_out
from aislecast.words import Voice
from groundwork.plumbing.phrases import phrase_of
from groundwork.plumbing.reasons import Words

if TYPE_CHECKING:
    from floorplans.errands import ErrandAsked, ErrandTold
    from floorplans.hearing import CoverageTold, WalkTold
    from floorplans.model import Plan
    from floorplans.route import NoRoute, Route
    from floorplans.walk_test import Measured

ROUTE = Words("find the way between places of a plan", "اعثر على الطريق بين أماكن في المخطط")
COVERAGE = Words("forecast what gateways hear on a plan", "توقّع ما تسمعه البوابات في المخطط")
_PLACE = "PLACE"
_PIXELS_A_METRE = 10.0
_FROM = Words(
    "where it starts: LEVEL:x,y in metres, or the id of a zone, point, opening, shelf or product",
    "نقطة البداية: LEVEL:x,y بالأمتار، أو معرّف منطقة أو نقطة أو باب أو رف أو منتج",
)
_TO = Words("where it ends", "نقطة النهاية")
_VIA = Words("what is fetched on the way; repeat it", "ما يُؤخذ في الطريق؛ ويمكن تكراره")
_IN_ORDER = Words(
    "keep the order of `--via` (default: the order that makes the walk short)", "أبقِ ترتيب `--via` (الافتراضي: ما يقصّر المشي)"
)
_STEP_FREE = Words("without stairs and escalators", "دون درج أو سلالم متحركة")
_GEOJSON = Words("the path alone, as GeoJSON", "المسار وحده بصيغة GeoJSON")
_SVG = Words("draw the way on its first level, as SVG or PNG", "ارسم الطريق على طابقه الأول بصيغة SVG أو PNG")
_LEVEL = Words("one level alone (default: all)", "طابق واحد فقط (الافتراضي: كلها)")
_FILLERS = Words("places for so many further gateways (default: 3)", "أماكن لعدد من البوابات الإضافية (الافتراضي: 3)")
_WALK = Words(
    "a walk test as CSV: `gateway, level, x_m, y_m, rssi_dbm`",
    "ما سمعته البوابات في جولة قياس، بصيغة CSV: `gateway, level, x_m, y_m, rssi_dbm`",
)
_HEAT = Words("draw the signal on a level, as SVG or PNG", "ارسم الإشارة على طابق بصيغة SVG أو PNG")
_NOWHERE = Words("Give `--to`, or at least one `--via`.", "اذكر `--to` أو `--via` واحدًا على الأقل.")
_NO_WAY = Words("{problem}", "{problem}")
_WAY = Words("To {name}: {metres} m, about {minutes} min", "إلى {name}: {metres} م، نحو {minutes:دقيقة}")
_WAY_THERE = Words("The way: {metres} m, about {minutes} min", "الطريق: {metres} م، نحو {minutes:دقيقة}")
_HEARD = Words(
    "Level {level}: heard by 1 gateway or more {one} %, by 2 {two} %, by 3 {three} %; gateways: {gateways}.",
    "الطابق {level}: تسمعه بوابة أو أكثر {one} %، بوابتان {two} %، ثلاث {three} %؛ البوابات: {gateways}.",
)
_SILENT = Words("Level {level}: no gateway hangs here yet.", "الطابق {level}: لا توجد فيه بوابة بعد.")
_FILLER = Words(
    "  With {count} more, the last at ({place}): by 1 {one} %, by 2 {two} %, by 3 {three} %.",
    "  مع {count} إضافية، آخرها عند ({place}): بوابة {one} %، بوابتان {two} %، ثلاث {three} %.",
)
_WALKED = Words(
    "Walk test: {points} points, mean error {error} dB, bias {bias} dB, spread {spread} dB.",
    "جولة القياس: النقاط {points}، متوسط الخطأ {error} dB، الانحياز {bias} dB، التشتت {spread} dB.",
)
_UNKNOWN = Words("Heard, but not on the plan's level: {names}.", "سُمعت وليست على طابقها في المخطط: {names}.")
_BAD_WALK = Words(
    "{path}, row {row}: expected `gateway, level, x_m, y_m, rssi_dbm`; got {got}.",
    "{path}، الصف {row}: المتوقع البوابة وموضعها وقدرتها (`gateway, level, x_m, y_m, rssi_dbm`)؛ والمعطى {got}.",
)


def add_arguments(route: Parser, coverage: Parser, voice: Voice) -> None:
    """Beside the source and how to read it, which `commands/plan.py` adds."""
    for action in (route, coverage):
        add_data(action)
        add_database(action)
    route.argument("--from", _FROM, metavar=_PLACE, dest="start", required=True)
    route.argument("--to", _TO, metavar=_PLACE, dest="end")
    route.argument("--via", _VIA, metavar=_PLACE, action="append", default=[])
    route.flag("--in-order", _IN_ORDER)
    route.flag("--step-free", _STEP_FREE)
    add_json(route)
    route.flag("--geojson", _GEOJSON)
    route.argument("--svg", _SVG, metavar="FILE", type=Path)
    coverage.argument("--level", _LEVEL, metavar="ID", default="")
    coverage.argument("--fillers", _FILLERS, metavar="N", type=whole_number(voice, 0, 10), default=3)
    coverage.argument(
        "--threshold",
        Words("dBm that count as heard (default: -85)", "القدرة التي تُعد مسموعة بوحدة dBm (الافتراضي: -85)"),
        metavar="N",
        type=number(voice, -120, -30),
        default=-85.0,
    )
    coverage.argument("--walk", _WALK, metavar="FILE", type=Path)
    add_json(coverage)
    coverage.argument("--svg", _HEAT, metavar="FILE", type=Path)


def route(args: argparse.Namespace, voice: Voice) -> int:
    """Exit code 1 where there is no way, 2 where a place is not on the plan."""
    from floorplans.errands import ErrandAsked, Guide
    from floorplans.route import NoRoute

    if args.end is None and not args.via:
        raise Stop(_NOWHERE, BAD_INPUT)
    if args.svg is not None:
        check_picture(args.svg)
    plan = plan_of_source(args, voice)
    tied = bool(plan.levels) and all(level.anchor for level in plan.levels)
    asked = ErrandAsked(
        start=args.start, stops=args.via, end=args.end, step_free=args.step_free, as_given=args.in_order, degrees=args.geojson and tied
    )
    try:
        guide = Guide(plan)
        errand = guide.found(asked)
    except NoRoute as fault:
        raise _stop(fault, asked, voice) from None
    answer = guide.told(errand, asked, voice.language)
    if args.svg is not None:
        write_out(args.svg, _drawn(plan, errand.routes, args.svg, voice), voice)
    _print_route(answer, args, voice, tied=tied)
    return OK


def _print_route(answer: "ErrandTold", args: argparse.Namespace, voice: Voice, *, tied: bool) -> None:
    if args.geojson:
        features = [
            {**feature, "properties": {**feature["properties"], "stop": way.stop}}
            for way in answer.ways
            for feature in way.path["features"]
        ]
        local = {} if tied else {"crs": "local"}  # metres, which no reader of GeoJSON expects unless it is told
        print(msgspec.json.encode({"type": "FeatureCollection", **local, "features": features}).decode())
        return
    if args.json:
        print(msgspec.json.encode(answer).decode())
        return
    for way in answer.ways:
        length = {"metres": round(way.metres), "minutes": max(1, round(way.seconds / 60))}
        if way.names is None:
            print(voice.say(_WAY_THERE, **length))
        else:
            print(voice.say(_WAY, name=way.names.ar if voice.language == "ar" else way.names.en, **length))
        for number_, step in enumerate(way.directions, 1):
            print(f"  {number_}. {step.text}")


def _drawn(plan: "Plan", routes: "tuple[Route, ...]", path: Path, voice: Voice) -> bytes:
    from floorplans.render.scene import scene_of, with_ways

    first = routes[0].legs[0].level
    level = next(one for one in plan.levels if one.id == first)
    walks = [leg.points for one in routes for leg in one.legs if leg.level == first]
    return picture(with_ways(scene_of(plan, level, voice.language), walks), path, _PIXELS_A_METRE)


def _stop(fault: "NoRoute", asked: "ErrandAsked", voice: Voice) -> Stop:
    from floorplans.reasons import UNKNOWN_PLACE
    from floorplans.route_refusals import reason_of, stop_named

    reason = reason_of(fault)
    said = reason.words.said(voice.language, value=stop_named(fault, asked))
    return Stop(_NO_WAY, BAD_INPUT if reason is UNKNOWN_PLACE else FAILED, problem=said)


def coverage(args: argparse.Namespace, voice: Voice) -> int:
    """Exit code 1 where a walk test strays too far from the forecast."""
    from floorplans.hearing import CoverageAsked, heard, walked
    from floorplans.walk_test import compared

    if args.svg is not None:
        check_picture(args.svg)
    plan = plan_of_source(args, voice)
    if args.level:
        level_of(plan, args.level)
    if args.svg is not None:
        write_out(args.svg, _heat(plan, args, voice), voice)
    answer = heard(plan, CoverageAsked(level=args.level, threshold_dbm=args.threshold, fillers=args.fillers))
    walk = walked(plan, compared(plan, _walk(args.walk))) if args.walk is not None else None
    if args.json:
        print(msgspec.json.encode({"coverage": answer, "walk_test": walk}).decode())
    else:
        _print_coverage(answer, walk, voice)
    return OK if walk is None or walk.good else FAILED


def _print_coverage(answer: "CoverageTold", walk: "WalkTold | None", voice: Voice) -> None:
    for level in answer.levels:
        if level.gateways:
            print(voice.say(_HEARD, level=level.level, gateways=len(level.gateways), **_percents(level.heard_by)))
        else:
            print(voice.say(_SILENT, level=level.level))
        for count, filler in enumerate(level.fillers, 1):
            print(voice.say(_FILLER, count=count, place=f"{filler.x_m}, {filler.y_m}", **_percents(filler.heard_by)))
    if walk is not None:
        print(voice.say(_WALKED, points=walk.points, error=walk.mean_error_db, bias=walk.bias_db, spread=walk.spread_db))
        if walk.unknown:
            print(voice.say(_UNKNOWN, names=", ".join(walk.unknown)), file=sys.stderr)


def _percents(heard_by: "Mapping[int, float]") -> dict[str, str]:
    """What share of the floor is heard by so many gateways or more, as sentences say it."""
    return {name: f"{100 * heard_by[count]:.0f}" for count, name in enumerate(("one", "two", "three"), 1)}


def _heat(plan: "Plan", args: argparse.Namespace, voice: Voice) -> bytes:
    from floorplans.coverage import CELL_M, cell_for, predicted
    from floorplans.render.scene import scene_of

    level = level_of(plan, args.level)
    cell = cell_for(level, CELL_M)
    heat = predicted(plan, level.id, cell_m=cell).heat()
    return picture(scene_of(plan, level, voice.language, heat, cell), args.svg, _PIXELS_A_METRE)


def _walk(path: Path) -> "list[Measured]":
    """The rows of a walk test. Raises Stop with the row that is at fault."""
    from floorplans.walk_test import Measured
    from groundwork.contracts.ids import LevelId

    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise Stop(_BAD_WALK, BAD_INPUT, path=path, row=0, got=phrase_of(error)) from None
    found = []
    for number_, row in enumerate(rows, 2):
        try:
            x, y, dbm = (float(row[key]) for key in ("x_m", "y_m", "rssi_dbm"))
            found.append(Measured(row["gateway"], LevelId(row["level"]), x, y, dbm))
        except (KeyError, TypeError, ValueError):
            raise Stop(_BAD_WALK, BAD_INPUT, path=path, row=number_, got=", ".join(map(str, row.values()))) from None
    return found
