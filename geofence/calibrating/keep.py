"""Keep: an operator's calibration file into its venue's list, and which of the list is in force; on record, and told as the API tells it.

Both ways in go through here: the routes (`http/calibrations.py`) and the command line. Keeping the same file again changes nothing, and so
does using what is in force. Who may do it is the callers' to decide; that the venue is there is decided here.
"""

import zlib
from dataclasses import dataclass
from typing import Final

from floorplans import queries as places
from floorplans.model import Plan
from geofence import reasons
from geofence.positioning.anchors import Calibration, read_calibration, write_calibration
from geofence.positioning.fitting import is_of_elsewhere, misfit
from geofence.queries import calibrations as queries
from geofence.queries.calibrations import StoredCalibration, Use
from groundwork.contracts.calibration import CalibrationFit, CalibrationHeld, CalibrationUsed, KeptCalibration, VenueCalibrations
from groundwork.contracts.ids import CalibrationId, TenantId, VenueId
from groundwork.people import acts
from groundwork.plumbing.audit import Act, record
from groundwork.plumbing.db import Connection
from groundwork.plumbing.ids import stable_id
from groundwork.plumbing.reasons import Refusal

MOST_BYTES: Final = 16 << 20
"""Of a file. A mall's, with prints on five levels, may have some MB; the process that runs the venue keeps it in memory unpacked."""
MOST_PACKED: Final = 4 << 20
"""As it is kept: it goes through one transaction, and lies in every backup. A file as large as may be has to pack to a quarter."""
HISTORY: Final = 50


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


def file_of(calibration: Calibration) -> File:
    """The calibration as it is kept. Raises Refusal where that is too large: written out, which may be four times what came, or packed."""
    raw = write_calibration(calibration)
    if len(raw) > MOST_BYTES:
        raise Refusal(reasons.CALIBRATION_TOO_LARGE, size=len(raw), limit=MOST_BYTES)
    packed = zlib.compress(raw)
    if len(packed) > MOST_PACKED:
        raise Refusal(reasons.CALIBRATION_TOO_LARGE, size=len(packed), limit=MOST_PACKED)
    return File(CalibrationId(stable_id(raw.decode())), calibration, len(raw), packed)


def keep(conn: Connection, asked: Asked, file: File) -> None:
    """Adds the file to the venue's list, unless it is there. Raises Refusal for an unknown venue."""
    _check_venue(conn, asked)
    source = file.calibration.source
    name, sha256 = (text.replace("\0", "") for text in (source.recording[:200], source.sha256[:64]))  # PostgreSQL keeps none
    stored = StoredCalibration(file.id, asked.now_ms, asked.actor, name, sha256, file.size)
    if queries.put_calibration(conn, asked.tenant, asked.venue, stored, file.packed):
        after = {"venue": asked.venue, "recording": stored.recording, "recording_hash": stored.recording_hash, "size": file.size}
        record(conn, asked.tenant, asked.now_ms, Act(asked.actor, acts.ADD_CALIBRATION, file.id, None, after))


def use(conn: Connection, asked: Asked, wanted: CalibrationId | None) -> None:
    """Puts one of the venue's list in force from now on, or none.

    Raises Refusal for what is not on the list, what is of another venue by its radios, or an unknown venue.
    """
    _check_venue(conn, asked)
    if wanted is not None:
        _check_usable(conn, asked, wanted)
    before = queries.uses(conn, asked.tenant, asked.venue, 1)
    made = queries.add_use(conn, asked.tenant, asked.venue, wanted or CalibrationId(""), asked.actor, asked.now_ms)
    if made is not None:
        was = {"calibration": before[0].calibration or None} if before else None
        record(conn, asked.tenant, asked.now_ms, Act(asked.actor, acts.USE_CALIBRATION, asked.venue, was, {"calibration": wanted}))


def file_bytes(conn: Connection, asked: Asked, wanted: CalibrationId) -> bytes:
    """The file. Raises Refusal where the venue has no such calibration."""
    _check_venue(conn, asked)
    found = queries.packed(conn, asked.tenant, asked.venue, wanted)
    if found is None:
        raise Refusal(reasons.UNKNOWN_CALIBRATION, value=wanted)
    return zlib.decompress(found)


def held(conn: Connection, asked: Asked, wanted: CalibrationId) -> CalibrationHeld:
    """What a calibration of the venue holds and how far it fits. Raises Refusal where there is none of that id."""
    found = read_calibration(file_bytes(conn, asked, wanted))
    stored = next(one for one in queries.calibrations(conn, asked.tenant, asked.venue) if one.id == wanted)
    newest = queries.uses(conn, asked.tenant, asked.venue, 1)
    return CalibrationHeld(
        tenant=asked.tenant,
        venue=asked.venue,
        kept=_kept(stored),
        in_force=bool(newest) and newest[0].calibration == wanted,
        gains=len(found.gains_db),
        maps=len(found.maps),
        prints=len(found.prints.level) if found.prints else 0,
        exponent=found.exponent,
        reference_dbm=found.reference_dbm,
        noise_db=found.noise_db,
        notes=list(found.notes),
        fit=_fit(found, _plan(conn, asked)),
    )


def listed(conn: Connection, asked: Asked) -> VenueCalibrations:
    """All the venue has. Raises Refusal for an unknown venue."""
    _check_venue(conn, asked)
    history = [_used(one) for one in queries.uses(conn, asked.tenant, asked.venue, HISTORY)]
    used = history[0].id if history else None
    found = queries.calibration(conn, asked.tenant, asked.venue, used) if used else None
    return VenueCalibrations(
        tenant=asked.tenant,
        venue=asked.venue,
        in_force=history[0] if history else None,
        fit=_fit(found, _plan(conn, asked)) if found else None,
        calibrations=[_kept(one) for one in queries.calibrations(conn, asked.tenant, asked.venue)],
        history=history,
    )


def _check_venue(conn: Connection, asked: Asked) -> None:
    if places.venue(conn, asked.tenant, asked.venue) is None:
        raise Refusal(reasons.UNKNOWN_VENUE, value=asked.venue)


def _check_usable(conn: Connection, asked: Asked, wanted: CalibrationId) -> None:
    found, plan = queries.calibration(conn, asked.tenant, asked.venue, wanted), _plan(conn, asked)
    if found is None:
        raise Refusal(reasons.UNKNOWN_CALIBRATION, at="/id", value=wanted)
    if plan is not None and is_of_elsewhere(found, plan):
        raise Refusal(reasons.CALIBRATION_OF_ELSEWHERE, at="/id", value=wanted)


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
