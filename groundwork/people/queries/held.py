"""What this package's tables hold of one shopper, and what of it is old: by table, for `holdings.py`."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, or_, select

from groundwork.contracts.ids import TenantId
from groundwork.people.holding import Person
from groundwork.people.tables import (
    AccessKeyRow,
    BeaconBindingRow,
    ConsentRow,
    DayKeyRow,
    DeviceRow,
    ErasurePartRow,
    ErasureRow,
    GatewayCodeRow,
    GatewayKeyRow,
    IdentityRow,
    MembershipRow,
    OperatorLinkRow,
    OperatorSessionRow,
    PushTargetRow,
    RetentionRunRow,
    ShopperRow,
)
from groundwork.plumbing.db import Base, delete_some, page_of

Where = tuple[ColumnElement[bool], ...]

_HERS: Final[Mapping[str, Callable[[Person], tuple[type[Base], Where]]]] = {
    "shopper": lambda her: (ShopperRow, (ShopperRow.tenant == her.tenant, ShopperRow.id == her.shopper)),
    "device": lambda her: (DeviceRow, (DeviceRow.tenant == her.tenant, DeviceRow.shopper_id == her.shopper)),
    "identity": lambda her: (IdentityRow, (IdentityRow.tenant == her.tenant, IdentityRow.shopper_id == her.shopper)),
    "membership": lambda her: (MembershipRow, (MembershipRow.tenant == her.tenant, MembershipRow.shopper_id == her.shopper)),
    "consent": lambda her: (ConsentRow, (ConsentRow.tenant == her.tenant, ConsentRow.shopper == her.pseudonym)),
    "beacon_binding": lambda her: (
        BeaconBindingRow,
        (BeaconBindingRow.tenant == her.tenant, BeaconBindingRow.device_id.in_(_devices(her))),
    ),
    "push_target": lambda her: (PushTargetRow, (PushTargetRow.tenant == her.tenant, PushTargetRow.device_id.in_(_devices(her)))),
    "access_key": lambda her: (AccessKeyRow, (AccessKeyRow.tenant == her.tenant, AccessKeyRow.subject.in_(_devices(her)))),
}

_OLD: Final[Mapping[str, Callable[[TenantId, int], tuple[type[Base], Where]]]] = {
    "beacon_binding": lambda of, ms: (BeaconBindingRow, (BeaconBindingRow.tenant == of, BeaconBindingRow.until_ms < ms)),
    "access_key": lambda of, ms: (
        AccessKeyRow,
        (AccessKeyRow.tenant == of, or_(AccessKeyRow.revoked_ms < ms, AccessKeyRow.expires_ms < ms)),
    ),
    "gateway_key": lambda of, ms: (GatewayKeyRow, (GatewayKeyRow.tenant == of, GatewayKeyRow.revoked_ms < ms)),
    "gateway_code": lambda of, ms: (GatewayCodeRow, (GatewayCodeRow.tenant == of, GatewayCodeRow.expires_ms < ms)),
    "operator_link": lambda of, ms: (OperatorLinkRow, (OperatorLinkRow.tenant == of, OperatorLinkRow.expires_ms < ms)),
    "operator_session": lambda of, ms: (OperatorSessionRow, (OperatorSessionRow.tenant == of, OperatorSessionRow.expires_ms < ms)),
    "day_key": lambda of, ms: (DayKeyRow, (DayKeyRow.tenant == of, DayKeyRow.destroyed_ms < ms)),
    "erasure_part": lambda of, ms: (ErasurePartRow, (ErasurePartRow.tenant == of, ErasurePartRow.erasure_id.in_(_proven(of, ms)))),
    "erasure": lambda of, ms: (
        ErasureRow,
        (ErasureRow.tenant == of, ErasureRow.done_ms < ms, ErasureRow.id.not_in(select(ErasurePartRow.erasure_id))),
    ),
    "retention_run": lambda of, ms: (RetentionRunRow, (RetentionRunRow.tenant == of, RetentionRunRow.at_ms < ms)),
}


def held(table: str) -> Callable[[Connection, Person, int, int], tuple[int, list[dict[str, Any]]]]:
    """Finds a shopper's rows of the table, page by page."""

    def rows(conn: Connection, person: Person, offset: int, limit: int) -> tuple[int, list[dict[str, Any]]]:
        row, hers = _HERS[table](person)
        return page_of(conn, row, hers, offset, limit)

    return rows


def sweep(table: str) -> Callable[[Connection, TenantId, int, int], int]:
    """Removes old rows of the table, some at a time."""

    def remove(conn: Connection, tenant: TenantId, before_ms: int, limit: int) -> int:
        row, old = _OLD[table](tenant, before_ms)
        return delete_some(conn, row, old, limit)

    return remove


def _devices(person: Person) -> Any:
    return select(DeviceRow.id).where(DeviceRow.tenant == person.tenant, DeviceRow.shopper_id == person.shopper)


def _proven(tenant: TenantId, before_ms: int) -> Any:
    return select(ErasureRow.id).where(ErasureRow.tenant == tenant, ErasureRow.done_ms < before_ms)
