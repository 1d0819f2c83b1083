"""Erasure and pause in the database: what a request changes at once, what every service reports, and what goes last.

A request takes effect in one transaction: consents withdrawn, keys ended, the key of her pseudonyms destroyed. Rows go afterwards, service
by service; whoever removes its own says so here (`add_erasure_part`) in the same transaction. Who writes rows by pseudonym asks `erased`
in the transaction that writes them, so that what comes late leaves nothing.
"""

from collections.abc import Collection, Iterable
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, Connection, Row, Select, bindparam, delete, insert, select, update

from groundwork.contracts.ids import Pseudonym, ShopperId, TenantId
from groundwork.people.queries.consents import UnknownShopper, record_consent, standing
from groundwork.people.queries.shoppers import shopper_row
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import (
    AccessKeyRow,
    BeaconBindingRow,
    DeviceRow,
    ErasurePartRow,
    ErasureRow,
    IdentityRow,
    MembershipRow,
    PushTargetRow,
    ShopperRow,
)
from groundwork.plumbing.db import insert_once

AnyRow: TypeAlias = Row[*tuple[Any, ...]]

PEOPLE: Final = "people"
"""How the registry of people calls itself in the list of parts; its part comes last."""

# Asked wherever rows are written by pseudonym, so it is built once.
_LATELY: Final = select(ErasureRow.pseudonym).where(ErasureRow.tenant == bindparam("of"), ErasureRow.requested_ms >= bindparam("since"))
_PAUSED: Final = select(ShopperRow.paused_until_ms).where(ShopperRow.tenant == bindparam("of"), ShopperRow.id == bindparam("shopper"))
_OF_DEVICES: Final = (BeaconBindingRow.device_id, PushTargetRow.device_id)
"""Columns that hold a device's id: their rows go with the device."""
_OF_SHOPPERS: Final = (MembershipRow.shopper_id, IdentityRow.shopper_id)


class ReceiptTaken(ValueError):
    """The id that was wished for is another erasure's, of whatever tenant: a receipt is found by its id alone."""


class Erasure(NamedTuple):
    """An erasure under way or done."""

    tenant: TenantId
    id: str
    pseudonym: Pseudonym
    shopper: ShopperId | None
    """None once her rows are gone."""
    requested_ms: int
    requested_by: str
    done_ms: int | None


class ErasedPart(NamedTuple):
    """One service's word that nothing is left with it."""

    service: str
    rows: int
    done_ms: int


_COLUMNS: Final = tuple(getattr(ErasureRow, {"shopper": "shopper_id"}.get(name, name)).label(name) for name in Erasure._fields)


def request_erasure(conn: Connection, tenant: TenantId, shopper: ShopperId, erasure: str, by: str, now_ms: int) -> Erasure:
    """Begins her erasure under the id `erasure`; one that has begun is left as it is, under its own. `by` is `shopper` or `operator`.

    From its commit on nobody acts for her and nothing is done about her. Raises UnknownShopper, and ReceiptTaken where the id is another's.
    """
    version = raise_version(conn, tenant, "people_version")
    her = shopper_row(conn, tenant, shopper, lock=True)
    if her is None:
        raise UnknownShopper(f"shopper {shopper!r} of tenant {tenant!r} is unknown")
    begun = conn.execute(_erasures().where(ErasureRow.tenant == tenant, ErasureRow.pseudonym == her.pseudonym)).one_or_none()
    if begun is not None:
        return Erasure(*begun)
    if erasure_of_id(conn, erasure) is not None:
        raise ReceiptTaken(erasure)
    _withdraw_all(conn, tenant, shopper, now_ms)
    devices = list(conn.scalars(select(DeviceRow.id).where(DeviceRow.tenant == tenant, DeviceRow.shopper_id == shopper)))
    live = (AccessKeyRow.tenant == tenant, AccessKeyRow.subject.in_(devices), AccessKeyRow.revoked_ms.is_(None))
    conn.execute(update(AccessKeyRow).where(*live).values(revoked_ms=now_ms))
    conn.execute(delete(IdentityRow).where(IdentityRow.tenant == tenant, IdentityRow.shopper_id == shopper))
    conn.execute(delete(PushTargetRow).where(PushTargetRow.tenant == tenant, PushTargetRow.device_id.in_(devices)))
    hers = update(ShopperRow).where(ShopperRow.tenant == tenant, ShopperRow.id == shopper)
    conn.execute(hers.values(key=None, paused_until_ms=None, changed=version))
    asked = Erasure(tenant, erasure, Pseudonym(her.pseudonym), shopper, now_ms, by, None)
    conn.execute(insert(ErasureRow).values(_row(asked)))
    return asked


def open_erasures(conn: Connection, service: str) -> list[Erasure]:
    """The erasures to which `service` has not yet reported, oldest first."""
    told = select(ErasurePartRow.service).where(
        ErasurePartRow.tenant == ErasureRow.tenant, ErasurePartRow.erasure_id == ErasureRow.id, ErasurePartRow.service == service
    )
    wanted = _erasures().where(ErasureRow.done_ms.is_(None), ~told.exists()).order_by(ErasureRow.requested_ms, ErasureRow.id)
    return [Erasure(*row) for row in conn.execute(wanted)]


def unfinished_erasures(conn: Connection) -> list[Erasure]:
    """The erasures that are not proven yet, oldest first."""
    wanted = _erasures().where(ErasureRow.done_ms.is_(None)).order_by(ErasureRow.requested_ms, ErasureRow.id)
    return [Erasure(*row) for row in conn.execute(wanted)]


def add_erasure_part(conn: Connection, tenant: TenantId, erasure: str, service: str, rows: int, now_ms: int) -> bool:
    """Notes that nothing of her is left with `service`, in the transaction that removed her rows; False where it said so before."""
    values = {"tenant": tenant, "erasure_id": erasure, "service": service, "rows": rows, "done_ms": now_ms}
    return insert_once(conn, ErasurePartRow, values)


def erasure_parts(conn: Connection, tenant: TenantId, erasure: str) -> list[ErasedPart]:
    """What the services have reported, by time."""
    row = ErasurePartRow
    wanted = select(row.service, row.rows, row.done_ms).where(row.tenant == tenant, row.erasure_id == erasure)
    return [ErasedPart(*part) for part in conn.execute(wanted.order_by(row.done_ms, row.service))]


def erasure_of(conn: Connection, tenant: TenantId, shopper: ShopperId) -> Erasure | None:
    """Her erasure, until her rows are gone."""
    row = conn.execute(_erasures().where(ErasureRow.tenant == tenant, ErasureRow.shopper_id == shopper)).one_or_none()
    return Erasure(*row) if row else None


def erasure_of_id(conn: Connection, erasure: str) -> Erasure | None:
    """The erasure, whosever it is; its id cannot be guessed and is all a receipt needs."""
    row = conn.execute(_erasures().where(ErasureRow.id == erasure)).one_or_none()
    return Erasure(*row) if row else None


def erase_person(conn: Connection, erasure: Erasure) -> int:
    """Removes the person: devices, what hangs on them, and her own row; returns how many rows that were. May be repeated."""
    tenant, shopper = erasure.tenant, erasure.shopper
    if shopper is None:
        return 0
    version = raise_version(conn, tenant, "people_version")
    mine = select(DeviceRow.id).where(DeviceRow.tenant == tenant, DeviceRow.shopper_id == shopper)
    devices = list(conn.scalars(mine))
    gone = conn.execute(delete(AccessKeyRow).where(AccessKeyRow.tenant == tenant, AccessKeyRow.subject.in_(devices))).rowcount
    for column in _OF_DEVICES:
        gone += conn.execute(delete(column.class_).where(column.class_.tenant == tenant, column.in_(devices))).rowcount
    for column in (*_OF_SHOPPERS, DeviceRow.shopper_id, ShopperRow.id):
        gone += conn.execute(delete(column.class_).where(column.class_.tenant == tenant, column == shopper)).rowcount
    this = (ErasureRow.tenant == tenant, ErasureRow.id == erasure.id)
    conn.execute(update(ErasureRow).where(*this).values(shopper_id=None, changed=version))
    return gone


def close_erasure(conn: Connection, tenant: TenantId, erasure: str, now_ms: int) -> bool:
    """Marks the erasure as proven; False where it was."""
    this = (ErasureRow.tenant == tenant, ErasureRow.id == erasure, ErasureRow.done_ms.is_(None))
    return conn.execute(update(ErasureRow).where(*this).values(done_ms=now_ms)).rowcount == 1


def erased(conn: Connection, tenant: TenantId, shoppers: Collection[Pseudonym]) -> frozenset[Pseudonym]:
    """Those of `shoppers` whose erasure has begun or is done: nothing may be written about them any more."""
    row = ErasureRow
    found: set[Pseudonym] = set()
    for some in _thousands(sorted(shoppers)):
        found.update(map(Pseudonym, conn.scalars(select(row.pseudonym).where(row.tenant == tenant, row.pseudonym.in_(some)))))
    return frozenset(found)


def lately_erased(conn: Connection, tenant: TenantId, since_ms: int) -> frozenset[Pseudonym]:
    """Whose erasure began at or after `since_ms`: for the hot path, whose memory may lag by seconds; usually nobody."""
    return frozenset(map(Pseudonym, conn.scalars(_LATELY, {"of": tenant, "since": since_ms})))


def set_pause(conn: Connection, tenant: TenantId, shopper: ShopperId, until_ms: int | None) -> bool:
    """Pauses until `until_ms`, or ends the pause (None); False for nobody, or one whose erasure has begun."""
    version = raise_version(conn, tenant, "people_version")
    hers = (ShopperRow.tenant == tenant, ShopperRow.id == shopper, ShopperRow.key.is_not(None))
    return conn.execute(update(ShopperRow).where(*hers).values(paused_until_ms=until_ms, changed=version)).rowcount == 1


class Standing(NamedTuple):
    """What she has set for herself; `shopper` is her id."""

    shopper: ShopperId
    pseudonym: Pseudonym
    language: str
    paused_until_ms: int | None


def self_state(conn: Connection, tenant: TenantId, shopper: ShopperId) -> Standing | None:
    """What she has set for herself; None for nobody, or one whose erasure has begun."""
    return _one_standing(conn, tenant, ShopperRow.id == shopper)


def person_of(conn: Connection, tenant: TenantId, pseudonym: Pseudonym) -> Standing | None:
    """Who stands behind the pseudonym, devices or not; None for nobody, or one whose erasure has begun."""
    return _one_standing(conn, tenant, ShopperRow.pseudonym == pseudonym)


def _one_standing(conn: Connection, tenant: TenantId, which: ColumnElement[bool]) -> Standing | None:
    row = ShopperRow
    wanted = select(row.id, row.pseudonym, row.language, row.paused_until_ms).where(row.tenant == tenant, which, row.key.is_not(None))
    found = conn.execute(wanted).one_or_none()
    return Standing(ShopperId(found.id), Pseudonym(found.pseudonym), found.language, found.paused_until_ms) if found else None


def end_pauses(conn: Connection, now_ms: int) -> list[tuple[TenantId, Pseudonym]]:
    """Ends the pauses that have run out by `now_ms`; says whose they were."""
    row = ShopperRow
    over = conn.execute(select(row.tenant, row.id, row.pseudonym).where(row.paused_until_ms <= now_ms).order_by(row.tenant, row.id)).all()
    for tenant in sorted({her.tenant for her in over}):
        version = raise_version(conn, tenant, "people_version")
        which = (row.tenant == tenant, row.paused_until_ms <= now_ms)
        conn.execute(update(row).where(*which).values(paused_until_ms=None, changed=version))
    return [(TenantId(her.tenant), Pseudonym(her.pseudonym)) for her in over]


def paused(conn: Connection, tenant: TenantId, shopper: ShopperId) -> bool:
    """Whether she pauses now: nothing is decided or sent, though her consents stand."""
    return conn.scalar(_PAUSED, {"of": tenant, "shopper": shopper}) is not None


def next_pause_end(conn: Connection) -> int | None:
    """When the first pause runs out; None while nobody pauses."""
    row = ShopperRow
    return conn.scalar(select(row.paused_until_ms).where(row.paused_until_ms.is_not(None)).order_by(row.paused_until_ms).limit(1))


def set_language(conn: Connection, tenant: TenantId, shopper: ShopperId, language: str) -> bool:
    """Corrects the language she is spoken to in; False for nobody, or one whose erasure has begun."""
    version = raise_version(conn, tenant, "people_version")
    hers = (ShopperRow.tenant == tenant, ShopperRow.id == shopper, ShopperRow.key.is_not(None))
    return conn.execute(update(ShopperRow).where(*hers).values(language=language, changed=version)).rowcount == 1


def _erasures() -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS)


def _row(erasure: Erasure) -> dict[str, object]:
    row = erasure._asdict()
    row["shopper_id"] = row.pop("shopper")
    return row


def _withdraw_all(conn: Connection, tenant: TenantId, shopper: ShopperId, now_ms: int) -> None:
    """Says no, in her name, wherever she says yes now: the chain then shows when it ended, and why."""
    for purpose, cited in sorted(standing(conn, tenant, shopper).items()):
        record_consent(
            conn,
            tenant=tenant,
            shopper=shopper,
            purpose=purpose,
            granted=False,
            text_version=cited.text_version,
            source="erasure",
            at_ms=now_ms,
        )


def _thousands(names: list[Pseudonym]) -> Iterable[list[Pseudonym]]:
    return (names[start : start + 1_000] for start in range(0, len(names), 1_000))
