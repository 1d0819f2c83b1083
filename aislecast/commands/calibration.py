"""`aislecast calibration put|list|use|drop`: a venue's calibrations, from the machine itself. The server may be running.

Whoever may write the data folder may do this; the audit chain says that the machine did it. A running server takes it up within a second.
"""

import argparse
import asyncio
import os
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

import msgspec

from aislecast.arguments import Parser
from aislecast.commands.options import add_data, add_database, add_json, existing_database_url, folder_of
from aislecast.exits import BAD_INPUT, FAILED, OK, Stop
from aislecast.plan_files import REFUSED
from aislecast.words import NOT_THERE, Voice, clause_of_file
from groundwork.plumbing.reasons import Refusal, Words

if TYPE_CHECKING:
    from geofence.calibrating.keep import Asked, File
    from groundwork.contracts.calibration import CalibrationFit, CalibrationHeld, VenueCalibrations
    from groundwork.contracts.ids import CalibrationId
    from groundwork.plumbing.db import Connection
    from groundwork.plumbing.service import Parts

    Told = CalibrationHeld | VenueCalibrations
    Work = Callable[[Parts, Asked], Awaitable[Told]]

SUMMARY = Words("keep a venue's calibrations and say which one is in force", "إدارة معايرات متجر وتحديد المعمول بها")
_PUT = Words("keep a file that `aislecast calibrate` wrote", "احفظ ملفًا كتبه `aislecast calibrate`")
_LIST = Words("print the venue's calibrations", "اطبع معايرات المتجر")
_USE = Words("put a calibration in force, an earlier one or none", "اعمل بمعايرة، أو بسابقة، أو دون معايرة")
_DROP = Words("delete a calibration that is not in force", "احذف معايرة غير معمول بها")
_DROPPED_ID = Words("the calibration's id, or its first letters", "معرّف المعايرة، أو أوله")
_FILE = Words("the calibration file", "ملف المعايرة")
_ID = Words("the calibration's id, its first letters, or `none`", "معرّف المعايرة، أو أوله، أو `none` لإيقاف المعايرة")
_VENUE = Words("the venue's id", "معرّف المتجر")
_TENANT = Words("the tenant, where there are several", "المستأجر، إن كان هناك أكثر من واحد")
_AT_ONCE = Words("put it in force at once", "اعمل بها فورًا")
_BAD_FILE = Words("{path}: {why}.", "{path}: {why}.")
_TOO_LARGE = Words("{path} has {size} bytes, at most {limit} are taken.", "حجم {path} هو {size} بايت، والحد الأقصى {limit}.")
_WHICH_TENANT = Words("Name one tenant with `--tenant`; known are: {known}.", "حدد مستأجرًا واحدًا بالخيار `--tenant`؛ المعروفون: {known}.")
_WHICH = Words("{value} is the beginning of {count} ids; known are: {known}.", "{value} أول {count} من المعرّفات؛ المعروف: {known}.")
_KEPT = Words(
    "Calibration {id}: {gains} gains, radio map on {maps} levels, exponent {exponent}, noise {noise} dB.",
    "المعايرة {id}: عدد الفروق {gains}، خريطة الإشارة على {maps} من الطوابق، الأس {exponent}، الضجيج {noise} ديسيبل.",
)
_HOW = Words("It is kept, not in force. Put it in force with:", "حُفظت ولم يُعمل بها بعد. للعمل بها:")
_IN_FORCE = Words("In force in venue {venue} since {since} UTC: {id}.", "المعمول به في المتجر {venue} منذ {since} UTC: {id}.")
_NONE_IN_FORCE = Words("Venue {venue} has no calibration in force.", "لا معايرة معمولًا بها في المتجر {venue}.")
_ROW = Words("{mark} {id}  {made} UTC  {recording}  {size} bytes", "{mark} {id}  {made} UTC  {recording}  {size} بايت")
_UNPLACED = Words("not on the plan: {names}", "ليست على المخطط: {names}")
_UNKNOWN = Words("on the plan, not in the calibration: {names}", "على المخطط وليست في المعايرة: {names}")
_MOVED = Words("moved since, their radio map is left out: {names}", "نُقلت منذ ذلك الحين فتُركت خريطة إشارتها: {names}")
_LEVELS = Words("levels not on the plan: {names}", "طوابق ليست على المخطط: {names}")
_SHOWN = 20
"""Names that are printed of a kind; `--json` has them all."""
_NONE = "none"
LEAST_LETTERS: Final = 4
"""Of an id, before they stand for it: a slip of one key puts nothing in force."""


def add_arguments(parser: Parser, voice: Voice) -> None:  # noqa: ARG001 # the form every command has
    actions = parser.commands("action", {"put": _PUT, "list": _LIST, "use": _USE, "drop": _DROP})
    actions["put"].argument("file", _FILE, metavar="FILE", type=Path)
    actions["use"].argument("id", _ID, metavar="ID|none")
    actions["drop"].argument("id", _DROPPED_ID, metavar="ID")
    for action in actions.values():
        action.argument("--venue", _VENUE, metavar="ID", required=True)
        action.argument("--tenant", _TENANT, metavar="ID")
        add_data(action)
        add_database(action)
        add_json(action)
    actions["put"].flag("--use", _AT_ONCE)


def run(args: argparse.Namespace, voice: Voice) -> int:
    url = existing_database_url(args)
    work = {"put": _put, "list": _list, "use": _use, "drop": _drop}[args.action](args)
    try:
        told = asyncio.run(_done(url, args.tenant, args.venue, work, changes=args.action != "list"))
    except Refusal as refusal:
        problem = refusal.reason.words.said(voice.language, **{"at": refusal.at, **refusal.values})
        raise Stop(REFUSED, FAILED, problem=problem) from None
    if args.json:
        print(msgspec.json.encode(told).decode())
    else:
        _tell(told, args, voice)
    return OK


# --- the work --------------------------------------------------------------------------------------------------------------------------


def _put(args: argparse.Namespace) -> "Work":
    from aislecast.configuration import FILE, configuration
    from geofence.calibrating import keep

    file, most = _read(args.file), configuration(os.environ, folder_of(args).root / FILE).geofence.calibrations

    async def work(parts: "Parts", asked: "Asked") -> "Told":
        def change(conn: "Connection") -> "Told":
            keep.keep(conn, asked, file, most)
            if args.use:
                keep.use(conn, asked, file.known)
            return keep.held(conn, asked, file.known)

        return await parts.db.write(change)

    return work


def _list(_args: argparse.Namespace) -> "Work":
    from geofence.calibrating import keep

    return lambda parts, asked: keep.shown(parts.db, asked)


def _use(args: argparse.Namespace) -> "Work":
    from geofence.calibrating import keep

    async def work(parts: "Parts", asked: "Asked") -> "Told":
        found = None if args.id == _NONE else await keep.find(parts.db, asked, await _meant(parts, asked, args.id))

        def change(conn: "Connection") -> "Told":
            keep.use(conn, asked, found)
            return keep.listed(conn, asked, found)

        return await parts.db.write(change)

    return work


def _drop(args: argparse.Namespace) -> "Work":
    from geofence.calibrating import drop, keep

    async def work(parts: "Parts", asked: "Asked") -> "Told":
        wanted, named = await _meant(parts, asked, args.id), await drop.needed(parts.bus, asked)
        await parts.db.write(lambda conn: drop.drop(conn, asked, wanted, named))
        return await keep.shown(parts.db, asked)

    return work


async def _meant(parts: "Parts", asked: "Asked", typed: str) -> "CalibrationId":
    """The id that begins as typed. Raises Stop where several do; where none does, what was typed is for the refusal to name."""
    from geofence.calibrating import keep
    from groundwork.contracts.ids import CalibrationId

    known = [one.id for one in (await keep.shown(parts.db, asked)).calibrations]
    meant = [one for one in known if len(typed) >= LEAST_LETTERS and one.startswith(typed)]
    if len(meant) > 1:
        raise Stop(_WHICH, BAD_INPUT, value=typed, count=len(meant), known=", ".join(known))
    return meant[0] if meant else CalibrationId(typed)


def _read(path: Path) -> "File":
    """The file. Raises Stop where it is none, or too large."""
    from geofence.calibrating.keep import MOST_BYTES, file_of
    from geofence.positioning.anchors import Calibration
    from groundwork.plumbing.http import decoded

    if not path.is_file():
        raise Stop(NOT_THERE, BAD_INPUT, path=path)
    if (size := path.stat().st_size) > MOST_BYTES:
        raise Stop(_TOO_LARGE, BAD_INPUT, path=path, size=size, limit=MOST_BYTES)
    try:
        return file_of(decoded(path.read_bytes(), Calibration))
    except Refusal as refusal:
        raise Stop(_BAD_FILE, BAD_INPUT, path=path, why=clause_of_file(refusal)) from refusal


async def _done(url: str, tenant: str | None, venue: str, work: "Work", *, changes: bool) -> "Told":
    """Does it, and tells the servers on that database of a change."""
    from aislecast.deployment import parts_of
    from geofence.calibrating.keep import Asked
    from groundwork.contracts.ids import VenueId
    from groundwork.contracts.subjects import CALIBRATION_CHANGED
    from groundwork.people import queries
    from groundwork.plumbing.clock import SystemClock
    from groundwork.plumbing.db import open_database
    from groundwork.plumbing.ids import SystemIds

    clock = SystemClock()
    db = await open_database(url)
    parts = parts_of(db, clock, SystemIds(clock), "calibration")
    try:
        known = [one.id for one in await db.read(queries.tenants) if tenant in (None, one.id)]
        if len(known) != 1:
            raise Stop(_WHICH_TENANT, BAD_INPUT, known=", ".join(known) or "-")
        asked = Asked(known[0], VenueId(venue), "machine", clock.now_ms())
        told = await work(parts, asked)
        if changes:
            await parts.bus.announce(CALIBRATION_CHANGED, b"")
        return told
    finally:
        await parts.bus.close()
        await db.close()


# --- what is printed -------------------------------------------------------------------------------------------------------------------


def _tell(told: "CalibrationHeld | VenueCalibrations", args: argparse.Namespace, voice: Voice) -> None:
    from groundwork.contracts.calibration import CalibrationHeld

    if isinstance(told, CalibrationHeld):
        fitted = {"exponent": told.exponent, "noise": told.noise_db, "gains": told.gains, "maps": told.maps}
        print(voice.say(_KEPT, id=told.kept.id, **fitted))
        _tell_fit(told.fit, voice)
        if not told.in_force:
            print(voice.say(_HOW))
            print(f"  aislecast calibration use {told.kept.id} --venue {args.venue}")  # bare, to be copied into a shell
        return
    used = told.in_force
    if used is None or used.id is None:
        print(voice.say(_NONE_IN_FORCE, venue=told.venue))
    else:
        print(voice.say(_IN_FORCE, venue=told.venue, since=_time(used.since_ms), id=used.id))
        _tell_fit(told.fit, voice)
    for one in told.calibrations:
        mark = "*" if used is not None and used.id == one.id else " "
        made, recording = _time(one.made_ms), one.recording or "-"
        print(voice.line(voice.say(_ROW, mark=mark, id=one.id, made=made, recording=recording, size=one.size)))


def _tell_fit(fit: "CalibrationFit | None", voice: Voice) -> None:
    if fit is None:
        return
    for words, names in ((_UNPLACED, fit.unplaced), (_UNKNOWN, fit.unknown), (_MOVED, fit.moved), (_LEVELS, fit.levels)):
        if names:
            print("  " + voice.say(words, names=", ".join(names[:_SHOWN]) + (" ..." if len(names) > _SHOWN else "")))


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
