"""Calibrations in the database: each once, as a packed file, and from when on which one was in force in its venue."""

import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, delete, func, select

from geofence.positioning.anchors import Calibration, read_calibration
from geofence.tables import CalibrationRow, CalibrationUseRow
from groundwork.contracts.ids import CalibrationId, TenantId, VenueId
from groundwork.plumbing.db import insert_once


@dataclass(frozen=True, slots=True)
class StoredCalibration:
    """What is said of a calibration beside the file itself."""

    id: CalibrationId
    made_ms: int
    made_by: str
    recording: str
    recording_hash: str
    size: int


@dataclass(frozen=True, slots=True)
class Use:
    """From when on a calibration was in force; the empty id stands for none."""

    number: int
    calibration: CalibrationId
    since_ms: int
    used_by: str


def put_calibration(conn: Connection, tenant: TenantId, venue: VenueId, stored: StoredCalibration, packed: bytes) -> bool:
    """Keeps the calibration; False where the venue has it already, which changes nothing."""
    values = {name: getattr(stored, name) for name in StoredCalibration.__dataclass_fields__}
    return insert_once(conn, CalibrationRow, {"tenant": tenant, "venue": venue, **values, "body": packed})


def calibrations(conn: Connection, tenant: TenantId, venue: VenueId) -> list[StoredCalibration]:
    """The venue's, the newest first."""
    row = CalibrationRow
    columns = [getattr(row, name) for name in StoredCalibration.__dataclass_fields__]
    wanted = select(*columns).where(row.tenant == tenant, row.venue == venue).order_by(row.made_ms.desc(), row.id)
    return [StoredCalibration(*found) for found in conn.execute(wanted)]


def holds(conn: Connection, tenant: TenantId, venue: VenueId, calibration: CalibrationId) -> bool:
    """Whether the venue has the calibration."""
    row = CalibrationRow
    found = select(row.id).where(row.tenant == tenant, row.venue == venue, row.id == calibration)
    return conn.execute(found).scalar_one_or_none() is not None


def drop_calibration(conn: Connection, tenant: TenantId, venue: VenueId, calibration: CalibrationId) -> None:
    """Takes the calibration off the venue's list; from when on it was in force stays on record."""
    row = CalibrationRow
    conn.execute(delete(row).where(row.tenant == tenant, row.venue == venue, row.id == calibration))


def packed(conn: Connection, tenant: TenantId, venue: VenueId, calibration: CalibrationId) -> bytes | None:
    """The file as it is kept, zlib; None where the venue has no such calibration."""
    row = CalibrationRow
    found = conn.execute(select(row.body).where(row.tenant == tenant, row.venue == venue, row.id == calibration)).scalar_one_or_none()
    return bytes(found) if found is not None else None


def calibration(conn: Connection, tenant: TenantId, venue: VenueId, wanted: CalibrationId) -> Calibration | None:
    """The calibration, or None. Unpacking and reading take their time, here and not on the loop."""
    found = packed(conn, tenant, venue, wanted)
    return read_calibration(zlib.decompress(found)) if found is not None else None


def add_use(conn: Connection, tenant: TenantId, venue: VenueId, wanted: CalibrationId, used_by: str, now_ms: int) -> Use | None:
    """Puts the calibration in force, or none; None where it is in force already.

    Two at once: the second waits for the first to commit, and then takes the next number.
    """
    while True:
        newest = uses(conn, tenant, venue, 1)
        if (newest[0].calibration if newest else "") == wanted:
            return None
        use = Use(newest[0].number + 1 if newest else 1, wanted, now_ms, used_by)
        values = {name: getattr(use, name) for name in Use.__dataclass_fields__}
        if insert_once(conn, CalibrationUseRow, {"tenant": tenant, "venue": venue, **values}):
            return use


def uses(conn: Connection, tenant: TenantId, venue: VenueId, limit: int) -> list[Use]:
    """What was in force, up to `limit`, the newest first."""
    row = CalibrationUseRow
    columns = [getattr(row, name) for name in Use.__dataclass_fields__]
    found = conn.execute(select(*columns).where(row.tenant == tenant, row.venue == venue).order_by(row.number.desc()).limit(limit))
    return [Use(*each) for each in found]


def in_force(conn: Connection) -> dict[tuple[TenantId, VenueId], CalibrationId]:
    """By tenant and venue, of all that ever had one: the calibration in force, empty for none any more."""
    row = CalibrationUseRow
    newest = select(row.tenant, row.venue, func.max(row.number).label("number")).group_by(row.tenant, row.venue).subquery()
    same = (row.tenant == newest.c.tenant) & (row.venue == newest.c.venue) & (row.number == newest.c.number)
    found = conn.execute(select(row.tenant, row.venue, row.calibration).join(newest, same))
    return {(TenantId(each.tenant), VenueId(each.venue)): CalibrationId(each.calibration) for each in found}
