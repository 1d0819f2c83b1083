"""Where adverts can come from. To add a source: a file here, a line below, and its name in `settings.py`.

Each opener imports its file when it is chosen, so that reading a recording does not wait for the Bluetooth library.
"""

from collections.abc import Callable
from typing import Final

from beacon_gateway.settings import GatewaySettings
from beacon_gateway.source import Source
from groundwork.contracts.ids import GatewayId
from groundwork.plumbing.clock import Clock

LIVE: Final = frozenset({"bleak", "monitor"})
"""Those whose adverts are stamped here, as they come; recordings have times of their own."""


def _bleak(settings: GatewaySettings, clock: Clock, _resume: str) -> Source:
    from beacon_gateway.sources.bleak import BleakSource

    return BleakSource(settings.adapters(), clock)


def _monitor(settings: GatewaySettings, clock: Clock, _resume: str) -> Source:
    from beacon_gateway.sources.bleak import BleakSource
    from beacon_gateway.sources.monitor import MonitorSource

    return MonitorSource(BleakSource(settings.adapters(), clock, keep=False), clock)


def _btsnoop(settings: GatewaySettings, _clock: Clock, resume: str) -> Source:
    from beacon_gateway.sources.btsnoop import BtsnoopSource

    box = GatewayId(settings.gateway)
    return BtsnoopSource(settings.source_file, settings.adapter_numbers(), box, resume, strict=settings.source_strict)


def _jsonl(settings: GatewaySettings, _clock: Clock, resume: str) -> Source:
    from beacon_gateway.sources.jsonl import JsonlSource

    return JsonlSource(settings.source_file, GatewayId(settings.gateway), resume, strict=settings.source_strict)


SOURCES: Final[dict[str, Callable[[GatewaySettings, Clock, str], Source]]] = {
    "bleak": _bleak,
    "monitor": _monitor,
    "btsnoop": _btsnoop,
    "jsonl": _jsonl,
}
