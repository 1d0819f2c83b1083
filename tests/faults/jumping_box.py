"""A box as a process of its own whose clock is set from outside, and whose radio hears numbered beacons, each once.

    python -m tests.faults.jumping_box CONFIGURATION CLOCK_FILE COUNT

CLOCK_FILE holds the ms that its clock shows beyond the configured one; whoever writes it sets the clock, as a time server does. Everything
else is the gateway as it is: what each of COUNT beacons came to can be told by its minor.
"""

import asyncio
import random
import sys
from collections.abc import Callable
from pathlib import Path

from beacon_gateway.app import build
from beacon_gateway.keys import read_key
from beacon_gateway.run import run
from beacon_gateway.settings import SECTION, GatewaySettings
from beacon_gateway.source import Heard
from beacon_gateway.sources import SOURCES
from groundwork.adverts.advert import Advert
from groundwork.adverts.formats.ibeacon import encode_ibeacon
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import Clock, clock_from
from groundwork.plumbing.hops import Hops
from groundwork.plumbing.ids import SystemIds
from groundwork.plumbing.settings import load

EVERY_S = 0.05
"""Between two beacons, by the box's clock."""


class SetClock:
    """`clock` plus what the file says now."""

    def __init__(self, clock: Clock, beyond: Path) -> None:
        self._clock = clock
        self._beyond = beyond

    def now_ms(self) -> int:
        return self._clock.now_ms() + int(self._beyond.read_text())

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class Numbered:
    """Hears the beacons 0 to `count` of one UUID, each once, stamped as it comes."""

    rewindable = False
    next_ms = None

    def __init__(self, radio: GatewayId, uuid: str, count: int, clock: Clock) -> None:
        self._radio = radio
        self._uuid = uuid
        self._count = count
        self._clock = clock
        self._waiting: list[Advert] = []
        self._hearing: asyncio.Task[None] | None = None

    @property
    def ended(self) -> bool:
        return self._hearing is not None and self._hearing.done() and not self._waiting

    async def start(self) -> None:
        self._hearing = asyncio.create_task(self._hear())

    def read(self, _now_ms: int) -> Heard:
        heard, self._waiting = Heard(self._waiting, []), []
        return heard

    def position(self, _covered_until_ms: int) -> str:
        return ""

    async def close(self) -> None:
        if self._hearing is not None:
            self._hearing.cancel()

    async def _hear(self) -> None:
        for number in range(self._count):
            await self._clock.sleep(EVERY_S)
            self._waiting.append(Advert(self._radio, self._clock.now_ms(), -60.0, encode_ibeacon(self._uuid, 1, number)))


def numbered(count: int) -> Callable[[GatewaySettings, Clock, str], Numbered]:
    """Opens such a source, by the first radio and the first UUID that the settings name."""
    return lambda settings, clock, _resume: Numbered(next(iter(settings.adapters())), settings.allow_ibeacon[0], count, clock)


def main(configuration: Path, beyond: Path, count: int) -> None:
    settings = load(GatewaySettings, SECTION, {}, configuration)
    SOURCES["bleak"] = numbered(count)
    clock = SetClock(clock_from(settings.clock), beyond)

    async def live() -> None:
        gateway = build(settings, read_key(settings.key_file), clock, SystemIds(clock), random.Random(1), Hops())
        await run(gateway, until_drained=True)

    asyncio.run(live())


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
