"""Devices: where a push reaches each of them, sealed in the database, and forgotten once no app keeps it fresh.

Push services change and revoke tokens without telling anybody; an app that is still there names its token at every start. What a service
calls gone is marked at once (`queries.mark_gone`), what nobody has refreshed for weeks is removed by the loop that `pruning` makes.
"""

from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple

from groundwork.contracts.ids import DeviceId, TenantId
from groundwork.people import queries
from groundwork.people.queries import PushTarget
from groundwork.plumbing.refresh import Refresh
from groundwork.plumbing.service import Parts
from groundwork.plumbing.vault import Vault

PUSH_CHANNELS: Final = ("fcm", "web_push")
"""Channels that need a target; the in-app inbox reaches every device without one."""
_PRUNE_MS: Final = 3_600_000
_DAY_MS: Final = 86_400_000


class Reached(NamedTuple):
    """A push target in clear; never for a table or a log."""

    channel: str
    token: str
    fid: str


def sealed(vault: Vault, tenant: TenantId, device: DeviceId, reached: Reached, now_ms: int) -> tuple[PushTarget, bytes]:
    """The target as it is kept, bound to its row, and the tag by which the same token is found at another device."""
    place = ("push_target", tenant, device, reached.channel)
    fid = vault.seal(reached.fid.encode(), *place, "fid") if reached.fid else None
    target = PushTarget(tenant, device, reached.channel, vault.seal(reached.token.encode(), *place, "token"), fid, now_ms)
    return target, vault.tag(reached.token.encode(), "push_target", tenant, reached.channel)


def opened(vault: Vault, target: PushTarget) -> Reached:
    """The target in clear. Raises VaultError where it was sealed for another row or under another key."""
    place = ("push_target", target.tenant, target.device, target.channel)
    fid = vault.open(target.fid, *place, "fid").decode() if target.fid else ""
    return Reached(target.channel, vault.open(target.token, *place, "token").decode(), fid)


def pruning(parts: Parts, days: int) -> Refresh:
    """The loop that forgets, once an hour, push targets that no app has refreshed for `days`."""
    return Refresh("push targets", _pruner(parts, days), parts.bus, (), parts.clock, _PRUNE_MS)


def _pruner(parts: Parts, days: int) -> Callable[[], Awaitable[bool]]:
    async def prune() -> bool:
        before_ms = parts.clock.now_ms() - days * _DAY_MS
        if not await parts.db.read(lambda conn: queries.any_stale_push_target(conn, before_ms)):
            return False
        return await parts.db.write(lambda conn: queries.prune_push_targets(conn, before_ms)) > 0

    return prune
