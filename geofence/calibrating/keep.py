"""Keep: an operator's calibration file into its venue's list, and which of the list is in force; on record, and told as the API tells it.

Both ways in go through here: the routes (`http/calibrations.py`) and the command line. Keeping the same file again changes nothing, and so
does using what is in force. Who may do it is the callers' to decide; that the venue is there is decided here. A file is unpacked and read
once, by `find`, and before the transaction that changes anything: what it says never changes, as its id follows from it. What goes off the
list again is for `drop.py`.
"""

import asyncio
import zlib
from dataclasses import dataclass
from typing import Final

from floorplans import queries as places
from floorplans.model import Plan
from geofence import reasons
from geofence.positioning.anchors import Calibration, read_calibration, write_calibration
from geofence.positioning.fitting import Known, is_of_elsewhere, misfit
from geofence.queries import calibrations as queries
from geofence.queries.calibrations import StoredCalibration, Use
from groundwork.contracts.calibration import CalibrationFit, CalibrationHeld, CalibrationUsed, KeptCalibration, VenueCalibrations
from groundwork.contracts.ids import CalibrationId, TenantId, VenueId
from groundwork.people import acts
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.reasons import Refusal

MOST_BYTES: Final = 16 << 20
"""Of a file. A mall's, with prints on five levels, may have some MB; the process that runs the venue keeps it in memory unpacked."""
MOST_PACKED: Final = 4 << 20
"""As it is kept: it goes through one transaction, and lies in every backup. A file as large as may be has to pack to a quarter."""
HISTORY: Final = 50
SHOWN: Final = 5
"""Of those that might be dropped, in a refusal; the oldest first."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Who asks, and of which venue."""

    tenant: TenantId
    venue: VenueId
    actor: str
    now_ms: int


@dataclass(frozen=True, slots=True)
class File:
    """A calibration ready to be kept; made off the loop, for a mall's takes a while."""

    id: CalibrationId
    calibration: Calibration
    size: int
    packed: bytes

    @property
    def known(self) -> Known:
        return Known(self.id, self.calibration)


def file_of(calibration: Calibration) -> File:
    """The calibration as it is kept. Raises Refusal where that is too large: written out, which may be four times what came, or packed."""
    raw = write_calibration(calibration)
    if len(raw) > MOST_BYTES:
        raise Refusal(reasons.CALIBRATION_TOO_LARGE, size=len(raw), limit=MOST_BYTES)
    packed = zlib.compress(raw)
    if len(packed) > MOST_PACKED:
        raise Refusal(reasons.CALIBRATION_TOO_LARGE, size=len(packed), limit=MOST_PACKED)
    return File(CalibrationId(stable_id(raw.decode())), calibration, len(raw), packed)


def keep(conn: Connection, asked: Asked, file: File, most: int) -> None:
    """Adds the file to the venue's list, unless it is there. Raises Refusal for an unknown venue, and where the list has `most` already."""
    check_venue(conn, asked)
    known = [one.id for one in queries.calibrations(conn, asked.tenant, asked.venue)]
    if file.id not in known and len(known) >= most:
        idle = [one for one in reversed(known) if one != in_force(conn, asked)]
        raise Refusal(reasons.TOO_MANY_CALIBRATIONS, limit=most, known=", ".join(idle[:SHOWN]) or "-")
    source = file.calibration.source
    name, sha256 = (text.replace("\0", "") for text in (source.recording[:200], source.sha256[:64]))  # PostgreSQL keeps none
    stored = StoredCalibration(file.id, asked.now_ms, asked.actor, name, sha256, file.size)
    if queries.put_calibration(conn, asked.tenant, asked.venue, stored, file.packed):
        after = {"venue": asked.venue, "recording": stored.recording, "recording_hash": stored.recording_hash, "size": file.size}
        record(conn, asked.tenant, asked.now_ms, Act(asked.actor, acts.ADD_CALIBRATION, file.id, None, after))


async def find(db: Database, asked: Asked, wanted: CalibrationId) -> Known:
    """A calibration of the venue, read off the loop. Raises Refusal where it has none of that id."""
    known = await _looked_up(db, asked, wanted)
    if known is None:
        raise Refusal(reasons.UNKNOWN_CALIBRATION, at="/id", value=wanted)
    return known


async def shown(db: Database, asked: Asked) -> VenueCalibrations:
    """All the venue has, without a fit where the file of what is in force is gone. Raises Refusal for an unknown venue."""
    used = await db.read(lambda conn: in_force(conn, asked))
    known = await _looked_up(db, asked, used) if used else None
    return await db.read(lambda conn: listed(conn, asked, known))


async def _looked_up(db: Database, asked: Asked, wanted: CalibrationId) -> Known | None:
    def work(conn: Connection) -> bytes | None:
        check_venue(conn, asked)
        return queries.packed(conn, asked.tenant, asked.venue, wanted)

    packed = await db.read(work)
    if packed is None:
        return None
    return Known(wanted, await asyncio.to_thread(lambda: read_calibration(zlib.decompress(packed))))


def use(conn: Connection, asked: Asked, wanted: Known | None) -> None:
    """Puts one of the venue's list in force from now on, or none.

    Raises Refusal for what is not on the list (any more), what is of another venue by its radios, or an unknown venue.
    """
    check_venue(conn, asked)
    if wanted is not None:
        _check_usable(conn, asked, wanted)
    before = queries.uses(conn, asked.tenant, asked.venue, 1)
    used = wanted.id if wanted is not None else CalibrationId("")
    made = queries.add_use(conn, asked.tenant, asked.venue, used, asked.actor, asked.now_ms)
    if made is not None:
        was = {"calibration": before[0].calibration or None} if before else None
        record(conn, asked.tenant, asked.now_ms, Act(asked.actor, acts.USE_CALIBRATION, asked.venue, was, {"calibration": used or None}))


def in_force(conn: Connection, asked: Asked) -> CalibrationId:
    """The venue's; the empty id where none is."""
    newest = queries.uses(conn, asked.tenant, asked.venue, 1)
    return newest[0].calibration if newest else CalibrationId("")


def file_bytes(conn: Connection, asked: Asked, wanted: CalibrationId) -> bytes:
    """The file. Raises Refusal where the venue has no such calibration."""
    check_venue(conn, asked)
    found = queries.packed(conn, asked.tenant, asked.venue, wanted)
    if found is None:
        raise Refusal(reasons.UNKNOWN_CALIBRATION, value=wanted)
    return zlib.decompress(found)


def held(conn: Connection, asked: Asked, known: Known) -> CalibrationHeld:
    """What a calibration on the venue's list holds and how far it fits."""
    found = known.calibration
    assert found is not None
    stored = next(one for one in queries.calibrations(conn, asked.tenant, asked.venue) if one.id == known.id)
    return CalibrationHeld(
        tenant=asked.tenant,
        venue=asked.venue,
        kept=_kept(stored),
        in_force=in_force(conn, asked) == known.id,
        gains=len(found.gains_db),
        maps=len(found.maps),
        prints=len(found.prints.level) if found.prints else 0,
        exponent=found.exponent,
        reference_dbm=found.reference_dbm,
        noise_db=found.noise_db,
        notes=list(found.notes),
        fit=_fit(found, _plan(conn, asked)),
    )


def listed(conn: Connection, asked: Asked, known: Known | None = None) -> VenueCalibrations:
    """All the venue has. Raises Refusal for an unknown venue. `known` should be the one in force: only another has to be read here."""
    check_venue(conn, asked)
    history = [_used(one) for one in queries.uses(conn, asked.tenant, asked.venue, HISTORY)]
    used = history[0].id if history else None
    if known is not None and known.id != used:
        known = None
    found = known.calibration if known else queries.calibration(conn, asked.tenant, asked.venue, used) if used else None
    return VenueCalibrations(
        tenant=asked.tenant,
        venue=asked.venue,
        in_force=history[0] if history else None,
        fit=_fit(found, _plan(conn, asked)) if found else None,
        calibrations=[_kept(one) for one in queries.calibrations(conn, asked.tenant, asked.venue)],
        history=history,
    )


def check_venue(conn: Connection, asked: Asked) -> None:
    """Raises Refusal for an unknown venue."""
    if places.venue(conn, asked.tenant, asked.venue) is None:
        raise Refusal(reasons.UNKNOWN_VENUE, value=asked.venue)


def _check_usable(conn: Connection, asked: Asked, wanted: Known) -> None:
    if not queries.holds(conn, asked.tenant, asked.venue, wanted.id):  # it was dropped since it was found
        raise Refusal(reasons.UNKNOWN_CALIBRATION, at="/id", value=wanted.id)
    plan = _plan(conn, asked)
    if plan is not None and wanted.calibration is not None and is_of_elsewhere(wanted.calibration, plan):
        raise Refusal(reasons.CALIBRATION_OF_ELSEWHERE, at="/id", value=wanted.id)


def _plan(conn: Connection, asked: Asked) -> Plan | None:
    version = places.published_version(conn, asked.tenant, asked.venue)
    return places.plan(conn, asked.tenant, version) if version else None


def _fit(calibration: Calibration, plan: Plan | None) -> CalibrationFit | None:
    if plan is None:
        return None
    wrong = misfit(calibration, plan)
    return CalibrationFit(plan_version=plan.version, **{name: list(names) for name, names in wrong._asdict().items()})


def _kept(one: StoredCalibration) -> KeptCalibration:
    return KeptCalibration(
        id=one.id, made_ms=one.made_ms, made_by=one.made_by, recording=one.recording, recording_sha256=one.recording_hash, size=one.size
    )


def _used(one: Use) -> CalibrationUsed:
    return CalibrationUsed(id=one.calibration or None, since_ms=one.since_ms, used_by=one.used_by)
