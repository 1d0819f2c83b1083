"""Minew: the maker's own frames in service data of UUID FFE1: temperature, light, acceleration, name, vibration.

Every frame begins with its product model and the battery in percent and holds the tag's address. No specification is published; the
layouts are those of reelyactive/advlib-ble-services, and of the tags. Frames of other models are not guessed at.
"""

import struct
from collections.abc import Callable
from typing import Final, NamedTuple

from groundwork.adverts.ad_structures import GENERAL_DISCOVERABLE, SERVICE_DATA_16, structure
from groundwork.adverts.frame import Format, Options, Telemetry
from groundwork.contracts.ids import BeaconKey

UUID: Final = b"\xe1\xff"
_PREFIX: Final = UUID + b"\xa1"
_HEAD: Final = 5
"""UUID, frame type, model, battery."""
_ADDRESS_BYTES: Final = 6
_TWO_EIGHTS: Final = struct.Struct(">hh")
_THREE_EIGHTS: Final = struct.Struct(">hhh")
_VIBRATION: Final = struct.Struct(">IB")

Said = dict[str, object]


class Minew(NamedTuple):
    """One frame: what all models say, and in `more` what this one says."""

    model: int
    battery_pct: int
    mac: str
    """`AA:BB:CC:DD:EE:FF`."""
    more: Said

    @property
    def format(self) -> str:
        return FORMAT.name

    @property
    def beacon(self) -> BeaconKey:
        return BeaconKey(f"address:{self.mac.replace(':', '').lower()}")

    @property
    def power_1m_dbm(self) -> None:
        return None

    @property
    def telemetry(self) -> Telemetry:
        celsius = self.more.get("temperature_c")
        return Telemetry(self.battery_pct, None, celsius if isinstance(celsius, float) else None)

    def said(self) -> dict[str, object]:
        return {"battery_pct": self.battery_pct, **self.more, "mac": self.mac, "model": self.model}


def _climate(body: bytes) -> Said:
    temperature, humidity = _TWO_EIGHTS.unpack(body)
    return {"temperature_c": temperature / 256, "humidity_pct": humidity / 256}


def _light(body: bytes) -> Said:
    return {"light": bool(body[0] & 1)}


def _acceleration(body: bytes) -> Said:
    return {"acceleration_g": [axis / 256 for axis in _THREE_EIGHTS.unpack(body)]}


def _vibration(body: bytes) -> Said:
    seconds, state = _VIBRATION.unpack(body)
    return {"timestamp": seconds, "vibration": bool(state & 1)}


_BEFORE_ADDRESS: Final[dict[int, tuple[int, Callable[[bytes], Said]]]] = {
    0x01: (_TWO_EIGHTS.size, _climate),
    0x02: (1, _light),
    0x03: (_THREE_EIGHTS.size, _acceleration),
    0x18: (_VIBRATION.size, _vibration),
}
"""By product model: how many bytes stand between the battery and the address, which ends the frame, and what they say."""
_NAMED: Final = 0x08
"""The model whose frame ends with the tag's name, after the address."""


def decode(value: bytes, _options: Options) -> Minew | None:
    """The frame in service data `value`, UUID included."""
    if value[:3] != _PREFIX or len(value) < _HEAD + _ADDRESS_BYTES:
        return None
    model, battery, rest = value[3], value[4], value[_HEAD:]
    if model == _NAMED:
        name = rest[_ADDRESS_BYTES:].decode("utf-8", "replace")
        return Minew(model, battery, _mac(rest[:_ADDRESS_BYTES]), {"name": name})
    width, read = _BEFORE_ADDRESS.get(model, (-1, _light))
    if len(rest) != width + _ADDRESS_BYTES:
        return None
    return Minew(model, battery, _mac(rest[width:]), read(rest[:width]))


def _mac(reversed_address: bytes) -> str:
    return reversed_address[::-1].hex(":").upper()


def encode_minew_climate(mac: str, battery_pct: int, temperature_c: float, humidity_pct: float) -> bytes:
    """An advert's AD structures, flags first, as an S1 tag sends them; both readings are rounded to 1/256."""
    body = _TWO_EIGHTS.pack(round(temperature_c * 256), round(humidity_pct * 256))
    address = bytes.fromhex(mac.replace(":", ""))[::-1]
    return GENERAL_DISCOVERABLE + structure(SERVICE_DATA_16, _PREFIX + bytes((0x01, battery_pct)) + body + address)


FORMAT: Final = Format("minew", SERVICE_DATA_16, decode, UUID)
