"""Gateway boxes inside this process: the real pipeline, spool and uplink, fed by a simulation or a recording instead of a radio."""

import random
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from aislecast.scene import Box
from beacon_gateway.batch import Sender
from beacon_gateway.line import Signing
from beacon_gateway.pipeline import Pipeline, Plan
from beacon_gateway.spool import Spool
from beacon_gateway.transport import HttpTransport
from beacon_gateway.uplink import Uplink
from groundwork.adverts.advert import Advert
from groundwork.adverts.frame import NO_OPTIONS, Options
from groundwork.adverts.gate import Gate
from groundwork.contracts.ids import TenantId
from groundwork.plumbing.service import Parts


@dataclass(frozen=True, slots=True)
class Hearing:
    """What every box of a scene is told."""

    tenant: TenantId
    server: str
    gate: Gate
    options: Options = NO_OPTIONS
    window_ms: int = 500
    durable: bool = True
    """False where the spool goes with the process anyway, as a replay's does; it then does not wait for the disk."""


class RunningBox:
    """One box: `hear` adverts, `advance` time; as a Loop (see `plumbing/service.py`) it sends what is sealed until it is acknowledged."""

    def __init__(self, box: Box, hearing: Hearing, spool: Path, parts: Parts) -> None:
        plan = Plan(
            sender=Sender(hearing.tenant, box.gateway),
            radios=frozenset(box.radios),
            gate=hearing.gate,
            options=hearing.options,
            window_ms=hearing.window_ms,
        )
        self._spool = Spool(spool, parts.ids, parts.clock, durable=hearing.durable)
        self._pipeline = Pipeline(plan, self._spool, parts.hops)
        rng = random.Random(box.gateway)
        self.name = f"box {box.gateway}"
        self._uplink = Uplink(self._spool, HttpTransport(hearing.server), Signing(box.key, box.key_id), parts.clock, rng, parts.hops)

    def hear(self, adverts: Iterable[Advert]) -> None:
        """Takes adverts in, in any order."""
        self._pipeline.hear(adverts)

    def advance(self, now_ms: int) -> None:
        """Closes and seals the windows that have ended by `now_ms`."""
        if now_ms >= self._pipeline.next_close_ms and self._pipeline.advance(now_ms):
            self._uplink.wake()

    async def send(self) -> bool:
        """Sends what is sealed; True when nothing is left unacknowledged."""
        while await self.step():
            pass
        return self._spool.held.batches == 0

    async def step(self) -> bool:
        """Sends the oldest batch; True when that settled its fate."""
        return await self._uplink.step()

    async def wait(self) -> None:
        await self._uplink.wait()

    async def close(self) -> None:
        await self._uplink.close()
        self._spool.close()
