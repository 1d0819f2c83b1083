"""What a replay has to tell: counts, the score where the truth is known, and hops that must reconcile; as JSON or as a table."""

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
from rich.console import Console
from rich.table import Table

from aislecast.replaying.predictions import walk_of
from aislecast.replaying.score import Rows, score
from aislecast.replaying.survey import TENANT, VENUE, plan_with
from aislecast.steps import in_order, step_name
from aislecast.twin.recorded_plan import sides_of
from aislecast.twin.recording import Recording
from aislecast.words import Voice
from geofence.columns import NONE
from geofence.zones.match import ZoneMap
from geofence.zones.nesting import nesting_of
from groundwork.plumbing.hops import Hop, Hops
from groundwork.plumbing.reasons import Words

FIGURES = {
    "recording": Words("recording", "التسجيل"),
    "part": Words("part", "الجزء"),
    "sessions": Words("sessions", "الجلسات"),
    "adverts": Words("adverts heard", "الإعلانات المسموعة"),
    "sightings": Words("sightings sent", "الأرصاد المرسلة"),
    "fixes": Words("fixes", "تحديدات الموضع"),
    "zone_events": Words("zone events", "أحداث المناطق"),
    "decisions": Words("decisions", "القرارات"),
    "pushes": Words("pushes", "الإشعارات"),
    "redemptions": Words("redemptions", "القسائم المصروفة"),
    "rows": Words("truth rows", "صفوف الحقيقة"),
    "answered_share": Words("share answered", "نسبة ما أجيب عنه"),
    "error_m median": Words("error, median (m)", "الخطأ، الوسيط (م)"),
    "error_m p75": Words("error, 75 % (m)", "الخطأ، 75 % (م)"),
    "error_m p95": Words("error, 95 % (m)", "الخطأ، 95 % (م)"),
    "error_m mean": Words("error, mean (m)", "الخطأ، المتوسط (م)"),
    "zone_share": Words("share in the right zone", "نسبة المنطقة الصحيحة"),
    "floor_share": Words("share on the right floor", "نسبة الطابق الصحيح"),
    "aisle_share": Words("share in the right aisle", "نسبة الممر الصحيح"),
    "best3_share": Words("right zone among the best three", "المنطقة الصحيحة بين أفضل ثلاث"),
    "ece": Words("calibration error of probabilities", "خطأ معايرة الاحتمالات"),
    "push_precision": Words("precision, recall and delay (s) at p", "الدقة والاستدعاء والتأخير (ث) عند الاحتمال"),
    "presence enters": Words("zones entered", "دخول المناطق"),
    "presence precision": Words("zones entered, share of right ones", "دخول المناطق، نسبة الصحيح منه"),
    "presence recall": Words("stays that were found", "نسبة المكوث المكتشف"),
    "presence delay_s": Words("stays, median delay (s)", "تأخر اكتشاف المكوث، الوسيط (ث)"),
    "door crossings": Words("door crossings", "مرات عبور الباب"),
    "door found": Words("door crossings found", "مرات العبور المكتشفة"),
    "door false": Words("door crossings that were none", "مرات عبور لم تحدث"),
    "door median_delay_s": Words("door crossings, median delay (s)", "تأخر اكتشاف العبور، الوسيط (ث)"),
    "false_switches_per_hour": Words("false zone switches an hour", "تبديلات المنطقة الخاطئة في الساعة"),
    "true_switch_recall": Words("true zone switches that were found", "نسبة تبديلات المنطقة الحقيقية المكتشفة"),
    "seconds": Words("seconds taken", "الثواني المستغرقة"),
}
"""What each figure of a replay is called on a terminal; the keys are those of the JSON."""
UNITS = {
    "adverts": Words("adverts", "إعلانات"),
    "sightings": Words("sightings", "أرصاد"),
    "fixes": Words("fixes", "تحديدات"),
    "zone events": Words("zone events", "أحداث مناطق"),
    "decisions": Words("decisions", "قرارات"),
    "pushes": Words("pushes", "إشعارات"),
    "requests": Words("requests", "طلبات"),
    "rows": Words("rows", "صفوف"),
    "left": Words("beacons that left", "منارات غادرت"),
    "telemetry": Words("telemetry frames", "إطارات قياس"),
    "strangers": Words("counts of strangers", "أعداد الغرباء"),
    "GPS reports": Words("GPS reports", "تقارير GPS"),
    "payloads": Words("payloads of third-party boxes", "حمولات صناديق جهات أخرى"),
    "batches": Words("batches", "دفعات"),
    "numbers": Words("zone events and visits", "أحداث مناطق وزيارات"),
    "streams": Words("open streams", "بثوث مفتوحة"),
    "deliveries": Words("deliveries", "عمليات إيصال"),
    "tries": Words("tries", "محاولات"),
}
_FIGURE = Words("figure", "القيمة")
_STEP = Words("step", "المرحلة")
_UNIT = Words("unit", "الوحدة")
_IN = Words("in", "الداخل")
_OUT = Words("out", "الخارج")
_HELD = Words("held", "المنتظر")
_REFUSED = Words("refused, by reason", "المرفوض بحسب السبب")
_NAME = Words("what", "المقدار")


def counts(hops: Hops) -> list[dict[str, Any]]:
    """Each hop as JSON holds it, in the order of the flow; `missing` is 0 where everything is accounted for."""
    return [_count(hop) for hop in in_order(hops)]


def _count(hop: Hop) -> dict[str, Any]:
    refused = {code: hop.refused[code] for code in sorted(hop.refused) if hop.refused[code]}
    told = {"hop": hop.name, "unit": hop.unit, "in": hop.in_, "out": hop.out, "held": hop.held, "refused": refused}
    return {**told, "missing": hop.missing()}


def truth_rows(recording: Recording) -> Rows:
    """The recording's truth as the scorer takes it: each device of a session is scored by itself."""
    truth, names = recording.truth, (*recording.zone_names, "")
    walks = zip(truth.session.tolist(), truth.device.tolist(), strict=True)
    sessions = tuple(walk_of(recording.sessions[session], recording.carried[device]) for session, device in walks)
    zones = tuple(names[zone] for zone in truth.zone.tolist())
    places = bool(np.isfinite(truth.x_m).any())
    floors = tuple(recording.floor_names[floor] for floor in truth.floor.tolist())
    sides = sides_of(recording)
    if sides is not None:  # `inside-at-spot` is inside
        zones = tuple(zone.split("-", 1)[0] for zone in zones)
    aisles = aisles_of(recording)
    columns = (sessions, truth.t_ms / 1000, truth.x_m, truth.y_m, zones)
    return Rows(*columns, places=places, floor=floors, aisles=aisles, around=around_of(recording), sides=sides)


def around_of(recording: Recording) -> dict[str, frozenset[str]]:
    """The zones in which each zone lies, for those that lie in one."""
    zones = ZoneMap(plan_with(recording, None, TENANT, VENUE))
    names, parent = [zone.id for zone in zones.zones], nesting_of(zones).parent.tolist()
    found: dict[str, frozenset[str]] = {}
    for at in reversed(range(len(names))):  # outer zones are of later layers
        if parent[at] != NONE:
            found[names[at]] = found.get(names[parent[at]], frozenset()) | {names[parent[at]]}
    return found


def aisles_of(recording: Recording) -> dict[str, str]:
    """The aisle of each zone that is in one: as the recording says, else of a zone of that kind the number its name ends in.

    So `A4` and `C4` are one aisle in two rows of shelves.
    """
    said = ((outline.zone, outline.aisle or (_number(outline.zone) if outline.kind == "aisle" else "")) for outline in recording.zones)
    return {zone: aisle for zone, aisle in said if aisle}


def _number(name: str) -> str:
    return name[len(name.rstrip("0123456789")) :]


def scored(recording: Recording, predicted: Rows) -> dict[str, object]:
    """The score; that there was nothing to compare with, where the recording has no truth."""
    truth = truth_rows(recording)
    return score(truth, predicted) if truth.session else {"rows": 0}


def as_json(figures: Mapping[str, Any]) -> str:
    """One object on one line."""
    return msgspec.json.encode(figures).decode() + "\n"


def as_text(figures: Mapping[str, Any], voice: Voice, width: int = 110) -> str:
    """The figures as two tables in the operator's language."""
    console = Console(width=width, no_color=True, force_terminal=False)
    with console.capture() as captured:
        console.print(_figures(figures, voice))
        console.print(_hops(figures["hops"], voice))
    return captured.get()


def _figures(figures: Mapping[str, Any], voice: Voice) -> Table:
    table = _table(voice, (_NAME, _FIGURE), numbers=1)
    for name, value in figures.items():
        if name == "hops":
            continue
        if isinstance(value, dict):
            for part, number in value.items():
                table.add_row(voice.say(FIGURES[f"{name} {part}"]), _told(number))
        elif isinstance(value, list):
            for at in value:
                told = " / ".join(_told(at[key]) for key in ("precision", "recall", "delay_s"))
                table.add_row(f"{voice.say(FIGURES[name])} {at['threshold']}", told)
        else:
            table.add_row(voice.say(FIGURES[name]), f"{value:,}" if isinstance(value, int) else _told(value))
    return table


def _told(figure: object) -> str:
    """A figure that there is nothing to work out from is a dash in either language."""
    return "-" if figure is None else str(figure)


def _hops(hops: Sequence[Mapping[str, Any]], voice: Voice) -> Table:
    table = _table(voice, (_STEP, _UNIT, _IN, _OUT, _HELD, _REFUSED), numbers=3, first=2)
    for hop in hops:
        refused = ", ".join(f"{code} {count:,}" for code, count in hop["refused"].items())
        name, unit = step_name(hop["hop"], voice), _unit(hop["unit"], voice)
        table.add_row(name, unit, f"{hop['in']:,}", f"{hop['out']:,}", f"{hop['held']:,}", refused)
    return table


def _unit(unit: str, voice: Voice) -> str:
    """What is counted; its own name where nobody has listed it."""
    return voice.say(UNITS[unit]) if unit in UNITS else unit


def _table(voice: Voice, headings: Sequence[Words], numbers: int, first: int = 1) -> Table:
    table = Table()
    for at, heading in enumerate(headings):
        table.add_column(voice.say(heading), justify="right" if first <= at < first + numbers else "left")
    return table
