"""JSON lines: a recording or a pipe of adverts, one a line, heard when the clock passes their time.

    {"gateway": "gw-01", "at_ms": 1793516400000, "rssi_dbm": -67, "data": "0201061aff4c00...", "address": "AA:BB:CC:DD:EE:FF"}

`gateway` may be left out on a box with one radio, `address` always. A line that cannot be read is counted, or with `strict` ends the run
naming file and line. Opening, pacing and reading on after a restart are for `beacon_gateway.recording`.
"""

from typing import Annotated, Final

import msgspec

from beacon_gateway import words
from beacon_gateway.outside import decoded
from beacon_gateway.recording import Recording
from groundwork.adverts.advert import Advert
from groundwork.contracts.ids import GatewayId

_LONGEST_LINE: Final = 1 << 16
"""An advert of 255 bytes takes 700; without a bound, a pipe that never ends its line would take all memory."""
_YEAR_10000_MS: Final = 253_402_300_800_000


class _Line(msgspec.Struct, frozen=True, gc=False):
    at_ms: Annotated[int, msgspec.Meta(ge=0, lt=_YEAR_10000_MS)]
    rssi_dbm: float
    data: str
    gateway: str = ""
    address: str = ""


_decoder = msgspec.json.Decoder(_Line)


class Lines:
    """The form of JSON lines; `gateway` is the radio of lines that name none."""

    head_bytes = 0
    wrong = words.SOURCE_LINE

    def __init__(self, gateway: GatewayId) -> None:
        self._gateway = gateway

    def begin(self, _head: bytes) -> None:
        return

    def record_bytes(self, buffer: bytearray, searched: int, *, at_end: bool) -> int:
        """Up to the line's end; a line too long is taken as it stands, and is then malformed."""
        end = buffer.find(b"\n", searched) + 1
        return end or (len(buffer) if at_end or len(buffer) > _LONGEST_LINE else 0)

    def adverts(self, raw: bytes) -> list[Advert]:
        line = decoded(_decoder, raw)
        return [Advert(GatewayId(line.gateway) or self._gateway, line.at_ms, line.rssi_dbm, bytes.fromhex(line.data), line.address)]


class JsonlSource(Recording):
    """Adverts of the JSON lines at `path`, or of standard input for `-`."""

    def __init__(self, path: str, gateway: GatewayId, resume: str = "", *, strict: bool = False) -> None:
        super().__init__(path, Lines(gateway), resume, strict=strict)
