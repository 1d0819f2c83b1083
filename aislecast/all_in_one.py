"""The whole product in one process: `aislecast up`, with or without the demo shop.

parts -> deployment -> server -> loops -> (demo world) -> view -> ordered stop
"""

import os
import secrets
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Final

import msgspec

from aislecast.configuration import FILE, Configuration, configuration
from aislecast.demo import shop as demo
from aislecast.demo.calibration import calibrate
from aislecast.demo.world import open_world
from aislecast.deployment import Deployment, Extras, Keys, deploy, parts_of
from aislecast.exits import OK
from aislecast.folder import Folder, write_secret
from aislecast.live.state import LiveState
from aislecast.live.view import open_view
from aislecast.live.watch import Watch
from aislecast.scene import Scene, Secrets
from aislecast.settings import DEFAULT_TENANT, UpOptions
from aislecast.upkeep.log_file import open_log
from aislecast.words import Voice
from floorplans import queries as places
from floorplans.model import Names, Plan, Venue
from groundwork.contracts.ids import TenantId, VenueId
from groundwork.people import queries as people
from groundwork.people.accounts import Accounts
from groundwork.people.model import READ_STATUS
from groundwork.plumbing.clock import clock_from
from groundwork.plumbing.db import Connection, open_database
from groundwork.plumbing.ids import SystemIds
from groundwork.plumbing.lifecycle import Lifecycle, is_loopback
from groundwork.plumbing.reasons import Words
from groundwork.plumbing.service import Loop
from groundwork.plumbing.telemetry import configure_logs
from groundwork.plumbing.tls import Tls, tls

_TENANT: Final = TenantId(DEFAULT_TENANT)
NOWHERE: Final = VenueId("")
"""Stands for "no venue yet"."""
OWNER: Final = "all-in-one"
"""The one process of this data folder, which its lock makes sure of; the same name takes the shards back at once after a crash."""

_UP = Words(
    "Aislecast is up at {url} (documentation: {url}/docs). Stop it with Ctrl-C.",
    "يعمل Aislecast على {url} (التوثيق: {url}/docs). للإيقاف اضغط Ctrl-C.",
)
_NO_VENUE = Words(
    "There is no venue yet; `aislecast up --demo` shows one at work.",
    "لا يوجد متجر بعد؛ يعرض `aislecast up --demo` متجرًا يعمل.",
)
_SIMULATED = Words(
    "The demo shop, its shoppers and the walk that its radios were calibrated by are simulated.",
    "المتجر التجريبي ومتسوقوه والجولة التي عويرت بها أجهزته كلها محاكاة.",
)
_FIRST_LINK = Words(
    "Nobody has signed in yet. Open this link within {hours} h to become the first admin; it works once:",
    "لم يسجّل أحد الدخول بعد. افتح هذا الرابط خلال {hours:ساعة} لتصبح أول مشرف؛ وهو يعمل مرة واحدة:",
)
FIRST_LINK_HOURS: Final = 24


async def run(options: UpOptions) -> int:
    """Runs until it is told to stop; the data folder is locked and migrated by the caller."""
    folder, clock, voice = Folder(options.data), clock_from(options.clock), Voice(options.language)
    settings = configuration(os.environ, options.data / FILE)
    if options.demo:
        settings = open_to_whoever_comes(settings)
    with open_log(folder.log) as log:
        configure_logs("info", log)
        secure = tls(options.tls, folder.tls, names(options.host), clock)
        db = await open_database(options.database or folder.database_url)
        parts = parts_of(db, clock, SystemIds(clock), OWNER)
        stage = await db.write(lambda conn: _set_stage(conn, options.demo, folder, clock.now_ms()))
        if stage.scene is not None:
            await calibrate(parts)
        url = f"{'https' if secure.context else 'http'}://{_shown(options.host)}:{options.port}"
        state = LiveState(parts.hops, stage.venue.names, stage.zones, stage.venue.time_zone, f"{url}/docs")
        keys = Keys(*(folder.key(name, lambda: secrets.token_bytes(32)) for name in ("coupons", "vault")))
        fence_ms = folder.send_fence_ms() or 0
        with closing(open_view(state, voice, sys.stdout, plain=options.plain)) as view:
            watch = Watch(db, clock, stage.venue, state, view)
            grant = "" if is_loopback(options.host) else READ_STATUS
            extras = Extras(watch.observe, metrics=True, metrics_grant=grant, ready=lambda: [*life.ready()], send_fence_ms=fence_ms)
            deployment = deploy(parts, settings, keys, extras)
            life = Lifecycle(deployment.services, parts.bus, db, (deployment.bus.loop(),))
            return await _live(Up(options, folder, voice, secure, deployment, life, watch), stage, url)


def open_to_whoever_comes(settings: Configuration) -> Configuration:
    """The settings with which an app may sign up at the demo shop without a provider; a tenant that is named in them stays."""
    people = settings.people
    return settings._replace(people=msgspec.structs.replace(people, demo_sign_up_tenant=people.demo_sign_up_tenant or demo.TENANT))


@dataclass(frozen=True, slots=True)
class Up:
    """What is running."""

    options: UpOptions
    folder: Folder
    voice: Voice
    secure: Tls
    deployment: Deployment
    life: Lifecycle
    watch: Watch


@dataclass(frozen=True, slots=True)
class Stage:
    """The venue that is watched; of a demo also its scene."""

    venue: Venue
    zones: Mapping[str, Names]
    scene: Scene | None = None


async def _live(up: Up, stage: Stage, url: str) -> int:
    """Starts, serves, and stops in order; the exit code says whether anything failed."""
    options, life = up.options, up.life
    life.heed_signals()
    try:
        await life.start()
        await life.serve(up.deployment.app, options.host, options.port, up.secure.context, insecure=options.insecure)
        _say(up, url, empty=stage.venue.id == NOWHERE)
        await _say_first_link(up, stage.venue.tenant, url)
        life.add(up.watch)
        if stage.scene is not None:
            life.add(*await _open_demo(up, stage.scene, url))
        await life.until_stopped()
    finally:
        await life.stop()
    if life.failure is not None:
        raise life.failure
    return OK


async def _open_demo(up: Up, scene: Scene, url: str) -> Sequence[Loop]:
    """The demo's loops. Behind TLS its boxes and phones talk to a loopback port of their own, which only this machine can reach."""
    server = url
    if up.secure.context is not None or not is_loopback(up.options.host):
        host, port = await up.life.serve(up.deployment.app, "127.0.0.1", 0)
        server = f"http://{host}:{port}"
    write_secret(up.folder.demo_till, f"{scene.till_token}\n{scene.venue}\n".encode())  # for `aislecast till`
    world = open_world(up.deployment.parts, scene, server, up.folder.spool, up.options.language)
    return (world, *world.boxes.values())


def _say(up: Up, url: str, *, empty: bool) -> None:
    """What an operator needs to know once it is up."""
    sentences = [up.voice.say(_UP, url=url)]
    if up.secure.trust is not None:
        sentences.append(up.voice.say(up.secure.trust))
    if up.options.demo:
        sentences.append(up.voice.say(_SIMULATED))
    if empty:
        sentences.append(up.voice.say(_NO_VENUE))
    for sentence in sentences:
        print(sentence, file=sys.stderr)


async def _say_first_link(up: Up, tenant: TenantId, url: str) -> None:
    """How the first admin gets in; a new link at each start until somebody has. It is printed here and written nowhere."""
    link = await Accounts(up.deployment.parts, FIRST_LINK_HOURS).first_link(tenant)
    if link is not None:
        print(up.voice.say(_FIRST_LINK, hours=FIRST_LINK_HOURS), file=sys.stderr)
        print(f"{url}{link.path}", file=sys.stderr)


def _set_stage(conn: Connection, with_demo: bool, folder: Folder, now_ms: int) -> Stage:
    """Sets the demo up where it is asked for, and a tenant on a fresh install; says what is to be watched."""
    if with_demo:
        scene = demo.set_demo(conn, Secrets(folder.key("demo", lambda: secrets.token_bytes(32))), now_ms)
        return Stage(demo.plan().venue, _zone_names(demo.plan()), scene)
    if not people.tenants(conn):
        salt = secrets.token_bytes(32)
        people.add_tenant(conn, tenant=_TENANT, name_ar="تاجر التجزئة", name_en="Retailer", salt=salt, now_ms=now_ms)
    venue = next(iter(places.all_venues(conn)), Venue(NOWHERE, _TENANT, Names("لا متجر بعد", "No venue yet"), "UTC"))
    plan = places.published_plan(conn, venue.tenant, venue.id)
    return Stage(venue, _zone_names(plan) if plan else {})


def _zone_names(plan: Plan) -> dict[str, Names]:
    return {zone.id: zone.names for zone in plan.zones}


def names(host: str) -> list[str]:
    """What an own certificate is made out to: the address listened on, this machine's name, and the loopback."""
    own = [] if host in ("0.0.0.0", "::") else [host]  # noqa: S104 # compared with, not listened on
    return list(dict.fromkeys([*own, socket.gethostname(), "localhost", "127.0.0.1"]))


def _shown(host: str) -> str:
    """`host` as a browser on this machine reaches it."""
    if host in ("0.0.0.0", "::"):  # noqa: S104 # compared with, not listened on
        return "localhost"
    return f"[{host}]" if ":" in host else host
