"""Running a gateway as a process: starts it, stops it in order, and is done within 10 s of being told.

Order of stopping: the source stops and what it heard is sealed, then the uplink sends what it still can; the rest waits on disk.
"""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, Final

import msgspec
import structlog

from beacon_gateway.app import Gateway
from beacon_gateway.status import Status
from beacon_gateway.systemd import ALIVE, READY, STOPPING, Systemd
from groundwork.plumbing.service import Loop, run_loop

_FLUSH_S: Final = 5.0
"""With the 2 s that a stuck disk or adapter may take on top, still inside the 10 s after which systemd kills."""
_REPORT_S: Final = 60.0
_log = structlog.get_logger("gateway")


async def run(gateway: Gateway, *, until_drained: bool) -> None:
    """Runs until SIGTERM, SIGINT, or with `until_drained` until there is nothing left to hear or to send. Raises Stop as its parts do."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    systemd, status = Systemd(os.environ), Status(gateway)
    quiet = asyncio.Event()
    try:
        await status.start()
        await gateway.source.start()
        _tell_of_mute_radios(gateway)
        listening = asyncio.create_task(run_loop(gateway.listen, stopping))
        sending = asyncio.create_task(run_loop(gateway.uplink, quiet))
        others = [asyncio.create_task(each) for each in _others(gateway, stopping, systemd, until_drained=until_drained)]
        systemd.tell(READY)
        try:
            await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
            stopping.set()
            systemd.tell(STOPPING)
            await listening
            await _flush(gateway, sending)
        finally:
            await _end([listening, sending, *others])
    finally:
        await status.close()
        gateway.spool.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


def _tell_of_mute_radios(gateway: Gateway) -> None:
    """A radio that does not scan ends nothing; whoever has just started the box should know all the same."""
    for watched in gateway.recover.watched.values() if gateway.recover is not None else ():
        if watched.radio.trouble:
            _log.warning("radio does not scan", radio=watched.radio.gateway, adapter=watched.radio.adapter, trouble=watched.radio.trouble)


def _others(gateway: Gateway, stopping: asyncio.Event, systemd: Systemd, *, until_drained: bool) -> list[Coroutine[Any, Any, None]]:
    """What runs beside listening and sending, and may be broken off."""
    others = [_report(gateway, systemd)]
    if systemd.alive_every_s:
        others.append(_alive(gateway, systemd))
    others.append(_going_on(gateway.upkeep, stopping))
    if gateway.recover is not None:
        others.append(_going_on(gateway.recover, stopping))
    if until_drained:
        others.append(_stop_when_drained(gateway, stopping))
    return others


async def _stop_when_drained(gateway: Gateway, stopping: asyncio.Event) -> None:
    await gateway.drained()
    stopping.set()


async def _flush(gateway: Gateway, sending: asyncio.Task[None]) -> None:
    """Lets the uplink go on until the spool is empty, the backend does not answer, or time is up."""
    resting = asyncio.create_task(gateway.uplink.resting.wait())
    await asyncio.wait({resting, sending}, timeout=_FLUSH_S, return_when=asyncio.FIRST_COMPLETED)
    resting.cancel()
    if sending.done():
        sending.result()


async def _report(gateway: Gateway, systemd: Systemd) -> None:
    """A line of health in the log once a minute, and a shorter one for `systemctl status`."""
    while True:
        await asyncio.sleep(_REPORT_S)
        health = gateway.health()
        _log.info("health", **msgspec.to_builtins(health))
        deaf = ", ".join(health.deaf)
        systemd.tell(f"STATUS={health.heard} adverts heard, {health.waiting_batches} batches wait" + (f"; deaf: {deaf}" if deaf else ""))


async def _going_on(loop: Loop, stopping: asyncio.Event) -> None:
    """Keeps a loop beside the flow (repairs, upkeep) going, whatever error nobody thought of ends it."""
    while not stopping.is_set():
        try:
            await run_loop(loop, stopping)
        except Exception:
            _log.exception("loop failed", loop=loop.name)
            await asyncio.sleep(_REPORT_S)


async def _alive(gateway: Gateway, systemd: Systemd) -> None:
    """Tells systemd that we are alive for as long as windows go on closing; a process that only breathes is restarted."""
    closed_ms = -1
    while True:
        now_ms = gateway.pipeline.next_close_ms
        if now_ms != closed_ms or gateway.listen.drained.is_set():
            systemd.tell(ALIVE)
        closed_ms = now_ms
        await asyncio.sleep(systemd.alive_every_s)


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
