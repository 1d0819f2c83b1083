"""The registry of people in memory: for each tenant a resolver that only knows who consents to positioning now.

A change costs what changed, not what is there: versions in the database say which shoppers to read again. Another process's change is
seen within the refresh period, this process's own as soon as the loop steps. How a consent is changed is in `withdrawal.py`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import msgspec

from groundwork.contracts.changes import ConsentChanged, GatewayChanged
from groundwork.contracts.ids import DeviceId, GatewayId, Pseudonym, TenantId
from groundwork.contracts.subjects import CONSENT_CHANGED, GATEWAY_CHANGED
from groundwork.people import queries
from groundwork.people.eid import EidKey
from groundwork.people.model import DayKey, OwnedBeacon, Subject, Versions
from groundwork.people.queries.keys import AnyRow
from groundwork.people.resolver import Resolver
from groundwork.people.settings import BINDING_MEMORY_S
from groundwork.people.tags import KEYS, tag_of
from groundwork.plumbing.bus import Bus
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Connection, Database
from groundwork.plumbing.vault import Vault


class _Change(NamedTuple):
    """What one tenant's memory must be brought up to."""

    version: int
    shoppers: list[Pseudonym]
    owned: list[OwnedBeacon]
    enrolments: dict[int, Subject]
    day_keys: list[DayKey]
    rotating: Mapping[str, AnyRow]
    """Tags among `owned` whose ids rotate, their keys still sealed."""


@dataclass(slots=True)
class _Memory:
    """What is kept of one tenant, and the version it stands for."""

    version: int = 0
    resolver: Resolver = field(default_factory=Resolver)


class People:
    """Answers from memory who a beacon or a device stands for; `renew` is run by a Refresh loop."""

    def __init__(self, db: Database, clock: Clock, binding_memory_s: int = BINDING_MEMORY_S, vault: Vault | None = None) -> None:
        """Without the `vault` that sealed their keys, tags whose ids rotate stay unknown."""
        self._db = db
        self._vault = vault
        self._clock = clock
        self._binding_memory_ms = binding_memory_s * 1000
        self._tenants: dict[TenantId, _Memory] = {}

    def resolver(self, tenant: TenantId) -> Resolver:
        """The tenant's resolver, the same one for the life of the process; it knows nobody while the tenant is unknown."""
        return self._memory(tenant).resolver

    def device(self, tenant: TenantId, device: DeviceId) -> Subject | None:
        """Who reports from this device; None when it is unknown or its shopper does not consent to positioning."""
        return self._memory(tenant).resolver.device(device)

    async def renew(self) -> bool:
        """Reads what changed since the last time; True when something had."""
        known = {tenant: memory.version for tenant, memory in self._tenants.items()}
        since_ms = self._clock.now_ms() - self._binding_memory_ms

        def work(conn: Connection) -> dict[TenantId, _Change]:
            changed = [row for row in queries.versions(conn) if row.people != known.get(row.tenant, 0)]
            return {row.tenant: _read(conn, row, known.get(row.tenant, 0), since_ms) for row in changed}

        changes = await self._db.read(work)
        for tenant, change in changes.items():
            memory = self._memory(tenant)
            owned = [self._told(tenant, beacon, change.rotating) for beacon in change.owned]
            memory.resolver.renew(change.shoppers, owned, change.enrolments, change.day_keys)
            memory.version = change.version
        return bool(changes)

    def _told(self, tenant: TenantId, owned: OwnedBeacon, rotating: Mapping[str, AnyRow]) -> OwnedBeacon:
        """The binding, with what the tag's ids are made of where they rotate."""
        tag = tag_of(owned.beacon)
        row = rotating.get(tag) if tag is not None else None
        if row is None or self._vault is None:
            return owned
        identity = self._vault.open(row.eid_key, KEYS, tenant, row.id)
        return replace(owned, eid=EidKey(identity, row.eid_exponent, row.eid_offset_s))

    def _memory(self, tenant: TenantId) -> _Memory:
        return self._tenants.setdefault(tenant, _Memory())


async def announce_shopper(bus: Bus, tenant: TenantId, shopper: Pseudonym) -> None:
    """Tells every process that something about the shopper changed; call it after the commit."""
    await bus.announce(CONSENT_CHANGED, msgspec.json.encode(ConsentChanged(tenant=tenant, shopper=shopper)))


async def announce_gateway(bus: Bus, tenant: TenantId, gateway: GatewayId) -> None:
    """Tells every process that a gateway or one of its keys changed; call it after the commit."""
    await bus.announce(GATEWAY_CHANGED, msgspec.json.encode(GatewayChanged(tenant=tenant, gateway=gateway)))


def _read(conn: Connection, row: Versions, after: int, since_ms: int) -> _Change:
    """What changed in the tenant after version `after`, as of one snapshot."""
    owned = queries.owned_beacons(conn, row.tenant, after=after, since_ms=since_ms)
    tags = [tag for beacon in owned if (tag := tag_of(beacon.beacon)) is not None]
    return _Change(
        row.people,
        queries.changed_shoppers(conn, row.tenant, after),
        owned,
        queries.enrolments(conn, row.tenant, after=after),
        queries.day_keys(conn, row.tenant),
        queries.rotating_tags(conn, row.tenant, tags),
    )
