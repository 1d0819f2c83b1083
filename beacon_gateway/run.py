"""Running a gateway as a process: starts it, stops it in order, and is done within 10 s of being told.

Order of stopping: the source stops and what it heard is sealed, then the uplink sends what it still can; the rest waits on disk.
"""

import asyncio
import signal
from typing import Final

import msgspec
import structlog

from beacon_gateway.app import Gateway
from groundwork.plumbing.service import run_loop

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
    quiet = asyncio.Event()
    try:
        await gateway.source.start()
        listening = asyncio.create_task(run_loop(gateway.listen, stopping))
        sending = asyncio.create_task(run_loop(gateway.uplink, quiet))
        others = [asyncio.create_task(_report(gateway))]
        if until_drained:
            others.append(asyncio.create_task(_stop_when_drained(gateway, stopping)))
        try:
            await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
            stopping.set()
            await listening
            await _flush(gateway, sending)
        finally:
            await _end([listening, sending, *others])
    finally:
        gateway.spool.close()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


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


async def _report(gateway: Gateway) -> None:
    """A line of health in the log once a minute."""
    while True:
        await asyncio.sleep(_REPORT_S)
        _log.info("health", **msgspec.to_builtins(gateway.health()))


async def _end(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
