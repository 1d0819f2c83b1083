"""Venues and the versions of their plans.

Publishing is idempotent: the same version again puts it in force again (which is also how one rolls back); another plan under a
version id that is taken is refused, and so is one in which `validate.py` finds a problem: what is in force is always sound.
"""

import dataclasses
import hashlib
from collections.abc import Collection
from typing import Any, Final, NamedTuple, TypeAlias

import msgspec
from sqlalchemy import Connection, Row, Select, insert, select, update

from floorplans.model import (
    Anchor,
    Approach,
    Building,
    Detail,
    Fixture,
    Level,
    Link,
    Names,
    Opening,
    Placement,
    PlacePoint,
    Plan,
    Policy,
    Polygon,
    Shelving,
    Venue,
    Zone,
)
from floorplans.tables import LevelRow, PlacementRow, PlanPartRow, PlanVersionRow, VenueRow, ZoneRow
from floorplans.validate import Problem, problems
from groundwork.contracts.ids import LevelId, PlanVersionId, TenantId, VenueId, ZoneId

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]

_encode = msgspec.json.Encoder().encode
_polygons = msgspec.json.Decoder(tuple[Polygon, ...]).decode
_policy = msgspec.json.Decoder(Policy).decode


class _Frame(NamedTuple):
    """What a level says besides its shape; a row from before has none of it."""

    anchor: Anchor | None = None
    elevation_m: float | None = None
    height_m: float | None = None
    building: str | None = None
    short_name: str = ""
    outdoor: bool = False


class _Premises(NamedTuple):
    """What a venue says of itself besides its names."""

    outline: tuple[Polygon, ...] = ()
    hours: str = ""
    category: str = "retailstore"
    address: str = ""
    approaches: tuple[Approach, ...] = (Approach(),)


_frame = msgspec.json.Decoder(_Frame).decode
_premises = msgspec.json.Decoder(_Premises).decode
_PARTS: Final = {
    "fixtures": msgspec.json.Decoder(tuple[Fixture, ...]).decode,
    "openings": msgspec.json.Decoder(tuple[Opening, ...]).decode,
    "points": msgspec.json.Decoder(tuple[PlacePoint, ...]).decode,
    "links": msgspec.json.Decoder(tuple[Link, ...]).decode,
    "buildings": msgspec.json.Decoder(tuple[Building, ...]).decode,
    "details": msgspec.json.Decoder(tuple[Detail, ...]).decode,
    "shelved": msgspec.json.Decoder(tuple[Shelving, ...]).decode,
}
"""The parts of a plan that are kept whole, by the field they fill."""


NOT_YET: Final = 0
"""In `published_ms`: the version is stored and was never in force."""


class UnsoundPlan(ValueError):
    """A plan with problems; the text names the first few, `found` holds all."""

    def __init__(self, version: str, found: list[Problem]) -> None:
        shown = "; ".join(map(str, found[:5]))
        super().__init__(f"plan version {version!r} has {len(found)} problems: {shown}{' ...' if len(found) > 5 else ''}")
        self.found = found


class VersionTaken(ValueError):
    """A plan version id is used again for another plan."""


def add_venue(conn: Connection, venue: Venue, now_ms: int) -> None:
    """Adds the venue, or brings its names, time zone, country and policy up to date; its published plan stays."""
    values = {
        "name_ar": venue.names.ar,
        "name_en": venue.names.en,
        "time_zone": venue.time_zone,
        "country": venue.country,
        "policy": _encode(venue.policy).decode(),
        "premises": _text(_premises_of(venue), _Premises()),
    }
    known = conn.execute(update(VenueRow).where(VenueRow.tenant == venue.tenant, VenueRow.id == venue.id).values(values))
    if known.rowcount == 0:
        conn.execute(insert(VenueRow).values(tenant=venue.tenant, id=venue.id, published=None, created_ms=now_ms, **values))


def venue(conn: Connection, tenant: TenantId, venue_id: VenueId) -> Venue | None:
    """The venue, or None."""
    row = conn.execute(_venues().where(VenueRow.tenant == tenant, VenueRow.id == venue_id)).one_or_none()
    return _venue(row) if row else None


def venues(conn: Connection, tenant: TenantId, only: Collection[str] = (), after: str = "", limit: int | None = None) -> list[Venue]:
    """The tenant's venues, by id: those in `only`, where any are named, and after an id."""
    wanted = _venues().where(VenueRow.tenant == tenant, VenueRow.id > after).limit(limit)
    if only:
        wanted = wanted.where(VenueRow.id.in_(sorted(only)))
    return [_venue(row) for row in conn.execute(wanted)]


def placed_elsewhere(conn: Connection, tenant: TenantId, venue_id: VenueId, subjects: Collection[str]) -> dict[tuple[str, str], VenueId]:
    """Of the gateways and beacons named, those that a plan in force has at another venue, by kind and subject, with that venue."""
    wanted = (
        select(PlacementRow.kind, PlacementRow.subject, VenueRow.id)
        .join(VenueRow, (VenueRow.tenant == PlacementRow.tenant) & (VenueRow.published == PlacementRow.version))
        .where(PlacementRow.tenant == tenant, VenueRow.id != venue_id)
        .order_by(VenueRow.id.desc())
    )
    known = {subject.lower() for subject in subjects}
    rows = conn.execute(wanted) if known else ()
    return {(row.kind, row.subject.lower()): VenueId(row.id) for row in rows if row.subject.lower() in known}


def all_venues(conn: Connection) -> list[Venue]:
    """The venues of every tenant, by tenant and id."""
    return [_venue(row) for row in conn.execute(_venues())]


def publish(conn: Connection, plan: Plan, now_ms: int) -> None:
    """Stores the plan version unless it is stored, and puts it in force for its venue.

    Raises ValueError when the venue is unknown, UnsoundPlan when `validate.problems` finds any, VersionTaken when the version id stands
    for another plan or another venue's.
    """
    keep_version(conn, plan, now_ms)
    put_in_force(conn, plan.venue.tenant, plan.venue.id, plan.version, now_ms)


def keep_version(conn: Connection, plan: Plan, now_ms: int) -> None:
    """Stores the plan version unless it is stored, without putting it in force. Raises as `publish` does."""
    if found := problems(plan):
        raise UnsoundPlan(plan.version, found)
    tenant, digest = plan.venue.tenant, _digest(plan)
    if venue(conn, tenant, plan.venue.id) is None:
        raise ValueError(f"venue {plan.venue.id!r} of tenant {tenant!r} is unknown: add_venue comes before publish")
    stored = _version(conn, tenant, plan.version)
    if stored is None:
        _insert(conn, plan, digest, now_ms)
    elif stored.digest != digest and _changed(conn, plan):
        raise VersionTaken(f"plan version {plan.version!r} of tenant {tenant!r} is another plan; give this one an id of its own")


def put_in_force(conn: Connection, tenant: TenantId, venue_id: VenueId, version: PlanVersionId, now_ms: int) -> None:
    """Puts a stored version of the venue in force."""
    key = (PlanVersionRow.tenant == tenant, PlanVersionRow.id == version)
    conn.execute(update(PlanVersionRow).where(*key).values(published_ms=now_ms))
    conn.execute(update(VenueRow).where(VenueRow.tenant == tenant, VenueRow.id == venue_id).values(published=version))


def published_version(conn: Connection, tenant: TenantId, venue: VenueId) -> PlanVersionId | None:
    """Which version is in force for the venue; None where nothing was published or the venue is unknown."""
    version = conn.scalar(select(VenueRow.published).where(VenueRow.tenant == tenant, VenueRow.id == venue))
    return PlanVersionId(version) if version else None


def published_plan(conn: Connection, tenant: TenantId, venue: VenueId) -> Plan | None:
    """The plan in force for the venue; None where nothing was published or the venue is unknown."""
    version = published_version(conn, tenant, venue)
    return plan(conn, tenant, version) if version else None


def published_versions(conn: Connection) -> dict[tuple[TenantId, VenueId], PlanVersionId]:
    """Which plan version is in force, of every venue that has one; cheap enough to ask once a second."""
    wanted = select(VenueRow.tenant, VenueRow.id, VenueRow.published).where(VenueRow.published.is_not(None))
    rows = conn.execute(wanted.order_by(VenueRow.tenant, VenueRow.id))
    return {(TenantId(row.tenant), VenueId(row.id)): PlanVersionId(row.published) for row in rows}


def plan(conn: Connection, tenant: TenantId, version: PlanVersionId) -> Plan | None:
    """The plan as it was stored under this version, in the order it was given; the venue's own words and policy are today's."""
    stored = _version(conn, tenant, version)
    if stored is None:
        return None
    of_venue = venue(conn, tenant, VenueId(stored.venue_id))
    assert of_venue is not None  # a foreign key holds it
    return Plan(
        of_venue,
        version,
        tuple(_level(row) for row in conn.execute(_rows(LevelRow, tenant, version))),
        tuple(_zone(row) for row in conn.execute(_rows(ZoneRow, tenant, version))),
        tuple(_placement(row) for row in conn.execute(_rows(PlacementRow, tenant, version))),
        **_parts(conn, tenant, version),
    )


def _venues() -> AnySelect:
    return select(VenueRow.__table__).order_by(VenueRow.tenant, VenueRow.id)


def _version(conn: Connection, tenant: TenantId, version: PlanVersionId) -> AnyRow | None:
    wanted = select(PlanVersionRow.venue_id, PlanVersionRow.digest)
    return conn.execute(wanted.where(PlanVersionRow.tenant == tenant, PlanVersionRow.id == version)).one_or_none()


def _rows(table: type[LevelRow | ZoneRow | PlacementRow], tenant: TenantId, version: PlanVersionId) -> AnySelect:
    return select(table.__table__).where(table.tenant == tenant, table.version == version).order_by(table.seq)


def _digest(plan: Plan) -> bytes:
    """What makes two versions the same plan: the venue's id and everything on the plan, but not the venue's words and policy."""
    parts = [getattr(plan, part) for part in _PARTS]
    return hashlib.sha256(_encode((plan.venue.id, plan.levels, plan.zones, plan.placements, parts))).digest()


def _changed(conn: Connection, offered: Plan) -> bool:
    """Whether the stored version differs; asked where digests do, as they also do when a release gave the model a field more."""
    stored = plan(conn, offered.venue.tenant, offered.version)
    return stored is None or stored.venue.id != offered.venue.id or stored != dataclasses.replace(offered, venue=stored.venue)


def _parts(conn: Connection, tenant: TenantId, version: PlanVersionId) -> dict[str, Any]:
    wanted = select(PlanPartRow.part, PlanPartRow.body).where(PlanPartRow.tenant == tenant, PlanPartRow.version == version)
    return {row.part: _PARTS[row.part](row.body) for row in conn.execute(wanted)}


def _premises_of(venue: Venue) -> _Premises:
    return _Premises(venue.outline, venue.hours, venue.category, venue.address, venue.approaches)


def _text(said: object, unsaid: object) -> str | None:
    return None if said == unsaid else _encode(said).decode()


def _insert(conn: Connection, plan: Plan, digest: bytes, now_ms: int) -> None:
    key = {"tenant": plan.venue.tenant, "version": plan.version}
    version = insert(PlanVersionRow).values(tenant=plan.venue.tenant, id=plan.version, venue_id=plan.venue.id, digest=digest)
    conn.execute(version.values(created_ms=now_ms, published_ms=NOT_YET))
    tables = (
        (LevelRow, [_level_values(level) for level in plan.levels]),
        (ZoneRow, [_zone_values(zone) for zone in plan.zones]),
        (PlacementRow, [_placement_values(placement) for placement in plan.placements]),
    )
    for table, rows in tables:
        if rows:
            conn.execute(insert(table), [{**key, "seq": seq, **row} for seq, row in enumerate(rows)])
    drawn = [{**key, "part": part, "body": _encode(values).decode()} for part in _PARTS if (values := getattr(plan, part))]
    if drawn:
        conn.execute(insert(PlanPartRow), drawn)


def _level_values(level: Level) -> dict[str, object]:
    return {
        "id": level.id,
        "ordinal": level.ordinal,
        "name_ar": level.names.ar,
        "name_en": level.names.en,
        "outline": _encode(level.outline).decode(),
        "obstacles": _encode(level.obstacles).decode(),
        "frame": _text(_frame_of(level), _Frame()),
    }


def _frame_of(level: Level) -> _Frame:
    return _Frame(level.anchor, level.elevation_m, level.height_m, level.building, level.short_name, level.outdoor)


def _zone_values(zone: Zone) -> dict[str, object]:
    return {
        "id": zone.id,
        "level_id": zone.level,
        "kind": zone.kind,
        "name_ar": zone.names.ar,
        "name_en": zone.names.en,
        "polygons": _encode(zone.polygons).decode(),
        "parent": zone.parent,
        "category": zone.category or None,
    }


def _placement_values(placement: Placement) -> dict[str, object]:
    return {
        "kind": placement.kind,
        "subject": placement.subject,
        "from_ms": placement.from_ms,
        "level_id": placement.level,
        "x_m": placement.x_m,
        "y_m": placement.y_m,
        "z_m": placement.z_m,
        "facing_deg": placement.facing_deg,
    }


def _venue(row: AnyRow) -> Venue:
    names = Names(row.name_ar, row.name_en)
    premises = _premises(row.premises) if row.premises else _Premises()
    return Venue(VenueId(row.id), TenantId(row.tenant), names, row.time_zone, row.country, _policy(row.policy), *premises)


def _level(row: AnyRow) -> Level:
    names = Names(row.name_ar, row.name_en)
    frame = _frame(row.frame) if row.frame else _Frame()
    return Level(LevelId(row.id), row.ordinal, names, _polygons(row.outline), _polygons(row.obstacles), *frame)


def _zone(row: AnyRow) -> Zone:
    parent = ZoneId(row.parent) if row.parent else None
    names = Names(row.name_ar, row.name_en)
    return Zone(ZoneId(row.id), LevelId(row.level_id), row.kind, names, _polygons(row.polygons), parent, row.category or "")


def _placement(row: AnyRow) -> Placement:
    return Placement(row.kind, row.subject, LevelId(row.level_id), row.x_m, row.y_m, row.z_m, row.from_ms, row.facing_deg)
