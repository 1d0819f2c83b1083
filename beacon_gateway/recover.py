"""Recovering: notices a radio that no longer hears, and repairs it without people, step by step up the ladder.

Asks BlueZ every few seconds whether the scans still run, for bleak is silent when bluetoothd dies; judges silence by the watchdog. Never
falls back to passive scanning. Each step is logged, counted, and shown by `health.py`. Deciding is for `watchdog.py`, doing for the
source and the `Host`.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import structlog

from beacon_gateway.host import Adapter, BluetoothAway, BusTrouble, Host
from beacon_gateway.source import Radio, Repairable
from beacon_gateway.watchdog import LADDERS, Ladder, Silence, Step
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import Clock

LOOK_S: Final = 5.0
"""How often the radios are looked at."""
_MISSES: Final = 3
"""Looks in a row at which BlueZ says that nothing scans, before it is believed: it stops for a moment between two scans."""
_SETTLED_S: Final = 60.0
"""A radio that has scanned for so long after a repair is well, even where there is nothing to hear."""
_AFRESH_S: Final = 86_400.0
"""Once a day a scan is begun afresh all the same, for bleak remembers every address it has seen."""
_log = structlog.get_logger("gateway")


@dataclass(slots=True)
class Watched:
    """One radio and what the watchdog knows of it."""

    radio: Radio
    silence: Silence
    ladder: Ladder
    misses: int = 0
    begun_s: float = 0.0
    """When its scan was last begun."""
    ailing: bool = False
    """Whether a repair was made and has not shown its effect yet."""
    steps: Counter[Step] = field(default_factory=Counter)
    """Repairs since the start."""


class Recover:
    """A loop (see `plumbing/service.py`) over the radios of `source`. `repair` is the setting of that name."""

    name = "gateway.recover"

    def __init__(self, source: Repairable, host: Host, clock: Clock, repair: str) -> None:
        self._source = source
        self._host = host
        self._clock = clock
        now_s = clock.monotonic_s()
        steps = LADDERS[repair]
        self._watched = {
            radio.gateway: Watched(radio, Silence(now_s, self._hour()), Ladder(steps), begun_s=now_s) for radio in source.radios
        }
        self._next_s = now_s + LOOK_S
        self.host_trouble = ""
        """Why BlueZ could not be asked at the last look; empty when it could."""

    @property
    def watched(self) -> Mapping[GatewayId, Watched]:
        """The radios by gateway id."""
        return self._watched

    async def step(self) -> bool:
        """Looks at every radio when it is time, and takes the steps that are due; True when one was taken."""
        now_s = self._clock.monotonic_s()
        if now_s < self._next_s:
            return False
        self._next_s = now_s + LOOK_S
        shown = await self._shown()
        taken = [await self._look(watched, shown, now_s) for watched in self._watched.values()]
        return any(taken)

    async def wait(self) -> None:
        """Until the next look."""
        await self._clock.sleep(max(self._next_s - self._clock.monotonic_s(), 0.05))

    async def close(self) -> None:
        await self._host.close()

    async def _shown(self) -> dict[str, Adapter] | None:
        """The adapters by name, none where bluetoothd is away; None where the bus could not be asked, which says nothing of the radio."""
        try:
            shown = {adapter.name: adapter for adapter in await self._host.adapters()}
        except BluetoothAway as away:
            self.host_trouble = str(away)
            return {}
        except BusTrouble as trouble:
            self.host_trouble = str(trouble)
            return None
        self.host_trouble = ""
        return shown

    async def _look(self, watched: Watched, shown: Mapping[str, Adapter] | None, now_s: float) -> bool:
        radio, silence = watched.radio, watched.silence
        silence.look(now_s, radio.heard_s, self._hour())
        down = self._down(watched, shown)
        silent_s = silence.silent_s(now_s)
        if not down and silent_s < silence.limit_s:
            await self._well(watched, now_s)
            return False
        step = watched.ladder.due(now_s, silent_s, silence.pause_s, down=down)
        if step is None:
            return False
        trouble = await self._take(step, watched, shown or {})
        why = radio.trouble or trouble
        _log.warning("radio repair", radio=radio.gateway, step=step, down=down, silent_s=round(silent_s), scans=radio.scanning, trouble=why)
        return True

    def _down(self, watched: Watched, shown: Mapping[str, Adapter] | None) -> bool:
        """Whether the radio does not scan, by its own word or, several looks in a row, by BlueZ's."""
        radio = watched.radio
        if not radio.scanning:
            return True
        if shown is None or _discovering(radio, shown):
            watched.misses = 0
        else:
            watched.misses += 1
        return watched.misses >= _MISSES

    async def _well(self, watched: Watched, now_s: float) -> None:
        """A repair that has shown its effect is over; a scan that is a day old is begun afresh."""
        radio = watched.radio
        if watched.ailing and (radio.heard_s > watched.begun_s or now_s - watched.begun_s >= _SETTLED_S):
            _log.info("radio is well again", radio=radio.gateway, steps=dict(watched.steps))
            watched.ailing = False
            watched.ladder.well()
        if now_s - watched.begun_s >= _AFRESH_S:
            watched.begun_s = now_s
            await self._source.scan(radio)

    async def _take(self, step: Step, watched: Watched, shown: Mapping[str, Adapter]) -> str:
        """Takes one step, and begins scanning after it; returns what stood in its way, empty when nothing did."""
        watched.steps[step] += 1
        watched.ailing = True
        alone = step in (Step.SCAN, Step.POWER)
        trouble = ""
        try:
            if step is Step.POWER:
                await self._power(watched.radio, shown)
            elif step is Step.SERVICE:
                await self._host.restart_bluetooth()
            elif step is Step.REBOOT:
                await self._host.reboot()
        except BusTrouble as error:
            trouble = str(error)
        await (self._source.scan(watched.radio) if alone else self._source.begin_anew())
        now_s = self._clock.monotonic_s()
        for each in [watched] if alone else self._watched.values():
            each.misses, each.begun_s = 0, now_s
            each.silence.repaired(now_s)
        return trouble

    def _hour(self) -> int:
        return self._clock.now_ms() // 3_600_000 % 24

    async def _power(self, radio: Radio, shown: Mapping[str, Adapter]) -> None:
        for name, adapter in shown.items():
            if radio.adapter in ("", name) and not await reset(adapter):
                await self._host.power_cycle(name)


def _discovering(radio: Radio, shown: Mapping[str, Adapter]) -> bool:
    if radio.adapter:
        return radio.adapter in shown and shown[radio.adapter].discovering
    return any(adapter.discovering for adapter in shown.values())


async def reset(adapter: Adapter) -> bool:
    """Has the extra `recovery` power-cycle the adapter by the kernel, and over USB if need be; False where it is absent or failed."""
    try:
        from bluetooth_auto_recovery import recover_adapter
    except ImportError:
        return False
    number = adapter.name.removeprefix("hci")
    return number.isdecimal() and bool(await recover_adapter(int(number), adapter.address))
