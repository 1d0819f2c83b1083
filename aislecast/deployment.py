"""A deployment: every service built on one database, one bus and one clock, and the HTTP application they share.

The server, a replay and the tests differ only in the parts they hand over; nothing here knows which of them is asking.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from aiohttp import web

import floorplans.app
import floorplans.queries
import geofence.app
import geofence.erasure
import groundwork.catalogue.app
import groundwork.people.app
import notifier.app
import notifier.erasure
from aislecast import __version__
from aislecast.configuration import Configuration
from aislecast.holdings import HOLDINGS
from aislecast.premises import PREMISES
from geofence.positioning.anchors import Calibration
from geofence.tracking.outcome import Observer
from groundwork.contracts.subjects import STREAMS
from groundwork.people.credentials import LiveCredentials
from groundwork.people.holding import Estate
from groundwork.people.registry import People
from groundwork.people.withdrawal import Sends
from groundwork.plumbing.bus_local import LEASE_MS, POLL_MS, LocalBus
from groundwork.plumbing.clock import Clock
from groundwork.plumbing.db import Database
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.http_app import Limits, build_app
from groundwork.plumbing.ids import Ids
from groundwork.plumbing.service import Loop, Parts, Service
from groundwork.plumbing.vault import Vault
from notifier.channel import Channel
from notifier.channels import open_channels
from notifier.queries import in_flight, withdraw_pushes

SHARDS: Final = 2
"""Shards of each stream in one process: more than one, so that nothing can rely on there being only one."""

NEVER_MS: Final = 10**12
"""Longer than any recording."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was built, in the order in which it starts; it stops the other way round."""

    parts: Parts
    bus: LocalBus
    services: tuple[Service, ...]
    channels: dict[str, Channel]
    app: web.Application

    @property
    def loops(self) -> tuple[Loop, ...]:
        """Every service's loops in the order of the flow, then the bus's own."""
        return (*(loop for service in self.services for loop in service.loops), self.bus.loop())

    async def start(self) -> None:
        """Loads what the services keep in memory."""
        for service in self.services:
            await service.start()

    async def stop(self) -> None:
        for service in reversed(self.services):
            await service.stop()


def parts_of(
    db: Database,
    clock: Clock,
    ids: Ids,
    owner: str,
    *,
    alone: bool = False,
    randbytes: Callable[[int], bytes] = secrets.token_bytes,
) -> Parts:
    """The parts of one process. The same `owner` after a crash takes its shards back at once.

    `alone`, nobody else can ever reach the database, so leases are not renewed and other processes not looked for: for replays, which
    also draw keys and nonces from a seeded `randbytes`.
    """
    lease_ms, poll_ms = (NEVER_MS, NEVER_MS) if alone else (LEASE_MS, POLL_MS)
    bus = LocalBus(db, clock, owner, dict.fromkeys(STREAMS, SHARDS), lease_ms=lease_ms, poll_ms=poll_ms)
    return Parts(db, bus, clock, ids, Hops(), randbytes=randbytes)


@dataclass(frozen=True, slots=True)
class Extras:
    """What only some deployments want."""

    observe: Observer | None = None
    calibration: Calibration | None = None
    metrics: bool = False
    metrics_grant: str = ""
    """Asked of who reads the metrics; empty for anybody."""
    ready: Callable[[], Sequence[str]] | None = None
    """What is missing before requests are welcome; the services' own answers where left out."""
    send_fence_ms: int = 0
    """Pushes created before this moment expire unsent; set by a restore."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The deployment's secrets, 32 bytes each, that lie beside the database and never in it."""

    coupons: bytes
    """Coupon codes are derived from it: those already given out hang on it."""
    vault: bytes
    """What must be read again (push tokens, keys of tags) is sealed with it."""


SENDS: Final = Sends(withdraw_pushes, in_flight, partial(withdraw_pushes, reason="shopper_paused"))
"""What a withdrawal, a pause and an erasure do to pushes."""


def estate(settings: Configuration) -> Estate:
    """What this deployment holds of shoppers, and who carries out erasures."""
    return Estate(HOLDINGS, (geofence.erasure.SERVICE, notifier.erasure.SERVICE), settings.retention)


def deploy(parts: Parts, settings: Configuration, keys: Keys, extras: Extras | None = None) -> Deployment:
    """Builds everything on `parts`; nothing runs yet."""
    extras = extras or Extras()
    assert isinstance(parts.bus, LocalBus)
    vault = Vault(keys.vault, parts.randbytes)
    people = People(parts.db, parts.clock, settings.people.binding_memory_s, vault)
    credentials = LiveCredentials(parts.db, settings.people.sign_in_idle_min * 60_000)
    channels = open_channels(parts)
    services = (
        groundwork.people.app.build(parts, settings.people, people, credentials, vault, SENDS, estate(settings), PREMISES),
        floorplans.app.build(parts, settings.floorplans),
        groundwork.catalogue.app.build(parts),
        geofence.app.build(parts, settings.geofence, people, extras.observe, extras.calibration, vault, settings.outdoor),
        notifier.app.build(parts, settings.notifier, keys.coupons, channels, send_fence_ms=extras.send_fence_ms),
    )
    limits = Limits(
        metrics=extras.metrics, metrics_grant=extras.metrics_grant, title="Aislecast", version=__version__, server=settings.server
    )
    routes = [route for service in services for route in service.routes]
    app = build_app(routes, credentials, parts.clock, parts.ids, parts.hops, extras.ready or _readiness(services), limits)
    return Deployment(parts, parts.bus, services, channels, app)


def _readiness(services: Sequence[Service]) -> Callable[[], list[str]]:
    return lambda: [reason for service in services if (reason := service.ready())]
