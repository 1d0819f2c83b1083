"""The demo's world: a server that is away costs it time and nothing else."""

import socket
from pathlib import Path

from aiohttp import web

from aislecast.configuration import Configuration
from aislecast.demo import shop as demo
from aislecast.demo.world import World, open_world
from aislecast.deployment import Keys, deploy
from aislecast.scene import Secrets
from groundwork.plumbing.clock import ManualClock
from groundwork.plumbing.service import Loop, Parts, settle

STEP_S = 0.5


def _loops(world: World) -> tuple[Loop, ...]:
    return (world, *world.boxes.values())


async def _play(clock: ManualClock, loops: tuple[Loop, ...], seconds: float) -> None:
    for _ in range(round(seconds / STEP_S)):
        clock.advance(STEP_S)
        await settle(loops)


async def _serve(app: web.Application, port: int) -> web.AppRunner:
    server = web.AppRunner(app, access_log=None)
    await server.setup()
    await web.TCPSite(server, "127.0.0.1", port).start()
    return server


async def test_what_was_heard_while_the_server_was_away_arrives_once_it_is_back(parts: Parts, clock: ManualClock, tmp_path: Path) -> None:
    secrets = Secrets(b"away")
    scene = await parts.db.write(lambda conn: demo.set_demo(conn, secrets, clock.now_ms()))
    keys = Keys(secrets.raw("coupons", 32), secrets.raw("vault", 32))
    deployment = deploy(parts, Configuration(), keys)
    await deployment.start()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
    world = open_world(parts, scene, f"http://127.0.0.1:{port}", tmp_path, "en")
    morning = await _serve(deploy(parts, Configuration(), keys).app, port)
    for each in world.phones:
        await each.fetch_tokens(clock.now_ms())  # the day's tokens were there before the server went away
    await morning.cleanup()
    gateways, phone = parts.hops.hop("gateway.spool", "sightings"), parts.hops.hop("phone", "adverts")
    await _play(clock, _loops(world), 10)
    assert (gateways.out, phone.out) == (0, 0)
    assert gateways.held > 100
    assert phone.held > 0
    server = await _serve(deployment.app, port)
    waiting = gateways.held
    await _play(clock, (*_loops(world), *deployment.loops), 25)
    assert gateways.out > waiting
    assert (gateways.held, gateways.missing(), phone.missing()) == (0, 0, 0)
    assert phone.out > 0
    for guest in _loops(world):
        await guest.close()
    await server.cleanup()
    for loop in deployment.loops:
        await loop.close()
    await deployment.stop()
