"""Tags in the database: registered and retired by operators, bound and released by shoppers, and ended with a visit."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, insert, or_, select, update

from groundwork.contracts.ids import BeaconKey, ShopperId, TenantId, Track
from groundwork.people.model import Subject
from groundwork.people.queries.keys import AnyRow
from groundwork.people.queries.shoppers import AnySelect, bind_beacon, end_binding, subject_of_device, subject_of_track
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import BeaconBindingRow, DeviceRow, TagRow
from groundwork.people.tags import LENT, Tag, alias_of

_TAG: Final = TagRow
_BINDING: Final = BeaconBindingRow


class Bound(NamedTuple):
    """A binding of a tag. `handed_over` is whose it was until then, where it was another's."""

    tag: str
    kind: str
    from_ms: int
    until_ms: int | None
    handed_over: Subject | None = None


class TagTaken(ValueError):
    """The tag is another shopper's until she releases it."""


def add_tag(conn: Connection, tenant: TenantId, tag: Tag, *, code_hash: bytes, sealed: bytes | None, now_ms: int) -> str | None:
    """Registers the tag; returns the id of the live one that sends the same beacon key instead, where there is one."""
    raise_version(conn, tenant, "people_version")  # two that register one beacon wait for one another here
    if tag.beacon is not None:
        same = select(_TAG.id).where(_TAG.tenant == tenant, _TAG.beacon_key == tag.beacon, _TAG.retired_ms.is_(None))
        known = conn.scalars(same).first()
        if known is not None:
            return known
    eid = {} if tag.eid is None else {"eid_key": sealed, "eid_exponent": tag.eid.exponent, "eid_offset_s": tag.eid.offset_s}
    values = {"id": tag.id, "kind": tag.kind, "venue_id": tag.venue, "beacon_key": tag.beacon, "code_hash": code_hash, **eid}
    conn.execute(insert(_TAG).values(tenant=tenant, created_ms=now_ms, **values))
    return None


def tag_rows(conn: Connection, tenant: TenantId, venues: Iterable[str] = ()) -> list[AnyRow]:
    """The tenant's tags, oldest first, or those of `venues` where any are named."""
    wanted, places = select(_TAG.__table__).where(_TAG.tenant == tenant).order_by(_TAG.created_ms, _TAG.id), list(venues)
    return list(conn.execute(wanted.where(_TAG.venue_id.in_(places)) if places else wanted))


def tag_row(conn: Connection, tenant: TenantId, tag: str) -> AnyRow | None:
    """One tag that is not retired, or None."""
    return conn.execute(_live(tenant).where(_TAG.id == tag)).one_or_none()


def tag_of_code(conn: Connection, tenant: TenantId, code_hash: bytes) -> AnyRow | None:
    """The tag that is not retired with this code, or None."""
    return conn.execute(_live(tenant).where(_TAG.code_hash == code_hash)).one_or_none()


def renew_tag_code(conn: Connection, tenant: TenantId, tag: str, code_hash: bytes) -> None:
    """Gives the tag another code; the one before leads nowhere."""
    conn.execute(update(_TAG).where(_TAG.tenant == tenant, _TAG.id == tag).values(code_hash=code_hash))


def retire_tag(conn: Connection, tenant: TenantId, tag: str, now_ms: int) -> None:
    """The tag stands for nobody any more, and its code leads nowhere."""
    row = tag_row(conn, tenant, tag)
    if row is not None:
        conn.execute(update(_TAG).where(_TAG.tenant == tenant, _TAG.id == tag).values(retired_ms=now_ms))
        end_binding(conn, tenant, key_of(row), now_ms)


def lent_tags(conn: Connection, tenant: TenantId, now_ms: int) -> frozenset[str]:
    """The tags that stand for somebody now."""
    return frozenset(conn.scalars(select(_BINDING.tag_id).where(_BINDING.tenant == tenant, _BINDING.tag_id.is_not(None), _alive(now_ms))))


def bind_tag(conn: Connection, subject: Subject, tag: AnyRow, *, now_ms: int, until_ms: int | None, ends_with_visit: bool = False) -> Bound:
    """From now on the tag is the shopper's; what is hers already stays as it is. A cart that was another's is handed over.

    Raises TagTaken for a loyalty card that is another shopper's.
    """
    tenant, beacon = subject.tenant, key_of(tag)
    raise_version(conn, tenant, "people_version")
    here = select(_BINDING.__table__).where(_BINDING.tenant == tenant, _BINDING.beacon_key == beacon, _alive(now_ms))
    held = conn.execute(here.order_by(_BINDING.from_ms.desc())).first()
    owner = subject_of_device(conn, tenant, held.device_id) if held is not None else None
    if held is not None and owner is not None and owner.shopper == subject.shopper:
        return Bound(tag.id, tag.kind, held.from_ms, held.until_ms)
    if owner is not None and tag.kind not in LENT:
        raise TagTaken(tag.id)
    from_ms = now_ms if held is None else max(now_ms, held.from_ms + 1)  # each binding begins at a moment of its own
    bind_beacon(conn, tenant, subject.device, beacon, from_ms, until_ms)
    new = (_BINDING.tenant == tenant, _BINDING.beacon_key == beacon, _BINDING.from_ms == from_ms)
    conn.execute(update(_BINDING).where(*new).values(tag_id=tag.id, ends_with_visit=ends_with_visit))
    return Bound(tag.id, tag.kind, from_ms, until_ms, owner)


def bound_tags(conn: Connection, tenant: TenantId, shopper: ShopperId, now_ms: int) -> list[Bound]:
    """The shopper's tags now, oldest first."""
    return [Bound(row.tag_id, row.kind, row.from_ms, row.until_ms) for row in conn.execute(_hers(tenant, shopper, now_ms))]


def release_tag(conn: Connection, tenant: TenantId, shopper: ShopperId, tag: str, now_ms: int) -> bool:
    """The tag is not hers any more; False where it was not."""
    row = conn.execute(_hers(tenant, shopper, now_ms).where(_BINDING.tag_id == tag)).one_or_none()
    if row is None:
        return False
    end_binding(conn, tenant, BeaconKey(row.beacon_key), max(now_ms, row.from_ms + 1))
    return True


def end_visit_bindings(conn: Connection, tenant: TenantId, track: Track, end_ms: int) -> int:
    """Ends what the device was lent for a visit that ended at `end_ms`; returns how many. For whoever knows that it did."""
    subject = subject_of_track(conn, tenant, track)
    if subject is None:
        return 0
    row = _BINDING
    lent = select(row.beacon_key).where(row.tenant == tenant, row.device_id == subject.device, row.ends_with_visit.is_(True))
    beacons = list(conn.scalars(lent.where(row.from_ms < end_ms, or_(row.until_ms.is_(None), row.until_ms > end_ms))))
    for beacon in beacons:
        end_binding(conn, tenant, BeaconKey(beacon), end_ms)
    return len(beacons)


def rotating_tags(conn: Connection, tenant: TenantId, tags: Iterable[str]) -> Mapping[str, AnyRow]:
    """By id: of these tags the ones that rotate, with `eid_key` (sealed), `eid_exponent` and `eid_offset_s`."""
    wanted = sorted(set(tags))
    if not wanted:
        return {}
    columns = select(_TAG.id, _TAG.eid_key, _TAG.eid_exponent, _TAG.eid_offset_s)
    rows = conn.execute(columns.where(_TAG.tenant == tenant, _TAG.id.in_(wanted), _TAG.eid_key.is_not(None)))
    return {row.id: row for row in rows}


def key_of(tag: AnyRow) -> BeaconKey:
    """By which bindings know the tag."""
    return BeaconKey(tag.beacon_key) if tag.beacon_key is not None else alias_of(tag.id)


def _live(tenant: TenantId) -> AnySelect:
    return select(_TAG.__table__).where(_TAG.tenant == tenant, _TAG.retired_ms.is_(None))


def _alive(now_ms: int) -> ColumnElement[bool]:
    return or_(_BINDING.until_ms.is_(None), _BINDING.until_ms > now_ms)


def _hers(tenant: TenantId, shopper: ShopperId, now_ms: int) -> AnySelect:
    row, device = _BINDING, DeviceRow
    columns = select(row.tag_id, row.beacon_key, row.from_ms, row.until_ms, _TAG.kind)
    joined = columns.join(device, and_(device.tenant == row.tenant, device.id == row.device_id))
    joined = joined.join(_TAG, and_(_TAG.tenant == row.tenant, _TAG.id == row.tag_id))
    hers = joined.where(row.tenant == tenant, device.shopper_id == shopper, _alive(now_ms))
    return hers.order_by(row.from_ms, row.tag_id)
