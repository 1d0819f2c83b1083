"""Sheets of levels, and how far imports are."""

import hashlib
from typing import Final, NamedTuple

import msgspec
from sqlalchemy import ColumnElement, Connection, delete, select, update

from floorplans.drawing import Sheet
from floorplans.sheets import Placing
from floorplans.tables import PlanImportRow, SheetRow
from groundwork.contracts.ids import LevelId, TenantId, VenueId
from groundwork.plumbing.db import delete_some, upsert

KEPT_MS: Final = 86_400_000
"""An import's last step can be asked for so long; nothing hangs on it afterwards."""
_SWEPT: Final = 200

_placing = msgspec.json.Decoder(Placing).decode
_encode = msgspec.json.Encoder().encode


class KeptSheet(NamedTuple):
    """A sheet without its picture."""

    level: LevelId
    digest: str
    media: str
    unit: str
    width: float
    height: float
    placing: Placing
    actor: str
    at_ms: int


def put_sheet(conn: Connection, tenant: TenantId, venue: VenueId, level: LevelId, sheet: Sheet, actor: str, at_ms: int) -> None:
    """Lays a sheet under a level, in the place of the one there was; the same picture again stays where it was laid."""
    digest = hashlib.blake2b(sheet.picture, digest_size=12).hexdigest()
    before = next((one for one in sheets(conn, tenant, venue) if one.level == level), None)
    placing = before.placing if before and before.digest == digest else Placing(metres_per_unit=sheet.metres_per_unit)
    values = {
        "tenant": tenant,
        "venue_id": venue,
        "level_id": level,
        "digest": digest,
        "media": sheet.media,
        "unit": sheet.unit,
        "width": sheet.width,
        "height": sheet.height,
        "placing": _encode(placing).decode(),
        "picture": sheet.picture,
        "actor": actor,
        "at_ms": at_ms,
    }
    upsert(conn, SheetRow, values, ("tenant", "venue_id", "level_id"))


def sheets(conn: Connection, tenant: TenantId, venue: VenueId) -> list[KeptSheet]:
    """The venue's sheets, by level."""
    columns = [column for column in SheetRow.__table__.columns if column.name not in ("tenant", "venue_id", "picture")]
    rows = conn.execute(select(*columns).where(SheetRow.tenant == tenant, SheetRow.venue_id == venue).order_by(SheetRow.level_id))
    return [
        KeptSheet(
            LevelId(row.level_id), row.digest, row.media, row.unit, row.width, row.height, _placing(row.placing), row.actor, row.at_ms
        )
        for row in rows
    ]


def picture(conn: Connection, tenant: TenantId, venue: VenueId, level: LevelId) -> bytes | None:
    """A sheet's picture."""
    found: bytes | None = conn.scalar(select(SheetRow.picture).where(*_of(tenant, venue, level)))
    return found


def place(conn: Connection, tenant: TenantId, venue: VenueId, level: LevelId, placing: Placing) -> bool:
    """Lays a sheet elsewhere; False where there is none."""
    text = _encode(placing).decode()
    return conn.execute(update(SheetRow).where(*_of(tenant, venue, level)).values(placing=text)).rowcount == 1


def drop(conn: Connection, tenant: TenantId, venue: VenueId, level: LevelId) -> bool:
    """Takes a sheet away; False where there is none."""
    return conn.execute(delete(SheetRow).where(*_of(tenant, venue, level))).rowcount == 1


def note_step(conn: Connection, tenant: TenantId, venue: VenueId, import_id: str, step: str, at_ms: int) -> None:
    """Keeps how far an import is, and forgets those of yesterday."""
    key = {"tenant": tenant, "venue_id": venue, "id": import_id}
    upsert(conn, PlanImportRow, {**key, "step": step[:32], "at_ms": at_ms}, tuple(key))
    delete_some(conn, PlanImportRow, (PlanImportRow.at_ms < at_ms - KEPT_MS,), _SWEPT)


def step_of(conn: Connection, tenant: TenantId, venue: VenueId, import_id: str) -> str | None:
    """How far an import is; None for one nobody knows."""
    wanted = select(PlanImportRow.step).where(PlanImportRow.tenant == tenant, PlanImportRow.venue_id == venue)
    found: str | None = conn.scalar(wanted.where(PlanImportRow.id == import_id))
    return found


def _of(tenant: TenantId, venue: VenueId, level: LevelId) -> tuple[ColumnElement[bool], ...]:
    return (SheetRow.tenant == tenant, SheetRow.venue_id == venue, SheetRow.level_id == level)
