"""Vitals: a beacon's battery and temperature, told when they change and not each time they are heard.

Pure: the telemetry of closed windows in, in order of time; what changed out. The first word of a beacon always is a change, so a restart
tells everything once more.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from groundwork.adverts.frame import Telemetry
from groundwork.contracts.ids import BeaconKey, GatewayId
from groundwork.contracts.sighting import BeaconTelemetry

STEPS: Final = Telemetry(battery_pct=1, battery_mv=20, temperature_c=0.5)
"""Changes worth telling. Smaller ones are the sensors' own noise (a coin cell reads 10 mV up and down), and would be told all day."""
MOST_REMEMBERED: Final = 50_000
"""Beacons; beyond it the one told longest ago is told again when next heard."""


class Measured(NamedTuple):
    """One frame's telemetry."""

    at_ms: int
    radio: GatewayId
    telemetry: Telemetry


class Vitals:
    """What was told last, by beacon."""

    def __init__(self) -> None:
        self._told: dict[BeaconKey, Telemetry] = {}

    def changed(self, beacon: BeaconKey, measured: Iterable[Measured]) -> BeaconTelemetry | None:
        """What to tell after the frames `measured`, in any order; None where nothing changed."""
        ranked = sorted(measured, key=str)
        told = self._told.get(beacon, Telemetry())
        now = told
        for each in sorted(ranked, key=lambda each: each.at_ms):
            now = each.telemetry.over(now)
        if not any(_moved(*values) for values in zip(told, now, STEPS, strict=True)):
            return None
        self._told.pop(beacon, None)
        self._told[beacon] = now
        if len(self._told) > MOST_REMEMBERED:
            del self._told[next(iter(self._told))]
        last = max(ranked, key=lambda each: each.at_ms)
        return BeaconTelemetry(gateway=last.radio, beacon=beacon, at_ms=last.at_ms, **now._asdict())


def _moved(told: float | None, now: float | None, step: float | None) -> bool:
    if now is None or step is None:
        return False
    return told is None or abs(now - told) >= step
