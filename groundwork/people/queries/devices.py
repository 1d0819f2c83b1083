"""Devices: whose installation of the app each one is, by which token it calls, and where a push reaches it.

A device belongs to one shopper for good. When another signs in on the same phone, the one before is removed and a new one begins, so two
people's histories never run together. Whoever removes a device raises its tenant's version, so that those in memory forget it.
"""

from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import Connection, delete, or_, select, update

from groundwork.contracts.ids import DeviceId, ShopperId, TenantId
from groundwork.people.model import Subject
from groundwork.people.queries.keys import add_access_key
from groundwork.people.queries.shoppers import stamp, subject_of_device
from groundwork.people.queries.tenants import raise_version
from groundwork.people.tables import AccessKeyRow, BeaconBindingRow, DeviceRow, IdentityRow, PushTargetRow, ShopperRow
from groundwork.plumbing.db import upsert


class OwnDevice(NamedTuple):
    """A device as its shopper sees it."""

    id: DeviceId
    created_ms: int
    channels: tuple[str, ...]
    """By which a push reaches it, beside the inbox."""


class PushTarget(NamedTuple):
    """Where one device is reached by one channel; `people.devices.opened` unseals it."""

    tenant: TenantId
    device: DeviceId
    channel: str
    token: bytes
    """Sealed."""
    fid: bytes | None
    """Sealed."""
    refreshed_ms: int


def shopper_of_identity(conn: Connection, tenant: TenantId, subject_tag: bytes) -> ShopperId | None:
    """Whom the provider's subject with this tag means; None for a newcomer, and once she was erased."""
    row, her = IdentityRow, ShopperRow
    known = select(row.shopper_id).join(her, (her.tenant == row.tenant) & (her.id == row.shopper_id))
    found = conn.scalar(known.where(row.tenant == tenant, row.subject_tag == subject_tag, her.key.is_not(None)))
    return ShopperId(found) if found else None


def tie_identity(conn: Connection, tenant: TenantId, subject_tag: bytes, shopper: ShopperId, now_ms: int) -> None:
    """From now on the provider's subject with this tag means the shopper."""
    values = {"tenant": tenant, "subject_tag": subject_tag, "shopper_id": shopper, "created_ms": now_ms}
    upsert(conn, IdentityRow, values, ("tenant", "subject_tag"))


def is_vouched_for_by_nobody(conn: Connection, tenant: TenantId, shopper: ShopperId) -> bool:
    """Whether she signs in without a provider; never so of one whose erasure has begun."""
    row, her = IdentityRow, ShopperRow
    tied = select(row.subject_tag).where(row.tenant == her.tenant, row.shopper_id == her.id)
    free = select(her.id).where(her.tenant == tenant, her.id == shopper, her.key.is_not(None), ~tied.exists())
    return conn.scalar(free) is not None


def device_of_installation(conn: Connection, tenant: TenantId, installation_tag: bytes) -> Subject | None:
    """The device that this installation of the app is now, or None."""
    row = DeviceRow
    found = conn.scalar(select(row.id).where(row.tenant == tenant, row.installation_tag == installation_tag))
    return subject_of_device(conn, tenant, DeviceId(found)) if found else None


def name_installation(conn: Connection, tenant: TenantId, device: DeviceId, installation_tag: bytes) -> None:
    """The device is this installation of the app; the one that was must have been removed."""
    this = update(DeviceRow).where(DeviceRow.tenant == tenant, DeviceRow.id == device)
    conn.execute(this.values(installation_tag=installation_tag))


def own_devices(conn: Connection, tenant: TenantId, shopper: ShopperId) -> list[OwnDevice]:
    """Her devices, oldest first; without those that were removed."""
    row, target = DeviceRow, PushTargetRow
    hers = select(row.id, row.created_ms).where(row.tenant == tenant, row.shopper_id == shopper, row.removed_ms.is_(None))
    found = list(conn.execute(hers.order_by(row.created_ms, row.id)))
    reached = select(target.device_id, target.channel).where(target.tenant == tenant, target.failed_ms.is_(None))
    channels = list(conn.execute(reached.where(target.device_id.in_([one.id for one in found])).order_by(target.channel)))
    return [OwnDevice(DeviceId(d.id), d.created_ms, tuple(c.channel for c in channels if c.device_id == d.id)) for d in found]


def remove_device(conn: Connection, tenant: TenantId, shopper: ShopperId, device: DeviceId, now_ms: int) -> bool:
    """Ends the device's tokens, push targets and bindings, and forgets which installation it was; False where it is not hers, or gone."""
    version = raise_version(conn, tenant, "people_version")
    hers = (DeviceRow.tenant == tenant, DeviceRow.id == device, DeviceRow.shopper_id == shopper, DeviceRow.removed_ms.is_(None))
    if conn.execute(update(DeviceRow).where(*hers).values(removed_ms=now_ms, installation_tag=None)).rowcount == 0:
        return False
    end_device_tokens(conn, tenant, device)
    drop_push_targets(conn, tenant, device)
    bound = (BeaconBindingRow.tenant == tenant, BeaconBindingRow.device_id == device)
    open_still = or_(BeaconBindingRow.until_ms.is_(None), BeaconBindingRow.until_ms > now_ms)
    conn.execute(update(BeaconBindingRow).where(*bound, open_still).values(until_ms=now_ms))
    stamp(conn, tenant, ShopperRow.id == shopper, version)
    return True


def give_device_token(conn: Connection, tenant: TenantId, device: DeviceId, token_hash: bytes, grants: Iterable[str], now_ms: int) -> None:
    """Lets the device call by this token, and by no earlier one."""
    end_device_tokens(conn, tenant, device)
    add_access_key(conn, tenant=tenant, subject=device, token_hash=token_hash, grants=grants, now_ms=now_ms)


def end_device_tokens(conn: Connection, tenant: TenantId, device: DeviceId) -> int:
    """Ends every token of the device: nothing is left of it, so that signing in a hundred times leaves one row. Returns how many."""
    row = AccessKeyRow
    return conn.execute(delete(row).where(row.tenant == tenant, row.subject == device)).rowcount


def is_signed_in(conn: Connection, tenant: TenantId, device: DeviceId, shopper: ShopperId) -> bool:
    """Whether the device is the shopper's and has a token that lives."""
    row, key = DeviceRow, AccessKeyRow
    hers = select(row.id).where(row.tenant == tenant, row.id == device, row.shopper_id == shopper, row.removed_ms.is_(None))
    lives = select(key.token_hash).where(key.tenant == row.tenant, key.subject == row.id, key.revoked_ms.is_(None))
    return conn.scalar(hers.where(lives.exists())) is not None


def put_push_target(conn: Connection, target: PushTarget, token_tag: bytes) -> None:
    """The device is reached there from now on; the same token at another device of the tenant moves, because it is the same phone."""
    row = PushTargetRow
    same = (row.tenant == target.tenant, row.channel == target.channel, row.token_tag == token_tag, row.device_id != target.device)
    conn.execute(delete(row).where(*same))
    values = {
        "tenant": target.tenant,
        "device_id": target.device,
        "channel": target.channel,
        "token": target.token,
        "token_tag": token_tag,
        "fid": target.fid,
        "refreshed_ms": target.refreshed_ms,
        "failed_ms": None,
    }
    upsert(conn, row, values, ("tenant", "device_id", "channel"))


def push_targets(conn: Connection, tenant: TenantId, device: DeviceId) -> list[PushTarget]:
    """Where the device is reached, by channel; without what its push service has called gone."""
    row = PushTargetRow
    wanted = select(row.channel, row.token, row.fid, row.refreshed_ms)
    found = conn.execute(wanted.where(row.tenant == tenant, row.device_id == device, row.failed_ms.is_(None)).order_by(row.channel))
    return [PushTarget(tenant, device, one.channel, one.token, one.fid, one.refreshed_ms) for one in found]


def mark_gone(conn: Connection, tenant: TenantId, device: DeviceId, channel: str, sent_ms: int, now_ms: int) -> bool:
    """The push service says that what was sent to at `sent_ms` is no more; False where the app has named a new token since then."""
    row = PushTargetRow
    this = (row.tenant == tenant, row.device_id == device, row.channel == channel, row.failed_ms.is_(None), row.refreshed_ms <= sent_ms)
    return conn.execute(update(row).where(*this).values(failed_ms=now_ms)).rowcount > 0


def drop_push_targets(conn: Connection, tenant: TenantId, device: DeviceId, channel: str | None = None) -> int:
    """Forgets where the device is reached, by one channel or by any."""
    row = PushTargetRow
    gone = delete(row).where(row.tenant == tenant, row.device_id == device)
    return conn.execute(gone if channel is None else gone.where(row.channel == channel)).rowcount


def prune_push_targets(conn: Connection, before_ms: int) -> int:
    """Forgets what no app has refreshed since `before_ms`, and what has been gone since then; returns how many, of all tenants."""
    return conn.execute(delete(PushTargetRow).where(PushTargetRow.refreshed_ms < before_ms)).rowcount


def any_stale_push_target(conn: Connection, before_ms: int) -> bool:
    """Whether `prune_push_targets` would find one; a read, so that an hour without one writes nothing."""
    return conn.scalar(select(PushTargetRow.device_id).where(PushTargetRow.refreshed_ms < before_ms).limit(1)) is not None
