"""Shoppers, their devices and beacons, and who of them may be positioned."""

from functools import cache
from typing import Any, Final, TypeAlias

from sqlalchemy import BindParameter, ColumnElement, Connection, Row, Select, and_, bindparam, func, insert, or_, select, update

from groundwork.contracts.ids import BeaconKey, DeviceId, Pseudonym, ShopperId, TenantId, Track
from groundwork.people.consent import check_language
from groundwork.people.model import POSITIONING, OwnedBeacon, Subject
from groundwork.people.pseudonyms import pseudonym_of, track_of
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import BeaconBindingRow, ConsentRow, DeviceRow, ErasureRow, ShopperRow

AnyRow: TypeAlias = Row[*tuple[Any, ...]]
AnySelect: TypeAlias = Select[*tuple[Any, ...]]

# What is asked at every zone event is built once: building a statement costs ten times what running it does.
_HERS: Final = select(ShopperRow.pseudonym, ShopperRow.key, ShopperRow.language, ShopperRow.paused_until_ms).where(
    ShopperRow.tenant == bindparam("of"), ShopperRow.id == bindparam("shopper")
)
_HERS_LOCKED: Final = _HERS.with_for_update(key_share=True)
"""FOR NO KEY UPDATE: rows that point at her (a new device) need not wait. SQLite has no such clause and needs none."""
_KEPT: Final = DeviceRow.removed_ms.is_(None)
"""Of devices: not removed. A removed one keeps its row, because its track ties her earlier zone events to her."""


def sign_up(
    conn: Connection,
    *,
    tenant: TenantId,
    shopper: ShopperId,
    device: DeviceId,
    shopper_key: bytes,
    enrolment: int,
    language: str,
    now_ms: int,
) -> Subject:
    """Adds the device, and its shopper unless she is there (she then keeps her key and language).

    `shopper_key` are 32 random bytes, `enrolment` 64. A device that is hers already is left as it is. Raises ValueError for another
    shopper's device, an erased shopper, an unknown tenant or language.
    """
    check_language(language)
    version = raise_version(conn, tenant, "people_version")
    key = _shopper_key(conn, tenant, shopper) or _add_shopper(conn, tenant, shopper, shopper_key, language, version, now_ms)
    known = _one_subject(conn, tenant, DeviceRow.id == device)
    if known is None:
        values = {"tenant": tenant, "id": device, "shopper_id": shopper, "created_ms": now_ms}
        numbers = {"track": _signed(track_of(key, device)), "enrolment": _signed(enrolment)}
        conn.execute(insert(DeviceRow).values(**values, **numbers))
        stamp(conn, tenant, ShopperRow.id == shopper, version)
        known = subject_of_device(conn, tenant, device)
        assert known is not None
    if known.shopper != shopper:
        raise ValueError(f"device {device!r} of tenant {tenant!r} belongs to another shopper")
    return known


def subject_of_device(conn: Connection, tenant: TenantId, device: DeviceId) -> Subject | None:
    """The device and its shopper, or None; a removed device is nobody's."""
    return _one_subject(conn, tenant, and_(DeviceRow.id == device, _KEPT))


def subject_of_track(conn: Connection, tenant: TenantId, track: Track) -> Subject | None:
    """Whose device has this pseudonym, or None; a removed device is nobody's."""
    row = conn.execute(_of_track(), {"of": tenant, "signed": _signed(track)}).one_or_none()
    return _subject(row) if row else None


def subject_of_pseudonym(conn: Connection, tenant: TenantId, pseudonym: Pseudonym) -> Subject | None:
    """The shopper with the first of her devices, or None."""
    return _one_subject(conn, tenant, ShopperRow.pseudonym == pseudonym)


def devices_of(conn: Connection, tenant: TenantId, shopper: ShopperId) -> list[Subject]:
    """The shopper's devices, oldest first; without those that were removed."""
    return [_subject(row) for row in conn.execute(_subjects(tenant).where(ShopperRow.id == shopper, _KEPT))]


def bind_beacon(conn: Connection, tenant: TenantId, device: DeviceId, beacon: BeaconKey, from_ms: int, until_ms: int | None = None) -> None:
    """From `from_ms` on the beacon stands for the device, until `until_ms` or its next binding; ends the binding before.

    Raises ValueError when the device is unknown.
    """
    version = raise_version(conn, tenant, "people_version")
    if subject_of_device(conn, tenant, device) is None:
        raise ValueError(f"device {device!r} of tenant {tenant!r} is unknown: sign_up comes before bind_beacon")
    end_binding(conn, tenant, beacon, from_ms)
    of_beacon = and_(BeaconBindingRow.tenant == tenant, BeaconBindingRow.beacon_key == beacon)
    following = conn.scalar(select(func.min(BeaconBindingRow.from_ms)).where(of_beacon, BeaconBindingRow.from_ms > from_ms))
    until = min((ms for ms in (until_ms, following) if ms is not None), default=None)
    values = {"device_id": device, "until_ms": until}
    if conn.execute(update(BeaconBindingRow).where(of_beacon, BeaconBindingRow.from_ms == from_ms).values(values)).rowcount == 0:
        conn.execute(insert(BeaconBindingRow).values(tenant=tenant, beacon_key=beacon, from_ms=from_ms, **values))
    _stamp_owner(conn, tenant, [device], version)


def end_binding(conn: Connection, tenant: TenantId, beacon: BeaconKey, at_ms: int) -> None:
    """The beacon stands for nobody from `at_ms` on, unless it is bound again later; a cart has come back."""
    row = BeaconBindingRow
    held = (row.tenant == tenant, row.beacon_key == beacon, row.from_ms < at_ms, or_(row.until_ms.is_(None), row.until_ms > at_ms))
    owners = list(conn.scalars(select(row.device_id).where(*held)))
    if owners:
        conn.execute(update(row).where(*held).values(until_ms=at_ms))
        _stamp_owner(conn, tenant, owners, raise_version(conn, tenant, "people_version"))


def changed_shoppers(conn: Connection, tenant: TenantId, after: int) -> list[Pseudonym]:
    """Who changed since the tenant's people_version was `after`: drop them, then take what the two queries below say of them."""
    wanted = select(ShopperRow.pseudonym).where(ShopperRow.tenant == tenant, ShopperRow.changed > after)
    gone = select(ErasureRow.pseudonym).where(ErasureRow.tenant == tenant, ErasureRow.changed > after)  # their rows cannot say it
    return [Pseudonym(text) for text in sorted({*conn.scalars(wanted), *conn.scalars(gone)})]


def owned_beacons(conn: Connection, tenant: TenantId, *, after: int = 0, since_ms: int = 0) -> list[OwnedBeacon]:
    """The static beacons of shoppers who consent to positioning; of those changed after version `after`, bindings alive at `since_ms`."""
    row = BeaconBindingRow
    bindings = _consenting(tenant, after).add_columns(row.beacon_key, row.from_ms, row.until_ms)
    bindings = bindings.join(row, and_(row.tenant == DeviceRow.tenant, row.device_id == DeviceRow.id))
    bindings = bindings.where(or_(row.until_ms.is_(None), row.until_ms > since_ms)).order_by(None).order_by(row.beacon_key, row.from_ms)
    return [OwnedBeacon(BeaconKey(r.beacon_key), _subject(r), r.from_ms, r.until_ms) for r in conn.execute(bindings)]


def enrolments(conn: Connection, tenant: TenantId, *, after: int = 0) -> dict[int, Subject]:
    """By the number inside their shopper tokens: the devices of shoppers who consent to positioning."""
    rows = conn.execute(_consenting(tenant, after).add_columns(DeviceRow.enrolment))
    return {_unsigned(row.enrolment): _subject(row) for row in rows}


def shopper_row(conn: Connection, tenant: TenantId, shopper: ShopperId, lock: bool = False) -> AnyRow | None:
    """Her pseudonym, key, language and pause, for this package; None when she is unknown. With `lock`, held until the transaction ends."""
    return conn.execute(_HERS_LOCKED if lock else _HERS, {"of": tenant, "shopper": shopper}).one_or_none()


def stamp(conn: Connection, tenant: TenantId, which: ColumnElement[bool], version: int) -> None:
    """Marks her as changed at the tenant's version, for those who keep her in memory."""
    conn.execute(update(ShopperRow).where(ShopperRow.tenant == tenant, which).values(changed=version))


def _stamp_owner(conn: Connection, tenant: TenantId, devices: list[str] | list[DeviceId], version: int) -> None:
    owners = select(DeviceRow.shopper_id).where(DeviceRow.tenant == tenant, DeviceRow.id.in_(devices))
    stamp(conn, tenant, ShopperRow.id.in_(owners), version)


def _shopper_key(conn: Connection, tenant: TenantId, shopper: ShopperId) -> bytes | None:
    """Her key; None when she is unknown. Raises ValueError when it was destroyed."""
    her = shopper_row(conn, tenant, shopper)
    if her is not None and her.key is None:
        raise ValueError(f"shopper {shopper!r} of tenant {tenant!r} was erased")
    return her.key if her else None


def _add_shopper(conn: Connection, tenant: TenantId, shopper: ShopperId, key: bytes, language: str, version: int, now_ms: int) -> bytes:
    values = {"tenant": tenant, "id": shopper, "pseudonym": pseudonym_of(key, shopper), "key": key, "language": language}
    conn.execute(insert(ShopperRow).values(changed=version, created_ms=now_ms, **values))
    return key


@cache
def _of_track() -> AnySelect:
    return _subjects(bindparam("of")).where(DeviceRow.track == bindparam("signed"), _KEPT).limit(1)


def _subjects(tenant: TenantId | BindParameter[str]) -> AnySelect:
    her, device = ShopperRow, DeviceRow
    columns = (her.tenant, her.id.label("shopper"), her.pseudonym, her.language, device.id.label("device"), device.track)
    joined = select(*columns).join(device, and_(device.tenant == her.tenant, device.shopper_id == her.id))
    return joined.where(her.tenant == tenant).order_by(device.created_ms, device.id)


def _consenting(tenant: TenantId, after: int) -> AnySelect:
    """Devices of shoppers whose last word on positioning is yes and who do not pause."""
    row, her = ConsentRow, ShopperRow
    answers = select(row.granted).where(row.tenant == her.tenant, row.shopper == her.pseudonym, row.purpose == POSITIONING)
    last = answers.order_by(row.seq.desc()).limit(1).correlate(her).scalar_subquery()
    return _subjects(tenant).where(_KEPT, her.changed > after, her.paused_until_ms.is_(None), last.is_(True))


def _one_subject(conn: Connection, tenant: TenantId, which: ColumnElement[bool]) -> Subject | None:
    row = conn.execute(_subjects(tenant).where(which).limit(1)).one_or_none()
    return _subject(row) if row else None


def _subject(row: AnyRow) -> Subject:
    shopper, device = ShopperId(row.shopper), DeviceId(row.device)
    return Subject(TenantId(row.tenant), shopper, Pseudonym(row.pseudonym), device, Track(_unsigned(row.track)), row.language)


def _signed(number: int) -> int:
    """An unsigned 64-bit number as the signed one of the same bits; raises OverflowError when it has more."""
    return int.from_bytes(number.to_bytes(8, "big"), "big", signed=True)


def _unsigned(number: int) -> int:
    return number % (1 << 64)
